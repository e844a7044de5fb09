"""A world in which some outcomes are not for everybody: every text and id of an outcome bears its mark, and who may see
what is told plainly, to compare with."""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from domain.values import Role
from tests.api.graphql.conftest import Someone
from tests.api.graphql.rows import BEGAN, HEAD, Rows, id_of

OUTCOMES, TEAMS, PEOPLE = 12, 5, 4
PARENTS = {2: 1, 3: 1, 4: 0}  # as they stand now
LEVELS = ("ORGANISATION", "TEAM", "NAMED", "OWNER_AND_LEADS")
TEXTS = {
    "measure": ("title", "source"),
    "reading": ("note", "evidence"),
    "check_in": ("moved", "set_back", "next"),
    "milestone": ("title", "note", "missed_because"),
    "former_day": ("reason",),
    "celebration": ("title", "text"),
    "boundary": ("title", "reason"),
}
ENCODED = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
ALPHA = id_of("alpha", "organisation", 0)


def mark(nth: int) -> str:
    """Stands in every text of an outcome."""
    return f"secret{nth:02}x"


def outcome(nth: int) -> UUID:
    return id_of("alpha", "outcome", nth)


@dataclass(frozen=True)
class Restriction:
    """Who may see an outcome, and who has to do with it."""

    visibility: str = "ORGANISATION"
    team: int | None = None
    owner: int | None = None
    reviewer: int | None = None
    named: frozenset[int] = frozenset()


@dataclass(frozen=True)
class World:
    """Restrictions by outcome, and who is in which team: (team, person) → whether as a lead."""

    restrictions: dict[int, Restriction] = field(default_factory=dict[int, Restriction])
    members: dict[tuple[int, int], bool] = field(default_factory=dict[tuple[int, int], bool])

    def sees(self, person: int | None, nth: int) -> bool:
        """Plainly, by the words of R15."""
        one = self.restrictions.get(nth, Restriction())
        if one.visibility == "ORGANISATION":
            return True
        if person is None:
            return False
        above: list[int] = []
        team = one.team
        while team is not None:
            above.append(team)
            team = PARENTS.get(team)
        match one.visibility:
            case "TEAM":
                return person in {one.owner, one.reviewer} or any((team, person) in self.members for team in above)
            case "NAMED":
                own = one.team is not None and self.members.get((one.team, person), False)
                return person in {one.owner, one.reviewer} | one.named or own
            case _:
                return person in {one.owner, one.reviewer} or any(
                    self.members.get((team, person), False) for team in above
                )

    def hidden(self, person: int | None) -> set[int]:
        return {nth for nth in range(OUTCOMES) if not self.sees(person, nth)}


def viewer(person: int | None, role: Role = Role.MEMBER) -> Someone:
    return Someone(
        organisation_id=ALPHA,
        role=role,
        person_id=None if person is None else id_of("alpha", "person", person),
        api_key_id=id_of("alpha", "key", 0),
        time_zone="Europe/Berlin",
    )


async def marked(connection: asyncpg.Connection) -> None:
    """Adds boundaries, a computed measure, and entries of things that hang on outcomes; marks every text."""
    rows = Rows(connection, "alpha")
    for nth, figure in ((1, "2.0"), (2, "2.1"), (3, "7.0")):
        await rows.add(
            "boundary", rows.of("boundary", nth), 40, None, outcome_id=outcome(nth), title="Errors",
            figure_id=rows.of("measure", figure), lower=None, upper=Decimal(400), reason=None,
        )  # fmt: skip
    inputs = [rows.of("measure", one) for one in ("2.0", "3.0", "5.0")]
    await connection.execute(
        "update read.measure set computation = 'SUM', input_ids = $1 where id = $2", inputs, rows.of("measure", "1.0")
    )
    said: list[tuple[str, UUID, list[UUID], dict[str, Any]]] = [
        ("task.committed", rows.of("task", nth), [outcome(nth % 6)], {"title": "T", "outcomeId": str(outcome(nth % 6))})
        for nth in (1, 2, 3, 5)
    ]
    said += [
        ("measure.set", rows.of("measure", f"{nth}.0"), [outcome(nth)], {"outcomeId": str(outcome(nth))})
        for nth in (2, 3, 5)
    ]
    said += [("outcome.aligned", outcome(lower), [outcome(higher)], {"higherId": str(outcome(higher))})
             for lower, higher in ((1, 0), (6, 3))]  # fmt: skip
    said.append(("measure.set", rows.of("measure", "1.0"), [outcome(1)], {"inputIds": [str(one) for one in inputs]}))
    for nth, (kind, entity, concerned, body) in enumerate(said, start=HEAD + 1):
        moment = BEGAN + timedelta(days=nth)
        entry = rows.of("entry", nth)
        await rows.add(
            "entry", entry, nth, None, position=nth, entity_id=entity, type=kind, recorded_at=moment,
            occurred_at=moment, actor=f"person:{rows.of('person', 0)}", actor_id=rows.of("person", 0),
            **rows.cause(nth), reason=None, said=json.dumps(body),
        )  # fmt: skip
        for one in [entity, *concerned]:
            await rows.add("concerned", one, nth, None, entry_id=entry, position=nth)
    await connection.execute(
        "update read.checkpoint set position = $1 where organisation_id = $2", HEAD + len(said), ALPHA
    )
    for nth in range(OUTCOMES):
        given = (mark(nth), outcome(nth))
        await connection.execute(
            "update read.outcome set title = title || $1, description = description || $1 where id = $2", *given
        )
        for table, columns in TEXTS.items():
            told = ", ".join(f"{one} = {one} || $1" for one in columns)
            await connection.execute(f"update read.{table} set {told} where outcome_id = $2", *given)
        await connection.execute(
            "update read.entry set reason = reason || $1, said = replace(said::text, 'Title ', 'Title ' || $1)::json"
            " where entity_id = $2", *given,
        )  # fmt: skip
    await connection.execute(
        "update read.measure_terms t set reason = t.reason || (select m.title from read.measure m where m.id ="
        " t.measure_id) where organisation_id = $1", ALPHA,
    )  # fmt: skip
    await connection.execute(
        "update read.reference set external_id = external_id || $1 where entity_id = $2", mark(0), outcome(0)
    )


async def put(connection: asyncpg.Connection, world: World) -> None:
    """Makes the rows say what the world says, and nothing else of visibility."""
    async with connection.transaction():
        await connection.execute("delete from read.membership where organisation_id = $1", ALPHA)
        await connection.execute("delete from read.outcome_reader where organisation_id = $1", ALPHA)
        await connection.execute(
            "update read.outcome set visibility = 'ORGANISATION' where organisation_id = $1", ALPHA
        )
        rows = Rows(connection, "alpha")
        for (team, person), lead in world.members.items():
            await rows.add(
                "membership", rows.of("member", f"{team}.{person}"), 4, None, team_id=rows.of("team", team),
                person_id=rows.of("person", person), lead=lead,
            )  # fmt: skip
        for nth, one in world.restrictions.items():
            await connection.execute(
                "update read.outcome set visibility = $1, team_id = $2, owner_id = $3, reviewer_id = $4"
                " where id = $5 and until is null",
                one.visibility,
                None if one.team is None else rows.of("team", one.team),
                None if one.owner is None else rows.of("person", one.owner),
                None if one.reviewer is None else rows.of("person", one.reviewer),
                outcome(nth),
            )
            for person in one.named:
                await rows.add(
                    "outcome_reader", rows.of("reader", f"{nth}.{person}"), 4, None, outcome_id=outcome(nth),
                    person_id=rows.of("person", person),
                )  # fmt: skip


async def names_of(connection: asyncpg.Connection, hidden: set[int]) -> set[str]:
    """Every id and mark by which a hidden outcome, or what hangs on it, could be known."""
    ids = [outcome(nth) for nth in hidden]
    found = {mark(nth) for nth in hidden} | {str(one) for one in ids}
    for table in TEXTS:
        rows = await connection.fetch(f"select distinct id from read.{table} where outcome_id = any($1)", ids)
        found |= {str(row["id"]) for row in rows}
    rows = await connection.fetch(
        "select e.id from read.entry e join read.concerned k on k.entry_id = e.id"
        " where k.id = any($1) and e.type not like 'task.%'", ids,
    )  # fmt: skip
    return found | {str(row["id"]) for row in rows}


def leaks(answer: Any, names: set[str], given: str) -> set[str]:
    """The names that stand in an answer, also inside its cursors; those that the question gave are no news."""
    text = json.dumps(answer, ensure_ascii=False)
    for one in ENCODED.findall(text):
        try:
            text += base64.b64decode(one, validate=True).decode("utf-8", "ignore")
        except binascii.Error:
            continue
    return {name for name in names if name in text and name not in given}


TODAY = date(2023, 2, 20)
