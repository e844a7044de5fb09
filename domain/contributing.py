"""Shared commitments: one answers for what was promised, and others contribute to it of their own accord."""

from uuid import UUID

from domain.codes import INVALID
from domain.kernel import Fold, Reads, Refused
from domain.people import Departure
from domain.promises import ContributionBegun, ContributionEnded, acting
from domain.tasks import TaskCommand, check_stays
from domain.transitions import Party, admit


class Contributions(Fold[ContributionBegun | ContributionEnded]):
    """The tasks that a person contributes to, whatever has become of them."""

    def __init__(self, contributor_id: UUID) -> None:
        super().__init__(contributor=contributor_id)
        self.task_ids: dict[UUID, None] = {}

    def fold(self, event: ContributionBegun | ContributionEnded) -> None:
        match event:
            case ContributionBegun():
                self.task_ids[event.task_id] = None
            case ContributionEnded():
                self.task_ids.pop(event.task_id, None)


class ContributeToTask(TaskCommand):
    """Contribute to what another one has promised: they answer for it all the same, and nobody is named but by
    themself (R5).

    Refused where the task is yours to keep, or nobody has promised it.
    """

    def reads(self) -> Reads:
        self.departure = Departure(self.issued.person_id) if self.issued.person_id else None
        for folds in super().reads():
            yield [*folds, *([self.departure] if self.departure else [])]

    def execute(self) -> None:
        contributor_id = acting(self.issued)
        check_stays(self.departure)
        admit(self.promise, self, {Party.CONTRIBUTOR})
        if contributor_id == self.promise.promiser_id:
            raise Refused(INVALID, "Leave it: you answer for all of this task already.", "taskId")
        if contributor_id in self.promise.contributor_ids:
            return
        outcome_id = self.promise.outcome_id
        self.emit(ContributionBegun(task_id=self.task_id, contributor_id=contributor_id, outcome_id=outcome_id))


class StopContributing(TaskCommand):
    """Contribute no longer to what another one has promised."""

    def execute(self) -> None:
        admit(self.promise, self)
        outcome_id = self.promise.outcome_id
        self.emit(ContributionEnded(task_id=self.task_id, contributor_id=acting(self.issued), outcome_id=outcome_id))
