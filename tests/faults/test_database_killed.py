"""F1, F2, F6: the database is killed, thrown into recovery, or frozen; nothing acknowledged is lost."""

import asyncio
import os
import signal
from contextlib import suppress
from time import monotonic

import asyncpg
import pytest

from infra.database import DatabaseUnsafe, verify_durability
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import as_owner, crash, product, signal_all, tree, until_it_serves

SECONDS_TO_WRITE_AGAIN = 5.0


async def test_f1_five_kills_of_postgresql_lose_nothing(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for _ in range(5):
                await load.until_more(200)
                await crash(place.server)
                assert await load.until_more(1) < SECONDS_TO_WRITE_AGAIN
        await check_all(place.owner, journal)


async def test_f1_catches_a_database_that_acknowledges_too_early(place: Place, journal: Journal) -> None:
    await as_owner(place.owner, lambda c: c.execute(f"alter database {place.name} set synchronous_commit = off"))
    with pytest.raises(DatabaseUnsafe):
        await as_owner(place.owner, verify_durability)
    async with product(place.owner, place.application, projecting=False) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        load.resending = False
        for _ in range(3):
            async with load.running():
                await load.until_more(300)
                await crash(place.server)
            with suppress(Broken):
                await check_ledger(place.owner, journal)
                continue
            break
        with pytest.raises(Broken, match="I1"):
            await check_ledger(place.owner, journal)


async def test_f2_a_killed_backend_loses_nothing(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for _ in range(5):
                await load.until_more(100)
                pids = await as_owner(
                    place.owner,
                    lambda c: c.fetch(
                        "select pid from pg_stat_activity where application_name = 'headway' and datname = $1",
                        place.name,
                    ),
                )
                os.kill(load.chance.choice(pids)[0], signal.SIGKILL)
                await until_it_serves(place.owner)
                assert await load.until_more(1) < SECONDS_TO_WRITE_AGAIN
        await check_all(place.owner, journal)


async def test_f6_a_frozen_database_piles_nothing_up(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            await load.until_more(100)
            frozen = tree(place.server)
            signal_all(frozen, signal.SIGSTOP)
            try:
                await asyncio.sleep(4)
                size = sum(size for size, _ in running.database.usage().values())
            finally:
                signal_all(frozen, signal.SIGCONT)
            thawed = monotonic()
            assert size <= 24, "more connections than the pools allow"
            await load.until_more(1)
            assert monotonic() - thawed < SECONDS_TO_WRITE_AGAIN
        count = await as_owner(place.owner, _connections)
        assert count <= 30, f"{count} connections"
        await check_all(place.owner, journal)


async def _connections(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("select count(*) from pg_stat_activity where datname = current_database()")
