"""Recognised wins, the people named, and who cheered."""

from collections.abc import Iterator

from domain.celebrations import Celebrated, CelebrationWithdrawn, Cheered, CheerWithdrawn
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

CELEBRATION = Table(
    "celebration",
    (
        "title",
        "text",
        "celebrated_on",
        "author_id",
        "about_id",
        "outcome_id",
        "milestone_id",
        "task_id",
        "withdrawn_on",
        "withdrawn_because",
    ),
)
CELEBRATED_PERSON = Table("celebrated_person", ("celebration_id", "person_id", "outcome_id"), only_added=True)
CHEER = Table("cheer", ("celebration_id", "person_id", "outcome_id", "cheered_on"))
TABLES = (CELEBRATION, CELEBRATED_PERSON, CHEER)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What celebrations and cheers become."""
    match recorded.event:
        case Celebrated() as event:
            yield insert(
                CELEBRATION,
                event.celebration_id,
                title=event.title,
                text=event.text,
                celebrated_on=event.celebrated_on,
                author_id=event.author_id,
                about_id=event.about_id,
                outcome_id=event.outcome_id,
                milestone_id=event.milestone_id,
                task_id=event.task_id,
            )
            for person_id in event.person_ids:
                yield insert(
                    CELEBRATED_PERSON,
                    link_id("celebrated", event.celebration_id, person_id),
                    celebration_id=event.celebration_id,
                    person_id=person_id,
                    outcome_id=event.outcome_id,
                )
        case CelebrationWithdrawn() as event:
            yield revise(CELEBRATION, event.celebration_id, withdrawn_on=recorded.day, withdrawn_because=event.reason)
        case Cheered() as event:
            yield insert(
                CHEER,
                link_id("cheer", event.celebration_id, event.person_id),
                celebration_id=event.celebration_id,
                person_id=event.person_id,
                outcome_id=event.outcome_id,
                cheered_on=recorded.day,
            )
        case CheerWithdrawn() as event:
            yield end(CHEER, link_id("cheer", event.celebration_id, event.person_id))
        case _:
            return
