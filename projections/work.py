"""What bundles tasks, which of them wait for which, who contributes to them, and their checklists."""

from collections.abc import Iterator

from domain.checklists import CheckAdded, CheckDropped, CheckTicked, CheckUnticked
from domain.initiatives import InitiativeAssigned, InitiativeEnded, InitiativePlanned, InitiativeRevised
from domain.promises import ContributionBegun, ContributionEnded
from domain.waiting import TaskWaits, TaskWaitsNoLonger
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

INITIATIVE = Table(
    "initiative",
    ("outcome_id", "title", "description", "owner_id", "starts_on", "due_on", "state", "ended_on", "end_reason"),
)
TASK_WAIT = Table("task_wait", ("task_id", "awaited_id", "waits_since"))
TASK_CONTRIBUTOR = Table("task_contributor", ("task_id", "person_id", "begun_on"))
TASK_CHECK = Table("task_check", ("task_id", "title", "place", "added_on", "ticked_on", "ticked_by_id"))
TABLES = (INITIATIVE, TASK_WAIT, TASK_CONTRIBUTOR, TASK_CHECK)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What an initiative becomes, and what stands beside a task."""
    for part in (_bundled, _shared, _checked):
        yield from part(recorded)


def _bundled(recorded: Recorded) -> Iterator[Revision]:
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


def _shared(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case ContributionBegun() as event:
            yield insert(
                TASK_CONTRIBUTOR,
                link_id("contributes", event.task_id, event.contributor_id),
                task_id=event.task_id,
                person_id=event.contributor_id,
                begun_on=recorded.day,
            )
        case ContributionEnded() as event:
            yield end(TASK_CONTRIBUTOR, link_id("contributes", event.task_id, event.contributor_id))
        case _:
            return


def _checked(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case CheckAdded() as event:
            yield insert(
                TASK_CHECK,
                event.check_id,
                task_id=event.task_id,
                title=event.title,
                place=recorded.position,
                added_on=recorded.day,
            )
        case CheckTicked() as event:
            yield revise(TASK_CHECK, event.check_id, ticked_on=recorded.day, ticked_by_id=event.person_id)
        case CheckUnticked() as event:
            yield revise(TASK_CHECK, event.check_id, ticked_on=None, ticked_by_id=None)
        case CheckDropped() as event:
            yield end(TASK_CHECK, event.check_id)
        case _:
            return
