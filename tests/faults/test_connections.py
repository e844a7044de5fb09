"""F22: somebody else has taken every connection."""

import asyncio
from contextlib import suppress
from pathlib import Path
from time import monotonic

import aiohttp
import asyncpg

from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import check_all
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import as_owner, product

SECONDS_TO_REFUSE = 4.0


async def take_all(place: Place) -> list[asyncpg.Connection]:
    """Every connection that there is, also those that serve."""
    taken: list[asyncpg.Connection] = []
    serving = "from pg_stat_activity where application_name = 'headway' and datname = current_database()"
    until = monotonic() + 10
    while monotonic() < until:
        try:
            taken.append(await asyncpg.connect(place.owner, timeout=5))
        except asyncpg.TooManyConnectionsError:
            if not await taken[0].fetchval(f"select count(*) {serving}"):
                return taken
            await taken[0].execute(f"select pg_terminate_backend(pid) {serving}")
    raise AssertionError("the product's connections could not be taken")


async def test_f22_out_of_connections_is_503_and_heals(place: Place, journal: Journal, tmp_path: Path) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running.desk, [world.organisation_id for world in load.worlds])
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            await load.until_more(50)
            taken = await take_all(place)
            try:
                await child.until("/health/ready", 503, 5)
                before = load.acknowledged
                await asyncio.sleep(3)
                meanwhile = load.acknowledged - before
            finally:
                for one in taken:
                    with suppress(Exception):
                        await one.close(timeout=2)
            await child.until("/health/ready", 200, 10)
            await load.until_more(50)
        slowest = max(a.seconds for e in journal.entries.values() for a in e.answers if a.code.startswith("503"))
        assert slowest < SECONDS_TO_REFUSE, f"a refusal took {slowest} s"
        assert meanwhile == 0, f"{meanwhile} acknowledged without connections"
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()
    left = await as_owner(
        place.owner, lambda c: c.fetchval("select count(*) from pg_stat_activity where datname = current_database()")
    )
    assert left < 5
