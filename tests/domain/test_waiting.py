"""Tasks that wait for tasks form no circle (R3), however commands interleave."""

from uuid import UUID

import msgspec
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import NOT_A_PARTY, NOT_FOUND, TASK_NOT_IN_STATE, WAITING_CIRCLE
from domain.promises import CommitmentBroken, TaskCommitted
from domain.waiting import StopWaitingForTask, TaskWaits, TaskWaitsNoLonger, WaitForTask
from tests.given import ANA, CAT, given, given_loosely, named
from tests.stories import BusyLedger, Edges, circular
from tests.stories_work import OUTCOME, TASK, promise

TASKS = [TASK, *(named(f"task {nth}") for nth in range(4))]
OTHER, THIRD = TASKS[1], TASKS[2]


def task(task_id: UUID = OTHER) -> TaskCommitted:
    return msgspec.structs.replace(promise(), task_id=task_id)


def waits(task_id: UUID, awaited_id: UUID) -> TaskWaits:
    return TaskWaits(task_id=task_id, awaited_id=awaited_id, outcome_id=OUTCOME)


def test_r3_a_task_waits_for_another_until_it_does_no_longer() -> None:
    given(promise(), task()).when(WaitForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then(waits(TASK, OTHER))
    story = (promise(), task(), waits(TASK, OTHER))
    given(*story).when(WaitForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then_nothing()
    stopped = TaskWaitsNoLonger(task_id=TASK, awaited_id=OTHER, outcome_id=OUTCOME)
    given(*story).when(StopWaitingForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then(stopped)
    given(*story, stopped).when(StopWaitingForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then_nothing()


def test_r3_it_waits_for_what_is_there_and_open() -> None:
    given(promise()).when(WaitForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then_refused(NOT_FOUND, "awaitedId")
    story = (promise(), task(), CommitmentBroken(task_id=OTHER, reason="no"))
    given(*story).when(WaitForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then_refused(TASK_NOT_IN_STATE, "awaitedId")


def test_r3_a_stranger_lets_nothing_wait() -> None:
    given_loosely(promise(), task()).when(WaitForTask(task_id=TASK, awaited_id=OTHER), by=CAT).then_refused(NOT_A_PARTY)


def test_r3_no_task_waits_for_itself_by_whatever_way() -> None:
    given(promise()).when(WaitForTask(task_id=TASK, awaited_id=TASK), by=ANA).then_refused(WAITING_CIRCLE)
    story = (promise(), task(OTHER), waits(OTHER, THIRD), waits(THIRD, TASK))
    given(*story).when(WaitForTask(task_id=TASK, awaited_id=OTHER), by=ANA).then_refused(WAITING_CIRCLE, "awaitedId")


pairs = st.tuples(st.sampled_from(TASKS), st.sampled_from(TASKS))


@for_all(st.lists(st.tuples(pairs, pairs), max_size=20))
def test_r3_no_circle_however_commands_interleave(
    both: list[tuple[tuple[UUID, UUID], tuple[UUID, UUID]]],
) -> None:
    ledger = BusyLedger(*(task(one) for one in TASKS))
    for first, second in both:
        one, other = (WaitForTask(task_id=waiting, awaited_id=awaited) for waiting, awaited in (first, second))
        ledger.interleave(one, other)
    edges: Edges = {(one.task_id, one.awaited_id) for one in ledger.events() if isinstance(one, TaskWaits)}
    assert not circular(edges)
