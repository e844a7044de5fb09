"""Initiatives bundle tasks for one outcome (R4)."""

import msgspec
import pytest

from domain.codes import (
    ALREADY_EXISTS,
    DUTIES_LEFT,
    INITIATIVE_ENDED,
    MILESTONES_OPEN,
    NOT_FOUND,
    REASON_MISSING,
    SERVES_NOTHING_SAID,
)
from domain.comments import Comment, Commented
from domain.ending import EndInitiative
from domain.initiatives import (
    Ending,
    InitiativeAssigned,
    InitiativeEnded,
    InitiativePlanned,
    InitiativeRevised,
    PlanInitiative,
    ReviseInitiative,
)
from domain.leaving import DeactivatePerson
from domain.milestones import MilestoneReached, MilestoneSet, MilestoneWithdrawn
from domain.promises import TaskRelinked
from domain.reassigning import RelinkTask
from domain.tasks import CommitTask, RequestTask
from domain.values import Invalid
from tests.given import ANA, BEN, CAT, given, given_loosely, named
from tests.stories_work import DUE, LATER, OUTCOME, TASK, an_outcome, person, promise, request

STALL, HALF = named("stall"), named("half")
PLANNED = InitiativePlanned(initiative_id=STALL, outcome_id=OUTCOME, title="A stall", owner_id=BEN, due_on=DUE)
DONE = InitiativeEnded(initiative_id=STALL, outcome_id=OUTCOME, ending=Ending.DONE)
PLAN = PlanInitiative(initiative_id=STALL, outcome_id=OUTCOME, title="A stall", owner_id=BEN, due_on=DUE)


def test_r4_an_initiative_is_of_an_outcome_that_is_there() -> None:
    given(an_outcome(), person(BEN)).when(PLAN).then(PLANNED)
    given(person(BEN)).when(PLAN).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome()).when(PLAN).then_refused(NOT_FOUND, "ownerId")
    given(an_outcome(), person(BEN), PLANNED).when(PLAN).then_refused(ALREADY_EXISTS, "initiativeId")


def test_what_is_left_out_stays_as_it_is() -> None:
    revised = InitiativeRevised(initiative_id=STALL, outcome_id=OUTCOME, title="Two stalls", owner_id=BEN, due_on=DUE)
    given(PLANNED).when(ReviseInitiative(initiative_id=STALL, title="Two stalls")).then(revised)
    given(PLANNED).when(ReviseInitiative(initiative_id=STALL, title="A stall")).then_nothing()
    given().when(ReviseInitiative(initiative_id=STALL, title="A stall")).then_refused(NOT_FOUND, "initiativeId")


def test_it_does_not_end_before_it_begins() -> None:
    with pytest.raises(Invalid):
        PlanInitiative(initiative_id=STALL, outcome_id=OUTCOME, title="A stall", starts_on=LATER, due_on=DUE)


def test_it_ends_done_or_dropped_with_a_reason_once() -> None:
    given(PLANNED).when(EndInitiative(initiative_id=STALL, ending=Ending.DONE)).then(DONE)
    given(PLANNED).when(EndInitiative(initiative_id=STALL, ending=Ending.DROPPED)).then_refused(REASON_MISSING)
    dropped = EndInitiative(initiative_id=STALL, ending=Ending.DROPPED, reason="Too dear.")
    given(PLANNED).when(dropped).then(msgspec.structs.replace(DONE, ending=Ending.DROPPED, reason="Too dear."))
    given(PLANNED, DONE).when(dropped).then_refused(INITIATIVE_ENDED, "initiativeId")


def test_r4_a_task_serves_an_initiative_and_through_it_its_outcome() -> None:
    command = CommitTask(task_id=TASK, title="Mend it", due_on=DUE, beneficiary_id=BEN, initiative_id=STALL)
    given(person(BEN), PLANNED).when(command, by=ANA).then(msgspec.structs.replace(promise(), initiative_id=STALL))
    asked = RequestTask(task_id=TASK, title="Mend it", due_on=DUE, promiser_id=ANA, initiative_id=STALL)
    given(person(ANA), PLANNED).when(asked, by=BEN).then(msgspec.structs.replace(request(), initiative_id=STALL))
    given_loosely(person(BEN), PLANNED, DONE).when(command, by=ANA).then_refused(INITIATIVE_ENDED, "initiativeId")
    given(person(BEN)).when(command, by=ANA).then_refused(NOT_FOUND, "initiativeId")


def test_r4_a_task_serves_one_thing() -> None:
    both = CommitTask(task_id=TASK, title="Mend it", due_on=DUE, initiative_id=STALL, outcome_id=OUTCOME)
    given_loosely(an_outcome(), PLANNED).when(both).then_refused(SERVES_NOTHING_SAID)


def test_r4_a_task_is_linked_to_an_initiative_later() -> None:
    relinked = TaskRelinked(task_id=TASK, from_outcome_id=OUTCOME, outcome_id=OUTCOME, initiative_id=STALL)
    given(promise(), PLANNED).when(RelinkTask(task_id=TASK, initiative_id=STALL), by=ANA).then(relinked)
    given(promise(), PLANNED, relinked).when(RelinkTask(task_id=TASK, initiative_id=STALL), by=ANA).then_nothing()


def test_done_while_a_milestone_is_open_it_is_named_and_dropped_it_is_withdrawn() -> None:
    half = MilestoneSet(milestone_id=HALF, outcome_id=OUTCOME, title="Half", due_on=DUE, initiative_id=STALL)
    reached = MilestoneReached(milestone_id=HALF, outcome_id=OUTCOME, reached_on=DUE, days_late=0)
    gone = MilestoneWithdrawn(milestone_id=HALF, outcome_id=OUTCOME, reason="Too dear.")
    done = EndInitiative(initiative_id=STALL, ending=Ending.DONE)
    dropped = EndInitiative(initiative_id=STALL, ending=Ending.DROPPED, reason="Too dear.")
    ended = msgspec.structs.replace(DONE, ending=Ending.DROPPED, reason="Too dear.")
    named_in = given(PLANNED, half).when(done)
    named_in.then_refused(MILESTONES_OPEN, "initiativeId")
    assert "Half" in str(named_in.refused)
    given(PLANNED, half).when(dropped).then(gone, ended)
    for end in (reached, gone):
        given(PLANNED, half, end).when(done).then(DONE)
        given(PLANNED, half, end).when(dropped).then(ended)


def test_r14_whoever_sees_to_an_initiative_leaves_it_to_somebody() -> None:
    handed = InitiativeAssigned(
        initiative_id=STALL, outcome_id=OUTCOME, from_owner_id=BEN, owner_id=CAT, reason="Moved."
    )
    people = [an_outcome(), person(BEN), person(CAT)]
    left = given_loosely(*people, PLANNED).when(DeactivatePerson(person_id=BEN, reason="Moved."))
    left.then_refused(DUTIES_LEFT, "handovers", "successorId")
    assert "owns initiative A stall" in str(left.refused)
    leaving = DeactivatePerson(person_id=BEN, reason="Moved.", successor_id=CAT)
    assert handed in given_loosely(*people, PLANNED).when(leaving).emitted
    for story in ([PLANNED, DONE], [PLANNED, handed]):
        emitted = given_loosely(*people, *story).when(leaving).emitted
        assert emitted
        assert handed not in emitted


def test_an_initiative_is_commented_on_after_its_end_too() -> None:
    comment = Comment(comment_id=TASK, text="Well!", initiative_id=STALL)
    said = Commented(
        comment_id=TASK, author_id=BEN, text="Well!", about_id=STALL, outcome_id=OUTCOME, initiative_id=STALL
    )
    given(PLANNED).when(comment, by=BEN).then(said)
    given(PLANNED, DONE).when(comment, by=BEN).then(said)
    given().when(comment, by=BEN).then_refused(NOT_FOUND, "initiativeId")
