"""The migration runner: each file once, whole or not at all, and no other history than the files'."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from infra import migrate as runner
from infra.embedded import EmbeddedServer
from infra.migrate import APPLICATION_ROLE, FOLDER, MigrationRefused, migrate, pending, retag, steps

FIRST, SECOND = "0001_first.sql", "0002_second.sql"
TWO = {FIRST: "create table one (id int);", SECOND: "alter table one add name text; create table two ();"}


@pytest.fixture
async def empty(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    name = f"empty_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.url("postgres"))
    await connection.execute(f"create database {name}")
    yield postgres.url(name)
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture
async def connection(empty: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(empty)
    yield opened
    await opened.close()


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


async def has(connection: asyncpg.Connection, table: str) -> bool:
    return await connection.fetchval("select to_regclass($1) is not null", table)


async def test_files_are_applied_in_order_and_once(connection: asyncpg.Connection, tmp_path: Path) -> None:
    folder = write(tmp_path, TWO)
    assert await migrate(connection, folder) == [FIRST, SECOND]
    assert await migrate(connection, folder) == []
    write(folder, {"0003_third.sql": "create table three ();"})
    assert await migrate(connection, folder) == ["0003_third.sql"]


async def test_pending_tells_what_is_missing_and_changes_nothing(
    connection: asyncpg.Connection, tmp_path: Path
) -> None:
    folder = write(tmp_path, TWO)
    assert await pending(connection, folder) == [FIRST, SECOND]
    assert not await has(connection, "headway.migration")
    await migrate(connection, folder)
    assert await pending(connection, folder) == []


async def test_a_changed_file_is_refused(connection: asyncpg.Connection, tmp_path: Path) -> None:
    folder = write(tmp_path, TWO)
    await migrate(connection, folder)
    write(folder, {FIRST: "create table one (id bigint);"})
    for question in (migrate, pending):
        with pytest.raises(MigrationRefused, match=r"0001_first\.sql has changed"):
            await question(connection, folder)


async def test_a_missing_file_is_refused(connection: asyncpg.Connection, tmp_path: Path) -> None:
    folder = write(tmp_path, TWO)
    await migrate(connection, folder)
    (folder / SECOND).unlink()
    with pytest.raises(MigrationRefused, match=r"0002_second\.sql, which this release lacks"):
        await migrate(connection, folder)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("0003_gap.sql", "without a gap"), ("0001_twin.sql", "without a gap"), ("2_short.sql", "Name the file 2_short")],
)
async def test_files_out_of_order_are_refused(
    connection: asyncpg.Connection, tmp_path: Path, name: str, sentence: str
) -> None:
    folder = write(tmp_path, {FIRST: "select 1", name: "select 1"})
    with pytest.raises(MigrationRefused, match=sentence):
        await migrate(connection, folder)


async def test_a_failing_file_leaves_nothing_of_itself(connection: asyncpg.Connection, tmp_path: Path) -> None:
    folder = write(tmp_path, {**TWO, SECOND: "create table two (); select 1 / 0;"})
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, folder)
    assert await has(connection, "one")
    assert not await has(connection, "two")
    write(folder, TWO)
    assert await migrate(connection, folder) == [SECOND]


async def test_of_two_migrators_one_applies_and_the_other_waits(empty: str, tmp_path: Path) -> None:
    folder = write(tmp_path, {**TWO, FIRST: "select pg_sleep(0.1); create table one (id int);"})
    both = [await asyncpg.connect(empty) for _ in range(2)]
    answers = await asyncio.gather(*(migrate(connection, folder) for connection in both))
    assert sorted(answers) == [[], [FIRST, SECOND]]
    for connection in both:
        await connection.close()


async def test_a_migrator_that_dies_leaves_nothing_half(empty: str, tmp_path: Path) -> None:
    folder = write(tmp_path, {FIRST: "create table one (); select pg_sleep(0.4);"})
    doomed, watching = await asyncpg.connect(empty), await asyncpg.connect(empty)
    dying = asyncio.create_task(migrate(doomed, folder))
    asked = "select count(*) from pg_stat_activity where query like '%pg_sleep(0.4)%' and pid <> pg_backend_pid()"
    while not await watching.fetchval(asked + " and state = 'active'"):  # noqa: ASYNC110 - of a server
        await asyncio.sleep(0.01)
    await watching.execute("select pg_terminate_backend($1)", doomed.get_server_pid())
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
        await dying
    assert not await has(watching, "one")
    assert await migrate(watching, folder) == [FIRST]
    await watching.close()


async def test_a_lock_that_others_hold_is_asked_for_again(
    connection: asyncpg.Connection, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(runner, "SECONDS_BETWEEN", 0.02)
    folder = write(tmp_path, {FIRST: TWO[FIRST]})
    await migrate(connection, folder)
    write(folder, TWO)
    holder = await asyncpg.connect(empty)
    held = holder.transaction()
    await held.start()
    await holder.execute("lock table one")
    monkeypatch.setattr(runner, "TRIES", 2)
    with pytest.raises(MigrationRefused, match="waits for a lock"):
        await migrate(connection, folder)
    monkeypatch.setattr(runner, "TRIES", 100)
    waiting = asyncio.create_task(migrate(connection, folder))
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    await held.rollback()
    assert await waiting == [SECOND]
    await holder.close()


async def test_a_role_that_may_not_make_roles_is_told_what_to_run(
    postgres: EmbeddedServer, empty: str, tmp_path: Path
) -> None:
    name, folder = f"modest_{uuid4().hex}", write(tmp_path, TWO)
    owner = await asyncpg.connect(empty)
    await owner.execute(f"create role {name} login password 'modest'")
    await owner.execute(f"grant create on database {empty.rpartition('/')[2].partition('?')[0]} to {name}")
    await owner.execute(f"grant create on schema public to {name}")
    modest = await asyncpg.connect(empty, user=name, password="modest")
    with pytest.raises(MigrationRefused, match="grant headway_application to the role that migrates"):
        await migrate(modest, folder)
    await owner.execute(f"grant headway_application to {name}")
    assert await migrate(modest, folder) == [FIRST, SECOND]
    await modest.close()
    await owner.execute(f"drop owned by {name} cascade")
    await owner.execute(f"drop role {name}")
    await owner.close()


OLDER = """
insert into ledger.heads (organisation_id, position) values ('{one}', 1);
insert into ledger.events
values ('{one}', 1, '{one}', '{one}', '{one}', '{one}', now(), now(), 1, 'thing.done', 'system',
        '{{thing:1,reference:2}}', null, '{{}}', '\\x');
insert into ledger.tags
select '{one}', ledger.tag_of('thing.done', tag), 1 from unnest(array['thing:1', 'reference:2']) tag;
"""
TAGGED = "select array_agg(tag order by tag) from ledger.tags"
WANTED = (
    "select array_agg(ledger.tag_of('thing.done', tag) order by ledger.tag_of('thing.done', tag))"
    " from unnest(array['thing:1', 'reference:2']) tag"
)


@pytest.fixture
async def migrating(connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    """A connection of a role that owns its database and nothing more."""
    role = f"migrating_{uuid4().hex}"
    await connection.execute(f"create role {role}; grant {APPLICATION_ROLE} to {role} with set true")
    await connection.execute(
        f"do $$ begin execute 'grant create on database ' || current_database() || ' to {role}'; end $$"
    )
    await connection.execute(f"set role {role}")
    yield connection
    await connection.execute(f"reset role; drop owned by {role} cascade; drop role {role}")


async def test_an_older_ledgers_tags_are_written_anew(migrating: asyncpg.Connection, tmp_path: Path) -> None:
    before = {step.name: step.sql for step in steps(FOLDER) if step.number < 4}
    await migrate(migrating, write(tmp_path, before))
    one = uuid4()
    await migrating.execute(f"set headway.organisation = '{one}'")
    await migrating.execute(OLDER.format(one=one))
    former = await migrating.fetchval(TAGGED)
    await migrate(migrating)
    assert former != await migrating.fetchval(TAGGED) == await migrating.fetchval(WANTED)


async def test_tags_that_another_server_has_hashed_are_written_anew(migrating: asyncpg.Connection) -> None:
    await migrate(migrating)
    one = uuid4()
    await migrating.execute(f"set headway.organisation = '{one}'")
    await migrating.execute(OLDER.format(one=one))
    assert not await retag(migrating)
    await migrating.execute("update ledger.tags set tag = tag + 1; comment on table ledger.tags is 'of another'")
    assert await retag(migrating)
    assert await migrating.fetchval(TAGGED) == await migrating.fetchval(WANTED)
    assert not await retag(migrating)
