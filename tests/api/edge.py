"""What the tests of the edge share: the product under a real server, two organisations, and a client."""

import asyncio
import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from api.app import Services
from api.applying import Urls, operator
from api.desk import Done, Envelope
from api.serving import Server, config_of
from api.viewer import Viewer
from infra.settings import Settings

PROBLEM, JSON, NDJSON = "application/problem+json", "application/json", "application/x-ndjson"
HERE = str(Path(__file__).parents[2]).lower()
GRAPHQL = "application/graphql-response+json"
ROOMY = Settings(rate_per_second=1e6, rate_burst=1e6, access_log=False, checkpoint_seconds=0)
Body = bytes | str | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """As it came over the wire."""

    status: int
    kind: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        """Of a problem, or of the first GraphQL error."""
        body = self.json
        if "errors" in body:
            return body["errors"][0]["extensions"]["code"]
        return body.get("code", "")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.raw.splitlines()]


@dataclass(slots=True)
class Organisation:
    """One that was founded, its people, and keys by role."""

    id: UUID
    person: UUID
    keys: dict[str, str] = field(default_factory=dict[str, str])
    ids: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def operator(self) -> Viewer:
        return operator(self.id)


class QuietServer(Server):
    """Leaves the signals of the process that tests run in alone."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass(slots=True)
class Edge:
    """A served product with a client."""

    services: Services
    server: QuietServer
    host: str
    port: int
    session: aiohttp.ClientSession
    here: Organisation = field(init=False, repr=False)
    there: Organisation = field(init=False, repr=False)

    @property
    def base(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        kind: str | None = JSON,
    ) -> Answer:
        sent = {"content-type": kind} if kind is not None and body is not None else {}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        data = json.dumps(body) if isinstance(body, dict | list) else body
        data = BytesIO(data) if isinstance(data, bytes) else data  # or aiohttp warns of large ones
        async with self.session.request(
            method, self.base + path, data=data, headers={**sent, **(headers or {})}, allow_redirects=False
        ) as response:
            return Answer(response.status, response.content_type, response.headers, await response.read())

    async def command(self, name: str, body: Any = None, key: str | None = None, **more: Any) -> Answer:
        """By the first organisation's owner unless said otherwise."""
        chosen = self.here.keys["OWNER"] if key is None else key
        return await self.ask("POST", f"/commands/{name}", {} if body is None else body, chosen, **more)

    async def graphql(self, query: str, key: str | None = None, **variables: Any) -> Answer:
        chosen = self.here.keys["OWNER"] if key is None else key
        body = {"query": query, "variables": variables}
        return await self.ask("POST", "/graphql", body, chosen, headers={"accept": GRAPHQL})

    async def bulk(self, lines: bytes, query: str = "", key: str | None = None) -> Answer:
        return await self.ask("POST", f"/commands{query}", lines, key or self.here.keys["OWNER"], kind=NDJSON)

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def raw(self, request: bytes) -> bytes:
        """The first answer to bytes as given; nothing where the connection is just closed."""
        async with self.connected() as (reader, writer):
            writer.write(request)
            await writer.drain()
            return await asyncio.wait_for(reader.read(65_536), 5)

    async def heads(self) -> dict[UUID, int]:
        """Positions of every ledger, by the owner of the database."""
        async with self.services.database.owner_connection() as connection:
            rows = await connection.fetch("select organisation_id, position from ledger.heads")
        return {row["organisation_id"]: row["position"] for row in rows}

    @asynccontextmanager
    async def unmoved(self) -> AsyncGenerator[None]:
        """Nothing is recorded inside."""
        before = await self.heads()
        yield
        assert await self.heads() == before

    async def tell(self, organisation: Organisation, name: str, /, **fields: Any) -> Done:
        """Past the door."""
        return await self.services.desk.issue(name, json.dumps(fields).encode(), organisation.operator, Envelope())

    async def key(self, organisation: Organisation, role: str, **fields: Any) -> tuple[UUID, str]:
        """A new key's id and text, in force."""
        done = await self.tell(organisation, "issue-api-key", name=f"{role} key", role=role, **fields)
        assert done.secret is not None
        assert done.id is not None
        await self.settled(organisation, done.position)
        return done.id, done.secret

    async def settled(self, organisation: Organisation, position: int | None = None) -> None:
        """The read models have come as far."""
        wanted = (await self.heads())[organisation.id] if position is None else position
        assert await self.services.positions.wait(organisation.id, wanted, 10)

    async def found(self, name: str) -> Organisation:
        made = Organisation(uuid4(), uuid4())
        await self.tell(made, "found-organisation", organisationId=str(made.id), name=name)
        await self.tell(made, "register-person", personId=str(made.person), name=f"Ana of {name}")
        for role in ("OWNER", "MEMBER"):
            _, made.keys[role] = await self.key(made, role, personId=str(made.person))
        for role in ("READER", "AUDITOR"):
            made.keys[role] = (await self.key(made, role))[1]
        return made


@asynccontextmanager
async def served(settings: Settings, urls: Urls) -> AsyncGenerator[Edge]:
    """The product on a free port, without organisations."""
    services = Services(settings, urls)
    config = config_of(services, "127.0.0.1", 0, "none")
    config.timeout_graceful_shutdown = 3
    server = QuietServer(config, services, None)
    running = asyncio.ensure_future(server.serve())
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0.005)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
            yield Edge(services, server, host, port, session)
    finally:
        server.should_exit = True
        await running


def refused(answer: Answer, status: int, code: str) -> None:
    """Status, stable code, problem details, and nothing of our insides."""
    assert (answer.status, answer.code) == (status, code), answer.raw[:500]
    assert answer.kind == PROBLEM
    body = answer.json
    assert body["status"] == status
    assert body["type"] == f"urn:headway:problem:{code.lower().replace('_', '-')}"
    tells_nothing(answer)


def refused_by_graphql(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.raw[:500]
    assert answer.kind in {GRAPHQL, JSON}
    assert answer.json.get("data") is None
    tells_nothing(answer)


def tells_nothing(answer: Answer) -> None:
    """No stack, path or statement goes out."""
    text = answer.raw.decode().lower()
    for word in ("traceback", 'file \\"', "asyncpg", "site-packages", "select ", "insert ", HERE):
        assert word not in text
