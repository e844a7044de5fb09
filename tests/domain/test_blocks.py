"""Blocks: what stands in the way of a promise, and whom it waits for (R6)."""

import pytest

from domain.blocks import BlockTask, UnblockTask
from domain.codes import NOT_FOUND, TASK_BLOCKED, TASK_NOT_BLOCKED
from domain.promises import BlockKind, TaskBlocked, TaskDelivered, TaskUnblocked
from domain.tasks import DeliverTask
from domain.values import Invalid
from tests.given import ANA, BEN, TODAY, given
from tests.stories import TEAM, team
from tests.stories_work import DUE, OUTCOME, TASK, person, promise, promise_of

BLOCKED = TaskBlocked(
    task_id=TASK,
    kind=BlockKind.DECISION,
    next_action="Ask at the huddle",
    act_by=DUE,
    waiting_for_person_id=BEN,
    outcome_id=OUTCOME,
)


def blocking(**whom: object) -> BlockTask:
    return BlockTask(
        task_id=TASK, kind=BlockKind.DECISION, next_action="Ask at the huddle", act_by=DUE, **whom  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def test_r6_a_block_says_for_whom_it_waits_and_what_is_next() -> None:
    given(promise(), person(BEN)).when(blocking(waiting_for_person_id=BEN), by=ANA).then(BLOCKED)
    given(promise(), BLOCKED).when(UnblockTask(task_id=TASK), by=ANA).then(
        TaskUnblocked(task_id=TASK, outcome_id=OUTCOME)
    )


def test_r6_whoever_is_waited_for_is_there() -> None:
    given(promise()).when(blocking(waiting_for_person_id=BEN), by=ANA).then_refused(NOT_FOUND, "waitingForPersonId")
    given(promise()).when(blocking(waiting_for_team_id=TEAM), by=ANA).then_refused(NOT_FOUND, "waitingForTeamId")
    story = given(promise(), team(TEAM)).when(blocking(waiting_for_team_id=TEAM), by=ANA)
    assert story.refused is None


@pytest.mark.parametrize("whom", [{}, {"waiting_for": "the landlord", "waiting_for_person_id": BEN}])
def test_r6_it_waits_for_one(whom: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        blocking(**whom)


def test_r6_a_task_is_blocked_once_at_a_time() -> None:
    given(promise(), BLOCKED).when(blocking(waiting_for="rain"), by=ANA).then_refused(TASK_BLOCKED, "taskId")
    given(promise()).when(UnblockTask(task_id=TASK), by=ANA).then_refused(TASK_NOT_BLOCKED, "taskId")


def test_r6_what_is_delivered_is_blocked_no_longer() -> None:
    story = given(promise(), BLOCKED).when(DeliverTask(task_id=TASK), by=ANA)
    story.then(TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME))
    assert promise_of(story.ledger, TASK).blocked is None
