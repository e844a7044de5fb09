"""A read model with two organisations, and the GraphQL endpoint over it for a viewer of the first."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State

from api.graphql.arguments import Binding
from api.graphql.document import Documents, Limits
from api.graphql.http import Endpoint, HTTPRequest, graphql_routes
from api.graphql.plans import Reads
from api.graphql.schema import Built, build
from api.viewer import Viewer
from domain.values import Role
from infra.database import Database
from tests.api.graphql.links import fill_links
from tests.api.graphql.rows import Rows, fill, id_of

RESPONSE = "application/graphql-response+json"


class Known:
    """Positions, as a test says."""

    def __init__(self) -> None:
        self.position: int | None = None
        self.comes = False
        self.sure = False

    def advance(self, organisation_id: UUID, position: int) -> None:
        self.position = max(position, self.position or 0)

    def reached(self, organisation_id: UUID) -> int | None:
        return self.position

    async def wait(self, organisation_id: UUID, position: int, seconds: float) -> bool:
        return self.comes


@dataclass(frozen=True, kw_only=True)
class Someone(Viewer):
    """A viewer on a day that a test chooses."""

    day: date = date(2023, 2, 20)
    hour: time = time(12)

    def now(self) -> datetime:
        return datetime.combine(self.day, self.hour, UTC)


def viewer_of(organisation: str, day: date = date(2023, 2, 20)) -> Someone:
    return Someone(
        organisation_id=id_of(organisation, "organisation", 0),
        role=Role.OWNER,
        person_id=id_of(organisation, "person", 0),
        time_zone="Europe/Berlin",
        day=day,
    )


@dataclass(repr=False)
class Asker:
    """Asks documents on both paths."""

    built: Built
    reads: Reads
    positions: Known
    viewer: Viewer = field(default_factory=lambda: viewer_of("alpha"))

    def __repr__(self) -> str:
        """Short: hypothesis says it with a finding, and warns of a long one, which the finding would be lost behind."""
        return f"Asker({self.viewer})"

    def operation(self, text: str, name: str | None = None) -> Any:
        return Documents(self.built.core, self.reads.limits).get(text).operation(name)

    async def compiled(self, text: str, **variables: Any) -> Any:
        """The answer of the compiled path."""
        answered = await self.reads.answer(self.operation(text), variables, self.viewer)
        return json.loads(answered.body)

    async def ordinary(self, text: str, **variables: Any) -> Any:
        """The answer of the ordinary path."""
        operation = self.operation(text)
        coerced = operation.coerce(self.built.core, variables)
        binding = Binding(coerced, self.viewer, self.viewer.today())
        answered = await self.reads.ordinary(operation, variables, binding, "oracle")
        return json.loads(answered.body)

    async def data(self, text: str, **variables: Any) -> Any:
        """The compiled answer's data; both paths have to agree on it."""
        compiled = await self.compiled(text, **variables)
        assert "errors" not in compiled, compiled
        ordinary = await self.ordinary(text, **variables)
        assert alike(compiled["data"], ordinary["data"])
        assert compiled["extensions"] == ordinary["extensions"]
        return compiled["data"]

    def sql(self, text: str, **variables: Any) -> str:
        operation = self.operation(text)
        plan = self.reads.plan(operation, operation.coerce(self.built.core, variables))
        return plan.text or ""


def alike(one: Any, other: Any) -> bool:
    """Equal with the same order of keys; numbers to ten digits."""
    match one, other:
        case dict(), dict():
            ours, theirs = cast(dict[str, Any], one), cast(dict[str, Any], other)
            return list(ours) == list(theirs) and all(alike(ours[key], theirs[key]) for key in ours)
        case list(), list():
            items, others = cast(list[Any], one), cast(list[Any], other)
            return len(items) == len(others) and all(map(alike, items, others))
        case bool(), bool():
            return one == other
        case ((int() | float()), (int() | float())):
            return abs(one - other) <= 1e-10 * max(1.0, abs(one), abs(other))
        case _:
            return type(one) is type(other) and one == other


@pytest.fixture(scope="session")
def built() -> Built:
    return build()


@pytest.fixture(scope="module")
async def filled_database(database: Database, database_url: str) -> Database:
    connection = await asyncpg.connect(database_url)
    await fill(connection)
    for name in ("alpha", "beta"):
        await fill_links(Rows(connection, name))
    await connection.execute("analyze")
    await connection.close()
    return database


@pytest.fixture(scope="module")
async def writer(filled_database: Database, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """As the owner, to write rows by hand."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def asker(built: Built, filled_database: Database) -> Asker:
    positions = Known()
    return Asker(built, Reads(built.model, filled_database.read, positions, Limits()), positions)


@pytest.fixture
async def client(built: Built, asker: Asker) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP, signed in."""

    async def authenticate(request: HTTPRequest) -> Viewer:
        return asker.viewer

    app = app_of(Endpoint(built, asker.reads, authenticate))
    served: Any = app  # Litestar and httpx spell the messages of ASGI differently
    transport = httpx.ASGITransport(served)  # on the loop that the connections live on
    async with httpx.AsyncClient(transport=transport, base_url="http://headway") as opened:
        yield opened


def app_of(endpoint: Endpoint) -> Litestar:
    state = State({"graphql": SimpleNamespace(endpoint=endpoint)})
    return Litestar(route_handlers=[*graphql_routes()], state=state, openapi_config=None)


async def post(client: httpx.AsyncClient, query: str, accept: str = RESPONSE, **more: Any) -> Any:
    """A response to a POST."""
    headers = {"accept": accept, **more.pop("headers", {})}
    return await client.post("/graphql", json={"query": query, **more}, headers=headers)
