"""A promise is overdue once its day has ended for both parties, each in their own zone; a day that is asked for is
everybody's (R6)."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from typing import Any

import asyncpg
import pytest

from domain.values import Role
from tests.api.graphql.conftest import Asker, Someone
from tests.api.graphql.rows import Rows

DUE = date(2023, 2, 20)
AUCKLAND, ANGELES = "Pacific/Auckland", "America/Los_Angeles"
ENDS = {AUCKLAND: datetime(2023, 2, 20, 11, tzinfo=UTC), ANGELES: datetime(2023, 2, 21, 8, tzinfo=UTC)}
ENDS[""] = datetime(2023, 2, 20, 23, tzinfo=UTC)  # the organisation's, in Berlin
ASK = """
query ($one: ID!, $other: ID!, $on: Date, $asOf: AsOf) {
  overdue: commitments(first: 3, on: $on, asOf: $asOf, filter: {overdue: true, between: {one: $one, other: $other}}) {
    nodes { overdue }
  }
  all: commitments(first: 3, on: $on, asOf: $asOf, filter: {between: {one: $one, other: $other}}) {
    nodes { overdue dueEndsAt { promiser beneficiary } }
  }
  timely: commitments(first: 3, on: $on, asOf: $asOf, filter: {overdue: false, between: {one: $one, other: $other}}) {
    nodes { overdue }
  }
  inbox(first: 3, on: $on, asOf: $asOf) { nodes { kind due } }
}
"""


@pytest.fixture
async def apart(writer: asyncpg.Connection) -> AsyncIterator[Rows]:
    """Somebody in Auckland, somebody in Los Angeles, and somebody who says nothing; one promise from each to each."""
    rows = Rows(writer, "alpha")
    made = {"preferences": list[Any](), "task": list[Any]()}
    zones = [AUCKLAND, ANGELES, ""]
    for zone in zones:
        person = rows.of("apart", zone)
        if zone:
            made["preferences"].append(person)
            await rows.add("preferences", person, 5, time_zone=zone)
        for other in zones:
            task = rows.of("apart", f"{zone}/{other}")
            made["task"].append(task)
            await rows.add(
                "task", task, 5, title="It", due_on=DUE, first_due_on=DUE, state="COMMITTED", promiser_id=person,
                first_promiser_id=person, beneficiary_id=rows.of("apart", other), serves_nothing="-", returns=0,
                committed_on=DUE, renegotiations=0,
            )  # fmt: skip
    yield rows
    for table, ids in made.items():
        await writer.execute(f"delete from read.{table} where id = any($1)", ids)


def at(rows: Rows, person: str, moment: datetime) -> Someone:
    return Someone(
        organisation_id=rows.id,
        role=Role.OWNER,
        person_id=rows.of("apart", person),
        time_zone="Europe/Berlin",
        day=moment.date(),
        hour=moment.time(),
    )


async def told(asker: Asker, rows: Rows, one: str, other: str, **when: Any) -> tuple[int, int]:
    """How many of the promises between two are overdue, and how many of the first one's stand in their inbox."""
    ids = {"one": str(rows.of("apart", one)), "other": str(rows.of("apart", other))}
    data = await asker.data(ASK, **ids, **when)
    overdue = data["overdue"]["nodes"]
    assert all(node["overdue"] for node in overdue)
    assert len(overdue) + len(data["timely"]["nodes"]) == len(data["all"]["nodes"])
    return len(overdue), sum(duty["kind"] == "DELIVER" and duty["due"] == str(DUE) for duty in data["inbox"]["nodes"])


async def test_r6_overdue_begins_at_the_quarter_in_which_the_day_has_ended_for_both(asker: Asker, apart: Rows) -> None:
    for one, other in ((AUCKLAND, ANGELES), (ANGELES, AUCKLAND), (AUCKLAND, ""), ("", ANGELES)):
        ends = max(ENDS[one], ENDS[other])
        asker.viewer = at(apart, one, ends.replace(hour=ends.hour - 1, minute=59))
        assert (await told(asker, apart, one, other))[0] == 0
        asker.viewer = at(apart, one, ends)
        assert (await told(asker, apart, one, other))[0] == 2, "each promised the other something"


async def test_r6_the_inbox_has_what_is_overdue_for_both(asker: Asker, apart: Rows) -> None:
    for hours, expected in ((10, 0), (11, 1), (23, 2)):  # to themself, to who says nothing, and not yet to Los Angeles
        asker.viewer = at(apart, AUCKLAND, datetime(2023, 2, 20, hours, tzinfo=UTC))
        assert (await told(asker, apart, AUCKLAND, ANGELES))[1] == expected
    asker.viewer = at(apart, AUCKLAND, ENDS[ANGELES])
    assert (await told(asker, apart, AUCKLAND, ANGELES))[1] == 3


async def test_a_day_that_is_asked_for_is_everybodys(asker: Asker, apart: Rows) -> None:
    for moment in (datetime(2023, 2, 20, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC)):
        asker.viewer = at(apart, AUCKLAND, moment)
        assert await told(asker, apart, AUCKLAND, ANGELES, on="2023-02-20") == (0, 0)
        assert await told(asker, apart, AUCKLAND, ANGELES, on="2023-02-21") == (2, 3)


async def test_as_of_a_moment_it_was_overdue_where_its_day_had_ended_for_both(asker: Asker, apart: Rows) -> None:
    asker.viewer = at(apart, AUCKLAND, datetime(2023, 3, 1, tzinfo=UTC))
    for text, expected in (("2023-02-21T07:59:59Z", 0), ("2023-02-21T08:00:00Z", 2)):
        assert (await told(asker, apart, AUCKLAND, ANGELES, asOf={"time": text}))[0] == expected
    for position, expected in ((50, 0), (51, 2)):  # recorded at nine on the day itself, and on the next
        assert (await told(asker, apart, AUCKLAND, ANGELES, asOf={"position": position}))[0] == expected


async def test_a_promise_tells_when_its_day_ends_for_each(asker: Asker, apart: Rows) -> None:
    ids = {"one": str(apart.of("apart", AUCKLAND)), "other": str(apart.of("apart", ""))}
    nodes = (await asker.data(ASK, **ids))["all"]["nodes"]
    ends = {ENDS[AUCKLAND].isoformat(), ENDS[""].isoformat()}
    assert [set(node["dueEndsAt"].values()) for node in nodes] == [ends, ends]
    assert nodes[0]["dueEndsAt"] != nodes[1]["dueEndsAt"]


async def test_what_is_kept_of_an_answer_holds_for_a_quarter_of_an_hour(asker: Asker, apart: Rows) -> None:
    asker.positions.position, asker.positions.sure = 64, True
    ids = {"one": str(apart.of("apart", AUCKLAND)), "other": str(apart.of("apart", ""))}
    operation, counts = asker.operation(ASK), list[int]()
    for moment in (time(22, 45), time(22, 59, 59), time(23)):
        asker.viewer = at(apart, AUCKLAND, datetime.combine(DUE, moment, UTC))
        answer = json.loads((await asker.reads.answer(operation, ids, asker.viewer)).body)
        counts.append(len(answer["data"]["overdue"]["nodes"]))
    assert counts == [0, 0, 2]
    assert asker.reads.counts["kept"] == 1
