"""A plain file as a witness: checkpoints one after the other, each proven to continue the one before."""

import os
from pathlib import Path
from uuid import UUID

from infra.checkpoints import keys_of, newest
from infra.notes import Checkpoint, NoteWrong, read_checkpoint, read_notes
from infra.tiles import Connection, NodeMissing, consistency
from infra.tree import is_consistent


class NotWitnessed(Exception):
    """The last checkpoint is not one that the file can stand by; the sentence says why."""


async def witnessed(connection: Connection, organisation_id: UUID, file: Path) -> Checkpoint:
    """Appends the last checkpoint, unless it is the file's last already. Raises NotWitnessed, NoteWrong for a file that
    holds something else, OSError."""
    stored = await newest(connection, organisation_id)
    if stored is None:
        raise NotWitnessed("This organisation has no checkpoint yet.")
    keys = await keys_of(connection, organisation_id)
    if not stored.note.signers(keys):
        raise NotWitnessed("The last checkpoint is signed by none of the installation's keys.")
    last = _last_in(file)
    if last is not None:
        await _continue(connection, organisation_id, last, stored.checkpoint)
    if last is None or last.size < stored.checkpoint.size:
        _append(file, str(stored.note), first=last is None)
    return stored.checkpoint


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


async def _continue(connection: Connection, organisation_id: UUID, last: Checkpoint, new: Checkpoint) -> None:
    if last.origin != new.origin:
        raise NoteWrong(f"The file is a witness of {last.origin}, not of {new.origin}.")
    if last.size > new.size:
        raise NotWitnessed(f"The ledger was cut: the file knows {last.size} events, the last checkpoint {new.size}.")
    try:
        proof = await consistency(connection, organisation_id, last.size, new.size)
    except NodeMissing as missing:
        raise NotWitnessed(f"The tree is damaged: {missing}.") from None
    if not is_consistent(last.size, new.size, proof, last.root, new.root):
        raise NotWitnessed(
            f"History was rewritten: the checkpoint of {new.size} events does not continue that of {last.size} events,"
            " which the file knows."
        )
