"""Follow-through: the arithmetic in SQL beside the plain one, over whatever becomes of some promises."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import Event
from infra.database import Database
from projections.accountability import revisions
from projections.rows import Recorded, Sheet
from tests.projections.plain_promises import START, Act, Story, follow_through

PEOPLE = [uuid4() for _ in range(3)]
WEIGHED = ["renegotiate", "deliver", "take", "hand over", "accept", "return", "release", "break", "block", "counter"]
acts = st.tuples(st.sampled_from(WEIGHED), st.integers(0, 5), st.integers(-2, 9))
begins = st.tuples(st.sampled_from(["commit", "ask"]), st.integers(0, 3), st.integers(0, 9))
histories = st.lists(st.tuples(begins, st.lists(acts, min_size=1, max_size=8)), min_size=1, max_size=8)
days = st.integers(-3, 40).map(lambda nth: START + timedelta(nth))


def recorded(organisation_id: UUID, position: int, day: date, event: Event) -> Recorded:
    at, one = datetime.combine(day, time(12), UTC), uuid4()
    return Recorded(
        organisation_id=organisation_id, position=position, event_id=one, event=event, type=type(event).__name__,
        command_id=one, correlation_id=one, causation_id=one, actor="system", tags=(), reason=None, recorded_at=at,
        occurred_at=at, day=day,
    )  # fmt: skip


async def stored(database: Database, stories: Sequence[Story]) -> UUID:
    """The rows that the projection makes of the stories, one story after the other."""
    organisation_id, sheet = uuid4(), Sheet()
    told = [one for story in stories for one in story.told]
    for position, (day, event) in enumerate(told, start=1):
        for revision in revisions(recorded(organisation_id, position, day, event)):
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


async def told(
    database: Database, organisation_id: UUID, person: UUID, first: date, last: date, on: date, position: int
) -> dict[str, Any]:
    async with database.read.of(organisation_id) as connection:
        row = await connection.fetchrow(
            "select * from follow_through($1, $2, null, $3, $4, $5, $6)",
            organisation_id, person, first, last, position, on,
        )  # fmt: skip
    return {name: row[name] for name in list(row.keys())[4:]} if row else {}


def played(history: Sequence[tuple[Act, Sequence[Act]]]) -> list[Story]:
    stories = [Story(uuid4(), PEOPLE) for _ in history]
    for story, (begin, steps) in zip(stories, history, strict=True):
        for act in (begin, *steps):
            story.go(act)
    return stories


@given(histories, days, st.integers(0, 30), days)
async def test_follow_through_is_what_it_plainly_is(
    database: Database, history: list[tuple[Act, list[Act]]], first: date, length: int, on: date
) -> None:
    stories = played(history)
    organisation_id = await stored(database, stories)
    position, last = sum(len(one.told) for one in stories), first + timedelta(length)
    parts = [part for one in stories for part in one.parts]
    for person in PEOPLE:
        assert await told(database, organisation_id, person, first, last, on, position) == pytest.approx(
            follow_through(parts, [person], first, last, on, 5)
        )


async def one(
    database: Database, *acts: Act, position: int | None = None, on: date = START + timedelta(60)
) -> dict[str, int]:
    """What is not nothing of all parts of one promise, told of everybody together."""
    (story,) = played([(acts[0], acts[1:])])
    organisation_id = await stored(database, [story])
    sums: dict[str, int] = {}
    for person in PEOPLE:
        found = await told(database, organisation_id, person, START, START + timedelta(50), on, position or 99)
        for name, value in found.items():
            sums[name] = sums.get(name, 0) + (value or 0)
    return {name: value for name, value in sums.items() if value}


async def test_renegotiated_before_it_was_due_the_new_date_counts_and_after_it_the_old(database: Database) -> None:
    in_time = await one(database, ("commit", 0, 5), ("renegotiate", 3, 9), ("deliver", 6, 0))
    assert in_time == {"promises": 1, "counted": 1, "kept": 1, "renegotiations": 1, "unanswered": 1}
    too_late = await one(database, ("commit", 0, 5), ("renegotiate", 6, 9), ("deliver", 3, 0))
    assert too_late == {"promises": 1, "counted": 1, "late": 1, "renegotiations": 1, "unanswered": 1}


async def test_what_was_released_in_time_is_not_counted_and_later_it_is_unless_delivered(database: Database) -> None:
    assert await one(database, ("commit", 0, 5), ("release", 5, 0)) == {"promises": 1, "released_in_time": 1}
    late = await one(database, ("commit", 0, 5), ("release", 6, 0))
    assert late == {"promises": 1, "counted": 1, "released_late": 1}
    delivered = await one(database, ("commit", 0, 5), ("deliver", 5, 0), ("release", 4, 0))
    assert delivered == {"promises": 1, "counted": 1, "kept": 1, "kept_first": 1}


async def test_whoever_hands_it_over_after_it_was_due_has_not_kept_it_and_before_that_has_not_promised(
    database: Database,
) -> None:
    after = await one(database, ("commit", 0, 5), ("hand over", 6, 0), ("accept", 0, 0), ("deliver", 0, 0))
    assert after == {"promises": 1, "counted": 1, "handed_over": 1}
    before = await one(database, ("commit", 0, 5), ("hand over", 2, 0), ("accept", 0, 0), ("deliver", 2, 0))
    assert before == {"promises": 1, "counted": 1, "kept": 1, "kept_first": 1, "unanswered": 1}


async def test_the_first_day_of_whoever_takes_it_over_is_the_one_that_stood_then(database: Database) -> None:
    handed: list[Act] = [("hand over", 1, 0), ("accept", 0, 0), ("deliver", 4, 0)]
    found = await one(database, ("commit", 0, 5), ("renegotiate", 1, 9), *handed)
    assert found == {"promises": 1, "counted": 1, "kept": 1, "kept_first": 1, "unanswered": 1}


async def test_what_was_broken_before_it_was_due_is_counted(database: Database) -> None:
    assert await one(database, ("commit", 0, 5), ("break", 2, 0)) == {"promises": 1, "counted": 1, "broken": 1}


async def test_the_day_asked_for_in_a_counter_was_never_promised(database: Database) -> None:
    found = await one(database, ("ask", 0, 2), ("counter", 5, 5), ("deliver", 5, 0))
    assert found == {"promises": 1, "counted": 1, "kept": 1, "kept_first": 1, "unanswered": 1}


async def test_as_of_before_it_was_delivered_it_was_overdue_and_on_its_day_not_due_yet(database: Database) -> None:
    acts: list[Act] = [("commit", 0, 5), ("deliver", 8, 0)]
    assert await one(database, *acts, position=1) == {"promises": 1, "counted": 1, "overdue": 1}
    assert (await one(database, *acts))["late"] == 1
    assert await one(database, *acts, on=START + timedelta(5)) == {}


async def test_what_is_accepted_on_the_day_before_the_promisers_own_is_delivered_then(database: Database) -> None:
    acts = (("commit", 0, 5), ("deliver", 8, 2), ("take", 0, 0))  # delivered on the 9th where the promiser is
    for day, found in ((7, {"overdue": 1}), (8, {"late": 1})):
        assert await one(database, *acts, on=START + timedelta(day)) == {"promises": 1, "counted": 1} | found
