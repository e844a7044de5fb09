"""Decisions and comments (R9)."""

from datetime import timedelta

import pytest

from domain.codes import (
    ALREADY_EXISTS,
    COMMENT_RETRACTED,
    DAY_IN_FUTURE,
    DECISION_REVERSED,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON_REQUIRED,
)
from domain.comments import Comment, Commented, CommentRetracted, RetractComment
from domain.decisions import DecisionRecorded, DecisionReversed, RecordDecision, ReverseDecision
from domain.kernel import Refused
from domain.values import Role
from tests.given import ANA, BEN, TODAY, given, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories_work import OUTCOME, an_outcome

DECISION, COMMENT, REPLY = named("decision"), named("comment"), named("reply")
RECORDING = RecordDecision(
    decision_id=DECISION, title="Bake at two", why="The shelves are empty", outcome_ids=(OUTCOME,)
)
RECORDED = DecisionRecorded(
    decision_id=DECISION, title="Bake at two", why="The shelves are empty", decided_on=TODAY, decided_by_ids=(ANA,),
    outcome_ids=(OUTCOME,),
)  # fmt: skip
SAYING = Comment(comment_id=COMMENT, text="Well done", outcome_id=OUTCOME)
SAID = Commented(comment_id=COMMENT, author_id=ANA, text="Well done", about_id=OUTCOME, outcome_id=OUTCOME)


def test_a_decision_says_what_why_and_by_whom() -> None:
    given(an_outcome()).when(RECORDING).then(RECORDED)
    given(an_outcome(), RECORDED).when(RECORDING).then_refused(ALREADY_EXISTS, "decisionId")
    given().when(RECORDING).then_refused(NOT_FOUND, "outcomeIds")
    tomorrow = RecordDecision(decision_id=DECISION, title="Bake at two", decided_on=TODAY + timedelta(days=1))
    given().when(tomorrow).then_refused(DAY_IN_FUTURE, "decidedOn")


def test_r9_a_decision_is_reversed_once_and_stays_on_record() -> None:
    reversing = ReverseDecision(decision_id=DECISION, reason="Nobody comes at six")
    reversed_ = DecisionReversed(decision_id=DECISION, reason="Nobody comes at six", reversed_on=TODAY)
    given(RECORDED).when(reversing).then(reversed_)
    given(RECORDED, reversed_).when(reversing).then_refused(DECISION_REVERSED, "decisionId")
    given().when(reversing).then_refused(NOT_FOUND, "decisionId")


def test_a_comment_is_somebodys_about_something_that_is_there() -> None:
    given(an_outcome()).when(SAYING).then(SAID)
    given(an_outcome(), SAID).when(SAYING).then_refused(ALREADY_EXISTS, "commentId")
    given().when(SAYING).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome()).when(SAYING, by=None).then_refused(PERSON_REQUIRED)
    of_a_decision = Comment(comment_id=COMMENT, text="Well done", decision_id=DECISION)
    given().when(of_a_decision).then_refused(NOT_FOUND, "decisionId")
    of_a_task = Comment(comment_id=COMMENT, text="Well done", task_id=named("task"))
    given().when(of_a_task).then_refused(NOT_FOUND, "taskId")
    of_a_check_in = Comment(comment_id=COMMENT, text="Well done", check_in_id=named("check-in"))
    given().when(of_a_check_in).then_refused(NOT_FOUND, "checkInId")


def test_r9_a_comment_is_taken_back_by_who_made_it_or_a_lead_and_takes_no_reply() -> None:
    retracting = RetractComment(comment_id=COMMENT)
    retracted = CommentRetracted(comment_id=COMMENT)
    given(SAID).when(retracting).then(retracted)
    given(SAID, retracted).when(retracting).then_nothing()
    given().when(retracting).then_refused(NOT_FOUND, "commentId")
    replying = Comment(comment_id=REPLY, text="Thanks", outcome_id=OUTCOME, reply_to_id=COMMENT)
    reply = Commented(
        comment_id=REPLY, author_id=ANA, text="Thanks", about_id=OUTCOME, outcome_id=OUTCOME, reply_to_id=COMMENT
    )
    given(an_outcome(), SAID).when(replying).then(reply)
    given(an_outcome(), SAID, retracted).when(replying).then_refused(COMMENT_RETRACTED, "replyToId")
    given(SAID, reply).when(retracting).then(retracted)


def test_a_reply_stands_where_the_comment_does() -> None:
    elsewhere = Comment(comment_id=REPLY, text="Thanks", outcome_id=named("other"), reply_to_id=COMMENT)
    given(an_outcome(named("other")), SAID).when(elsewhere).then_refused(INVALID, "replyToId")


def test_r9_nobody_takes_back_what_somebody_else_said() -> None:
    ledger = MemoryLedger()
    ledger.store(SAID)
    with pytest.raises(Refused) as refused:
        ledger.execute(RetractComment(comment_id=COMMENT), issued(BEN, role=Role.MEMBER))
    assert refused.value.code == NOT_ALLOWED
