"""What bundles tasks, and which of them wait for which."""

from collections.abc import Iterator

from domain.initiatives import InitiativeAssigned, InitiativeEnded, InitiativePlanned, InitiativeRevised
from domain.waiting import TaskWaits, TaskWaitsNoLonger
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

INITIATIVE = Table(
    "initiative",
    ("outcome_id", "title", "description", "owner_id", "starts_on", "due_on", "state", "ended_on", "end_reason"),
)
TASK_WAIT = Table("task_wait", ("task_id", "awaited_id", "waits_since"))
TABLES = (INITIATIVE, TASK_WAIT)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What an initiative becomes, and what waits for what."""
    match recorded.event:
        case InitiativePlanned() as event:
            yield insert(
                INITIATIVE,
                event.initiative_id,
                outcome_id=event.outcome_id,
                title=event.title,
                description=event.description,
                owner_id=event.owner_id,
                starts_on=event.starts_on,
                due_on=event.due_on,
                state="OPEN",
            )
        case InitiativeRevised() as event:
            yield revise(
                INITIATIVE,
                event.initiative_id,
                title=event.title,
                description=event.description,
                owner_id=event.owner_id,
                starts_on=event.starts_on,
                due_on=event.due_on,
            )
        case InitiativeAssigned() as event:
            yield revise(INITIATIVE, event.initiative_id, owner_id=event.owner_id)
        case InitiativeEnded() as event:
            yield revise(
                INITIATIVE,
                event.initiative_id,
                state=event.ending.value,
                ended_on=recorded.day,
                end_reason=event.reason,
            )
        case TaskWaits() as event:
            wait_id = link_id("waits", event.task_id, event.awaited_id)
            yield insert(
                TASK_WAIT, wait_id, task_id=event.task_id, awaited_id=event.awaited_id, waits_since=recorded.day
            )
        case TaskWaitsNoLonger() as event:
            yield end(TASK_WAIT, link_id("waits", event.task_id, event.awaited_id))
        case _:
            return
