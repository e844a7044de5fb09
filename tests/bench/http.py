"""Commands over HTTP, against an endpoint of the same server that only inserts a row."""

import asyncio
from uuid import uuid4

import msgspec

from infra.database import Connection
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.served import Asked, Server, serving
from tests.bench.server import TABLE
from tests.bench.stored import LARGE, SMALL, Harbour

BEHIND = "select (select min(position) from read.checkpoint) < (select max(position) from ledger.heads)"
LIMITS = {SMALL: 0.6, LARGE: 0.4}


def _command(name: str, **fields: object) -> Asked:
    return f"/commands/{name}", msgspec.json.encode(fields), {"idempotency-key": uuid4().hex}


async def _settled(owner: Connection) -> float:
    """Waits for the read models, so that what one side left to be projected is no burden to the other."""
    while await owner.fetchval(BEHIND):  # noqa: ASYNC110 - the row changes in another process
        await asyncio.sleep(0.02)
    return 0.0


async def _measure(server: Server, harbour: Harbour, owner: Connection) -> list[Figure]:
    row = msgspec.json.encode({"body": "x" * 280})
    figures: list[Figure] = []
    for events, limit in LIMITS.items():
        measure, outcome = harbour.busy_measures[events], harbour.busy_outcomes[events]

        def reading(measure: object = measure) -> Asked:
            return _command("take-reading", measureId=measure, value="61.5", note="As told by the service desk.")

        def task(outcome: object = outcome) -> Asked:
            return _command("commit-task", title="Answer the letters", dueOn="2030-01-31", outcomeId=outcome)

        for name, make in (("take-reading", reading), ("commit-task", task)):
            rounds = await interleaved(
                lambda make=make: server.a_second(make, SECONDS / 2),
                lambda: server.a_second(lambda: ("/bench/insert", row, {}), SECONDS / 2),
                before=lambda: _settled(owner),
            )
            pairs = [(first, second) for first, second in rounds]
            title = f"{name}, {events:,} events ÷ bare insert"
            figures.append(compared("http", title, pairs, limit, sides="requests/s"))
    return figures


async def over_http(place: Place) -> list[Figure]:
    name, harbour = await place.database(), Harbour()
    async with place.owner(name) as owner:
        await harbour.store(owner)
        await owner.execute(TABLE)
    async with serving(place, name, harbour, "commands") as server, place.owner(name) as owner:
        figures = await _measure(server, harbour, owner)
    await place.drop(name)
    return figures
