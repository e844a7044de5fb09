"""The dated points on the way of an outcome: their days, former ones too, what became of them, what waits for what."""

from collections.abc import Iterator

import msgspec

from domain.milestones import (
    MilestoneAssigned,
    MilestoneLinked,
    MilestoneMissed,
    MilestoneMoved,
    MilestoneReached,
    MilestoneRevised,
    MilestoneSet,
    MilestoneUnlinked,
    MilestoneWithdrawn,
)
from projections.rows import Plus, Recorded, Revision, Table, end, insert, link_id, revise

MILESTONE = Table(
    "milestone",
    (
        "outcome_id",
        "title",
        "due_on",
        "first_due_on",
        "moves",
        "weight",
        "owner_id",
        "state",
        "reached_on",
        "days_late",
        "days_early",
        "note",
        "evidence",
        "missed_on",
        "missed_because",
        "withdrawn_because",
        "initiative_id",
    ),
)
FORMER_DAY = Table("former_day", ("milestone_id", "outcome_id", "due_on", "replaced_on", "reason"), only_added=True)
AWAITED_MILESTONE = Table("awaited_milestone", ("milestone_id", "outcome_id", "awaited_id", "awaited_outcome_id"))
TABLES = (MILESTONE, FORMER_DAY, AWAITED_MILESTONE)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What milestones and the waits between them become."""
    for part in (_planned, _ended, _waits):
        yield from part(recorded)


def _planned(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case MilestoneSet() as event:
            yield insert(
                MILESTONE,
                event.milestone_id,
                outcome_id=event.outcome_id,
                title=event.title,
                due_on=event.due_on,
                first_due_on=event.due_on,
                moves=0,
                weight=event.weight,
                owner_id=event.owner_id,
                state="PLANNED",
                evidence="[]",
                initiative_id=event.initiative_id,
            )
        case MilestoneRevised() as event:
            yield revise(MILESTONE, event.milestone_id, title=event.title, weight=event.weight)
        case MilestoneMoved() as event:
            yield revise(
                MILESTONE,
                event.milestone_id,
                due_on=event.due_on,
                moves=Plus(),
                state="PLANNED",
                missed_on=None,
                missed_because=None,
            )
            yield insert(
                FORMER_DAY,
                link_id("former day", event.milestone_id, str(recorded.position)),
                milestone_id=event.milestone_id,
                outcome_id=event.outcome_id,
                due_on=event.former_due_on,
                replaced_on=recorded.day,
                reason=event.reason,
            )
        case MilestoneAssigned() as event:
            yield revise(MILESTONE, event.milestone_id, owner_id=event.owner_id)
        case _:
            return


def _ended(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case MilestoneReached() as event:
            yield revise(
                MILESTONE,
                event.milestone_id,
                state="REACHED",
                reached_on=event.reached_on,
                days_late=event.days_late,
                days_early=event.days_early,
                note=event.note,
                evidence=msgspec.json.encode(event.evidence).decode(),
            )
        case MilestoneMissed() as event:
            yield revise(
                MILESTONE,
                event.milestone_id,
                state="MISSED",
                missed_on=event.missed_on,
                missed_because=event.reason,
            )
        case MilestoneWithdrawn() as event:
            yield revise(MILESTONE, event.milestone_id, state="WITHDRAWN", withdrawn_because=event.reason)
        case _:
            return


def _waits(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case MilestoneLinked() as event:
            yield insert(
                AWAITED_MILESTONE,
                link_id("awaits", event.milestone_id, event.awaited_id),
                milestone_id=event.milestone_id,
                outcome_id=event.outcome_id,
                awaited_id=event.awaited_id,
                awaited_outcome_id=event.awaited_outcome_id,
            )
        case MilestoneUnlinked() as event:
            yield end(AWAITED_MILESTONE, link_id("awaits", event.milestone_id, event.awaited_id))
        case _:
            return
