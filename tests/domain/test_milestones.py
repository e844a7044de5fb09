"""Milestones (R7)."""

from datetime import date, timedelta

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, MILESTONE_REACHED, NOT_FOUND, PERSON_REQUIRED
from domain.kernel import Command, Refused
from domain.milestones import MarkMilestone, MilestoneMoved, MilestoneReached, MoveMilestone, SetMilestone
from tests.given import TODAY, given, given_loosely, issued
from tests.memory_ledger import MemoryLedger
from tests.stories_work import DUE, LATER, MILESTONE, OUTCOME, an_outcome, milestone

SETTING = SetMilestone(milestone_id=MILESTONE, outcome_id=OUTCOME, title="Half way", due_on=DUE)
MARKING = MarkMilestone(milestone_id=MILESTONE)
MOVING = MoveMilestone(milestone_id=MILESTONE, due_on=LATER, reason="ill")
REACHED = MilestoneReached(milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=TODAY, days_late=0)


def test_a_milestone_is_set_on_the_way_of_an_outcome() -> None:
    given(an_outcome()).when(SETTING).then(milestone())
    given().when(SETTING).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome(), milestone()).when(SETTING).then_refused(ALREADY_EXISTS, "milestoneId")


def test_a_move_tells_both_days_and_why() -> None:
    moved = MilestoneMoved(milestone_id=MILESTONE, outcome_id=OUTCOME, former_due_on=DUE, due_on=LATER, reason="ill")
    given(milestone()).when(MOVING).then(moved)
    given(milestone()).when(MoveMilestone(milestone_id=MILESTONE, due_on=DUE, reason="no")).then_nothing()
    given().when(MOVING).then_refused(NOT_FOUND, "milestoneId")


def test_r7_a_milestone_is_marked_reached() -> None:
    given(milestone()).when(MARKING).then(REACHED)


@pytest.mark.parametrize("again", [MARKING, MOVING])
def test_r7_a_milestone_is_marked_once(again: Command) -> None:
    given(milestone(), REACHED).when(again).then_refused(MILESTONE_REACHED, "milestoneId")


def test_r7_what_was_reached_late_says_by_how_many_days() -> None:
    late = MilestoneReached(milestone_id=MILESTONE, outcome_id=OUTCOME, reached_on=date(2022, 7, 11), days_late=10)
    marking = MarkMilestone(milestone_id=MILESTONE, reached_on=date(2022, 7, 11))
    given(milestone()).when(marking, on=date(2022, 7, 20)).then(late)


def test_r7_no_milestone_is_reached_tomorrow() -> None:
    tomorrow = MarkMilestone(milestone_id=MILESTONE, reached_on=TODAY + timedelta(days=1))
    given(milestone()).when(tomorrow).then_refused(DAY_IN_FUTURE, "reachedOn")


def test_r7_a_milestone_is_marked_by_a_person() -> None:
    given_loosely(milestone()).when(MARKING, by=None).then_refused(PERSON_REQUIRED)


@drawn(st.lists(st.tuples(st.booleans(), st.integers(-30, 30)), max_size=15))
def test_r7_in_any_order_it_is_reached_once_and_late_by_its_last_day(tries: list[tuple[bool, int]]) -> None:
    ledger = MemoryLedger()
    ledger.store(milestone())
    due, reached = DUE, 0
    for mark, days in tries:
        day = TODAY + timedelta(days=days)
        command = (
            MarkMilestone(milestone_id=MILESTONE, reached_on=day)
            if mark
            else MoveMilestone(milestone_id=MILESTONE, due_on=day, reason="again")
        )
        try:
            events = ledger.execute(command, issued())
        except Refused:
            if reached == 0 and not (mark and days > 0):
                raise
            continue
        for event in events:
            if isinstance(event, MilestoneMoved):
                assert event.former_due_on == due
                due = event.due_on
            if isinstance(event, MilestoneReached):
                reached += 1
                assert event.days_late == max(0, (event.reached_on - due).days)
    assert reached <= 1
