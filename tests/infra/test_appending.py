"""What goes into the database together: who waits for whom, who falls with whom, and what is taken for granted."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from domain.codes import ALREADY_EXISTS, REFERENCE_TAKEN
from domain.kernel import Refused
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.references import Reference
from infra.appender import STATEMENTS, Batch, Decided, Fact, columns
from infra.database import Database
from infra.ledger import Ledger
from tests.infra.at_work import Telling, founded


async def positions(url: str, organisation_id: UUID) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select position from ledger.events where organisation_id = $1 order by position", organisation_id
        )
    finally:
        await connection.close()
    return [row[0] for row in rows]


@asynccontextmanager
async def locked(
    url: str, organisation_id: UUID, by: str = "select from ledger.heads where organisation_id = $1 for update"
) -> AsyncGenerator[None]:
    """Its head is held by somebody else."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(by, organisation_id)
            yield
    finally:
        await connection.close()


def registration(person_id: UUID | None = None, reference: str | None = None) -> RegisterPerson:
    borne = Reference(system="directory", id=reference) if reference else None
    return RegisterPerson(person_id=person_id or uuid4(), name="Zoë", reference=borne)


async def test_an_id_that_another_process_has_used_is_refused_though_it_was_not_read(database: Database) -> None:
    telling = await founded(Ledger(database))
    other = Telling(Ledger(database), telling.organisation_id, telling.person_id)
    await other.tell(registration())
    taken = uuid4()
    await telling.tell(registration(taken, "E-7"))
    with pytest.raises(Refused) as refusal:
        await other.tell(registration(taken))
    assert refusal.value.code == ALREADY_EXISTS
    with pytest.raises(Refused) as refusal:
        await other.tell(registration(reference="E-7"))
    assert refusal.value.code == REFERENCE_TAKEN


async def test_who_stands_upon_what_was_taken_for_new_and_was_not_decides_again(
    database: Database, database_url: str
) -> None:
    telling = await founded(Ledger(database))
    team_id = uuid4()
    await telling.tell(FormTeam(team_id=team_id, name="Crew"))
    other = Telling(Ledger(database), telling.organisation_id, telling.person_id)
    await other.tell(registration())
    for _ in range(5):
        person_id = uuid4()
        await telling.tell(registration(person_id))
        before = len(await positions(database_url, telling.organisation_id))
        twin, joined, again = await asyncio.gather(
            other.tell(registration(person_id)),
            other.tell(JoinTeam(team_id=team_id, person_id=person_id)),
            other.tell(registration(person_id)),
            return_exceptions=True,
        )
        assert isinstance(twin, Refused)
        assert isinstance(again, Refused)
        assert not isinstance(joined, BaseException)
        assert joined.position == before + 1


@pytest.mark.parametrize(
    "by",
    [
        "select from ledger.heads where organisation_id = $1 for update",
        "update ledger.heads set position = position where organisation_id = $1",
    ],
    ids=["locked", "changed"],
)
async def test_a_locked_organisation_holds_nobody_else_up(database: Database, database_url: str, by: str) -> None:
    ledger = Ledger(database)
    tellings = [await founded(ledger) for _ in range(9)]
    async with locked(database_url, tellings[4].organisation_id, by):
        told = [asyncio.ensure_future(one.tell(registration())) for one in tellings]
        held = told.pop(4)
        await asyncio.wait_for(asyncio.gather(*told), 10)
        assert not held.done()
    assert (await asyncio.wait_for(held, 10)).position == 3


async def test_what_comes_while_an_append_waits_is_decided_upon_it(database: Database, database_url: str) -> None:
    telling = await founded(Ledger(database))
    team_id, people = uuid4(), [uuid4() for _ in range(12)]
    await telling.tell(FormTeam(team_id=team_id, name="Crew"))
    async with locked(database_url, telling.organisation_id):
        first = [asyncio.ensure_future(telling.tell(registration(one))) for one in people]
        await asyncio.sleep(0.1)
        second = [asyncio.ensure_future(telling.tell(JoinTeam(team_id=team_id, person_id=one))) for one in people]
        twins = [asyncio.ensure_future(telling.tell(registration(one))) for one in people]
        await asyncio.sleep(0.1)
        assert not any(one.done() for one in (*first, *second, *twins))
    accepted = await asyncio.wait_for(asyncio.gather(*first, *second), 10)
    assert [one.position for one in accepted] == list(range(4, 28))
    assert {str(type(one)) for one in await asyncio.gather(*twins, return_exceptions=True)} == {str(Refused)}
    assert await positions(database_url, telling.organisation_id) == list(range(1, 28))


async def test_what_was_decided_upon_an_append_that_lost_is_decided_again(
    database: Database, database_url: str
) -> None:
    """Two processes, each with an append under way and more decided upon it; one of them must lose each time."""
    telling = await founded(Ledger(database))
    team_id = uuid4()
    await telling.tell(FormTeam(team_id=team_id, name="Crew"))
    tellers = [Telling(Ledger(database), telling.organisation_id, telling.person_id) for _ in range(2)]
    people = [uuid4() for _ in range(30)]
    answers = await asyncio.gather(
        *(
            teller.tell(command)
            for one in people
            for teller in tellers
            for command in (registration(one), JoinTeam(team_id=team_id, person_id=one))
        ),
        return_exceptions=True,
    )
    accepted = [one for one in answers if not isinstance(one, BaseException)]
    assert {type(one) for one in answers if isinstance(one, BaseException)} == {Refused}
    assert len(accepted) == 3 * len(people)  # who joins twice is told so, and nothing is recorded
    assert await positions(database_url, telling.organisation_id) == list(range(1, 4 + 2 * len(people)))


async def test_an_error_of_the_data_falls_on_the_command_that_bears_it(database: Database) -> None:
    ledger = Ledger(database)
    tellings = [await founded(ledger) for _ in range(6)]

    async def bad(telling: Telling) -> object:
        return await ledger.execute(registration(), msgspec.structs.replace(telling.issued(), by="per\0son"))

    told = [one.tell(registration()) for one in tellings for _ in range(5)]
    told.insert(7, bad(tellings[1]))  # pyright: ignore[reportArgumentType]
    answers = await asyncio.gather(*told, return_exceptions=True)
    failed = [one for one in answers if isinstance(one, BaseException)]
    assert [type(one) for one in failed] == [asyncpg.CharacterNotInRepertoireError]
    assert answers.index(failed[0]) == 7


async def test_whoever_goes_away_while_waiting_stops_nobody(database: Database, database_url: str) -> None:
    telling = await founded(Ledger(database))
    async with locked(database_url, telling.organisation_id):
        told = [asyncio.ensure_future(telling.tell(registration())) for _ in range(20)]
        await asyncio.sleep(0.05)
        for one in told[::2]:
            one.cancel()
    await asyncio.wait_for(asyncio.gather(*told[1::2]), 10)
    await telling.tell(registration())
    found = await positions(database_url, telling.organisation_id)
    assert found == list(range(1, len(found) + 1))


def row(
    tags: list[str],
    boundary: list[tuple[list[str], list[str], int]],
    upon: list[int] | None = None,
    key: str | None = None,
    follows: int = 0,
) -> Decided:
    """A command with one event of the type `thing.done`."""
    one = uuid4()
    fact: Fact = (uuid4(), one, one, datetime.now(UTC), 1, "thing.done", "system", "\n".join(tags), None, "{}")
    items = [(",".join(types), "\n".join(tags), after) for types, tags, after in boundary]
    return one, key, b"digest", follows, upon or [], items, [fact]


async def appended(connection: Any, organisation_id: UUID, commands: Sequence[Decided]) -> list[str]:
    batch = Batch(organisation_id, commands, asyncio.get_running_loop().create_future())
    return [one["status"] for one in await connection.fetch(STATEMENTS["append"], *columns([batch]))]


DONE = (["thing.done"], ["thing:1"], 0)
CALLS: dict[str, tuple[list[Decided], list[str]]] = {
    "an earlier one's event conflicts": ([row(["thing:1"], []), row(["thing:1"], [DONE])], ["appended", "refused"]),
    "but not where it was known": ([row(["thing:1"], []), row(["thing:1"], [DONE], [1])], ["appended", "appended"]),
    "another tag does not": ([row(["thing:2"], []), row(["thing:1"], [DONE])], ["appended", "appended"]),
    "nor another type": (
        [row(["thing:1"], []), row(["thing:1"], [(["thing.undone"], ["thing:1"], 0)])],
        ["appended", "appended"],
    ),
    "all tags of an item count": (
        [row(["thing:1"], []), row([], [(["thing.done"], ["thing:1", "team:1"], 0)])],
        ["appended", "appended"],
    ),
    "a refused one's event does not": (
        [row(["thing:1"], []), row(["thing:3"], [DONE]), row([], [(["thing.done"], ["thing:3"], 0)])],
        ["appended", "refused", "appended"],
    ),
    "who stands upon the refused is": (
        [row(["thing:1"], []), row(["thing:3"], [DONE]), row([], [], [2])],
        ["appended", "refused", "refused"],
    ),
    "equal keys": (
        [row([], [], key="k"), row([], [], key="k"), row([], [], key="l")],
        ["appended", "refused", "appended"],
    ),
    "who follows the refused is, too": (
        [row(["thing:1"], []), row(["thing:3"], [DONE]), row([], [], follows=2), row([], [], follows=1)],
        ["appended", "refused", "refused", "appended"],
    ),
    "no keys": ([row([], []), row([], [])], ["appended", "appended"]),
}


@pytest.mark.parametrize(("commands", "statuses"), CALLS.values(), ids=CALLS)
async def test_the_commands_of_one_call_know_each_other(
    database: Database, commands: list[Decided], statuses: list[str]
) -> None:
    async with database.append.acquire() as connection:
        assert await appended(connection, uuid4(), commands) == statuses


async def test_an_item_is_checked_from_where_it_is_known(database: Database) -> None:
    organisation_id = uuid4()
    async with database.append.acquire() as connection:

        async def append(*commands: Decided) -> list[str]:
            return await appended(connection, organisation_id, commands)

        assert await append(*(row([f"thing:{n}"], []) for n in range(3))) == ["appended"] * 3
        kinds, tags = ["thing.done"], ["thing:1"]
        assert await append(row([], [(kinds, tags, 1)])) == ["refused"]
        assert await append(row([], [(kinds, tags, 2)])) == ["appended"]
        assert await append(row([], [(kinds, tags, 2), (kinds, ["thing:2"], 2)])) == ["refused"]
