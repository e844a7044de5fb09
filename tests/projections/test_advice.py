"""Advice: each finding where it holds, and none where it does not."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from domain.alignment import AlignOutcome
from domain.checkins import CheckIn
from domain.indicators import DefineIndicator
from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson
from domain.strategy import SetStrategicObjective
from infra.database import Database
from tests.projections.figures import DUE, NOW, START, Figures, World


async def advised(world: Figures, outcome_id: UUID) -> set[str]:
    row = await world.ask("(select array_agg(a.code) as codes from advice($1, $2, $3, $4) a) n", outcome_id, NOW, DUE)
    return set(row["codes"] or ())


async def test_a_bare_outcome_is_asked_about_everything(database: Database) -> None:
    async with World(database) as (world, settled):
        bare = uuid4()
        await world.telling.tell(SetOutcome(outcome_id=bare, title="Launch the shop"))
        await settled()
        assert await advised(world, bare) == {
            "NO_OWNER", "NO_REVIEWER", "SERVES_NOTHING", "NO_MEASURE", "OUTPUT_VERB_FIRST",
        }  # fmt: skip


async def test_a_sound_outcome_is_asked_about_nothing(database: Database) -> None:
    async with World(database) as (world, settled):
        reviewer, objective, tell = uuid4(), uuid4(), world.telling.tell
        await tell(RegisterPerson(person_id=reviewer, name="Ben"))
        await tell(SetStrategicObjective(objective_id=objective, title="Regulars", perspective="CUSTOMER"))
        sound = await world.outcome(owner_id=world.telling.person_id, reviewer_id=reviewer)
        await tell(AlignOutcome(outcome_id=sound, objective_id=objective))
        await world.measure(outcome_id=sound, leading=True)
        await tell(CheckIn(check_in_id=uuid4(), outcome_id=sound, confidence=Decimal("0.6"), on=START))
        await settled()
        assert await advised(world, sound) == set()


async def test_measures_and_confidence_are_asked_about(database: Database) -> None:
    async with World(database) as (world, settled):
        tell, indicator = world.telling.tell, uuid4()
        await tell(DefineIndicator(indicator_id=indicator, title="Visitors"))
        many = await world.outcome(owner_id=world.telling.person_id)
        for _ in range(2):
            await world.measure(outcome_id=many, indicator_id=indicator)
        for _ in range(4):
            await tell(SetMeasure(measure_id=uuid4(), outcome_id=many, title="Count", direction=Direction.INCREASE))
        on = START + timedelta(3)
        await tell(CheckIn(check_in_id=uuid4(), outcome_id=many, confidence=Decimal(1), on=on))
        late = START + timedelta(300)
        await tell(CheckIn(check_in_id=uuid4(), outcome_id=many, confidence=Decimal("0.1"), on=late))
        await settled()
        assert await advised(world, many) == {
            "NO_REVIEWER", "SERVES_NOTHING", "NO_BASELINE", "NO_TARGET", "ONLY_LAGGING", "TOO_MANY_MEASURES",
            "TWO_ON_ONE_INDICATOR", "OVERCONFIDENT",
        }  # fmt: skip
