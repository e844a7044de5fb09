"""F19: an event that a projection can't take stops it there, for that organisation, and nothing else."""

import asyncio
from datetime import UTC, datetime
from time import monotonic
from typing import cast
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra.appender import STATEMENTS as APPENDER
from infra.appender import Batch, Fact, columns
from infra.projector import STATEMENTS, Projector
from projections.read_models import NAMES
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_read_models
from tests.faults.journal import Journal
from tests.faults.load import Load, World, by_desk
from tests.faults.stand import as_owner, product

POISONS = [
    ("never.heard-of", "{}"),
    ("person.registered", '{"type":'),
    ("person.registered", "{}"),
    ("team.formed", "[]"),
    ("check-in.never", '{"type":"check-in.never"}'),
]

# Recomputes every hash from a position on, as only somebody who may do all can.
RECHAIN = """
do $$
declare
    v_event ledger.events;
    v_hash bytea;
begin
    select hash into v_hash from ledger.events where organisation_id = '{organisation}' and position = {position} - 1;
    for v_event in select * from ledger.events where organisation_id = '{organisation}' and position >= {position}
                    order by position loop
        v_hash := ledger.hash_of(v_hash, v_event.organisation_id, v_event.position, v_event.recorded_at,
            v_event.command_id, v_event.event_id, v_event.correlation_id, v_event.causation_id, v_event.occurred_at,
            v_event.version, v_event.type, v_event.actor, array_to_string(v_event.tags, E'\\n'),
            coalesce(v_event.reason, ''), v_event.body);
        update ledger.events set hash = v_hash
         where organisation_id = v_event.organisation_id and position = v_event.position;
    end loop;
    update ledger.heads set hash = v_hash where organisation_id = '{organisation}';
end
$$
"""


class NotStopped(AssertionError):
    """A projection went on that should not have, or never came to its poison."""


async def poison(connection: asyncpg.Connection, world: World, kind: str, body: str) -> int:
    """Appends an event with a right chain that no command would have made; its position."""
    now, one = datetime.now(UTC), uuid4()
    fact: Fact = (uuid4(), one, one, now, 1, kind, "system", f"organisation:{world.organisation_id}", None, body)
    batch = Batch(
        world.organisation_id, [(one, None, b"", 0, [], [], [fact])], asyncio.get_running_loop().create_future()
    )
    rows = await connection.fetch(APPENDER["append"], *columns([batch]))
    assert rows[0][0] == "appended"
    return rows[0][2]


async def mend(connection: asyncpg.Connection, organisation_id: UUID, position: int) -> None:
    """What stood there becomes an event that everybody can take."""
    person = uuid4()
    await connection.execute(
        "update ledger.events set type = 'person.registered', version = 1, body = $3"
        " where organisation_id = $1 and position = $2",
        organisation_id,
        position,
        f'{{"type":"person.registered","person_id":"{person}","name":"Ana"}}',
    )
    await connection.execute(RECHAIN.format(organisation=organisation_id, position=position))


async def stopped(place: Place) -> list[tuple[UUID, str, int, str]]:
    """As `headway status` lists it."""

    async def ask(connection: asyncpg.Connection) -> list[asyncpg.Record]:
        async with connection.transaction():
            await connection.execute(STATEMENTS["sweep_scope"])
            return await connection.fetch(STATEMENTS["standing"])

    rows = await as_owner(place.owner, ask)
    return [(row[0], row[1], row[4], row[5]) for row in rows if row[4] is not None]


async def until_stopped(place: Place, count: int) -> list[tuple[UUID, str, int, str]]:
    found = await stopped(place)
    for _ in range(200):
        if len(found) >= count:
            break
        await asyncio.sleep(0.05)
        found = await stopped(place)
    if len(found) != count:
        raise NotStopped(f"{len(found)} have stopped, not {count}")
    return found


async def spared_go_on(place: Place, struck: set[UUID]) -> None:
    """Every other organisation's read models reach their heads."""
    until = monotonic() + 10
    behind = "select count(*) from ledger.heads h where h.organisation_id <> all ($1) and $2 <> (select count(*)"
    behind += " from read.checkpoint c where c.organisation_id = h.organisation_id and c.position = h.position)"
    while await as_owner(place.owner, lambda c: c.fetchval(behind, list(struck), len(NAMES))):
        assert monotonic() < until, "others are held up"
        await asyncio.sleep(0.05)


async def mended(place: Place, poisoned: dict[UUID, int]) -> None:
    async def ask(connection: asyncpg.Connection) -> None:
        for organisation_id, position in poisoned.items():
            await mend(connection, organisation_id, position)
        await connection.execute("update read.checkpoint set stopped_at = null, problem = null")

    await as_owner(place.owner, ask)


async def five_poisons(place: Place, journal: Journal, kind: type[Projector] = Projector) -> None:
    """Each in an organisation of its own; three are left in peace."""
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
    poisoned: dict[UUID, int] = {}
    for world, (type_, body) in zip(load.worlds, POISONS, strict=False):
        poisoned[world.organisation_id] = await as_owner(
            place.owner, lambda c, world=world, type_=type_, body=body: poison(c, world, type_, body)
        )
    async with product(place.owner, place.application, kind=kind) as running:
        load.issue = by_desk(running.desk)
        async with load.running():
            await load.until_more(100)
        found = await until_stopped(place, len(NAMES) * len(POISONS))
        assert {row[:3] for row in found} == {(one, name, at) for one, at in poisoned.items() for name in NAMES}
        told = {row[0]: row[3] for row in found}
        assert [told[one].partition(" ")[0] for one in poisoned] == [type_ for type_, _ in POISONS]
        await spared_go_on(place, set(poisoned))
        with pytest.raises(Broken, match="I6"):
            await check_read_models(place.owner, quiet=0.1)
        await mended(place, poisoned)
        await check_all(place.owner, journal)


async def test_f19_five_poison_events_stop_their_organisations_alone_and_say_why(
    place: Place, journal: Journal
) -> None:
    await five_poisons(place, journal)


async def test_f19_catches_a_projector_that_steps_over_poison(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops = "position = m.position, stopped_at = m.stopped_at, problem = m.problem"
    assert stops in STATEMENTS["advance"]
    steps_over = "position = coalesce(m.stopped_at, m.position), stopped_at = null, problem = null"
    monkeypatch.setitem(cast(dict[str, str], STATEMENTS), "advance", STATEMENTS["advance"].replace(stops, steps_over))
    with pytest.raises(NotStopped):
        await five_poisons(place, journal)


class Stuck(Projector):
    """A mutant: a worker stays with what has stopped, and waits for it to go on."""

    async def project(self, organisation_id: UUID) -> bool:
        done = await super().project(organisation_id)
        async with self.database.owner_connection() as connection:
            at = "select bool_or(stopped_at is not null) from read.checkpoint where organisation_id = $1"
            while await connection.fetchval(at, organisation_id):
                await asyncio.sleep(0.1)
        return done


async def test_f19_catches_a_projector_that_lets_others_wait_for_poison(place: Place, journal: Journal) -> None:
    with pytest.raises(NotStopped):
        await five_poisons(place, journal, Stuck)


async def test_f19_a_poison_event_fails_no_command_that_need_not_know_it(place: Place, journal: Journal) -> None:
    """A process that was at work when the event came, perhaps out of a newer release."""
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        struck = load.worlds[4]
        await as_owner(place.owner, lambda c: poison(c, struck, "never.heard-of", "{}"))
        await load.once(struck.asked("register-person", personId=uuid4(), name="Ana"))
        assert not journal.violations


async def test_f19_an_event_that_one_projection_cannot_take_stops_that_one_alone(
    place: Place, journal: Journal
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        struck = load.worlds[4]
        await check_all(place.owner, journal)
        at = struck.organisation_id
        await as_owner(
            place.owner,
            lambda c: c.execute("alter table read.person add constraint no_eve check (name <> 'Eve') not valid"),
        )
        answer = await load.once(struck.asked("register-person", personId=uuid4(), name="Eve"))
        async with load.running():
            await load.until_more(100)
        found = await until_stopped(place, 1)
        assert found[0][0] == at
        assert found[0][2] == answer.position
        assert "CheckViolationError" in found[0][3]
        assert "Eve" not in found[0][3], "a problem tells nothing of the event's text"
        await spared_go_on(place, {at})
        reached = await as_owner(
            place.owner,
            lambda c: c.fetch(
                "select c.projection from read.checkpoint c join ledger.heads h using (organisation_id)"
                " where c.organisation_id = $1 and c.position = h.position",
                at,
            ),
        )
        assert {row[0] for row in reached} == set(NAMES) - {found[0][1]}
        await as_owner(place.owner, lambda c: c.execute("alter table read.person drop constraint no_eve"))
        await as_owner(place.owner, lambda c: c.execute("update read.checkpoint set stopped_at = null, problem = null"))
        await check_all(place.owner, journal)
