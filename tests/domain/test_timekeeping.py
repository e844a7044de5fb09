"""What the timekeeper notes, and that nobody else does (R13)."""

from datetime import date

from domain.boundaries import BoundarySet
from domain.checkins import CheckedIn, CheckInAcknowledged
from domain.codes import NOT_ALLOWED, NOT_FOUND
from domain.timekeeping import (
    AcknowledgementPassed,
    BoundaryBreached,
    CheckInMissed,
    NoteAcknowledgementPassed,
    NoteBoundaryBreached,
    NoteCheckInMissed,
)
from tests.given import ANA, given, named
from tests.stories_work import OUTCOME, an_outcome

CHECK_IN = named("check-in")
BOUNDARY, INDICATOR = named("boundary"), named("indicator")
SET = BoundarySet(boundary_id=BOUNDARY, outcome_id=OUTCOME, title="Few", lower=None, upper=None, indicator_id=INDICATOR)
NOTING = NoteBoundaryBreached(boundary_id=BOUNDARY, breached_on=date(2022, 6, 1))
BREACHED = BoundaryBreached(boundary_id=BOUNDARY, outcome_id=OUTCOME, breached_on=date(2022, 6, 1))


def test_a_breach_is_noted_once_for_the_day_on_which_it_began() -> None:
    given(SET).when(NOTING, by=None).then(BREACHED)
    given(SET, BREACHED).when(NOTING, by=None).then_nothing()
    later = NoteBoundaryBreached(boundary_id=BOUNDARY, breached_on=date(2022, 6, 9))
    given(SET, BREACHED).when(later, by=None).then(
        BoundaryBreached(boundary_id=BOUNDARY, outcome_id=OUTCOME, breached_on=date(2022, 6, 9))
    )
    given().when(NOTING, by=None).then_refused(NOT_FOUND, "boundaryId")


def test_a_person_notes_nothing() -> None:
    given(SET).when(NOTING, by=ANA).then_refused(NOT_ALLOWED)


def test_r13_a_missed_check_in_is_noted_once_for_the_day_it_was_due() -> None:
    noting = NoteCheckInMissed(outcome_id=OUTCOME, due_on=date(2022, 6, 1))
    missed = CheckInMissed(outcome_id=OUTCOME, due_on=date(2022, 6, 1))
    given(an_outcome()).when(noting, by=None).then(missed)
    given(an_outcome(), missed).when(noting, by=None).then_nothing()
    given().when(noting, by=None).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome()).when(noting, by=ANA).then_refused(NOT_ALLOWED)


def test_an_acknowledgement_that_is_late_is_noted_once_and_not_when_it_has_come() -> None:
    said = CheckedIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, on=date(2022, 6, 1), moved="much")
    noting = NoteAcknowledgementPassed(check_in_id=CHECK_IN)
    passed = AcknowledgementPassed(check_in_id=CHECK_IN, outcome_id=OUTCOME, waiting_since=date(2022, 6, 1))
    given(said).when(noting, by=None).then(passed)
    given(said, passed).when(noting, by=None).then_nothing()
    came = CheckInAcknowledged(check_in_id=CHECK_IN, outcome_id=OUTCOME, person_id=ANA)
    given(said, came).when(noting, by=None).then_nothing()
    given(said).when(noting, by=ANA).then_refused(NOT_ALLOWED)
