"""The questions of accountability over sixty thousand promises: against SQL written by hand in the same server.

Each statement by hand is for its one question, as of now, and keeps from its viewer what the product keeps from them;
nothing is compared that does not say the same. The viewer leads a team, and may not see every outcome.
"""

from datetime import timedelta
from typing import Any

import msgspec

from domain.values import Role
from tests.bench.pairs import SECONDS, TURN, TURNS, Figure, compared, interleaved, tell
from tests.bench.place import Place
from tests.bench.promised import PromisedWorld
from tests.bench.scale import CLIENTS, SHARE, data, stored
from tests.bench.served import Asked, Server, serving
from tests.bench.world import LAST

TASK = "id title state due overdue renegotiations promiser { name } beneficiary { name } outcome { id title }"
POINT = "id title state due moves formerDays { due } reachedOn daysLate outcome { id title }"
KEPT = """promises counted kept late overdue broken releasedInTime releasedLate handedOver unanswered keptFirst
  renegotiations returns rate firstDateRate medianDaysLate"""
QUARTER = "dueFrom: $from, dueTo: $on"


def _listed(variables: str, question: str, fields: str, filter: str, order: str = "DUE") -> str:
    return (
        f"query ({variables}, $on: Date) {{ {question}(first: 20, on: $on, orderBy: {order}, filter: {{ {filter} }})"
        f" {{ totalCount nodes {{ {fields} }} }} }}"
    )


INBOX = """query ($on: Date) { inbox(first: 20, on: $on) { totalCount nodes {
  kind due settledBy canSettle person { name } task { id title due } outcome { id title } milestone { title } } } }"""
MINE = _listed("$id: ID!", "commitments", TASK, "promiser: $id, state: [COMMITTED, DELIVERED]")
OVERDUE = _listed("$yes: Boolean = true", "commitments", TASK, "overdue: $yes")
UNDER = _listed("$id: ID!", "commitments", TASK, "under: $id, overdue: true")
SERVING = _listed("$id: ID!, $from: Date", "commitments", TASK, f"serving: $id, {QUARTER}")
OFTEN = "RENEGOTIATIONS_DESC"
RENEGOTIATED = _listed("$from: Date", "commitments", TASK, f"renegotiatedAtLeast: 2, {QUARTER}", OFTEN)
FOLLOW_THROUGH = f"""query ($id: ID!, $starts: Date!, $day: Date!) {{
  followThrough(team: $id, from: $starts, to: $day, on: $day) {{
    window {{ {KEPT} }} trend(windows: 4) {{ startsOn promises rate }}
    misses(first: 20) {{ miss agreedOn daysLate reason promiser {{ name }} task {{ title }} }} }} }}"""
UPCOMING = _listed("$days: Int = 30", "milestones", POINT, "upcomingWithin: $days")
POINTS_UNDER = _listed("$id: ID!", "milestones", POINT, "under: $id, overdue: true")
REACHED = _listed("$id: ID!", "milestones", POINT, "cycle: $id, state: [REACHED]", "REACHED_DESC")
Question = tuple[str, str, str, str]  # title, name of the statement by hand, document, kind of the id
QUESTIONS: list[Question] = [
    ("inbox", "inbox", INBOX, "role"),
    ("commitments of a person", "commitments_mine", MINE, "person"),
    ("commitments overdue", "commitments_overdue", OVERDUE, "person"),
    ("commitments overdue under a team", "commitments_under", UNDER, "team"),
    ("commitments serving an outcome", "commitments_serving", SERVING, "outcome"),
    ("commitments renegotiated", "commitments_renegotiated", RENEGOTIATED, "person"),
    ("follow-through of a small team", "follow_through_team", FOLLOW_THROUGH, "small team"),
    ("follow-through of a large team", "follow_through_team", FOLLOW_THROUGH, "team"),
    ("milestones upcoming", "milestones_upcoming", UPCOMING, "person"),
    ("milestones overdue under a team", "milestones_under", POINTS_UNDER, "team"),
    ("milestones reached in a cycle", "milestones_reached", REACHED, "cycle"),
]
BY_HAND = 0.9
_QUARTER = {"from": (LAST - timedelta(days=90)).isoformat(), "starts": (LAST - timedelta(days=89)).isoformat()}


def _id(world: PromisedWorld, kind: str) -> str:
    """The viewer and their role; the team that they lead, with its tenth of all teams below it, and one of those; a
    tree's root."""
    of = {
        "person": world.person_ids[0],
        "team": world.team_ids[0],
        "small team": world.team_ids[-len(world.team_ids) // 10],
        "outcome": world.outcome_ids[0],
        "cycle": world.cycle_ids[-1],
        "role": Role.MEMBER.value,
    }
    return str(of[kind])


def _asked(world: PromisedWorld, question: Question) -> tuple[Asked, Asked]:
    """The same by the product and by hand."""
    _, name, document, kind = question
    one, on = _id(world, kind), LAST.isoformat()
    variables: dict[str, Any] = {"id": one, "on": on, "day": on, **_QUARTER}
    by_hand = {"name": name, "value": one, "on": on}
    return (
        ("/graphql", msgspec.json.encode({"query": document, "variables": variables}), {}),
        ("/bench/promises", msgspec.json.encode(by_hand), {}),
    )


async def _measure(server: Server, world: PromisedWorld, question: Question) -> Figure:
    title = question[0]
    compiled, hand = _asked(world, question)
    told, known = await data(server, compiled), await data(server, hand)
    if told != known:
        raise RuntimeError(f"{title}: the sides answer differently: {str(told)[:1500]}\n{str(known)[:1500]}")
    rounds = await interleaved(
        lambda: server.a_second(lambda: compiled, TURN, CLIENTS),
        lambda: server.a_second(lambda: hand, TURN, CLIENTS),
        pairs=TURNS,
    )
    figure = compared("reads-promises", title, [(a, b) for a, b in rounds], BY_HAND, sides="requests/s")
    tell(f"{'':15} {title}: {1e3 / await server.a_second(lambda: compiled, SECONDS, 1):.1f} ms alone")
    return figure


async def reads_promises(place: Place) -> list[Figure]:
    world = PromisedWorld(SHARE)
    name = await stored(place, world)
    async with serving(place, name, world, "promises", HEADWAY_RESPONSE_CACHE_MEGABYTES="0") as server:
        figures = [await _measure(server, world, question) for question in QUESTIONS]
    await place.drop(name)
    return figures
