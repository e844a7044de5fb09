"""Five queries, compiled, ordinary and from the kept answer, against SQL written by hand in the same server.

The hand-written endpoint knows the key as the product does, and reads through the same door; the same JSON comes out.
"""

from typing import Any

import msgspec

from tests.bench.pairs import TURN, TURNS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.served import Asked, Server, serving
from tests.bench.stored import Harbour

ONE = "query One($id: ID!) { outcome(id: $id) { id title state ambition dueOn } }"
WITH_TEAM = "query Team($n: Int!) { outcomes(first: $n) { nodes { id title state team { id name } } } }"
NESTED = (
    "query Nested($n: Int!) { outcomes(first: $n) { nodes { id title"
    " measures(first: 3) { id title unit readings(first: 5) { nodes { id day value } } } } } }"
)
TREE = "query Tree($id: ID!) { alignmentTree(root: $id) { depth parentId weight outcome { id title state } } }"
ORDINARY, KEPT = 8.0, 2.0

Read = tuple[str, str, str, Any, float]  # title, name of the statement by hand, document, its variable, limit


def _reads(harbour: Harbour) -> list[Read]:
    root = str(harbour.outcome_ids[0])
    return [
        ("one outcome", "outcome", ONE, root, 0.9),
        ("50 with team", "team", WITH_TEAM, 50, 0.95),
        ("5 × 3 × 5", "small", NESTED, 5, 0.95),
        ("50 × 3 × 5", "large", NESTED, 50, 1.3),
        ("tree of 341", "tree", TREE, root, 1.0),
    ]


def _sorted(data: Any) -> Any:
    """A tree is told level by level; within a level any order is right."""
    if "alignmentTree" in data:
        return sorted(data["alignmentTree"], key=lambda one: (one["depth"], one["outcome"]["id"]))
    return data


async def _check_equal(servers: list[Server], asked: list[Asked]) -> None:
    """Nothing is compared that does not say the same."""
    answers = [msgspec.json.decode(await server.ask(one)) for server, one in zip(servers, asked, strict=True)]
    if any("errors" in one for one in answers):
        raise RuntimeError(f"A read failed: {[one.get('errors') for one in answers]}")
    if any(_sorted(one["data"]) != _sorted(answers[0]["data"]) for one in answers):
        told = [msgspec.json.encode(one["data"])[:300] for one in answers]
        raise RuntimeError(f"The sides answer differently: {told}")


async def _measure(fresh: Server, keeping: Server, read: Read) -> list[Figure]:
    title, name, document, value, limit = read
    variable = "n" if isinstance(value, int) else "id"
    graphql = msgspec.json.encode({"query": document, "variables": {variable: value}})
    query: Asked = ("/graphql", graphql, {})
    ordinary: Asked = ("/bench/ordinary", graphql, {})
    hand: Asked = ("/bench/hand", msgspec.json.encode({"name": name, "value": value}), {})
    await _check_equal([fresh, fresh, fresh, keeping, keeping], [hand, query, ordinary, query, query])
    rounds = await interleaved(
        lambda: fresh.a_second(lambda: query, TURN),
        lambda: fresh.a_second(lambda: hand, TURN),
        lambda: fresh.a_second(lambda: ordinary, TURN),
        lambda: keeping.a_second(lambda: query, TURN),
        pairs=TURNS,
    )
    told = "requests/s"
    return [
        compared("reads", f"{title}: compiled ÷ by hand", [(a, b) for a, b, _, _ in rounds], limit, sides=told),
        compared("reads", f"{title}: compiled ÷ ordinary", [(a, c) for a, _, c, _ in rounds], ORDINARY, sides=told),
        compared("reads", f"{title}: kept ÷ by hand", [(d, b) for _, b, _, d in rounds], KEPT, sides=told),
    ]


async def reads(place: Place) -> list[Figure]:
    name, harbour = await place.database(), Harbour()
    async with place.owner(name) as owner:
        await harbour.store(owner)
    figures: list[Figure] = []
    async with (
        serving(place, name, harbour, "reads", HEADWAY_RESPONSE_CACHE_MEGABYTES="0") as fresh,
        serving(place, name, harbour, "kept reads") as keeping,
    ):
        for read in _reads(harbour):
            figures += await _measure(fresh, keeping, read)
    await place.drop(name)
    return figures
