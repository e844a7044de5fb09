"""F15: a bit on the disk has turned."""

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from infra.chain import walk
from infra.database import unavailable
from infra.embedded import EmbeddedServer
from tests.faults.child import asked, by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import check_all
from tests.faults.journal import Journal, Outcome
from tests.faults.load import Load, World, by_desk
from tests.faults.stand import as_owner, product

PAGE = 8_192
BITS = {4: 0x01, 14: 0x10, 25: 0x02, PAGE - 600: 0x80, PAGE - 40: 0x04}  # header, line pointers, rows


async def page_of(connection: asyncpg.Connection, table: str, organisation_id: UUID) -> tuple[str, int]:
    """A file, and a page of it that holds rows of this organisation alone."""
    found = await connection.fetchval(
        f"select min(page) from (select (ctid::text::point)[0]::int as page, count(*) as rows,"
        f" count(*) filter (where organisation_id = $1) as own from {table} group by 1) p where rows = own",
        organisation_id,
    )
    assert found is not None, "the organisation has no page of its own"
    return await connection.fetchval("select pg_relation_filepath($1::text::regclass)", table), found


def flip(server: EmbeddedServer, file: str, at: int, bit: int) -> None:
    """Once more puts it right again."""
    with (server.data / file).open("r+b") as damaged:
        damaged.seek(at)
        byte = damaged.read(1)[0]
        damaged.seek(-1, os.SEEK_CUR)
        damaged.write(bytes([byte ^ bit]))


def checksums(server: EmbeddedServer, verb: str) -> tuple[int, str]:
    """Of a server that has been stopped: the exit code, and what was said."""
    done = server._run([str(server.binaries / "pg_checksums"), verb, "-D", str(server.data)], check=False)
    return done.returncode, done.stderr


async def told_apart(load: Load, many: int) -> None:
    """Each organisation's rows beside one another, so that a page is one's alone."""
    for world in load.worlds[:3]:
        asked = [
            world.asked("register-person", personId=f"{n:08x}-0000-4000-8000-{0:012x}", name="Ana" * 20)
            for n in range(many)
        ]
        await asyncio.gather(*(load.once(one) for one in asked))


async def rot(place: Place, journal: Journal, folder: Path, table: str, *, offline: bool = True) -> None:
    """`offline`: it is also looked for while the server is down."""
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        await told_apart(load, 200)
        keys = await keys_for(running, [world.organisation_id for world in load.worlds])
        await check_all(place.owner, journal)
    struck, spared = load.worlds[1], load.worlds[2]
    file, page = await as_owner(place.owner, lambda c: page_of(c, table, struck.organisation_id))
    for at, bit in BITS.items():
        place.server.stop()
        flip(place.server, file, page * PAGE + at, bit)
        if offline:
            code, said = checksums(place.server, "--check")
            assert (code, file in said) == (1, True), said
        place.server.start()
        if table == "ledger.events":
            await check_rotten_ledger(place, struck, spared)
        if at != max(BITS):
            place.server.stop()
            flip(place.server, file, page * PAGE + at, bit)
            place.server.start()
    async with served(place, folder) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        if table == "read.person":
            status, text = await asked(session, child.url, keys[struck.organisation_id])
            assert (status, "UNAVAILABLE" in text) == (503, True), text
        else:
            answer = await load.once(struck.asked("register-person", personId=await held(place, struck), name="Eva"))
            assert (answer.outcome, answer.code) == (Outcome.UNKNOWN, "503 UNAVAILABLE")
        status, text = await asked(session, child.url, keys[spared.organisation_id])
        assert status == 200
        answer = await load.once(
            spared.asked("register-person", personId="ffffffff-0000-4000-8000-000000000000", name="Eva")
        )
        assert answer.outcome is Outcome.ACKNOWLEDGED
        assert await child.stop() == 0
        child.check_log()


@pytest.mark.parametrize("table", ["ledger.events", "read.person"])
async def test_f15_a_flipped_bit_is_found_and_harms_one_organisation_alone(
    place: Place, journal: Journal, tmp_path: Path, table: str
) -> None:
    await rot(place, journal, tmp_path, table)


@contextmanager
def without_checksums(server: EmbeddedServer) -> Generator[None]:
    """A mutant."""
    server.stop()
    assert checksums(server, "--disable")[0] == 0
    server.start()
    try:
        yield
    finally:
        server.stop()
        assert checksums(server, "--enable")[0] == 0
        server.start()


async def test_f15_catches_a_server_without_checksums(place: Place, journal: Journal, tmp_path: Path) -> None:
    with without_checksums(place.server), pytest.raises(AssertionError, match="== \\(503, True\\)"):
        await rot(place, journal, tmp_path, "read.person", offline=False)


async def check_rotten_ledger(place: Place, struck: World, spared: World) -> None:
    async def ask(connection: asyncpg.Connection) -> None:
        [whole] = await walk(connection, spared.organisation_id)
        assert whole.broken_at is None
        [broken] = await walk(connection, struck.organisation_id)
        assert broken.broken_at is not None
        at = "select body from ledger.events where organisation_id = $1 and position = $2"
        with pytest.raises(asyncpg.DataCorruptedError) as rotten:
            await connection.fetchval(at, struck.organisation_id, broken.broken_at)
        assert unavailable(rotten.value) == "UNAVAILABLE"
        assert await connection.fetchval(at, struck.organisation_id, broken.broken_at - 1)

    await as_owner(place.owner, ask)


async def held(place: Place, struck: World) -> str:
    """The person whose registration is on the page that can't be read."""

    async def ask(connection: asyncpg.Connection) -> str:
        [broken] = await walk(connection, struck.organisation_id)
        assert broken.broken_at is not None
        n = broken.broken_at - len(struck.beginning()) - 1
        return f"{n:08x}-0000-4000-8000-{0:012x}"

    return await as_owner(place.owner, ask)
