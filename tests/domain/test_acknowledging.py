"""Who has read a grade, and the review of a cycle; check-ins in test_checkins."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.acknowledging import Acknowledge, GradeAcknowledged, ReviewAcknowledged
from domain.codes import CYCLE_NOT_IN_STATE, NOT_ALLOWED, NOT_FOUND, OUTCOME_NOT_IN_STATE, PERSON_REQUIRED
from domain.cycles import CycleClosed, CyclePlanned, CycleReopened, CycleStarted, ReviewStarted
from domain.delegation import DutiesDelegated
from domain.grading import GradeOutcome
from domain.outcomes import OutcomeAssigned, OutcomeSet
from domain.people import TeamFormed
from domain.standing import OutcomeActivated, OutcomeGraded, OutcomeReopened
from domain.values import Invalid
from tests.given import ANA, BEN, CAT, TODAY, given, given_loosely, named
from tests.stories import joined
from tests.stories_work import OUTCOME

CYCLE, TEAM = named("cycle"), named("team")
SET = OutcomeSet(outcome_id=OUTCOME, title="Fewer waits", cycle_id=CYCLE, team_id=TEAM, owner_id=ANA, reviewer_id=BEN)
FORMED = TeamFormed(team_id=TEAM, name="Ovens", lead_ids=(CAT,))


def graded(by: UUID | None = ANA, grade: str = "1") -> OutcomeGraded:
    return OutcomeGraded(
        outcome_id=OUTCOME, grade=Decimal(grade), suggested=None, success=True, graded_on=TODAY, cycle_id=CYCLE,
        team_id=TEAM, owner_id=ANA, grader_id=by,
    )  # fmt: skip


READING = Acknowledge(outcome_id=OUTCOME, note="seen")


def read_by(person_id: UUID) -> GradeAcknowledged:
    return GradeAcknowledged(outcome_id=OUTCOME, person_id=person_id, note="seen")


def test_a_grade_is_read_by_the_reviewer_a_lead_or_the_reviewers_delegate_once() -> None:
    world = (SET, FORMED, graded())
    for one in (BEN, CAT):
        given_loosely(*world).when(READING, by=one).then(read_by(one))
        given_loosely(*world, read_by(one)).when(READING, by=one).then_nothing()
    away = DutiesDelegated(person_id=BEN, delegate_id=ANA, starts_on=TODAY, ends_on=TODAY, reason="on leave")
    given_loosely(SET, FORMED, graded(BEN), away).when(READING, by=ANA).then(read_by(ANA))
    stranger = named("Dan")
    for known in (world, (*world, joined(stranger, TEAM))):  # to belong to the team is not to lead it
        given_loosely(*known).when(READING, by=stranger).then_refused(NOT_ALLOWED, "outcomeId")
    given_loosely(*world).when(READING, by=None).then_refused(PERSON_REQUIRED)


def test_nobody_reads_their_own_grade_and_another_grade_is_read_anew() -> None:
    given_loosely(SET, FORMED, graded(BEN)).when(READING, by=BEN).then_refused(NOT_ALLOWED, "outcomeId")
    given_loosely(SET, FORMED, graded(BEN)).when(READING, by=CAT).then(read_by(CAT))
    again = (SET, FORMED, graded(), read_by(BEN), graded(grade="0.9"))
    given_loosely(*again).when(READING, by=BEN).then(read_by(BEN))


def test_what_has_no_grade_has_none_to_read() -> None:
    given_loosely(SET, FORMED).when(READING, by=BEN).then_refused(OUTCOME_NOT_IN_STATE, "outcomeId")
    given().when(READING, by=BEN).then_refused(NOT_FOUND, "outcomeId")
    reopened = OutcomeReopened(outcome_id=OUTCOME, reason="too early", cycle_id=CYCLE, team_id=TEAM, owner_id=ANA)
    given_loosely(SET, FORMED, graded(), reopened).when(READING, by=BEN).then_refused(OUTCOME_NOT_IN_STATE)


def test_r8_a_grade_says_who_gave_it_and_given_again_by_another_is_no_other_grade() -> None:
    reason = "The market moved."
    planned = CyclePlanned(cycle_id=CYCLE, title="Q", starts_on=TODAY, ends_on=TODAY)
    active = OutcomeActivated(outcome_id=OUTCOME, cycle_id=CYCLE, team_id=TEAM, owner_id=ANA)
    grading = GradeOutcome(outcome_id=OUTCOME, grade=Decimal(1), reason=reason)
    story = given(SET, planned, CycleStarted(cycle_id=CYCLE), active).when(grading, by=BEN)
    (event,) = story.emitted
    assert isinstance(event, OutcomeGraded)
    assert event.grader_id == BEN
    given_loosely(SET, planned, CycleStarted(cycle_id=CYCLE), active, event).when(grading, by=CAT).then_nothing()


REVIEW = Acknowledge(cycle_id=CYCLE)
PLANNED = CyclePlanned(cycle_id=CYCLE, title="Q", starts_on=date(2022, 1, 1), ends_on=date(2022, 3, 31))
OPEN = (PLANNED, CycleStarted(cycle_id=CYCLE), ReviewStarted(cycle_id=CYCLE))
CLOSED = (*OPEN, CycleClosed(cycle_id=CYCLE, closed_on=TODAY))
READ = ReviewAcknowledged(cycle_id=CYCLE, person_id=ANA)


def test_the_review_of_a_closed_cycle_is_read_by_who_owns_an_outcome_of_it() -> None:
    given(*CLOSED, SET, graded()).when(REVIEW, by=ANA).then(READ)
    given(*CLOSED, SET, graded(), READ).when(REVIEW, by=ANA).then_nothing()
    given_loosely(*CLOSED, SET, graded()).when(REVIEW, by=BEN).then_refused(NOT_ALLOWED, "cycleId")
    given_loosely(*CLOSED, SET, graded()).when(REVIEW, by=None).then_refused(PERSON_REQUIRED)
    given_loosely(*OPEN, SET, graded()).when(REVIEW, by=ANA).then_refused(CYCLE_NOT_IN_STATE, "cycleId")
    given().when(REVIEW, by=ANA).then_refused(NOT_FOUND, "cycleId")
    handed = OutcomeAssigned(
        outcome_id=OUTCOME, cycle_id=CYCLE, from_team_id=TEAM, team_id=TEAM, from_owner_id=ANA, owner_id=BEN,
        active=False,
    )  # fmt: skip
    given_loosely(*CLOSED, SET, graded(), handed).when(REVIEW, by=ANA).then_refused(NOT_ALLOWED)
    read = ReviewAcknowledged(cycle_id=CYCLE, person_id=BEN)
    given_loosely(*CLOSED, SET, graded(), handed).when(REVIEW, by=BEN).then(read)


def test_a_review_that_was_reopened_is_read_anew() -> None:
    again = (CycleReopened(cycle_id=CYCLE, reason="miscounted"), CycleClosed(cycle_id=CYCLE, closed_on=TODAY))
    given(*CLOSED, SET, graded(), READ, *again).when(REVIEW, by=ANA, on=TODAY + timedelta(1)).then(READ)


@pytest.mark.parametrize("fields", [{}, {"outcome_id": OUTCOME, "cycle_id": CYCLE}])
def test_one_thing_is_read_at_a_time(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Acknowledge(**fields)
