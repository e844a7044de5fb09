"""Checklists: what a task is made of, item by item, ticked by whoever works on it."""

from uuid import UUID

from domain.codes import ALREADY_EXISTS, NOT_FOUND
from domain.kernel import CheckId, Command, Event, Fold, OutcomeId, PersonId, Reads, Refused, TaskId
from domain.promises import Promise, acting
from domain.transitions import admit
from domain.values import Title


class CheckAdded(Event, frozen=True, tag="task.check-added"):
    """The checklist of a task has an item more."""

    task_id: TaskId
    check_id: CheckId
    title: Title
    outcome_id: OutcomeId | None = None


class CheckTicked(Event, frozen=True, tag="task.check-ticked"):
    """An item of a checklist is done, says who ticked it."""

    task_id: TaskId
    check_id: CheckId
    title: Title  # of the item, so that the history tells which
    person_id: PersonId
    outcome_id: OutcomeId | None = None


class CheckUnticked(Event, frozen=True, tag="task.check-unticked"):
    """An item of a checklist is not done after all."""

    task_id: TaskId
    check_id: CheckId
    title: Title
    person_id: PersonId
    outcome_id: OutcomeId | None = None


class CheckDropped(Event, frozen=True, tag="task.check-dropped"):
    """An item is on the checklist no longer, ticked or not."""

    task_id: TaskId
    check_id: CheckId
    title: Title
    outcome_id: OutcomeId | None = None


class Check(Fold[CheckAdded | CheckTicked | CheckUnticked | CheckDropped]):
    """An item of a checklist: of which task, and whether it is ticked."""

    def __init__(self, check_id: UUID) -> None:
        super().__init__(check=check_id)
        self.added: CheckAdded | None = None
        self.ticked = self.dropped = False

    def fold(self, event: CheckAdded | CheckTicked | CheckUnticked | CheckDropped) -> None:
        match event:
            case CheckAdded():
                self.added = event
            case CheckTicked():
                self.ticked = True
            case CheckUnticked():
                self.ticked = False
            case CheckDropped():
                self.dropped = True


class AddCheck(Command):
    """Put an item on the checklist of what you promise; it is no term of the promise.

    Refused where the id is used already, or the task is none that you promise.
    """

    entity = "check_id"
    creates = True

    check_id: CheckId
    task_id: TaskId
    title: Title

    def reads(self) -> Reads:
        self.check, self.promise = Check(self.check_id), Promise(self.task_id)
        yield [self.check, self.promise]

    def execute(self) -> None:
        admit(self.promise, self)
        if self.check.added:
            raise Refused(ALREADY_EXISTS, "Choose another id: an item of a checklist has this one.", "checkId")
        outcome_id = self.promise.outcome_id
        self.emit(CheckAdded(task_id=self.task_id, check_id=self.check_id, title=self.title, outcome_id=outcome_id))


class CheckCommand(Command):
    """What all commands about an item that is there have in common: they know it, and the promise."""

    entity = "check_id"

    check_id: CheckId

    def reads(self) -> Reads:
        self.check = Check(self.check_id)
        yield [self.check]
        self.promise: Promise | None = None
        if self.check.added:
            self.promise = Promise(self.check.added.task_id)
            yield [self.promise]

    def item(self) -> CheckAdded:
        """The item; refuses one that is not on its list, and whoever the table does not give the command to."""
        if self.check.added is None or self.promise is None or self.check.dropped:
            raise Refused(NOT_FOUND, "There is no such item on a checklist: add it first.", "checkId")
        admit(self.promise, self)
        return self.check.added

    @property
    def outcome_id(self) -> UUID | None:
        return self.promise.outcome_id if self.promise else None


class TickCheck(CheckCommand):
    """Say that an item of a checklist is done; where it is ticked, nothing changes.

    Refused to all but whoever promised the task, or contributes to it.
    """

    def execute(self) -> None:
        was, person_id = self.item(), acting(self.issued)
        if not self.check.ticked:
            self.emit(
                CheckTicked(
                    task_id=was.task_id,
                    check_id=self.check_id,
                    title=was.title,
                    person_id=person_id,
                    outcome_id=self.outcome_id,
                )
            )


class UntickCheck(CheckCommand):
    """Say that an item of a checklist is not done after all; where it is not ticked, nothing changes.

    Refused to all but whoever promised the task, or contributes to it.
    """

    def execute(self) -> None:
        was, person_id = self.item(), acting(self.issued)
        if self.check.ticked:
            self.emit(
                CheckUnticked(
                    task_id=was.task_id,
                    check_id=self.check_id,
                    title=was.title,
                    person_id=person_id,
                    outcome_id=self.outcome_id,
                )
            )


class DropCheck(CheckCommand):
    """Take an item off the checklist of what you promise; the history keeps it.

    Refused to all but whoever promised the task.
    """

    def execute(self) -> None:
        was = self.item()
        self.emit(
            CheckDropped(task_id=was.task_id, check_id=self.check_id, title=was.title, outcome_id=self.outcome_id)
        )
