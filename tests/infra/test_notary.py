"""Checkpoints: signed once for what has come, never for a history that was rewritten, by old and new key alike."""

import asyncio
import stat
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.people import RegisterPerson
from infra.checkpoints import HistoryRewritten, Stored, keys_of, newest, origin_of, publish, witnesses_of
from infra.database import Database
from infra.ledger import Ledger
from infra.notary import Notary
from infra.projector import STATEMENTS as READING
from infra.settings import Settings, SettingsInvalid
from infra.signing import KeyRing
from infra.tiles import NodeMissing, grow, size_of
from infra.tree import leaf_hash, root
from tests.infra.at_work import Telling, founded


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=str(tmp_path / "home"), checkpoint_origin="example.com/headway")


async def last_of(database: Database, organisation_id: UUID) -> Stored:
    async with database.read.of(organisation_id) as connection:
        found = await newest(connection, organisation_id)
    assert found is not None
    return found


async def register(telling: Telling, count: int) -> None:
    for n in range(count):
        await telling.tell(RegisterPerson(person_id=uuid4(), name=f"Person {n}"))


async def test_a_checkpoint_says_what_the_ledger_holds_and_is_signed(database: Database, settings: Settings) -> None:
    telling = await founded(Ledger(database))
    await register(telling, 40)
    notary = Notary(database, settings)
    await notary.look()
    found = await last_of(database, telling.organisation_id)
    async with database.read.of(telling.organisation_id) as connection:
        rows = await connection.fetch("select hash from ledger.events order by position")
        keys = await keys_of(connection, telling.organisation_id)
    assert found.checkpoint.origin == f"example.com/headway/{telling.organisation_id}" == keys[0].name
    assert (found.checkpoint.size, found.checkpoint.root) == (42, root([leaf_hash(row[0]) for row in rows]))
    assert found.note.signers(keys) == keys


async def test_what_has_not_moved_is_not_signed_again(database: Database, settings: Settings) -> None:
    telling = await founded(Ledger(database))
    notary = Notary(database, settings)
    await notary.look()
    before = await last_of(database, telling.organisation_id)
    assert await notary.look() == 0
    assert await last_of(database, telling.organisation_id) == before
    await register(telling, 1)
    assert await notary.look() == 1
    assert (await last_of(database, telling.organisation_id)).checkpoint.size == 3


async def test_many_processes_sign_each_state_once(database: Database, settings: Settings) -> None:
    telling = await founded(Ledger(database))
    notaries = [Notary(database, settings) for _ in range(4)]
    for count in range(1, 6):
        await register(telling, count)
        await asyncio.gather(*(one.look() for one in notaries))
        for one in notaries:
            await one.look()
        assert (await last_of(database, telling.organisation_id)).checkpoint.size == 2 + count * (count + 1) // 2


async def test_a_long_ledger_is_taken_in_stretches(database: Database, settings: Settings) -> None:
    telling = await founded(Ledger(database))
    await register(telling, 30)
    notary = Notary(database, settings)
    notary.batch = 8
    assert await notary.look() == 1
    assert (await last_of(database, telling.organisation_id)).checkpoint.size == 32


async def test_a_new_key_signs_beside_the_old_until_the_next(database: Database, settings: Settings) -> None:
    telling = await founded(Ledger(database))
    notary = Notary(database, settings)
    signers: list[list[str]] = []
    for turn in range(4):
        if turn:
            notary.keys.rotate(end_overlap=turn == 3)
        await register(telling, 1)
        await notary.look()
        found = await last_of(database, telling.organisation_id)
        async with database.read.of(telling.organisation_id) as connection:
            keys = await keys_of(connection, telling.organisation_id)
        signers.append([key.line for key in found.note.signers(keys)])
        assert len(keys) == turn + 1, "what a retired key has signed still verifies"
    assert [len(one) for one in signers] == [1, 2, 2, 1]
    assert set(signers[0]) < set(signers[1])
    assert set(signers[1]) & set(signers[2]) == set(signers[1]) - set(signers[0])
    assert not set(signers[3]) & set(signers[2])


@pytest.mark.parametrize(
    "change",
    [
        "update ledger.tile set nodes = overlay(nodes placing sha256('x') from 14 * 32 + 1) where organisation_id = $1",
        "delete from ledger.tile where organisation_id = $1",
    ],
)
async def test_a_rewritten_history_is_not_signed(
    database: Database, database_url: str, settings: Settings, change: str
) -> None:
    telling = await founded(Ledger(database))
    await register(telling, 11)
    notary = Notary(database, settings)
    await notary.look()
    before = await last_of(database, telling.organisation_id)
    connection = await asyncpg.connect(database_url)
    assert (await connection.execute(change, telling.organisation_id)).endswith(" 1")
    await connection.close()
    await register(telling, 1)
    assert await notary.look() == 0
    assert await last_of(database, telling.organisation_id) == before

    async def by_hand() -> None:
        async with database.work.acquire() as working, working.transaction():
            await working.execute(READING["scope"], telling.organisation_id)
            size = await grow(working, telling.organisation_id, await size_of(working, telling.organisation_id))
            await publish(working, telling.organisation_id, "x", size, notary.keys.privates())

    with pytest.raises((HistoryRewritten, NodeMissing)):
        await by_hand()


def test_the_key_is_made_once_and_read_by_nobody_else(settings: Settings) -> None:
    ring = KeyRing.of(settings)
    [made] = ring.privates()
    assert [one.private_bytes_raw() for one in KeyRing.of(settings).privates()] == [made.private_bytes_raw()]
    assert stat.S_IMODE(ring.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "key", "YWJj", "é"])
def test_a_file_that_holds_no_keys_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SettingsInvalid, match="HEADWAY_SIGNING_KEYS"):
        KeyRing.of(Settings(signing_keys=str(path))).privates()


def test_witnesses_are_keys() -> None:
    with pytest.raises(SettingsInvalid, match="HEADWAY_WITNESSES"):
        witnesses_of(Settings(witnesses="somebody"))
    assert witnesses_of(Settings()) == []
    assert origin_of("a", UUID(int=0)).startswith("a/0000")
