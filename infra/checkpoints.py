"""Checkpoints of the trees: signed, kept word by word, cosigned by witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.database import statements
from infra.notes import (
    Checkpoint,
    Key,
    Note,
    NoteWrong,
    Signature,
    public_key,
    read_checkpoint,
    read_key,
    read_note,
    signed,
)
from infra.settings import Settings, SettingsInvalid
from infra.tiles import consistency, root_at
from infra.tree import is_consistent

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


class HistoryRewritten(Exception):
    """The tree does not continue what was signed before: nothing further is signed."""


class NotCosigned(Exception):
    """A witness's signature that is not taken; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint as it is kept, with what witnesses have added."""

    note: Note
    checkpoint: Checkpoint


def origin_of(prefix: str, organisation_id: UUID) -> str:
    """The first line of an organisation's checkpoints, and the name of the keys that sign them."""
    return f"{prefix}/{organisation_id}"


def witnesses_of(settings: Settings) -> list[Key]:
    """Raises SettingsInvalid for what is no key."""
    try:
        return [read_key(line) for line in settings.witnesses.split()]
    except NoteWrong as error:
        raise SettingsInvalid(f"Correct HEADWAY_WITNESSES: {error}") from None


def _stored(row: Any) -> Stored:
    note = read_note(row[0] + (row[1] or ""))
    return Stored(note, read_checkpoint(note.text))


async def newest(connection: Connection, organisation_id: UUID, most: int | None = None) -> Stored | None:
    """The last checkpoint, or the last of at most so many events; raises NoteWrong for a damaged one."""
    row = await connection.fetchrow(STATEMENTS["newest"], organisation_id, most)
    return _stored(row) if row is not None else None


async def between(connection: Connection, organisation_id: UUID, first: int, last: int) -> list[Stored]:
    """Every checkpoint of sizes from one up to another, the smallest first; raises NoteWrong."""
    return [_stored(row) for row in await connection.fetch(STATEMENTS["between"], organisation_id, first, last)]


async def keys_of(connection: Connection, organisation_id: UUID) -> list[Key]:
    """Every public key that has signed for an organisation, the newest first; raises NoteWrong."""
    return [read_key(row[0]) for row in await connection.fetch(STATEMENTS["keys"], organisation_id)]


async def publish(
    connection: Connection, organisation_id: UUID, prefix: str, size: int, privates: Sequence[Ed25519PrivateKey]
) -> Stored | None:
    """Signs the tree of so many events, unless that has been done. Raises HistoryRewritten where it does not continue
    the last checkpoint, NodeMissing where its nodes are damaged."""
    last = await newest(connection, organisation_id)
    if last is not None and last.checkpoint.size == size:
        return None
    checkpoint = Checkpoint(origin_of(prefix, organisation_id), size, await root_at(connection, organisation_id, size))
    if last is not None:
        await _continue(connection, organisation_id, last.checkpoint, checkpoint)
    note = signed(checkpoint.text, checkpoint.origin, privates)
    for private in privates:
        await connection.execute(STATEMENTS["know"], organisation_id, public_key(checkpoint.origin, private).line)
    await connection.execute(STATEMENTS["keep"], organisation_id, size, str(note))
    return Stored(note, checkpoint)


async def _continue(connection: Connection, organisation_id: UUID, last: Checkpoint, new: Checkpoint) -> None:
    if last.size < new.size:
        proof = await consistency(connection, organisation_id, last.size, new.size)
        if is_consistent(last.size, new.size, proof, last.root, new.root):
            return
    raise HistoryRewritten(f"The tree of {new.size} events does not continue the checkpoint of {last.size}.")


async def cosign(
    connection: Connection, organisation_id: UUID, size: int, signature: Signature, witnesses: Sequence[Key]
) -> None:
    """Adds the line of a known witness to the checkpoint of that size; raises NotCosigned."""
    found = await between(connection, organisation_id, size, size)
    if not found:
        raise NotCosigned(f"There is no checkpoint of {size} events; GET /audit/checkpoint tells the last one.")
    if not any(signature.is_of(key, found[0].note.text) for key in witnesses):
        raise NotCosigned(
            "Sign the checkpoint byte for byte, with a key that the operator knows as a witness's (HEADWAY_WITNESSES)."
        )
    await connection.execute(STATEMENTS["add"], organisation_id, size, f"{signature.line}\n")
