"""PostgreSQL goes away under a serving product: it says so, loses nothing, and serves on by itself (F1, F2)."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from api.applying import Urls
from infra.embedded import EmbeddedServer
from tests.api.edge import GRAPHQL, PROBLEM, ROOMY, Answer, Edge, served
from tests.conftest import prepare

SECONDS_A_KEY_IS_KEPT = 1.0
SECONDS_TO_RECOVER = 20.0
TEAMS = "{ teams(first: 500) { totalCount nodes { id } } }"


@pytest.fixture(scope="module")
async def fragile() -> AsyncIterator[EmbeddedServer]:
    """A server that may be stopped."""
    home = Path(tempfile.mkdtemp(prefix="headway-outage-"))
    server = EmbeddedServer(home)
    try:
        with server:
            await prepare(server.url())
            yield server
    finally:
        server.kill()
        shutil.rmtree(server.place, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
async def edge(fragile: EmbeddedServer) -> AsyncIterator[Edge]:
    async with served(ROOMY, Urls(fragile.url(), fragile.application_url())) as opened:
        opened.here = await opened.found("Harbour")
        yield opened
        if not fragile.is_running():
            await asyncio.to_thread(fragile.start)


def away(answer: Answer, kind: str) -> None:
    """Told as unavailable, with the time to come back at, and nothing of our insides."""
    assert (answer.status, answer.code, answer.kind) == (503, "UNAVAILABLE", kind), answer.raw[:300]
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    for word in (b"postgres", b"Traceback", b"Connection", b"asyncpg", b"127.0.0.1", b".s.PGSQL"):
        assert word not in answer.raw


async def until_ready(edge: Edge) -> None:
    async with asyncio.timeout(SECONDS_TO_RECOVER):
        while (await edge.ask("GET", "/health/ready")).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_an_outage_is_told_and_passes_without_a_restart(edge: Edge, fragile: EmbeddedServer) -> None:
    before = await edge.command("form-team", {"name": "Before"})
    key = {"idempotency-key": uuid4().hex}
    await asyncio.to_thread(fragile.stop)

    ready = await edge.ask("GET", "/health/ready")
    assert (ready.status, ready.json) == (503, {"status": "not ready", "failing": "database"})
    assert (await edge.ask("GET", "/health/live")).status == 200
    away(await edge.command("form-team", {"name": "Meanwhile"}, headers=key), PROBLEM)  # the key is still known
    await asyncio.sleep(SECONDS_A_KEY_IS_KEPT)
    away(await edge.command("form-team", {"name": "Meanwhile"}, headers=key), PROBLEM)
    away(await edge.graphql(TEAMS), GRAPHQL)
    away(await edge.bulk(b'{"command":"form-team","input":{"name":"x"}}'), PROBLEM)
    away(await edge.ask("GET", "/metrics", key=edge.here.keys["OWNER"]), PROBLEM)
    nobody = await edge.ask("POST", "/commands/form-team", {"name": "x"})
    assert nobody.status == 401, "who shows no key is no concern of the database"

    await asyncio.to_thread(fragile.start)
    await until_ready(edge)
    after = await edge.command("form-team", {"name": "Meanwhile"}, headers=key)
    again = await edge.command("form-team", {"name": "Meanwhile"}, headers=key)
    assert (before.status, after.status, again.status) == (201, 201, 201)
    assert after.json["position"] == before.json["position"] + 1
    assert again.json == after.json
    await edge.settled(edge.here, after.json["position"])
    found = (await edge.graphql(TEAMS)).json["data"]["teams"]
    assert {one["id"] for one in found["nodes"]} >= {before.json["id"], after.json["id"]}


async def test_a_mutation_in_an_outage_is_an_error_and_no_refusal(edge: Edge, fragile: EmbeddedServer) -> None:
    text = 'mutation { formTeam(input: { name: "M" }) { position refusal { code } } }'
    assert (await edge.graphql(text)).json["data"]["formTeam"]["refusal"] is None
    await asyncio.to_thread(fragile.stop)
    answer = await edge.graphql(text)
    await asyncio.to_thread(fragile.start)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE"), answer.raw[:300]
    assert "retry-after" in answer.headers
    await until_ready(edge)
    assert (await edge.graphql(text)).json["data"]["formTeam"]["refusal"] is None


class Writers:
    """Clients that send each command until it is answered."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self.acknowledged: dict[str, tuple[str, int]] = {}  # by idempotency key
        self.unavailable = 0
        self.enough = False

    async def write(self, number: int) -> None:
        for count in range(10_000):
            if self.enough:
                return
            key, body = f"{number}-{count}-{uuid4().hex}", {"name": f"Team {number} {count}"}
            while not await self._answered(key, body):
                self.unavailable += 1
                await asyncio.sleep(0.1)

    async def _answered(self, key: str, body: dict[str, str]) -> bool:
        answer: Answer | None = None
        with suppress(aiohttp.ClientError, TimeoutError):
            answer = await self.edge.command("form-team", body, headers={"idempotency-key": key})
        assert answer is not None, "an outage of the database is no reason to hang up"
        if answer.status == 201:
            self.acknowledged[key] = (answer.json["id"], answer.json["position"])
            return True
        away(answer, PROBLEM)
        return False

    async def until_more(self, count: int) -> None:
        wanted = len(self.acknowledged) + count
        async with asyncio.timeout(SECONDS_TO_RECOVER):
            while len(self.acknowledged) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(edge: Edge, fragile: EmbeddedServer) -> None:
    """Through two kills."""
    writers = Writers(edge)
    writing = [asyncio.ensure_future(writers.write(number)) for number in range(4)]
    for _ in range(2):
        await writers.until_more(50)
        fragile.kill()
        await asyncio.sleep(0.2)
        await asyncio.to_thread(fragile.start)
    await writers.until_more(20)
    writers.enough = True
    await asyncio.gather(*writing)
    acknowledged, unavailable = writers.acknowledged, writers.unavailable

    assert unavailable > 0, "nobody noticed the outage"
    async with edge.services.database.owner_connection() as connection:
        rows = await connection.fetch(
            "select position, body from ledger.events where organisation_id = $1 order by position", edge.here.id
        )
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    recorded = {row["position"]: json.loads(row["body"]) for row in rows}
    assert all(recorded[position]["team_id"] == made for made, position in acknowledged.values())
    names = [body["name"] for body in recorded.values() if str(body.get("name", "")).startswith("Team ")]
    assert len(names) == len(set(names)) == len(acknowledged)
    await edge.settled(edge.here)
