"""The strategy map as rows: its perspectives, and objectives that move and retire, as of then and now."""

from uuid import uuid4

import asyncpg

from domain.alignment import AlignOutcome
from domain.outcomes import SetOutcome
from domain.strategy import (
    Perspective,
    RetireStrategicObjective,
    ReviseStrategicObjective,
    SetPerspectives,
    SetStrategicObjective,
)
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import founded, projecting

SECONDS = 10
STOOD = " and since <= $2 and (until is null or until > $2)"
PERSPECTIVES = "select key, title, place from perspective where organisation_id = $1" + STOOD + " order by place"
OBJECTIVE = "select title, perspective, is_retired, retired_reason from objective where id = $1" + STOOD
REACHES = "select reaches_objective($1, $2, $3)"
OWN = (
    Perspective(key="CUSTOMER", title="Those we serve"),
    Perspective(key="PLANET", title="The planet"),
    Perspective(key="FINANCIAL", title="Money"),
)


async def test_r9_the_map_is_told_as_of_then_and_now(database: Database, database_url: str) -> None:
    growth, outcome_id = uuid4(), uuid4()
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        tell = telling.tell
        first = await tell(SetStrategicObjective(objective_id=growth, title="Grow", perspective="FINANCIAL"))
        await tell(SetOutcome(outcome_id=outcome_id, title="Better"))
        await tell(AlignOutcome(outcome_id=outcome_id, objective_id=growth))
        named = await tell(SetPerspectives(perspectives=OWN))
        revised = await tell(ReviseStrategicObjective(objective_id=growth, title="Thrive", perspective="PLANET"))
        await tell(RetireStrategicObjective(objective_id=growth, reason="Done."))
        last = await tell(SetPerspectives(perspectives=OWN[:1]))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    one = telling.organisation_id
    async with database.read.of(one) as connection:
        usual = [row["key"] for row in await connection.fetch(PERSPECTIVES, one, first.position)]
        assert usual == ["FINANCIAL", "CUSTOMER", "INTERNAL_PROCESS", "LEARNING_AND_GROWTH"]
        own = [tuple(row) for row in await connection.fetch(PERSPECTIVES, one, named.position)]
        assert own == [(each.key, each.title, place) for place, each in enumerate(OWN, start=1)]
        assert [row["key"] for row in await connection.fetch(PERSPECTIVES, one, last.position)] == ["CUSTOMER"]
        for position, stood in (
            (first.position, ("Grow", "FINANCIAL", False, None)),
            (revised.position, ("Thrive", "PLANET", False, None)),
            (last.position, ("Thrive", "PLANET", True, "Done.")),
        ):
            assert tuple(await connection.fetchrow(OBJECTIVE, growth, position) or ()) == stood
        assert await connection.fetchval(REACHES, one, outcome_id, revised.position)
        assert not await connection.fetchval(REACHES, one, outcome_id, last.position)
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
