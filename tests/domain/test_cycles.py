"""Cycles: planned, then running."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, CYCLE_NOT_IN_STATE, CYCLE_OUTSIDE_PARENT, NOT_FOUND
from domain.cycles import CycleStarted, PlanCycle, StartCycle
from domain.values import Invalid
from tests.given import given
from tests.stories import QUARTER, YEAR, BusyLedger, cycle, started

SPRING, SUMMER = date(2022, 4, 1), date(2022, 6, 30)


def test_a_cycle_is_planned_inside_a_longer_one() -> None:
    plan = PlanCycle(cycle_id=QUARTER, title="Second quarter", starts_on=SPRING, ends_on=SUMMER, parent_id=YEAR)
    given(cycle(YEAR)).when(plan).then(cycle(QUARTER, parent=YEAR))
    given().when(plan).then_refused(NOT_FOUND, "parentId")


@for_all(st.integers(-3, 3), st.integers(-3, 3))
def test_a_cycle_has_no_day_that_its_parent_has_not(earlier: int, later: int) -> None:
    starts_on, ends_on = SPRING + timedelta(earlier), SUMMER + timedelta(later)
    plan = PlanCycle(cycle_id=QUARTER, title="Inner", starts_on=starts_on, ends_on=ends_on, parent_id=YEAR)
    story = given(cycle(YEAR)).when(plan)
    if earlier < 0 or later > 0:
        story.then_refused(CYCLE_OUTSIDE_PARENT, "startsOn", "endsOn")
    else:
        assert story.refused is None


def test_an_id_stands_for_one_cycle() -> None:
    plan = PlanCycle(cycle_id=QUARTER, title="Third quarter", starts_on=SPRING, ends_on=SUMMER)
    given(cycle()).when(plan).then_refused(ALREADY_EXISTS, "cycleId")


def test_a_cycle_ends_after_it_starts() -> None:
    with pytest.raises(Invalid):
        PlanCycle(cycle_id=QUARTER, title="Backwards", starts_on=SUMMER, ends_on=SPRING)


def test_a_planned_cycle_is_started() -> None:
    given(cycle()).when(StartCycle(cycle_id=QUARTER)).then(started())


def test_a_running_cycle_is_not_started_again() -> None:
    given(cycle(), started()).when(StartCycle(cycle_id=QUARTER)).then_refused(CYCLE_NOT_IN_STATE, "cycleId")


def test_a_cycle_that_nobody_planned_is_not_started() -> None:
    given().when(StartCycle(cycle_id=QUARTER)).then_refused(NOT_FOUND, "cycleId")


@for_all(st.lists(st.sampled_from([QUARTER, YEAR]), min_size=2, max_size=6))
def test_no_two_at_once_start_a_cycle_twice(ids: list[UUID]) -> None:
    ledger = BusyLedger(cycle(QUARTER), cycle(YEAR))
    for first, second in pairwise(ids):
        ledger.interleave(StartCycle(cycle_id=first), StartCycle(cycle_id=second))
    starts = [event.cycle_id for event in ledger.events() if isinstance(event, CycleStarted)]
    assert sorted(starts) == sorted(set(ids))
