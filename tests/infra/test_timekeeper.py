"""The timekeeper: each fact once, in any number of processes, on whatever clock, after any pause."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from domain.boundaries import SetBoundary
from domain.cycles import PlanCycle
from domain.focus import AbandonOutcome, ActivateOutcome
from domain.indicators import DefineIndicator
from domain.measures import Direction, SetMeasure
from domain.organisation import SetCalendar
from domain.outcomes import SetOutcome
from domain.readings import CorrectReading
from domain.taking import TakeReading
from infra.database import Database
from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from infra.timekeeper import Timekeeper
from tests.infra.at_work import Telling, founded, projecting

NOON = datetime(2022, 6, 15, 12, tzinfo=UTC)


@dataclass
class Watched:
    """An organisation with an active outcome and a boundary around an indicator."""

    telling: Telling
    ledger: Ledger
    database: Database
    positions: Positions
    projector: Projector
    outcome_id: UUID = field(default_factory=uuid4)
    boundary_id: UUID = field(default_factory=uuid4)
    indicator_id: UUID = field(default_factory=uuid4)

    async def settled(self) -> None:
        """The read models have come as far as the ledger, whoever appended."""
        organisation_id = self.telling.organisation_id
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('headway.organisation', $1, true)", str(organisation_id))
            head = await connection.fetchval(
                "select position from ledger.heads where organisation_id = $1", organisation_id
            )
        self.projector.stir(organisation_id)
        assert await self.positions.wait(organisation_id, head, 10)

    async def read(self, value: int, day: date) -> UUID:
        reading_id = uuid4()
        taking = TakeReading(reading_id=reading_id, indicator_id=self.indicator_id, value=Decimal(value), taken_on=day)
        await self.telling.tell(taking)
        await self.settled()
        return reading_id

    async def look(self, moment: datetime = NOON) -> int:
        noted = await Timekeeper(self.database, self.ledger, lambda: moment).look()
        await self.settled()
        return noted

    async def noted(self) -> list[date]:
        async with self.database.read.of(self.telling.organisation_id) as connection:
            rows = await connection.fetch(
                "select breached_on from breach where organisation_id = $1 order by 1", self.telling.organisation_id
            )
        return [row[0] for row in rows]


@asynccontextmanager
async def watched(database: Database) -> AsyncGenerator[Watched]:
    async with projecting(database) as (ledger, projector, positions):
        telling = await founded(ledger)
        world = Watched(telling, ledger, database, positions, projector)
        cycle_id, tell = uuid4(), telling.tell
        await tell(PlanCycle(cycle_id=cycle_id, title="2022", starts_on=date(2022, 1, 1), ends_on=date(2022, 12, 31)))
        await tell(
            SetOutcome(
                outcome_id=world.outcome_id, title="Faster", owner_id=telling.person_id, cycle_id=cycle_id,
                starts_on=date(2022, 1, 1), due_on=date(2022, 12, 31),
            )
        )  # fmt: skip
        await tell(
            SetMeasure(
                measure_id=uuid4(), outcome_id=world.outcome_id, title="Hours", direction=Direction.DECREASE,
                baseline=Decimal(9), target=Decimal(2), due_on=date(2022, 12, 31),
            )
        )  # fmt: skip
        await tell(ActivateOutcome(outcome_id=world.outcome_id))
        await tell(DefineIndicator(indicator_id=world.indicator_id, title="Errors"))
        await tell(
            SetBoundary(
                boundary_id=world.boundary_id, outcome_id=world.outcome_id, title="Few", upper=Decimal(10),
                indicator_id=world.indicator_id,
            )
        )  # fmt: skip
        await world.settled()
        yield world


async def test_a_breach_is_noted_once_however_often_anybody_looks(database: Database) -> None:
    async with watched(database) as world:
        assert await world.look() == 0
        await world.read(12, date(2022, 6, 10))
        await world.read(15, date(2022, 6, 12))
        looks = await asyncio.gather(*(Timekeeper(database, Ledger(database), lambda: NOON).look() for _ in range(4)))
        assert sum(looks) == 1
        await world.settled()
        assert [await world.look() for _ in range(3)] == [0, 0, 0]
        assert await world.noted() == [date(2022, 6, 10)]


async def test_a_figure_that_comes_back_and_leaves_again_is_another_breach(database: Database) -> None:
    async with watched(database) as world:
        for value, day in ((12, 1), (8, 3), (11, 5)):
            await world.read(value, date(2022, 6, day))
            await world.look()
        assert await world.noted() == [date(2022, 6, 1), date(2022, 6, 5)]


async def test_after_a_pause_what_stands_is_noted_and_what_passed_is_not(database: Database) -> None:
    async with watched(database) as world:
        for value, day in ((12, 1), (8, 3), (11, 5)):
            await world.read(value, date(2022, 6, day))
        assert await world.look(NOON + timedelta(days=14)) == 1
        assert await world.noted() == [date(2022, 6, 5)]


async def test_a_correction_leaves_the_note_on_record_and_the_standing_right(database: Database) -> None:
    async with watched(database) as world:
        mistaken = await world.read(12, date(2022, 6, 10))
        await world.look()
        await world.telling.tell(CorrectReading(reading_id=mistaken, value=Decimal(2), reason="misread"))
        await world.settled()
        assert await world.look() == 0
        assert await world.noted() == [date(2022, 6, 10)]


async def test_nothing_is_noted_of_what_nobody_works_on(database: Database) -> None:
    async with watched(database) as world:
        await world.telling.tell(AbandonOutcome(outcome_id=world.outcome_id, reason="enough"))
        await world.read(12, date(2022, 6, 10))
        assert await world.look() == 0


async def test_a_day_begins_in_the_organisations_zone(database: Database) -> None:
    async with watched(database) as world:
        await world.telling.tell(SetCalendar(time_zone="Pacific/Kiritimati"))  # fourteen hours ahead
        await world.look(datetime(2022, 6, 14, 9, 59, tzinfo=UTC))
        await world.read(12, date(2022, 6, 15))
        assert await world.look(datetime(2022, 6, 14, 9, 59, tzinfo=UTC)) == 0, "there it is the 14th still"
        assert await world.look(datetime(2022, 6, 14, 10, 1, tzinfo=UTC)) == 1


async def test_a_quiet_organisation_is_not_looked_through_again(database: Database) -> None:
    async with watched(database) as world:
        await world.look()
        async with database.work.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('headway.organisation', $1, true)", str(world.telling.organisation_id)
            )
            was = await connection.fetchrow(
                "select l.position, l.day, h.position from edge.looked l join ledger.heads h using (organisation_id)"
                " where organisation_id = $1",
                world.telling.organisation_id,
            )
        assert was is not None
        assert (was[0], was[1]) == (was[2], NOON.date())
