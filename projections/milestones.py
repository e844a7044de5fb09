"""The dated points on the way of an outcome, and when they were reached."""

from collections.abc import Iterator

from domain.milestones import MilestoneMoved, MilestoneReached, MilestoneSet
from projections.rows import Recorded, Revision, Table, insert, revise

MILESTONE = Table(
    "milestone", ("outcome_id", "title", "due_on", "first_due_on", "reached_on", "days_late", "note", "state")
)
TABLES = (MILESTONE,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a milestone becomes."""
    match recorded.event:
        case MilestoneSet() as event:
            yield insert(
                MILESTONE,
                event.milestone_id,
                outcome_id=event.outcome_id,
                title=event.title,
                due_on=event.due_on,
                first_due_on=event.due_on,
                state="PLANNED",
            )
        case MilestoneMoved() as event:
            yield revise(MILESTONE, event.milestone_id, due_on=event.due_on)
        case MilestoneReached() as event:
            yield revise(
                MILESTONE,
                event.milestone_id,
                state="REACHED",
                reached_on=event.reached_on,
                days_late=event.days_late,
                note=event.note,
            )
        case _:
            return
