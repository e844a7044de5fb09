"""Declined work as rows: what stands now, and what stood before."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg

from domain.declining import DeclineWork, ReconsiderWork
from domain.people import FormTeam
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import founded, projecting

SECONDS = 10
ROWS = (
    "select title, team_id, reconsidered_on, reconsidered_because from declined_work"
    " where since <= $1 and (until is null or until > $1)"
)


async def test_r9_declined_work_is_told_as_of_then_and_now(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        team, work = uuid4(), uuid4()
        await telling.tell(FormTeam(team_id=team, name="Crew"))
        no = await telling.tell(DeclineWork(declined_work_id=work, title="A shop", reason="Not now.", team_id=team))
        last = await telling.tell(ReconsiderWork(declined_work_id=work, reason="Now we can."))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    async with database.read.of(telling.organisation_id) as connection:
        then = [tuple(one) for one in await connection.fetch(ROWS, no.position)]
        now = [tuple(one) for one in await connection.fetch(ROWS, last.position)]
    assert then == [("A shop", team, None, None)]
    assert now == [("A shop", team, datetime.now(UTC).date(), "Now we can.")]
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
