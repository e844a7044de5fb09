"""npm's `graphql-ws` and `graphql-sse`, as browsers use them, against the product."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.applying import Urls
from api.explorer_setup import SetupFailed, install, node
from tests.api.edge import ROOMY, Edge, served

HOW_TO = (Path(__file__).parents[2] / "docs" / "howto" / "live-queries.md").read_text()
EXAMPLES = re.findall(r"```js\n(.*?)```", HOW_TO, flags=re.DOTALL)
BY_CURL = re.findall(r"```sh\n(curl.*?)```", HOW_TO, flags=re.DOTALL)
CLIENTS = Path(__file__).parent / "live_clients"
LIBRARIES = ("graphql-ws", "graphql-sse")
TEAM = "subscription Team($id: ID!) { team(id: $id) { name } }"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locked packages, or a skip that says what is missing."""
    folder = tmp_path_factory.mktemp("clients")
    try:
        install(CLIENTS, folder)
    except SetupFailed as failure:
        pytest.skip(f"graphql-ws and graphql-sse can't be had here: {failure}")
    (folder / "run.mjs").write_text((CLIENTS / "run.mjs").read_text())
    return folder


@dataclass(slots=True)
class Running:
    """A client at work."""

    process: asyncio.subprocess.Process

    async def told(self) -> Any:
        if self.process.stdout is None:
            raise TypeError("it was started with a pipe")
        return json.loads(await asyncio.wait_for(self.process.stdout.readline(), 15))

    def leave(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.write(b"leave\n")


@asynccontextmanager
async def running(folder: Path, library: str, edge: Edge, query: str, **variables: Any) -> AsyncGenerator[Running]:
    arguments = (library, f"{edge.base}/graphql", edge.here.keys["OWNER"], query, json.dumps(variables))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node(), "run.mjs", *arguments, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_client_hears_changes_and_leaves(clients: Path, edge: Edge, library: str) -> None:
    team = (await edge.command("form-team", {"name": "Anchor"})).json["id"]
    await edge.settled(edge.here)
    live = edge.services.graphql.live
    async with running(clients, library, edge, TEAM, id=team) as client:
        assert (await client.told())["data"] == {"team": {"name": "Anchor"}}
        for number in range(3):
            await edge.command("revise-team", {"teamId": team, "name": f"Anchor {number}"})
            assert (await client.told())["data"] == {"team": {"name": f"Anchor {number}"}}
        client.leave()
        assert await client.told() == {"complete": True}
        async with asyncio.timeout(5):
            while edge.here.id in live.audiences:  # noqa: ASYNC110 - nothing tells when somebody has gone
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_client_asks_and_commands(clients: Path, edge: Edge, library: str) -> None:
    async with running(
        clients, library, edge, 'mutation { formTeam(input: {name: "Buoy"}) { team { name } } }'
    ) as client:
        assert (await client.told())["data"] == {"formTeam": {"team": {"name": "Buoy"}}}
        assert await client.told() == {"complete": True}


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_client_is_told_what_is_wrong(clients: Path, edge: Edge, library: str) -> None:
    async with running(clients, library, edge, "subscription { nothing { id } }") as client:
        told = await client.told()
        errors = told.get("problem") or told["errors"]
        assert errors[0]["extensions"]["code"] == "VALIDATION_FAILED"


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_client_is_told_that_the_server_leaves(clients: Path, urls: Urls, library: str) -> None:
    async with served(ROOMY, urls) as edge:
        edge.here = await edge.found(f"Harbour left by {library}")
        team = (await edge.tell(edge.here, "form-team", name="Cable")).id
        await edge.settled(edge.here)
        async with running(clients, library, edge, TEAM, id=str(team)) as client:
            await client.told()
            edge.server.should_exit = True
            told = await client.told()
            assert told in ({"complete": True}, {"problem": "Going away", "code": 1001})


async def first_lines(process: asyncio.subprocess.Process, until: str) -> str:
    """What it writes up to the line that has the text."""
    lines: list[str] = []
    try:
        while process.stdout is not None and until not in "".join(lines):
            line = await asyncio.wait_for(process.stdout.readline(), 15)
            assert line, ("it ended", lines)
            lines.append(line.decode())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    return "".join(lines)


def as_told(edge: Edge) -> dict[str, str]:
    """The environment that the how-to speaks of."""
    return {**os.environ, "HEADWAY_URL": edge.base, "HEADWAY_API_KEY": edge.here.keys["OWNER"]}


@pytest.mark.parametrize("example", EXAMPLES, ids=LIBRARIES[::-1])
async def test_the_examples_of_the_how_to_run(clients: Path, edge: Edge, example: str) -> None:
    await edge.command("form-team", {"name": "Deck"})
    await edge.settled(edge.here)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node(), "--input-type=module", "-e", example, cwd=clients, env=as_told(edge), stdout=pipe, stderr=pipe
    )
    assert "Deck" in await first_lines(process, "Deck")


async def test_the_curl_of_the_how_to_runs(edge: Edge) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    assert len(BY_CURL) == 1
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec("sh", "-c", f"exec {BY_CURL[0]}", env=as_told(edge), stdout=pipe)
    assert '"totalCount":' in await first_lines(process, "data: ")
