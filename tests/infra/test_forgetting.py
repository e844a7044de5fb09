"""R11: once a person is forgotten nobody can read of them, here or in the files; the chain holds and counts stand."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.commands import EVENTS
from domain.comments import Comment
from domain.forgetting import ForgetPerson
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson
from infra.chain import walk
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.forgetting import TOLD_NO_MORE, Scrubber, reapply
from infra.hearing import Hearing
from infra.master_key import open_vault
from infra.person_export import Held, held
from infra.rebuild import rebuild
from infra.seals import Seals
from infra.settings import Settings
from infra.vault import VaultUnavailable
from projections.read_models import PROJECTIONS
from tests.conftest import prepare, seals
from tests.infra.at_work import Telling, founded, projecting
from tests.infra.whole_life import WORD, tell_a_life, told

SECONDS = 20


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_the_ledger_never_holds_what_is_personal(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, _, _positions):
        telling = await founded(ledger)
        await tell_a_life(telling)
    rows = await owner.fetch(
        "select type from ledger.events where organisation_id = $1 and (body || coalesce(reason, '')) ilike $2",
        telling.organisation_id,
        f"%{WORD}%",
    )
    assert rows == []


async def test_every_kind_of_personal_text_was_told(database: Database, owner: asyncpg.Connection) -> None:
    """So that the tests here forget something of each."""
    async with projecting(database) as (ledger, _, _positions):
        telling = await founded(ledger)
        await tell_a_life(telling)
    rows = await owner.fetch(
        "select distinct type from ledger.events where organisation_id = $1 and strpos(body, 'sealed:1:') > 0",
        telling.organisation_id,
    )
    assert {row[0] for row in rows} == {name for name, kind in EVENTS.items() if kind.personal()} - {"role.revoked"}


async def test_what_is_forgotten_can_not_be_read_and_all_else_stands(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        theirs = await tell_a_life(telling, "Balthasarine")
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        before = {table.name: await counted(owner, telling, table.name) for one in PROJECTIONS for table in one.tables}
        others = await told(owner, telling, "Balthasarine")
        assert (
            set(await told(owner, telling, WORD))
            == set(others)
            > {"person", "comment", "check_in", "entry", "findable"}
        )

        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
        assert await told(owner, telling, WORD) == []
        assert await told(owner, telling, "Balthasarine") == others, "somebody else was touched"
        after = {table.name: await counted(owner, telling, table.name) for one in PROJECTIONS for table in one.tables}
        grown = {"person", "entry", "concerned"}  # by the forgetting itself
        assert {name for name, count in after.items() if count != before[name]} <= grown

        again = await telling.tell(Comment(comment_id=uuid4(), outcome_id=await an_outcome(owner, telling), text="On."))
        assert await positions.wait(telling.organisation_id, again.position, SECONDS)
        assert theirs != hers
    rebuilt = await rebuild(owner, seals())
    assert (rebuilt.differences, rebuilt.stopped) == ({}, [])
    assert all(one.broken_at is None for one in await walk(owner, telling.organisation_id, 1))


async def test_what_receivers_have_answered_is_let_go_of_with_whom_it_may_name(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling, other = await founded(ledger), uuid4()
        hers = await tell_a_life(telling)
        for organisation_id in (telling.organisation_id, other):
            await owner.execute(
                "insert into outbox.attempt values ($1, $1, 1, 1, now(), 'http_500', 500, 1, $2)",
                organisation_id,
                f"No such user: {WORD}",
            )
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    said = await owner.fetch(
        "select organisation_id from outbox.attempt where excerpt ilike $1 and organisation_id = any($2::uuid[])",
        f"%{WORD}%",
        [telling.organisation_id, other],
    )
    assert [row[0] for row in said] == [other]
    tables = await owner.fetchval("select tables from edge.forgotten where person_id = $1", hers)
    assert "outbox.attempt" in tables
    assert await Scrubber(database).scrub() >= 1


async def test_what_was_wrong_with_what_sources_told_is_let_go_of_with_whom_it_may_name(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling, other = await founded(ledger), await founded(ledger)
        hers, hearing = await tell_a_life(telling), Hearing(database, ledger)
        sources = wrong, well, late, theirs = [uuid4() for _ in range(4)]
        error = f"At /value there is “{WORD}”, where a number belongs."
        await hearing.failed(telling.organisation_id, wrong, error)
        await hearing.failed(other.organisation_id, theirs, error)
        await owner.execute("insert into edge.source_state values ($1, $2, now())", telling.organisation_id, well)
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
        await hearing.failed(telling.organisation_id, late, error)  # was on its way
    rows = await owner.fetch(
        "select source_id, last_error, last_error_at from edge.source_state where source_id = any($1)", sources
    )
    said = {row[0]: row[1] for row in rows}
    assert said == {wrong: TOLD_NO_MORE, well: None, late: TOLD_NO_MORE, theirs: error}
    assert all((row[1] is None) == (row[2] is None) for row in rows), "that something was wrong is told still"
    assert "edge.source_state" in await owner.fetchval("select tables from edge.forgotten where person_id = $1", hers)
    assert await Scrubber(database).scrub() >= 1


async def test_a_read_model_made_after_it_says_nothing_either(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    await rebuild(owner, seals())
    assert await told(owner, telling, WORD) == []
    name = await owner.fetchval("select name from read.person where id = $1 and until is null", hers)
    assert name == "(forgotten)"


async def test_a_rebuild_that_comes_upon_it_first_begins_anew(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, projector, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        await projector.stop()
        await telling.tell(ForgetPerson(person_id=hers))
        await rebuild(owner, seals())
    assert await told(owner, telling, WORD) == []
    assert (await rebuild(owner, seals())).differences == {}


async def test_a_restored_database_forgets_again_before_it_serves(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    database.seals.vault.forget(telling.organisation_id, hers)  # after the backup that the database stands at again
    assert await told(owner, telling, WORD) != []
    assert await reapply(database) >= 1
    assert await told(owner, telling, WORD) == []
    assert await reapply(database) == 0
    assert (await rebuild(owner, seals())).differences == {}


async def test_a_restored_vault_forgets_again_as_well(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        database.seals.vault.close()
        kept = database.seals.vault.path.read_bytes()
        database.seals = Seals(open_vault(database.settings))
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    database.seals.vault.close()
    database.seals.vault.path.write_bytes(kept)
    database.seals = Seals(open_vault(database.settings))
    assert not database.seals.vault.has_forgotten(telling.organisation_id, hers)
    assert await reapply(database) >= 1
    assert database.seals.vault.has_forgotten(telling.organisation_id, hers)
    sealed = await owner.fetchval(
        "select body from ledger.events where type = 'person.registered' and strpos(body, $1) > 0", str(hers)
    )
    assert database.seals.open(telling.organisation_id, "person.registered", 1, sealed).as_dict()["email"] is None


async def test_an_export_holds_what_is_hers_and_nothing_of_others_and_is_empty_of_texts_afterwards(
    database: Database, owner: asyncpg.Connection
) -> None:
    async def exported() -> list[Held]:
        return [one async for one in held(owner, database.seals, telling.organisation_id, hers)]

    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        await tell_a_life(telling, "Balthasarine")
        before = await exported()
        said = [value for one in before for value in one.fields.values() if WORD in str(value)]
        assert len(said) >= len([kind for kind in EVENTS.values() if kind.personal()])
        assert not any("Balthasarine" in str(one.fields) for one in before)
        assert {one.issued_by for one in before} == {"you", "somebody else"}
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    after = await exported()
    assert [one.type for one in after] == [*(one.type for one in before), "person.forgotten"]
    assert not any(WORD in str(one.fields) for one in after)


async def test_a_stopped_projection_is_swept_as_well(database: Database, owner: asyncpg.Connection) -> None:
    async with projecting(database) as (ledger, projector, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        await owner.execute(
            "update read.checkpoint set stopped_at = position + 1, problem = 'Poison.'"
            " where organisation_id = $1 and projection = 'practice'",
            telling.organisation_id,
        )
        await telling.tell(ForgetPerson(person_id=hers))
        while not await projector.project(telling.organisation_id):
            pass
        assert await told(owner, telling, WORD) == []
        await owner.execute("update read.checkpoint set stopped_at = null, problem = null")
        projector.stir(telling.organisation_id)
        assert await positions.wait(telling.organisation_id, last.position + 1, SECONDS)
    assert (await rebuild(owner, seals())).differences == {}


async def test_without_the_vault_nothing_personal_is_taken_and_all_else_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise VaultUnavailable("The vault does not answer.")

    async with projecting(database) as (ledger, _, _positions):
        telling = await founded(ledger)
        monkeypatch.setattr(database.seals.vault, "key_of", away)
        with pytest.raises(VaultUnavailable):
            await telling.tell(RegisterPerson(person_id=uuid4(), name="Ben"))
        outcome = uuid4()
        assert (await telling.tell(SetOutcome(outcome_id=outcome, title="Fewer waits"))).position == 3
        monkeypatch.undo()
        assert (await telling.tell(RegisterPerson(person_id=uuid4(), name="Ben"))).position == 4


async def counted(connection: asyncpg.Connection, telling: Telling, table: str) -> int:
    asked = f"select count(*) from read.{table} where organisation_id = $1"
    return await connection.fetchval(asked, telling.organisation_id)


async def an_outcome(connection: asyncpg.Connection, telling: Telling) -> UUID:
    return await connection.fetchval("select id from read.outcome where organisation_id = $1", telling.organisation_id)


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """One whose files can be searched whole."""
    home = Path(tempfile.mkdtemp(prefix="headway-tests-"))
    server = EmbeddedServer(home)
    try:
        with server:
            yield server
    finally:
        shutil.rmtree(server.place, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def holding(folder: Path, word: str) -> list[str]:
    """The files below a folder that hold the word, in whatever case."""
    return [
        str(one.relative_to(folder))
        for one in folder.rglob("*")
        if one.is_file() and word.lower().encode() in one.read_bytes().lower()
    ]


async def test_no_file_of_the_database_holds_a_byte_of_it(server: EmbeddedServer) -> None:
    await prepare(server.url())
    database = await Database.open(Settings(), server.url(), server.application_url())
    scrubber = Scrubber(database)
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        hers = await tell_a_life(telling)
        last = await telling.tell(RegisterPerson(person_id=uuid4(), name="Last"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
        async with database.owner_connection() as connection:
            await connection.execute("analyze")  # so that the planner has noted something too
            await connection.execute("checkpoint")
        assert holding(server.data, WORD) != []
        done = await telling.tell(ForgetPerson(person_id=hers))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
        assert await scrubber.scrub() == 1
        assert await scrubber.scrub() == 0, "and once"
    await database.close()
    assert holding(server.data, WORD) == []
