"""F3: the serving process is killed; what it had not answered is answered when it is asked again. F1 as clients see
it."""

from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import crash, product

ROUNDS = 5


async def prepared(place: Place, journal: Journal) -> tuple[Load, dict[UUID, str]]:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        return load, await keys_for(running, [world.organisation_id for world in load.worlds])


async def test_f3_five_kills_of_the_process_lose_and_double_nothing(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    load, keys = await prepared(place, journal)
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(60)
                await child.kill()
                await child.start()
            await load.until_more(20)
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()


async def test_f3_catches_a_process_that_acknowledges_before_it_stores(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    load, keys = await prepared(place, journal)
    async with served(place, tmp_path, "hasty") as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        load.resending = False
        async with load.running():
            await load.until_more(60)
            await child.kill()
    with pytest.raises(Broken, match="I1"):
        await check_ledger(place.owner, journal)


async def test_f1_over_http_a_killed_database_is_503_until_it_is_back(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    load, keys = await prepared(place, journal)
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(60)
                place.server.kill()
                await child.until("/health/ready", 503, 5)
                await child.until("/health/live", 200, 2)
                await crash(place.server)
                await child.until("/health/ready", 200, 10)
                await load.until_more(20)
        assert "503 UNAVAILABLE" in journal.codes()
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()
