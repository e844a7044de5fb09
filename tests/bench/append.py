"""Appending: one organisation and a thousand of them, against the least that PostgreSQL has to do for an event."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from infra.ledger import Ledger
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.told import found, told_for

ORGANISATIONS = 1_000
TABLES = """
create table head (o bigint primary key, n bigint not null) with (fillfactor = 50);
create table ev (o bigint not null, n bigint not null, body text not null);
insert into head select o, 0 from generate_series(1, 1000) o;
"""
BODY = "x" * 620
BOUND = (
    "with h as (update head set n = n + 1 where o = {o} returning n) "
    f"insert into ev select {{o}}, n, '{BODY}' from h;\n"
)


def scripts(folder: Path) -> tuple[Path, Path]:
    """The bound on one head row, and on a thousand."""
    hot, spread = folder / "hot.sql", folder / "spread.sql"
    hot.write_text(BOUND.format(o=1))
    spread.write_text("\\set o random(1, 1000)\n" + BOUND.format(o=":o"))
    return hot, spread


@asynccontextmanager
async def ledger_at(place: Place, organisations: int) -> AsyncGenerator[tuple[Ledger, list[UUID], str]]:
    name = await place.database()
    async with place.opened(name) as database, place.owner(name) as owner:
        await owner.execute(TABLES)
        ledger = Ledger(database)
        ids = [uuid4() for _ in range(organisations)]
        await found(ledger, ids)
        yield ledger, ids, name
        await ledger.drained()
    await place.drop(name)


async def append_hot(place: Place) -> list[Figure]:
    return await _bounded(place, "append-hot", "one organisation ÷ pgbench bound", 1, 2.0)


async def append_spread(place: Place) -> list[Figure]:
    return await _bounded(place, "append-spread", "1,000 organisations ÷ pgbench bound", ORGANISATIONS, 0.25)


async def _bounded(place: Place, bench: str, name: str, organisations: int, limit: float) -> list[Figure]:
    hot, spread = scripts(place.server.home)
    script = hot if organisations == 1 else spread
    async with ledger_at(place, organisations) as (ledger, ids, database):

        async def ours() -> float:
            return await told_for(ledger, lambda: random.choice(ids), SECONDS)  # noqa: S311 - no secret

        async def bound() -> float:
            return await place.pgbench(database, script, SECONDS)

        pairs = [(first, second) for first, second in await interleaved(ours, bound)]
    return [compared(bench, name, pairs, limit, sides="commands/s, transactions/s")]
