"""Live queries: what a change costs with many who ask alike, how soon it is told, and what waiting costs.

The bound of the delay is what a program by hand would do: a notice sent with the commit, and the same statement asked
by whoever hears it. It neither keeps a ledger nor projects.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from api.graphql.audience import Listener
from api.graphql.document import Documents, Operation
from api.graphql.live import Live
from api.graphql.plans import Reads
from api.graphql.schema import build
from api.graphql.subscription import question_of
from api.viewer import Viewer
from domain.kernel import Command
from domain.people import FormTeam, ReviseTeam
from domain.values import Role
from infra.database import Database
from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from tests.bench.pairs import PAIRS, SECONDS, Figure, compared, tell
from tests.bench.place import Place
from tests.bench.told import found, issued

ALIKE = 1_000
CHANGES = 50
A_SECOND = 50
TEAM = "subscription ($id: ID!) { team(id: $id) { id name } }"
CHANNEL = "bench_live"
RENAME = "update read.team set name = $2 where id = $1 and until is null"


@dataclass(slots=True)
class Stage:
    """The product in this process, one organisation and a team that is renamed."""

    place: Place
    name: str
    database: Database
    ledger: Ledger
    reads: Reads
    live: Live
    operation: Operation
    viewer: Viewer
    team: UUID

    async def rename(self, number: int) -> None:
        await self.tell(ReviseTeam(team_id=self.team, name=f"Named {number}"))

    async def tell(self, command: Command) -> None:
        await self.ledger.execute(command, issued(self.viewer.organisation_id, keyed=False))

    def listen(self) -> Listener:
        return self.live.listen(self.operation, {"id": str(self.team)}, self.viewer)


@asynccontextmanager
async def staged(place: Place) -> AsyncGenerator[Stage]:
    name = await place.database()
    async with place.opened(name) as database:
        positions, built = Positions(), build()
        projector, ledger = Projector(database, positions), Ledger(database)
        ledger.appended.append(projector.stir)
        projector.start()
        reads = Reads(built.model, database.read, positions)
        live = Live(reads, positions)
        live.start()
        viewer, team = Viewer(organisation_id=uuid4(), role=Role.OWNER), uuid4()
        operation = Documents(built.core, reads.limits).get(TEAM).operation(None)
        stage = Stage(place, name, database, ledger, reads, live, operation, viewer, team)
        try:
            await found(ledger, [viewer.organisation_id])
            await stage.tell(FormTeam(team_id=team, name="Crew"))
            yield stage
            await ledger.drained()
        finally:
            await live.stop()
            await projector.stop()
    await place.drop(name)


def _figure(name: str, value: float, limit: float, unit: str = "") -> Figure:
    figure = Figure(bench="live", name=name, value=value, limit=limit, least=value, most=value, at_most=True, unit=unit)
    tell(figure.line())
    return figure


async def _statements(stage: Stage) -> Figure:
    """A change with so many listeners."""
    listeners = [stage.listen() for _ in range(ALIKE)]
    await asyncio.gather(*(one.__anext__() for one in listeners))
    before = stage.reads.counts["compiled"]
    for number in range(CHANGES):
        await stage.rename(number)
        await asyncio.gather(*(one.__anext__() for one in listeners))
    for one in listeners:
        one.close()
    asked = stage.reads.counts["compiled"] - before
    return _figure(f"statements a change, {ALIKE} ask alike", asked / CHANGES, 1)


async def _ours(stage: Stage, seconds: float) -> tuple[float, float]:
    """From the answer of a command to the message, and until it was visible, p50 in milliseconds."""
    listener, delays, seen = stage.listen(), list[float](), [0.0]
    until_visible: list[float] = []

    def visible(_organisation: UUID, _position: int) -> None:
        seen[0] = perf_counter()

    stage.live.positions.moved.insert(0, visible)
    await listener.__anext__()
    for number in range(int(A_SECOND * seconds)):
        await asyncio.sleep(1 / A_SECOND)
        await stage.rename(number)
        committed = perf_counter()
        await listener.__anext__()
        delays.append(perf_counter() - committed)
        until_visible.append(seen[0] - committed)
    listener.close()
    stage.live.positions.moved.remove(visible)
    return median(delays) * 1e3, median(until_visible) * 1e3


async def _by_hand(stage: Stage, writing: Any, listening: Any, seconds: float) -> float:
    """From the commit of an update to the answer of the statement that the notice sets off, p50 in milliseconds."""
    question = question_of(stage.operation)
    text = stage.reads.plan(question, {"id": str(stage.team)}).text or ""
    heard, delays = asyncio.Event(), list[float]()

    def hear(*_: object) -> None:
        heard.set()

    await listening.add_listener(CHANNEL, hear)
    for number in range(int(A_SECOND * seconds)):
        await asyncio.sleep(1 / A_SECOND)
        async with writing.transaction():
            await writing.execute(RENAME, stage.team, f"By hand {number}")
            await writing.execute("select pg_notify($1, '')", CHANNEL)
        committed = perf_counter()
        await heard.wait()
        heard.clear()
        async with stage.database.read.of(stage.viewer.organisation_id) as connection:
            await connection.fetchrow(text, *_values(text, stage))
        delays.append(perf_counter() - committed)
    await listening.remove_listener(CHANNEL, hear)
    return median(delays) * 1e3


def _values(text: str, stage: Stage) -> tuple[UUID, ...]:
    return (stage.viewer.organisation_id, stage.team) if "$2" in text else (stage.viewer.organisation_id,)


async def _delay(stage: Stage) -> list[Figure]:
    writing, listening = [await asyncpg.connect(stage.place.server.url(stage.name)) for _ in range(2)]
    rounds = [
        (*await _ours(stage, SECONDS), await _by_hand(stage, writing, listening, SECONDS)) for _ in range(PAIRS + 1)
    ][1:]
    await writing.close()
    await listening.close()
    told = [(told - visible, hand) for told, visible, hand in rounds]
    whole = [(told, hand) for told, _, hand in rounds]
    return [
        compared("live", "committed → message p50", told, 3, at_most=True, sides="ms, ms by hand"),
        compared("live", "answered → message p50, which projects", whole, 6, at_most=True, sides="ms, ms by hand"),
    ]


async def _idle(stage: Stage) -> Figure:
    """Of a core, while so many wait."""
    listeners = [stage.listen() for _ in range(ALIKE)]
    await asyncio.gather(*(one.__anext__() for one in listeners))
    waiting = [asyncio.ensure_future(one.__anext__()) for one in listeners]
    await asyncio.sleep(1)
    asked, used, began = stage.reads.counts["compiled"], process_time(), perf_counter()
    await asyncio.sleep(SECONDS * 3)
    share = (process_time() - used) / (perf_counter() - began) * 100
    for one, task in zip(listeners, waiting, strict=True):
        task.cancel()
        one.close()
    if stage.reads.counts["compiled"] != asked:
        raise RuntimeError("Something was asked though nothing happened.")
    return _figure(f"of a core, {ALIKE} waiting", share, 1, " %")


async def live(place: Place) -> list[Figure]:
    async with staged(place) as stage:
        return [await _statements(stage), *await _delay(stage), await _idle(stage)]
