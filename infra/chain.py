"""The chain of hashes, walked as an auditor would: in a second implementation, sharing nothing with the one that wrote
it."""

import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from infra.database import statements

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
FORMAT = b"\x01"
NONE = bytes(32)
CHUNK = 2_000
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the chain of an organisation holds; `broken_at` is the first position that does not."""

    organisation_id: UUID
    head: int
    broken_at: int | None

    @property
    def sentence(self) -> str:
        if self.broken_at is None:
            return f"{self.organisation_id}: {self.head} events, the chain holds."
        place = f"{self.organisation_id}: position {self.broken_at}"
        return f"{place} does not hold; what stands there is not what was recorded."


def _moment(at: datetime) -> bytes:
    since = at - EPOCH
    return struct.pack(">q", (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def link_hash(before: bytes, organisation_id: UUID, link: Iterable[Any]) -> bytes:
    """The hash of an event, `link` as the statement `links` lists it; the format is told at ledger.hash_of."""
    (
        position,
        _,
        recorded_at,
        command,
        event,
        correlation,
        causation,
        occurred_at,
        version,
        kind,
        actor,
        tags,
        reason,
        body,
    ) = link
    texts = [text.encode() for text in (kind, actor, "\n".join(tags), reason or "", body)]
    return sha256(
        b"".join(
            (
                FORMAT,
                before,
                organisation_id.bytes,
                struct.pack(">q", position),
                _moment(recorded_at),
                command.bytes,
                event.bytes,
                correlation.bytes,
                causation.bytes,
                _moment(occurred_at),
                struct.pack(">h", version),
                struct.pack(">5i", *map(len, texts)),
                *texts,
            )
        )
    ).digest()


async def walk(connection: asyncpg.Connection, organisation_id: UUID | None = None, since: int = 1) -> list[Walk]:
    """Every chain, or one organisation's, from a position on; the connection must see all organisations."""
    heads = await connection.fetch(STATEMENTS["organisations"], organisation_id)
    return [await _walk_one(connection, row[0], row[1], row[2], since) for row in heads]


async def _walk_one(
    connection: asyncpg.Connection, organisation_id: UUID, head: int, head_hash: bytes, since: int
) -> Walk:
    before: bytes = NONE
    if since > 1:
        before = await connection.fetchval(STATEMENTS["before"], organisation_id, since - 1) or NONE
    at = since - 1
    while at < head:
        links = await _readable(connection, organisation_id, at)
        if not links:
            return Walk(organisation_id, head, at + 1)
        for link in links:
            if link[0] != at + 1 or link_hash(before, organisation_id, link) != link[1]:
                return Walk(organisation_id, head, at + 1)
            before, at = link[1], link[0]
    return Walk(organisation_id, head, None if before == head_hash else head)


async def _readable(connection: asyncpg.Connection, organisation_id: UUID, at: int) -> list[asyncpg.Record]:
    """What comes next; one alone where the disk does not give all, for a page of others may have been in the way; none
    where it does not give that one either."""
    for most in (CHUNK, 1):
        with suppress(asyncpg.PostgresError):
            return await connection.fetch(STATEMENTS["links"], organisation_id, at, most)
    return []
