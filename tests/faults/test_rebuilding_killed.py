"""F24: rebuilds and migrations die at every step, run again, and run in two processes at once; nobody reads a half."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.migrate import pending
from infra.rebuild import rebuild
from projections.read_models import PROJECTIONS
from tests.faults.conftest import Place
from tests.faults.dying import attempt
from tests.faults.invariants import check_all, check_read_models
from tests.faults.journal import Journal
from tests.faults.load import Load, World, by_desk
from tests.faults.stand import as_owner, product

ROOT = Path(__file__).parents[2]
MOST_STEPS = 1_000
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


async def test_f24_a_rebuild_that_dies_at_any_step_leaves_the_rows_that_stood(place: Place, journal: Journal) -> None:
    world = await small(place, journal)
    async with (
        product(place.owner, place.application, projecting=False) as running,
        reading(running.database, world.organisation_id) as reader,
    ):
        for step in range(MOST_STEPS):
            first, second = await attempt("rebuild", place.owner, step), await attempt("rebuild", place.owner, step)
            assert first == second
            if first:
                assert step > 50
                break
        else:
            raise AssertionError("there is no end to it")
    assert len(set(reader.counts)) == 1, f"a half was read: {set(reader.counts)}"
    await check_read_models(place.owner)


async def test_f24_rebuilds_killed_in_two_processes_at_once_leave_the_rows_that_stood(
    place: Place, journal: Journal
) -> None:
    world = await small(place, journal)
    chance = random.Random(5)  # noqa: S311 - no secret
    async with (
        product(place.owner, place.application, projecting=False) as running,
        reading(running.database, world.organisation_id) as reader,
    ):
        for _ in range(6):
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


async def test_f24_rebuilds_under_load_lose_nothing(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with reading(running.database, load.worlds[0].organisation_id) as reader, load.running():
            for _ in range(4):
                await load.until_more(50)
                rebuilt = await as_owner(place.owner, rebuild)
                assert not rebuilt.differences
                assert not rebuilt.stopped
        assert reader.counts == sorted(reader.counts), "rows were there, and then were not"
        await check_all(place.owner, journal)


async def empty(place: Place) -> Place:
    name = f"test_{uuid4().hex}"
    await as_owner(place.server.url("postgres"), lambda c: c.execute(f"create database {name}"))
    return Place(place.server, name)


async def shape(place: Place) -> str:
    return await as_owner(place.owner, lambda c: c.fetchval(SHAPE))


async def test_f24_a_migration_that_dies_at_any_step_is_finished_by_the_next(
    place: Place, postgres: EmbeddedServer
) -> None:
    whole = await shape(place)
    for step in range(MOST_STEPS):
        fresh = await empty(place)
        first = await attempt("migrate", fresh.owner, step)
        await attempt("migrate", fresh.owner, step)
        await attempt("migrate", fresh.owner, MOST_STEPS)
        assert await shape(fresh) == whole, f"killed at {step}"
        assert await as_owner(fresh.owner, pending) == []
        await as_owner(postgres.url("postgres"), drop(fresh.name))
        if first:
            assert step > 10
            break


def drop(name: str):
    async def ask(connection: asyncpg.Connection) -> str:
        return await connection.execute(f"drop database {name} with (force)")

    return ask


async def test_f24_migrations_killed_in_two_processes_at_once_are_finished_by_the_next(
    place: Place, postgres: EmbeddedServer
) -> None:
    whole = await shape(place)
    for steps in ((3, 8), (12, 5), (9, 15), (MOST_STEPS, MOST_STEPS)):
        fresh = await empty(place)
        ends = await asyncio.gather(*(process("migrate", fresh, step) for step in steps))
        assert set(ends) <= {0, -signal.SIGKILL}
        await attempt("migrate", fresh.owner, MOST_STEPS)
        assert await shape(fresh) == whole
        await as_owner(postgres.url("postgres"), drop(fresh.name))
