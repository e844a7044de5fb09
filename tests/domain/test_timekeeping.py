"""What the timekeeper notes, and that nobody else does."""

from datetime import date

from domain.boundaries import BoundarySet
from domain.codes import NOT_ALLOWED, NOT_FOUND
from domain.timekeeping import BoundaryBreached, NoteBoundaryBreached
from tests.given import ANA, given, named
from tests.stories_work import OUTCOME

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
