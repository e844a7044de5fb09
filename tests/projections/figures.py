"""An organisation whose figures can be told and asked for at once, with the projector at work."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.taking import TakeReading
from infra.database import Database
from tests.infra.at_work import Telling, founded, projecting

NOW = 9_223_372_036_854_775_807
START, DUE = date(2024, 1, 1), date(2024, 12, 31)  # a leap year


class Figures:
    """An organisation with one outcome, whose figures can be told and asked for."""

    def __init__(self, telling: Telling, database: Database) -> None:
        self.telling, self.database, self.ledger = telling, database, telling.ledger
        self.outcome_id = uuid4()

    async def measure(self, **terms: Any) -> UUID:
        measure_id = uuid4()
        terms = {"direction": Direction.INCREASE, "baseline": Decimal(0), "target": Decimal(100), **terms}
        outcome_id = terms.pop("outcome_id", self.outcome_id)
        await self.telling.tell(SetMeasure(measure_id=measure_id, outcome_id=outcome_id, title="Count", **terms))
        return measure_id

    async def outcome(self, **fields: Any) -> UUID:
        outcome_id = uuid4()
        await self.telling.tell(
            SetOutcome(outcome_id=outcome_id, title="Better", starts_on=START, due_on=DUE, **fields)
        )
        return outcome_id

    async def read(self, day: int, value: int, **of: UUID) -> UUID:
        reading_id, taken_on = uuid4(), START + timedelta(day)
        await self.telling.tell(TakeReading(reading_id=reading_id, value=Decimal(value), taken_on=taken_on, **of))  # pyright: ignore[reportArgumentType]
        return reading_id

    async def ask(self, sql: str, *values: object) -> Any:
        async with self.database.read.of(self.telling.organisation_id) as connection:
            return await connection.fetchrow(f"select * from {sql}", self.telling.organisation_id, *values)

    async def value(self, figure_id: UUID, day: date, as_of: int = NOW) -> Decimal | None:
        return (await self.ask("figure_value($1, $2, $3, $4)", figure_id, as_of, day))[0]


async def figures(telling: Telling, database: Database) -> Figures:
    made = Figures(telling, database)
    await telling.tell(SetOutcome(outcome_id=made.outcome_id, title="Better", starts_on=START, due_on=DUE))
    return made


class World:
    """A ledger with a projector at work, for as long as a test tells things and asks for them."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def __aenter__(self) -> tuple[Figures, Any]:
        self.work = projecting(self.database)
        ledger, _, positions = await self.work.__aenter__()
        telling = await founded(ledger)

        async def settled() -> int:
            head = ledger.sequencers[telling.organisation_id].warmth.known or 0
            assert await positions.wait(telling.organisation_id, head, 10)
            return head

        return await figures(telling, self.database), settled

    async def __aexit__(self, *problem: Any) -> None:
        await self.work.__aexit__(*problem)
