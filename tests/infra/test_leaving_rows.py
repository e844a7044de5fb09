"""Whoever leaves, and what becomes of their duties, as rows."""

from datetime import UTC, date, datetime
from uuid import uuid4

import asyncpg

from domain.leaving import DeactivatePerson, DisbandTeam
from domain.people import FormTeam, RegisterPerson
from domain.tasks import AcceptTask, CommitTask, RenegotiateTask
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import founded, projecting

SECONDS = 10
DUE, LATER = date(2030, 1, 1), date(2030, 2, 1)


async def test_r14_what_becomes_of_duties_is_told_as_of_then_and_now(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        tell, leaver, taker, team, above = telling.tell, uuid4(), uuid4(), uuid4(), uuid4()
        promised, awaited = uuid4(), uuid4()
        await tell(RegisterPerson(person_id=leaver, name="Lee"))
        await tell(RegisterPerson(person_id=taker, name="Tom"))
        await tell(FormTeam(team_id=above, name="Harbour"))
        await tell(FormTeam(team_id=team, name="Crew", parent_id=above, lead_ids=(leaver,)))
        await tell(CommitTask(task_id=promised, title="Mend", due_on=DUE, serves_nothing="Dull."), by=leaver)
        await tell(CommitTask(task_id=awaited, title="Sail", due_on=DUE, beneficiary_id=leaver, serves_nothing="Dull."))
        was = await tell(RenegotiateTask(task_id=awaited, due_on=LATER, reason="Wind."))
        left = await tell(DeactivatePerson(person_id=leaver, reason="Moves.", successor_id=taker))
        accepted = await tell(AcceptTask(task_id=promised), by=taker)
        last = await tell(DisbandTeam(team_id=team, reason="Done."))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)

    async def told(sql: str, as_of: int) -> list[tuple[object, ...]]:
        async with database.read.of(telling.organisation_id) as connection:
            valid = "since <= $1 and (until is null or until > $1)"
            return [tuple(one) for one in await connection.fetch(sql.replace("{valid}", valid), as_of)]

    tasks = "select title, state, promiser_id, beneficiary_id, requester_id from task where {valid} order by title"
    assert await told(tasks, was.position) == [
        ("Mend", "COMMITTED", leaver, leaver, None),
        ("Sail", "COMMITTED", telling.person_id, leaver, None),
    ]
    assert await told(tasks, left.position) == [
        ("Mend", "REQUESTED", taker, taker, taker),
        ("Sail", "COMMITTED", telling.person_id, taker, None),
    ]
    assert (await told(tasks, accepted.position))[0] == ("Mend", "COMMITTED", taker, taker, taker)
    assert await told("select state from proposed_terms where {valid}", last.position) == [("OPEN",)]
    day = datetime.now(UTC).date()
    people = "select name, left_on is not null from person where {valid} order by name"
    assert await told(people, last.position) == [("Ana", False), ("Lee", True), ("Tom", False)]
    teams = "select name, disbanded_on from team where {valid} order by name"
    assert await told(teams, last.position) == [("Crew", day), ("Harbour", None)]
    assert await told("select person_id, lead from membership where {valid}", left.position) == [(taker, True)]
    assert await told("select person_id, lead from membership where {valid}", last.position) == []
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
