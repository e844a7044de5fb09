"""The ledger over a real database: numbering, conditions, keys, coalescing, the chain."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from domain.codes import ALREADY_EXISTS, FOCUS_LIMIT_REACHED, IDEMPOTENCY_KEY_REUSED, STALE_POSITION
from domain.cycles import PlanCycle
from domain.focus import ActivateOutcome, SetFocusLimit
from domain.kernel import Refused
from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.people import FormTeam, RegisterPerson
from infra.chain import walk
from infra.database import Database
from infra.ledger import Ledger
from tests.infra.at_work import Telling, founded


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    opened = Ledger(database)
    yield opened
    await opened.drained()


@pytest.fixture
async def telling(ledger: Ledger) -> Telling:
    return await founded(ledger)


async def positions(url: str, telling: Telling) -> list[int]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "select position from ledger.events where organisation_id = $1 order by position", telling.organisation_id
    )
    await connection.close()
    return [row[0] for row in rows]


async def test_positions_have_no_gap_whatever_arrives_at_once(database_url: str, telling: Telling) -> None:
    commands = [RegisterPerson(person_id=uuid4(), name=f"P{n}") for n in range(100)]
    accepted = await asyncio.gather(*(telling.tell(command) for command in commands))
    assert sorted(one.position for one in accepted) == list(range(3, 103))
    assert await positions(database_url, telling) == list(range(1, 103))


async def test_two_processes_share_an_organisation_without_a_gap(
    database: Database, database_url: str, telling: Telling
) -> None:
    other = Telling(Ledger(database), telling.organisation_id, telling.person_id)
    commands = [(one, RegisterPerson(person_id=uuid4(), name=f"P{n}")) for n in range(40) for one in (telling, other)]
    await asyncio.gather(*(one.tell(command) for one, command in commands))
    assert await positions(database_url, telling) == list(range(1, 83))


async def test_one_id_is_used_once_though_two_processes_try(database: Database, telling: Telling) -> None:
    other = Telling(Ledger(database), telling.organisation_id, telling.person_id)
    for _ in range(10):
        person_id = uuid4()
        answers = await asyncio.gather(
            *(one.tell(RegisterPerson(person_id=person_id, name="Twin")) for one in (telling, other, telling)),
            return_exceptions=True,
        )
        refused = [one for one in answers if isinstance(one, Refused)]
        assert len(refused) == 2
        assert {one.code for one in refused} == {ALREADY_EXISTS}


async def test_r12_the_same_key_with_the_same_command_answers_the_same(telling: Telling) -> None:
    command = RegisterPerson(person_id=uuid4(), name="Dan")
    first = await telling.tell(command, key="k1", digest=b"a")
    again = await telling.tell(RegisterPerson(person_id=command.person_id, name="Dan"), key="k1", digest=b"a")
    assert (again.position, again.event_ids) == (first.position, first.event_ids)
    assert again.repeated


async def test_r12_the_same_key_with_another_command_is_refused(telling: Telling) -> None:
    await telling.tell(RegisterPerson(person_id=uuid4(), name="Dan"), key="k2", digest=b"a")
    with pytest.raises(Refused) as refusal:
        await telling.tell(RegisterPerson(person_id=uuid4(), name="Eve"), key="k2", digest=b"b")
    assert refusal.value.code == IDEMPOTENCY_KEY_REUSED


async def test_r12_equal_keys_that_arrive_together_record_once(database_url: str, telling: Telling) -> None:
    before = len(await positions(database_url, telling))
    person_id = uuid4()
    answers = await asyncio.gather(
        *(telling.tell(RegisterPerson(person_id=person_id, name="Fay"), key="k3", digest=b"c") for _ in range(8))
    )
    assert len({one.position for one in answers}) == 1
    assert len(await positions(database_url, telling)) == before + 1


async def test_r12_a_key_belongs_to_its_organisation(ledger: Ledger, telling: Telling) -> None:
    other = await founded(ledger)
    await telling.tell(RegisterPerson(person_id=uuid4(), name="Dan"), key="same", digest=b"a")
    await other.tell(RegisterPerson(person_id=uuid4(), name="Eve"), key="same", digest=b"b")


async def test_a_stale_expected_position_is_refused(telling: Telling) -> None:
    team_id = uuid4()
    formed = await telling.tell(FormTeam(team_id=team_id, name="Crew"))
    with pytest.raises(Refused) as refusal:
        await telling.tell(FormTeam(team_id=uuid4(), name="Part", parent_id=team_id), expected=formed.position - 1)
    assert refusal.value.code == STALE_POSITION
    await telling.tell(FormTeam(team_id=uuid4(), name="Part", parent_id=team_id), expected=formed.position)


async def ready_outcome(telling: Telling, team_id: UUID, cycle_id: UUID) -> UUID:
    outcome_id = uuid4()
    await telling.tell(SetOutcome(outcome_id=outcome_id, title="Fewer waits", team_id=team_id, cycle_id=cycle_id))
    measure = SetMeasure(
        measure_id=uuid4(),
        outcome_id=outcome_id,
        title="Minutes",
        direction=Direction.DECREASE,
        baseline=Decimal(10),
        target=Decimal(5),
    )
    await telling.tell(measure)
    return outcome_id


async def test_r2_the_focus_limit_holds_though_everybody_activates_at_once(
    database: Database, telling: Telling
) -> None:
    team_id, cycle_id = uuid4(), uuid4()
    await telling.tell(FormTeam(team_id=team_id, name="Crew"))
    await telling.tell(
        PlanCycle(cycle_id=cycle_id, title="2022", starts_on=date(2022, 1, 1), ends_on=date(2022, 12, 31))
    )
    await telling.tell(SetFocusLimit(team_id=team_id, cycle_id=cycle_id, limit=3, reason="few"))
    outcomes = [await ready_outcome(telling, team_id, cycle_id) for _ in range(8)]
    others = [Telling(Ledger(database), telling.organisation_id, telling.person_id) for _ in range(3)]
    answers = await asyncio.gather(
        *(one.tell(ActivateOutcome(outcome_id=outcome_id)) for outcome_id in outcomes for one in (telling, *others)),
        return_exceptions=True,
    )
    unexpected = [one for one in answers if isinstance(one, BaseException) and not isinstance(one, Refused)]
    assert not unexpected
    refused = {one.code.name for one in answers if isinstance(one, Refused)}
    assert refused <= {FOCUS_LIMIT_REACHED.name, "CONFLICT"}
    connection = await database.append.acquire()
    try:
        await connection.execute("select set_config('headway.organisation', $1, false)", str(telling.organisation_id))
        active = await connection.fetchval("select count(*) from ledger.events where type = 'outcome.activated'")
        await connection.execute("select set_config('headway.organisation', '', false)")
    finally:
        await database.append.release(connection)
    assert active == 3


async def test_the_chain_holds_in_a_second_implementation(database_url: str, telling: Telling) -> None:
    await asyncio.gather(*(telling.tell(RegisterPerson(person_id=uuid4(), name="Zoë ✓")) for _ in range(20)))
    connection = await asyncpg.connect(database_url)
    [one] = await walk(connection, telling.organisation_id)
    assert one.broken_at is None
    await connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, 'sealed', 'opened')",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "actor = 'system'",
        "tags = array_append(tags, 'person:x')",
        "reason = 'because'",
    ],
)
async def test_one_altered_value_is_found_at_its_position(database_url: str, telling: Telling, change: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        f"update ledger.events set {change} where organisation_id = $1 and position = 2", telling.organisation_id
    )
    [one] = await walk(connection, telling.organisation_id)
    assert one.broken_at == 2
    await connection.close()


class Rotten(asyncpg.Connection):
    """To a disk that gives no more than one row, as where a page of others lies in the way, and that of no event from a
    position on."""

    from_position = 1_000_000

    async def fetch(self, query: str, *args: Any, **more: Any) -> Any:
        if len(args) == 3 and (args[2] > 1 or args[1] + 1 >= self.from_position):
            raise asyncpg.DataCorruptedError("invalid page")
        return await super().fetch(query, *args, **more)


@pytest.mark.parametrize("broken_at", [None, 3])
async def test_a_page_that_cannot_be_read_breaks_no_chain_but_its_own(
    database_url: str, telling: Telling, broken_at: int | None
) -> None:
    for _ in range(3):
        await telling.tell(RegisterPerson(person_id=uuid4(), name="Ana"))
    connection = await asyncpg.connect(database_url, connection_class=Rotten)
    connection.from_position = broken_at or Rotten.from_position
    async with asyncio.timeout(10):
        [one] = await walk(connection, telling.organisation_id)
    assert one.broken_at == broken_at
    await connection.close()


async def test_a_deleted_event_is_found(database_url: str, telling: Telling) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "delete from ledger.events where organisation_id = $1 and position = 2", telling.organisation_id
    )
    [one] = await walk(connection, telling.organisation_id)
    assert one.broken_at == 2
    await connection.close()


async def test_the_application_role_alters_no_ledger_row(database: Database) -> None:
    for statement in (
        "update ledger.events set actor = 'x'",
        "delete from ledger.events",
        "insert into ledger.heads (organisation_id) values (gen_random_uuid())",
        "truncate ledger.events",
        "update ledger.answers set first = 0",
    ):
        async with database.work.acquire() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_one_bad_command_does_not_fail_its_neighbours(telling: Telling) -> None:
    """An actor that passes nobody's check but PostgreSQL's: the batch is served one by one."""
    commands = [RegisterPerson(person_id=uuid4(), name=f"G{n}") for n in range(6)]
    envelopes = [telling.issued() for _ in commands]
    envelopes[2] = msgspec.structs.replace(envelopes[2], by="nul \x00")
    answers = await asyncio.gather(
        *(telling.ledger.execute(one, issued) for one, issued in zip(commands, envelopes, strict=True)),
        return_exceptions=True,
    )
    assert [isinstance(one, BaseException) for one in answers] == [False, False, True, False, False, False]


async def test_recorded_at_never_falls_along_the_positions(database_url: str, telling: Telling) -> None:
    await asyncio.gather(*(telling.tell(RegisterPerson(person_id=uuid4(), name="P")) for _ in range(30)))
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "select recorded_at from ledger.events where organisation_id = $1 order by position", telling.organisation_id
    )
    moments = [row[0] for row in rows]
    assert moments == sorted(moments)
    await connection.close()


async def test_whoever_arrives_while_the_sequencer_leaves_is_served(telling: Telling) -> None:
    for _ in range(200):
        await telling.tell(RegisterPerson(person_id=uuid4(), name="P"))
        await asyncio.sleep(0)
