"""F22: somebody else has taken every connection."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import aiohttp
import asyncpg
import pytest

from tests.faults.child import Child, by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, demand
from tests.faults.journal import Journal
from tests.faults.load import SECONDS_TO_ANSWER, WRITERS, Asked, Load, by_desk
from tests.faults.stand import as_owner, product

ROUNDS = 5
SECONDS_TO_REFUSE = 4.0
SERVING = "from pg_stat_activity where application_name = 'headway' and datname = current_database()"
HERE = "select count(*) from pg_stat_activity where datname = current_database()"


@asynccontextmanager
async def all_taken(place: Place) -> AsyncGenerator[None]:
    """Every connection that there is, also those that serve."""
    taken: list[asyncpg.Connection] = []
    try:
        await take_all(place, taken)
        yield
    finally:
        for one in taken:
            with suppress(Exception):
                await one.close(timeout=5)


async def take_all(place: Place, taken: list[asyncpg.Connection]) -> None:
    until = monotonic() + 20
    while monotonic() < until:
        try:
            taken.append(await asyncpg.connect(place.owner, timeout=5))
        except asyncpg.TooManyConnectionsError:
            if not await taken[0].fetchval(f"select count(*) {SERVING}"):
                return
            await taken[0].execute(f"select pg_terminate_backend(pid) {SERVING}")
    raise AssertionError("the product's connections could not be taken")


async def refused_soon(load: Load, child: Child) -> list[Asked]:
    """What will have to be asked again: not ready, and whoever asks is told so, in time; nobody is told anything else."""
    await child.until("/health/ready", 503, 5)
    before = load.acknowledged
    world = load.worlds[0]
    asked = [world.reading(world.measures[0], n) for n in range(WRITERS)]
    answers = await asyncio.gather(*(load.once(one) for one in asked))
    demand(load.acknowledged == before, "F22", "acknowledged without connections")
    codes = {answer.code for answer in answers}
    demand(codes == {"503 UNAVAILABLE"}, "F22", f"answered {codes}")
    slowest = max(answer.seconds for answer in answers)
    demand(slowest < SECONDS_TO_REFUSE, "F22", f"a refusal took {slowest} s")
    return asked


async def exhausted(place: Place, journal: Journal, folder: Path, mutant: str = "") -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running, [world.organisation_id for world in load.worlds])
    async with served(place, folder, mutant) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(40)
                async with all_taken(place):
                    asked = await refused_soon(load, child)
                await child.until("/health/ready", 200, 10)
                await asyncio.gather(*(load.send(one) for one in asked))
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()
    assert await as_owner(place.owner, lambda c: c.fetchval(HERE)) < 5


async def test_f22_out_of_connections_is_503_five_times_and_heals(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    await exhausted(place, journal, tmp_path)


async def test_f22_catches_a_process_that_asks_for_a_connection_until_it_gets_one(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    assert SECONDS_TO_REFUSE < SECONDS_TO_ANSWER
    with pytest.raises((Broken, AssertionError), match=r"F22|did not answer 503"):
        await exhausted(place, journal, tmp_path, "stubborn")
