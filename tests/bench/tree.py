"""Growing the tree behind a ledger, against the appends that it has to keep up with."""

from time import perf_counter
from uuid import UUID

from infra.database import Database
from infra.projector import STATEMENTS as READING
from infra.tiles import grow
from tests.bench.append import ledger_at
from tests.bench.many import events_asked, load_many
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.told import told_for

EVENTS = 200_000


async def grow_whole(database: Database, organisation_id: UUID) -> int:
    """In stretches, a transaction each, as the notary does it."""
    size = -1
    reached = 0
    while reached != size:
        size = reached
        async with database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            reached = await grow(connection, organisation_id, size)
    return size


async def tree(place: Place) -> list[Figure]:
    events = events_asked(EVENTS)
    async with ledger_at(place, 1) as (ledger, ids, name), place.opened(name) as database, place.owner(name) as owner:
        organisation_id = await load_many(owner, events)

        async def growing() -> float:
            for table in ("tile", "tree"):
                await owner.execute(f"delete from ledger.{table} where organisation_id = $1", organisation_id)
                await owner.execute(f"vacuum ledger.{table}")
            began = perf_counter()
            if await grow_whole(database, organisation_id) != events:
                raise RuntimeError("The tree did not grow to the end of the ledger.")
            return events / (perf_counter() - began)

        async def appending() -> float:
            return await told_for(ledger, lambda: ids[0], SECONDS)

        pairs = [(first, second) for first, second in await interleaved(growing, appending)]
    return [compared("tree", "tree building ÷ appending", pairs, 5.0, sides="events/s")]
