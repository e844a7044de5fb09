"""The life of an outcome as rows: what stands now, and what stood before."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg

from domain.cycles import PlanCycle
from domain.focus import ActivateOutcome, PauseOutcome, ResumeOutcome, WithdrawOutcome
from domain.measures import Direction, SetMeasure
from domain.outcomes import Ambition, SetOutcome
from domain.people import FormTeam, RegisterPerson
from domain.revising import AssignOutcome, NameReviewer, RankOutcomes, ReviseOutcome, ShareOutcome
from infra.database import Database
from infra.rebuild import rebuild
from tests.conftest import seals
from tests.infra.at_work import Telling, founded, projecting

SECONDS = 10


class Crew:
    """Two teams, a cycle, and two outcomes of the first team that may be activated."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.team_id, self.other_id, self.cycle_id = uuid4(), uuid4(), uuid4()
        self.first, self.second = uuid4(), uuid4()

    async def prepare(self) -> None:
        tell = self.telling.tell
        for team_id in (self.team_id, self.other_id):
            await tell(FormTeam(team_id=team_id, name="Crew"))
        year = (date(2022, 1, 1), date(2022, 12, 31))
        await tell(PlanCycle(cycle_id=self.cycle_id, title="2022", starts_on=year[0], ends_on=year[1]))
        for outcome_id in (self.first, self.second):
            await tell(SetOutcome(outcome_id=outcome_id, title="Better", team_id=self.team_id, cycle_id=self.cycle_id))
            await tell(
                SetMeasure(
                    measure_id=uuid4(),
                    outcome_id=outcome_id,
                    title="Count",
                    direction=Direction.INCREASE,
                    baseline=Decimal(0),
                    target=Decimal(10),
                )
            )
            await tell(ActivateOutcome(outcome_id=outcome_id))


async def row(database: Database, telling: Telling, outcome_id: UUID, as_of: int, *columns: str) -> tuple[object, ...]:
    async with database.read.of(telling.organisation_id) as connection:
        found = await connection.fetchrow(
            f"select {', '.join(columns)} from outcome where id = $1 and since <= $2 and (until is null or until > $2)",
            outcome_id,
            as_of,
        )
    assert found is not None
    return tuple(found)


async def shares(database: Database, telling: Telling, as_of: int) -> list[UUID]:
    async with database.read.of(telling.organisation_id) as connection:
        found = await connection.fetch(
            "select team_id from outcome_share where since <= $1 and (until is null or until > $1)", as_of
        )
    return [one[0] for one in found]


async def test_r9_what_becomes_of_an_outcome_is_told_as_of_then_and_now(database: Database, database_url: str) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        tell, crew, reviewer = telling.tell, Crew(telling), uuid4()
        await crew.prepare()
        await tell(RegisterPerson(person_id=reviewer, name="Rose"))
        await tell(NameReviewer(outcome_id=crew.first, reviewer_id=reviewer))
        paused = await tell(PauseOutcome(outcome_id=crew.first, reason="Not now."))
        resumed = await tell(ResumeOutcome(outcome_id=crew.first, reason="Now."))
        both = (crew.second, crew.first)
        ranked = await tell(RankOutcomes(team_id=crew.team_id, cycle_id=crew.cycle_id, outcome_ids=both))
        shared = await tell(ShareOutcome(outcome_id=crew.first, team_ids=(crew.other_id,)))
        await tell(ShareOutcome(outcome_id=crew.first, team_ids=()))
        await tell(
            ReviseOutcome(outcome_id=crew.first, title="Best", ambition=Ambition.ASPIRATIONAL, reason="We can do more.")
        )
        await tell(AssignOutcome(outcome_id=crew.first, team_id=crew.other_id))
        await tell(RankOutcomes(team_id=crew.team_id, cycle_id=crew.cycle_id, outcome_ids=()))
        last = await tell(WithdrawOutcome(outcome_id=crew.second, reason="Set twice."))
        assert await positions.wait(telling.organisation_id, last.position, SECONDS)
    state = ("state", "state_reason")
    assert await row(database, telling, crew.first, paused.position, *state) == ("PAUSED", "Not now.")
    assert await row(database, telling, crew.first, resumed.position, *state) == ("ACTIVE", None)
    assert await row(database, telling, crew.second, last.position, *state, "rank") == ("WITHDRAWN", "Set twice.", None)
    assert await row(database, telling, crew.first, ranked.position, "rank", "title") == (2, "Better")
    assert await row(database, telling, crew.second, ranked.position, "rank") == (1,)
    now = ("title", "ambition", "team_id", "reviewer_id", "rank", "cycle_id")
    assert await row(database, telling, crew.first, last.position, *now) == (
        "Best",
        "ASPIRATIONAL",
        crew.other_id,
        reviewer,
        None,
        crew.cycle_id,
    )
    assert await shares(database, telling, shared.position) == [crew.other_id]
    assert await shares(database, telling, last.position) == []
    connection = await asyncpg.connect(database_url)
    result = await rebuild(connection, seals())
    await connection.close()
    assert result.differences == {}
