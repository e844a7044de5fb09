"""F25: ten thousand live queries and a writer that does not wait for them; some listeners are slow, some come and go."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.desk import Envelope
from api.graphql.audience import Audience, Listener
from api.graphql.document import Documents, Operation
from api.graphql.live import Live
from api.graphql.plans import Reads, data_of
from api.graphql.schema import build
from api.graphql.subscription import question_of
from api.viewer import Viewer
from domain.values import Role
from tests.faults.conftest import Place
from tests.faults.stand import Product, eventually, product

WRITES = 300
SLOW = 0.1  # of the listeners
MOST_MIB = 200
MEMORY = Path("/proc/self/statm")
PAGE = 4_096
TEAM = "subscription ($id: ID!) { team(id: $id) { id name } }"


def resident() -> float:
    """MiB of this process."""
    return int(MEMORY.read_text().split()[1]) * PAGE / 2**20


class Reader:
    """Keeps what it was told last, and how often."""

    def __init__(self, listener: Listener, slow: bool) -> None:
        self.listener = listener
        self.slow = slow
        self.times, self.last = 0, b""

    async def read(self) -> None:
        while True:
            told = await self.listener.__anext__()
            self.times, self.last = self.times + 1, data_of(told.body)
            if self.slow:
                await asyncio.sleep(2)


@asynccontextmanager
async def reading(readers: list[Reader]) -> AsyncGenerator[None]:
    tasks = [asyncio.create_task(one.read()) for one in readers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in readers:
            one.listener.close()


async def write(made: Product, organisation: Viewer, teams: list[UUID], by: random.Random) -> int:
    """The last position."""
    position = 0
    for number in range(WRITES):
        body = b'{"teamId":"%b","name":"Named %d"}' % (str(by.choice(teams)).encode(), number)
        done = await made.desk.issue("revise-team", body, organisation, Envelope())
        position = done.position or position
        await asyncio.sleep(0.01)
    return position


async def founded(made: Product, organisation: Viewer, many: int) -> list[UUID]:
    """Its teams."""
    founding = b'{"organisationId":"%b","name":"Harbour"}' % str(organisation.organisation_id).encode()
    await made.desk.issue("found-organisation", founding, organisation, Envelope())
    done = [
        await made.desk.issue("form-team", b'{"name":"Team %d"}' % number, organisation, Envelope())
        for number in range(many)
    ]
    return [one.id for one in done if one.id is not None]


async def newest(reads: Reads, operation: Operation, viewer: Viewer, teams: list[UUID]) -> dict[UUID, bytes]:
    question = question_of(operation)
    return {one: data_of((await reads.answer(question, {"id": str(one)}, viewer)).body) for one in teams}


class Hasty(Live):
    """A mutant: what comes while groups are asked makes none of them due again."""

    def _make_stale(self, audience: Audience) -> None:
        if not audience.due:
            super()._make_stale(audience)


@dataclass(frozen=True, slots=True)
class Came:
    """What became of it."""

    told: int
    grown: float


async def run(place: Place, kind: type[Live], many: int, sights: int, seconds: float) -> Came:
    """Raises TimeoutError where somebody never hears the newest."""
    by = random.Random(25)  # noqa: S311 - no secret
    async with product(place.owner, place.application) as made:
        organisation = Viewer(organisation_id=uuid4(), role=Role.OWNER)
        teams = await founded(made, organisation, many)
        positions, built = made.projector.positions, build()
        reads = Reads(built.model, made.database.read, positions)
        operation = Documents(built.core, reads.limits).get(TEAM).operation(None)
        live = kind(reads, positions)
        live.start()
        before = resident()
        viewers = [replace(organisation, role=Role.MEMBER, person_id=uuid4()) for _ in range(sights)]
        pairs = [(team, viewer) for team in teams for viewer in viewers]
        readers = [
            Reader(live.listen(operation, {"id": str(team)}, viewer), by.random() < SLOW) for team, viewer in pairs
        ]
        assert sum(len(one.groups) for one in live.audiences.values()) == many * sights
        try:
            async with reading(readers):
                position = await write(made, organisation, teams, by)
                assert await positions.wait(organisation.organisation_id, position, 30)
                wanted = await newest(reads, operation, organisation, teams)
                await eventually(
                    lambda: all(one.last == wanted[UUID(one.listener.raw["id"])] for one in readers), seconds
                )
                grown = resident() - before
        finally:
            await live.stop()
        assert not live.audiences
    return Came(sum(one.times for one in readers), grown)


async def test_f25_ten_thousand_live_queries_end_with_the_newest_state(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    came = await run(place, Live, 500, 20, 120)
    with capsys.disabled():
        print(f"\n10,000 live queries, {came.told} answers told, {came.grown:.0f} MiB grown")  # noqa: T201 - the figures
    assert came.grown < MOST_MIB


async def test_f25_a_change_that_is_taken_for_the_last_one_is_caught(place: Place) -> None:
    async def again_and_again() -> None:
        for _ in range(5):  # where the last change comes when all have been asked, nothing is lost
            await run(place, Hasty, 200, 10, 5)

    with pytest.raises(TimeoutError):
        await again_and_again()
