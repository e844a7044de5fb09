"""F1, F2: the database is killed, or thrown into recovery; nothing acknowledged is lost."""

import os
import signal
from contextlib import suppress

import pytest

from infra.appender import Appender
from infra.database import DatabaseUnsafe, verify_durability
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.mutants import Hopeful
from tests.faults.stand import as_owner, crash, product, until_it_serves

ROUNDS = 5
SECONDS_TO_WRITE_AGAIN = 5.0


async def test_f1_five_kills_of_postgresql_lose_nothing(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for _ in range(ROUNDS):
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
        for _ in range(ROUNDS):
            async with load.running():
                await load.until_more(300)
                await crash(place.server)
            with suppress(Broken):
                await check_ledger(place.owner, journal)
                continue
            break
        with pytest.raises(Broken, match="I1"):
            await check_ledger(place.owner, journal)


async def strike(place: Place, load: Load) -> None:
    """Kills a backend of the product's, upon which the postmaster throws everybody out."""
    pids = await as_owner(
        place.owner,
        lambda c: c.fetch(
            "select pid from pg_stat_activity where application_name = 'headway' and datname = $1", place.name
        ),
    )
    os.kill(load.chance.choice(pids)[0], signal.SIGKILL)
    await until_it_serves(place.owner)


async def backends_killed(place: Place, journal: Journal, appender: type[Appender] = Appender) -> None:
    async with product(place.owner, place.application, appender=appender) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for _ in range(ROUNDS):
                await load.until_more(100)
                await strike(place, load)
                assert await load.until_more(1) < SECONDS_TO_WRITE_AGAIN
        await check_all(place.owner, journal)


async def test_f2_five_killed_backends_lose_nothing(place: Place, journal: Journal) -> None:
    await backends_killed(place, journal)


async def test_f2_catches_a_broken_connection_that_is_taken_for_success(place: Place, journal: Journal) -> None:
    with pytest.raises(Broken) as broken:
        await backends_killed(place, journal, Hopeful)
    assert broken.value.invariant == "I1"
