"""Laws that hold of progress whatever the numbers, and the days on which arithmetic is known to go wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alignment import AlignOutcome
from domain.focus import AbandonOutcome
from domain.measures import Direction, ReviseMeasure
from domain.organisation import SetCalendar
from domain.outcomes import RollUp
from domain.policy import SetPolicy
from domain.readings import CorrectReading
from infra.database import Database
from tests.projections.figures import DUE, NOW, START, Figures, World

VALUES = st.lists(st.tuples(st.integers(0, 365), st.integers(-50, 150)), max_size=5)
PARTS = st.lists(st.tuples(st.integers(0, 5), VALUES), min_size=1, max_size=3)
PROGRESS, STANDING = "outcome_progress($1, $2, $3, $4)", "outcome_standing($1, $2, $3, $4)"


async def progress(world: Figures, outcome_id: UUID, on: date = DUE) -> float | None:
    return (await world.ask(PROGRESS, outcome_id, NOW, on))[0]


async def drawn_in_a_thread(run: Callable[[], None]) -> None:
    """Hypothesis calls synchronous functions; what they do awaits in this loop."""
    await asyncio.to_thread(run)


def awaited(loop: asyncio.AbstractEventLoop, told: Awaitable[None]) -> None:
    async def run() -> None:
        await told

    asyncio.run_coroutine_threadsafe(run(), loop).result(60)


async def mirrored(database: Database, values: list[tuple[int, int]], on: date) -> None:
    async with World(database) as (world, settled):
        up = await world.measure(baseline=Decimal(10), target=Decimal(90))
        down = await world.measure(direction=Direction.DECREASE, baseline=Decimal(-10), target=Decimal(-90))
        for day, value in values:
            await world.read(day, value, measure_id=up)
            await world.read(day, -value, measure_id=down)
        await settled()
        rows = [await world.ask("measure_standing($1, $2, $3, $4)", one, NOW, on) for one in (up, down)]
        assert [rows[0][name] for name in ("attainment", "progress", "expected")] == [
            rows[1][name] for name in ("attainment", "progress", "expected")
        ]


async def test_increase_and_decrease_mirror_each_other(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(VALUES, st.dates(START, DUE))
    def drawn(values: list[tuple[int, int]], on: date) -> None:
        awaited(loop, mirrored(database, values, on))

    await drawn_in_a_thread(drawn)


async def scaled(database: Database, parts: list[tuple[int, list[tuple[int, int]]]], by: int) -> None:
    async with World(database) as (world, settled):
        one, other = await world.outcome(), await world.outcome()
        for weight, values in parts:
            for outcome_id, factor in ((one, 1), (other, by)):
                measure_id = await world.measure(outcome_id=outcome_id, weight=Decimal(weight * factor))
                for day, value in values:
                    await world.read(day, value, measure_id=measure_id)
        await settled()
        was, now = await progress(world, one), await progress(world, other)
        assert now == (None if was is None else pytest.approx(was, abs=1e-12))
        assert (was is None) is all(weight == 0 for weight, _ in parts), "all weights 0: null, and only then"


async def test_scaling_all_weights_changes_nothing(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(PARTS, st.integers(2, 100))
    def drawn(parts: list[tuple[int, list[tuple[int, int]]]], by: int) -> None:
        awaited(loop, scaled(database, parts, by))

    await drawn_in_a_thread(drawn)


async def widened(database: Database, values: list[tuple[int, int]], weight: int) -> None:
    async with World(database) as (world, settled):
        higher, lower = await world.outcome(roll_up=RollUp.CHILDREN), await world.outcome()
        measure_id = await world.measure(outcome_id=lower)
        for day, value in values:
            await world.read(day, value, measure_id=measure_id)
        await world.telling.tell(AlignOutcome(outcome_id=lower, higher_id=higher))
        await settled()
        before = await progress(world, higher)
        unclear = await world.outcome()
        await world.measure(outcome_id=unclear, target=None)
        await world.telling.tell(AlignOutcome(outcome_id=unclear, higher_id=higher, weight=Decimal(weight)))
        await settled()
        assert await progress(world, higher) == before
        point = [await progress(world, lower, START + timedelta(day)) for day in range(0, 366, 30)]
        async with database.read.of(world.telling.organisation_id) as connection:
            series = await connection.fetch(
                "select d.day, outcome_progress($1, $2, $3, d.day) from days_to($4, 366) d",
                world.telling.organisation_id, lower, NOW, DUE,
            )  # fmt: skip
        assert [row[1] for row in series][::30] == point, "a series is the point query of each day"
        assert before is None or 0 <= before <= 1, "a child past its target lifts nothing above 1"


async def test_a_child_of_which_nothing_is_clear_changes_nothing_and_a_series_is_its_days(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(VALUES, st.integers(0, 5))
    def drawn(values: list[tuple[int, int]], weight: int) -> None:
        awaited(loop, widened(database, values, weight))

    await drawn_in_a_thread(drawn)


async def test_a_target_crossed_and_lost_again_counts_as_lost(database: Database) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure()
        for day, value in ((10, 120), (20, 40)):
            await world.read(day, value, measure_id=measure_id)
        await settled()
        found = [await progress(world, world.outcome_id, START + timedelta(day)) for day in (9, 10, 19, 20)]
        assert found == [0, 1, 1, 0.4]


async def test_the_first_reading_corrected_moves_the_days_that_it_counted_for(database: Database) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure()
        first = await world.read(10, 20, measure_id=measure_id)
        await world.read(20, 60, measure_id=measure_id)
        before = await settled()
        await world.telling.tell(
            CorrectReading(
                reading_id=first, value=Decimal(30), taken_on=START + timedelta(5), reason="read five days earlier"
            )
        )
        await settled()
        days = [START + timedelta(day) for day in (4, 5, 10, 20)]
        assert [await progress(world, world.outcome_id, day) for day in days] == [0, 0.3, 0.3, 0.6]
        then = [(await world.ask(PROGRESS, world.outcome_id, before, day))[0] for day in days]
        assert then == [0, 0, 0.2, 0.6], "as it was known before"


async def test_a_moved_due_date_moves_what_is_expected_and_a_revised_target_counts_from_its_day(
    database: Database,
) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure(starts_on=START, due_on=START + timedelta(100))
        await world.read(0, 50, measure_id=measure_id)
        await world.telling.tell(
            ReviseMeasure(
                measure_id=measure_id,
                due_on=START + timedelta(200),
                target=Decimal(200),
                effective_on=START + timedelta(50),
                reason="the supplier is late",
            )
        )
        await settled()
        before = await world.ask(STANDING, world.outcome_id, NOW, START + timedelta(49))
        after = await world.ask(STANDING, world.outcome_id, NOW, START + timedelta(50))
        assert (before["progress"], before["expected"]) == (Decimal("0.5"), Decimal("0.49"))
        assert (after["progress"], after["expected"]) == (Decimal("0.25"), Decimal("0.25"))


async def test_nothing_read_all_weights_0_and_all_abandoned(database: Database) -> None:
    async with World(database) as (world, settled):
        bare, weightless, higher = await world.outcome(), await world.outcome(), await world.outcome()
        await world.measure(outcome_id=bare)
        await world.measure(outcome_id=weightless, weight=Decimal(0))
        await world.telling.tell(AlignOutcome(outcome_id=bare, higher_id=higher))
        await settled()
        assert await progress(world, bare) == 0, "the baseline counts as current"
        assert await progress(world, weightless) is None
        assert await progress(world, higher) == 0
        await world.telling.tell(AbandonOutcome(outcome_id=bare, reason="enough"))
        await settled()
        assert await progress(world, higher) is None
        assert (await world.ask(STANDING, higher, NOW, DUE))["suggested_status"] is None


async def test_a_leap_day_is_a_day(database: Database) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure(starts_on=date(2024, 2, 28), due_on=date(2024, 3, 1))
        await world.telling.tell(
            ReviseMeasure(measure_id=measure_id, target=Decimal(50), effective_on=date(2024, 2, 29), reason="leap")
        )
        await settled()
        row = await world.ask("measure_standing($1, $2, $3, $4)", measure_id, NOW, date(2024, 2, 29))
        assert (row["target"], row["expected"]) == (50, Decimal("0.5"))


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Europe/Berlin", "2024-03-31T00:30:00+00:00", date(2024, 3, 31)),  # the hour that is skipped comes next
        ("Europe/Berlin", "2024-03-30T23:30:00+00:00", date(2024, 3, 31)),
        ("Europe/Berlin", "2024-10-26T22:30:00+00:00", date(2024, 10, 27)),  # and here the one that comes twice
        ("Pacific/Kiritimati", "2024-12-31T10:30:00+00:00", date(2025, 1, 1)),
        ("America/New_York", "2025-01-01T04:30:00+00:00", date(2024, 12, 31)),
    ],
)
async def test_a_moment_lies_on_the_day_of_the_organisations_zone(
    database: Database, zone: str, moment: str, day: date
) -> None:
    async with World(database) as (world, settled):
        await world.telling.tell(SetCalendar(time_zone=zone))
        await settled()
        async with database.read.of(world.telling.organisation_id) as connection:
            found = await connection.fetchval(
                f"select day_of($1, timestamptz '{moment}')",
                world.telling.organisation_id,
            )
        assert found == day


async def test_a_change_of_zone_leaves_the_days_of_readings_as_they_were_told(database: Database) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure()
        await world.read(10, 50, measure_id=measure_id)
        await world.telling.tell(SetCalendar(time_zone="Pacific/Kiritimati"))
        await settled()
        assert await progress(world, world.outcome_id, START + timedelta(9)) == 0
        assert await progress(world, world.outcome_id, START + timedelta(10)) == 0.5


async def test_the_organisations_policy_says_what_is_on_track_and_what_rolls_up(database: Database) -> None:
    async with World(database) as (world, settled):
        measure_id = await world.measure(starts_on=START, due_on=START + timedelta(100))
        await world.read(0, 30, measure_id=measure_id)
        head = await settled()
        on = START + timedelta(50)  # half the time, and 0.3 of the way: 0.2 behind
        assert (await world.ask(STANDING, world.outcome_id, NOW, on))["suggested_status"] == "AT_RISK"
        await world.telling.tell(SetPolicy(on_track_from=Decimal("-0.2"), default_roll_up=RollUp.CHILDREN))
        await settled()
        assert (await world.ask(STANDING, world.outcome_id, NOW, on))["suggested_status"] is None
        assert (await world.ask("outcome_policy($1, $2, $3)", world.outcome_id, NOW))[0] == "CHILDREN"
        own_dates = (await world.ask("outcome_elapsed($1, $2, $3, $4)", world.outcome_id, NOW, on))[0]
        assert (await world.ask(STANDING, world.outcome_id, NOW, on))["expected"] == own_dates != Decimal("0.5")
        await world.telling.tell(SetPolicy(on_track_from=Decimal("-0.2")))
        await settled()
        assert (await world.ask(STANDING, world.outcome_id, NOW, on))["suggested_status"] == "ON_TRACK"
        assert (await world.ask(STANDING, world.outcome_id, head, on))["suggested_status"] == "AT_RISK"
