"""What became of a task: the events of R6's table, and the promise as they leave it."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import NO_TERMS_OPEN, NOT_FOUND, PERSON_REQUIRED, TASK_NOT_IN_STATE, Code
from domain.kernel import (
    OF_FORMER_BENEFICIARY,
    OF_FORMER_PROMISER,
    OWN,
    BeneficiaryId,
    Event,
    Fold,
    Issued,
    OutcomeId,
    PromiserId,
    Refused,
    RequesterId,
    TaskId,
)
from domain.values import Effort, Reason, Text, Title


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised: what, under which conditions it counts, until when, at what effort."""

    title: str
    conditions: str | None
    due_on: date
    effort: Effort | None


class TaskRequested(Event, frozen=True, tag="task.requested"):
    """Somebody was asked for a promise; it binds nobody yet."""

    task_id: TaskId
    title: Title
    due_on: date
    promiser_id: PromiserId
    beneficiary_id: BeneficiaryId
    requester_id: RequesterId
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None


class TaskCommitted(Event, frozen=True, tag="task.committed"):
    """Somebody promised, unasked."""

    task_id: TaskId
    title: Title
    due_on: date
    promiser_id: PromiserId
    beneficiary_id: BeneficiaryId
    conditions: Text | None = None
    effort: Effort | None = None
    outcome_id: OutcomeId | None = None
    serves_nothing: Reason | None = None


class TaskAccepted(Event, frozen=True, tag="task.accepted"):
    """Who was asked promised."""

    task_id: TaskId
    promiser_id: PromiserId
    outcome_id: OutcomeId | None = None


class TaskDeclined(Event, frozen=True, tag="task.declined"):
    """Who was asked did not promise, and said why."""

    task_id: TaskId
    reason: Annotated[Reason, OWN]
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


class TaskDelivered(Event, frozen=True, tag="task.delivered"):
    """The promiser delivered."""

    task_id: TaskId
    delivered_on: date
    evidence: Annotated[Text, OWN] | None = None
    outcome_id: OutcomeId | None = None


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


class TaskReassigned(Event, frozen=True, tag="task.reassigned"):
    """Somebody else is asked for the promise; it binds them once they accept (R5)."""

    task_id: TaskId
    from_promiser_id: PromiserId
    promiser_id: PromiserId
    requester_id: RequesterId  # who asks from now on
    reason: Annotated[Reason, OF_FORMER_PROMISER]
    terms_lapsed: bool = False  # whether new terms that waited for consent lapse
    outcome_id: OutcomeId | None = None


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


PromiseEvent = (
    TaskRequested
    | TaskCommitted
    | TaskAccepted
    | TaskDeclined
    | RequestWithdrawn
    | TermsProposed
    | TermsAgreed
    | TermsRefused
    | TaskDelivered
    | DeliveryAccepted
    | DeliveryReturned
    | CommitmentBroken
    | TaskReassigned
    | BeneficiaryReplaced
)


class State(StrEnum):
    """Where a task stands (R6)."""

    REQUESTED = "REQUESTED"
    COMMITTED = "COMMITTED"
    DELIVERED = "DELIVERED"
    KEPT = "KEPT"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    BROKEN = "BROKEN"


class Promise(Fold[PromiseEvent]):
    """A task: its parties, its terms, its state, and the terms that wait for consent."""

    def __init__(self, task_id: UUID) -> None:
        super().__init__(task=task_id)
        self.task_id = task_id
        self.state: State | None = None
        self.terms: Terms | None = None
        self.proposed: TermsProposed | None = None
        self.promiser_id: UUID | None = None
        self.beneficiary_id: UUID | None = None
        self.requester_id: UUID | None = None
        self.outcome_id: UUID | None = None

    def fold(self, event: PromiseEvent) -> None:  # noqa: C901, PLR0912 - one arm an event, each a line
        match event:
            case TaskRequested():
                self._begin(event, State.REQUESTED)
                self.requester_id = event.requester_id
            case TaskCommitted():
                self._begin(event, State.COMMITTED)
            case TaskAccepted():
                self.state = State.COMMITTED
            case TaskDeclined():
                self.state = State.DECLINED
            case RequestWithdrawn():
                self.state = State.WITHDRAWN
            case TermsProposed():
                self.proposed = event
            case TermsAgreed():
                self.terms, self.proposed = _terms(event), None
            case TermsRefused():
                self.proposed = None
            case TaskDelivered():
                self.state, self.proposed = State.DELIVERED, None  # what was open lapses
            case DeliveryAccepted():
                self.state = State.KEPT
            case DeliveryReturned():
                self.state = State.COMMITTED
            case CommitmentBroken():
                self.state, self.proposed = State.BROKEN, None
            case TaskReassigned():
                self.state, self.proposed = State.REQUESTED, None
                self.promiser_id, self.requester_id = event.promiser_id, event.requester_id
            case BeneficiaryReplaced():
                self.beneficiary_id = event.beneficiary_id
                self.requester_id = event.requester_id or self.requester_id
                self.proposed = None if event.terms_lapsed else self.proposed

    def _begin(self, event: TaskRequested | TaskCommitted, state: State) -> None:
        self.state, self.terms = state, _terms(event)
        self.promiser_id, self.beneficiary_id = event.promiser_id, event.beneficiary_id
        self.outcome_id = event.outcome_id

    @property
    def own(self) -> bool:
        """Whether promiser and beneficiary are one: then nobody else has to consent."""
        return self.promiser_id == self.beneficiary_id

    def is_beneficiary(self, person_id: UUID) -> bool:
        """The beneficiary, or who asked on their behalf: either may do what R6 gives to one of them."""
        return person_id in {self.beneficiary_id, self.requester_id}

    def demand(self, *states: State) -> Terms:
        """The terms in force; refuses a task that is not there or stands elsewhere."""
        if self.state is None or self.terms is None:
            raise Refused(NOT_FOUND, "There is no such task: request it or commit to it first.", "taskId")
        if self.state not in states:
            wanted = " or ".join(state.value.lower() for state in states)
            sentence = f"This is done to a task that is {wanted}; this one is {self.state.value.lower()}."
            raise Refused(TASK_NOT_IN_STATE, sentence, "taskId")
        return self.terms

    def demand_open(self) -> TermsProposed:
        """The terms that wait for consent; refuses where none do."""
        if self.proposed is None:
            raise Refused(NO_TERMS_OPEN, "Propose new terms first: none are waiting for consent.", "taskId")
        return self.proposed


def _terms(event: TaskRequested | TaskCommitted | TermsAgreed) -> Terms:
    return Terms(title=event.title, conditions=event.conditions, due_on=event.due_on, effort=event.effort)


def acting(issued: Issued) -> UUID:
    """The person who acts; refuses a key that stands for none."""
    if issued.person_id is None:
        raise Refused(PERSON_REQUIRED, "Use the key of a person: promises are made and kept by somebody.")
    return issued.person_id


def demand_party(holds: bool, code: Code, who: str) -> None:
    """Refuses whoever is not the party that R6 gives this to."""
    if not holds:
        raise Refused(code, f"Ask the {who} to do this.", "taskId")
