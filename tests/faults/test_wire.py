"""F11, F12: the wire to the database, or to the client, is cut, stalled, slowed, torn, or loses replies."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from api.desk import Desk
from infra.appender import Appender
from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.mutants import Forgetful, Hopeful
from tests.faults.proxy import before_database, before_product, by_way_of
from tests.faults.stand import product

ROUNDS = 5
SECONDS = 1.0
REPLIES = 60  # of the database
ANSWERS = 200  # to clients


@pytest.fixture
def sockets() -> Iterator[Path]:
    """Its name is short: a socket's may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="headway-wire-"))
    yield folder
    shutil.rmtree(folder)


async def harmed(place: Place, journal: Journal, sockets: Path, appender: type[Appender] = Appender) -> None:
    """Five times everything that may befall a wire."""
    owner, application = (by_way_of(url, place.server, sockets) for url in (place.owner, place.application))
    async with (
        before_database(place.server, sockets) as wire,
        product(owner, application, appender=appender) as running,
    ):
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(50)
                wire.cut()
                await load.until_more(20)
                wire.cutting = True
                wire.cut()
                await asyncio.sleep(SECONDS)
                wire.cutting = False
                await load.until_more(20)
                wire.flowing.clear()
                await asyncio.sleep(SECONDS)
                wire.flowing.set()
                await load.until_more(20)
                wire.delay = 0.05
                await load.until_more(20)
                wire.delay, wire.slice = 0.0, 3
                await load.until_more(20)
                wire.slice = 0
            await load.until_more(20)
        await check_all(place.owner, journal)


async def test_f11_a_wire_cut_stalled_slowed_and_torn_loses_nothing(
    place: Place, journal: Journal, sockets: Path
) -> None:
    await harmed(place, journal, sockets)


async def test_f11_catches_a_broken_connection_that_is_taken_for_success(
    place: Place, journal: Journal, sockets: Path
) -> None:
    with pytest.raises(Broken) as broken:
        await harmed(place, journal, sockets, Hopeful)
    assert broken.value.invariant == "I1"


async def replies_lost(place: Place, journal: Journal, sockets: Path, desk: type[Desk] = Desk) -> None:
    owner, application = (by_way_of(url, place.server, sockets) for url in (place.owner, place.application))
    async with before_database(place.server, sockets) as wire, product(owner, application) as running:
        load = Load(journal, by_desk(desk(running.ledger)))
        await load.prepare()
        async with load.running():
            wire.losing = 0.02
            while wire.lost < REPLIES:
                await load.until_more(1)
            wire.losing = 0.0
        assert journal.counts()["unknown"] > REPLIES / 3
        await check_all(place.owner, journal)


async def test_f12_replies_of_the_database_that_are_lost_double_nothing(
    place: Place, journal: Journal, sockets: Path
) -> None:
    await replies_lost(place, journal, sockets)


async def test_f12_catches_a_product_that_forgets_keys(place: Place, journal: Journal, sockets: Path) -> None:
    with pytest.raises(Broken) as broken:
        await replies_lost(place, journal, sockets, Forgetful)
    assert broken.value.invariant == "I2"


async def answers_lost(place: Place, journal: Journal, folder: Path, mutant: str = "") -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running, [world.organisation_id for world in load.worlds])
    async with (
        served(place, folder, mutant) as child,
        before_product(child.port) as (wire, port),
        aiohttp.ClientSession() as session,
    ):
        load.issue = by_http(session, f"http://127.0.0.1:{port}", keys)
        async with load.running():
            wire.losing = 0.2
            while wire.lost < ANSWERS:
                await load.until_more(1)
            wire.losing = 0.0
        assert journal.counts()["unknown"] >= ANSWERS * 3 / 4
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()


async def test_f12_answers_to_clients_that_are_lost_double_nothing(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    await answers_lost(place, journal, tmp_path)


async def test_f12_catches_a_server_that_forgets_keys(place: Place, journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(Broken) as broken:
        await answers_lost(place, journal, tmp_path, "forgetful")
    assert broken.value.invariant == "I2"
