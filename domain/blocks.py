"""What stands in the way of a promise: why, waiting for whom, what is done about it and by when (R6)."""

from datetime import date

from domain.codes import TASK_BLOCKED, TASK_NOT_BLOCKED
from domain.kernel import PersonId, Reads, Refused, TeamId
from domain.people import Person, Team
from domain.promises import BlockKind, TaskBlocked, TaskUnblocked
from domain.references import check_mentions, mentioned
from domain.tasks import TaskCommand
from domain.transitions import admit
from domain.values import Text, checked_choice


class BlockTask(TaskCommand):
    """Say that you can't go on: why, waiting for whom, what you do about it and by when. The clock runs on (R6).

    Refused while the task is blocked already, or where the person or the team waited for is unknown.
    """

    kind: BlockKind
    next_action: Text
    act_by: date
    waiting_for_person_id: PersonId | None = None
    waiting_for_team_id: TeamId | None = None
    waiting_for: Text | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        inside = (self.waiting_for_person_id, "waitingForPersonId"), (self.waiting_for_team_id, "waitingForTeamId")
        checked_choice(*inside, (self.waiting_for, "waitingFor"))

    def reads(self) -> Reads:
        self.mentions = mentioned(
            waitingForPersonId=self.waiting_for_person_id and Person(self.waiting_for_person_id),
            waitingForTeamId=self.waiting_for_team_id and Team(self.waiting_for_team_id),
        )
        for folds in super().reads():
            yield [*folds, *self.mentions.values()]

    def execute(self) -> None:
        admit(self.promise, self)
        if self.promise.blocked:
            raise Refused(TASK_BLOCKED, "Unblock the task first, if it waits for something else now.", "taskId")
        check_mentions(self.mentions)
        self.emit(
            TaskBlocked(
                task_id=self.task_id,
                kind=self.kind,
                next_action=self.next_action,
                act_by=self.act_by,
                waiting_for_person_id=self.waiting_for_person_id,
                waiting_for_team_id=self.waiting_for_team_id,
                waiting_for=self.waiting_for,
                outcome_id=self.promise.outcome_id,
            )
        )


class UnblockTask(TaskCommand):
    """Say that you can go on (R6)."""

    def execute(self) -> None:
        admit(self.promise, self)
        if not self.promise.blocked:
            raise Refused(TASK_NOT_BLOCKED, "Leave it as it is: nothing blocks the task.", "taskId")
        self.emit(TaskUnblocked(task_id=self.task_id, outcome_id=self.promise.outcome_id))
