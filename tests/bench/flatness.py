"""Speed at a million events in one organisation, as a share of the speed at ten thousand."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID, uuid4

from infra.database import Database
from infra.ledger import Ledger
from infra.rebuild import rebuild
from projections.read_models import PROJECTIONS
from tests.bench.many import GROUP, events_asked, load_many, outcome_of
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.told import told_for
from tests.conftest import seals

FEW, MANY = 10_000, 1_000_000
CHECK = """
select count(*)
  from ledger.conflicting(
           array[$1::uuid], array[$5::bigint], '{1}', '{1}', array[$2::text], array[$3::text], array[$4::bigint])
"""
OUTCOME = """
select o.*, p.*
  from read.outcome o
  left join lateral read.outcome_progress($1, $2, $3, $4) p on true
 where o.organisation_id = $1 and o.id = $2 and o.since <= $3 and (o.until is null or o.until > $3)
"""


@dataclass
class Filled:
    """A database with one organisation in it."""

    database: Database
    ledger: Ledger
    organisation_id: UUID
    outcome_id: UUID
    events: int


@asynccontextmanager
async def filled(place: Place, events: int) -> AsyncGenerator[Filled]:
    name = await place.database()
    async with place.owner(name) as owner:
        organisation_id = await load_many(owner, events)
        outcome_id = await owner.fetchval(f"select {outcome_of(events // GROUP // 2)}")
        others = [one for one in PROJECTIONS if one.name != "history"]  # nothing read here stands on it
        await rebuild(owner, seals(), others)
        await owner.execute("vacuum (analyze)", timeout=600)
        await owner.execute("checkpoint")
    async with place.opened(name) as database:
        ledger = Ledger(database)
        yield Filled(database, ledger, organisation_id, outcome_id, events)
        await ledger.drained()
    await place.drop(name)


async def a_second(once: Callable[[], Awaitable[object]]) -> float:
    began, count = perf_counter(), 0
    while perf_counter() - began < SECONDS / 2:
        await once()
        count += 1
    return count / (perf_counter() - began)


async def append(where: Filled) -> float:
    """One client, so that only the work itself counts."""
    return await told_for(where.ledger, lambda: where.organisation_id, SECONDS / 2, clients=1)


async def check(where: Filled) -> float:
    """Whether an outcome's readings since half the ledger conflict; and whether an id is new, since the beginning."""
    organisation_id, events = where.organisation_id, where.events
    async with where.database.append.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('headway.organisation', $1, true)", str(organisation_id))

        async def once() -> None:
            kind, outcome = "reading.taken", f"outcome:{where.outcome_id}"
            await connection.fetchval(CHECK, organisation_id, kind, outcome, events - 1_000, events)
            await connection.fetchval(CHECK, organisation_id, kind, f"reading:{uuid4()}", 0, events)

        return await a_second(once)


def outcome(as_of: float) -> Callable[[Filled], Awaitable[float]]:
    """The row and its progress, as of a share of the ledger."""

    async def read(where: Filled) -> float:
        position, today = int(where.events * as_of), datetime.now(UTC).date()
        async with where.database.read.of(where.organisation_id) as connection:
            return await a_second(
                lambda: connection.fetch(OUTCOME, where.organisation_id, where.outcome_id, position, today)
            )

    return read


async def flatness(place: Place) -> list[Figure]:
    many = events_asked(MANY)
    measured: list[tuple[str, Callable[[Filled], Awaitable[float]]]] = [
        ("append", append),
        ("boundary check", check),
        ("outcome and progress, now", outcome(1)),
        ("outcome and progress, as of", outcome(0.9)),
    ]
    figures: list[Figure] = []
    async with filled(place, FEW) as small, filled(place, many) as large:
        for name, side in measured:
            rounds = await interleaved(lambda side=side: side(large), lambda side=side: side(small))
            pairs = [(first, second) for first, second in rounds]
            figures.append(compared("flatness", f"{name}, {many:,} ÷ {FEW:,}", pairs, 0.8, sides="a second"))
    return figures
