"""What a team says of its outcomes, in its rhythm."""

from collections.abc import Iterator

from domain.practice import CheckedIn
from projections.rows import Recorded, Revision, Table, insert

CHECK_IN = Table(
    "check_in",
    ("outcome_id", "author_id", "confidence", "status", "moved", "set_back", "next", "dated", "made_at"),
)
TABLES = (CHECK_IN,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a check-in becomes."""
    match recorded.event:
        case CheckedIn() as event:
            yield insert(
                CHECK_IN,
                event.check_in_id,
                outcome_id=event.outcome_id,
                author_id=event.author_id,
                confidence=event.confidence,
                status=event.status.value if event.status is not None else None,
                moved=event.moved,
                set_back=event.set_back,
                next=event.next,
                dated=event.on,
                made_at=recorded.position,
            )
        case _:
            return
