"""What became of a task: the events of R6's table, and the promise as they leave it."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.codes import NO_TERMS_OPEN, NOT_FOUND, PERSON_REQUIRED
from domain.evidence import Shown
from domain.kernel import (
    OF_FORMER_BENEFICIARY,
    OF_FORMER_PROMISER,
    OWN,
    BeneficiaryId,
    ContributorId,
    Event,
    Fold,
    FormerTaskId,
    InitiativeId,
    Issued,
    OutcomeId,
    PersonId,
    PromiserId,
    Refused,
    RequesterId,
    TaskId,
    TeamId,
)
from domain.recurrence import Recurrence, Series
from domain.values import Effort, Reason, Text, Title


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised: what, under which conditions it counts, until when, at what effort."""

    title: str
    conditions: str | None
    due_on: date
    effort: Effort | None


class TaskRequested(Event, frozen=True, kw_only=True, tag="task.requested"):
    """Somebody, or any one of a team, was asked for a promise; it binds nobody yet."""

    version: ClassVar[int] = 3

    task_id: TaskId
    title: Title
    due_on: date
    promiser_id: PromiserId | None = None
    beneficiary_id: BeneficiaryId
    requester_id: RequesterId
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None
    team_id: TeamId | None = None
    initiative_id: InitiativeId | None = None
    recurs: Recurrence | None = None


class TaskCommitted(Event, frozen=True, tag="task.committed"):
    """Somebody promised, unasked, or again, as they do each time that they keep a standing promise."""

    version: ClassVar[int] = 3

    task_id: TaskId
    title: Title
    due_on: date
    promiser_id: PromiserId
    beneficiary_id: BeneficiaryId
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None
    initiative_id: InitiativeId | None = None
    recurs: Recurrence | None = None
    former_id: FormerTaskId | None = None  # the promise that was kept, and that this one follows
    first_due_on: date | None = None  # of the first promise of all, where this one follows another


class TaskAccepted(Event, frozen=True, tag="task.accepted"):
    """Who was asked promised."""

    task_id: TaskId
    promiser_id: PromiserId
    outcome_id: OutcomeId | None = None


class TaskTaken(Event, frozen=True, tag="task.taken"):
    """One of the team that was asked promised."""

    task_id: TaskId
    team_id: TeamId
    promiser_id: PromiserId
    outcome_id: OutcomeId | None = None


class TaskDeclined(Event, frozen=True, tag="task.declined"):
    """Who was asked did not promise, and said why."""

    task_id: TaskId
    reason: Annotated[Reason, OWN]
    outcome_id: OutcomeId | None = None


class TaskCountered(Event, frozen=True, tag="task.countered"):
    """Who was asked would promise on other terms; they bind nobody until whoever asks agrees."""

    task_id: TaskId
    proposer_id: UUID  # the promiser, whose tag stands on the event that asked them
    title: Title
    due_on: date
    reason: Annotated[Reason, OWN] | None = None
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None


class CounterAgreed(Event, frozen=True, tag="task.counter-agreed"):
    """Who asked agreed to the countered terms: by them the promiser is bound; the day asked for is told beside them."""

    task_id: TaskId
    title: Title
    due_on: date
    former_due_on: date
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None


class CounterRefused(Event, frozen=True, tag="task.counter-refused"):
    """Who asked did not agree to the countered terms; they ask as before."""

    task_id: TaskId
    reason: Annotated[Reason, OWN] | None = None
    outcome_id: OutcomeId | None = None


class RequestWithdrawn(Event, frozen=True, tag="task.request-withdrawn"):
    """Who asked does so no longer."""

    task_id: TaskId
    outcome_id: OutcomeId | None = None


class TermsProposed(Event, frozen=True, tag="task.terms-proposed"):
    """One party proposed other terms; until the other agrees the old ones stand."""

    task_id: TaskId
    proposer_id: UUID  # one of the parties, whose tags stand on the event that made the task
    title: Title
    due_on: date
    reason: Annotated[Reason, OWN]
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None


class TermsAgreed(Event, frozen=True, tag="task.terms-agreed"):
    """New terms are in force; the former due date is told beside them."""

    task_id: TaskId
    title: Title
    due_on: date
    former_due_on: date
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None


class TermsRefused(Event, frozen=True, tag="task.terms-refused"):
    """The other party did not agree; the old terms stand."""

    task_id: TaskId
    reason: Annotated[Reason, OWN] | None = None
    outcome_id: OutcomeId | None = None


class TermsLapsed(Event, frozen=True, tag="task.terms-lapsed"):
    """Terms that waited for consent wait no longer: what became of the task has overtaken them."""

    task_id: TaskId
    outcome_id: OutcomeId | None = None


class TaskDelivered(Event, frozen=True, tag="task.delivered"):
    """The promiser delivered."""

    version: ClassVar[int] = 2

    task_id: TaskId
    delivered_on: date
    evidence: Annotated[Text, OWN] | None = None
    outcome_id: OutcomeId | None = None
    links: Shown = ()


class DeliveryAccepted(Event, frozen=True, tag="task.delivery-accepted"):
    """The promise was kept."""

    task_id: TaskId
    outcome_id: OutcomeId | None = None


class DeliveryReturned(Event, frozen=True, tag="task.delivery-returned"):
    """What was delivered is not what was promised; the promise stands."""

    task_id: TaskId
    reason: Annotated[Reason, OWN]
    outcome_id: OutcomeId | None = None


class CommitmentBroken(Event, frozen=True, tag="task.broken"):
    """The promiser will not keep the promise, and said why."""

    task_id: TaskId
    reason: Annotated[Reason, OWN]
    outcome_id: OutcomeId | None = None


class TaskReleased(Event, frozen=True, tag="task.released"):
    """Whoever was promised it needs it no longer, and said why: the promiser is bound no more."""

    task_id: TaskId
    reason: Annotated[Reason, OWN]
    outcome_id: OutcomeId | None = None


class TaskReassigned(Event, frozen=True, kw_only=True, tag="task.reassigned"):
    """Somebody else is asked for the promise; it binds them once they accept (R5)."""

    version: ClassVar[int] = 2

    task_id: TaskId
    from_promiser_id: PromiserId | None = None
    promiser_id: PromiserId
    requester_id: RequesterId  # who asks from now on
    reason: Annotated[Reason, OF_FORMER_PROMISER]
    terms_lapsed: bool = False  # whether new terms that waited for consent lapse
    outcome_id: OutcomeId | None = None
    from_team_id: TeamId | None = None  # where a team had been asked, and nobody had taken it


class BeneficiaryReplaced(Event, frozen=True, tag="task.beneficiary-replaced"):
    """Somebody else is promised it, or asks for it, in place of who was; what was promised stands."""

    task_id: TaskId
    from_beneficiary_id: BeneficiaryId
    beneficiary_id: BeneficiaryId
    reason: Annotated[Reason, OF_FORMER_BENEFICIARY]
    from_requester_id: RequesterId | None = None  # where who asked is replaced
    requester_id: RequesterId | None = None
    terms_lapsed: bool = False  # whether new terms that waited for consent lapse
    outcome_id: OutcomeId | None = None


class BlockKind(StrEnum):
    """What a task waits for while its promiser can't go on."""

    DECISION = "DECISION"
    INFORMATION = "INFORMATION"
    WORK = "WORK"
    CAPACITY = "CAPACITY"
    ACCESS = "ACCESS"
    OTHER = "OTHER"


class TaskBlocked(Event, frozen=True, tag="task.blocked"):
    """The promiser can't go on: why, waiting for whom, what is done about it and by when. The promise stands."""

    task_id: TaskId
    kind: BlockKind
    next_action: Text
    act_by: date
    waiting_for_person_id: PersonId | None = None
    waiting_for_team_id: TeamId | None = None
    waiting_for: Text | None = None  # somebody or something outside
    outcome_id: OutcomeId | None = None


class TaskUnblocked(Event, frozen=True, tag="task.unblocked"):
    """The promiser can go on."""

    task_id: TaskId
    outcome_id: OutcomeId | None = None


class TaskRelinked(Event, frozen=True, tag="task.relinked"):
    """A task serves another outcome from here on, or none and why."""

    task_id: TaskId
    from_outcome_id: OutcomeId | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None
    reason: Reason | None = None
    from_initiative_id: InitiativeId | None = None
    initiative_id: InitiativeId | None = None


class AskedTeamReplaced(Event, frozen=True, tag="task.team-replaced"):
    """Another team is asked for the promise, in place of one that is no more; it binds nobody yet."""

    task_id: TaskId
    from_team_id: TeamId
    team_id: TeamId
    outcome_id: OutcomeId | None = None


class ContributionBegun(Event, frozen=True, tag="task.contribution-begun"):
    """Somebody contributes to what another one has promised, of their own accord; who promised it answers for it."""

    task_id: TaskId
    contributor_id: ContributorId
    outcome_id: OutcomeId | None = None


class ContributionEnded(Event, frozen=True, tag="task.contribution-ended"):
    """Somebody contributes no longer, or answers for all of it from now on."""

    task_id: TaskId
    contributor_id: ContributorId
    outcome_id: OutcomeId | None = None


PromiseEvent = (
    TaskRequested
    | TaskCommitted
    | TaskAccepted
    | TaskTaken
    | TaskDeclined
    | TaskCountered
    | CounterAgreed
    | CounterRefused
    | RequestWithdrawn
    | TermsProposed
    | TermsAgreed
    | TermsRefused
    | TermsLapsed
    | TaskDelivered
    | DeliveryAccepted
    | DeliveryReturned
    | CommitmentBroken
    | TaskReleased
    | TaskBlocked
    | TaskUnblocked
    | TaskRelinked
    | TaskReassigned
    | BeneficiaryReplaced
    | AskedTeamReplaced
    | ContributionBegun
    | ContributionEnded
)


class State(StrEnum):
    """Where a task stands (R6)."""

    REQUESTED = "REQUESTED"
    COUNTERED = "COUNTERED"
    COMMITTED = "COMMITTED"
    DELIVERED = "DELIVERED"
    KEPT = "KEPT"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    RELEASED = "RELEASED"
    BROKEN = "BROKEN"


class Promise(Fold[PromiseEvent]):
    """A task: its parties, its terms, its state, and the terms that wait for consent."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)
        self.task_id = task_id
        self.state: State | None = None
        self.terms: Terms | None = None
        self.series: Series | None = None  # of a standing promise
        self.proposed: TermsProposed | TaskCountered | None = None
        self.blocked: TaskBlocked | None = None
        self.promiser_id: UUID | None = None
        self.beneficiary_id: UUID | None = None
        self.requester_id: UUID | None = None
        self.team_id: UUID | None = None  # that was asked, while nobody has taken it
        self.contributor_ids: set[UUID] = set()
        self.outcome_id: UUID | None = None
        self.initiative_id: UUID | None = None
        self.serves_nothing: str | None = None

    def fold(self, event: PromiseEvent) -> None:  # noqa: C901, PLR0912, PLR0915 - one arm an event, each a line
        match event:
            case TaskRequested():
                self._begin(event, State.REQUESTED)
                self.requester_id, self.team_id = event.requester_id, event.team_id
            case TaskCommitted():
                self._begin(event, State.COMMITTED)
            case TaskAccepted():
                self.state = State.COMMITTED
            case TaskTaken():
                self.state, self.promiser_id, self.team_id = State.COMMITTED, event.promiser_id, None
            case TaskDeclined():
                self._move(State.DECLINED)
            case TaskCountered():
                self.state, self.proposed = State.COUNTERED, event
            case CounterAgreed():
                self.state, self.terms, self.proposed = State.COMMITTED, _terms(event), None
                self.series = self.series and Series(
                    recurs=self.series.recurs, first_due_on=event.due_on, scheduled_on=event.due_on
                )
            case CounterRefused():
                self._move(State.REQUESTED)
            case RequestWithdrawn():
                self._move(State.WITHDRAWN)
            case TermsProposed():
                self.proposed = event
            case TermsAgreed():
                self.terms, self.proposed = _terms(event), None
            case TermsRefused() | TermsLapsed():
                self.proposed = None
            case TaskDelivered():
                self._move(State.DELIVERED)
            case DeliveryAccepted():
                self.state = State.KEPT
            case DeliveryReturned():
                self.state = State.COMMITTED
            case CommitmentBroken():
                self._move(State.BROKEN)
            case TaskReleased():
                self._move(State.RELEASED)
            case TaskBlocked():
                self.blocked = event
            case TaskUnblocked():
                self.blocked = None
            case TaskRelinked():
                self._serve(event)
            case TaskReassigned():
                self._move(State.REQUESTED)
                self.team_id = self.series = None
                self.promiser_id, self.requester_id = event.promiser_id, event.requester_id
            case BeneficiaryReplaced():
                self.beneficiary_id = event.beneficiary_id
                self.requester_id = event.requester_id or self.requester_id
                self.proposed = None if event.terms_lapsed else self.proposed
            case AskedTeamReplaced():
                self.team_id = event.team_id
            case ContributionBegun():
                self.contributor_ids.add(event.contributor_id)
            case ContributionEnded():
                self.contributor_ids.discard(event.contributor_id)

    def _begin(self, event: TaskRequested | TaskCommitted, state: State) -> None:
        self.state, self.terms = state, _terms(event)
        self.promiser_id, self.beneficiary_id = event.promiser_id, event.beneficiary_id
        if event.recurs:
            first = (event.first_due_on if isinstance(event, TaskCommitted) else None) or event.due_on
            self.series = Series(recurs=event.recurs, first_due_on=first, scheduled_on=event.due_on)
        self._serve(event)

    def _serve(self, event: TaskRequested | TaskCommitted | TaskRelinked) -> None:
        self.outcome_id, self.initiative_id = event.outcome_id, event.initiative_id
        self.serves_nothing = event.serves_nothing

    def _move(self, state: State) -> None:
        """Whatever waited for consent, or stood in the way, does so no longer."""
        self.state, self.proposed, self.blocked = state, None, None

    @property
    def own(self) -> bool:
        """Whether promiser and beneficiary are one: then nobody else has to consent."""
        return self.promiser_id == self.beneficiary_id

    def is_beneficiary(self, person_id: UUID) -> bool:
        """The beneficiary, or who asked on their behalf: either may do what R6 gives to one of them."""
        return person_id in {self.beneficiary_id, self.requester_id}

    def standing(self, field: str = "taskId") -> tuple[Terms, State]:
        """The terms in force and the state; refuses a task that is not there."""
        if self.state is None or self.terms is None:
            raise Refused(NOT_FOUND, "There is no such task: request it or commit to it first.", field)
        return self.terms, self.state

    def demand_open(self) -> TermsProposed | TaskCountered:
        """The terms that wait for consent; refuses where none do."""
        if self.proposed is None:
            raise Refused(NO_TERMS_OPEN, "Propose new terms first: none are waiting for consent.", "taskId")
        return self.proposed


def _terms(event: TaskRequested | TaskCommitted | TermsAgreed | CounterAgreed) -> Terms:
    return Terms(title=event.title, conditions=event.conditions, due_on=event.due_on, effort=event.effort)


def acting(issued: Issued) -> UUID:
    """The person who acts; refuses a key that stands for none."""
    if issued.person_id is None:
        raise Refused(PERSON_REQUIRED, "Use the key of a person: promises are made and kept by somebody.")
    return issued.person_id
