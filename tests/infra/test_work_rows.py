"""What the read models tell of work: initiatives, requests to a team, waiting, first promisers."""

from datetime import date
from typing import Any
from uuid import uuid4

from domain.cadence import CadenceUnit
from domain.checklists import AddCheck, DropCheck, TickCheck, UntickCheck
from domain.contributing import ContributeToTask, StopContributing
from domain.ending import EndInitiative
from domain.evidence import Evidence
from domain.initiatives import Ending, PlanInitiative, ReviseInitiative
from domain.leaving import DisbandTeam
from domain.outcomes import SetOutcome
from domain.people import FormTeam, RegisterPerson
from domain.reassigning import ReassignTask
from domain.recurrence import Recurrence
from domain.tasks import AcceptTask, CommitTask, DeliverTask, RequestTask, ReturnDelivery
from domain.waiting import StopWaitingForTask, WaitForTask
from infra.database import Database
from tests.infra.at_work import founded, projecting

DUE = date(2099, 12, 1)


async def test_initiatives_team_requests_and_waiting_are_told(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        organisation_id, ana, ben = telling.organisation_id, telling.person_id, uuid4()
        outcome, initiative, team, asked, other = (uuid4() for _ in range(5))

        async def rows(statement: str, *values: object) -> list[tuple[object, ...]]:
            assert await positions.wait(organisation_id, accepted.position, 10)
            async with database.read.of(organisation_id) as connection:
                found = await connection.fetch(statement, organisation_id, *values)
            return [tuple(row) for row in found]

        await telling.tell(RegisterPerson(person_id=ben, name="Ben"))
        await telling.tell(SetOutcome(outcome_id=outcome, title="Bread for all"))
        await telling.tell(FormTeam(team_id=team, name="Ovens", lead_ids=(ana,)))
        await telling.tell(PlanInitiative(initiative_id=initiative, outcome_id=outcome, title="A stall", due_on=DUE))
        await telling.tell(ReviseInitiative(initiative_id=initiative, title="Two stalls"))
        await telling.tell(
            RequestTask(task_id=asked, title="Build", due_on=DUE, team_id=team, initiative_id=initiative), by=ben
        )
        await telling.tell(
            RequestTask(task_id=other, title="Paint", due_on=DUE, promiser_id=ana, outcome_id=outcome), by=ben
        )
        await telling.tell(WaitForTask(task_id=other, awaited_id=asked), by=ben)
        accepted = await telling.tell(EndInitiative(initiative_id=initiative, ending=Ending.DROPPED, reason="Rain."))
        task = "select promiser_id, first_promiser_id, team_id, initiative_id, outcome_id, state from task"
        current = f"{task} where organisation_id = $1 and until is null and id = $2"
        assert await rows(current, asked) == [(None, None, team, initiative, outcome, "REQUESTED")]
        told = await rows(
            "select title, due_on, state, end_reason from initiative where organisation_id = $1 and until is null"
        )
        assert told == [("Two stalls", DUE, "DROPPED", "Rain.")]
        waits = "select task_id, awaited_id from task_wait where organisation_id = $1 and until is null"
        assert await rows(waits) == [(other, asked)]

        await telling.tell(AcceptTask(task_id=asked), by=ana)
        accepted = await telling.tell(StopWaitingForTask(task_id=other, awaited_id=asked), by=ben)
        assert await rows(current, asked) == [(ana, ana, team, initiative, outcome, "COMMITTED")]
        assert await rows(waits) == []

        accepted = await telling.tell(ReassignTask(task_id=asked, promiser_id=ben, reason="Ana is ill."), by=ben)
        assert await rows(current, asked) == [(ben, ana, None, initiative, outcome, "REQUESTED")]


async def test_contributors_and_checklists_are_told(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        organisation_id, ana, ben = telling.organisation_id, telling.person_id, uuid4()
        task, flour, yeast = (uuid4() for _ in range(3))
        await telling.tell(RegisterPerson(person_id=ben, name="Ben"))
        await telling.tell(CommitTask(task_id=task, title="Bake", due_on=DUE, serves_nothing="Fun."))
        await telling.tell(AddCheck(check_id=flour, task_id=task, title="Flour"))
        await telling.tell(AddCheck(check_id=yeast, task_id=task, title="Yeast"))
        await telling.tell(ContributeToTask(task_id=task), by=ben)
        ticked = await telling.tell(TickCheck(check_id=yeast), by=ben)
        await telling.tell(UntickCheck(check_id=yeast), by=ana)
        await telling.tell(DropCheck(check_id=flour))
        last = await telling.tell(StopContributing(task_id=task), by=ben)
        assert await positions.wait(organisation_id, last.position, 10)

        async def rows(statement: str, position: int) -> list[tuple[object, ...]]:
            valid = "organisation_id = $1 and since <= $2 and (until is null or until > $2)"
            async with database.read.of(organisation_id) as connection:
                found = await connection.fetch(statement.format(valid=valid), organisation_id, position)
            return [tuple(row) for row in found]

        checks = "select title, ticked_by_id, ticked_on is not null from task_check where {valid} order by place"
        assert await rows(checks, ticked.position) == [("Flour", None, False), ("Yeast", ben, True)]
        assert await rows(checks, last.position) == [("Yeast", None, False)]
        contributors = "select task_id, person_id from task_contributor where {valid}"
        assert await rows(contributors, ticked.position) == [(task, ben)]
        assert await rows(contributors, last.position) == []


async def test_standing_promises_and_what_shows_a_delivery_are_told(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        organisation_id, ana, ben = telling.organisation_id, telling.person_id, uuid4()
        own, theirs = uuid4(), uuid4()
        recurs = Recurrence(every=2, unit=CadenceUnit.WEEKS, until=date(2100, 1, 1))
        shown = (Evidence(url="https://pages.example/1"),)
        asked: dict[str, Any] = {"title": "Bake", "due_on": DUE, "serves_nothing": "Fun.", "recurs": recurs}
        await telling.tell(RegisterPerson(person_id=ben, name="Ben"))
        await telling.tell(CommitTask(task_id=own, **asked))
        await telling.tell(RequestTask(task_id=theirs, promiser_id=ana, **asked), by=ben)
        await telling.tell(AcceptTask(task_id=theirs))
        await telling.tell(DeliverTask(task_id=own, links=shown))
        await telling.tell(DeliverTask(task_id=theirs, links=shown))
        await telling.tell(ReturnDelivery(task_id=theirs, reason="Burnt."), by=ben)
        last = await telling.tell(ReassignTask(task_id=theirs, promiser_id=ben, reason="Ana is ill."), by=ben)
        assert await positions.wait(organisation_id, last.position, 10)
        async with database.read.of(organisation_id) as connection:
            found = await connection.fetch(
                "select state, due_on, recurs_every, recurs_unit, recurs_until, former_id, delivery_links::text"
                " from task where organisation_id = $1 and until is null order by recurs_every, due_on",
                organisation_id,
            )
        standing, kept = (2, "WEEKS", date(2100, 1, 1)), '[{"url":"https://pages.example/1","title":null}]'
        assert [tuple(row) for row in found] == [
            ("KEPT", DUE, *standing, None, kept),
            ("COMMITTED", date(2099, 12, 15), *standing, own, None),
            ("REQUESTED", DUE, None, None, None, None, None),
        ]


async def test_r14_the_team_that_is_asked_in_place_of_another_is_told(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        organisation_id, task, former, team = telling.organisation_id, *(uuid4() for _ in range(3))
        await telling.tell(FormTeam(team_id=former, name="Ovens"))
        await telling.tell(FormTeam(team_id=team, name="Bakers"))
        await telling.tell(RequestTask(task_id=task, title="Bake", due_on=DUE, team_id=former, serves_nothing="Fun."))
        last = await telling.tell(DisbandTeam(team_id=former, reason="Merged.", successor_id=team))
        assert await positions.wait(organisation_id, last.position, 10)
        async with database.read.of(organisation_id) as connection:
            found = await connection.fetch("select team_id, state from task where id = $1 and until is null", task)
        assert [tuple(row) for row in found] == [(team, "REQUESTED")]
