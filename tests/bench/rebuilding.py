"""A rebuild of all read models, against COPY of the very rows that it makes into the very tables."""

from time import perf_counter
from typing import Any

from infra.database import Connection
from infra.rebuild import rebuild
from projections.read_models import PROJECTIONS
from tests.bench.many import events_asked, load_many
from tests.bench.pairs import Figure, compared, interleaved
from tests.bench.place import Place
from tests.conftest import seals

EVENTS = 100_000
TABLES = [table for projection in PROJECTIONS for table in projection.tables]


async def _rows(owner: Connection) -> dict[str, list[tuple[Any, ...]]]:
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for table in TABLES:
        columns = ", ".join(("organisation_id", "id", "since", "until", *(f'"{one}"' for one in table.columns)))
        rows[table.name] = [tuple(row) for row in await owner.fetch(f"select {columns} from read.{table.name}")]
    return rows


async def _copy(owner: Connection, rows: dict[str, list[tuple[Any, ...]]]) -> float:
    await owner.execute("drop schema if exists copied cascade")
    await owner.execute("create schema copied")
    for table in TABLES:
        await owner.execute(f"create table copied.{table.name} (like read.{table.name} including all)")
    began = perf_counter()
    for table in TABLES:
        columns = ["organisation_id", "id", "since", "until", *table.columns]
        await owner.copy_records_to_table(
            table.name, schema_name="copied", columns=columns, records=rows[table.name], timeout=600
        )
    seconds = perf_counter() - began
    await owner.execute("drop schema copied cascade")
    return seconds


async def rebuilding(place: Place) -> list[Figure]:
    events = events_asked(EVENTS)
    name = await place.database()
    async with place.owner(name) as owner:
        await load_many(owner, events)
        result = await rebuild(owner, seals())
        if result.stopped or result.events < events:
            raise RuntimeError(f"The rebuild came to {result}.")
        rows = await _rows(owner)

        async def ours() -> float:
            began = perf_counter()
            await rebuild(owner, seals())
            return events / (perf_counter() - began)

        async def copy() -> float:
            return events / await _copy(owner, rows)

        pairs = [(first, second) for first, second in await interleaved(ours, copy, warm=False)]
    await place.drop(name)
    return [compared("rebuild", f"{events:,} events ÷ COPY of their rows", pairs, 0.3, sides="events/s")]
