"""Live queries over real connections: told at once, then when the answer changes, to those who may see it."""

import asyncio

from tests.api.edge import Edge
from tests.api.listening import introduced, streamed

TEAMS = "subscription { teams { nodes { name } } }"


async def form(edge: Edge, name: str) -> str:
    answer = await edge.command("form-team", {"name": name})
    assert answer.status == 201, answer.raw
    return answer.json["id"]


async def test_an_answer_comes_at_once_and_again_when_it_changes(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe(TEAMS)
        before = [one["name"] for one in (await wire.next())["teams"]["nodes"]]
        await form(edge, "Anchor")
        after = [one["name"] for one in (await wire.next())["teams"]["nodes"]]
        assert sorted(after) == sorted([*before, "Anchor"])


async def test_a_stream_of_events_tells_the_same(edge: Edge) -> None:
    async with streamed(edge, TEAMS) as events:
        before = await events.next()
        assert before.name == "next"
        assert int(before.id) == before.json["extensions"]["position"]
        await form(edge, "Buoy")
        after = await events.next()
        assert int(after.id) > int(before.id)
        assert "Buoy" in {one["name"] for one in after.json["data"]["teams"]["nodes"]}
