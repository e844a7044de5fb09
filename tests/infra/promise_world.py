"""Where the state machine of promises plays: the product over the database of the tests, and what it is asked there."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from api.graphql.document import Documents
from api.graphql.plans import Reads
from api.graphql.schema import Built, build
from api.viewer import Viewer
from domain.delegation import DelegateDuties
from domain.kernel import Command, Issued
from domain.organisation import SetCalendar
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.policy import SetPolicy
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.ledger import Ledger
from infra.positions import Positions
from infra.sequencer import Accepted
from infra.settings import Settings
from infra.timekeeper import Timekeeper
from tests.infra.at_work import Telling, founded, projecting
from tests.infra.plain_answers import SMALL_NUMBER, Away
from tests.infra.plain_promises import ANSWERED_WITHIN, BLOCKED_FOR, Plain

ZONE = "Asia/Kolkata"
ROWS = """
select k.id, k.state, k.title, k.effort, k.due_on, k.first_due_on, k.promiser_id, k.first_promiser_id, k.beneficiary_id,
       k.requester_id, k.team_id, k.serves_nothing, k.requested_on, k.committed_on, k.delivered_on, k.ended_on,
       k.returns, k.renegotiations, k.acceptance_passed_on is not null as unanswered, k.former_id,
       k.recurs_every, k.recurs_until,
       array(select f.due_on from former_due f where f.organisation_id = $1 and f.task_id = k.id and f.since <= $2
              order by f.since) as former,
       array(select d.due_on from due_passed d where d.organisation_id = $1 and d.task_id = k.id and d.since <= $2
              order by d.since) as passed,
       array(select c.person_id from task_contributor c where c.organisation_id = $1 and c.task_id = k.id
                and c.since <= $2 and (c.until is null or c.until > $2) order by c.person_id) as contributors,
       (select p.state from proposed_terms p where p.organisation_id = $1 and p.task_id = k.id and p.since <= $2
         order by p.since desc limit 1) as terms_became,
       (select row(b.blocked_on, b.act_by, b.aged_on is not null) from task_block b
         where b.organisation_id = $1 and b.task_id = k.id and b.since <= $2 and (b.until is null or b.until > $2)
       ) as block
  from task k
 where k.organisation_id = $1 and k.since <= $2 and (k.until is null or k.until > $2)
"""
WINDOW = """window {
  promises counted kept late overdue broken releasedInTime releasedLate handedOver unanswered keptFirst
  renegotiations returns rate firstDateRate renegotiationsPerPromise returnsPerPromise medianDaysLate
}"""
LOAD = "promised overdue requested promises requests withoutEffort"
FOUR = "\n".join(
    f"f{nth}: followThrough(person: $p{nth}, from: $from, to: $to, asOf: $asOf, on: $then) {{ {WINDOW} }}\n"
    f"l{nth}: load(person: $p{nth}, asOf: $asOf, on: $then) {{ {LOAD} }}"
    for nth in range(4)
)
ASKED = f"""
query ($p0: ID!, $p1: ID!, $p2: ID!, $p3: ID!, $from: Date!, $to: Date!, $on: Date, $then: Date!, $asOf: AsOf) {{
  inbox(first: 100, asOf: $asOf, on: $on) {{ nodes {{ kind due task {{ id }} person {{ id }} }} }}
  commitments(first: 100, asOf: $asOf, on: $on, filter: {{overdue: true}}) {{ nodes {{ id overdue }} }}
  timely: commitments(first: 100, asOf: $asOf, on: $on, filter: {{overdue: false}}) {{ nodes {{ id overdue }} }}
  {FOUR}
}}"""


def row_of(plain: Plain) -> dict[str, Any]:
    """What the read models should tell of it."""
    block, series = plain.blocked, plain.series
    return {
        "state": plain.state,
        "title": plain.terms.title,
        "effort": plain.terms.effort,
        "due_on": plain.terms.due,
        "first_due_on": plain.first_due,
        "promiser_id": plain.promiser,
        "first_promiser_id": plain.first_promiser,
        "beneficiary_id": plain.beneficiary,
        "requester_id": plain.requester,
        "team_id": plain.team,
        "serves_nothing": plain.serves_nothing,
        "requested_on": plain.asked_on,
        "committed_on": plain.committed_on,
        "delivered_on": plain.delivered_on,
        "ended_on": plain.ended_on,
        "returns": plain.returns,
        "renegotiations": plain.renegotiations,
        "unanswered": plain.unanswered,
        "former_id": plain.former_task,
        "recurs_every": series.every if series else None,
        "recurs_until": series.last if series else None,
        "former": plain.former,
        "passed": plain.passed,
        "contributors": sorted(plain.contributors),
        "terms_became": plain.terms_became,
        "block": (block.on, block.act_by, block.aged) if block else None,
    }


@dataclass(frozen=True, kw_only=True)
class Looking(Viewer):
    """A viewer at a moment that the machine chooses."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass
class Peopled:
    """An organisation of four people, the last of whom leads a team of the second and the third."""

    telling: Telling
    people: list[UUID]
    team_id: UUID
    away: Away

    @property
    def leads(self) -> dict[UUID, UUID]:
        return dict.fromkeys(self.people[1:3], self.people[3])


class World:
    """A ledger with a projector at work, and what may be asked of its read models."""

    def __init__(self, database: Database, ledger: Ledger, positions: Positions, built: Built) -> None:
        self.database, self.ledger, self.positions = database, ledger, positions
        self.reads = Reads(built.model, database.read, positions)
        self.asked = Documents(built.core, self.reads.limits).get(ASKED).operation(None)

    async def peopled(self, first: date) -> Peopled:
        telling, team_id = await founded(self.ledger), uuid4()
        others = [uuid4() for _ in range(3)]
        away = Away(others[0], others[1], first + timedelta(2), first + timedelta(12))
        policy = SetPolicy(
            acknowledgement_days=ANSWERED_WITHIN.days, block_days=BLOCKED_FOR.days, small_number=SMALL_NUMBER
        )
        for command in (
            SetCalendar(time_zone=ZONE),
            policy,
            *(RegisterPerson(person_id=one, name="Somebody") for one in others),
            FormTeam(team_id=team_id, name="Two", lead_ids=(others[2],)),
            *(JoinTeam(team_id=team_id, person_id=one) for one in others[:2]),
            DelegateDuties(
                person_id=away.person, delegate_id=away.delegate, starts_on=away.first, ends_on=away.last, reason="Ill."
            ),
        ):
            await telling.tell(command)
        return Peopled(telling, [telling.person_id, *others], team_id, away)

    async def tell(self, command: Command, issued: Issued) -> Accepted:
        return await self.ledger.execute(command, issued)

    async def looked(self, organisation_id: UUID, position: int, moment: datetime) -> int:
        """The timekeeper looks through the organisation; how far the ledger is then."""
        assert await self.positions.wait(organisation_id, position, 10)
        return position + await Timekeeper(self.database, self.ledger)._look_through(organisation_id, moment)

    async def rows(self, organisation_id: UUID, position: int, head: int) -> dict[UUID, dict[str, Any]]:
        assert await self.positions.wait(organisation_id, head, 10)
        async with self.database.read.of(organisation_id) as connection:
            rows = await connection.fetch(ROWS, organisation_id, position)
        return {row["id"]: {key: value for key, value in row.items() if key != "id"} for row in rows}

    async def answer(self, viewer: Viewer, head: int, variables: Mapping[str, Any]) -> dict[str, Any]:
        assert await self.positions.wait(viewer.organisation_id, head, 10)
        told = json.loads((await self.reads.answer(self.asked, variables, viewer)).body)
        assert "errors" not in told, told
        return told["data"]


@asynccontextmanager
async def opened(postgres: EmbeddedServer, database_name: str) -> AsyncGenerator[World]:
    """Over the database of the tests."""
    url = postgres.url(database_name), postgres.application_url(database_name)
    database = await Database.open(Settings(), *url)
    try:
        async with projecting(database) as (ledger, _, positions):
            yield World(database, ledger, positions, build())
    finally:
        await database.close()
