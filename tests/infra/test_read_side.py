"""The projector and the rebuild: exactly once, each for itself, and the same rows whichever way they came to be."""

import asyncio
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.measures import Direction, ReviseMeasure, SetMeasure
from domain.outcomes import SetOutcome
from domain.people import FormTeam, JoinTeam, LeaveTeam, RegisterPerson
from domain.readings import CorrectReading
from domain.taking import TakeReading
from domain.tasks import CommitTask, DeliverTask, RenegotiateTask
from infra.database import Database, passing
from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import Telling, founded, projecting

SECONDS = 10
NOW = 9_223_372_036_854_775_807


async def tell_a_story(telling: Telling) -> tuple[UUID, UUID, int]:
    """Rows that begin, change and end; answers (outcome, reading, last position)."""
    tell = telling.tell
    team_id, outcome_id, measure_id, reading_id, task_id = (uuid4() for _ in range(5))
    await tell(FormTeam(team_id=team_id, name="Crew", lead_ids=(telling.person_id,)))
    await tell(LeaveTeam(team_id=team_id, person_id=telling.person_id))
    await tell(JoinTeam(team_id=team_id, person_id=telling.person_id))
    await tell(SetOutcome(outcome_id=outcome_id, title="Fewer waits", team_id=team_id))
    await tell(
        SetMeasure(
            measure_id=measure_id,
            outcome_id=outcome_id,
            title="Minutes",
            direction=Direction.INCREASE,
            baseline=Decimal(0),
            target=Decimal(100),
        )
    )
    await tell(TakeReading(reading_id=reading_id, measure_id=measure_id, value=Decimal(50), taken_on=date(2022, 3, 1)))
    await tell(ReviseMeasure(measure_id=measure_id, target=Decimal(200), effective_on=date(2022, 4, 1), reason="more"))
    await tell(CommitTask(task_id=task_id, title="Mend", due_on=date(2022, 5, 1), outcome_id=outcome_id))
    await tell(RenegotiateTask(task_id=task_id, due_on=date(2022, 6, 1), reason="ill"))
    await tell(DeliverTask(task_id=task_id))
    done = await tell(CorrectReading(reading_id=reading_id, value=Decimal(60), reason="misread"))
    return outcome_id, reading_id, done.position


async def progress(database: Database, telling: Telling, outcome_id: UUID, as_of: int, on: date) -> float | None:
    async with database.read.of(telling.organisation_id) as connection:
        return await connection.fetchval(
            "select outcome_progress($1, $2, $3, $4)", telling.organisation_id, outcome_id, as_of, on
        )


async def test_r9_both_clocks_answer_with_what_was_known_and_what_was_so(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        outcome_id, _, last = await tell_a_story(telling)
        assert await positions.wait(telling.organisation_id, last, SECONDS)
    march, april, february = date(2022, 3, 15), date(2022, 4, 15), date(2022, 2, 1)
    assert await progress(database, telling, outcome_id, NOW, march) == 0.6
    assert await progress(database, telling, outcome_id, NOW, april) == 0.3
    assert await progress(database, telling, outcome_id, NOW, february) == 0.0
    assert await progress(database, telling, outcome_id, last - 1, march) == 0.5  # before it was corrected
    assert await progress(database, telling, outcome_id, 1, march) is None  # before it was set


async def test_former_dues_stay_visible(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        *_, last = await tell_a_story(telling)
        assert await positions.wait(telling.organisation_id, last, SECONDS)
    async with database.read.of(telling.organisation_id) as connection:
        former = await connection.fetch("select due_on from former_due")
        task = await connection.fetchrow("select state, due_on, renegotiations from task where until is null")
    assert [row[0] for row in former] == [date(2022, 5, 1)]
    assert task is not None
    assert tuple(task) == ("KEPT", date(2022, 6, 1), 1)


async def test_two_projectors_count_each_event_once(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        other = Projector(database, Positions())
        other.start()
        try:
            telling = await founded(ledger)
            for _ in range(20):
                done = await telling.tell(RegisterPerson(person_id=uuid4(), name="P"))
                other.stir(telling.organisation_id, done.position)
            assert await positions.wait(telling.organisation_id, done.position, SECONDS)  # pyright: ignore[reportPossiblyUnboundVariable]
        finally:
            await other.stop()
    async with database.read.of(telling.organisation_id) as connection:
        assert await connection.fetchval("select count(*) from entry") == done.position  # pyright: ignore[reportPossiblyUnboundVariable]
        assert await connection.fetchval("select count(*) from person where until is null") == 21


async def test_what_another_process_appended_is_projected_here(database: Database) -> None:
    async with projecting(database) as (_, _, positions):
        telling = await founded(Ledger(database))  # nobody is told: the sweep finds it
        assert await positions.wait(telling.organisation_id, 2, SECONDS)


async def poison(url: str, telling: Telling, position: int) -> None:
    """An event that no release can read, as a damaged or newer one would be."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "update ledger.events set type = 'outcome.sung' where organisation_id = $1 and position = $2",
        telling.organisation_id,
        position,
    )
    await connection.close()


async def test_a_failing_event_stops_its_organisation_alone_and_says_so(database: Database, database_url: str) -> None:
    sick, well = await founded(Ledger(database)), await founded(Ledger(database))
    await sick.tell(RegisterPerson(person_id=uuid4(), name="P"))
    await poison(database_url, sick, 3)
    async with projecting(database) as (_, projector, positions):
        for one in (sick, well):
            projector.stir(one.organisation_id)
        assert await positions.wait(well.organisation_id, 2, SECONDS)
        assert await positions.wait(sick.organisation_id, 2, SECONDS)
    connection = await asyncpg.connect(database_url)
    stopped = await connection.fetch(
        "select position, stopped_at, problem from read.checkpoint where organisation_id = $1", sick.organisation_id
    )
    await connection.close()
    assert {tuple(row)[:2] for row in stopped} == {(2, 3)}
    assert all("outcome.sung" in row["problem"] for row in stopped)


@pytest.mark.parametrize("wanted", ["all", "measures"])
async def test_rebuilt_equals_projected(database: Database, database_url: str, wanted: str) -> None:
    from projections.read_models import PROJECTIONS  # noqa: PLC0415

    async with projecting(database) as (ledger, _, positions):
        tellings = [await founded(ledger) for _ in range(2)]
        ends = [await tell_a_story(telling) for telling in tellings]
        for telling, (_, _, last) in zip(tellings, ends, strict=True):
            assert await positions.wait(telling.organisation_id, last, SECONDS)
        connection = await asyncpg.connect(database_url)
        result = await rebuild(connection, seals(), [one for one in PROJECTIONS if wanted in {"all", one.name}])
        await connection.close()
        assert result.differences == {}
        done = await tellings[0].tell(RegisterPerson(person_id=uuid4(), name="Later"))
        assert await positions.wait(tellings[0].organisation_id, done.position, SECONDS)
    assert await progress(database, tellings[0], ends[0][0], NOW, date(2022, 3, 15)) == 0.6


async def test_a_rebuild_reports_what_differed_and_mends_it(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        outcome_id, _, last = await tell_a_story(telling)
        assert await positions.wait(telling.organisation_id, last, SECONDS)
    connection = await asyncpg.connect(database_url)
    await connection.execute("update read.reading set value = 99 where organisation_id = $1", telling.organisation_id)
    result = await rebuild(connection, seals())
    await connection.close()
    assert set(result.differences) == {"reading"}
    assert await progress(database, telling, outcome_id, NOW, date(2022, 3, 15)) == 0.6


async def test_two_rebuilds_take_turns(database_url: str) -> None:
    connections = [await asyncpg.connect(database_url) for _ in range(2)]
    results = await asyncio.gather(*(rebuild(connection, seals()) for connection in connections))
    assert results[0].events == results[1].events
    for connection in connections:
        await connection.close()


@pytest.mark.parametrize(
    "error",
    [asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError,
     asyncpg.QueryCanceledError, asyncpg.AdminShutdownError, ConnectionResetError, TimeoutError],
)  # fmt: skip
def test_an_event_is_not_to_blame_for_what_passes(error: type[Exception]) -> None:
    assert passing(error("no"))


@pytest.mark.parametrize(
    "error", [asyncpg.NumericValueOutOfRangeError, KeyError, ValueError, asyncpg.UniqueViolationError]
)
def test_an_event_is_to_blame_for_what_stays(error: type[Exception]) -> None:
    assert not passing(error("no"))
