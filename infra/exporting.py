"""Writes a bundle for an auditor, from the ledger and its tree."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from infra.bundle import (
    CHECKPOINT,
    CONSISTENCY,
    EVENTS,
    FORMAT,
    INCLUSION,
    KEYS,
    MANIFEST,
    NONE,
    README,
    Earlier,
    Line,
    Manifest,
)
from infra.checkpoints import Stored, between, keys_of, newest
from infra.database import statements
from infra.notes import Note, encoded, read_checkpoint
from infra.tiles import Connection, consistency, cover

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
TEXT = Path(__file__).with_suffix(".md")
CHUNK = 2_000
MOST_EARLIER = 50
_ENCODER = msgspec.json.Encoder()


class NotExported(Exception):
    """What is asked for can't be proven; the sentence says why."""


async def export(
    connection: Connection,
    organisation_id: UUID,
    folder: Path,
    first: int = 1,
    last: int | None = None,
    entity_id: UUID | None = None,
    kept: Note | None = None,
) -> Manifest:
    """Raises NotExported, and OSError where the folder can't be made; a folder that is there is left alone."""
    stored = await newest(connection, organisation_id)
    if stored is None:
        raise NotExported("There is no checkpoint to prove events by yet.")
    size = stored.checkpoint.size
    last = size if last is None else last
    if not 1 <= first <= last <= size:
        raise NotExported(f"Name positions from 1 to {size}, as far as the last checkpoint reaches.")
    _begin(folder)
    positions = await _write_events(connection, organisation_id, folder, first, last, entity_id)
    manifest = Manifest(FORMAT, organisation_id, first, last, entity_id, len(positions))
    proof = await cover(connection, organisation_id, positions, size)
    earlier = await _earlier(connection, organisation_id, stored, first, kept)
    keys = await keys_of(connection, organisation_id)
    (folder / MANIFEST).write_bytes(_ENCODER.encode(manifest) + b"\n")
    _write(folder / INCLUSION, [encoded(one) for one in proof])
    (folder / CONSISTENCY).write_bytes(b"".join(_ENCODER.encode(one) + b"\n" for one in earlier))
    (folder / CHECKPOINT).write_bytes(str(stored.note).encode())
    _write(folder / KEYS, [key.line for key in keys])
    (folder / README).write_bytes(_readme(manifest, stored).encode())
    return manifest


def _begin(folder: Path) -> None:
    folder.mkdir(parents=True)


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def _readme(manifest: Manifest, stored: Stored) -> str:
    of = f" that concern {manifest.entity_id}" if manifest.entity_id else ""
    return TEXT.read_text(encoding="utf-8").format(
        organisation=manifest.organisation_id,
        events=manifest.events,
        of=of,
        first=manifest.first,
        last=manifest.last,
        size=stored.checkpoint.size,
        origin=stored.checkpoint.origin,
    )


async def _write_events(
    connection: Connection, organisation_id: UUID, folder: Path, first: int, last: int, entity_id: UUID | None
) -> Sequence[int]:
    positions: list[int] = []
    with (folder / EVENTS).open("wb") as file:
        async for rows in _rows(connection, organisation_id, first, last, entity_id):
            buffer = bytearray()
            for row in rows:
                line = _line(row)
                positions.append(line.position)
                buffer += _ENCODER.encode(line)
                buffer += b"\n"
            file.write(buffer)
    if entity_id is None and len(positions) != last - first + 1:
        raise NotExported("Events are missing in the ledger: run `headway verify`.")
    return positions


async def _rows(
    connection: Connection, organisation_id: UUID, first: int, last: int, entity_id: UUID | None
) -> AsyncIterator[list[Any]]:
    at = first - 1
    entity = None if entity_id is None else str(entity_id)
    name = "events" if entity is None else "events_of"
    more = () if entity is None else (entity,)
    while rows := await connection.fetch(STATEMENTS[name], organisation_id, at, last, CHUNK, *more):
        yield rows
        at = rows[-1][0]


def _line(row: Any) -> Line:
    (
        position,
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
        before,
        own,
    ) = row
    return Line(
        position,
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
        reason or None,
        body,
        before or NONE,
        own,
    )


async def _earlier(
    connection: Connection, organisation_id: UUID, stored: Stored, first: int, kept: Note | None
) -> list[Earlier]:
    """The last checkpoint before the events, those published since, evenly thinned, and the one that was kept."""
    last = stored.checkpoint
    before = await newest(connection, organisation_id, first - 1)
    since = await between(connection, organisation_id, first, last.size - 1)
    some = since[:: len(since) // MOST_EARLIER + 1]
    chosen = {one.checkpoint.size: str(one.note) for one in ([before] if before else []) + some}
    if kept is not None:
        mine = read_checkpoint(kept.text)
        if not 0 < mine.size <= last.size:
            raise NotExported(f"The checkpoint that was kept is of {mine.size} events; the last one of {last.size}.")
        found = await between(connection, organisation_id, mine.size, mine.size)
        if not found:
            raise NotExported(f"No checkpoint of {mine.size} events was published here.")
        chosen[mine.size] = str(found[0].note)
    return [
        Earlier(note, [encoded(one) for one in await consistency(connection, organisation_id, size, last.size)])
        for size, note in sorted(chosen.items())
        if read_checkpoint(note).origin == last.origin
    ]
