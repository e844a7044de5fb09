"""Celebrations: what may be celebrated, and one cheer each."""

from typing import Any

import pytest

from domain.celebrations import (
    Celebrate,
    Celebrated,
    CelebrationWithdrawn,
    Cheer,
    Cheered,
    CheerWithdrawn,
    WithdrawCelebration,
    WithdrawCheer,
)
from domain.codes import (
    ALREADY_EXISTS,
    CELEBRATION_WITHDRAWN,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_YET_WON,
    PERSON_LEFT,
    PERSON_REQUIRED,
)
from domain.comments import Comment, Commented, RetractComment
from domain.kernel import Command, Event
from domain.milestones import MilestoneReached
from domain.people import PersonDeactivated
from domain.promises import DeliveryAccepted, TaskDelivered
from domain.values import Invalid, Role
from domain.visibility import Visibility, VisibilitySet
from tests.given import ANA, BEN, CAT, TODAY, given, given_loosely, named
from tests.stories_work import MILESTONE, OUTCOME, TASK, an_outcome, milestone, person, promise

ONE, COMMENT = named("celebration"), named("comment")
REACHED = MilestoneReached(milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=TODAY, days_late=0)
KEPT = (
    promise(),
    TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME),
    DeliveryAccepted(task_id=TASK, outcome_id=OUTCOME),
)
TOLD: dict[str, Any] = {
    "celebration_id": ONE, "author_id": ANA, "title": "Bravo", "text": None, "celebrated_on": TODAY
}  # fmt: skip
MADE = Celebrated(**TOLD, about_id=OUTCOME, person_ids=(BEN,), outcome_id=OUTCOME)
CHEERED = Cheered(celebration_id=ONE, person_id=BEN, outcome_id=OUTCOME)
HIDDEN = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)


def celebrate(**about: Any) -> Celebrate:
    return Celebrate(celebration_id=ONE, title="Bravo", **about)


def test_an_outcome_a_reached_milestone_and_a_kept_commitment_are_celebrated_with_who_won() -> None:
    given(an_outcome(), person()).when(celebrate(outcome_id=OUTCOME, person_ids=(BEN, BEN))).then(MADE)
    of_milestone = Celebrated(**TOLD, about_id=MILESTONE, person_ids=(), outcome_id=OUTCOME, milestone_id=MILESTONE)
    given(milestone(), REACHED).when(celebrate(milestone_id=MILESTONE)).then(of_milestone)
    of_task = Celebrated(**TOLD, about_id=TASK, person_ids=(), outcome_id=OUTCOME, task_id=TASK)
    given(*KEPT).when(celebrate(task_id=TASK)).then(of_task)


@pytest.mark.parametrize(
    ("story", "about", "code", "field"),
    [
        ([], {"outcome_id": OUTCOME}, NOT_FOUND, "outcomeId"),
        ([], {"milestone_id": MILESTONE}, NOT_FOUND, "milestoneId"),
        ([], {"task_id": TASK}, NOT_FOUND, "taskId"),
        ([milestone()], {"milestone_id": MILESTONE}, NOT_YET_WON, "milestoneId"),
        ([KEPT[0]], {"task_id": TASK}, NOT_YET_WON, "taskId"),
        (KEPT[:2], {"task_id": TASK}, NOT_YET_WON, "taskId"),
        ([an_outcome()], {"outcome_id": OUTCOME, "person_ids": (BEN,)}, NOT_FOUND, "personIds"),
        (
            [an_outcome(), person(), PersonDeactivated(person_id=BEN, reason="Moved.")],
            {"outcome_id": OUTCOME, "person_ids": (BEN,)}, PERSON_LEFT, "personIds",
        ),
        ([an_outcome(), MADE], {"outcome_id": OUTCOME}, ALREADY_EXISTS, "celebrationId"),
    ],
)  # fmt: skip
def test_what_can_not_be_celebrated(story: list[Event], about: dict[str, Any], code: Any, field: str) -> None:
    given_loosely(*story).when(celebrate(**about)).then_refused(code, field)


def test_exactly_one_thing_is_celebrated_by_a_person() -> None:
    for about in ({}, {"outcome_id": OUTCOME, "task_id": TASK}):
        with pytest.raises(Invalid, match="exactly one"):
            celebrate(**about)
    given(an_outcome()).when(celebrate(outcome_id=OUTCOME), by=None).then_refused(PERSON_REQUIRED)


def test_everybody_cheers_once_and_may_take_it_back() -> None:
    cheer, back = Cheer(celebration_id=ONE), WithdrawCheer(celebration_id=ONE)
    withdrawn = CheerWithdrawn(celebration_id=ONE, person_id=BEN, outcome_id=OUTCOME)
    given(MADE).when(cheer, by=BEN).then(CHEERED)
    given(MADE, CHEERED).when(cheer, by=BEN).then_nothing()
    given_loosely(MADE, CHEERED).when(cheer, by=ANA).then(
        Cheered(celebration_id=ONE, person_id=ANA, outcome_id=OUTCOME)
    )
    given(MADE, CHEERED).when(back, by=BEN).then(withdrawn)
    given(MADE, CHEERED, withdrawn).when(cheer, by=BEN).then(CHEERED)
    given(MADE).when(back, by=BEN).then_nothing()
    for command in (cheer, back):
        given().when(command, by=BEN).then_refused(NOT_FOUND, "celebrationId")
        given(MADE).when(command, by=None).then_refused(PERSON_REQUIRED)


def test_a_mistaken_celebration_is_withdrawn_by_its_author_or_a_lead() -> None:
    mistaken = WithdrawCelebration(celebration_id=ONE, reason="Another oven.")
    gone = CelebrationWithdrawn(celebration_id=ONE, outcome_id=OUTCOME, reason="Another oven.")
    given(MADE).when(mistaken, by=MADE.author_id, role=Role.MEMBER).then(gone)
    given(MADE).when(mistaken, by=CAT, role=Role.LEAD).then(gone)
    given(MADE).when(mistaken, by=CAT, role=Role.MEMBER).then_refused(NOT_ALLOWED)
    given(MADE, gone).when(mistaken, by=MADE.author_id).then_nothing()
    given().when(mistaken).then_refused(NOT_FOUND, "celebrationId")
    given(MADE, gone).when(Cheer(celebration_id=ONE), by=BEN).then_refused(CELEBRATION_WITHDRAWN, "celebrationId")
    given(MADE, CHEERED, gone).when(WithdrawCheer(celebration_id=ONE), by=BEN).then(
        CheerWithdrawn(celebration_id=ONE, person_id=BEN, outcome_id=OUTCOME)
    )


def test_a_celebration_is_commented_on() -> None:
    comment = Comment(comment_id=COMMENT, text="Well!", celebration_id=ONE)
    said = Commented(
        comment_id=COMMENT, author_id=BEN, text="Well!", about_id=ONE, outcome_id=OUTCOME, celebration_id=ONE
    )
    given(MADE).when(comment, by=BEN).then(said)
    given().when(comment, by=BEN).then_refused(NOT_FOUND, "celebrationId")
    reply = Comment(comment_id=named("reply"), text="Yes!", celebration_id=ONE, reply_to_id=COMMENT)
    assert given(MADE, said).when(reply).emitted
    elsewhere = Comment(comment_id=named("reply"), text="Yes!", outcome_id=OUTCOME, reply_to_id=COMMENT)
    given(an_outcome(), said).when(elsewhere).then_refused(INVALID, "replyToId")


@pytest.mark.parametrize(
    "command",
    [
        celebrate(outcome_id=OUTCOME),
        celebrate(milestone_id=MILESTONE),
        Cheer(celebration_id=ONE),
        WithdrawCheer(celebration_id=ONE),
        WithdrawCelebration(celebration_id=ONE),
        Comment(comment_id=named("other"), text="Well!", celebration_id=ONE),
        RetractComment(comment_id=COMMENT),
    ],
)
def test_r15_what_is_hidden_is_celebrated_by_nobody_else(command: Command) -> None:
    said = Commented(
        comment_id=COMMENT, author_id=BEN, text="Well!", about_id=ONE, outcome_id=OUTCOME, celebration_id=ONE
    )
    made = [] if isinstance(command, Celebrate) else [MADE, said]
    story = [an_outcome(), milestone(), REACHED, *made]
    hidden = given_loosely(*story, HIDDEN).when(command, by=BEN, role=Role.MEMBER)
    absent = given().when(command, by=BEN, role=Role.MEMBER)
    assert absent.refused
    hidden.then_refused(absent.refused.code, *absent.refused.fields)
    by = MADE.author_id if isinstance(command, WithdrawCelebration) else BEN
    assert given_loosely(*story).when(command, by=by, role=Role.MEMBER).refused is None
