"""Load: the arithmetic in SQL beside the plain one, over whatever was promised, asked for, and said to be possible."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.capacity import CapacityStated
from domain.kernel import Event
from domain.organisation import OrganisationFounded
from domain.people import TeamFormed, TeamJoined
from domain.policy import EffortUnit
from infra.database import Database
from projections import accountability, capacity, organisation
from projections.rows import Recorded, Sheet
from tests.projections.plain_load import START, Piece, Statement, load, told

SIX = [uuid4() for _ in range(6)]
TEAM = uuid4()
ACTS = ["accept", "decline", "deliver", "return", "release", "hand over"]
acts = st.tuples(st.sampled_from(ACTS), st.integers(0, 8), st.sampled_from(SIX))
begins = st.tuples(st.sampled_from(["commit", "ask", "ask a team"]), st.integers(0, 3), st.sampled_from(SIX))
tasks = st.tuples(
    st.integers(-3, 30), st.none() | st.integers(0, 9), begins, st.lists(acts, max_size=4)
)  # due, effort, and what happens
statements = st.tuples(
    st.integers(-30, 20), st.none() | st.integers(0, 9), st.sampled_from(["POINTS", "POINTS", "HOURS"])
)
said = st.dictionaries(st.sampled_from(SIX), st.lists(statements, min_size=1, max_size=3), max_size=6)
days = st.integers(-1, 25).map(lambda nth: START + timedelta(nth))


def recorded(organisation_id: UUID, position: int, day: date, event: Event) -> Recorded:
    at, one = datetime.combine(day, time(12), UTC), uuid4()
    return Recorded(
        organisation_id=organisation_id, position=position, event_id=one, event=event, type=type(event).__name__,
        command_id=one, correlation_id=one, causation_id=one, actor="system", tags=(), reason=None, recorded_at=at,
        occurred_at=at, day=day,
    )  # fmt: skip


async def stored(database: Database, story: Sequence[tuple[date, Event]]) -> UUID:
    """The rows that the projections make of an organisation with one team, and of what was told in it."""
    organisation_id, sheet = uuid4(), Sheet()
    founding = [
        OrganisationFounded(organisation_id=organisation_id, name="Harbour", time_zone="UTC"),
        TeamFormed(team_id=TEAM, name="Team"),
        *(TeamJoined(team_id=TEAM, person_id=one) for one in SIX),
    ]
    everything = [*((START, one) for one in founding), *story]
    for position, (day, event) in enumerate(everything, start=1):
        for projection in (organisation, accountability, capacity):
            for revision in projection.revisions(recorded(organisation_id, position, day, event)):
                sheet.apply(revision, position)
    async with database.owner_connection() as owner:
        for table, row_id, since, until, values in sheet.written():
            names = ["organisation_id", "id", "since", "until", *values]
            places = ", ".join(f"${nth + 1}" for nth in range(len(names)))
            await owner.execute(
                f"insert into read.{table.name} ({', '.join(names)}) values ({places})",
                organisation_id, row_id, since, until, *values.values(),
            )  # fmt: skip
    return organisation_id


async def found(
    database: Database, organisation_id: UUID, on: date, person: UUID | None = None, *, each: bool = True
) -> dict[str, Any]:
    async with database.read.of(organisation_id) as connection:
        row = await connection.fetchrow(
            "select * from load($1, $2, $3, 9999, $4, $5)",
            organisation_id, person, None if person else TEAM, on, each,
        )  # fmt: skip
    assert row is not None
    assert (row["from_on"], row["to_on"], row["unit"]) == (on, on + timedelta(13), "POINTS")
    numbers = dict(list(row.items())[5:])
    return {name: float(one) if isinstance(one, Decimal) else one for name, one in numbers.items()}


def said_events(what: dict[UUID, list[Statement]]) -> list[tuple[date, Event]]:
    return [
        (
            START,
            CapacityStated(
                person_id=person,
                effective_on=START + timedelta(day),
                per_week=None if amount is None else Decimal(amount),
                unit=None if amount is None else EffortUnit(unit),
            ),
        )
        for person, statements in what.items()
        for day, amount, unit in statements
    ]


Told = tuple[int, int | None, tuple[str, int, UUID], list[tuple[str, int, UUID]]]


@given(st.lists(tasks, max_size=8), said, days)
async def test_load_is_what_it_plainly_is(
    database: Database, history: list[Told], what: dict[UUID, list[Statement]], on: date
) -> None:
    pieces, story = list[Piece](), said_events(what)
    for due, effort, begin, steps in history:
        pieces.append(Piece(uuid4(), None, START + timedelta(due), effort))
        story += told(pieces[-1], TEAM, [begin, *steps])
    organisation_id = await stored(database, story)
    for each in (True, False):
        whole = load(pieces, SIX, what, on, each=each)
        assert await found(database, organisation_id, on, each=each) == pytest.approx(whole)
    theirs = [one for one in pieces if one.whose is not None]
    for person in SIX[:2]:
        alone = load(theirs, [person], what, on, each=True)
        assert await found(database, organisation_id, on, person) == pytest.approx(alone)


async def of_one(database: Database, *acts: tuple[str, int, UUID], on: int = 5, **terms: Any) -> dict[str, Any]:
    """What is not nothing of one task of three points, where the first of the team can give seven a week."""
    piece = Piece(uuid4(), None, START + timedelta(terms.pop("due", 9)), terms.pop("effort", 3))
    story = [*said_events({SIX[0]: terms.pop("said", [(0, 7, "POINTS")])}), *told(piece, TEAM, acts)]
    organisation_id = await stored(database, story)
    numbers = await found(database, organisation_id, START + timedelta(on))
    return {name: value for name, value in numbers.items() if value and name not in {"people", "without_capacity"}}


async def test_what_is_promised_counts_against_a_fortnights_capacity(database: Database) -> None:
    told = await of_one(database, ("commit", 0, SIX[0]))
    assert told == {"capacity": 14, "promised": 3, "measured": 3, "promises": 1, "ratio": pytest.approx(3 / 14)}
    overdue = await of_one(database, ("commit", 0, SIX[0]), due=4)
    assert overdue["overdue"] == overdue["promised"] == 3
    assert "promised" not in await of_one(database, ("commit", 0, SIX[0]), due=19), "due on the fifteenth day"
    assert (await of_one(database, ("commit", 0, SIX[0]), due=18))["promised"] == 3


async def test_more_than_the_capacity_is_an_overload_and_as_much_is_none(database: Database) -> None:
    assert "overloaded" not in await of_one(database, ("commit", 0, SIX[0]), effort=14)
    told = await of_one(database, ("commit", 0, SIX[0]), effort=15)
    assert (told["overloaded"], told["ratio"]) == (True, pytest.approx(15 / 14))
    nothing = await of_one(database, ("commit", 0, SIX[0]), said=[(0, 0, "POINTS")])
    assert nothing["overloaded"] is True
    assert "ratio" not in nothing


async def test_what_was_asked_for_is_told_apart_until_it_is_promised(database: Database) -> None:
    asked = await of_one(database, ("ask", 0, SIX[0]))
    assert asked == {"capacity": 14, "requested": 3, "requests": 1}
    accepted = await of_one(database, ("ask", 0, SIX[0]), ("accept", 1, SIX[0]))
    assert (accepted["promised"], "requested" in accepted) == (3, False)
    assert (await of_one(database, ("ask a team", 0, SIX[1])))["requested"] == 3


async def test_a_statement_has_to_cover_every_day_of_the_fortnight(database: Database) -> None:
    assert "capacity" not in await of_one(database, ("commit", 0, SIX[0]), said=[(6, 7, "POINTS")])
    changed = await of_one(database, ("commit", 0, SIX[0]), said=[(0, 7, "POINTS"), (12, 14, "POINTS")])
    assert changed["capacity"] == 7 + 14
    assert "capacity" not in await of_one(database, ("commit", 0, SIX[0]), said=[(0, 7, "POINTS"), (12, None, "")])
    assert "capacity" not in await of_one(database, ("commit", 0, SIX[0]), said=[(0, 7, "HOURS")])


async def test_on_the_day_before_its_delivery_it_was_open(database: Database) -> None:
    acts = (("commit", 0, SIX[0]), ("deliver", 7, SIX[0]))
    assert (await of_one(database, *acts, on=5))["promised"] == 3
    assert "promised" not in await of_one(database, *acts, on=6)
