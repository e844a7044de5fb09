"""Tasks that wait for tasks, without a circle (R3)."""

from uuid import UUID

from domain.codes import TASK_NOT_IN_STATE, WAITING_CIRCLE
from domain.kernel import AwaitedId, Event, Fold, OutcomeId, Reads, Refused, TaskId
from domain.promises import Promise
from domain.tasks import TaskCommand
from domain.transitions import OPEN, admit


class TaskWaits(Event, frozen=True, tag="task.waits"):
    """A task can't be finished before another one is."""

    task_id: TaskId
    awaited_id: AwaitedId
    outcome_id: OutcomeId | None = None


class TaskWaitsNoLonger(Event, frozen=True, tag="task.waits-no-longer"):
    """A task needs another one no longer."""

    task_id: TaskId
    awaited_id: AwaitedId
    outcome_id: OutcomeId | None = None


class Awaited(Fold[TaskWaits | TaskWaitsNoLonger]):
    """The tasks that a task waits for."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)
        self.task_ids: set[UUID] = set()

    def fold(self, event: TaskWaits | TaskWaitsNoLonger) -> None:
        match event:
            case TaskWaits():
                self.task_ids.add(event.awaited_id)
            case TaskWaitsNoLonger():
                self.task_ids.discard(event.awaited_id)


class WaitForTask(TaskCommand):
    """Let a task wait for another one (R3); what another team has to do is asked of it first, by request-task.

    Refused where the other one is unknown or has ended, or would wait for this one by way of others.
    """

    awaited_id: AwaitedId

    def reads(self) -> Reads:
        self.awaited, self.other = Awaited(self.task_id), Promise(self.awaited_id)
        for folds in super().reads():
            yield [*folds, self.awaited, self.other]
        self.beyond: set[UUID] = set()
        rising: set[UUID] = {self.awaited_id}
        while rising:
            self.beyond |= rising
            generation = [Awaited(one) for one in sorted(rising)]
            yield [*generation]
            rising = {one for awaited in generation for one in awaited.task_ids} - self.beyond

    def execute(self) -> None:
        _, state = self.other.standing("awaitedId")
        admit(self.promise, self)
        if self.awaited_id in self.awaited.task_ids:
            return
        if state not in OPEN:
            sentence = f"Wait for a task that is open: this one is {state.value.lower()}."
            raise Refused(TASK_NOT_IN_STATE, sentence, "awaitedId")
        if self.task_id in self.beyond:
            raise Refused(
                WAITING_CIRCLE, "Let one of them wait no longer: they would wait for each other.", "awaitedId"
            )
        self.emit(TaskWaits(task_id=self.task_id, awaited_id=self.awaited_id, outcome_id=self.promise.outcome_id))


class StopWaitingForTask(TaskCommand):
    """Let a task wait for another one no longer; where it does not, nothing changes."""

    awaited_id: AwaitedId

    def reads(self) -> Reads:
        self.awaited, self.other = Awaited(self.task_id), Promise(self.awaited_id)
        for folds in super().reads():
            yield [*folds, self.awaited, self.other]

    def execute(self) -> None:
        self.other.standing("awaitedId")
        admit(self.promise, self)
        if self.awaited_id in self.awaited.task_ids:
            outcome_id = self.promise.outcome_id
            self.emit(TaskWaitsNoLonger(task_id=self.task_id, awaited_id=self.awaited_id, outcome_id=outcome_id))
