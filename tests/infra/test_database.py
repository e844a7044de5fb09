"""Connections: whose they are, whom they can see, and what becomes of broken ones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra import database as connections
from infra.database import (
    Database,
    DatabaseBusy,
    DatabaseUnsafe,
    TenantPool,
    statements,
    unavailable,
    verify_durability,
)
from infra.embedded import EmbeddedServer
from infra.settings import Settings

SCOPE = "select current_setting('headway.organisation')"
PID = "select pg_backend_pid()"
HERE, THERE = uuid4(), uuid4()


@pytest.fixture
async def small(postgres: EmbeddedServer, database_name: str) -> AsyncIterator[Database]:
    """With two connections to read."""
    opened = await Database.open(
        Settings(read_pool_size=2, append_pool_size=1, work_pool_size=2),
        postgres.url(database_name),
        postgres.application_url(database_name),
    )
    yield opened
    await opened.close()


@pytest.fixture
def read(small: Database) -> TenantPool:
    return small.read


async def ask(pool: TenantPool, organisation_id: UUID, question: str) -> object:
    async with pool.of(organisation_id) as connection:
        return await connection.fetchval(question)


async def test_a_read_connection_is_scoped_to_the_asked_organisation(read: TenantPool) -> None:
    for organisation_id in (HERE, THERE, HERE, HERE, THERE):
        assert await ask(read, organisation_id, SCOPE) == str(organisation_id)


async def test_no_reader_ever_sees_anothers_scope(read: TenantPool) -> None:
    asked = [uuid4() for _ in range(5)] * 20
    assert await asyncio.gather(*(ask(read, one, SCOPE) for one in asked)) == [str(one) for one in asked]
    assert read.idle == read.size == 2


async def test_a_connection_already_scoped_is_preferred(read: TenantPool) -> None:
    async with read.of(HERE) as one, read.of(THERE) as other:
        pids = {HERE: await one.fetchval(PID), THERE: await other.fetchval(PID)}
    for organisation_id in (THERE, HERE, HERE, THERE):
        assert await ask(read, organisation_id, PID) == pids[organisation_id]


async def test_a_failed_rescoping_is_not_taken_for_done(read: TenantPool) -> None:
    async with read.of(HERE) as connection:
        pid = await connection.fetchval(PID)
        await connection.execute("set headway.organisation = 'spoilt'")
    async with read.of(THERE) as connection:
        assert await connection.fetchval(SCOPE) == str(THERE)
        assert await connection.fetchval(PID) == pid


async def test_reading_writes_nothing_and_has_its_settings(read: TenantPool) -> None:
    async with read.of(HERE) as connection:
        expected = {
            "TimeZone": "UTC",
            "jit": "off",
            "plan_cache_mode": "force_generic_plan",
            "statement_timeout": "5s",
            "default_transaction_read_only": "on",
            "search_path": "read",
            "extra_float_digits": "1",
        }
        assert {name: await connection.fetchval("select current_setting($1)", name) for name in expected} == expected
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("create table read.trespass ()")


async def test_a_full_pool_is_busy_after_a_while(read: TenantPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS_TO_CONNECT", 0.05)
    async with read.of(HERE), read.of(HERE):
        with pytest.raises(DatabaseBusy) as busy:
            await ask(read, HERE, "select 1")
    assert unavailable(busy.value) == "UNAVAILABLE"
    assert await ask(read, HERE, "select 1") == 1


async def test_a_broken_connection_is_replaced(read: TenantPool, small: Database) -> None:
    async with read.of(HERE) as connection:
        pid = await connection.fetchval(PID)
        async with small.owner_connection() as owner:
            await owner.execute("select pg_terminate_backend($1, 1000)", pid)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)) as lost:
            await connection.fetchval("select 1")
    assert unavailable(lost.value) == "UNAVAILABLE"
    assert await ask(read, HERE, PID) != pid


async def test_a_connection_lost_while_idle_is_replaced(read: TenantPool, small: Database) -> None:
    pid = await ask(read, HERE, PID)
    async with small.owner_connection() as owner:
        await owner.execute("select pg_terminate_backend($1, 1000)", pid)
        await owner.execute("select 1")
    await asyncio.sleep(0)
    assert await ask(read, HERE, PID) != pid


async def test_a_connection_given_back_amid_a_transaction_or_a_cancellation_is_not_used_again(
    read: TenantPool,
) -> None:
    async with read.of(HERE) as connection:
        left = await connection.fetchval(PID)
        await connection.execute("begin")
    asked = asyncio.Event()

    async def hang() -> None:
        async with read.of(HERE) as connection:
            asked.set()
            await connection.execute("select pg_sleep(4)")

    hanging = asyncio.create_task(hang())
    await asked.wait()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert read.idle == 0
    async with read.of(HERE) as one, read.of(HERE) as other:
        assert left not in {await one.fetchval(PID), await other.fetchval(PID)}


async def test_only_the_owner_connection_is_the_owners(small: Database) -> None:
    async with small.owner_connection() as connection:
        assert await connection.fetchval("select current_user") == "headway_owner"
    for pool in (small.append, small.work):
        async with pool.acquire() as connection:
            assert await connection.fetchval("select current_user") == "headway_application_login"
    assert await ask(small.read, HERE, "select current_user") == "headway_application_login"


async def test_without_an_address_of_its_own_the_application_takes_its_role(
    postgres: EmbeddedServer, database_name: str
) -> None:
    opened = await Database.open(Settings(), postgres.url(database_name))
    try:
        async with opened.work.acquire() as connection:
            assert await connection.fetchval("select current_user") == "headway_application"
        assert await ask(opened.read, HERE, "select current_user") == "headway_application"
    finally:
        await opened.close()


@pytest.mark.parametrize("statement", ["update ledger.events set body = ''", "delete from ledger.events"])
async def test_the_application_changes_no_ledger_row(small: Database, statement: str) -> None:
    async with small.work.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_the_pools_heal_when_the_server_throws_everybody_out(small: Database) -> None:
    async with small.append.acquire() as connection:
        pid = await connection.fetchval(PID)
    async with small.owner_connection() as owner:
        await owner.execute("select pg_terminate_backend($1, 1000)", pid)
    await asyncio.sleep(0)
    async with small.append.acquire() as connection:
        assert await connection.fetchval(PID) != pid


async def test_a_server_that_could_lose_what_it_acknowledged_is_refused(small: Database) -> None:
    async with small.owner_connection() as connection:
        await verify_durability(connection)
        await connection.execute("set synchronous_commit = off")
        with pytest.raises(DatabaseUnsafe, match="Turn synchronous_commit on"):
            await verify_durability(connection)


async def test_opening_without_a_server_says_so_and_leaves_nothing_open(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"No such file") as refused:
        await Database.open(Settings(), f"postgresql://nobody@/nothing?host={tmp_path}")
    assert unavailable(refused.value) == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.DiskFullError("x"), "STORAGE_FULL"),
        (asyncpg.OutOfMemoryError("x"), "UNAVAILABLE"),
        (asyncpg.TooManyConnectionsError("x"), "UNAVAILABLE"),
        (asyncpg.AdminShutdownError("x"), "UNAVAILABLE"),
        (asyncpg.CannotConnectNowError("x"), "UNAVAILABLE"),
        (asyncpg.ConnectionDoesNotExistError("x"), "UNAVAILABLE"),
        (asyncpg.DataCorruptedError("x"), "UNAVAILABLE"),
        (asyncpg.InterfaceError("connection is closed"), "UNAVAILABLE"),
        (ConnectionRefusedError(), "UNAVAILABLE"),
        (TimeoutError(), "UNAVAILABLE"),
        (asyncpg.UniqueViolationError("x"), None),
        (asyncpg.UndefinedTableError("x"), None),
        (ValueError("x"), None),
    ],
)
def test_an_error_is_classified_by_whether_the_database_can_serve(error: Exception, code: str | None) -> None:
    assert unavailable(error) == code


async def test_an_argument_of_the_wrong_type_is_no_outage(small: Database) -> None:
    async with small.work.acquire() as connection:
        with pytest.raises(asyncpg.DataError) as wrong:
            await connection.fetchval("select $1::uuid", "no uuid")
    assert unavailable(wrong.value) is None


def test_statements_are_loaded_by_name(tmp_path: Path) -> None:
    path = tmp_path / "some.sql"
    path.write_text(
        "-- What this file is.\n\n"
        "-- claim: takes what is due\n-- and says how much\nselect 1\n  -- inner: a remark\n where true;\n\n"
        "-- give_back:\nselect 2\n\nunion select 3;\n"
    )
    assert dict(statements(path)) == {
        "claim": "select 1\n  -- inner: a remark\n where true;",
        "give_back": "select 2\n\nunion select 3;",
    }


def test_a_name_given_to_two_statements_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.sql"
    path.write_text("-- claim:\nselect 1;\n\n-- claim:\nselect 2;\n")
    with pytest.raises(ValueError, match="names 'claim' twice"):
        statements(path)
