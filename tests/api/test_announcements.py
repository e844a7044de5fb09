"""Public events asked for and listened to: each once, in order, from where one stopped, and nothing that is hidden."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.subscription import PAGE
from domain.public_events import CATALOGUE
from tests.api.edge import JSON, Edge
from tests.api.listening import STREAM, introduced, streamed

EVENTS = """query ($since: Position!, $filter: PublicEventFilter) {
  publicEvents(since: $since, filter: $filter, first: 100) {
    nodes { position kind aboutId data sentence about { id } outcome { id } } } }"""
CHANGES = """subscription ($since: Position, $filter: PublicEventFilter) {
  changes(since: $since, filter: $filter) { position kind aboutId data } }"""


@pytest.fixture(autouse=True)
async def _an_organisation_of_its_own(edge: Edge) -> AsyncIterator[None]:
    was, edge.here = edge.here, await edge.found("Harbour of events")
    yield
    edge.here = was


async def told(edge: Edge, name: str, /, **fields: Any) -> tuple[str, int]:
    answer = await edge.command(name, fields)
    assert answer.status in {200, 201}, answer.raw
    return answer.json.get("id", ""), answer.json["position"]


async def outcome_of(edge: Edge) -> tuple[str, int]:
    return await told(edge, "set-outcome", title="Fewer waits", ownerId=str(edge.here.person))


async def milestone_of(edge: Edge, outcome: str, title: str = "Half way") -> tuple[str, int]:
    return await told(edge, "set-milestone", outcomeId=outcome, title=title, dueOn="2099-12-01")


async def events(edge: Edge, since: int, key: str | None = None, **filtered: Any) -> list[dict[str, Any]]:
    await edge.settled(edge.here)
    answer = await edge.graphql(EVENTS, key, since=since, filter=filtered or None)
    assert "errors" not in answer.json, answer.raw
    return answer.json["data"]["publicEvents"]["nodes"]


async def test_what_happened_is_told_by_public_names_with_facts(edge: Edge) -> None:
    outcome, since = await outcome_of(edge)
    milestone, at = await milestone_of(edge, outcome)
    await told(edge, "mark-milestone", milestoneId=milestone, reachedOn="2024-05-01")
    await told(edge, "check-in", outcomeId=outcome, status="AT_RISK")
    await told(edge, "name-tag", name="Not public")
    found = await events(edge, since)
    assert [one["kind"] for one in found] == ["milestone.set", "milestone.reached", "outcome.at_risk", "check_in.made"]
    assert all(one["outcome"] == {"id": outcome} for one in found)
    assert found[0]["position"] == at
    assert found[1]["about"] == {"id": milestone}
    assert found[1]["data"] == {
        "milestoneId": milestone,
        "outcomeId": outcome,
        "reachedOn": "2024-05-01",
        "daysLate": 0,
        "daysEarly": found[1]["data"]["daysEarly"],
    }
    assert "reached" in found[1]["sentence"]
    assert {one["kind"] for one in found} <= CATALOGUE.keys()


async def test_they_are_asked_for_by_kind_outcome_team_and_what_they_are_about(edge: Edge) -> None:
    team, since = await told(edge, "form-team", name="Crew", leadIds=[str(edge.here.person)])
    one, _ = await told(edge, "set-outcome", title="Theirs", teamId=team)
    other, _ = await outcome_of(edge)
    milestone, _ = await milestone_of(edge, other)
    task, _ = await told(edge, "commit-task", title="Own", dueOn="2099-12-01", servesNothing="Training")
    assert [e["aboutId"] for e in await events(edge, since, outcome=other)] == [other, milestone]
    assert [e["aboutId"] for e in await events(edge, since, team=team)] == [one, task]
    assert [e["aboutId"] for e in await events(edge, since, kinds=["outcome.*"])] == [one, other]
    assert [e["aboutId"] for e in await events(edge, since, kinds=["commitment.made", "milestone.set"])] == [
        milestone,
        task,
    ]
    assert [e["kind"] for e in await events(edge, since, about=milestone)] == ["milestone.set"]


async def test_it_is_the_same_as_webhooks_are_told(edge: Edge) -> None:
    _, since = await told(edge, "subscribe-webhook", receiver="https://example.com/hook")
    outcome, _ = await outcome_of(edge)
    milestone, _ = await milestone_of(edge, outcome)
    await told(edge, "move-milestone", milestoneId=milestone, dueOn="2099-12-05", reason="Late.")
    await told(edge, "check-in", outcomeId=outcome, status="OFF_TRACK", confidence="0.5")
    task, _ = await told(edge, "commit-task", title="Own", dueOn="2099-12-01", outcomeId=outcome)
    await told(edge, "deliver-task", taskId=task)
    found = await events(edge, since)
    for _ in range(100):
        if await edge.services.outbox.advance(edge.here.id):
            break
        await asyncio.sleep(0.02)
    async with edge.services.database.owner_connection() as connection:
        rows = await connection.fetch(
            "select position, kind, about_id, data from outbox.event where organisation_id = $1 and position > $2"
            " order by position, nth",
            edge.here.id,
            since,
        )
    assert len(rows) == 8
    assert [(e["position"], e["kind"], e["aboutId"], e["data"]) for e in found] == [
        (row["position"], row["kind"], str(row["about_id"]), json.loads(row["data"])) for row in rows
    ]


async def test_r15_what_is_hidden_is_not_told_and_a_promise_does_not_name_it(edge: Edge) -> None:
    ben, _ = await told(edge, "register-person", name="Ben")
    _, key = await edge.key(edge.here, "MEMBER", personId=ben)
    outcome, _ = await outcome_of(edge)
    _, since = await told(edge, "set-visibility", outcomeId=outcome, visibility="OWNER_AND_LEADS")
    await milestone_of(edge, outcome)
    task, _ = await told(edge, "commit-task", title="Own", dueOn="2099-12-01", outcomeId=outcome, beneficiaryId=ben)
    (made,) = await events(edge, since, key)
    assert (made["kind"], made["aboutId"], made["outcome"], made["data"]["outcomeId"]) == (
        "commitment.made",
        task,
        None,
        None,
    )
    assert outcome not in json.dumps(made)
    assert len(await events(edge, since)) == 2
    assert await events(edge, since, key, outcome=outcome) == []


async def test_changes_come_as_they_are_recorded_and_go_on_from_a_position(edge: Edge) -> None:
    outcome, since = await outcome_of(edge)
    first, _ = await milestone_of(edge, outcome, "First")
    async with streamed(edge, CHANGES, since=since, filter={"kinds": ["milestone.*"]}) as stream:
        event = await stream.next()
        assert event.json["data"]["changes"]["aboutId"] == first
        assert int(event.id) == event.json["data"]["changes"]["position"]
        second, at = await milestone_of(edge, outcome, "Second")
        assert (await stream.data())["changes"]["aboutId"] == second
    third, _ = await milestone_of(edge, outcome, "Third")  # while nobody listens
    async with streamed(edge, CHANGES, since=at) as stream:
        assert (await stream.data())["changes"]["aboutId"] == third


async def test_whoever_comes_back_with_the_id_that_was_told_last_misses_nothing(edge: Edge) -> None:
    outcome, since = await outcome_of(edge)
    await edge.settled(edge.here)
    async with streamed(edge, CHANGES) as stream:  # breaks off before anything was told
        assert await stream.begins_after() >= since
    first, _ = await milestone_of(edge, outcome, "First")
    at_risk = await edge.command("check-in", {"outcomeId": outcome, "status": "AT_RISK"})
    assert at_risk.status == 201
    async with streamed(edge, CHANGES, told_last=stream.mark, since=0) as stream:  # the body is as it was at first
        assert (await stream.data())["changes"]["aboutId"] == first
        assert (await stream.data())["changes"]["kind"] == "outcome.at_risk"
        half = stream.mark  # of two events that came at once
    async with streamed(edge, CHANGES, told_last=half, since=0) as stream:
        assert [(await stream.data())["changes"]["kind"] for _ in range(2)] == ["outcome.at_risk", "check_in.made"]
        assert int(stream.mark) == at_risk.json["position"]
    third, _ = await milestone_of(edge, outcome, "Third")
    async with streamed(edge, CHANGES, told_last=stream.mark, since=0) as stream:
        assert (await stream.data())["changes"]["aboutId"] == third
    async with streamed(edge, "subscription { organisation { name } }", told_last="1") as live:
        assert (await live.data())["organisation"], "what is live is told as it stands"


@pytest.mark.parametrize("wrong", ["x", "-1", "9" * 30])
async def test_what_is_no_id_of_an_event_is_refused(edge: Edge, wrong: str) -> None:
    headers = {"accept": f"{STREAM}, application/json", "last-event-id": wrong}
    answer = await edge.ask("POST", "/graphql", {"query": CHANGES}, edge.here.keys["OWNER"], headers, JSON)
    assert (answer.status, answer.json["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert "Last-Event-ID" in answer.json["errors"][0]["message"]


async def test_without_a_position_they_begin_now(edge: Edge) -> None:
    outcome, _ = await outcome_of(edge)
    await milestone_of(edge, outcome, "Before")
    await edge.settled(edge.here)
    async with introduced(edge) as wire:
        await wire.subscribe(
            "subscription Named { news: changes { ...what } } fragment what on PublicEvent { aboutId }"
        )
        await wire.silent(0.5)
        after, _ = await milestone_of(edge, outcome, "After")
        assert await wire.next() == {"news": {"aboutId": after}}


async def test_more_than_a_page_comes_in_order_without_a_gap(edge: Edge) -> None:
    outcome, since = await outcome_of(edge)
    lines = b"\n".join(
        json.dumps({"command": "check-in", "input": {"outcomeId": outcome, "status": "AT_RISK"}}).encode()
        for _ in range(PAGE + 20)
    )
    answer = await edge.bulk(lines)
    assert answer.status == 200, answer.raw
    async with streamed(edge, CHANGES, since=since) as stream:
        found = [(await stream.data())["changes"] for _ in range(2 * (PAGE + 20))]
    assert [one["kind"] for one in found] == ["outcome.at_risk", "check_in.made"] * (PAGE + 20)
    positions = [one["position"] for one in found]
    assert positions == sorted(positions)
    assert len(set(positions)) == PAGE + 20


async def test_a_wrong_position_or_filter_is_refused_as_in_a_question(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe(CHANGES, since="soon")
        assert await wire.refused() == "BAD_VARIABLES"
        await wire.subscribe("subscription { changes(first: 1) { kind } }", "2")
        assert await wire.refused("2") == "VALIDATION_FAILED"


async def test_an_event_of_another_organisation_is_never_told(edge: Edge) -> None:
    since = (await edge.heads())[edge.there.id]
    async with streamed(edge, CHANGES, edge.there.keys["OWNER"], since=since) as stream:
        await outcome_of(edge)
        own = await edge.command("set-outcome", {"title": "There", "outcomeId": str(uuid4())}, edge.there.keys["OWNER"])
        assert (await stream.data())["changes"]["aboutId"] == own.json["id"]
