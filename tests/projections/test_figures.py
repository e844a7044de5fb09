"""What is made of readings: values by the day, bands, levels and forecasts, held to the plain reference."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alignment import AlignOutcome
from domain.boundaries import SetBoundary
from domain.indicators import DefineIndicator, Period, RetireIndicator, UnitOfMeasure
from domain.measures import Computation, Direction, ReviseMeasure
from domain.organisation import SetCalendar
from domain.outcomes import RollUp
from domain.readings import CorrectReading, VoidReading
from infra.database import Database
from tests.projections.figures import DUE, NOW, START, World
from tests.reference import forecast

NEAR = 1e-6
READINGS = st.lists(st.tuples(st.integers(0, 365), st.integers(-50, 150)), max_size=12)


def days_inside(readings: Sequence[tuple[int, int]], lower: int, upper: int, until: int) -> tuple[int, int, int | None]:
    """Day by day: how many days had a value, how many lay inside, and the first of the days outside that run on."""
    inside = told = 0
    since: int | None = None
    for day in range(until + 1):
        by_then = [(taken, nth, value) for nth, (taken, value) in enumerate(readings) if taken <= day]
        if not by_then:
            continue
        told += 1
        if lower <= max(by_then)[2] <= upper:
            inside, since = inside + 1, None
        elif since is None:
            since = day
    return told, inside, since


async def compare_band(database: Database, readings: list[tuple[int, int]], until: int) -> None:
    async with World(database) as (world, settled):
        indicator_id = uuid4()
        await world.telling.tell(DefineIndicator(indicator_id=indicator_id, title="Errors"))
        boundary = SetBoundary(
            boundary_id=uuid4(), outcome_id=world.outcome_id, title="Few", indicator_id=indicator_id,
            lower=Decimal(0), upper=Decimal(100),
        )  # fmt: skip
        await world.telling.tell(boundary)
        for day, value in readings:
            await world.read(day, value, indicator_id=indicator_id)
        await settled()
        on = START + timedelta(until)
        stood = await world.ask("band_standing($1, $2, 0, 100, $3, $4, $5)", indicator_id, START, NOW, on)
    told, inside, since = days_inside(readings, 0, 100, until)
    if not told:
        assert stood is None
        return
    assert stood["breached"] is (since is not None)
    assert stood["breached_since"] == (None if since is None else START + timedelta(since))
    assert float(stood["share_inside"]) == pytest.approx(inside / told, abs=NEAR)


async def test_a_band_is_kept_for_as_many_days_as_counting_them_says(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(READINGS, st.integers(0, 365))
    def drawn(readings: list[tuple[int, int]], until: int) -> None:
        asyncio.run_coroutine_threadsafe(compare_band(database, readings, until), loop).result(60)

    await asyncio.to_thread(drawn)


async def compare_forecast(database: Database, readings: list[tuple[int, int]], until: int) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure()
        for day, value in readings:
            await world.read(day, value, measure_id=measure_id)
        await settled()
        on = START + timedelta(until)
        landing = await world.ask("measure_forecast($1, $2, $3, $4)", measure_id, NOW, on)
    last = {day: value for day, value in readings if day <= until}  # the last told of a day counts
    expected = forecast([(day, float(value)) for day, value in last.items()], (DUE - START).days)
    if expected is None:
        assert landing is None
        return
    assert (landing["value"], landing["lowest"], landing["highest"]) == pytest.approx(expected, abs=NEAR)
    assert landing["progress"] == pytest.approx(min(max(expected[0] / 100, 0), 1), abs=NEAR)


async def test_a_forecast_is_that_of_theil_and_sen(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(READINGS, st.integers(0, 365))
    def drawn(readings: list[tuple[int, int]], until: int) -> None:
        asyncio.run_coroutine_threadsafe(compare_forecast(database, readings, until), loop).result(60)

    await asyncio.to_thread(drawn)


async def test_one_reading_of_an_indicator_moves_all_that_read_it(database: Database) -> None:
    async with World(database) as (world, settled):
        indicator_id = uuid4()
        await world.telling.tell(DefineIndicator(indicator_id=indicator_id, title="Visitors"))
        high = await world.measure(indicator_id=indicator_id)
        low = await world.measure(indicator_id=indicator_id, target=Decimal(50))
        await world.read(10, 25, indicator_id=indicator_id)
        before = await settled()
        await world.telling.tell(RetireIndicator(indicator_id=indicator_id, reason="counted elsewhere"))
        await settled()
        for measure_id, progress in ((high, Decimal("0.25")), (low, Decimal("0.5"))):
            row = await world.ask("measure_standing($1, $2, $3, $4)", measure_id, before, START + timedelta(10))
            assert (row["current"], row["progress"], row["has_reading"]) == (25, progress, True)
            assert await world.value(measure_id, START + timedelta(9)) == 0
            assert await world.value(measure_id, DUE) == 25, "a retired indicator keeps what it told"


async def test_what_accumulates_starts_anew_with_the_period_of_the_organisations_calendar(database: Database) -> None:
    async with World(database) as (world, settled):
        await world.telling.tell(
            SetCalendar(time_zone="Europe/Berlin", first_day_of_week=7, fiscal_year_starts_month=2)
        )
        by_period = {
            period: await world.measure(accumulates=True, resets=period)
            for period in (None, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR)
        }
        for measure_id in by_period.values():
            for day in range(0, 120, 5):  # 1 January, a Monday, to 25 April
                await world.read(day, 1, measure_id=measure_id)
        await settled()
        on = date(
            2024, 3, 2
        )  # a Saturday, the 62nd day; readings at 1 March (day 60), 25, 20, 15, 10, 5 February, 31 January
        found = {period: await world.value(one, on) for period, one in by_period.items()}
        assert found == {None: 13, Period.WEEK: 2, Period.MONTH: 1, Period.QUARTER: 6, Period.YEAR: 6}


async def test_a_computed_measure_follows_its_inputs_and_their_corrections(database: Database) -> None:
    async with World(database) as (world, settled):
        first, second = await world.measure(), await world.measure()
        made = {one: await world.measure(computation=one, input_ids=(first, second)) for one in Computation}
        nested = await world.measure(computation=Computation.SUM, input_ids=(made[Computation.SUM], first))
        await settled()
        day = START + timedelta(30)
        assert await world.value(made[Computation.SUM], day) == 0, "the baseline, while nothing is read"
        mistaken = await world.read(5, 90, measure_id=first)
        await world.read(6, 20, measure_id=second)
        before = await settled()
        await world.telling.tell(CorrectReading(reading_id=mistaken, value=Decimal(30), reason="misread"))
        head = await settled()
        values = {one: await world.value(measure_id, day) for one, measure_id in made.items()}
        assert values == {
            Computation.SUM: 50, Computation.MEAN: 25, Computation.MINIMUM: 20, Computation.MAXIMUM: 30,
            Computation.RATIO: Decimal("1.5"),
        }  # fmt: skip
        assert await world.value(nested, day) == 80
        assert await world.value(nested, day, before) == 200, "as it was known before the correction"
        parts = await world.ask(
            "(select array_agg(p.kind) as kinds, max(p.at_position) as last from measure_parts($1, $2, $3, $4) p) q",
            first, NOW, day,
        )  # fmt: skip
        assert (parts["kinds"], parts["last"]) == (["READING"], head)


async def test_r9_a_void_reading_counts_nowhere_and_still_did_before(database: Database) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure()
        await world.read(1, 10, measure_id=measure_id)
        mistaken = await world.read(2, 99, measure_id=measure_id)
        before = await settled()
        await world.telling.tell(VoidReading(reading_id=mistaken, reason="another figure"))
        await settled()
        assert await world.value(measure_id, DUE) == 10
        assert await world.value(measure_id, DUE, before) == 99


async def test_the_highest_level_passed_is_told_beside(database: Database) -> None:
    async with World(database) as (world, settled):
        levels = {"commit": Decimal(50), "stretch": Decimal(120)}
        up = await world.measure(**levels)
        down = await world.measure(
            direction=Direction.DECREASE, baseline=Decimal(200), commit=Decimal(150), stretch=Decimal(80)
        )
        told: list[tuple[str | None, str | None]] = []
        for day, (rises, falls) in enumerate([(49, 151), (50, 150), (100, 100), (120, 79), (99, 101)]):
            await world.read(day, rises, measure_id=up)
            await world.read(day, falls, measure_id=down)
            await settled()
            on = START + timedelta(day)
            told.append(
                ((await world.ask("measure_level($1, $2, $3, $4)", up, NOW, on))[0],
                 (await world.ask("measure_level($1, $2, $3, $4)", down, NOW, on))[0])
            )  # fmt: skip
        assert told == [
            (None, None),
            ("COMMIT", "COMMIT"),
            ("TARGET", "TARGET"),
            ("STRETCH", "STRETCH"),
            ("COMMIT", "COMMIT"),
        ]


async def test_summing_adds_values_of_one_unit_and_says_so_of_others(database: Database) -> None:
    euros, crates = UnitOfMeasure(currency="EUR"), UnitOfMeasure(symbol="crates")
    async with World(database) as (world, settled):
        whole = await world.outcome(roll_up=RollUp.SUM)
        await world.measure(outcome_id=whole, unit=euros, target=Decimal(1000))
        parts = [await world.outcome() for _ in range(3)]
        figures_ = [await world.measure(outcome_id=one, unit=euros) for one in parts]
        for one in parts:
            await world.telling.tell(AlignOutcome(outcome_id=one, higher_id=whole))
        for day, one in enumerate(figures_):
            await world.read(day, 100, measure_id=one)
        await settled()
        progress = "outcome_progress($1, $2, $3, $4)"
        assert (await world.ask(progress, whole, NOW, DUE))[0] == pytest.approx(0.3)
        await world.telling.tell(ReviseMeasure(measure_id=figures_[0], unit=crates, reason="counted otherwise"))
        await settled()
        assert (await world.ask(progress, whole, NOW, DUE))[0] is None
        row = await world.ask(
            "(select array_agg(distinct p.left_out) as why from outcome_parts($1, $2, $3, $4) p"
            " where p.outcome_id is not null) q",
            whole, NOW, DUE,
        )  # fmt: skip
        assert row["why"] == ["UNITS_MIXED"]
