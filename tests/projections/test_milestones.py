"""What milestones come to together: a checklist's progress and the burn-up, held to the plain reference."""

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.initiatives import PlanInitiative
from domain.measures import Direction, SetMeasure
from domain.milestones import MarkMilestone, MissMilestone, MoveMilestone, SetMilestone, WithdrawMilestone
from domain.organisation import FoundOrganisation
from domain.outcomes import SetOutcome
from domain.weighing import ReviseMilestone
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import founded, projecting
from tests.memory_ledger import MemoryLedger
from tests.projections.test_arithmetic import Suggested, Twice
from tests.reference import MilestoneRow, burn_up, reached_share

START, DUE = date(2024, 1, 1), date(2024, 1, 31)
NEAR = 1e-9
DAYS = st.integers(0, 30).map(lambda nth: START + timedelta(days=nth))


@dataclass(frozen=True)
class Drawn:
    """What hypothesis draws of a milestone, in the order in which it is told."""

    due_on: date
    weight: int
    moved: date | None
    missed: bool
    reached: date | None
    withdrawn: bool


DRAWN = st.builds(
    Drawn,
    due_on=DAYS,
    weight=st.integers(0, 3),
    moved=st.none() | DAYS,
    missed=st.booleans(),
    reached=st.none() | DAYS,
    withdrawn=st.sampled_from([False, False, True]),
)


async def tell(telling: Twice, outcome_id: UUID, drawn: Drawn) -> MilestoneRow:
    """Tells it, and says what has to be told of it; one that was reached is not withdrawn."""
    one = uuid4()
    row = MilestoneRow(drawn.due_on, drawn.moved or drawn.due_on, Fraction(drawn.weight), drawn.reached)
    await telling.tell(
        SetMilestone(
            milestone_id=one, outcome_id=outcome_id, title="M", due_on=drawn.due_on, weight=Decimal(drawn.weight)
        )
    )
    if drawn.missed:
        await telling.tell(MissMilestone(milestone_id=one, reason="rain"))
    if drawn.moved:
        await telling.tell(MoveMilestone(milestone_id=one, due_on=drawn.moved, reason="rain"))
    if drawn.reached:
        await telling.tell(MarkMilestone(milestone_id=one, reached_on=drawn.reached))
    elif drawn.withdrawn:
        await telling.tell(WithdrawMilestone(milestone_id=one, reason="rain"))
        row.withdrawn = True
    return row


def span_of(rows: list[MilestoneRow]) -> tuple[date, date]:
    """The first and the last of their days; backwards where there are none."""
    days = {day for one in rows if not one.withdrawn for day in (one.first_due_on, one.due_on, one.reached_on) if day}
    return (min(days), max(days)) if days else (DUE, START)


async def compare(database: Database, drawn: list[Drawn], day: date) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = Twice(ledger)
        telling.memory = MemoryLedger()
        organisation_id, outcome_id, measure_id = telling.organisation_id, uuid4(), uuid4()
        await telling.tell(FoundOrganisation(organisation_id=organisation_id, name="Harbour", time_zone="UTC"))
        await telling.tell(SetOutcome(outcome_id=outcome_id, title="Better", starts_on=START, due_on=DUE))
        await telling.tell(
            SetMeasure(measure_id=measure_id, outcome_id=outcome_id, title="Steps", direction=Direction.CHECKLIST)
        )
        beside, stall = uuid4(), uuid4()  # an initiative's milestone, which counts for none of what follows
        await telling.tell(PlanInitiative(initiative_id=stall, outcome_id=outcome_id, title="Stall"))
        await telling.tell(SetMilestone(milestone_id=beside, initiative_id=stall, title="Beside", due_on=START))
        await telling.tell(ReviseMilestone(milestone_id=beside, weight=Decimal(7), reason="rain"))
        rows: list[MilestoneRow] = []
        moments: list[tuple[int, list[MilestoneRow]]] = []
        for one in drawn:
            rows.append(await tell(telling, outcome_id, one))
            moments.append((ledger.sequencers[organisation_id].warmth.known or 0, deepcopy(rows)))
        head = ledger.sequencers[organisation_id].warmth.known or 0
        assert await positions.wait(organisation_id, head, 10)
    async with database.read.of(organisation_id) as connection:
        for position, known in [*moments[-2:], *moments[:1]]:
            served = await connection.fetchrow(
                "select s.progress, s.has_reading from measure_standing($1, $2, $3, $4) s",
                organisation_id, measure_id, position, day,
            )  # fmt: skip
            expected = reached_share(known, day)
            assert served is not None
            told = None if served["progress"] is None else float(served["progress"])
            assert told == (None if expected is None else pytest.approx(float(expected), abs=NEAR))
            points = await connection.fetch(
                "select * from milestone_burn_up($1, $2, $3, $4, $5, $6)",
                organisation_id, outcome_id, position, day, START, DUE,
            )  # fmt: skip
            assert [tuple(point) for point in points] == burn_up(known, START, DUE, day)
            whole = await connection.fetch(
                "select * from milestone_burn_up($1, $2, $3, $4, null, null)",
                organisation_id,
                outcome_id,
                position,
                day,
            )
            assert [tuple(point) for point in whole] == burn_up(known, *span_of(known), day)
    suggested = Suggested(outcome_id=outcome_id, day=day)
    telling.memory.execute(suggested, telling.issued())
    assert suggested.found == reached_share(rows, day), "rules decide by the same figures"


async def test_a_checklist_and_a_burn_up_are_those_of_the_reference(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(st.lists(DRAWN, max_size=5), DAYS)
    def drawn(milestones: list[Drawn], day: date) -> None:
        asyncio.run_coroutine_threadsafe(compare(database, milestones, day), loop).result(60)

    await asyncio.to_thread(drawn)


async def test_a_burn_up_is_of_a_year_at_most_and_of_no_days_backwards(database: Database) -> None:
    async with database.read.of(uuid4()) as connection:
        ask = "select count(*) from milestone_burn_up($1, $1, 1, $2, $2, $3)"
        for last, many in ((START + timedelta(1_000), 366), (START, 1), (START - timedelta(1), 0)):
            assert await connection.fetchval(ask, uuid4(), START, last) == many


async def test_r9_a_milestone_is_told_as_it_was_and_as_it_is(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        outcome_id, one = uuid4(), uuid4()
        await telling.tell(SetOutcome(outcome_id=outcome_id, title="Better"))
        told: list[Any] = [
            SetMilestone(milestone_id=one, outcome_id=outcome_id, title="M", due_on=START),
            MissMilestone(milestone_id=one, reason="rain"),
            MoveMilestone(milestone_id=one, due_on=DUE, reason="sun"),
            MarkMilestone(milestone_id=one, reached_on=DUE - timedelta(1)),
        ]
        steps = [(await telling.tell(command)).position for command in told]
        assert await positions.wait(telling.organisation_id, steps[-1], 10)
    ask = (
        "select milestone_state(m.state, m.reached_on, m.missed_on, $2), m.due_on, m.moves, m.missed_because,"
        " m.days_early"
        " from milestone m where m.since <= $1 and (m.until is null or m.until > $1)"
    )
    today = date(2030, 1, 1)
    async with database.read.of(telling.organisation_id) as connection:
        seen = [tuple(await connection.fetchrow(ask, position, today) or ()) for position in steps]
        days = [START, DUE - timedelta(2), DUE - timedelta(1)]
        stood = [await connection.fetchval(ask, steps[-1], day) for day in days]
        former = await connection.fetch("select due_on, reason from former_day where milestone_id = $1", one)
    assert seen == [
        ("PLANNED", START, 0, None, None),
        ("MISSED", START, 0, "rain", None),
        ("PLANNED", DUE, 1, None, None),
        ("REACHED", DUE, 1, None, 1),
    ]
    assert stood == ["PLANNED", "PLANNED", "REACHED"], "on the days before it was reached, and on that day"
    assert [tuple(row) for row in former] == [(START, "sun")]
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
