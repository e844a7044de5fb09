"""A bundle for an auditor: a folder of plain files that proves its events by itself; and its check, which needs neither
database nor network. The format is told in docs/howto/audit.md.

A folder and no archive: whoever is handed it can read every file with what the computer has, and nothing has to be
unpacked before it can be trusted.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec

from infra.notes import Checkpoint, Key, Note, NoteWrong, decoded, encoded, read_checkpoint, read_key, read_note
from infra.tree import ProofWrong, covered_root, is_consistent

FORMAT = "headway-audit-bundle/1"
README, MANIFEST, EVENTS = "README.md", "bundle.json", "events.ndjson"
INCLUSION, CONSISTENCY, CHECKPOINT, KEYS = "inclusion.txt", "consistency.ndjson", "checkpoint.txt", "keys.txt"
FILES = (MANIFEST, EVENTS, INCLUSION, CONSISTENCY, CHECKPOINT, KEYS)
NONE = bytes(32)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FIXED = struct.Struct(">qq16s16s16s16sqh5i")
T = TypeVar("T")


class BundleWrong(ValueError):
    """What does not hold; the sentence says where."""


class Manifest(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What the bundle says it holds."""

    format: str
    organisation_id: UUID
    first: int
    last: int
    entity_id: UUID | None
    events: int


class Line(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """An event as it is stored and hashed, with the hash before and its own."""

    position: int
    recorded_at: datetime
    command_id: UUID
    event_id: UUID
    correlation_id: UUID
    causation_id: UUID
    occurred_at: datetime
    version: int
    type: str
    actor: str
    tags: list[str]
    reason: str | None
    body: str
    before: bytes
    hash: bytes


class Earlier(msgspec.Struct, forbid_unknown_fields=True):
    """A checkpoint published before, and the proof that the bundle's continues it."""

    checkpoint: str
    proof: list[str]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a bundle that holds is worth: whose, how much, and who stands for it."""

    manifest: Manifest
    checkpoint: Checkpoint
    signers: list[Key]
    earlier: int


_ENCODER = msgspec.json.Encoder()
_LINE = msgspec.json.Decoder(Line)


def _since(at: datetime) -> int:
    """Microseconds; raises ValueError where the moment is not told in UTC."""
    if at.tzinfo is not UTC:
        raise ValueError("a moment in another zone")
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def hash_of(organisation: bytes, line: Line) -> bytes:
    """The hash that the fields and the hash before make; raises ValueError, TypeError or struct.error for what no event
    holds."""
    joined = "\n".join(line.tags)
    if joined.count("\n") != max(0, len(line.tags) - 1) or "" in line.tags or line.reason == "":
        raise ValueError("tags and reason are not told apart by the hash")
    kind, actor, tags = line.type.encode(), line.actor.encode(), joined.encode()
    reason, body = (line.reason or "").encode(), line.body.encode()
    fixed = FIXED.pack(
        line.position,
        _since(line.recorded_at),
        line.command_id.bytes,
        line.event_id.bytes,
        line.correlation_id.bytes,
        line.causation_id.bytes,
        _since(line.occurred_at),
        line.version,
        len(kind),
        len(actor),
        len(tags),
        len(reason),
        len(body),
    )
    return sha256(b"".join((b"\x01", line.before, organisation, fixed, kind, actor, tags, reason, body))).digest()


def check(folder: Path, trusted: Sequence[Key] = (), kept: Note | None = None) -> Checked:
    """Raises BundleWrong. `trusted`: keys that the auditor had from elsewhere, one of which has to have signed; `kept`:
    a checkpoint that they kept from earlier, which the bundle has to continue."""
    manifest = _manifest(folder)
    keys = [_noted(KEYS, lambda line=line: read_key(line)) for line in _told(folder, KEYS)]
    note, checkpoint = _checkpoint(CHECKPOINT, _text(folder, CHECKPOINT))
    if checkpoint.origin.rpartition("/")[2] != str(manifest.organisation_id):
        raise BundleWrong(f"{CHECKPOINT} is of {checkpoint.origin}, and {MANIFEST} of another organisation.")
    signers = _signers(CHECKPOINT, note, checkpoint, keys)
    if trusted and not set(trusted) & set(signers):
        raise BundleWrong(f"{CHECKPOINT} is not signed by the key that you named.")
    _prove(folder, manifest, checkpoint)
    earlier = [_earlier(line, nth, checkpoint, keys) for nth, line in enumerate(_lines(folder, CONSISTENCY), 1)]
    if kept is not None:
        _continues(kept, checkpoint, earlier)
    return Checked(manifest, checkpoint, signers, len(earlier))


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_bytes().decode()
    except OSError:
        raise BundleWrong(f"{name} is missing or can't be read.") from None
    except UnicodeDecodeError:
        raise BundleWrong(f"{name} is not UTF-8.") from None


def _lines(folder: Path, name: str) -> Iterator[bytes]:
    """Without their ends; the last line has one too."""
    try:
        with (folder / name).open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    raise BundleWrong(f"{name} ends in the middle of a line.")
                yield line[:-1]
    except OSError:
        raise BundleWrong(f"{name} is missing or can't be read.") from None


def _told(folder: Path, name: str) -> list[str]:
    try:
        return [line.decode() for line in _lines(folder, name)]
    except UnicodeDecodeError:
        raise BundleWrong(f"{name} is not UTF-8.") from None


def _decoded(decoder: msgspec.json.Decoder[T], line: bytes, place: str) -> T:
    """In the one form that is written: compact, fields in their order; raises BundleWrong for any other."""
    try:
        found = decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BundleWrong(f"{place} can't be read as the format says.") from None
    if _ENCODER.encode(found) != line:
        raise BundleWrong(f"{place} is not written as the format says.")
    return found


def _manifest(folder: Path) -> Manifest:
    text = _text(folder, MANIFEST)
    manifest = _decoded(msgspec.json.Decoder(Manifest), text.removesuffix("\n").encode(), MANIFEST)
    if manifest.format != FORMAT:
        raise BundleWrong(f"{MANIFEST} is of another format than {FORMAT}.")
    if not 1 <= manifest.first <= manifest.last:
        raise BundleWrong(f"{MANIFEST} names no range of positions.")
    return manifest


def _noted(place: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except NoteWrong as error:
        raise BundleWrong(f"{place}: {error}") from None


def _checkpoint(place: str, text: str) -> tuple[Note, Checkpoint]:
    note = _noted(place, lambda: read_note(text))
    return note, _noted(place, lambda: read_checkpoint(note.text))


def _signers(place: str, note: Note, checkpoint: Checkpoint, keys: Sequence[Key]) -> list[Key]:
    signers = note.signers(key for key in keys if key.name == checkpoint.origin)
    if not signers:
        raise BundleWrong(f"{place} is signed by none of the keys in {KEYS}: size, root or signature were changed.")
    return signers


def _prove(folder: Path, manifest: Manifest, checkpoint: Checkpoint) -> None:
    """Every event, in its place, under the root."""
    indexes: list[int] = []
    leaves: list[bytes] = []
    for line in _events(folder, manifest):
        indexes.append(line.position - 1)
        leaves.append(sha256(b"\x00" + line.hash).digest())
    if len(indexes) != manifest.events:
        raise BundleWrong(f"{EVENTS} holds {len(indexes)} events where {MANIFEST} says {manifest.events}.")
    if manifest.entity_id is None and len(indexes) != manifest.last - manifest.first + 1:
        raise BundleWrong(f"{EVENTS} lacks events of the positions {manifest.first} to {manifest.last}.")
    proof = [_noted(INCLUSION, lambda one=one: decoded(one, len(NONE))) for one in _told(folder, INCLUSION)]
    try:
        root = covered_root(indexes, leaves, checkpoint.size, proof)
    except ProofWrong as error:
        raise BundleWrong(f"{INCLUSION} does not fit the events and the checkpoint: {error}") from None
    if root != checkpoint.root:
        raise BundleWrong(
            f"The events are not those that {CHECKPOINT} was signed over: with {INCLUSION} they make the root"
            f" {encoded(root)} where {encoded(checkpoint.root)} is signed."
        )


def _events(folder: Path, manifest: Manifest) -> Iterator[Line]:
    """Each with its hash made anew, in rising order, chained where it follows its predecessor."""
    organisation = manifest.organisation_id.bytes
    entity = f":{manifest.entity_id}"
    before, hashed = 0, NONE
    for nth, text in enumerate(_lines(folder, EVENTS), 1):
        place = f"{EVENTS}, line {nth}"
        line = _decoded(_LINE, text, place)
        place = f"{place}, position {line.position}"
        if not max(before + 1, manifest.first) <= line.position <= manifest.last:
            raise BundleWrong(f"{place} is out of order, twice there, or outside of the range.")
        if manifest.entity_id is not None and not any(tag.endswith(entity) for tag in line.tags):
            raise BundleWrong(f"{place} does not concern the entity {manifest.entity_id}.")
        if _made(organisation, line) != line.hash:
            raise BundleWrong(f"{place} was altered: its fields do not make the hash that stands beside them.")
        if line.position == before + 1 and line.before != hashed:
            raise BundleWrong(f"{place} does not follow the event before it.")
        before, hashed = line.position, line.hash
        yield line


def _made(organisation: bytes, line: Line) -> bytes | None:
    try:
        return hash_of(organisation, line) if len(line.before) == len(NONE) else None
    except (ValueError, TypeError, struct.error):
        return None


def _earlier(line: bytes, nth: int, checkpoint: Checkpoint, keys: Sequence[Key]) -> Checkpoint:
    place = f"{CONSISTENCY}, line {nth}"
    told = _decoded(msgspec.json.Decoder(Earlier), line, place)
    note, earlier = _checkpoint(place, told.checkpoint)
    _signers(place, note, earlier, keys)
    if earlier.origin != checkpoint.origin:
        raise BundleWrong(f"{place} is a checkpoint of {earlier.origin}.")
    proof = [_noted(place, lambda one=one: decoded(one, len(NONE))) for one in told.proof]
    if not is_consistent(earlier.size, checkpoint.size, proof, earlier.root, checkpoint.root):
        raise BundleWrong(f"{CHECKPOINT} does not continue the checkpoint of {earlier.size} events: {place}.")
    return earlier


def _continues(kept: Note, checkpoint: Checkpoint, earlier: Sequence[Checkpoint]) -> None:
    mine = _noted("The checkpoint that you kept", lambda: read_checkpoint(kept.text))
    if mine.origin != checkpoint.origin:
        raise BundleWrong(f"The checkpoint that you kept is of {mine.origin}.")
    same = [one for one in (checkpoint, *earlier) if one.size == mine.size]
    if not same:
        raise BundleWrong(
            f"The bundle proves nothing about the checkpoint of {mine.size} events that you kept; hand it to whoever"
            " exports, for `--kept`."
        )
    if all(one.root != mine.root for one in same):
        raise BundleWrong(
            f"History was rewritten: at {mine.size} events the bundle has another root than the checkpoint that you"
            " kept."
        )
