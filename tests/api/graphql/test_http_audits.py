"""The audits of npm's `graphql-http`, all of them, against the endpoint on a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.explorer_setup import SetupFailed, install, node
from api.graphql.http import Endpoint, HTTPRequest
from api.graphql.schema import Built
from api.graphql.trusted import Trusted
from api.viewer import Viewer
from tests.api.graphql.conftest import Asker, app_of

AUDITS = Path(__file__).parent / "audits"
ALL = 61


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locked packages, or a skip that says what is missing."""
    folder = tmp_path_factory.mktemp("audits")
    try:
        install(AUDITS, folder)
    except SetupFailed as failure:
        pytest.skip(f"graphql-http can't be had here: {failure}")
    (folder / "run.mjs").write_text((AUDITS / "run.mjs").read_text())
    return folder


class Recording(Trusted):
    """Takes every document, and keeps it."""

    def __init__(self) -> None:
        super().__init__({})
        self.seen: dict[str, str] = {}

    def text_of(self, query: object, named: str | None) -> str:
        text = super().text_of(query, named)
        self.seen[f"{len(self.seen)}.graphql"] = text
        return text


@asynccontextmanager
async def serving(built: Built, asker: Asker, trusted: Trusted) -> AsyncGenerator[str]:
    async def authenticate(request: HTTPRequest) -> Viewer:
        return asker.viewer

    listening = socket.create_server(("127.0.0.1", 0))
    app = app_of(Endpoint(built, asker.reads, authenticate, trusted=trusted))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
    async with httpx.AsyncClient() as client:
        await client.get(url, params={"query": "{__typename}"})
    yield url
    server.should_exit = True
    await running
    listening.close()


async def check(audits: Path, address: str) -> None:
    running = await asyncio.create_subprocess_exec(
        node(), "run.mjs", address, cwd=audits, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, problems = await running.communicate()
    assert running.returncode == 0, problems.decode()
    results = [json.loads(line) for line in out.splitlines()]
    assert len(results) == ALL
    assert [one for one in results if one["status"] != "ok"] == []


async def test_c39_all_audits_pass_and_in_trusted_mode_as_well(audits: Path, built: Built, asker: Asker) -> None:
    recording = Recording()
    async with serving(built, asker, recording) as address:
        await check(audits, address)
    async with serving(built, asker, Trusted(recording.seen, "only")) as address:
        await check(audits, address)
