"""Who promised what to whom, and what became of it."""

from collections.abc import Iterator

import msgspec

from domain.promises import (
    AskedTeamReplaced,
    BeneficiaryReplaced,
    CommitmentBroken,
    CounterAgreed,
    CounterRefused,
    DeliveryAccepted,
    DeliveryReturned,
    RequestWithdrawn,
    TaskAccepted,
    TaskBlocked,
    TaskCommitted,
    TaskCountered,
    TaskDeclined,
    TaskDelivered,
    TaskReassigned,
    TaskReleased,
    TaskRelinked,
    TaskRequested,
    TaskTaken,
    TaskUnblocked,
    TermsAgreed,
    TermsLapsed,
    TermsProposed,
    TermsRefused,
)
from domain.timekeeping_work import AcceptancePassed, BlockAged, DuePassed
from projections.rows import Plus, Recorded, Revision, Table, end, insert, link_id, revise

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
        "first_promiser_id",
        "beneficiary_id",
        "requester_id",
        "team_id",
        "initiative_id",
        "outcome_id",
        "serves_nothing",
        "requested_on",
        "committed_on",
        "delivered_on",
        "delivery_links",
        "acceptance_passed_on",
        "ended_on",
        "end_reason",
        "returns",
        "renegotiations",
        "recurs_every",
        "recurs_unit",
        "recurs_until",
        "former_id",
    ),
)
FORMER_DUE = Table("former_due", ("task_id", "due_on", "replaced_on"), only_added=True)
PROPOSED_TERMS = Table(
    "proposed_terms", ("task_id", "proposer_id", "title", "conditions", "due_on", "effort", "reason", "state")
)
TASK_BLOCK = Table(
    "task_block",
    (
        "task_id",
        "kind",
        "waiting_for_person_id",
        "waiting_for_team_id",
        "waiting_for",
        "next_action",
        "act_by",
        "blocked_on",
        "aged_on",
    ),
)
DUE_PASSED = Table("due_passed", ("task_id", "due_on", "noted_on"), only_added=True)
TABLES = (TASK, FORMER_DUE, PROPOSED_TERMS, TASK_BLOCK, DUE_PASSED)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a task becomes."""
    for part in (_begun, _moved_on, _ended, _handed_over, _terms, _blocked, _passed):
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
        first_promiser_id=event.promiser_id,
        beneficiary_id=event.beneficiary_id,
        requester_id=event.requester_id if asked else None,
        team_id=event.team_id if asked else None,
        initiative_id=event.initiative_id,
        outcome_id=event.outcome_id,
        serves_nothing=event.serves_nothing,
        requested_on=recorded.day if asked else None,
        committed_on=None if asked else recorded.day,
        returns=0,
        renegotiations=0,
        recurs_every=event.recurs.every if event.recurs else None,
        recurs_unit=event.recurs.unit.value if event.recurs else None,
        recurs_until=event.recurs.until if event.recurs else None,
        former_id=None if asked else event.former_id,
    )


def _moved_on(recorded: Recorded) -> Iterator[Revision]:
    day = recorded.day
    match recorded.event:
        case TaskAccepted() as event:
            yield revise(TASK, event.task_id, state="COMMITTED", committed_on=day)
        case TaskTaken() as event:
            yield revise(
                TASK,
                event.task_id,
                state="COMMITTED",
                committed_on=day,
                promiser_id=event.promiser_id,
                first_promiser_id=event.promiser_id,
            )
        case TaskCountered() as event:
            yield revise(TASK, event.task_id, state="COUNTERED")
        case CounterRefused() as event:
            yield revise(TASK, event.task_id, state="REQUESTED")
        case TaskDelivered() as event:
            yield revise(
                TASK,
                event.task_id,
                state="DELIVERED",
                delivered_on=event.delivered_on,
                delivery_links=msgspec.json.encode(event.links).decode(),
                acceptance_passed_on=None,
            )
        case DeliveryReturned() as event:
            yield revise(
                TASK,
                event.task_id,
                state="COMMITTED",
                delivered_on=None,
                delivery_links=None,
                acceptance_passed_on=None,
                returns=Plus(),
            )
        case TaskRelinked() as event:
            yield revise(
                TASK,
                event.task_id,
                outcome_id=event.outcome_id,
                initiative_id=event.initiative_id,
                serves_nothing=event.serves_nothing,
            )
        case _:
            return


def _ended(recorded: Recorded) -> Iterator[Revision]:
    day = recorded.day
    match recorded.event:
        case DeliveryAccepted() as event:
            yield revise(TASK, event.task_id, state="KEPT", ended_on=day)
        case TaskDeclined() as event:
            yield revise(TASK, event.task_id, state="DECLINED", ended_on=day, end_reason=event.reason)
        case RequestWithdrawn() as event:
            yield revise(TASK, event.task_id, state="WITHDRAWN", ended_on=day)
        case TaskReleased() as event:
            yield revise(TASK, event.task_id, state="RELEASED", ended_on=day, end_reason=event.reason)
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
                team_id=None,
                requested_on=recorded.day,
                committed_on=None,
                recurs_every=None,
                recurs_unit=None,
                recurs_until=None,
            )
        case AskedTeamReplaced() as event:
            yield revise(TASK, event.task_id, team_id=event.team_id)
            return
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
        case TermsProposed() | TaskCountered() as event:
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
            yield from _agreed(event, recorded)
            yield revise(TASK, event.task_id, renegotiations=Plus())
        case CounterAgreed() as event:
            yield from _agreed(event, recorded)
            yield revise(TASK, event.task_id, state="COMMITTED", committed_on=recorded.day, first_due_on=event.due_on)
        case TermsRefused() | CounterRefused() as event:
            yield revise(PROPOSED_TERMS, link_id("proposed", event.task_id), state="REFUSED")
        case TermsLapsed() as event:
            yield revise(PROPOSED_TERMS, link_id("proposed", event.task_id), state="LAPSED")
        case _:
            return


def _agreed(event: TermsAgreed | CounterAgreed, recorded: Recorded) -> Iterator[Revision]:
    yield revise(PROPOSED_TERMS, link_id("proposed", event.task_id), state="AGREED")
    yield revise(
        TASK,
        event.task_id,
        title=event.title,
        conditions=event.conditions,
        due_on=event.due_on,
        effort=event.effort,
    )
    if event.due_on != event.former_due_on:
        yield insert(
            FORMER_DUE,
            link_id("former", event.task_id, str(recorded.position)),
            task_id=event.task_id,
            due_on=event.former_due_on,
            replaced_on=recorded.day,
        )


def _blocked(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case TaskBlocked() as event:
            yield insert(
                TASK_BLOCK,
                link_id("block", event.task_id),
                task_id=event.task_id,
                kind=event.kind.value,
                waiting_for_person_id=event.waiting_for_person_id,
                waiting_for_team_id=event.waiting_for_team_id,
                waiting_for=event.waiting_for,
                next_action=event.next_action,
                act_by=event.act_by,
                blocked_on=recorded.day,
            )
        case TaskUnblocked() | TaskDelivered() | TaskReleased() | CommitmentBroken() | TaskReassigned() as event:
            yield end(TASK_BLOCK, link_id("block", event.task_id))
        case _:
            return


def _passed(recorded: Recorded) -> Iterator[Revision]:
    day = recorded.day
    match recorded.event:
        case DuePassed() as event:
            passed_id = link_id("passed", event.task_id, str(event.due_on))
            yield insert(DUE_PASSED, passed_id, task_id=event.task_id, due_on=event.due_on, noted_on=day)
        case AcceptancePassed() as event:
            yield revise(TASK, event.task_id, acceptance_passed_on=day)
        case BlockAged() as event:
            yield revise(TASK_BLOCK, link_id("block", event.task_id), aged_on=day)
        case _:
            return
