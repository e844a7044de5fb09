"""Facts that time alone brings about for promises: overdue, unanswered, blocked for too long (R6); each noted once."""

from datetime import date
from uuid import UUID

from domain.codes import INVALID, TASK_NOT_BLOCKED, TASK_NOT_IN_STATE
from domain.kernel import Command, Event, Fold, OutcomeId, Reads, Refused, TaskId
from domain.preferences import Preferences
from domain.promises import Promise, State, TaskBlocked, TaskDelivered
from domain.timekeeping import check_timekeeper
from domain.values import Role


class DuePassed(Event, frozen=True, tag="task.due-passed"):
    """The due date in force passed, and nothing was delivered."""

    task_id: TaskId
    due_on: date
    outcome_id: OutcomeId | None = None


class AcceptancePassed(Event, frozen=True, tag="task.acceptance-passed"):
    """A delivery has waited longer for its answer than it should; the beneficiary owes it."""

    task_id: TaskId
    delivered_on: date
    outcome_id: OutcomeId | None = None


class BlockAged(Event, frozen=True, tag="task.block-aged"):
    """Something has stood in the way of a promise for longer than it should."""

    task_id: TaskId
    outcome_id: OutcomeId | None = None


class DuesPassed(Fold[DuePassed]):
    """The due dates of a task that were noted as passed."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)
        self.due: set[date] = set()

    def fold(self, event: DuePassed) -> None:
        self.due.add(event.due_on)


class Unanswered(Fold[TaskDelivered | AcceptancePassed]):
    """Whether it was noted that the last delivery of a task waits for its answer."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)
        self.noted = False
        self.delivered_on: date | None = None

    def fold(self, event: TaskDelivered | AcceptancePassed) -> None:
        match event:
            case TaskDelivered():
                self.noted, self.delivered_on = False, event.delivered_on
            case AcceptancePassed():
                self.noted = True


class Aged(Fold[TaskBlocked | BlockAged]):
    """Whether it was noted that the last block of a task has aged."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)
        self.noted = False

    def fold(self, event: TaskBlocked | BlockAged) -> None:
        match event:
            case TaskBlocked():
                self.noted = False
            case BlockAged():
                self.noted = True


class NoteDuePassed(Command):
    """Note that the due date in force passed and nothing was delivered; once for that date (R6).

    Refused where another date is in force, or its day has not ended for both parties, each in their own zone.
    """

    entity = "task_id"
    role = Role.OWNER

    task_id: TaskId
    due_on: date

    def reads(self) -> Reads:
        self.promise, self.passed = Promise(self.task_id), DuesPassed(self.task_id)
        yield [self.promise, self.passed]
        parties = (self.promise.promiser_id, self.promise.beneficiary_id)
        self.preferences = [Preferences(one) for one in dict.fromkeys(parties) if one]
        yield [*self.preferences]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        terms, state = self.promise.standing()
        if state is not State.COMMITTED:
            raise Refused(TASK_NOT_IN_STATE, "Leave it: only what is promised and undelivered is overdue.", "taskId")
        earliest = min(one.day(self.issued) for one in self.preferences)
        if terms.due_on != self.due_on or self.due_on >= earliest:
            raise Refused(INVALID, "Give the due date in force, once it has passed.", "dueOn")
        if self.due_on not in self.passed.due:
            self.emit(DuePassed(task_id=self.task_id, due_on=self.due_on, outcome_id=self.promise.outcome_id))


class NoteAcceptancePassed(Command):
    """Note that a delivery has waited longer for its answer than it should; once for each delivery (R6).

    Refused where no delivery waits.
    """

    entity = "task_id"
    role = Role.OWNER

    task_id: TaskId

    def reads(self) -> Reads:
        self.promise, self.unanswered = Promise(self.task_id), Unanswered(self.task_id)
        yield [self.promise, self.unanswered]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        _, state = self.promise.standing()
        delivered_on = self.unanswered.delivered_on
        if state is not State.DELIVERED or delivered_on is None:
            raise Refused(TASK_NOT_IN_STATE, "Leave it: no delivery waits for its answer.", "taskId")
        if not self.unanswered.noted:
            outcome_id = self.promise.outcome_id
            self.emit(AcceptancePassed(task_id=self.task_id, delivered_on=delivered_on, outcome_id=outcome_id))


class NoteBlockAged(Command):
    """Note that something has stood in the way of a promise for longer than it should; once for each block (R6).

    Refused where nothing blocks the task.
    """

    entity = "task_id"
    role = Role.OWNER

    task_id: TaskId

    def reads(self) -> Reads:
        self.promise, self.aged = Promise(self.task_id), Aged(self.task_id)
        yield [self.promise, self.aged]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        self.promise.standing()
        if not self.promise.blocked:
            raise Refused(TASK_NOT_BLOCKED, "Leave it: nothing blocks the task.", "taskId")
        if not self.aged.noted:
            self.emit(BlockAged(task_id=self.task_id, outcome_id=self.promise.outcome_id))
