"""From answered to visible: how long after its answer a command's event is in the read models."""

import asyncio
from statistics import median
from time import perf_counter
from uuid import UUID, uuid4

from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from tests.bench.pairs import PAIRS, SECONDS, Figure, compared
from tests.bench.place import Place
from tests.bench.told import found, issued, registration

ORGANISATIONS = 50
A_SECOND = 200
LONGEST = 10.0


async def _one(ledger: Ledger, positions: Positions, organisation_id: UUID) -> tuple[float, float]:
    """Seconds from sent to answered, and from answered to visible."""
    began = perf_counter()
    accepted = await ledger.execute(registration(), issued(organisation_id))
    answered = perf_counter()
    if not await positions.wait(organisation_id, accepted.position, LONGEST):
        raise RuntimeError("An event was not projected in time.")
    return answered - began, perf_counter() - answered


async def _round(ledger: Ledger, positions: Positions, ids: list[UUID], seconds: float) -> tuple[float, float]:
    """At a steady pace, whatever the answers do: the medians, in milliseconds."""
    began = perf_counter()
    tasks: list[asyncio.Task[tuple[float, float]]] = []
    for number in range(int(A_SECOND * seconds)):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - perf_counter()))
        tasks.append(asyncio.create_task(_one(ledger, positions, ids[number % len(ids)])))
    found_ = await asyncio.gather(*tasks)
    return median(seen for _, seen in found_) * 1e3, median(answered for answered, _ in found_) * 1e3


async def visible(place: Place) -> list[Figure]:
    name = await place.database()
    async with place.opened(name) as database:
        positions = Positions()
        projector, ledger = Projector(database, positions), Ledger(database)
        ledger.appended.append(projector.stir)
        projector.start()
        try:
            ids = [uuid4() for _ in range(ORGANISATIONS)]
            await found(ledger, ids)
            await _round(ledger, positions, ids, SECONDS)
            pairs = [await _round(ledger, positions, ids, SECONDS) for _ in range(PAIRS)]
            await ledger.drained()
        finally:
            await projector.stop()
    await place.drop(name)
    title = f"visible ÷ append p50, {A_SECOND}/s over {ORGANISATIONS}"
    return [compared("visible", title, pairs, 5, at_most=True, sides="ms after the answer, ms to the answer")]
