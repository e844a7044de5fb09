"""Each way to ask for commitments, beside the rows themselves."""

from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import id_of

Row = Any
ASK = """
query ($filter: TaskFilter, $by: TaskOrder! = DUE, $on: Date) {
  commitments(filter: $filter, orderBy: $by, first: 50, on: $on) { totalCount nodes { id } }
}
"""
ON = "2023-02-15"  # between due days
BELOW = {0: {0, 1, 2, 3, 5, 6, 7}, 2: {2, 5, 6, 7}, 4: {4}}  # as they are aligned since outcome 4 serves no other
TEAM_BELOW = {0: {0, 2}, 1: {1, 3}}  # the members, teams below included


def of(kind: str, nth: int) -> str:
    return str(id_of("alpha", kind, nth))


def person(row: Row, column: str) -> int | None:
    return next((nth for nth in range(4) if str(row[column]) == of("person", nth)), None)


def parties(row: Row) -> set[int | None]:
    return {person(row, "promiser_id"), person(row, "beneficiary_id")}


WAYS: dict[str, tuple[dict[str, Any], Callable[[Row], bool]]] = {
    "made by": ({"promiser": of("person", 1)}, lambda r: person(r, "promiser_id") == 1),
    "made to": ({"beneficiary": of("person", 1)}, lambda r: person(r, "beneficiary_id") == 1),
    "asked by": ({"requester": of("person", 2)}, lambda r: person(r, "requester_id") == 2),
    "asked by nobody": ({"requester": None}, lambda r: r["requester_id"] is None),
    "between": (
        {"between": {"one": of("person", 0), "other": of("person", 1)}},
        lambda r: parties(r) == {0, 1},
    ),
    "between, the other way": (
        {"between": {"one": of("person", 1), "other": of("person", 0)}},
        lambda r: parties(r) == {0, 1},
    ),
    "asked of a team": ({"team": of("team", 0)}, lambda r: str(r["team_id"]) == of("team", 0)),
    "of a team and below": (
        {"under": of("team", 0)},
        lambda r: str(r["team_id"]) == of("team", 0) or person(r, "promiser_id") in TEAM_BELOW[0],
    ),
    "of a team without one": ({"under": of("team", 1)}, lambda r: person(r, "promiser_id") in TEAM_BELOW[1]),
    "due window": (
        {"dueFrom": "2023-02-01", "dueTo": "2023-02-02"},
        lambda r: "2023-02-01" <= r["due_on"].isoformat() <= "2023-02-02",
    ),
    "state": ({"state": ["KEPT", "BROKEN"]}, lambda r: r["state"] in {"KEPT", "BROKEN"}),
    "overdue": ({"overdue": True}, lambda r: r["state"] == "COMMITTED" and r["due_on"].isoformat() < ON),
    "not overdue": ({"overdue": False}, lambda r: not (r["state"] == "COMMITTED" and r["due_on"].isoformat() < ON)),
    "blocked": ({"blocked": True}, lambda r: r["blocked"]),
    "renegotiated": ({"renegotiatedAtLeast": 2}, lambda r: r["renegotiations"] >= 2),
    "of an outcome": ({"outcome": of("outcome", 1)}, lambda r: str(r["outcome_id"]) == of("outcome", 1)),
    "serving nothing": ({"outcome": None}, lambda r: r["outcome_id"] is None),
    "serving an outcome": (
        {"serving": of("outcome", 2)},
        lambda r: str(r["outcome_id"]) in {of("outcome", nth) for nth in BELOW[2]},
    ),
    "serving the highest": (
        {"serving": of("outcome", 0)},
        lambda r: str(r["outcome_id"]) in {of("outcome", nth) for nth in BELOW[0]},
    ),
    "of an initiative": ({"initiative": of("initiative", 1)}, lambda r: str(r["initiative_id"]) == of("initiative", 1)),
    "tagged": ({"tag": of("tag", 0)}, lambda r: of("tag", 0) in r["tags"]),
}
EMPTY = {"asked by"}  # the rows know no requester


@pytest.fixture
async def tasks(writer: asyncpg.Connection) -> list[Row]:
    await writer.execute("update read.task set renegotiations = extract(day from due_on)::int % 4 where until is null")
    return await writer.fetch(
        "select k.*, exists (select from read.task_block b where b.task_id = k.id and b.until is null) as blocked,"
        " array(select g.tag_id::text from read.tagging g where g.entity_id = k.id and g.until is null) as tags"
        " from read.task k where k.organisation_id = $1 and k.until is null",
        id_of("alpha", "organisation", 0),
    )


@pytest.mark.parametrize("way", WAYS)
async def test_commitments_are_those_that_fulfil_every_key(asker: Asker, tasks: list[Row], way: str) -> None:
    asked, holds = WAYS[way]
    expected = {str(row["id"]) for row in tasks if holds(row)}
    found = (await asker.data(ASK, filter=asked, on=ON))["commitments"]
    assert {one["id"] for one in found["nodes"]} == expected
    assert found["totalCount"] == len(expected)
    assert (not expected) is (way in EMPTY)


async def test_keys_are_joined_with_and(asker: Asker, tasks: list[Row]) -> None:
    first, second = WAYS["made by"], WAYS["serving the highest"]
    expected = {str(row["id"]) for row in tasks if first[1](row) and second[1](row)}
    found = (await asker.data(ASK, filter=first[0] | second[0], on=ON))["commitments"]
    assert {one["id"] for one in found["nodes"]} == expected != set()


async def test_the_most_renegotiated_come_first(asker: Asker, tasks: list[Row]) -> None:
    times = {str(row["id"]): row["renegotiations"] for row in tasks}
    found = (await asker.data(ASK, by="RENEGOTIATIONS_DESC"))["commitments"]["nodes"]
    told = [times[one["id"]] for one in found]
    assert told == sorted(times.values(), reverse=True)
