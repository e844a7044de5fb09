"""A plain file as a witness: checkpoints one after the other, each proven to continue the one before; told by the
database, or by somebody else's Headway over HTTP."""

import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

from infra.checkpoints import keys_of, newest
from infra.notes import Checkpoint, Key, Note, NoteWrong, read_checkpoint, read_notes
from infra.tiles import Connection, NodeMissing, consistency
from infra.tree import is_consistent


class NotWitnessed(Exception):
    """The last checkpoint is not one that the file can stand by; the sentence says why."""


Prove = Callable[[int, int], Awaitable[Sequence[bytes]]]  # the proof that a tree of one size continues another's


async def witnessed(connection: Connection, organisation_id: UUID, file: Path) -> Checkpoint:
    """Appends the last checkpoint, unless it is the file's last already. Raises NotWitnessed, NoteWrong for a file that
    holds something else, OSError."""
    stored = await newest(connection, organisation_id)
    if stored is None:
        raise NotWitnessed("This organisation has no checkpoint yet.")

    async def prove(old: int, size: int) -> Sequence[bytes]:
        try:
            return await consistency(connection, organisation_id, old, size)
        except NodeMissing as missing:
            raise NotWitnessed(f"The tree is damaged: {missing}.") from None

    return await kept(file, stored.note, await keys_of(connection, organisation_id), prove)


async def kept(file: Path, note: Note, keys: Sequence[Key], prove: Prove) -> Checkpoint:
    """Appends a checkpoint once it is signed by one of some keys and proven to continue the file's last one; raises as
    `witnessed` does."""
    checkpoint = read_checkpoint(note.text)
    if not note.signers(keys):
        raise NotWitnessed("The last checkpoint is signed by none of the installation's keys.")
    last = _last_in(file)
    if last is not None:
        await _continue(last, checkpoint, prove)
    if last is None or last.size < checkpoint.size:
        _append(file, str(note), first=last is None)
    return checkpoint


def _last_in(file: Path) -> Checkpoint | None:
    if not file.exists():
        return None
    notes = read_notes(file.read_text(encoding="utf-8"))
    return read_checkpoint(notes[-1].text) if notes else None


def _append(file: Path, note: str, *, first: bool) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(note if first else f"\n{note}")
        opened.flush()
        os.fsync(opened.fileno())


async def _continue(last: Checkpoint, new: Checkpoint, prove: Prove) -> None:
    if last.origin != new.origin:
        raise NoteWrong(f"The file is a witness of {last.origin}, not of {new.origin}.")
    if last.size > new.size:
        raise NotWitnessed(f"The ledger was cut: the file knows {last.size} events, the last checkpoint {new.size}.")
    proof = await prove(last.size, new.size)
    if not is_consistent(last.size, new.size, proof, last.root, new.root):
        raise NotWitnessed(
            f"History was rewritten: the checkpoint of {new.size} events does not continue that of {last.size} events,"
            " which the file knows."
        )
