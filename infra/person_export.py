"""Everything that is held about a person: each event that they issued, that names them, or that holds a text of theirs.

What is personal of others in it is left out, and others are named by their ids alone.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from infra.database import statements
from infra.seals import Seals, mark_of, parted, sealed_texts

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
OF_OTHERS = "(somebody else's)"
CHUNK = 1_000

Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


class Held(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event as a person may have it."""

    position: int
    recorded_at: datetime
    occurred_at: datetime
    type: str
    issued_by: str  # you, somebody else, or the system
    why_here: str  # you issued it, it names you, or it holds a text of yours
    fields: Mapping[str, Any]


async def held(connection: Connection, seals: Seals, organisation_id: UUID, person_id: UUID) -> AsyncIterator[Held]:
    """In order. The connection has to see the organisation. Raises VaultUnavailable."""
    mark = mark_of(person_id).removeprefix("\x01") + "."
    position = 0
    while rows := await connection.fetch(
        STATEMENTS["held"], organisation_id, position, str(person_id), mark, CHUNK, timeout=600
    ):
        for row in rows:
            yield _told(seals, organisation_id, person_id, row)
        position = rows[-1][0]


def _told(seals: Seals, organisation_id: UUID, person_id: UUID, row: Any) -> Held:
    position, kind, actor, recorded_at, occurred_at, body, named = row
    fields: dict[str, Any] = msgspec.json.decode(body)
    del fields["type"]
    for field, sealed in sealed_texts(kind, body).items():
        own = parted(sealed)[0] == person_id
        fields[field] = seals.text(organisation_id, kind, field, sealed) if own else OF_OTHERS
    issued = actor.partition("/")[0] == f"person:{person_id}"
    return Held(
        position=position,
        recorded_at=recorded_at,
        occurred_at=occurred_at,
        type=kind,
        issued_by="you" if issued else "somebody else" if actor.startswith("person:") else "the system",
        why_here="you issued it" if issued else "it names you" if named else "it holds a text of yours",
        fields={field: value for field, value in fields.items() if value is not None},
    )
