"""The day of a promise is each party's own: what is overdue, and when it is noted, where the two are far apart (R6)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.organisation import SetCalendar
from domain.people import RegisterPerson
from domain.preferences import SetPreferences
from domain.tasks import CommitTask, DeliverTask
from domain.values import TimeZone
from infra.database import Database
from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from infra.timekeeper import Timekeeper
from tests.infra.at_work import Telling, founded, projecting

AUCKLAND, ANGELES = "Pacific/Auckland", "America/Los_Angeles"
DUE = date(2022, 6, 15)
ENDS_IN_AUCKLAND = datetime(2022, 6, 15, 12, tzinfo=UTC)
ENDS_IN_UTC = datetime(2022, 6, 16, tzinfo=UTC)
ENDS_IN_ANGELES = datetime(2022, 6, 16, 7, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)


@dataclass
class Apart:
    """Two people in zones of their own; whatever one promises the other is due on one day."""

    telling: Telling
    ledger: Ledger
    database: Database
    positions: Positions
    projector: Projector
    other: UUID = field(default_factory=uuid4)
    moment: datetime = ENDS_IN_UTC

    def __post_init__(self) -> None:
        self.timekeeper = Timekeeper(self.database, self.ledger, lambda: self.moment)

    async def live(self, person: UUID, zone: str | None) -> None:
        if zone:
            await self.telling.tell(SetPreferences(time_zone=zone), by=person)

    async def promise(self, to: UUID | None = None) -> UUID:
        task_id = uuid4()
        beneficiary_id = to or self.other
        await self.telling.tell(
            CommitTask(task_id=task_id, title="It", due_on=DUE, serves_nothing="-", beneficiary_id=beneficiary_id)
        )
        await self.settled()
        return task_id

    async def settled(self) -> None:
        organisation_id = self.telling.organisation_id
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('headway.organisation', $1, true)", str(organisation_id))
            head = await connection.fetchval(
                "select position from ledger.heads where organisation_id = $1", organisation_id
            )
        self.projector.stir(organisation_id)
        assert await self.positions.wait(organisation_id, head, 10)

    async def look(self, moment: datetime) -> int:
        """By one timekeeper that goes on."""
        self.moment = moment
        noted = await self.timekeeper.look()
        await self.settled()
        return noted


@asynccontextmanager
async def apart(database: Database, promiser: str | None, beneficiary: str | None) -> AsyncGenerator[Apart]:
    async with projecting(database) as (ledger, projector, positions):
        telling = await founded(ledger)
        world = Apart(telling, ledger, database, positions, projector)
        await telling.tell(RegisterPerson(person_id=world.other, name="Ben"))
        await world.live(telling.person_id, promiser)
        await world.live(world.other, beneficiary)
        yield world


@pytest.mark.parametrize(
    ("promiser", "beneficiary", "ends"),
    [
        (AUCKLAND, ANGELES, ENDS_IN_ANGELES),
        (ANGELES, AUCKLAND, ENDS_IN_ANGELES),
        (AUCKLAND, AUCKLAND, ENDS_IN_AUCKLAND),
        (AUCKLAND, None, ENDS_IN_UTC),
        (None, None, ENDS_IN_UTC),
    ],
)
async def test_r6_a_due_date_is_noted_at_the_minute_when_its_day_has_ended_for_both(
    database: Database, promiser: str | None, beneficiary: str | None, ends: datetime
) -> None:
    async with apart(database, promiser, beneficiary) as world:
        await world.promise()
        assert await world.look(ends - timedelta(hours=13)) == 0
        assert await world.look(ends - A_MINUTE) == 0
        assert await world.look(ends) == 1
        assert await world.look(ends + A_MINUTE) == 0


async def test_r6_the_day_of_who_has_moved_is_that_of_where_they_are_now(database: Database) -> None:
    async with apart(database, ANGELES, None) as world:
        await world.live(world.telling.person_id, AUCKLAND)
        await world.promise()
        assert await world.look(ENDS_IN_UTC - A_MINUTE) == 0
        assert await world.look(ENDS_IN_UTC) == 1


async def test_r6_what_came_due_while_no_timekeeper_was_there_is_found_at_the_first_look(database: Database) -> None:
    async with apart(database, AUCKLAND, ANGELES) as world:
        await world.promise()
        assert await world.look(ENDS_IN_ANGELES - A_MINUTE) == 0
        world.timekeeper = Timekeeper(database, world.ledger, lambda: world.moment)
        assert await world.look(ENDS_IN_ANGELES + timedelta(hours=20)) == 1


async def test_r6_a_zone_that_is_stated_later_counts_from_then(database: Database) -> None:
    async with apart(database, AUCKLAND, AUCKLAND) as world:
        await world.promise()
        await world.live(world.other, ANGELES)
        await world.settled()
        assert await world.look(ENDS_IN_AUCKLAND + A_MINUTE) == 0
        assert await world.look(ENDS_IN_ANGELES) == 1


async def test_r6_the_organisations_zone_is_that_of_who_states_none(database: Database) -> None:
    async with apart(database, None, None) as world:
        await world.telling.tell(SetCalendar(time_zone=ANGELES))
        await world.promise()
        assert await world.look(ENDS_IN_UTC) == 0
        assert await world.look(ENDS_IN_ANGELES) == 1


async def test_r6_a_delivery_is_of_the_promisers_day(database: Database) -> None:
    async with apart(database, "Pacific/Kiritimati", "Pacific/Pago_Pago") as world:  # a day apart, at any moment
        for by, to in ((world.telling.person_id, world.other), (world.other, world.telling.person_id)):
            task_id = uuid4()
            promised = CommitTask(task_id=task_id, title="It", due_on=DUE, serves_nothing="-", beneficiary_id=to)
            await world.telling.tell(promised, by=by)
            before = datetime.now(UTC)
            await world.telling.tell(DeliverTask(task_id=task_id), by=by)
            await world.settled()
            zone = ZoneInfo("Pacific/Kiritimati" if by == world.telling.person_id else "Pacific/Pago_Pago")
            days = {before.astimezone(zone).date(), datetime.now(UTC).astimezone(zone).date()}
            async with database.read.of(world.telling.organisation_id) as connection:
                delivered_on = await connection.fetchval(
                    "select delivered_on from task where organisation_id = $1 and id = $2 and until is null",
                    world.telling.organisation_id, task_id,
                )  # fmt: skip
            assert delivered_on in days


def zones() -> list[str]:
    """Those that a person can state."""
    taken: list[str] = []
    for zone in sorted(available_timezones()):
        try:
            taken.append(msgspec.convert(zone, TimeZone))
        except msgspec.ValidationError:
            continue
    return taken


async def test_the_database_knows_every_zone_that_can_be_stated_and_its_days_begin_with_a_quarter(
    database: Database,
) -> None:
    async with database.read.of(uuid4()) as connection:
        known = {row[0] for row in await connection.fetch("select name from pg_timezone_names")}
        assert zones()
        assert not set(zones()) - known
        begins = await connection.fetch(
            "select distinct extract(epoch from (d::date)::timestamp at time zone z)::bigint % 900"
            " from unnest($1::text[]) z cross join generate_series(date '2000-01-01', date '2030-01-01', '97 days') d",
            zones(),
        )
    assert [row[0] for row in begins] == [0]


some_zones = st.none() | st.sampled_from(
    [AUCKLAND, ANGELES, "Asia/Kathmandu", "Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns", "Africa/Cairo"]
)
moments = st.datetimes(datetime(2021, 12, 28), datetime(2022, 1, 4)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001


@given(some_zones, some_zones, st.sampled_from(["UTC", "Asia/Tokyo"]), moments)
async def test_r6_the_day_of_both_is_what_it_plainly_is(
    database: Database, one: str | None, other: str | None, whole: str, moment: datetime
) -> None:
    organisation_id, people = uuid4(), (uuid4(), uuid4())
    async with database.owner_connection() as owner:
        await owner.execute(
            "insert into read.organisation select * from json_populate_record(null::read.organisation, $1)",
            msgspec.json.encode(
                {
                    "organisation_id": organisation_id, "id": organisation_id, "since": 1, "name": "-",
                    "time_zone": whole, "first_day_of_week": 1, "fiscal_year_starts_month": 1, "holidays": [],
                    "cadence_days": 1, "grace_days": 1, "on_track_from": 0, "at_risk_from": 0, "too_early_share": 0,
                    "acknowledgement_days": 1, "focus_limit": 1, "green_from": 0, "amber_from": 0,
                    "aspirational_success": 0, "small_number": 5, "block_days": 1, "effort_unit": "POINTS",
                }
            ).decode(),
        )  # fmt: skip
        for person, zone in zip(people, (one, other), strict=True):
            await owner.execute(
                "insert into read.preferences (organisation_id, id, since, time_zone) values ($1, $2, 1, $3)",
                organisation_id, person, zone,
            )  # fmt: skip
    async with database.read.of(organisation_id) as connection:
        row = await connection.fetchrow(
            "select day_of_both($1, $2, $3, $4, 9), day_ends($1, $2, $5, 9)", organisation_id, *people, moment, DUE
        )
    assert row is not None
    days = [moment.astimezone(ZoneInfo(zone or whole)).date() for zone in (one, other)]
    assert row[0] == min(days)
    assert row[1] == datetime(2022, 6, 16, tzinfo=ZoneInfo(one or whole))
