"""Rhythm and statuses in SQL, held to the domain's own reckoning and to stories (R13)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.acknowledging import Acknowledge
from domain.cadence import Cadence, CadenceUnit, SetCadence, due_after
from domain.checkins import CheckIn, RetractCheckIn, ReviseCheckIn, Status
from domain.cycles import PlanCycle
from domain.focus import ActivateOutcome, PauseOutcome
from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.taking import TakeReading
from infra.database import Database
from infra.timekeeper import Timekeeper
from tests.infra.at_work import Telling
from tests.projections.figures import NOW, Figures, World

CADENCES = st.builds(
    Cadence, every=st.integers(1, 60), unit=st.sampled_from(list(CadenceUnit)), weekday=st.none() | st.integers(1, 7)
)


async def test_r13_sql_and_domain_reckon_the_same_due_day(database: Database) -> None:
    loop = asyncio.get_running_loop()

    async def compare(cadence: Cadence, day: date) -> None:
        async with database.read.of(uuid4()) as connection:
            found = await connection.fetchval(
                "select due_after($1, $2, $3, $4)", cadence.every, cadence.unit.value, cadence.weekday, day
            )
        assert found == due_after(cadence, day)

    @given(CADENCES, st.dates(date(2019, 12, 1), date(2029, 3, 31)))
    def drawn(cadence: Cadence, day: date) -> None:
        asyncio.run_coroutine_threadsafe(compare(cadence, day), loop).result(60)

    await asyncio.to_thread(drawn)


class Rhythm:
    """An outcome of a team inside a team, worked on since today, and what is shown of it."""

    def __init__(self, world: Figures) -> None:
        self.world = world
        self.telling: Telling = world.telling
        self.outer, self.team, self.outcome, self.measure = (uuid4() for _ in range(4))
        self.reviewer = uuid4()
        self.today = datetime.now(UTC).date()

    async def begin(self) -> None:
        cycle_id, tell = uuid4(), self.telling.tell
        await tell(RegisterPerson(person_id=self.reviewer, name="Ben"))
        await tell(FormTeam(team_id=self.outer, name="All ovens"))
        await tell(FormTeam(team_id=self.team, name="Ovens", parent_id=self.outer))
        ends = self.today + timedelta(days=365)
        await tell(PlanCycle(cycle_id=cycle_id, title="A year", starts_on=self.today, ends_on=ends))
        await tell(
            SetOutcome(
                outcome_id=self.outcome, title="Bread", cycle_id=cycle_id, team_id=self.team,
                owner_id=self.telling.person_id, reviewer_id=self.reviewer,
            )
        )  # fmt: skip
        await tell(
            SetMeasure(
                measure_id=self.measure, outcome_id=self.outcome, title="Loaves", direction=Direction.INCREASE,
                baseline=Decimal(0), target=Decimal(100), due_on=ends,
            )
        )  # fmt: skip
        await tell(ActivateOutcome(outcome_id=self.outcome))

    async def say(self, status: Status | None, on: date | None = None) -> UUID:
        check_in_id = uuid4()
        said = CheckIn(check_in_id=check_in_id, outcome_id=self.outcome, status=status, moved="some", on=on)
        await self.telling.tell(said)
        return check_in_id

    async def shown(self, after: int) -> str:
        on = self.today + timedelta(days=after)
        return (await self.world.ask("outcome_status($1, $2, $3, $4)", self.outcome, NOW, on))[0]

    async def due(self, after: int = 0) -> int | None:
        on = self.today + timedelta(days=after)
        row = await self.world.ask("check_in_due($1, $2, $3, $4)", self.outcome, NOW, on)
        return None if row is None else (row["due_on"] - self.today).days


def every(days: int, **holder: object) -> SetCadence:
    return SetCadence(every=days, unit=CadenceUnit.DAYS, grace_days=2, **holder)  # pyright: ignore[reportArgumentType]


async def test_r13_the_nearest_cadence_counts(database: Database) -> None:
    async with World(database) as (world, settled):
        rhythm = Rhythm(world)
        await rhythm.begin()
        found: list[int | None] = []
        for cadence in (
            None,
            every(20),
            every(15, team_id=rhythm.outer),
            every(10, team_id=rhythm.team),
            every(5, outcome_id=rhythm.outcome),
            SetCadence(none=True, team_id=rhythm.team),
            SetCadence(none=True, outcome_id=rhythm.outcome),
        ):
            if cadence is not None:
                await world.telling.tell(cadence)
            await settled()
            found.append(await rhythm.due())
        assert found == [30, 20, 15, 10, 5, 5, 15]


async def test_r9_of_one_day_the_last_word_counts_and_is_read_by_each_for_themself(database: Database) -> None:
    async with World(database) as (world, settled):
        rhythm, lead = Rhythm(world), uuid4()
        await rhythm.begin()
        tell = world.telling.tell
        await tell(RegisterPerson(person_id=lead, name="Cat"))
        await tell(JoinTeam(team_id=rhythm.team, person_id=lead, lead=True))
        await rhythm.say(Status.ON_TRACK)
        last = await rhythm.say(Status.OFF_TRACK)
        await settled()
        assert await rhythm.shown(0) == "OFF_TRACK"
        await tell(ReviseCheckIn(check_in_id=last, status=Status.AT_RISK, reason="It was milder"))
        for reader in (rhythm.reviewer, lead):
            await tell(Acknowledge(check_in_id=last), by=reader)
        await settled()
        assert await rhythm.shown(0) == "AT_RISK"
        told = await world.ask(
            "(select c.revisions,"
            " (select count(*) from acknowledgement a where a.check_in_id = c.id and a.until is null)"
            " from check_in c where c.organisation_id = $1 and c.id = $2 and c.until is null) x",
            last,
        )
        assert tuple(told) == (1, 2)


async def test_r13_silence_is_never_green(database: Database) -> None:
    async with World(database) as (world, settled):
        rhythm = Rhythm(world)
        await rhythm.begin()
        await world.telling.tell(every(10))
        await settled()
        assert [await rhythm.shown(day) for day in (0, 12, 13)] == ["PENDING", "PENDING", "OUTDATED"]
        said = await rhythm.say(Status.ON_TRACK)
        await settled()
        assert [await rhythm.shown(day) for day in (0, 12, 13)] == ["ON_TRACK", "ON_TRACK", "OUTDATED"]
        await world.telling.tell(RetractCheckIn(check_in_id=said, reason="of another"))
        await settled()
        assert await rhythm.shown(0) == "PENDING"
        await world.telling.tell(PauseOutcome(outcome_id=rhythm.outcome, reason="no flour"))
        await settled()
        assert await rhythm.shown(13) == "PENDING", "nothing is due of what nobody works on"
        assert await rhythm.due() is None


async def test_a_watermelon_is_better_outside_than_inside_twice_running(database: Database) -> None:
    async with World(database) as (world, settled):
        rhythm = Rhythm(world)
        await rhythm.begin()
        for back in (400, 399):  # long before its time began: too early to tell
            await rhythm.say(Status.ON_TRACK, rhythm.today - timedelta(days=back))
        await settled()
        melon = "is_watermelon($1, $2, $3, $4)"
        assert (await world.ask(melon, rhythm.outcome, NOW, rhythm.today))[0] is False
        await world.telling.tell(
            SetMeasure(
                measure_id=uuid4(), outcome_id=rhythm.outcome, title="Shops", direction=Direction.INCREASE,
                baseline=Decimal(0), target=Decimal(10), weight=Decimal(1_000),
                starts_on=rhythm.today - timedelta(days=800), due_on=rhythm.today,
            )
        )  # fmt: skip
        await settled()
        row = await world.ask("outcome_standing($1, $2, $3, $4)", rhythm.outcome, NOW, rhythm.today)
        assert row["progress"] == 0
        await rhythm.say(Status.OFF_TRACK)
        await settled()
        assert (await world.ask(melon, rhythm.outcome, NOW, rhythm.today))[0] is False
        await world.telling.tell(TakeReading(reading_id=uuid4(), measure_id=rhythm.measure, value=Decimal(1)))


async def test_r13_missed_check_ins_and_late_acknowledgements_are_noted_once(database: Database) -> None:
    async with World(database) as (world, settled):
        rhythm = Rhythm(world)
        await rhythm.begin()
        await world.telling.tell(every(10))
        said = await rhythm.say(Status.ON_TRACK)
        await settled()

        async def noted(after: int) -> tuple[int, int]:
            """Of this organisation, once the timekeeper has looked: check-ins missed, acknowledgements late."""
            moment = datetime.now(UTC) + timedelta(days=after)
            await Timekeeper(database, world.ledger, lambda: moment).look()
            await settled()
            row = await world.ask(
                "(select (select count(*) from missed_check_in where organisation_id = $1),"
                " (select count(*) from late_acknowledgement where organisation_id = $1)) n (missed, late)"
            )
            return row["missed"], row["late"]

        assert [await noted(day) for day in (0, 7, 8)] == [(0, 0), (0, 0), (0, 1)], "the reviewer has seven days"
        assert [await noted(day) for day in (12, 13, 13, 27)] == [(0, 1), (1, 1), (1, 1), (1, 1)], "due until said"
        await world.telling.tell(Acknowledge(check_in_id=said), by=rhythm.reviewer)
        await settled()
        assert await noted(30) == (1, 1)
