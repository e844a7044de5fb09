"""F16: whatever the owner of the database does to events by SQL is found, however much of the rest they mend after it;
and once they have mended all of it, by a checkpoint that was kept outside."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.people import RegisterPerson
from infra.chain import NONE, link_hash
from infra.chain import STATEMENTS as CHAIN
from infra.checkpoints import newest, publish
from infra.database import Connection, Database
from infra.ledger import Ledger
from infra.notary import Notary
from infra.notes import Note, NoteWrong, read_notes
from infra.rebuild import compare
from infra.settings import Settings
from infra.tiles import grow
from infra.verifying import Verified, verify
from infra.witnessing import NotWitnessed, witnessed
from tests.conftest import seals
from tests.infra.at_work import founded, projecting

EVENTS = 19
Mutation = Callable[[Connection, UUID], Awaitable[None]]


async def alter(owner: Connection, organisation_id: UUID) -> None:
    await owner.execute(
        "update ledger.events set body = replace(body, 'sealed', 'opened') where organisation_id = $1 and position = 6",
        organisation_id,
    )


async def shift(owner: Connection, organisation_id: UUID, after: int, by: int) -> None:
    for step in (1_000, by - 1_000):
        await owner.execute(
            "update ledger.events set position = position + $3 where organisation_id = $1 and position > $2",
            organisation_id,
            after,
            step,
        )
    await owner.execute(
        "update ledger.heads set position = position + $2 where organisation_id = $1", organisation_id, by
    )


async def drop(owner: Connection, organisation_id: UUID) -> None:
    await owner.execute("delete from ledger.events where organisation_id = $1 and position = 6", organisation_id)
    await shift(owner, organisation_id, 6, -1)


async def insert(owner: Connection, organisation_id: UUID) -> None:
    await shift(owner, organisation_id, 6, 1)
    await owner.execute(
        "insert into ledger.events select organisation_id, 7, gen_random_uuid(), command_id, correlation_id,"
        " causation_id, recorded_at, occurred_at, version, type, actor, tags, reason, body, hash from ledger.events"
        " where organisation_id = $1 and position = 6",
        organisation_id,
    )


async def swap(owner: Connection, organisation_id: UUID) -> None:
    for position, to in ((6, 1_000), (7, 6), (1_000, 7)):
        await owner.execute(
            "update ledger.events set position = $3 where organisation_id = $1 and position = $2",
            organisation_id,
            position,
            to,
        )


async def truncate(owner: Connection, organisation_id: UUID) -> None:
    await owner.execute("delete from ledger.events where organisation_id = $1 and position > 15", organisation_id)


MUTATIONS: dict[str, Mutation] = {
    "alter": alter,
    "drop": drop,
    "insert": insert,
    "swap": swap,
    "truncate": truncate,
}


async def chained_anew(owner: Connection, organisation_id: UUID) -> None:
    """Every hash made to fit, and the head."""
    before, position = NONE, 0
    for link in await owner.fetch(CHAIN["links"], organisation_id, 0, 10_000):
        before, position = link_hash(before, organisation_id, link), link[0]
        await owner.execute(
            "update ledger.events set hash = $3 where organisation_id = $1 and position = $2",
            organisation_id,
            position,
            before,
        )
    await owner.execute(
        "update ledger.heads set hash = $2, position = $3 where organisation_id = $1", organisation_id, before, position
    )


async def grown_anew(owner: Connection, organisation_id: UUID) -> int:
    """The stored tree made to fit."""
    for table in ("tile", "tree"):
        await owner.execute(f"delete from ledger.{table} where organisation_id = $1", organisation_id)
    return await grow(owner, organisation_id, 0)


async def signed_anew(owner: Connection, organisation_id: UUID, size: int) -> None:
    """Checkpoints and keys as if nothing else had ever been signed."""
    for table in ("checkpoint", "signing_key"):
        await owner.execute(f"delete from ledger.{table} where organisation_id = $1", organisation_id)
    await publish(owner, organisation_id, "example.com", size, [Ed25519PrivateKey.generate()])


@pytest.fixture
async def organisation_id(database: Database, tmp_path: Path) -> UUID:
    """Nineteen events, and checkpoints of 10 and 19 of them."""
    telling = await founded(Ledger(database))
    notary = Notary(database, Settings(home=str(tmp_path), checkpoint_origin="example.com"))
    for n in range(3, EVENTS + 1):
        await telling.tell(RegisterPerson(person_id=uuid4(), name=f"Person {n}"))
        if n in {10, EVENTS}:
            await notary.catch_up(telling.organisation_id)
    return telling.organisation_id


async def verified(database: Database, organisation_id: UUID, *kept: Note) -> Verified:
    async with database.owner_connection() as owner:
        [found] = await verify(owner, organisation_id, kept=kept)
    return found


async def last_of(database: Database, organisation_id: UUID) -> Note:
    async with database.read.of(organisation_id) as connection:
        stored = await newest(connection, organisation_id)
    assert stored is not None
    return stored.note


async def test_what_nobody_touched_holds(database: Database, organisation_id: UUID) -> None:
    found = await verified(database, organisation_id, await last_of(database, organisation_id))
    assert found.holds
    assert found.sentences[1].endswith("the tree of 19 events and 2 checkpoints hold.")


@pytest.mark.parametrize("mended", range(4))
@pytest.mark.parametrize("name", MUTATIONS)
async def test_f16_events_changed_by_sql_are_found_however_much_is_mended(
    database: Database, organisation_id: UUID, tmp_path: Path, name: str, mended: int
) -> None:
    kept = await last_of(database, organisation_id)
    witness = tmp_path / "witness.txt"
    witness.write_text(str(kept))
    async with database.owner_connection() as owner:
        await owner.execute("select set_config('headway.organisation', $1, false)", str(organisation_id))
        await MUTATIONS[name](owner, organisation_id)
        if mended > 0:
            await chained_anew(owner, organisation_id)
        size = await grown_anew(owner, organisation_id) if mended > 1 else EVENTS
        if mended > 2:
            await signed_anew(owner, organisation_id, size)
            with pytest.raises(NotWitnessed):
                await witnessed(owner, organisation_id, witness)
    found = await verified(database, organisation_id)
    said = " ".join(found.sentences)
    assert found.chain.broken_at in ({6, 7, 16} if mended == 0 else {None})
    if mended == 1:
        assert "stored nodes" in said or "the tree covers 19 events" in said
    if mended in {1, 2}:
        assert "the checkpoint" in said
    assert found.holds == (mended == 3), "whoever mends all of it, and signs, is found from outside alone"
    outside = await verified(database, organisation_id, kept)
    assert not outside.holds
    if mended == 3:
        begins = "the tail was cut off: the checkpoint that was kept" if name in {"truncate", "drop"} else "history was"
        [sentence] = outside.wrong
        assert sentence.startswith(begins)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("update ledger.tile set nodes = overlay(nodes placing sha256('x') from 33)", "tile 0 of level 0"),
        ("update ledger.tile set nodes = nodes || sha256('x')", "stored nodes where 19 events make 35"),
        ("delete from ledger.tile", "tile 0 of level 0"),
        ("update ledger.tree set size = 20", "the tree covers 20 events, and the ledger has 19"),
        ("update ledger.checkpoint set note = replace(note, E'\\n10\\n', E'\\n11\\n')", "events is another's"),
        ("update ledger.checkpoint set size = 12 where size = 10 and true", "the checkpoint of 12 events is another's"),
        ("update ledger.checkpoint set note = 'x'", "is damaged"),
        (
            "update ledger.checkpoint set note = overlay(note placing 'A' from position(E'\\n19\\n' in note) + 5)",
            "altered",
        ),
        ("delete from ledger.signing_key", "none of the known keys"),
        ("update ledger.signing_key set key = 'x'", "a signing key is damaged"),
    ],
)
async def test_what_is_changed_beside_the_events_is_found(
    database: Database, organisation_id: UUID, change: str, says: str
) -> None:
    where = " and " if " where " in change else " where "
    async with database.owner_connection() as owner:
        done = await owner.execute(f"{change}{where}organisation_id = $1", organisation_id)
        assert not done.endswith(" 0")
    found = await verified(database, organisation_id)
    assert not found.holds
    assert says in " ".join(found.sentences)


async def test_a_ledger_that_is_gone_is_known_outside(database: Database, organisation_id: UUID) -> None:
    kept = await last_of(database, organisation_id)
    async with database.owner_connection() as owner:
        for table in ("heads", "events", "tile", "tree", "checkpoint"):
            await owner.execute(f"delete from ledger.{table} where organisation_id = $1", organisation_id)
        found = [one for one in await verify(owner, kept=[kept]) if one.chain.organisation_id == organisation_id]
    assert [
        one.sentences[-1].endswith("the ledger is gone: what was kept outside knows 19 events.") for one in found
    ] == [True]
    assert not found[0].holds


async def test_what_was_kept_has_to_be_a_checkpoint(database: Database) -> None:
    async with database.owner_connection() as owner:
        for text in ("a\n1\nx\n", "nobody\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"):
            with pytest.raises(NoteWrong):
                await verify(owner, kept=[Note(text, ())])


async def test_a_file_witnesses_what_continues(database: Database, organisation_id: UUID, tmp_path: Path) -> None:
    file = tmp_path / "witness.txt"
    async with database.read.of(organisation_id) as connection:
        earlier = await newest(connection, organisation_id, 10)
        assert earlier is not None
        file.write_text(str(earlier.note))
        for _ in range(2):  # the same again adds nothing
            assert (await witnessed(connection, organisation_id, file)).size == EVENTS
    notes = read_notes(file.read_text())
    assert notes == [earlier.note, await last_of(database, organisation_id)]


async def test_a_file_witnesses_one_organisation(database: Database, organisation_id: UUID, tmp_path: Path) -> None:
    file = tmp_path / "witness.txt"
    file.write_text(str(await last_of(database, organisation_id)).replace("example.com", "example.org"))
    async with database.read.of(organisation_id) as connection:
        with pytest.raises(NoteWrong, match=r"witness of example\.org"):
            await witnessed(connection, organisation_id, file)


async def test_read_models_that_differ_are_told_and_left(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        done = await telling.tell(RegisterPerson(person_id=uuid4(), name="Ben"))
        assert await positions.wait(telling.organisation_id, done.position, 10)

    async def asked(owner: asyncpg.Connection) -> Any:
        return (await compare(owner, seals())).differences

    async with database.owner_connection() as owner:
        before = await asked(owner)
        await owner.execute(
            "update read.person set name = 'Eve' where organisation_id = $1 and name = 'Ben'", telling.organisation_id
        )
        assert await asked(owner) == before | {"person": before.get("person", 0) + 2}
        assert await asked(owner) == before | {"person": before.get("person", 0) + 2}, "nothing was switched"
        assert await owner.fetchval("select count(*) from pg_namespace where nspname = 'rebuild'") == 0
