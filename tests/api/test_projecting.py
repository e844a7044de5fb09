"""A process that projects beside: it keeps up, another takes its place where it dies, and it outlives nobody."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from uuid import uuid4

import msgspec
import pytest
from rich.console import Console

import api.applying
from api.applying import Urls, apply_file
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.settings import Settings

SECONDS = 20


def projecting(parent: int) -> list[int]:
    """The processes beside."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            above = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if b"infra.projecting" in words and above == parent:
            found.append(int(folder.name))
    return found


async def until(done: Callable[[], bool]) -> None:
    end = monotonic() + SECONDS
    while not done():
        assert monotonic() < end
        await asyncio.sleep(0.05)


@pytest.fixture
def urls(postgres: EmbeddedServer, database_name: str) -> Urls:
    return Urls(postgres.url(database_name), postgres.application_url(database_name))


async def applied(urls: Urls, path: Path, database: Database, people: int) -> int:
    """How many of them the read model has after applying a file that registers so many."""
    organisation_id = uuid4()
    founding = {"organisationId": organisation_id, "name": "Harbour", "timeZone": "UTC"}
    lines = [{"command": "found-organisation", "input": founding}]
    lines += [{"command": "register-person", "input": {"name": f"Person {nth}"}} for nth in range(people)]
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))  # noqa: ASYNC240
    result = await apply_file(Settings(), urls, path, organisation_id, Console(quiet=True))
    assert (result.applied, result.refused) == (len(lines), 0)
    async with database.read.of(organisation_id) as connection:
        return await connection.fetchval("select count(*) from person where organisation_id = $1", organisation_id)


async def test_a_long_file_is_projected_by_a_process_beside(
    urls: Urls, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object) -> None:
        """The process that records is told to project nothing."""

    monkeypatch.setattr("infra.projector.Projector.start", nobody)
    assert await applied(urls, tmp_path / "long", database, api.applying.MUCH) == api.applying.MUCH
    assert projecting(os.getpid()) == []


async def test_where_that_process_dies_this_one_projects(urls: Urls, tmp_path: Path, database: Database) -> None:
    async def kill() -> None:
        await until(lambda: projecting(os.getpid()) != [])
        os.kill(projecting(os.getpid())[0], signal.SIGKILL)

    _, found = await asyncio.gather(kill(), applied(urls, tmp_path / "long", database, api.applying.MUCH))
    assert found == api.applying.MUCH


async def test_it_ends_with_the_process_that_started_it(urls: Urls) -> None:
    program = (
        "import asyncio, sys\n"
        "from infra.projecting import projecting_beside\n"
        "async def main():\n"
        "    async with projecting_beside(*sys.argv[1:]):\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, urls.owner, urls.application or "")
    await until(lambda: projecting(parent.pid) != [])
    child = projecting(parent.pid)[0]
    parent.kill()
    await parent.wait()
    await until(lambda: not Path(f"/proc/{child}").exists())
