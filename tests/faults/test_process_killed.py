"""F3: the serving process is killed; what it had not answered is answered when it is asked again."""

from pathlib import Path

import aiohttp

from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import check_all
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import crash, product


async def test_f3_five_kills_of_the_process_lose_and_double_nothing(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running.desk, [world.organisation_id for world in load.worlds])
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            for _ in range(5):
                await load.until_more(60)
                await child.kill()
                await child.start()
            await load.until_more(20)
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()


async def test_f1_over_http_a_killed_database_is_503_until_it_is_back(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running.desk, [world.organisation_id for world in load.worlds])
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            for _ in range(3):
                await load.until_more(60)
                place.server.kill()
                await child.until("/health/ready", 503, 5)
                await child.until("/health/live", 200, 1)
                await crash(place.server)
                await child.until("/health/ready", 200, 10)
                await load.until_more(20)
        assert "503 UNAVAILABLE" in journal.codes()
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()
