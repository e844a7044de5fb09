"""F25: ten thousand live queries and a writer that does not wait for them; some listeners are slow, some come and go."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.desk import Envelope
from api.graphql.audience import Listener
from api.graphql.document import Documents, Operation
from api.graphql.live import Live
from api.graphql.plans import Reads, data_of
from api.graphql.schema import build
from api.graphql.subscription import question_of
from api.viewer import Viewer
from domain.values import Role
from tests.faults.conftest import Place
from tests.faults.stand import Product, product

TEAMS, SIGHTS = 500, 20
WRITES = 300
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


async def newest(reads: Reads, operation: Operation, viewer: Viewer, teams: list[UUID]) -> dict[UUID, bytes]:
    question = question_of(operation)
    return {one: data_of((await reads.answer(question, {"id": str(one)}, viewer)).body) for one in teams}


async def test_f25_ten_thousand_live_queries_end_with_the_newest_state(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    by = random.Random(25)  # noqa: S311 - no secret
    async with product(place.owner, place.application) as made:
        organisation = Viewer(organisation_id=uuid4(), role=Role.OWNER)
        founding = b'{"organisationId":"%b","name":"Harbour"}' % str(organisation.organisation_id).encode()
        await made.desk.issue("found-organisation", founding, organisation, Envelope())
        teams: list[UUID] = []
        for number in range(TEAMS):
            done = await made.desk.issue("form-team", b'{"name":"Team %d"}' % number, organisation, Envelope())
            assert done.id is not None
            teams.append(done.id)
        positions, built = made.projector.positions, build()
        reads = Reads(built.model, made.database.read, positions)
        operation = Documents(built.core, reads.limits).get(TEAM).operation(None)
        live = Live(reads, positions)
        live.start()
        before = resident()
        sights = [
            Viewer(organisation_id=organisation.organisation_id, role=Role.MEMBER, person_id=uuid4())
            for _ in range(SIGHTS)
        ]
        readers = [
            Reader(live.listen(operation, {"id": str(one)}, sight), by.random() < 0.1)
            for one in teams
            for sight in sights
        ]
        assert sum(len(one.groups) for one in live.audiences.values()) == TEAMS * SIGHTS
        async with reading(readers):
            position = await write(made, organisation, teams, by)
            assert await positions.wait(organisation.organisation_id, position, 30)
            wanted = await newest(reads, operation, organisation, teams)
            async with asyncio.timeout(120):
                while any(one.last != wanted[UUID(one.listener.raw["id"])] for one in readers):
                    await asyncio.sleep(0.2)
            grown = resident() - before
        assert not live.audiences
        await live.stop()
    told = sum(one.times for one in readers)
    with capsys.disabled():
        print(f"\n{len(readers)} live queries, {told} answers told, {grown:.0f} MiB grown")  # noqa: T201 - the figures
    assert grown < MOST_MIB
