"""The ladders of steps by which open facts go to others, and what went to whom by them."""

from collections.abc import Iterator

import msgspec

from domain.escalation import EscalationSet
from domain.timekeeping_escalation import OutcomeEscalated, TaskEscalated
from projections.rows import Recorded, Revision, Table, end, insert, link_id

ESCALATION_LADDER = Table("escalation_ladder", ("steps", "reason", "team_id"))
ESCALATION = Table(
    "escalation",
    (
        "fact",
        "task_id",
        "serves_id",
        "outcome_id",
        "check_in_id",
        "stands_since",
        "days",
        "receiver",
        "holder_id",
        "noted_on",
    ),
    only_added=True,
)
ESCALATED_TO = Table("escalated_to", ("escalation_id", "person_id", "outcome_id"), only_added=True)
TABLES = (ESCALATION_LADDER, ESCALATION, ESCALATED_TO)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """A ladder bears the id of its holder."""
    match recorded.event:
        case EscalationSet(steps=None) as event:
            yield end(ESCALATION_LADDER, event.holder_id)
        case EscalationSet() as event:
            yield insert(
                ESCALATION_LADDER,
                event.holder_id,
                steps=msgspec.json.encode(event.steps).decode(),
                reason=event.reason,
                team_id=event.team_id,
            )
        case TaskEscalated() as event:
            yield from _went(recorded, event)
        case OutcomeEscalated() as event:
            yield from _went(recorded, event)
        case _:
            return


def _went(recorded: Recorded, event: TaskEscalated | OutcomeEscalated) -> Iterator[Revision]:
    of_task = isinstance(event, TaskEscalated)
    yield insert(
        ESCALATION,
        recorded.event_id,
        fact=event.fact.value,
        task_id=event.task_id if of_task else None,
        serves_id=event.outcome_id if of_task else None,
        outcome_id=None if of_task else event.outcome_id,
        check_in_id=None if of_task else event.check_in_id,
        stands_since=event.stands_since,
        days=event.days,
        receiver=event.to.value,
        holder_id=event.holder_id,
        noted_on=recorded.day,
    )
    for person_id in event.person_ids:
        row_id = link_id("escalated", recorded.event_id, person_id)
        yield insert(
            ESCALATED_TO, row_id, escalation_id=recorded.event_id, person_id=person_id, outcome_id=event.outcome_id
        )
