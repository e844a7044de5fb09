"""Who promised what to whom, and what became of it."""

from collections.abc import Iterator

from domain.promises import (
    BeneficiaryReplaced,
    CommitmentBroken,
    DeliveryAccepted,
    DeliveryReturned,
    RequestWithdrawn,
    TaskAccepted,
    TaskCommitted,
    TaskDeclined,
    TaskDelivered,
    TaskReassigned,
    TaskRequested,
    TermsAgreed,
    TermsProposed,
    TermsRefused,
)
from projections.rows import Plus, Recorded, Revision, Table, insert, link_id, revise

TASK = Table(
    "task",
    (
        "title",
        "conditions",
        "due_on",
        "first_due_on",
        "effort",
        "state",
        "promiser_id",
        "beneficiary_id",
        "requester_id",
        "outcome_id",
        "serves_nothing",
        "requested_on",
        "committed_on",
        "delivered_on",
        "ended_on",
        "end_reason",
        "returns",
        "renegotiations",
    ),
)
FORMER_DUE = Table("former_due", ("task_id", "due_on", "replaced_on"), only_added=True)
PROPOSED_TERMS = Table(
    "proposed_terms", ("task_id", "proposer_id", "title", "conditions", "due_on", "effort", "reason", "state")
)
TABLES = (TASK, FORMER_DUE, PROPOSED_TERMS)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a task becomes."""
    for part in (_begun, _moved_on, _handed_over, _terms):
        yield from part(recorded)


def _begun(recorded: Recorded) -> Iterator[Revision]:
    event = recorded.event
    if not isinstance(event, TaskRequested | TaskCommitted):
        return
    asked = isinstance(event, TaskRequested)
    yield insert(
        TASK,
        event.task_id,
        title=event.title,
        conditions=event.conditions,
        due_on=event.due_on,
        first_due_on=event.due_on,
        effort=event.effort,
        state="REQUESTED" if asked else "COMMITTED",
        promiser_id=event.promiser_id,
        beneficiary_id=event.beneficiary_id,
        requester_id=event.requester_id if asked else None,
        outcome_id=event.outcome_id,
        serves_nothing=event.serves_nothing,
        requested_on=recorded.day if asked else None,
        committed_on=None if asked else recorded.day,
        returns=0,
        renegotiations=0,
    )


def _moved_on(recorded: Recorded) -> Iterator[Revision]:
    day = recorded.day
    match recorded.event:
        case TaskAccepted() as event:
            yield revise(TASK, event.task_id, state="COMMITTED", committed_on=day)
        case TaskDelivered() as event:
            yield revise(TASK, event.task_id, state="DELIVERED", delivered_on=event.delivered_on)
        case DeliveryAccepted() as event:
            yield revise(TASK, event.task_id, state="KEPT", ended_on=day)
        case DeliveryReturned() as event:
            yield revise(TASK, event.task_id, state="COMMITTED", delivered_on=None, returns=Plus())
        case TaskDeclined() as event:
            yield revise(TASK, event.task_id, state="DECLINED", ended_on=day, end_reason=event.reason)
        case RequestWithdrawn() as event:
            yield revise(TASK, event.task_id, state="WITHDRAWN", ended_on=day)
        case CommitmentBroken() as event:
            yield revise(TASK, event.task_id, state="BROKEN", ended_on=day, end_reason=event.reason)
        case _:
            return


def _handed_over(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case TaskReassigned() as event:
            yield revise(
                TASK,
                event.task_id,
                state="REQUESTED",
                promiser_id=event.promiser_id,
                requester_id=event.requester_id,
                requested_on=recorded.day,
                committed_on=None,
            )
        case BeneficiaryReplaced() as event:
            yield revise(TASK, event.task_id, beneficiary_id=event.beneficiary_id)
            if event.requester_id:
                yield revise(TASK, event.task_id, requester_id=event.requester_id)
        case _:
            return
    if event.terms_lapsed:
        yield revise(PROPOSED_TERMS, link_id("proposed", event.task_id), state="LAPSED")


def _terms(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case TermsProposed() as event:
            yield insert(
                PROPOSED_TERMS,
                link_id("proposed", event.task_id),
                task_id=event.task_id,
                proposer_id=event.proposer_id,
                title=event.title,
                conditions=event.conditions,
                due_on=event.due_on,
                effort=event.effort,
                reason=event.reason,
                state="OPEN",
            )
        case TermsAgreed() as event:
            yield revise(PROPOSED_TERMS, link_id("proposed", event.task_id), state="AGREED")
            yield revise(
                TASK,
                event.task_id,
                title=event.title,
                conditions=event.conditions,
                due_on=event.due_on,
                effort=event.effort,
                renegotiations=Plus(),
            )
            if event.due_on != event.former_due_on:
                yield insert(
                    FORMER_DUE,
                    link_id("former", event.task_id, str(recorded.position)),
                    task_id=event.task_id,
                    due_on=event.former_due_on,
                    replaced_on=recorded.day,
                )
        case TermsRefused() as event:
            yield revise(PROPOSED_TERMS, link_id("proposed", event.task_id), state="REFUSED")
        case _:
            return
