"""F8, F15: the volume of the tables is full; a bit on the disk has turned."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from infra.chain import walk
from infra.database import unavailable
from infra.embedded import EmbeddedServer
from tests.conftest import prepare
from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import check_all
from tests.faults.journal import Journal, Outcome
from tests.faults.load import Load, World, by_desk
from tests.faults.stand import as_owner, eventually, product

MIB = 1_048_576
PAGE = 8_192
ORGANISATION = '{"query": "{ people(first: 50) { totalCount nodes { name } } }"}'


def mounted(folder: Path, size: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture
def volume(postgres: EmbeddedServer) -> Iterator[Path]:
    """A small file system that the server may write to."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small volume")
    folder = Path(tempfile.mkdtemp(prefix="headway-volume-"))
    folder.chmod(0o755)
    if not mounted(folder, 64 * MIB):
        folder.rmdir()
        pytest.skip("this machine lets nobody mount a small volume")
    os.chown(folder, postgres.account.uid, postgres.account.gid)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)
    folder.rmdir()


def fill(volume: Path) -> Path:
    """Leaves nothing free."""
    ballast = volume / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, PAGE, 512):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    return ballast


async def test_f8_a_full_volume_refuses_commands_and_heals_when_room_comes(
    place: Place, journal: Journal, volume: Path, tmp_path: Path
) -> None:
    small = Place(place.server, f"{place.name}_small")
    postgres = place.server.url("postgres")
    await as_owner(postgres, lambda c: c.execute(f"create tablespace {small.name} location '{volume}'"))
    await as_owner(postgres, lambda c: c.execute(f"create database {small.name} tablespace {small.name}"))
    try:
        await prepare(small.owner)
        await _fill_and_heal(small, journal, volume, tmp_path)
    finally:
        await as_owner(postgres, lambda c: c.execute(f"drop database {small.name} with (force)"))
        await as_owner(postgres, lambda c: c.execute(f"drop tablespace {small.name}"))


async def _fill_and_heal(place: Place, journal: Journal, volume: Path, folder: Path) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        keys = await keys_for(running.desk, [world.organisation_id for world in load.worlds])
    async with served(place, folder) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        async with load.running():
            await load.until_more(100)
            ballast = fill(volume)
            await eventually(lambda: "503 STORAGE_FULL" in journal.codes())
            status, _ = await asked(session, child.url, keys[load.worlds[0].organisation_id])
            assert status == 200, "reading goes on"
            ballast.unlink()
            await load.until_more(100)
        await check_all(place.owner, journal)
        assert await child.stop() == 0
        child.check_log()


async def asked(session: aiohttp.ClientSession, url: str, key: str) -> tuple[int, str]:
    """What a question over GraphQL is answered."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    async with session.post(f"{url}/graphql", data=ORGANISATION, headers=headers) as answer:
        return answer.status, await answer.text()


async def page_of(connection: asyncpg.Connection, table: str, organisation_id: UUID) -> tuple[str, int]:
    """A file, and a page of it that holds rows of this organisation alone."""
    found = await connection.fetchval(
        f"select min(page) from (select (ctid::text::point)[0]::int as page, count(*) as rows,"
        f" count(*) filter (where organisation_id = $1) as own from {table} group by 1) p where rows = own",
        organisation_id,
    )
    assert found is not None, "the organisation has no page of its own"
    return await connection.fetchval("select pg_relation_filepath($1::text::regclass)", table), found


def flip(server: EmbeddedServer, file: str, page: int) -> None:
    """One bit, near the page's end, where its first row is."""
    with (server.data / file).open("r+b") as damaged:
        damaged.seek(page * PAGE + PAGE - 40)
        byte = damaged.read(1)[0]
        damaged.seek(-1, os.SEEK_CUR)
        damaged.write(bytes([byte ^ 0x04]))


async def told_apart(load: Load, many: int) -> None:
    """Each organisation's rows beside one another, so that a page is one's alone."""
    for world in load.worlds[:3]:
        asked = [
            world.asked("register-person", personId=f"{n:08x}-0000-4000-8000-{0:012x}", name="Ana" * 20)
            for n in range(many)
        ]
        await asyncio.gather(*(load.once(one) for one in asked))


@pytest.mark.parametrize("table", ["ledger.events", "read.person"])
async def test_f15_a_flipped_bit_is_found_and_harms_one_organisation_alone(
    place: Place, journal: Journal, tmp_path: Path, table: str
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        await told_apart(load, 200)
        keys = await keys_for(running.desk, [world.organisation_id for world in load.worlds])
    async with product(place.owner, place.application):
        await check_all(place.owner, journal)
    struck, spared = load.worlds[1], load.worlds[2]
    file, page = await as_owner(place.owner, lambda c: page_of(c, table, struck.organisation_id))
    server = place.server
    server.stop()
    flip(server, file, page)
    found = server._run([str(server.binaries / "pg_checksums"), "--check", "-D", str(server.data)], check=False)
    assert found.returncode == 1
    assert f"{Path(file).name}" in found.stderr
    server.start()
    if table == "ledger.events":
        await check_rotten_ledger(place, struck, spared)
    async with served(place, tmp_path) as child, aiohttp.ClientSession() as session:
        load.issue = by_http(session, child.url, keys)
        if table == "read.person":
            status, text = await asked(session, child.url, keys[struck.organisation_id])
            assert status == 503 and "UNAVAILABLE" in text, (status, text)  # noqa: PT018 - one answer
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
