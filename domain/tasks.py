"""Tasks: asking for promises, making, changing, keeping and breaking them (R4, R5, R6)."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, INVALID, PERSON_LEFT, SERVES_NOTHING_SAID, TERMS_OPEN
from domain.evidence import Shown
from domain.initiatives import Initiative
from domain.kernel import BeneficiaryId, Command, InitiativeId, OutcomeId, PromiserId, Reads, Refused, TaskId, TeamId
from domain.outcomes import Outcome
from domain.people import Departure, Membership, Person, Team
from domain.preferences import Preferences
from domain.promises import (
    CommitmentBroken,
    ContributionEnded,
    CounterAgreed,
    CounterRefused,
    DeliveryAccepted,
    DeliveryReturned,
    Promise,
    RequestWithdrawn,
    State,
    TaskAccepted,
    TaskCommitted,
    TaskCountered,
    TaskDeclined,
    TaskDelivered,
    TaskReleased,
    TaskRequested,
    TaskTaken,
    Terms,
    TermsAgreed,
    TermsLapsed,
    TermsProposed,
    TermsRefused,
    acting,
)
from domain.recurrence import Recurrence, check_recurs
from domain.recurring import Again
from domain.references import check_mentions, mentioned
from domain.transitions import Party, admit
from domain.values import Effort, Reason, Text, Title, checked_between, checked_choice

MOST_EFFORT = 100_000


def check_purpose(outcome_id: object, initiative_id: object, serves_nothing: str | None) -> None:
    """Refuses a task that says neither what it serves nor why nothing, or several of these (R4)."""
    if sum(one is not None for one in (outcome_id, initiative_id, serves_nothing)) != 1:
        sentence = "Name the outcome or the initiative that the task serves, or say why it serves none."
        raise Refused(SERVES_NOTHING_SAID, sentence, "outcomeId", "initiativeId", "servesNothing")


def check_stays(departure: Departure | None) -> None:
    """Refuses a promise or a request of somebody who has left (R14)."""
    if departure and departure.left:
        raise Refused(PERSON_LEFT, "Use the key of somebody who is here: this person has left.")


class RequestTask(Command):
    """Ask somebody for a promise, or any one of a team; it binds nobody until they accept (R4, R5).

    What recurs is promised again, for its next day, each time that it is kept.
    Refused where the task says neither which outcome or initiative it serves nor why none.
    """

    entity = "task_id"
    creates = True

    task_id: TaskId
    title: Title
    due_on: date
    promiser_id: PromiserId | None = None
    beneficiary_id: BeneficiaryId | None = None
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None
    team_id: TeamId | None = None
    initiative_id: InitiativeId | None = None
    recurs: Recurrence | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.promiser_id, "promiserId"), (self.team_id, "teamId"))
        if self.effort is not None:
            checked_between(self.effort, 0, MOST_EFFORT, "effort")
        check_recurs(self.recurs, self.due_on)

    def reads(self) -> Reads:
        self.promise = Promise(self.task_id)
        self.initiative = self.initiative_id and Initiative(self.initiative_id)
        self.mentions = mentioned(
            promiserId=self.promiser_id and Person(self.promiser_id),
            teamId=self.team_id and Team(self.team_id),
            beneficiaryId=self.beneficiary_id and Person(self.beneficiary_id),
            outcomeId=self.outcome_id and Outcome(self.outcome_id),
            initiativeId=self.initiative,
        )
        self.departure = Departure(self.issued.person_id) if self.issued.person_id else None
        yield [self.promise, *self.mentions.values(), *([self.departure] if self.departure else [])]

    def execute(self) -> None:
        requester_id = acting(self.issued)
        check_stays(self.departure)
        if self.promise.state:
            raise Refused(ALREADY_EXISTS, "Choose another id: a task has this one.", "taskId")
        check_purpose(self.outcome_id, self.initiative_id, self.serves_nothing)
        check_mentions(self.mentions)
        self.emit(
            TaskRequested(
                task_id=self.task_id,
                title=self.title,
                due_on=self.due_on,
                promiser_id=self.promiser_id,
                beneficiary_id=self.beneficiary_id or requester_id,
                requester_id=requester_id,
                conditions=self.conditions,
                effort=self.effort,
                outcome_id=self.initiative.outcome_id if self.initiative else self.outcome_id,
                serves_nothing=self.serves_nothing,
                team_id=self.team_id,
                initiative_id=self.initiative_id,
                recurs=self.recurs,
            )
        )


class CommitTask(Command):
    """Promise something, to somebody or to yourself (R4, R5).

    What recurs is promised again, for its next day, each time that it is kept.
    Refused where the task says neither which outcome or initiative it serves nor why none.
    """

    entity = "task_id"
    creates = True

    task_id: TaskId
    title: Title
    due_on: date
    beneficiary_id: BeneficiaryId | None = None
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None
    initiative_id: InitiativeId | None = None
    recurs: Recurrence | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.effort is not None:
            checked_between(self.effort, 0, MOST_EFFORT, "effort")
        check_recurs(self.recurs, self.due_on)

    def reads(self) -> Reads:
        self.promise = Promise(self.task_id)
        self.initiative = self.initiative_id and Initiative(self.initiative_id)
        self.mentions = mentioned(
            beneficiaryId=self.beneficiary_id and Person(self.beneficiary_id),
            outcomeId=self.outcome_id and Outcome(self.outcome_id),
            initiativeId=self.initiative,
        )
        self.departure = Departure(self.issued.person_id) if self.issued.person_id else None
        yield [self.promise, *self.mentions.values(), *([self.departure] if self.departure else [])]

    def execute(self) -> None:
        promiser_id = acting(self.issued)
        check_stays(self.departure)
        if self.promise.state:
            raise Refused(ALREADY_EXISTS, "Choose another id: a task has this one.", "taskId")
        check_purpose(self.outcome_id, self.initiative_id, self.serves_nothing)
        check_mentions(self.mentions)
        self.emit(
            TaskCommitted(
                task_id=self.task_id,
                title=self.title,
                due_on=self.due_on,
                promiser_id=promiser_id,
                beneficiary_id=self.beneficiary_id or promiser_id,
                conditions=self.conditions,
                effort=self.effort,
                outcome_id=self.initiative.outcome_id if self.initiative else self.outcome_id,
                serves_nothing=self.serves_nothing,
                initiative_id=self.initiative_id,
                recurs=self.recurs,
            )
        )


class TaskCommand(Command):
    """What all commands about a task that is there have in common: they know the promise, and what R6 lets happen."""

    entity: ClassVar[str] = "task_id"

    task_id: TaskId

    def reads(self) -> Reads:
        self.promise = Promise(self.task_id)
        yield [self.promise]

    def let_terms_lapse(self) -> None:
        """Terms that wait for consent are overtaken by what is done."""
        if self.promise.proposed is not None:
            self.emit(TermsLapsed(task_id=self.task_id, outcome_id=self.promise.outcome_id))

    def answer_for_all(self, promiser_id: UUID | None) -> None:
        """Who promises contributes no longer: they answer for all of it."""
        if promiser_id and promiser_id in self.promise.contributor_ids:
            outcome_id = self.promise.outcome_id
            self.emit(ContributionEnded(task_id=self.task_id, contributor_id=promiser_id, outcome_id=outcome_id))


class TermsCommand(TaskCommand, kw_only=True):
    """What commands that propose other terms have in common; what is left out stays as it is."""

    title: Title | None = None
    conditions: Text | None = None
    due_on: date | None = None
    effort: Effort | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.effort is not None:
            checked_between(self.effort, 0, MOST_EFFORT, "effort")

    def other_than(self, was: Terms) -> Terms:
        """The terms with what is proposed."""
        return Terms(
            title=self.title or was.title,
            conditions=was.conditions if self.conditions is None else self.conditions,
            due_on=self.due_on or was.due_on,
            effort=was.effort if self.effort is None else self.effort,
        )


class AskedCommand(TaskCommand):
    """What the answers to a request have in common: where a team was asked, any of its members gives them."""

    def reads(self) -> Reads:
        yield from super().reads()
        self.membership: Membership | None = None
        if self.promise.team_id and self.issued.person_id:
            self.membership = Membership(self.issued.person_id, self.promise.team_id)
            yield [self.membership]

    def admit_asked(self) -> None:
        """Refuses whoever was not asked."""
        member = self.membership is not None and self.membership.joined
        admit(self.promise, self, {Party.PROMISER} if member else ())


class AcceptTask(AskedCommand):
    """Promise what you were asked for, or what any of your team was asked for (R5): only the promiser can."""

    def execute(self) -> None:
        self.admit_asked()
        person_id, outcome_id = acting(self.issued), self.promise.outcome_id
        if team_id := self.promise.team_id:
            self.emit(TaskTaken(task_id=self.task_id, team_id=team_id, promiser_id=person_id, outcome_id=outcome_id))
        else:
            self.emit(TaskAccepted(task_id=self.task_id, promiser_id=person_id, outcome_id=outcome_id))
        self.answer_for_all(person_id)


class DeclineTask(AskedCommand):
    """Do not promise what you were asked for, or your team was, and say why (R6)."""

    reason: Reason

    def execute(self) -> None:
        self.admit_asked()
        self.let_terms_lapse()
        self.emit(TaskDeclined(task_id=self.task_id, reason=self.reason, outcome_id=self.promise.outcome_id))


class CounterTask(TermsCommand):
    """Say on which other terms you would promise what you were asked for; whoever asks agrees to them or not (R6).

    Agreed at once where the promise is to yourself. Refused where the terms are those that you were asked for.
    """

    reason: Reason | None = None

    def execute(self) -> None:
        was = admit(self.promise, self)
        terms = self.other_than(was)
        if terms == was:
            raise Refused(INVALID, "Say what is to be otherwise, or accept the task as it is.", "dueOn")
        countered = TaskCountered(
            task_id=self.task_id,
            proposer_id=acting(self.issued),
            title=terms.title,
            due_on=terms.due_on,
            reason=self.reason,
            conditions=terms.conditions,
            effort=terms.effort,
            outcome_id=self.promise.outcome_id,
        )
        self.emit(countered)
        if self.promise.own:
            self.emit(agreed(CounterAgreed, countered, was.due_on))
            self.answer_for_all(countered.proposer_id)


class WithdrawRequest(TaskCommand):
    """Ask no longer for a promise that nobody has made (R6)."""

    def execute(self) -> None:
        admit(self.promise, self)
        self.let_terms_lapse()
        self.emit(RequestWithdrawn(task_id=self.task_id, outcome_id=self.promise.outcome_id))


class RenegotiateTask(TermsCommand):
    """Propose other terms and say why; the old ones stand until the other party agrees (R5).

    Agreed at once where the promise is to yourself. Refused while other terms wait for consent.
    """

    reason: Reason

    def execute(self) -> None:
        was = admit(self.promise, self)
        promise, terms = self.promise, self.other_than(was)
        if promise.proposed is not None:
            raise Refused(TERMS_OPEN, "Have the terms agreed or refused that are waiting for consent.", "taskId")
        proposed = TermsProposed(
            task_id=self.task_id,
            proposer_id=acting(self.issued),
            title=terms.title,
            due_on=terms.due_on,
            reason=self.reason,
            conditions=terms.conditions,
            effort=terms.effort,
            outcome_id=promise.outcome_id,
        )
        self.emit(proposed)
        if promise.own and proposed.proposer_id == promise.promiser_id:
            self.emit(agreed(TermsAgreed, proposed, was.due_on))


def agreed(
    kind: type[TermsAgreed | CounterAgreed], proposed: TermsProposed | TaskCountered, former_due_on: date
) -> TermsAgreed | CounterAgreed:
    """The proposed terms, in force."""
    return kind(
        task_id=proposed.task_id,
        title=proposed.title,
        due_on=proposed.due_on,
        former_due_on=former_due_on,
        conditions=proposed.conditions,
        effort=proposed.effort,
        outcome_id=proposed.outcome_id,
    )


class AgreeTerms(TaskCommand):
    """Agree to the terms that the other party proposed, or countered your request with (R5)."""

    def execute(self) -> None:
        was = admit(self.promise, self)
        kind = CounterAgreed if self.promise.state is State.COUNTERED else TermsAgreed
        self.emit(agreed(kind, self.promise.demand_open(), was.due_on))
        self.answer_for_all(self.promise.promiser_id)


class RefuseTerms(TaskCommand):
    """Do not agree to the terms that the other party proposed; the old ones stand, or the request does (R5)."""

    reason: Reason | None = None

    def execute(self) -> None:
        admit(self.promise, self)
        kind = CounterRefused if self.promise.state is State.COUNTERED else TermsRefused
        self.emit(kind(task_id=self.task_id, reason=self.reason, outcome_id=self.promise.outcome_id))


class KeepingCommand(TaskCommand):
    """What the commands that may keep a promise have in common: a standing one is made again."""

    def reads(self) -> Reads:
        yield from super().reads()
        self.again = Again(self.promise)
        yield self.again.folds()

    def keep(self) -> None:
        """The promise is kept."""
        self.emit(DeliveryAccepted(task_id=self.task_id, outcome_id=self.promise.outcome_id))
        for committed in self.again.decide(self.issued):
            self.emit(committed)


class DeliverTask(KeepingCommand):
    """Deliver what was promised, and link what shows it; kept at once where the promise was to yourself (R6).

    On the promiser's own day, unless said otherwise. Terms that still wait for consent lapse.
    """

    evidence: Text | None = None
    delivered_on: date | None = None
    links: Shown = ()

    def reads(self) -> Reads:
        reads = super().reads()
        self.preferences = Preferences(self.issued.person_id) if self.issued.person_id else None
        yield [*next(reads), *([self.preferences] if self.preferences else [])]
        yield from reads

    def execute(self) -> None:
        admit(self.promise, self)
        today = self.preferences.day(self.issued) if self.preferences else self.issued.today
        delivered_on = self.delivered_on or today
        if delivered_on > today:
            raise Refused(DAY_IN_FUTURE, "Give a day that has come.", "deliveredOn")
        outcome_id = self.promise.outcome_id
        self.let_terms_lapse()
        self.emit(
            TaskDelivered(
                task_id=self.task_id,
                delivered_on=delivered_on,
                evidence=self.evidence,
                outcome_id=outcome_id,
                links=self.links,
            )
        )
        if self.promise.own:
            self.keep()


class AcceptDelivery(KeepingCommand):
    """Say that what was delivered is what was promised (R6)."""

    def execute(self) -> None:
        admit(self.promise, self)
        self.keep()


class ReturnDelivery(TaskCommand):
    """Say why what was delivered is not what was promised; the promise stands, and the return is counted (R6).

    Refused where the promiser has left, for nobody would be bound by it (R14).
    """

    reason: Reason

    def reads(self) -> Reads:
        yield from super().reads()
        self.departure: Departure | None = None
        if self.promise.promiser_id:
            self.departure = Departure(self.promise.promiser_id)
            yield [self.departure]

    def execute(self) -> None:
        admit(self.promise, self)
        if self.departure and self.departure.left:
            sentence = "Accept the delivery, and ask somebody else for what it lacks: who promised it has left."
            raise Refused(PERSON_LEFT, sentence, "taskId")
        self.emit(DeliveryReturned(task_id=self.task_id, reason=self.reason, outcome_id=self.promise.outcome_id))


class ReleaseTask(TaskCommand):
    """Say that you need no longer what you were promised, and why: the promiser is bound no more (R6).

    Terms that still wait for consent lapse.
    """

    reason: Reason

    def execute(self) -> None:
        admit(self.promise, self)
        self.let_terms_lapse()
        self.emit(TaskReleased(task_id=self.task_id, reason=self.reason, outcome_id=self.promise.outcome_id))


class BreakCommitment(TaskCommand):
    """Say that you will not keep the promise, and why (R6). Terms that still wait for consent lapse."""

    reason: Reason

    def execute(self) -> None:
        admit(self.promise, self)
        self.let_terms_lapse()
        self.emit(CommitmentBroken(task_id=self.task_id, reason=self.reason, outcome_id=self.promise.outcome_id))
