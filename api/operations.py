"""What operators and load balancers ask: alive, ready, and the figures."""

from dataclasses import dataclass

import msgspec
from litestar import Response, get
from litestar.datastructures import State
from prometheus_client import generate_latest

from api.auth import HTTPRequest, viewer_of
from api.problems import Problem
from infra.database import Database, unavailable
from infra.entrance import STATEMENTS
from infra.telemetry import POOL_CONNECTIONS, REGISTRY

SECONDS_TO_ANSWER = 1.0


@dataclass(slots=True)
class Readiness:
    """Whether this process should be sent requests."""

    draining: bool = False


class Health(msgspec.Struct):
    """The answer to a health question: `failing` names the check, never an address."""

    status: str
    failing: str | None = None


def _health(status: str, failing: str | None = None) -> Response[bytes]:
    return Response(
        msgspec.json.encode(Health(status, failing)),
        status_code=200 if failing is None else 503,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


@get("/health/live", include_in_schema=False)
async def live() -> Response[bytes]:
    """The process turns; the database is not asked, for restarting would not mend it."""
    return _health("live")


@get("/health/ready", include_in_schema=False)
async def ready(state: State) -> Response[bytes]:
    """Requests can be served: not draining, the database writable, the read models in place."""
    if state.readiness.draining:
        return _health("not ready", "draining")
    database: Database = state.database
    try:
        async with database.work.acquire(timeout=SECONDS_TO_ANSWER) as connection:
            row = await connection.fetchrow(STATEMENTS["ready"], timeout=SECONDS_TO_ANSWER)
    except Exception as error:
        return _health("not ready", "database" if unavailable(error) else "check")
    if row is None or row[0]:
        return _health("not ready", "read-only database")
    if not row[1]:
        return _health("not ready", "read models")
    return _health("ready")


@get("/metrics", include_in_schema=False)
async def metrics(request: HTTPRequest, state: State) -> Response[bytes]:
    """Prometheus figures, for keys of owners and auditors."""
    viewer = await viewer_of(request, state.entrance, "read")
    if viewer.role.value not in {"OWNER", "AUDITOR"}:
        raise Problem(403, "NOT_ALLOWED", "Use the key of an owner or auditor to read the figures.")
    for pool, (size, idle) in state.database.usage().items():
        POOL_CONNECTIONS.labels(pool, "busy").set(size - idle)
        POOL_CONNECTIONS.labels(pool, "idle").set(idle)
    return Response(generate_latest(REGISTRY), media_type="text/plain; version=0.0.4")
