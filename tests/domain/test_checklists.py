"""Checklists: who puts items on them, who ticks them, and when."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.checklists import (
    AddCheck,
    CheckAdded,
    CheckDropped,
    CheckTicked,
    CheckUnticked,
    DropCheck,
    TickCheck,
    UntickCheck,
)
from domain.codes import ALREADY_EXISTS, NOT_A_PARTY, NOT_FOUND, NOT_THE_PROMISER, TASK_NOT_IN_STATE
from domain.kernel import Command
from domain.promises import CommitmentBroken, ContributionBegun, TaskDelivered
from tests.given import ANA, BEN, CAT, TODAY, given, given_loosely, named
from tests.stories import BusyLedger
from tests.stories_work import OUTCOME, TASK, promise, request

CHECK = named("check")
ITEM: dict[str, Any] = {"task_id": TASK, "check_id": CHECK, "title": "Glue", "outcome_id": OUTCOME}
ADDED, DROPPED = CheckAdded(**ITEM), CheckDropped(**ITEM)
TICKED, UNTICKED = CheckTicked(**ITEM, person_id=ANA), CheckUnticked(**ITEM, person_id=ANA)
HELPS = ContributionBegun(task_id=TASK, contributor_id=CAT, outcome_id=OUTCOME)
ADD = AddCheck(check_id=CHECK, task_id=TASK, title="Glue")
TICK, UNTICK, DROP = TickCheck(check_id=CHECK), UntickCheck(check_id=CHECK), DropCheck(check_id=CHECK)


def test_an_item_is_added_ticked_unticked_and_dropped() -> None:
    given(promise()).when(ADD, by=ANA).then(ADDED)
    given(promise(), ADDED).when(TICK, by=ANA).then(TICKED)
    given(promise(), ADDED, TICKED).when(UNTICK, by=ANA).then(UNTICKED)
    given(promise(), ADDED, TICKED).when(DROP, by=ANA).then(DROPPED)


def test_what_is_so_already_changes_nothing() -> None:
    given(promise(), ADDED, TICKED).when(TICK, by=ANA).then_nothing()
    given(promise(), ADDED).when(UNTICK, by=ANA).then_nothing()


def test_who_asks_or_is_promised_puts_nothing_on_the_list_and_ticks_nothing() -> None:
    given(promise()).when(ADD, by=BEN).then_refused(NOT_THE_PROMISER)
    given(request(), ADDED).when(DROP, by=BEN).then_refused(NOT_THE_PROMISER)
    for command in (TICK, UNTICK):
        given(promise(), ADDED).when(command, by=BEN).then_refused(NOT_A_PARTY)


def test_who_contributes_ticks_and_leaves_the_list_as_it_is() -> None:
    theirs = CheckTicked(**ITEM, person_id=CAT)
    given(promise(), HELPS, ADDED).when(TICK, by=CAT).then(theirs)
    given(promise(), HELPS).when(ADD, by=CAT).then_refused(NOT_THE_PROMISER)


@pytest.mark.parametrize("command", [TICK, UNTICK, DROP])
def test_what_is_not_on_a_list_is_unknown(command: Command) -> None:
    given().when(command, by=ANA).then_refused(NOT_FOUND, "checkId")
    given(promise(), ADDED, DROPPED).when(command, by=ANA).then_refused(NOT_FOUND, "checkId")


def test_an_id_is_used_once() -> None:
    given(promise(), ADDED, DROPPED).when(ADD, by=ANA).then_refused(ALREADY_EXISTS, "checkId")
    given().when(ADD, by=ANA).then_refused(NOT_FOUND, "taskId")


def test_r6_what_is_not_promised_yet_or_delivered_is_not_ticked() -> None:
    delivered = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
    given(request(), ADDED).when(TICK, by=ANA).then_refused(TASK_NOT_IN_STATE)
    given(promise(), ADDED, delivered).when(TICK, by=ANA).then_refused(TASK_NOT_IN_STATE)
    given_loosely(promise(), CommitmentBroken(task_id=TASK, reason="no")).when(ADD, by=ANA).then_refused(
        TASK_NOT_IN_STATE
    )


ACTS = st.sampled_from([(TICK, ANA), (TICK, CAT), (UNTICK, ANA), (UNTICK, BEN), (DROP, ANA), (ADD, ANA)])


@for_all(st.lists(st.tuples(ACTS, ACTS), max_size=12))
def test_ticks_and_unticks_alternate_however_commands_interleave(
    both: list[tuple[tuple[Command, UUID], tuple[Command, UUID]]],
) -> None:
    ledger = BusyLedger(promise(), HELPS, ADDED)
    for (one, by_one), (other, by_other) in both:
        ledger.interleave(one, other, by_one, by_other)
    told = [one for one in ledger.events() if isinstance(one, CheckTicked | CheckUnticked | CheckDropped)]
    assert sum(isinstance(one, CheckDropped) for one in told) <= 1
    assert not any(isinstance(one, CheckDropped) for one in told[:-1])
    expected = [CheckTicked, CheckUnticked] * len(told)
    assert all(isinstance(one, kind | CheckDropped) for one, kind in zip(told, expected, strict=False))
