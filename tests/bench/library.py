"""Appending against the eventsourcing library's own recorders on the same server, with a thread a client."""

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from itertools import cycle
from threading import Thread
from time import perf_counter
from typing import Any
from uuid import uuid4

from domain.kernel import DCBAppendCondition, DCBQuery, DCBQueryItem
from domain.people import RegisterPerson
from infra.codec import to_dcb
from infra.embedded import OWNER
from tests.bench.append import ledger_at
from tests.bench.pairs import SECONDS, Figure, Skipped, compared, interleaved
from tests.bench.place import Place
from tests.bench.told import CLIENTS, issued, registration, told_for

LIBRARY_A_SECOND = 6_000  # premade, and taken again when they are used up; only the decision is spared


def _in_threads(once: Callable[[], object], seconds: float) -> float:
    """Calls a second, from one thread a client."""
    began = perf_counter()
    until = began + seconds
    counts = [0] * CLIENTS

    def client(number: int) -> None:
        while perf_counter() < until:
            once()
            counts[number] += 1

    threads = [Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (perf_counter() - began)


def _recorders(place: Place, database: str) -> tuple[Any, Callable[[], object], Callable[[], object]]:
    """The library's store, a conditional append through its DCB recorder, and one aggregate's first event."""
    from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT  # noqa: PLC0415 - needs psycopg
    from eventsourcing.persistence import StoredEvent  # noqa: PLC0415
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore  # noqa: PLC0415

    store = PostgresDatastore(
        database, str(place.server.sockets), 5432, OWNER, place.password, pool_size=CLIENTS, schema="public"
    )
    dcb = PostgresDCBRecorderTT(store)
    dcb.create_table()
    aggregates = PostgresApplicationRecorder(store)
    aggregates.create_table()
    organisation = uuid4()
    position = 0

    def decided() -> RegisterPerson:
        command = registration()
        for folds in command.begin(issued(organisation)):
            command.select(folds)
        command.execute()
        return command

    commands = [decided() for _ in range(int(SECONDS * LIBRARY_A_SECOND))]
    left = iter(cycle(commands))

    def append() -> None:
        nonlocal position
        command = next(left)
        items = [DCBQueryItem(types=list(one.stored), tags=list(one.tags)) for one in command.known]
        events = [to_dcb(tagged.decision, tagged.tags) for tagged in command.new_decisions]
        position = dcb.append(events, DCBAppendCondition(DCBQuery(items), after=position))

    def insert() -> None:
        event = to_dcb(next(left).new_decisions[0].decision, [])
        aggregates.insert_events([StoredEvent(uuid4(), 1, event.type, event.data)])

    return store, append, insert


async def append_library(place: Place) -> list[Figure]:
    if find_spec("psycopg") is None:
        raise Skipped("psycopg is not installed, and the library's recorders need it")
    async with ledger_at(place, 1) as (ledger, ids, database):
        store, append, insert = await asyncio.to_thread(_recorders, place, database)

        async def ours() -> float:
            return await told_for(ledger, lambda: ids[0], SECONDS)

        async def dcb() -> float:
            return await asyncio.to_thread(_in_threads, append, SECONDS)

        async def aggregates() -> float:
            return await asyncio.to_thread(_in_threads, insert, SECONDS)

        try:
            rounds = await interleaved(ours, dcb, aggregates)
        finally:
            await asyncio.to_thread(store.close)
    told = "commands/s, appends/s"
    return [
        compared("append-library", "ours ÷ PostgresDCBRecorderTT", [(a, b) for a, b, _ in rounds], 5, sides=told),
        compared("append-library", "ours ÷ PostgresApplicationRecorder", [(a, c) for a, _, c in rounds], 8, sides=told),
    ]
