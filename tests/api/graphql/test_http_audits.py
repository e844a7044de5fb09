"""The audits of npm's `graphql-http`, all of them, against the endpoint on a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.explorer_setup import SetupFailed, install, node
from api.graphql.http import Endpoint, HTTPRequest
from api.graphql.schema import Built
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


@pytest.fixture
async def address(built: Built, asker: Asker) -> AsyncIterator[str]:
    async def authenticate(request: HTTPRequest) -> Viewer:
        return asker.viewer

    listening = socket.create_server(("127.0.0.1", 0))
    app = app_of(Endpoint(built, asker.reads, authenticate))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/graphql"
    async with httpx.AsyncClient() as client:
        await client.get(url, params={"query": "{__typename}"})
    yield url
    server.should_exit = True
    await serving
    listening.close()


async def test_c39_all_audits_pass(audits: Path, address: str) -> None:
    running = await asyncio.create_subprocess_exec(
        node(), "run.mjs", address, cwd=audits, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, problems = await running.communicate()
    assert running.returncode == 0, problems.decode()
    results = [json.loads(line) for line in out.splitlines()]
    assert len(results) == ALL
    assert [one for one in results if one["status"] != "ok"] == []
