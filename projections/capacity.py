"""How much effort people can give, from which day on, as it was stated."""

from collections.abc import Iterator

from domain.capacity import CapacityStated
from projections.rows import Recorded, Revision, Table, insert, link_id

CAPACITY = Table("capacity", ("person_id", "effective_on", "per_week", "unit", "reason"))
TABLES = (CAPACITY,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a capacity becomes; stated again from the same day, the row begins anew."""
    event = recorded.event
    if not isinstance(event, CapacityStated):
        return
    yield insert(
        CAPACITY,
        link_id("capacity", event.person_id, event.effective_on.isoformat()),
        person_id=event.person_id,
        effective_on=event.effective_on,
        per_week=event.per_week,
        unit=event.unit.value if event.unit else None,
        reason=event.reason,
    )
