"""What the map tells of an objective, held to the plain reference."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alignment import AlignOutcome
from domain.checkins import CheckIn, Status
from domain.focus import AbandonOutcome, WithdrawOutcome
from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.strategy import SetStrategicObjective
from domain.taking import TakeReading
from infra.database import Database
from tests.infra.at_work import Telling, founded, projecting
from tests.reference import WORST_FIRST, ObjectiveRow

NOW = 9_223_372_036_854_775_807
DAY = date(2022, 6, 1)


@dataclass(frozen=True)
class Drawn:
    """An outcome that serves some of three objectives."""

    value: int | None  # of a measure from 0 to 100; None: no measure at all
    stated: tuple[int, Status] | None  # days ago
    links: tuple[tuple[int, int], ...]  # objective, weight
    end: str | None

    def progress(self) -> Fraction | None:
        return None if self.value is None else min(max(Fraction(self.value, 100), Fraction(0)), Fraction(1))

    def status(self) -> str:
        if self.end == "ABANDONED":
            return "CLOSED"
        if self.stated is None:
            return "PENDING"
        return self.stated[1].value  # nothing is due of a draft


DRAWN = st.builds(
    Drawn,
    value=st.none() | st.integers(-20, 130),
    stated=st.none() | st.tuples(st.integers(0, 60), st.sampled_from(list(Status))),
    links=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=3, unique_by=lambda one: one[0]).map(
        tuple
    ),
    end=st.sampled_from([None, None, None, "ABANDONED", "WITHDRAWN"]),
)


async def tell_outcome(telling: Telling, drawn: Drawn, objectives: list[UUID]) -> None:
    tell, outcome_id, measure_id = telling.tell, uuid4(), uuid4()
    await tell(SetOutcome(outcome_id=outcome_id, title="Better"))
    if drawn.value is not None:
        await tell(
            SetMeasure(
                measure_id=measure_id,
                outcome_id=outcome_id,
                title="Count",
                direction=Direction.INCREASE,
                baseline=Decimal(0),
                target=Decimal(100),
            )
        )
        await tell(
            TakeReading(
                reading_id=uuid4(), measure_id=measure_id, value=Decimal(drawn.value), taken_on=date(2022, 1, 1)
            )
        )
    if drawn.stated is not None:
        ago, status = drawn.stated
        command = CheckIn(check_in_id=uuid4(), outcome_id=outcome_id, status=status, on=DAY - timedelta(ago))
        await telling.tell(command)
    for nth, weight in drawn.links:
        await tell(AlignOutcome(outcome_id=outcome_id, objective_id=objectives[nth], weight=Decimal(weight)))
    if drawn.end == "ABANDONED":
        await tell(AbandonOutcome(outcome_id=outcome_id, reason="Enough."))
    if drawn.end == "WITHDRAWN":
        await tell(WithdrawOutcome(outcome_id=outcome_id, reason="Set twice."))


async def compare(database: Database, drawn: list[Drawn]) -> None:
    objectives = [uuid4() for _ in range(3)]
    rows = [ObjectiveRow() for _ in objectives]
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        for one in objectives:
            await telling.tell(SetStrategicObjective(objective_id=one, title="Grow", perspective="CUSTOMER"))
        for one in drawn:
            await tell_outcome(telling, one, objectives)
            for nth, weight in one.links:
                rows[nth].served_by.append((one.progress(), Fraction(weight), one.end or "DRAFT", one.status()))
        head = ledger.sequencers[telling.organisation_id].warmth.known or 0
        assert await positions.wait(telling.organisation_id, head, 10)
    async with database.read.of(telling.organisation_id) as connection:
        for objective_id, row in zip(objectives, rows, strict=True):
            asked = (telling.organisation_id, objective_id, NOW)
            served = await connection.fetchval("select objective_progress($1, $2, $3, $4)", *asked, DAY)
            progress = row.progress()
            assert served == (None if progress is None else pytest.approx(float(progress), abs=1e-9))
            health = await connection.fetchrow("select * from objective_health($1, $2, $3, $4)", *asked, DAY)
            assert health is not None
            assert {status: health[status.lower()] for status in WORST_FIRST} == row.health()
            assert health["worst"] == row.worst()
            counted = await connection.fetchval("select count(*) from serving($1, $2, $3)", *asked)
            assert counted == len(row.counted())


async def test_r13_progress_and_health_of_an_objective_are_those_of_the_reference(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(st.lists(DRAWN, max_size=5))
    def drawn_maps(drawn: list[Drawn]) -> None:
        asyncio.run_coroutine_threadsafe(compare(database, drawn), loop).result(60)

    await asyncio.to_thread(drawn_maps)
