"""`headway audit`: for who runs the record, who checks it, and who keeps watch."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import uvloop
from cyclopts import App, Parameter

from api.terminal import DONE, FOUND, WRONG, asked, say, talk
from domain.access import Export, NoteExported
from infra.access_log import note_export
from infra.bundle import BundleWrong, Checked, Manifest, check
from infra.checkpoints import keys_of, newest
from infra.cosigning import NotAnswered, cosigned
from infra.database import Connection, Database
from infra.exporting import NotExported, export
from infra.notary import Notary
from infra.notes import COSIGNATURE, Key, Note, NoteWrong, public_key, read_key, read_notes
from infra.settings import read_settings
from infra.signing import KeyRing
from infra.witnessing import NotWitnessed, witnessed

audit_app = App(name="audit", help="Proofs of the record: for who keeps it, and for who doubts it.")
T = TypeVar("T")
Organisation = Annotated[UUID, Parameter(help="Id of the organisation.")]


def _asked(organisation: UUID, question: Callable[[Connection], Awaitable[T]]) -> T:
    """Asks of an organisation whose tree has caught up with its ledger."""
    return _asked_of(organisation, lambda _, connection: question(connection))


def _asked_of(organisation: UUID, question: Callable[[Database, Connection], Awaitable[T]]) -> T:
    async def caught_up(opened: Database) -> T:
        await Notary(opened, opened.settings).catch_up(organisation)
        async with opened.owner_connection() as connection:
            await connection.execute("select set_config('headway.organisation', $1, false)", str(organisation))
            return await question(opened, connection)

    return asked(caught_up)


def kept_in(file: Path | None) -> Note | None:
    """The last checkpoint in a file; raises NoteWrong."""
    if file is None:
        return None
    notes = read_notes(file.read_text(encoding="utf-8"))
    if not notes:
        raise NoteWrong("The file holds no checkpoint.")
    return notes[-1]


def _wrong(sentence: object) -> int:
    talk.print(str(sentence), markup=False, soft_wrap=True)
    return WRONG


@audit_app.command
def checkpoint(*, organisation: Organisation) -> int:
    """The last checkpoint: hand it to those who are to be able to trust the record later."""
    found = _asked(organisation, lambda connection: newest(connection, organisation))
    if found is None:
        return _wrong("This organisation has no events.")
    say(str(found.note).rstrip("\n"))
    return DONE


@audit_app.command
def keys(*, organisation: Organisation) -> int:
    """Every public key that has signed checkpoints of an organisation, the newest first."""
    for key in _asked(organisation, lambda connection: keys_of(connection, organisation)):
        say(key.line)
    return DONE


@audit_app.command(name="rotate-key")
def rotate_key(*, end_overlap: bool = False) -> int:
    """Make a new signing key; the one before signs beside it until the next rotation, or no longer (--end-overlap)."""
    signing = KeyRing.of(read_settings(os.environ)).rotate(end_overlap=end_overlap)
    say(f"{len(signing)} keys sign from the next checkpoint on" if len(signing) > 1 else "the new key signs alone")
    return DONE


@audit_app.command(name="export")
def export_bundle(
    out: Path,
    *,
    organisation: Organisation,
    from_: Annotated[int, Parameter(name="--from")] = 1,
    to: int | None = None,
    entity: UUID | None = None,
    kept: Path | None = None,
) -> int:
    """Write events with their proof into a new folder, which goes on record; with --kept FILE, proves that its
    checkpoint is continued."""

    async def exported(database: Database, connection: Connection) -> Manifest:
        made = await export(connection, organisation, out, from_, to, entity, kept_in(kept))
        noted = NoteExported(
            export=Export.AUDIT, count=made.events, first=made.first, last=made.last, concerning_id=entity
        )
        await note_export(database, organisation, noted)
        return made

    try:
        manifest = _asked_of(organisation, exported)
    except FileExistsError:
        return _wrong(f"{out} is there already; name a new folder.")
    except OSError as error:
        return _wrong(f"{error.filename} can't be used: {error.strerror}.")
    except (NotExported, NoteWrong) as error:
        return _wrong(error)
    say(f"{manifest.events} events, positions {manifest.first} to {manifest.last}, with their proof in {out}")
    return DONE


@audit_app.command(name="verify")
def verify_bundle(bundle: Path, *, key: tuple[str, ...] = (), kept: Path | None = None) -> int:
    """Check a bundle, without database or network; --key: a public key to trust, --kept: a checkpoint of before."""
    try:
        trusted = [read_key(one) for one in key]
        note = kept_in(kept)
    except (OSError, NoteWrong) as error:
        return _wrong(error)
    try:
        checked = check(bundle, trusted, note)
    except BundleWrong as error:
        say(f"WRONG: {error}")
        return FOUND
    for line in _verdict(checked, trusted):
        say(line)
    return DONE


def _verdict(checked: Checked, trusted: list[Key]) -> list[str]:
    told, point = checked.manifest, checked.checkpoint
    what = f"the positions {told.first} to {told.last}"
    if told.entity_id is not None:
        what = f"{told.entity_id} within {what}; that none was left out is not proven"
    lines = [
        f"HOLDS: {told.events} events of organisation {told.organisation_id}, of {what}.",
        f"Each is under the root of {point.size} events, which continues {checked.earlier} earlier checkpoints.",
    ]
    lines += [f"signed by {key.line}" for key in checked.signers]
    if not trusted:
        lines.append("Compare these keys with those that you had by another way, or name one with --key.")
    return lines


@audit_app.command
def witness(file: Path, *, organisation: Organisation) -> int:
    """Append the last checkpoint to a file, once it is proven to continue the last one there: the file is a witness."""
    try:
        added = _asked(organisation, lambda connection: witnessed(connection, organisation, file))
    except (OSError, NoteWrong) as error:
        return _wrong(error)
    except NotWitnessed as refused:
        say(f"WRONG: {refused}")
        return FOUND
    say(f"{added.size} events, consistent with what {file} knew")
    return DONE


@audit_app.command(name="cosign")
def cosign_other(
    url: str,
    file: Path,
    *,
    name: str,
    key: tuple[str, ...] = (),
    signing_key: Path | None = None,
) -> int:
    """As a witness of somebody else's Headway: fetch its last checkpoint over HTTP, keep it in a file once it is proven
    to continue the last one there, sign it and send the signature back. HEADWAY_AUDIT_KEY: an auditor's API key there;
    --key: the public keys that sign there; --signing-key: the witness's own, made where there is none. Without --key
    it tells the witness's public key, for HEADWAY_WITNESSES there."""
    private = KeyRing(signing_key or file.with_suffix(".key")).privates()[0]
    if not key:
        say(public_key(name, private, COSIGNATURE).line)
        return DONE
    try:
        keys = [read_key(one) for one in key]
        api_key = os.environ.get("HEADWAY_AUDIT_KEY", "")
        kept = uvloop.run(cosigned(url, api_key, keys, file, name, private))
    except (OSError, NoteWrong, NotAnswered) as error:
        return _wrong(error)
    except NotWitnessed as refused:
        say(f"WRONG: {refused}")
        return FOUND
    say(f"{kept.size} events, consistent with what {file} knew, and signed")
    return DONE
