"""What can be found: the words of every kind of entity, as they were and as they are."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import asyncpg

from domain.cycles import PlanCycle
from domain.entities import EntityKind
from domain.following import Follow, Unfollow
from domain.indicators import DefineIndicator, ReviseIndicator
from domain.measures import Direction, ReviseMeasure, SetMeasure
from domain.milestones import SetMilestone
from domain.outcomes import SetOutcome
from domain.people import FormTeam, RevisePerson, ReviseTeam
from domain.revising import ReviseOutcome
from domain.strategy import ReviseStrategicObjective, SetStrategicObjective
from domain.tasks import CommitTask, RenegotiateTask
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import Telling, founded, projecting

SECONDS = 10


async def found(database: Database, telling: Telling, words: str, as_of: int | None = None) -> set[str]:
    valid = "until is null" if as_of is None else f"since <= {as_of} and (until is null or until > {as_of})"
    async with database.read.of(telling.organisation_id) as connection:
        rows = await connection.fetch(f"select kind from findable where words @@ words_asked($1) and {valid}", words)
    return {row[0] for row in rows}


async def test_r9_every_kind_is_found_by_its_words_then_and_now(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        tell, outcome, measure, indicator, task, team, objective = telling.tell, *(uuid4() for _ in range(6))
        await tell(FormTeam(team_id=team, name="Former crew"))
        await tell(SetOutcome(outcome_id=outcome, title="Former outcome", description="Because waiting hurts"))
        await tell(
            SetMeasure(
                measure_id=measure,
                outcome_id=outcome,
                title="Former measure",
                direction=Direction.INCREASE,
                baseline=Decimal(0),
                target=Decimal(9),
            )
        )
        await tell(DefineIndicator(indicator_id=indicator, title="Former indicator"))
        await tell(CommitTask(task_id=task, title="Former task", due_on=date(2022, 5, 1), outcome_id=outcome))
        await tell(SetMilestone(milestone_id=uuid4(), outcome_id=outcome, title="Milestone", due_on=date(2022, 5, 1)))
        await tell(SetStrategicObjective(objective_id=objective, title="Former objective", perspective="CUSTOMER"))
        days = (date(2022, 1, 1), date(2022, 12, 31))
        last = await tell(PlanCycle(cycle_id=uuid4(), title="Cycle", starts_on=days[0], ends_on=days[1]))
        then = last.position
        await tell(ReviseTeam(team_id=team, name="Later crew"))
        await tell(ReviseOutcome(outcome_id=outcome, title="Later outcome", reason="Clearer."))
        await tell(ReviseMeasure(measure_id=measure, title="Later measure", effective_on=days[0], reason="Clearer."))
        await tell(ReviseStrategicObjective(objective_id=objective, title="Later objective"))
        await tell(ReviseIndicator(indicator_id=indicator, title="Later indicator", reason="Clearer."))
        await tell(RenegotiateTask(task_id=task, title="Later task", reason="Clearer."))
        await tell(Follow(entity_id=task, kind=EntityKind.TASK))
        await tell(Follow(entity_id=team, kind=EntityKind.TEAM))
        await tell(Unfollow(entity_id=task, kind=EntityKind.TASK))
        last = await tell(RevisePerson(person_id=telling.person_id, name="Later Ana", email="ana@harbour.example"))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    revised = {"TEAM", "OUTCOME", "MEASURE", "INDICATOR", "TASK", "OBJECTIVE"}
    assert await found(database, telling, "former", then) == revised
    assert await found(database, telling, "former") == set()
    assert await found(database, telling, "later") == {*revised, "PERSON"}
    assert await found(database, telling, "wait") == {"OUTCOME"}
    assert await found(database, telling, "harbour") == set()
    for kind in ("MILESTONE", "OBJECTIVE", "CYCLE"):
        assert kind in await found(database, telling, kind.lower())
    async with database.read.of(telling.organisation_id) as connection:
        followed = await connection.fetch("select entity_id from following where until is null")
    assert [row[0] for row in followed] == [team]
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
