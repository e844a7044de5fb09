"""Live queries over real connections: told at once, then when the answer changes, to those who may see it."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.graphql import event_stream
from api.graphql.audience import Listener
from api.graphql.document import Documents, Operation
from api.graphql.live import Live
from api.graphql.plans import Answered, Reads, data_of
from api.viewer import Viewer
from domain.values import Role
from tests.api.edge import GRAPHQL, Edge, refused_by_graphql
from tests.api.listening import STREAM, Wire, introduced, streamed
from tests.faults.stand import eventually

TEAMS = "subscription { teams(first: 200) { nodes { name } } }"
TEAM = "subscription Team($id: ID!) { ...It } fragment It on Subscription { team(id: $id) { name } }"
OUTCOME = "subscription ($id: ID!) { outcome(id: $id) { title state } }"
FORM = "mutation ($input: FormTeamInput!) { formTeam(input: $input) { team { name } } }"
MANY = 1_000


async def told(edge: Edge, name: str, /, **fields: object) -> str:
    answer = await edge.command(name, fields)
    assert answer.status in {200, 201}, (name, answer.raw)
    await edge.settled(edge.here)
    return answer.json.get("id", "")


async def draft(edge: Edge, title: str) -> str:
    cycle = await told(edge, "plan-cycle", title=f"Of {title}", startsOn="2026-01-01", endsOn="2035-12-31")
    return await told(edge, "set-outcome", title=title, cycleId=cycle, ownerId=str(edge.here.person))


def operation(edge: Edge, text: str) -> Operation:
    return edge.services.graphql.endpoint.documents.get(text).operation(None)


async def names(wire: Wire, name: str = "1") -> set[str]:
    return {one["name"] for one in (await wire.next(name))["teams"]["nodes"]}


async def test_an_answer_comes_at_once_and_again_when_it_changes(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe(TEAMS)
        before = await names(wire)
        await told(edge, "form-team", name="Anchor")
        assert await names(wire) == before | {"Anchor"}


async def test_a_stream_of_events_tells_the_same(edge: Edge) -> None:
    async with streamed(edge, TEAMS) as events:
        before = await events.next()
        assert before.name == "next"
        assert int(before.id) == before.json["extensions"]["position"]
        await told(edge, "form-team", name="Buoy")
        after = await events.next()
        assert int(after.id) > int(before.id)
        assert "Buoy" in {one["name"] for one in after.json["data"]["teams"]["nodes"]}


async def test_a_stream_is_had_by_get_as_well(edge: Edge) -> None:
    headers = {"accept": STREAM, "authorization": f"Bearer {edge.here.keys['OWNER']}"}
    async with edge.session.get(f"{edge.base}/graphql", params={"query": TEAMS}, headers=headers) as response:
        assert (response.status, response.content_type) == (200, STREAM)
        assert (await response.content.readline()).startswith(b"id: ")
        assert await response.content.readline() == b"event: next\n"


async def test_what_does_not_change_the_answer_is_not_told(edge: Edge) -> None:
    one, other = [await told(edge, "form-team", name=name) for name in ("Cable", "Chain")]
    async with introduced(edge) as wire:
        await wire.subscribe(TEAM, id=one)
        assert await wire.next() == {"team": {"name": "Cable"}}
        for number in range(5):
            await told(edge, "revise-team", teamId=other, name=f"Chain {number}")
        await wire.silent()
        await told(edge, "revise-team", teamId=one, name="Cable of steel")
        assert await wire.next() == {"team": {"name": "Cable of steel"}}


async def test_several_operations_share_a_socket_and_one_may_be_left(edge: Edge) -> None:
    one = await told(edge, "form-team", name="Deck")
    async with introduced(edge) as wire:
        await wire.subscribe(TEAM, "a", id=one)
        assert await wire.next("a") == {"team": {"name": "Deck"}}
        await wire.subscribe(TEAM, "b", id=one)
        assert await wire.next("b") == {"team": {"name": "Deck"}}
        await wire.say("complete", id="a")
        await wire.say("complete", id="unheard-of")
        await told(edge, "revise-team", teamId=one, name="Deck two")
        assert await wire.next("b") == {"team": {"name": "Deck two"}}
        await wire.subscribe(TEAM, "a", id=one)  # the id is free again
        assert await wire.next("a") == {"team": {"name": "Deck two"}}


async def test_questions_and_commands_go_over_a_socket(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe(FORM, input={"name": "Engine"})
        assert await wire.next() == {"formTeam": {"team": {"name": "Engine"}}}
        assert await wire.heard() == {"id": "1", "type": "complete"}
        await wire.subscribe("{ viewer { role } }")
        assert await wire.next() == {"viewer": {"role": "OWNER"}}
        assert await wire.heard() == {"id": "1", "type": "complete"}


async def test_questions_and_commands_are_answered_by_a_stream(edge: Edge) -> None:
    async with streamed(edge, FORM, input={"name": "Fender"}) as events:
        assert await events.data() == {"formTeam": {"team": {"name": "Fender"}}}
        assert (await events.next()).name == "complete"
        assert await events.ended()
    headers = {"accept": STREAM, "authorization": f"Bearer {edge.here.keys['OWNER']}"}
    parameters = {"query": FORM, "variables": json.dumps({"input": {"name": "By GET"}})}
    async with edge.unmoved(), edge.session.get(f"{edge.base}/graphql", params=parameters, headers=headers) as response:
        assert response.status == 405


async def test_a_client_that_takes_both_is_answered_as_json_but_for_a_live_query(edge: Edge) -> None:
    accept = {"accept": f"{GRAPHQL}, application/json, {STREAM}"}
    key = edge.here.keys["OWNER"]
    answer = await edge.ask("POST", "/graphql", {"query": "{ viewer { role } }"}, key, headers=accept)
    assert (answer.kind, answer.json["data"]) == (GRAPHQL, {"viewer": {"role": "OWNER"}})
    headers = accept | {"authorization": f"Bearer {key}"}
    async with edge.session.post(f"{edge.base}/graphql", json={"query": TEAMS}, headers=headers) as response:
        assert response.content_type == STREAM
    refused_by_graphql(await edge.graphql(TEAMS), 406, "NOT_ACCEPTABLE")


async def test_a_position_that_was_seen_is_waited_for(edge: Edge) -> None:
    one = await told(edge, "form-team", name="Galley")
    head = (await edge.heads())[edge.here.id]
    async with introduced(edge) as wire:
        for position, name in ((head, "at"), (head + 1_000, "beyond")):
            payload = {"query": TEAM, "variables": {"id": one}, "extensions": {"minPosition": position}}
            await wire.say("subscribe", id=name, payload=payload)
        assert await wire.next("at") == {"team": {"name": "Galley"}}
        assert await wire.refused("beyond") == "POSITION_NOT_REACHED"


async def test_a_silent_stream_shows_that_it_lives(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    assert event_stream.SECONDS_BETWEEN_COMMENTS == 12
    monkeypatch.setattr(event_stream, "SECONDS_BETWEEN_COMMENTS", 0.1)
    async with streamed(edge, TEAMS) as events:
        await events.data()
        comment = await events.next(2)
        assert (comment.name, comment.data) == ("", "")


async def test_nothing_is_kept_of_those_who_have_gone(edge: Edge) -> None:
    live, guests = edge.services.graphql.live, edge.services.graphql.guests
    async with introduced(edge) as wire, streamed(edge, TEAMS) as events:
        await wire.subscribe(TEAMS)
        await wire.next()
        await events.data()
        assert guests._taken == 3
        assert edge.here.id in live.audiences
    await eventually(lambda: edge.here.id not in live.audiences and not guests._taken, 5)
    assert not guests._here
    assert not guests._places


# sight


async def test_r15_an_outcome_that_is_hidden_cannot_be_listened_to_and_one_that_becomes_so_turns_null(
    edge: Edge,
) -> None:
    plain, secret = await draft(edge, "Plain"), await draft(edge, "Merger")
    await told(edge, "set-visibility", outcomeId=secret, visibility="OWNER_AND_LEADS")
    async with introduced(edge, edge.here.keys["READER"]) as reading, introduced(edge) as owning:
        for wire in (reading, owning):
            await wire.subscribe(OUTCOME, "secret", id=secret)
        assert await reading.next("secret") == {"outcome": None}
        assert (await owning.next("secret"))["outcome"]["title"] == "Merger"
        for wire in (reading, owning):
            await wire.subscribe(OUTCOME, "plain", id=plain)
            assert (await wire.next("plain"))["outcome"]["title"] == "Plain"
        await told(edge, "set-visibility", outcomeId=plain, visibility="OWNER_AND_LEADS")
        assert await reading.next("plain") == {"outcome": None}
        await told(edge, "revise-outcome", outcomeId=plain, title="Plainly not")
        assert (await owning.next("plain"))["outcome"]["title"] == "Plainly not"
        await reading.silent()
        await told(edge, "set-visibility", outcomeId=plain, visibility="ORGANISATION")
        assert (await reading.next("plain"))["outcome"]["title"] == "Plainly not"


async def test_another_organisation_hears_nothing(edge: Edge) -> None:
    one = await told(edge, "form-team", name="Hold")
    async with introduced(edge, edge.there.keys["OWNER"]) as wire:
        await wire.subscribe(TEAM, id=one)
        assert await wire.next() == {"team": None}
        await told(edge, "revise-team", teamId=one, name="Hold two")
        await wire.silent()


# once for all


async def hear(listeners: list[Listener]) -> list[bytes]:
    return [one.body for one in await asyncio.gather(*(one.__anext__() for one in listeners))]


async def test_equal_live_queries_cost_one_statement_a_change(edge: Edge) -> None:
    live, reads = edge.services.graphql.live, edge.services.graphql.reads
    one = await told(edge, "form-team", name="Island")
    viewers = [
        Viewer(organisation_id=edge.here.id, role=Role.READER, api_key_id=uuid4()) for _ in range(MANY)
    ]  # each by a key of its own
    before = reads.counts["compiled"]
    listeners = [live.listen(operation(edge, TEAM), {"id": one, "unused": n}, who) for n, who in enumerate(viewers)]
    assert len(set(await asyncio.wait_for(hear(listeners), 10))) == 1
    assert reads.counts["compiled"] == before + 1
    for number in range(3):
        await told(edge, "revise-team", teamId=one, name=f"Island {number}")
        assert all(f"Island {number}".encode() in body for body in await asyncio.wait_for(hear(listeners), 10))
        assert reads.counts["compiled"] == before + 2 + number
    for listener in listeners:
        listener.close()
    assert not live.audiences


@dataclass(frozen=True, kw_only=True)
class Dated(Viewer):
    """Somebody on a day that a test chooses."""

    days: list[date]

    def now(self) -> datetime:
        return datetime.combine(self.days[-1], time(12), UTC)


async def test_a_new_day_is_told_without_an_event(edge: Edge) -> None:
    reads = edge.services.graphql.reads
    due = await told(
        edge,
        "commit-task",
        title="Splice",
        dueOn="2040-05-01",
        servesNothing="Dull.",
        beneficiaryId=str(edge.here.person),
    )
    await edge.settled(edge.here)
    days = [date(2040, 5, 1)]
    viewer = Dated(organisation_id=edge.here.id, role=Role.OWNER, person_id=edge.here.person, days=days)
    live = Live(reads, edge.services.positions)
    live.start()
    try:
        listener = live.listen(
            operation(edge, "subscription ($id: ID!) { task(id: $id) { overdue } }"), {"id": due}, viewer
        )
        assert data_of((await listener.__anext__()).body) == b'{"data":{"task":{"overdue":false}}'
        days.append(date(2040, 5, 2))
        assert data_of((await asyncio.wait_for(listener.__anext__(), 5)).body) == b'{"data":{"task":{"overdue":true}}'
    finally:
        await live.stop()
        edge.services.positions.moved.remove(live.moved)


async def test_a_change_that_is_taken_back_before_anybody_looked_is_no_news(edge: Edge) -> None:
    live = edge.services.graphql.live
    one = await told(edge, "form-team", name="Jib")
    viewer = Viewer(organisation_id=edge.here.id, role=Role.OWNER)
    slow, quick = [live.listen(operation(edge, TEAM), {"id": one}, viewer) for _ in range(2)]
    await hear([slow, quick])
    for name in ("Mast", "Jib"):
        await told(edge, "revise-team", teamId=one, name=name)
        assert name.encode() in (await asyncio.wait_for(quick.__anext__(), 5)).body
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(slow.__anext__(), 0.3)
    slow.close()
    quick.close()


class Held(Reads):
    """Keeps every answer back until it is let go."""

    gate: asyncio.Event

    async def answer(
        self, operation: Operation, raw: Mapping[str, Any], viewer: Viewer, tag: str | None = None
    ) -> Answered:
        answered = await super().answer(operation, raw, viewer, tag)
        await self.gate.wait()
        return answered


async def test_what_comes_while_a_question_is_asked_is_asked_for_again(edge: Edge) -> None:
    positions, built = edge.services.positions, edge.services.graphql.built
    one = await told(edge, "form-team", name="Lamp")
    reads = Held(built.model, edge.services.database.read, positions)
    reads.gate = asyncio.Event()
    reads.gate.set()
    question = Documents(built.core, reads.limits).get(TEAM).operation(None)  # plans belong to who made them
    live = Live(reads, positions)
    live.start()
    try:
        listener = live.listen(question, {"id": one}, Viewer(organisation_id=edge.here.id, role=Role.OWNER))
        await listener.__anext__()
        reads.gate.clear()
        await told(edge, "revise-team", teamId=one, name="Lamp one")
        await eventually(lambda: reads.counts["compiled"] == 2, 5)  # asked, and kept back
        await told(edge, "revise-team", teamId=one, name="Lamp two")
        reads.gate.set()
        assert b"Lamp one" in (await asyncio.wait_for(listener.__anext__(), 5)).body
        assert b"Lamp two" in (await asyncio.wait_for(listener.__anext__(), 5)).body
    finally:
        await live.stop()
        positions.moved.remove(live.moved)


async def test_who_leaves_the_first_of_many_groups_keeps_no_other_from_being_told(edge: Edge) -> None:
    live = edge.services.graphql.live
    teams = [await told(edge, "form-team", name=f"Keel {n}") for n in range(20)]
    viewer = Viewer(organisation_id=edge.here.id, role=Role.OWNER)
    listeners = [live.listen(operation(edge, TEAM), {"id": one}, viewer) for one in teams]
    await hear(listeners)
    for number, (listener, team) in enumerate(zip(listeners, teams, strict=True)):
        await told(edge, "revise-team", teamId=team, name=f"Keelson {number}")
        assert f"Keelson {number}".encode() in (await asyncio.wait_for(listener.__anext__(), 5)).body
        listener.close()
    assert UUID(str(edge.here.id)) not in live.audiences
