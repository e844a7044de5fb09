"""What was recorded, when, by whom and why: a row an event, and whom it concerns."""

from collections.abc import Iterator
from functools import lru_cache
from uuid import UUID

import msgspec

from domain.values import camel
from projections.rows import Recorded, Revision, Table, insert

ENTRY = Table(
    "entry",
    (
        "position",
        "entity_id",
        "type",
        "recorded_at",
        "occurred_at",
        "actor",
        "actor_id",
        "key_id",
        "command_id",
        "correlation_id",
        "causation_id",
        "reason",
        "said",
    ),
    only_added=True,
)
CONCERNED = Table("concerned", ("entry_id", "position"), only_added=True)
TABLES = (ENTRY, CONCERNED)
# of a key, or where a webhook sends or a source is asked, which may be a secret: of no use to a reader of the history
NOT_TOLD = frozenset(
    {"digest", "lookup", "former_digest", "receiver", "address", "secret_id", "former_secret_id", "roster_id"}
)


@lru_cache(10_000)
def _borne(tag: str) -> UUID:
    """The id in a tag."""
    return UUID(tag.rpartition(":")[2])


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """The entry, and a link to each entity that the event's tags name."""
    event = recorded.event
    subject, *fields = event.__struct_fields__
    entity_id: UUID = getattr(event, subject)
    actor, _, key = recorded.actor.partition("/")  # `person:<id>/key:<id>`: who, and by which key
    kind, _, actor_id = actor.partition(":")
    said = {camel(name): getattr(event, name) for name in fields if name not in NOT_TOLD}
    yield insert(
        ENTRY,
        recorded.event_id,
        position=recorded.position,
        entity_id=entity_id,
        type=recorded.type,
        recorded_at=recorded.recorded_at,
        occurred_at=recorded.occurred_at,
        actor=actor,
        actor_id=UUID(actor_id) if actor_id else None,
        key_id=_borne(key or actor) if key or kind == "key" else None,
        command_id=recorded.command_id,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
        reason=recorded.reason,
        said=msgspec.json.encode(said).decode(),
    )
    concerned = dict.fromkeys([entity_id, *map(_borne, recorded.tags)])
    for one in concerned:
        yield insert(CONCERNED, one, entry_id=recorded.event_id, position=recorded.position)
