"""F6: the database stands still, and goes on; meanwhile nothing piles up, and nobody waits for ever."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

import infra.database
from infra.appender import Appender
from infra.database import Database
from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, demand
from tests.faults.journal import Journal, Outcome
from tests.faults.load import SECONDS_TO_ANSWER, WRITERS, Load, by_desk
from tests.faults.mutants import Impatient
from tests.faults.stand import as_owner, product, signal_all, tree

ROUNDS = 5
SECONDS_FROZEN = 2.0
MOST_FILES = 40  # that a process opens beyond those of a calm moment: its pools, and the journal's
MOST_CONNECTIONS = 40
DEADLINE = 1.0


@asynccontextmanager
async def frozen(place: Place) -> AsyncGenerator[None]:
    pids = tree(place.server)
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def check_bounds(database: Database, files: int) -> None:
    """Of the pools, and of what is outside them."""
    most = database.append.get_max_size() + database.work.get_max_size() + database.read.size
    size = sum(size for size, _ in database.usage().values())
    demand(size <= most, "F6", f"{size} connections in pools of {most}")
    demand(open_files() <= files + MOST_FILES, "F6", f"{open_files()} open files, {files} before")


async def freezes(place: Place, journal: Journal, appender: type[Appender] = Appender) -> None:
    async with product(place.owner, place.application, appender=appender) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        files = open_files()
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(100)
                async with frozen(place):
                    await asyncio.sleep(SECONDS_FROZEN)
                    check_bounds(running.database, files)
                await load.until_more(1)
        count = await as_owner(
            place.owner,
            lambda c: c.fetchval("select count(*) from pg_stat_activity where datname = current_database()"),
        )
        demand(count <= MOST_CONNECTIONS, "F6", f"{count} connections")
        await check_all(place.owner, journal)


async def test_f6_a_database_frozen_five_times_piles_nothing_up(place: Place, journal: Journal) -> None:
    await freezes(place, journal)


async def test_f6_catches_a_connection_more_for_every_late_answer(place: Place, journal: Journal) -> None:
    with pytest.raises(Broken, match="F6"):
        await freezes(place, journal, Impatient)


async def past_the_deadline(place: Place, journal: Journal) -> None:
    """Whoever asks is answered while the database stands still."""
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            await load.until_more(100)
            async with frozen(place):
                await asyncio.sleep(DEADLINE + infra.database.SECONDS_TO_CONNECT + 2)
                told = [a for e in journal.entries.values() for a in e.answers if a.outcome is Outcome.UNKNOWN]
                demand(len(told) >= WRITERS, "F6", f"{len(told)} answers while the database stood still")
            await load.until_more(20)
        await check_all(place.owner, journal)


async def test_f6_who_waits_past_the_deadline_is_told_so(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.database, "SECONDS_A_COMMAND", DEADLINE)
    await past_the_deadline(place, journal)
    assert any(code.startswith("UNAVAILABLE") for code in journal.codes())


async def test_f6_catches_statements_without_a_deadline(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.database, "SECONDS_A_COMMAND", 3_600.0)
    assert DEADLINE + infra.database.SECONDS_TO_CONNECT + 2 < SECONDS_TO_ANSWER
    with pytest.raises(Broken, match="F6"):
        await past_the_deadline(place, journal)


async def test_f6_over_http_a_frozen_database_makes_the_process_unready_and_no_less_alive(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running, [world.organisation_id for world in load.worlds])
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(40)
                async with frozen(place):
                    await child.until("/health/ready", 503, 5)
                    await child.until("/health/live", 200, 2)
                await child.until("/health/ready", 200, 10)
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()
