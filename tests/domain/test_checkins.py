"""Check-ins: what is said of an outcome, and when (R13)."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from domain.acknowledging import Acknowledge
from domain.checkins import (
    CheckedIn,
    CheckIn,
    CheckInAcknowledged,
    CheckInRetracted,
    CheckInRevised,
    RetractCheckIn,
    ReviseCheckIn,
    Status,
)
from domain.codes import (
    ALREADY_EXISTS,
    CHECK_IN_RETRACTED,
    DAY_IN_FUTURE,
    NOT_ALLOWED,
    NOT_FOUND,
    OUTCOME_ENDED,
    PERSON_REQUIRED,
)
from domain.delegation import DutiesDelegated
from domain.kernel import Refused
from domain.outcomes import OutcomeSet
from domain.people import TeamFormed
from domain.standing import OutcomeAbandoned, OutcomePaused, OutcomeWithdrawn
from domain.values import Invalid, Role
from tests.given import ANA, BEN, CAT, TODAY, given, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories_work import OUTCOME, an_outcome

CHECK_IN = named("check-in")
SAYING = CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, status=Status.AT_RISK)
SAID = CheckedIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, on=TODAY, author_id=ANA, status=Status.AT_RISK)


def test_r13_what_is_stated_is_kept_with_its_day_and_author() -> None:
    given(an_outcome()).when(SAYING).then(SAID)


def test_r13_saying_nothing_is_no_check_in() -> None:
    with pytest.raises(Invalid):
        CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME)


@pytest.mark.parametrize("confidence", [Decimal("-0.1"), Decimal("1.1")])
def test_confidence_lies_between_0_and_1(confidence: Decimal) -> None:
    with pytest.raises(Invalid):
        CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, confidence=confidence)


def test_nobody_checks_in_from_tomorrow() -> None:
    tomorrow = CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, moved="much", on=TODAY + timedelta(days=1))
    given(an_outcome()).when(tomorrow).then_refused(DAY_IN_FUTURE, "on")
    assert not DAY_IN_FUTURE.rule  # R7 is of milestones alone


def test_a_check_in_is_of_an_outcome_that_is_there_and_its_id_is_new() -> None:
    given().when(SAYING).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome(), SAID).when(SAYING).then_refused(ALREADY_EXISTS, "checkInId")


def test_nobody_checks_in_on_what_was_given_up() -> None:
    abandoned = OutcomeAbandoned(outcome_id=OUTCOME, reason="enough")
    withdrawn = OutcomeWithdrawn(outcome_id=OUTCOME, reason="set twice")
    for end in (abandoned, withdrawn):
        given(an_outcome(), end).when(SAYING).then_refused(OUTCOME_ENDED, "outcomeId")
    given(an_outcome(), OutcomePaused(outcome_id=OUTCOME, reason="not now")).when(SAYING).then(SAID)


REVISED = CheckInRevised(
    check_in_id=CHECK_IN, outcome_id=OUTCOME, on=TODAY, confidence=None, status=Status.OFF_TRACK, moved=None,
    set_back=None, next=None, reason="read again",
)  # fmt: skip
RETRACTED = CheckInRetracted(check_in_id=CHECK_IN, outcome_id=OUTCOME, reason="of another")


def test_r9_a_check_in_is_revised_with_a_reason_and_keeps_what_is_left_out() -> None:
    revising = ReviseCheckIn(check_in_id=CHECK_IN, status=Status.OFF_TRACK, reason="read again")
    given(SAID).when(revising).then(REVISED)
    given(SAID, REVISED).when(revising).then_nothing()
    given().when(revising).then_refused(NOT_FOUND, "checkInId")
    given(SAID, RETRACTED).when(revising).then_refused(CHECK_IN_RETRACTED, "checkInId")


def test_r9_a_check_in_is_taken_back_once() -> None:
    retracting = RetractCheckIn(check_in_id=CHECK_IN, reason="of another")
    given(SAID).when(retracting).then(RETRACTED)
    given(SAID, RETRACTED).when(retracting).then_nothing()
    given().when(retracting).then_refused(NOT_FOUND, "checkInId")


def test_nobody_revises_what_somebody_else_said() -> None:
    ledger = MemoryLedger()
    ledger.store(SAID)
    for command in (
        ReviseCheckIn(check_in_id=CHECK_IN, moved="much", reason="mine"),
        RetractCheckIn(check_in_id=CHECK_IN, reason="mine"),
    ):
        with pytest.raises(Refused) as refused:
            ledger.execute(command, issued(BEN, role=Role.MEMBER))
        assert refused.value.code == NOT_ALLOWED


def reviewed(by: UUID | None = BEN, team: UUID | None = None) -> OutcomeSet:
    return OutcomeSet(outcome_id=OUTCOME, title="Fewer waits", reviewer_id=by, team_id=team)


def test_a_check_in_is_acknowledged_by_the_reviewer_once() -> None:
    acknowledged = CheckInAcknowledged(check_in_id=CHECK_IN, outcome_id=OUTCOME, person_id=BEN)
    acknowledging = Acknowledge(check_in_id=CHECK_IN)
    given(SAID, reviewed()).when(acknowledging, by=BEN).then(acknowledged)
    given(SAID, reviewed(), acknowledged).when(acknowledging, by=BEN).then_nothing()
    given(SAID, reviewed()).when(acknowledging, by=CAT).then_refused(NOT_ALLOWED, "checkInId")
    given(SAID, reviewed()).when(acknowledging, by=ANA).then_refused(NOT_ALLOWED, "checkInId")
    given(SAID, reviewed()).when(acknowledging, by=None).then_refused(PERSON_REQUIRED)
    given().when(acknowledging, by=BEN).then_refused(NOT_FOUND, "checkInId")


def test_a_check_in_is_acknowledged_by_a_lead_of_the_team_or_the_reviewers_delegate() -> None:
    team = named("team")
    formed = TeamFormed(team_id=team, name="Ovens", lead_ids=(CAT,))
    acknowledged = CheckInAcknowledged(check_in_id=CHECK_IN, outcome_id=OUTCOME, person_id=CAT)
    acknowledging = Acknowledge(check_in_id=CHECK_IN)
    given(SAID, reviewed(None, team), formed).when(acknowledging, by=CAT).then(acknowledged)
    away = DutiesDelegated(person_id=BEN, delegate_id=CAT, starts_on=TODAY, ends_on=TODAY, reason="on leave")
    given(SAID, reviewed(), away).when(acknowledging, by=CAT).then(acknowledged)
    given(SAID, reviewed(), away).when(acknowledging, by=CAT, on=TODAY + timedelta(days=1)).then_refused(NOT_ALLOWED)
