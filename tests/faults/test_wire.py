"""F11, F12: the wire to the database, or to the client, is cut, stalled, slowed, torn, or loses replies."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import check_all
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.proxy import before_database, before_product, by_way_of
from tests.faults.stand import product


@pytest.fixture
def sockets() -> Iterator[Path]:
    """Its name is short: a socket's may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="headway-wire-"))
    yield folder
    shutil.rmtree(folder)


async def test_f11_a_wire_cut_stalled_slowed_and_torn_loses_nothing(
    place: Place, journal: Journal, sockets: Path
) -> None:
    owner, application = (by_way_of(url, place.server, sockets) for url in (place.owner, place.application))
    async with before_database(place.server, sockets) as wire, product(owner, application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for _ in range(5):
                await load.until_more(50)
                wire.cut()
            wire.cutting = True
            wire.cut()
            await asyncio.sleep(2)
            wire.cutting = False
            await load.until_more(20)
            wire.flowing.clear()
            await asyncio.sleep(4)
            wire.flowing.set()
            await load.until_more(20)
            wire.delay = 0.05
            await load.until_more(20)
            wire.delay, wire.slice = 0.0, 3
            await load.until_more(50)
            wire.slice = 0
            await load.until_more(20)
        await check_all(place.owner, journal)


async def test_f12_replies_of_the_database_that_are_lost_double_nothing(
    place: Place, journal: Journal, sockets: Path
) -> None:
    owner, application = (by_way_of(url, place.server, sockets) for url in (place.owner, place.application))
    async with before_database(place.server, sockets) as wire, product(owner, application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            wire.losing = 0.02
            while wire.lost < 60:
                await load.until_more(1)
            wire.losing = 0.0
        assert journal.counts()["unknown"] > 20
        await check_all(place.owner, journal)


async def test_f12_replies_to_clients_that_are_lost_double_nothing(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running.desk, [world.organisation_id for world in load.worlds])
    async with (
        served(place, tmp_path) as child,
        before_product(child.port) as (wire, port),
        aiohttp.ClientSession() as session,
    ):
        load.issue = by_http(session, f"http://127.0.0.1:{port}", keys)
        async with load.running():
            wire.losing = 0.2
            while wire.lost < 200:
                await load.until_more(1)
            wire.losing = 0.0
        assert journal.counts()["unknown"] >= 150
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()
