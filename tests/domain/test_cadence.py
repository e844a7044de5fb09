"""How often check-ins are due (R13)."""

from datetime import date, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.cadence import Cadence, CadenceSet, CadenceUnit, SetCadence, due_after
from domain.codes import NOT_FOUND
from domain.values import Invalid
from tests.given import ORGANISATION, given, named
from tests.stories_work import OUTCOME, an_outcome

TEAM = named("team")
WEEKLY = Cadence(every=1, unit=CadenceUnit.WEEKS, weekday=5, grace_days=2)
CADENCES = st.builds(
    Cadence, every=st.integers(1, 60), unit=st.sampled_from(list(CadenceUnit)), weekday=st.none() | st.integers(1, 7)
)


def weekly(**holder: object) -> SetCadence:
    return SetCadence(every=1, unit=CadenceUnit.WEEKS, weekday=5, grace_days=2, **holder)  # pyright: ignore[reportArgumentType]


def test_a_cadence_is_of_the_organisation_a_team_or_an_outcome() -> None:
    of_all = CadenceSet(holder_id=ORGANISATION, cadence=WEEKLY, organisation_id=ORGANISATION)
    given().when(weekly()).then(of_all)
    of_one = CadenceSet(holder_id=OUTCOME, cadence=WEEKLY, outcome_id=OUTCOME)
    given(an_outcome()).when(weekly(outcome_id=OUTCOME)).then(of_one)
    given(an_outcome(), of_one).when(weekly(outcome_id=OUTCOME)).then_nothing()
    off = CadenceSet(holder_id=OUTCOME, cadence=None, outcome_id=OUTCOME)
    given(an_outcome(), of_one).when(SetCadence(none=True, outcome_id=OUTCOME)).then(off)
    given().when(weekly(team_id=TEAM)).then_refused(NOT_FOUND, "teamId")


@pytest.mark.parametrize("fields", [{}, {"every": 2}, {"none": True, "every": 2, "unit": CadenceUnit.DAYS}])
def test_a_cadence_is_said_whole_or_taken_off(fields: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        SetCadence(**fields)  # pyright: ignore[reportArgumentType]


@drawn(CADENCES, st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_r13_a_check_in_is_due_after_the_day_and_on_its_weekday(cadence: Cadence, day: date) -> None:
    due = due_after(cadence, day)
    assert due > day
    assert cadence.weekday in {None, due.isoweekday()}
    if cadence.unit is CadenceUnit.MONTHS and cadence.weekday is None:
        assert due.day == day.day or (due + timedelta(days=1)).day == 1, "clamped to the end of a shorter month"
