"""F14, F16: clocks jump; a row of the ledger is changed, or its tail cut off, by somebody who may do all."""

import asyncio
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import asyncpg
import pytest

import api.desk
import infra.chain
from infra.chain import walk
from infra.checkpoints import newest
from infra.database import Database
from infra.notary import Notary
from infra.notes import Note
from infra.settings import Settings
from infra.verifying import Verified, verify
from tests.faults.child import Child
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.mutants import trusting_its_clock
from tests.faults.stand import as_owner, product

JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1), timedelta(seconds=-1)]
CHANGES = {
    2: "actor = 'person:' || event_id",
    3: "tags = array_append(tags, 'team:' || event_id)",
    5: "body = replace(body, 'B', 'b')",
    6: "occurred_at = occurred_at - interval '1 second'",
    8: "reason = 'None.'",
}


async def loaded(place: Place, journal: Journal, count: int = 100) -> Load:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            await load.until_more(count)
        await check_all(place.owner, journal)
    return load


async def test_f14_a_clock_of_the_database_that_falls_back_lets_no_recorded_time_fall(
    place: Place, journal: Journal
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        ahead = datetime.now(UTC)
        async with load.running():
            for n in range(1, 6):
                ahead = datetime.now(UTC) + timedelta(hours=n)
                await as_owner(
                    place.owner, lambda c, ahead=ahead: c.execute("update ledger.heads set recorded_at = $1", ahead)
                )
                await load.until_more(50)
        later = await as_owner(
            place.owner, lambda c: c.fetchval("select count(*) from ledger.events where recorded_at >= $1", ahead)
        )
        assert later >= 40
        await check_all(place.owner, journal)


async def test_f14_a_clock_of_the_process_that_jumps_harms_nothing(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Jumping(datetime):
        """Told to be elsewhere."""

        off = timedelta(0)

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + cls.off

    monkeypatch.setattr(api.desk, "datetime", Jumping)
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for jump in JUMPS:
                Jumping.off = jump
                await load.until_more(50)
        await check_all(place.owner, journal)


async def test_f14_catches_a_ledger_that_trusts_its_clock(place: Place, journal: Journal) -> None:
    await trusting_its_clock(place)
    with pytest.raises(Broken) as broken:
        await loaded(place, journal)
    assert broken.value.invariant == "F14"


async def told_by_verify(place: Place, folder: Path) -> tuple[int, str]:
    """The exit code of `headway verify`, and what it says."""
    asked = Child(place, folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "verify", env=asked.environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def changed(place: Place, journal: Journal, folder: Path) -> None:
    """Five fields, each of another organisation; the chains break where they stand, and stay broken."""
    load = await loaded(place, journal)
    assert (await told_by_verify(place, folder))[0] == 0
    at = {world.organisation_id: place for world, place in zip(load.worlds, CHANGES, strict=False)}

    async def change(connection: asyncpg.Connection) -> None:
        for organisation_id, position in at.items():
            here = "where organisation_id = $1 and position = $2"
            done = await connection.execute(
                f"update ledger.events set {CHANGES[position]} {here}", organisation_id, position
            )
            assert done == "UPDATE 1"

    async def broken(connection: asyncpg.Connection) -> dict[object, int]:
        return {one.organisation_id: one.broken_at for one in await walk(connection) if one.broken_at}

    await as_owner(place.owner, change)
    assert await as_owner(place.owner, broken) == at
    async with product(place.owner, place.application) as running:
        load.issue = by_desk(running.desk)
        async with load.running():
            await load.until_more(50)
    assert await as_owner(place.owner, broken) == at
    code, said = await told_by_verify(place, folder)
    assert code == 1
    for organisation_id, position in at.items():
        assert f"{organisation_id}: position {position} does not hold" in said
    with pytest.raises(Broken, match="I4"):
        await check_ledger(place.owner, journal)


async def test_f16_a_changed_row_breaks_the_chain_where_it_stands(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    await changed(place, journal, tmp_path)


async def test_f16_catches_a_walk_that_believes_the_hash_beside_a_row(
    place: Place, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def believed(_before: bytes, _organisation_id: object, link: Iterable[Any]) -> bytes:
        return list(link)[1]

    monkeypatch.setattr(infra.chain, "link_hash", believed)
    with pytest.raises(AssertionError, match=r"assert \{\} == \{"):
        await changed(place, journal, tmp_path)


@pytest.mark.parametrize("hidden", [False, True])
async def test_f16_a_tail_cut_off_is_missed(place: Place, journal: Journal, tmp_path: Path, hidden: bool) -> None:
    """By the chain, and where everything inside was set back with it, by what is kept outside: journal and checkpoint."""
    load = await loaded(place, journal)
    struck = load.worlds[2].organisation_id
    kept = await checkpoint_of(place, struck, tmp_path)

    async def cut(connection: asyncpg.Connection) -> tuple[int, Verified, Verified]:
        last = await connection.fetchval("select position from ledger.heads where organisation_id = $1", struck)
        await connection.execute("delete from ledger.events where organisation_id = $1 and position = $2", struck, last)
        if hidden:
            await connection.execute(
                "update ledger.heads h set position = e.position, hash = e.hash from ledger.events e"
                " where h.organisation_id = $1 and e.organisation_id = $1 and e.position = $2",
                struck,
                last - 1,
            )
            for table in ("tile", "tree", "checkpoint"):
                await connection.execute(f"delete from ledger.{table} where organisation_id = $1", struck)
        [inside] = await verify(connection, struck)
        [outside] = await verify(connection, struck, kept=[kept])
        return last, inside, outside

    last, inside, outside = await as_owner(place.owner, cut)
    assert inside.chain.broken_at == (None if hidden else last)
    assert inside.holds == hidden
    assert f"the checkpoint that was kept outside knows {last} events" in " ".join(outside.sentences)
    with pytest.raises(Broken, match="I1"):
        await check_ledger(place.owner, journal)


async def checkpoint_of(place: Place, organisation_id: UUID, home: Path) -> Note:
    """Signed for what there is, and carried away."""
    settings = Settings(home=str(home))
    database = await Database.open(settings, place.owner, place.application)
    try:
        await Notary(database, settings).catch_up(organisation_id)
        async with database.read.of(organisation_id) as connection:
            stored = await newest(connection, organisation_id)
    finally:
        await database.close()
    assert stored is not None
    return stored.note
