"""F24: rebuilds and migrations die at every step, run again, and run in two processes at once; nobody reads a half."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import asyncpg
import pytest

import infra.rebuild
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.migrate import pending
from infra.rebuild import rebuild
from projections.read_models import PROJECTIONS
from tests.conftest import seals
from tests.faults.conftest import Place
from tests.faults.dying import Dying, attempt
from tests.faults.invariants import Broken, check_all, check_read_models, demand
from tests.faults.journal import Journal
from tests.faults.load import Load, World, by_desk
from tests.faults.mutants import Halving, Piecemeal, Unlocked
from tests.faults.stand import as_owner, eventually, product

ROOT = Path(__file__).parents[2]
MOST_STEPS = 1_000
AGAIN = 10
ROUNDS = 5
TABLES = [table.name for projection in PROJECTIONS for table in projection.tables]
COUNTS = [
    "select " + " + ".join(f"(select count(*) from {name} where organisation_id = $1)" for name in names)
    for names in (TABLES, TABLES[::-1])  # whoever locks them in turn must not stand in the way of either
]
SHAPE = (
    "select string_agg(t.text, ';' order by t.text) from ("
    " select format('%s.%s.%s %s', table_schema, table_name, column_name, data_type) as text"
    "   from information_schema.columns where table_schema in ('ledger', 'read', 'edge', 'headway')"
    " union all select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
    "  where n.nspname in ('ledger', 'read')) t"
)


class Reader:
    """Asks again and again, and remembers every answer."""

    def __init__(self, database: Database, organisation_id: UUID) -> None:
        self.database = database
        self.organisation_id = organisation_id
        self.counts: list[int] = []
        self.stopping = False

    async def read(self) -> None:
        while not self.stopping:
            async with self.database.read.of(self.organisation_id) as connection:
                self.counts.append(await connection.fetchval(COUNTS[len(self.counts) % 2], self.organisation_id))
            await asyncio.sleep(0.001)


@asynccontextmanager
async def reading(database: Database, organisation_id: UUID) -> AsyncGenerator[Reader]:
    """An error of a read is an error of the test."""
    reader = Reader(database, organisation_id)
    task = asyncio.create_task(reader.read())
    try:
        yield reader
    finally:
        reader.stopping = True
        [failed] = await asyncio.gather(task, return_exceptions=True)
    assert failed is None, repr(failed)


async def small(place: Place, journal: Journal) -> World:
    """Two organisations are enough to go through every step."""
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        del load.worlds[2:]
        await load.prepare()
        async with load.running():
            await load.until_more(60)
        await check_all(place.owner, journal)
    return load.worlds[0]


async def rebuilt_at_every_step(place: Place, world: World, since: int = 0) -> None:
    async with (
        product(place.owner, place.application, projecting=False) as running,
        reading(running.database, world.organisation_id) as reader,
    ):
        await eventually(lambda: bool(reader.counts))
        for step in range(since, MOST_STEPS):
            first = await attempt("rebuild", place.owner, step)
            if first or step % AGAIN == 0:  # a death leaves nothing that shortens the way
                assert first == await attempt("rebuild", place.owner, step)
            demand(len(set(reader.counts)) <= 1, "F24", f"a half was read: {set(reader.counts)}")
            if first:
                assert step > 50
                break
        else:
            raise AssertionError("there is no end to it")
    demand(len(set(reader.counts)) == 1, "F24", f"a half was read: {set(reader.counts)}")
    await check_read_models(place.owner)


async def test_f24_a_rebuild_that_dies_at_any_step_leaves_the_rows_that_stood(place: Place, journal: Journal) -> None:
    await rebuilt_at_every_step(place, await small(place, journal))


async def test_f24_catches_a_rebuild_that_empties_before_it_switches(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Halving, "owner", place.owner)
    world = await small(place, journal)
    monkeypatch.setattr(infra.rebuild, "Rebuild", Halving)
    with pytest.raises(Broken, match="a half was read"):
        await rebuilt_at_every_step(place, world, MOST_STEPS - 1)


async def test_f24_rebuilds_killed_in_two_processes_at_once_leave_the_rows_that_stood(
    place: Place, journal: Journal
) -> None:
    world = await small(place, journal)
    chance = random.Random(5)  # noqa: S311 - no secret
    async with (
        product(place.owner, place.application, projecting=False) as running,
        reading(running.database, world.organisation_id) as reader,
    ):
        for _ in range(ROUNDS):
            steps = [chance.randrange(1, 60), chance.randrange(1, 120)]
            ends = await asyncio.gather(*(process("rebuild", place, step) for step in steps))
            assert set(ends) <= {0, -signal.SIGKILL}
        assert await asyncio.gather(*(process("rebuild", place, MOST_STEPS) for _ in range(2))) == [0, 0]
    assert len(set(reader.counts)) == 1, f"a half was read: {set(reader.counts)}"
    await check_read_models(place.owner)


async def process(what: str, place: Place, step: int) -> int:
    """Its exit code."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.dying", what, place.owner, str(step), cwd=ROOT
    )
    return await child.wait()


async def rebuilt_under_load(place: Place, journal: Journal, rounds: int = ROUNDS) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with reading(running.database, load.worlds[0].organisation_id) as reader, load.running():
            for _ in range(rounds):
                await load.until_more(50)
                rebuilt = await as_owner(place.owner, lambda owner: rebuild(owner, seals()))
                assert not rebuilt.differences
                assert not rebuilt.stopped
        assert reader.counts == sorted(reader.counts), "rows were there, and then were not"
        await check_all(place.owner, journal)


async def test_f24_rebuilds_under_load_lose_nothing(place: Place, journal: Journal) -> None:
    await rebuilt_under_load(place, journal)


async def test_f24_catches_a_rebuild_that_lets_checkpoints_be_claimed_meanwhile(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = cast(dict[str, str], infra.rebuild.STATEMENTS)
    assert "in exclusive mode" in statements["hold"]
    monkeypatch.setitem(statements, "hold", statements["hold"].replace("exclusive", "share row exclusive"))
    with pytest.raises((asyncpg.DeadlockDetectedError, AssertionError)):
        await rebuilt_under_load(place, journal, ROUNDS * 5)


async def test_f24_catches_rebuilds_that_do_not_wait_for_one_another(place: Place, journal: Journal) -> None:
    await small(place, journal)

    async def unlocked() -> None:
        connection = await asyncpg.connect(place.owner, connection_class=Unlocked)
        try:
            for _ in range(ROUNDS):
                await rebuild(connection, seals())
        finally:
            await connection.close()

    failed = await asyncio.gather(unlocked(), unlocked(), return_exceptions=True)
    assert any(isinstance(one, asyncpg.PostgresError) for one in failed), failed


async def empty(place: Place) -> Place:
    name = f"test_{uuid4().hex}"
    await as_owner(place.server.url("postgres"), lambda c: c.execute(f"create database {name}"))
    return Place(place.server, name)


async def shape(place: Place) -> str:
    return await as_owner(place.owner, lambda c: c.fetchval(SHAPE))


async def migrated_at_every_step(place: Place, kind: type[Dying] = Dying) -> None:
    whole = await shape(place)
    for step in range(MOST_STEPS):
        fresh = await empty(place)
        first = await attempt("migrate", fresh.owner, step, kind=kind)
        await attempt("migrate", fresh.owner, step, kind=kind)
        await attempt("migrate", fresh.owner, MOST_STEPS, kind=kind)
        assert await shape(fresh) == whole, f"killed at {step}"
        assert await as_owner(fresh.owner, pending) == []
        await as_owner(place.server.url("postgres"), drop(fresh.name))
        if first:
            assert step > 10
            break


async def test_f24_a_migration_that_dies_at_any_step_is_finished_by_the_next(place: Place) -> None:
    await migrated_at_every_step(place)


async def test_f24_catches_a_migration_without_transactions(place: Place) -> None:
    with pytest.raises((asyncpg.PostgresError, AssertionError)):
        await migrated_at_every_step(place, Piecemeal)


def drop(name: str):
    async def ask(connection: asyncpg.Connection) -> str:
        return await connection.execute(f"drop database {name} with (force)")

    return ask


async def test_f24_migrations_killed_in_two_processes_at_once_are_finished_by_the_next(
    place: Place, postgres: EmbeddedServer
) -> None:
    whole = await shape(place)
    for steps in ((3, 8), (1, 2), (12, 5), (9, 15), (MOST_STEPS, MOST_STEPS)):
        fresh = await empty(place)
        ends = await asyncio.gather(*(process("migrate", fresh, step) for step in steps))
        assert set(ends) <= {0, -signal.SIGKILL}
        await attempt("migrate", fresh.owner, MOST_STEPS)
        assert await shape(fresh) == whole
        await as_owner(postgres.url("postgres"), drop(fresh.name))
