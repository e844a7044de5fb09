"""Tasks change hands, and what they serve: asked of somebody else, linked to another outcome (R4, R5, R6)."""

from domain.codes import INVALID
from domain.initiatives import Initiative
from domain.kernel import InitiativeId, OutcomeId, PromiserId, Reads, Refused
from domain.leading import Leading
from domain.outcomes import Outcome
from domain.people import Person
from domain.promises import TaskReassigned, TaskRelinked
from domain.references import check_mentions, mentioned
from domain.tasks import TaskCommand, check_purpose
from domain.transitions import Party, admit
from domain.values import Reason


class ReassignTask(TaskCommand):
    """Ask somebody else for the promise, and say why; it binds them once they accept (R5, R6).

    Whoever asked goes on asking, and the first promiser stays visible. Terms that wait for consent lapse, and so does a
    block. Refused where the person is unknown or has left, or is the one who promises already.
    """

    promiser_id: PromiserId
    reason: Reason

    def reads(self) -> Reads:
        self.person = Person(self.promiser_id)
        for folds in super().reads():
            yield [*folds, self.person]
        self.leading: Leading | None = None
        asks, me = self.promise.requester_id or self.promise.beneficiary_id, self.issued.person_id
        if asks and me and me not in {self.promise.requester_id, self.promise.beneficiary_id}:
            self.leading = Leading(me, asks)
            yield from self.leading.reads()

    def execute(self) -> None:
        promise = self.promise
        admit(promise, self, {Party.LEAD} if self.leading and self.leading.leads else ())
        self.person.check("promiserId")
        former, beneficiary_id = promise.promiser_id, promise.beneficiary_id
        assert beneficiary_id is not None  # noqa: S101 - it was admitted, so it is there
        if self.promiser_id == former:
            raise Refused(INVALID, "Name somebody else: the task is theirs already.", "promiserId")
        asks = promise.requester_id or beneficiary_id
        self.emit(
            TaskReassigned(
                task_id=self.task_id,
                from_promiser_id=former,
                promiser_id=self.promiser_id,
                requester_id=beneficiary_id if asks == self.promiser_id else asks,
                reason=self.reason,
                terms_lapsed=promise.proposed is not None,
                outcome_id=promise.outcome_id,
                from_team_id=promise.team_id,
            )
        )


class RelinkTask(TaskCommand):
    """Say which other outcome or initiative the task serves, or why it serves none (R4); either party may.

    Refused where there is no such outcome or initiative, or the task has ended.
    """

    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None
    reason: Reason | None = None
    initiative_id: InitiativeId | None = None

    def reads(self) -> Reads:
        self.initiative = self.initiative_id and Initiative(self.initiative_id)
        self.mentions = mentioned(outcomeId=self.outcome_id and Outcome(self.outcome_id), initiativeId=self.initiative)
        for folds in super().reads():
            yield [*folds, *self.mentions.values()]

    def execute(self) -> None:
        check_purpose(self.outcome_id, self.initiative_id, self.serves_nothing)
        check_mentions(self.mentions)
        admit(self.promise, self)
        was = self.promise
        outcome_id = self.initiative.outcome_id if self.initiative else self.outcome_id
        if (was.outcome_id, was.initiative_id, was.serves_nothing) == (
            outcome_id,
            self.initiative_id,
            self.serves_nothing,
        ):
            return
        self.emit(
            TaskRelinked(
                task_id=self.task_id,
                from_outcome_id=was.outcome_id,
                outcome_id=outcome_id,
                serves_nothing=self.serves_nothing,
                reason=self.reason,
                from_initiative_id=was.initiative_id,
                initiative_id=self.initiative_id,
            )
        )
