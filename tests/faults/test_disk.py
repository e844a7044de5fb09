"""F8: the volume of the tables is full."""

import os
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from infra.embedded import EmbeddedServer
from tests.conftest import prepare
from tests.faults.child import asked, by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import as_owner, eventually, product

ROUNDS = 5
MIB = 1_048_576
PAGE = 8_192


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


@asynccontextmanager
async def upon(volume: Path, place: Place) -> AsyncGenerator[Place]:
    """A database whose tables are on the small volume."""
    small = Place(place.server, f"{place.name}_small")
    postgres = place.server.url("postgres")
    await as_owner(postgres, lambda c: c.execute(f"create tablespace {small.name} location '{volume}'"))
    await as_owner(postgres, lambda c: c.execute(f"create database {small.name} tablespace {small.name}"))
    try:
        await prepare(small.owner)
        yield small
    finally:
        await as_owner(postgres, lambda c: c.execute(f"drop database {small.name} with (force)"))
        await as_owner(postgres, lambda c: c.execute(f"drop tablespace {small.name}"))


async def prepared(place: Place, journal: Journal) -> tuple[Load, dict[UUID, str]]:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        return load, await keys_for(running, [world.organisation_id for world in load.worlds])


def full(journal: Journal) -> int:
    """How often somebody was told so."""
    return sum(a.code == "503 STORAGE_FULL" for entry in journal.entries.values() for a in entry.answers)


async def test_f8_a_full_volume_refuses_commands_and_heals_when_room_comes(
    place: Place, journal: Journal, volume: Path, tmp_path: Path
) -> None:
    async with upon(volume, place) as small:
        load, keys = await prepared(small, journal)
        async with served(small, tmp_path) as child, aiohttp.ClientSession() as session:
            load.issue = by_http(session, child.url, keys)
            async with load.running():
                for _ in range(ROUNDS):
                    await load.until_more(50)
                    before = full(journal)
                    ballast = fill(volume)
                    await eventually(lambda before=before: full(journal) > before)
                    status, _ = await asked(session, child.url, keys[load.worlds[0].organisation_id])
                    assert status == 200, "reading goes on"
                    ballast.unlink()
                await load.until_more(50)
            await check_all(small.owner, journal)
            assert await child.stop() == 0
            child.check_log()


async def test_f8_catches_a_process_that_acknowledges_before_it_stores(
    place: Place, journal: Journal, volume: Path, tmp_path: Path
) -> None:
    async with upon(volume, place) as small:
        load, keys = await prepared(small, journal)
        async with served(small, tmp_path, "hasty") as child, aiohttp.ClientSession() as session:
            load.issue = by_http(session, child.url, keys)
            load.resending = False
            async with load.running():
                await load.until_more(50)
                fill(volume)
                await load.until_more(300)
        with pytest.raises(Broken, match="I1"):
            await check_ledger(small.owner, journal)
