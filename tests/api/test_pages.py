"""The examples of the pages under docs/ are true: their commands are taken, their questions answered as they say."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api.edge import Edge
from tests.api.listening import streamed

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(ndjson|graphql|json)(?: by (\S+))?\n(.*?)```", re.DOTALL)
PAGES = {
    path.stem: blocks
    for folder in ("explanation", "howto")
    for path in sorted((ROOT / "docs" / folder).glob("*.md"))
    if (blocks := BLOCK.findall(path.read_text()))
}


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_tells_what_happens(edge: Edge, name: str) -> None:
    """Blocks in their order: NDJSON is told, a question is asked, and the JSON after it is its `data`. `by` an id: with
    a key of that person; else with the owner's."""
    was, edge.here = edge.here, await edge.found(name)
    try:
        answered: Any = None
        for kind, by, text in PAGES[name]:
            key = await key_of(edge, by or "OWNER")
            match kind:
                case "ndjson":
                    await tell(edge, text.strip(), key)
                case "graphql" if text.startswith("subscription"):
                    async with streamed(edge, text, key) as events:
                        answered = await events.data()
                case "graphql":
                    answer = (await edge.graphql(text, key)).json
                    assert "errors" not in answer, answer
                    answered = answer["data"]
                case _:
                    assert answered == json.loads(text)
    finally:
        edge.here = was


async def key_of(edge: Edge, by: str) -> str:
    """Of a role, or of a person, made when it is first asked for."""
    if by not in edge.here.keys:
        edge.here.keys[by] = (await edge.key(edge.here, "MEMBER", personId=by))[1]
    return edge.here.keys[by]


async def tell(edge: Edge, lines: str, key: str) -> None:
    """Every line is taken; each with a key of its own, so that pages may repeat themselves."""
    told = [{"key": str(uuid4()), **json.loads(line)} for line in lines.splitlines()]
    answer = await edge.bulk("\n".join(json.dumps(one) for one in told).encode(), key=key)
    assert [line for line in answer.lines if "error" in line or line.get("code")] == []
    await edge.settled(edge.here)
