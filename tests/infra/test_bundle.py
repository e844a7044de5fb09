"""Bundles: what a good one proves, and that whatever is altered in one is found, by the product and by the program that
was written from its documentation alone."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from shutil import copytree
from uuid import UUID, uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.outcomes import SetOutcome
from domain.people import RegisterPerson
from infra.bundle import FILES, BundleWrong, Line, check, hash_of
from infra.checkpoints import Stored, keys_of, newest
from infra.database import Connection, Database
from infra.exporting import NotExported, export
from infra.ledger import Ledger
from infra.notary import Notary
from infra.notes import Key, Note, public_key, read_checkpoint, read_note, signed
from infra.settings import Settings
from infra.tree import leaf_hash
from tests.infra.at_work import founded

SECOND = Path(__file__).parents[2] / "docs" / "audit" / "verify_bundle.py"
NAMES = ['Ana "Anchor" \\ Reyes', "Zoë 😀", "李雷", "O'Neil", "Ana / Ben", "x\u2028y"]


@dataclass
class Told:
    """An organisation with checkpoints at several sizes, and its bundles."""

    organisation_id: UUID
    person_id: UUID
    earlier: Stored
    keys: list[Key]
    whole: Path
    part: Path
    single: Path
    entity: Path


@pytest.fixture(scope="module")
async def opened(database: Database, told: Told) -> AsyncIterator[Connection]:
    async with database.owner_connection() as connection:
        await connection.execute("select set_config('headway.organisation', $1, false)", str(told.organisation_id))
        yield connection


@pytest.fixture(scope="module")
async def told(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("bundles")
    telling = await founded(Ledger(database))
    organisation_id = telling.organisation_id
    notary = Notary(database, Settings(home=str(folder / "home"), checkpoint_origin="example.com/headway"))
    person_id = uuid4()
    found: list[Stored] = []
    keys: list[Key] = []
    for turn in range(5):
        for name in NAMES:
            await telling.tell(RegisterPerson(person_id=uuid4(), name=f"{name} {turn}"))
        await telling.tell(SetOutcome(outcome_id=uuid4(), title="Ahead", owner_id=telling.person_id))
        if turn == 2:
            await telling.tell(RegisterPerson(person_id=person_id, name="Chosen"))
            notary.keys.rotate()
        await notary.look()
        async with database.read.of(organisation_id) as connection:
            stored = await newest(connection, organisation_id)
            assert stored is not None
            found.append(stored)
            keys = await keys_of(connection, organisation_id)
    places = [folder / name for name in ("whole", "part", "single", "entity")]
    async with database.owner_connection() as connection:
        await export(connection, organisation_id, places[0], kept=found[1].note)
        await export(connection, organisation_id, places[1], 11, 29)
        await export(connection, organisation_id, places[2], 27, 27)
        await export(connection, organisation_id, places[3], entity_id=telling.person_id)
    return Told(organisation_id, telling.person_id, found[1], keys, *places)


def second(folder: Path, *words: str) -> tuple[bool, str]:
    """Whether the program of the docs finds that it holds, and what it says."""
    run = subprocess.run(
        [sys.executable, "-I", str(SECOND), str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode in {0, 1}, run.stderr
    assert run.stderr == ""
    assert run.stdout.startswith("HOLDS" if run.returncode == 0 else "WRONG")
    return run.returncode == 0, run.stdout


def first(folder: Path, trusted: list[Key] | None = None, kept: Note | None = None) -> bool:
    """Whether the product does."""
    try:
        check(folder, trusted or [], kept)
    except BundleWrong:
        return False
    return True


@pytest.mark.parametrize("name", ["whole", "part", "single", "entity"])
def test_a_good_bundle_holds_for_both(told: Told, name: str) -> None:
    folder: Path = getattr(told, name)
    checked = check(folder, told.keys[:1])
    lines = (folder / "events.ndjson").read_bytes().splitlines()
    assert checked.manifest.events == len(lines) == {"part": 19, "single": 1}.get(name, len(lines))
    assert checked.checkpoint.size == 38
    assert second(folder, "--key", told.keys[0].line)[0]


def test_an_entity_has_the_events_that_name_it(told: Told) -> None:
    positions = [json.loads(line)["position"] for line in (told.entity / "events.ndjson").read_bytes().splitlines()]
    assert positions[0] == 2, "registered"
    assert len(positions) == 6, "and owner of five outcomes"


def test_a_checkpoint_of_before_is_continued(told: Told, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(str(told.earlier.note))
    assert first(told.whole, kept=told.earlier.note)
    assert second(told.whole, "--kept", str(kept))[0]
    with pytest.raises(BundleWrong, match="proves nothing about the checkpoint of 16 events"):
        check(told.single, kept=told.earlier.note)
    assert not second(told.single, "--kept", str(kept))[0]


def test_another_history_than_the_one_that_was_kept_is_told(told: Told, tmp_path: Path) -> None:
    point = told.earlier.checkpoint
    forged = point.text.replace(_b64(point.root), _b64(leaf_hash(b"")))
    note = Note(forged, told.earlier.note.signatures)
    with pytest.raises(BundleWrong, match="History was rewritten: at 16 events"):
        check(told.whole, kept=note)
    kept = tmp_path / "kept.txt"
    kept.write_text(str(note))
    assert not second(told.whole, "--kept", str(kept))[0]


def test_a_key_that_did_not_sign_is_told(told: Told) -> None:
    other = public_key(told.keys[0].name, Ed25519PrivateKey.generate())
    with pytest.raises(BundleWrong, match="not signed by the key that you named"):
        check(told.whole, [other])
    assert not second(told.whole, "--key", other.line)[0]


def _b64(data: bytes) -> str:
    return b64encode(data).decode()


Alter = Callable[[Path], None]


def text(name: str, change: Callable[[str], str]) -> Alter:
    def alter(folder: Path) -> None:
        before = (folder / name).read_bytes().decode()
        after = change(before)
        assert after != before
        (folder / name).write_bytes(after.encode())

    return alter


def line(nth: int, **fields: object) -> Alter:
    """An event with other fields."""

    def change(whole: str) -> str:
        lines = whole.split("\n")[:-1]
        found = json.loads(lines[nth]) | fields
        lines[nth] = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
        return "".join(f"{one}\n" for one in lines)

    return text("events.ndjson", change)


def manifest(**fields: object) -> Alter:
    return text("bundle.json", lambda whole: json.dumps(json.loads(whole) | fields, separators=(",", ":")))


def moved(change: Callable[[list[str]], list[str]], name: str = "events.ndjson") -> Alter:
    return text(name, lambda whole: "".join(f"{one}\n" for one in change(whole.split("\n")[:-1])))


def resigned(folder: Path) -> None:
    """By somebody who has no key of ours, over the very same text."""
    note = read_note((folder / "checkpoint.txt").read_text())
    name = read_checkpoint(note.text).origin
    (folder / "checkpoint.txt").write_text(str(signed(note.text, name, [Ed25519PrivateKey.generate()])))


def chained_anew(folder: Path) -> None:
    """An event changed, and all hashes after it made anew: only the root tells."""
    organisation = UUID(json.loads((folder / "bundle.json").read_text())["organisationId"])
    decoder = msgspec.json.Decoder(Line)
    lines = [decoder.decode(one) for one in (folder / "events.ndjson").read_bytes().splitlines()]
    lines[3].actor = "person:somebody"
    before = lines[3].before
    for one in lines[3:]:
        one.before = before
        one.hash = before = hash_of(organisation.bytes, one)
    (folder / "events.ndjson").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))


def zoned(folder: Path) -> None:
    """The very same moment, as another zone tells it."""
    lines = (folder / "events.ndjson").read_bytes().decode().split("\n")
    moment = datetime.fromisoformat(json.loads(lines[4])["recordedAt"]).astimezone(timezone(timedelta(hours=1)))
    line(4, recordedAt=moment.isoformat())(folder)


NEVER = "2026-01-01T00:00:00Z"
ALTERED: dict[str, Alter] = {
    "position": line(4, position=400),
    "recorded": line(4, recordedAt=NEVER),
    "recorded in another form": line(4, recordedAt="2026-01-01T00:00:00.000000Z"),
    "recorded in another zone": zoned,
    "recorded in no zone": text("events.ndjson", lambda whole: whole.replace('Z","commandId"', '","commandId"', 1)),
    "no moment": line(4, recordedAt="Z"),
    "occurred": line(4, occurredAt=NEVER),
    "command": line(4, commandId=str(uuid4())),
    "event": line(4, eventId=str(uuid4())),
    "id in capitals": text("events.ndjson", lambda whole: whole.replace('"commandId":"', '"commandId":"A', 1)),
    "no id": line(4, eventId="x"),
    "correlation": line(4, correlationId=str(uuid4())),
    "causation": line(4, causationId=str(uuid4())),
    "version": line(4, version=2),
    "version too large": line(4, version=70_000),
    "version as text": line(4, version="1"),
    "type": line(4, type="person.forgotten"),
    "actor": line(4, actor="system"),
    "tags": line(4, tags=["person:1"]),
    "tags joined": line(4, tags=["a\nb"]),
    "no tags": line(4, tags=[]),
    "an empty tag": line(4, tags=[""]),
    "reason": line(4, reason="because"),
    "an empty reason": line(4, reason=""),
    "body": line(4, body="{}"),
    "before": line(4, before=_b64(bytes(32))),
    "before too short": line(4, before=_b64(bytes(31))),
    "hash": line(4, hash=_b64(bytes(32))),
    "a field more": line(4, more=1),
    "a blank in a line": text("events.ndjson", lambda whole: whole.replace('"version":', '"version": ', 1)),
    "a field twice": text("events.ndjson", lambda whole: whole.replace('"version":', '"version":1,"version":', 1)),
    "no JSON": moved(lambda lines: ["[", *lines[1:]]),
    "nested deeply": moved(lambda lines: ["[" * 100_000, *lines[1:]]),
    "an event dropped": moved(lambda lines: lines[:4] + lines[5:]),
    "the last dropped": moved(lambda lines: lines[:-1]),
    "two swapped": moved(lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]]),
    "one twice": moved(lambda lines: lines[:5] + lines[4:]),
    "none left": moved(lambda lines: lines[:0]),
    "no last line end": text("events.ndjson", lambda whole: whole[:-1]),
    "chained anew": chained_anew,
    "count": text("bundle.json", lambda whole: whole.replace('"events":', '"events":1')),
    "format": text("bundle.json", lambda whole: whole.replace("bundle/1", "bundle/2")),
    "range": text("bundle.json", lambda whole: whole.replace('"last":', '"last":1')),
    "no range": text("bundle.json", lambda whole: whole.replace('"first":', '"first":-')),
    "entity": manifest(entityId=str(uuid4())),
    "organisation": manifest(organisationId=str(uuid4())),
    "proof cut": moved(lambda lines: lines[1:], "inclusion.txt"),
    "proof lengthened": moved(lambda lines: [*lines, _b64(bytes(32))], "inclusion.txt"),
    "proof changed": moved(lambda lines: [_b64(bytes(32)), *lines[1:]], "inclusion.txt"),
    "proof is none": moved(lambda lines: ["x", *lines[1:]], "inclusion.txt"),
    "size": text("checkpoint.txt", lambda whole: whole.replace("\n38\n", "\n39\n")),
    "size in another form": text("checkpoint.txt", lambda whole: whole.replace("\n38\n", "\n038\n")),
    "root": text("checkpoint.txt", lambda whole: re.sub(r"\n[^\n]{44}\n\n", f"\n{_b64(bytes(32))}\n\n", whole)),
    "origin": text("checkpoint.txt", lambda whole: whole.replace("example.com", "example.org")),
    "no signature": text("checkpoint.txt", lambda whole: whole.rpartition("\n\n")[0] + "\n\n"),
    "a stranger's signature": resigned,
    "no keys": moved(lambda lines: lines[:0], "keys.txt"),
    "a key's hash": text("keys.txt", lambda whole: whole.replace("+", "+0", 1)),
    "earlier root": text("consistency.ndjson", lambda whole: whole.replace("\\n\\n", "\\nmore\\n\\n", 1)),
    "earlier proof": text("consistency.ndjson", lambda whole: whole.replace('"proof":["', '"proof":["A', 1)),
    "earlier proof lengthened": text(
        "consistency.ndjson", lambda whole: whole.replace('"proof":[', f'"proof":["{_b64(bytes(32))}",', 1)
    ),
    "earlier no JSON": moved(lambda lines: ["{}", *lines], "consistency.ndjson"),
    **{f"{name} missing": lambda folder, name=name: (folder / name).unlink() for name in FILES},
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_is_altered_is_found_by_both(told: Told, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "bundle"
    copytree(told.part, folder)
    assert first(folder)
    ALTERED[what](folder)
    assert not first(folder)
    holds, said = second(folder)
    assert not holds, said


@given(st.data())
def test_a_byte_changed_anywhere_is_judged_alike_by_both(
    told: Told, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("byte") / "bundle"
    copytree(told.part, folder)
    name = data.draw(st.sampled_from(FILES))
    content = bytearray((folder / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    (folder / name).write_bytes(content)
    holds, said = second(folder)
    assert first(folder) == holds, said


async def test_what_no_checkpoint_covers_is_not_exported(opened: Connection, told: Told, tmp_path: Path) -> None:
    for begin, end in ((0, 3), (4, 3), (1, 39)):
        with pytest.raises(NotExported, match="from 1 to 38"):
            await export(opened, told.organisation_id, tmp_path / "new", begin, end)
    with pytest.raises(NotExported, match="no checkpoint"):
        await export(opened, uuid4(), tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").mkdir()
    with pytest.raises(FileExistsError):
        await export(opened, told.organisation_id, tmp_path / "old")


async def test_who_kept_a_checkpoint_of_another_history_is_told_at_the_export(
    opened: Connection, told: Told, tmp_path: Path
) -> None:
    for size in (7, 39):
        note = Note(told.earlier.note.text.replace("\n16\n", f"\n{size}\n"), told.earlier.note.signatures)
        with pytest.raises(NotExported):
            await export(opened, told.organisation_id, tmp_path / f"new{size}", kept=note)
