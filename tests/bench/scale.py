"""Four questions over a million readings: against SQL written by hand, a hundredth of the size, and a year ago.

The hand-written endpoint knows the read model's functions as well as the product does; the same JSON comes out.
"""

import os
from datetime import UTC, datetime, time, timedelta
from time import perf_counter
from typing import Any

import msgspec

from tests.bench.pairs import TURN, TURNS, Figure, compared, interleaved, tell
from tests.bench.place import Place
from tests.bench.served import Asked, Server, serving
from tests.bench.stored import store
from tests.bench.world import CYCLES, LAST, SMALLER, World

TREE = """query Tree($id: ID!, $asOf: AsOf, $on: Date) { alignmentTree(root: $id, asOf: $asOf, on: $on) {
  depth parentId weight outcome { id title progress } } }"""
SIGHT = """query Sight($id: ID!, $asOf: AsOf, $on: Date) { lineOfSight(task: $id, asOf: $asOf, on: $on) {
  paths { weight steps { __typename ... on Outcome { id title } ... on StrategicObjective { id title } } } } }"""
REVIEW = """query Review($id: ID!, $asOf: AsOf, $on: Date) { cycleReview(cycle: $id, asOf: $asOf, on: $on) {
  counts { outcomes graded successes meanGrade meanProgress } effort { tasks unalignedTasks }
  movers { outcome { id title } fromProgress toProgress }
  fallers { outcome { id title } fromProgress toProgress } } }"""
TREND = """query Trend($id: ID!, $asOf: AsOf, $on: Date) { outcome(id: $id, asOf: $asOf, on: $on) {
  trend(days: 90) { day progress } } }"""
Question = tuple[str, str, str, str]  # title, name of the statement by hand, document, kind of the id
QUESTIONS: list[Question] = [
    ("tree of four levels", "world_tree", TREE, "outcome"),
    ("line of sight", "world_sight", SIGHT, "task"),
    ("cycle review", "world_review", REVIEW, "cycle"),
    ("trend of 90 days", "world_trend", TREND, "outcome"),
]
SHARE = int(os.environ.get("HEADWAY_BENCH_SHARE", "1"))  # of the large world: 10 for a tenth
CLIENTS = 4  # some of these answers take a third of a second of a core
BY_HAND, FOR_A_ROW, A_YEAR_AGO = 0.9, 1.5, 1.3


def _rows(world: World, name: str) -> int:
    """How many rows of the world an answer is made of, for what it costs a row."""
    return max(1, world.outcomes // CYCLES) if name == "world_review" else 1


def _id(world: World, kind: str) -> str:
    of = {"outcome": world.outcome_ids, "task": world.task_ids, "cycle": world.cycle_ids[-1:]}
    return str(of[kind][0])


def _asked(world: World, question: Question, **more: object) -> Asked:
    _, _, document, kind = question
    variables = {"id": _id(world, kind), "on": LAST.isoformat(), **more}
    return "/graphql", msgspec.json.encode({"query": document, "variables": variables}), {}


def _by_hand(world: World, question: Question) -> Asked:
    _, name, _, kind = question
    return "/bench/hand", msgspec.json.encode({"name": name, "value": _id(world, kind), "on": LAST.isoformat()}), {}


async def data(server: Server, asked: Asked) -> Any:
    """Of an answer without errors."""
    answer = msgspec.json.decode(await server.ask(asked))
    if "errors" in answer:
        raise RuntimeError(f"A read failed: {answer['errors']}")
    return answer["data"]


async def _measure(large: Server, small: Server, worlds: tuple[World, World], question: Question) -> list[Figure]:
    world, hundredth = worlds
    title, name, *_ = question
    year_ago = datetime.combine(LAST - timedelta(days=365), time(12), UTC).isoformat()
    now, hand = _asked(world, question), _by_hand(world, question)
    then = _asked(world, question, asOf={"time": year_ago}, on=(LAST - timedelta(days=365)).isoformat())
    if await data(large, now) != await data(large, hand):
        raise RuntimeError(f"{title}: the sides answer differently.")
    await data(large, then)
    rounds = await interleaved(
        lambda: large.a_second(lambda: now, TURN, CLIENTS),
        lambda: large.a_second(lambda: hand, TURN, CLIENTS),
        lambda: small.a_second(lambda: _asked(hundredth, question), TURN, CLIENTS),
        lambda: large.a_second(lambda: then, TURN, CLIENTS),
        pairs=TURNS,
    )
    rows, few = _rows(world, name), _rows(hundredth, name)
    told = "requests/s"
    return [
        compared("scale", f"{title}: compiled ÷ by hand", [(a, b) for a, b, _, _ in rounds], BY_HAND, sides=told),
        compared(
            "scale",
            f"{title}: time a row ÷ that of a hundredth",
            [(1e3 / a / rows, 1e3 / c / few) for a, _, c, _ in rounds],
            FOR_A_ROW,
            at_most=True,
            sides="ms a row",
        ),
        compared(
            "scale",
            f"{title}: time as of a year ago ÷ now",
            [(1e3 / d, 1e3 / a) for a, _, _, d in rounds],
            A_YEAR_AGO,
            at_most=True,
            sides="ms",
        ),
    ]


async def stored(place: Place, world: World) -> str:
    """The name of a database with it."""
    name, began = await place.database(), perf_counter()
    async with place.owner(name) as owner:
        events = await store(owner, world.organisation_id, world.events())
    tell(f"scale: {events:,} events stored and projected in {perf_counter() - began:.0f} s")
    return name


async def scale(place: Place) -> list[Figure]:
    worlds = World(SHARE), World(SHARE * SMALLER)
    names = [await stored(place, world) for world in worlds]
    no_cache = {"HEADWAY_RESPONSE_CACHE_MEGABYTES": "0"}
    figures: list[Figure] = []
    async with (
        serving(place, names[0], worlds[0], "large world", **no_cache) as large,
        serving(place, names[1], worlds[1], "small world", **no_cache) as small,
    ):
        for question in QUESTIONS:
            figures += await _measure(large, small, worlds, question)
    for name in names:
        await place.drop(name)
    return figures
