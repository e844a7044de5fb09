"""R15: numbers are equal for every reader, and what one may not see is named nowhere and reached by no way."""

import json
from typing import Any

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.graphql.arguments import Binding
from api.graphql.document import Documents, Limits
from api.graphql.mutations import mutation_type
from api.graphql.plans import Reads
from api.graphql.refusals import RequestRefused
from api.graphql.schema import build
from api.graphql.sight import SCOPES, SEEN_BY_ALL
from domain.values import Role
from infra.database import Database
from tests.api.graphql.conftest import Asker, Known, alike
from tests.api.graphql.rows import HEAD, id_of
from tests.api.graphql.sight import (
    LEVELS,
    OUTCOMES,
    PEOPLE,
    TEAMS,
    TODAY,
    Restriction,
    World,
    leaks,
    mark,
    marked,
    names_of,
    outcome,
    put,
    viewer,
)
from tests.api.graphql.test_corpus import NAMES, document, variables
from tests.api.graphql.test_generated import Made

Draw = Any
SOME = World(
    {
        1: Restriction("TEAM", team=2, owner=3),
        2: Restriction("OWNER_AND_LEADS", team=0, owner=3),
        3: Restriction("NAMED", team=3, named=frozenset({2})),
        6: Restriction("NAMED", team=None, owner=3),
        7: Restriction("OWNER_AND_LEADS", team=1, owner=3),
        10: Restriction("TEAM", team=0, owner=0),
    },
    {(1, 2): True, (3, 1): False, (0, 1): False},
)
NUMBERS = """
{ outcomes(first: 50) { totalCount nodes { id progress expected pace suggestedStatus statedStatus status
    rollup { policy value because { weight share hiddenCount } }
    trend(days: 3) { progress expected pace status confidence } forecast { progress }
    boundaries { standing { current breached shareInside } }
    measures { id progress attainment current hasReading because { kind hiddenCount } forecast { value } } } }
  focus: focus(team: "TEAM", cycle: "CYCLE") { limit activeCount hiddenCount topRanksShare active { id } }
  commitments(first: 50) { totalCount nodes { id title state overdue servesHidden outcome { id } } }
  paths: lineOfSight(task: "TASK") { reachesObjective paths { weight reachesObjective steps { __typename } } } }
"""


@pytest.fixture(scope="module")
async def world(writer: asyncpg.Connection) -> asyncpg.Connection:
    """A connection as the owner, over texts that are marked."""
    await marked(writer)
    return writer


def restrictions() -> st.SearchStrategy[Restriction]:
    person = st.none() | st.integers(0, PEOPLE - 1)
    return st.builds(
        Restriction,
        visibility=st.sampled_from(LEVELS),
        team=st.none() | st.integers(0, TEAMS - 1),
        owner=person,
        reviewer=person,
        named=st.frozensets(st.integers(0, PEOPLE - 1), max_size=2),
    )


def worlds() -> st.SearchStrategy[World]:
    places = st.tuples(st.integers(0, TEAMS - 1), st.integers(0, PEOPLE - 1))
    return st.builds(
        World,
        restrictions=st.dictionaries(st.integers(0, OUTCOMES - 1), restrictions(), max_size=OUTCOMES),
        members=st.dictionaries(places, st.booleans(), max_size=8),
    )


def numbers() -> str:
    text = NUMBERS.replace("TEAM", str(id_of("alpha", "team", 1))).replace("CYCLE", str(id_of("alpha", "cycle", 0)))
    return text.replace("TASK", str(id_of("alpha", "task", 1)))


async def both(asker: Asker, text: str, **given: Any) -> tuple[Any, str]:
    """The data on which both paths agree, and all that the answer says."""
    compiled = await asker.compiled(text, **given)
    ordinary = await asker.ordinary(text, **given)
    assert alike(compiled["data"], ordinary["data"]), (text, given)
    assert "errors" not in compiled
    return compiled["data"], json.dumps([compiled, ordinary], ensure_ascii=False)


# Numbers


def by_id(nodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in nodes}


def compared(one: Any, other: Any) -> None:
    """What one reader is told of an outcome is what the other is, but for how many parts stand together."""
    for name, value in one.items():
        match name:
            case "rollup":
                assert (value["policy"], value["value"]) == (other[name]["policy"], other[name]["value"])
                ours, theirs = value["because"], other[name]["because"]
                for key in ("weight", "share"):
                    sums = [sum(part[key] or 0 for part in parts) for parts in (ours, theirs)]
                    assert sums[0] == pytest.approx(sums[1])
                counts = [sum(part["hiddenCount"] or 1 for part in parts) for parts in (ours, theirs)]
                assert counts[0] == counts[1]
                assert sum(part["hiddenCount"] > 0 for part in ours) <= 1
            case "measures":
                theirs = by_id(other[name])
                for measure in value:
                    because = [
                        sum(m["hiddenCount"] or 1 for m in x["because"]) for x in (measure, theirs[measure["id"]])
                    ]
                    assert because[0] == because[1]
                    plain = {key: told for key, told in measure.items() if key != "because"}
                    assert plain == {key: told for key, told in theirs[measure["id"]].items() if key != "because"}
            case _:
                assert value == other[name], name


@settings(deadline=None)
@given(made=worlds(), person=st.none() | st.integers(0, PEOPLE - 1), role=st.sampled_from([Role.MEMBER, Role.LEAD]))
async def test_r15_numbers_are_equal_for_every_reader_and_nothing_hidden_is_named(
    asker: Asker, world: asyncpg.Connection, made: World, person: int | None, role: Role
) -> None:
    await put(world, made)
    hidden = made.hidden(person)
    asker.viewer = viewer(0, Role.AUDITOR)
    whole, _ = await both(asker, numbers())
    asker.viewer = viewer(person, role)
    seen, text = await both(asker, numbers())
    assert leaks(text, await names_of(world, hidden), "") == set()
    ours, theirs = by_id(seen["outcomes"]["nodes"]), by_id(whole["outcomes"]["nodes"])
    assert set(theirs) - set(ours) == {str(outcome(nth)) for nth in hidden}
    assert seen["outcomes"]["totalCount"] == OUTCOMES - len(hidden)
    for key, one in ours.items():
        compared(one, theirs[key])
    for one, other in zip(seen["focus"], whole["focus"], strict=True):
        alike_ = ("limit", "activeCount", "topRanksShare")
        assert [one[name] for name in alike_] == [other[name] for name in alike_]
        assert len(one["active"]) + one["hiddenCount"] == one["activeCount"]
        assert other["hiddenCount"] == 0
    assert seen["commitments"]["totalCount"] == whole["commitments"]["totalCount"]
    for one, other in zip(seen["commitments"]["nodes"], whole["commitments"]["nodes"], strict=True):
        serves = other["outcome"] and other["outcome"]["id"]
        assert one["servesHidden"] == (serves in {str(outcome(nth)) for nth in hidden})
        assert one["outcome"] == (None if one["servesHidden"] else other["outcome"])
    steps = [
        sorted((one["weight"], one["reachesObjective"], len(one["steps"])) for one in told["paths"]["paths"])
        for told in (seen, whole)
    ]
    assert steps[0] == steps[1]


PATHS = """query Paths($id: ID!) { lineOfSight(outcome: $id) { paths { weight steps { __typename } } } }"""


@pytest.mark.parametrize("seen", range(OUTCOMES))
async def test_r15_paths_through_what_is_hidden_are_told_in_one_order(
    asker: Asker, world: asyncpg.Connection, seen: int
) -> None:
    """Several may differ in nothing that is seen."""
    others = {nth: Restriction(visibility="NAMED") for nth in range(OUTCOMES) if nth != seen}
    await put(world, World(restrictions=others))
    asker.viewer = viewer(0, Role.MEMBER)
    await both(asker, PATHS, id=str(outcome(seen)))


@settings(max_examples=5, deadline=None)
@given(made=worlds(), person=st.none() | st.integers(0, PEOPLE - 1), shift=st.integers(0, 3))
async def test_r15_no_document_of_the_corpus_names_what_is_hidden(
    asker: Asker, world: asyncpg.Connection, made: World, person: int | None, shift: int
) -> None:
    await put(world, made)
    names = await names_of(world, made.hidden(person))
    asker.viewer = viewer(person)
    for nth, name in enumerate(NAMES):
        # the corpus names a few outcomes: ask for others too
        given = {key: shifted(value, shift + nth) for key, value in variables(name).items()}
        _, text = await both(asker, document(name), **given)
        assert leaks(text, names, json.dumps(given)) == set(), (name, given)


def shifted(value: Any, by: int) -> Any:
    known = {str(outcome(nth)): nth for nth in range(OUTCOMES)}
    return str(outcome((known[value] + by) % OUTCOMES)) if isinstance(value, str) and value in known else value


@settings(deadline=None)
@given(data=st.data(), person=st.none() | st.integers(0, PEOPLE - 1))
async def test_r15_no_document_whatever_names_what_is_hidden(
    asker: Asker, world: asyncpg.Connection, data: Draw, person: int | None
) -> None:
    await put(world, SOME)
    names = await names_of(world, SOME.hidden(person))
    asker.viewer = viewer(person)
    text, given_ = Made(data.draw, asker.built.core).document()
    try:
        _, answer = await both(asker, text, **given_)
    except RequestRefused as refused:
        answer = str(refused)
    assert leaks(answer, names, text + json.dumps(given_)) == set(), (text, given_)


# Ways to a row

WAYS = """
query ($outcome: ID!, $measure: ID!, $reading: ID!, $checkIn: ID!, $milestone: ID!, $boundary: ID!) {
  outcome(id: $outcome) { title }
  measure(id: $measure) { title }
  n1: node(id: $outcome) { __typename }
  n2: node(id: $measure) { __typename }
  n3: node(id: $reading) { __typename }
  n4: node(id: $checkIn) { __typename }
  n5: node(id: $milestone) { __typename }
  n6: node(id: $boundary) { __typename }
  alignmentTree(root: $outcome) { depth }
  lineOfSight(outcome: $outcome) { reachesObjective }
  commitments(filter: {outcome: $outcome}) { totalCount }
  milestones(filter: {outcome: $outcome}) { totalCount }
  history(entity: $outcome) { totalCount }
  h2: history(entity: $measure) { totalCount }
  then: outcome(id: $outcome, asOf: {position: 39}) { title }
}
"""
NOTHING = {
    "outcome": None, "measure": None, "n1": None, "n2": None, "n3": None, "n4": None, "n5": None, "n6": None,
    "alignmentTree": [], "lineOfSight": None, "commitments": {"totalCount": 0}, "milestones": {"totalCount": 0},
    "history": {"totalCount": 0}, "h2": {"totalCount": 0}, "then": None,
}  # fmt: skip


def things(nth: int) -> dict[str, str]:
    keys = {"outcome": nth, "measure": f"{nth}.0", "reading": f"{nth}.0.1", "check-in": nth}
    found = {kind.replace("-i", "I"): str(id_of("alpha", kind, key)) for kind, key in keys.items()}
    milestone = str(id_of("alpha", "milestone", nth))
    return {**found, "milestone": milestone, "boundary": str(id_of("alpha", "boundary", nth))}


async def test_r15_no_way_leads_to_what_is_hidden_now_nor_as_of_before(asker: Asker, world: asyncpg.Connection) -> None:
    await put(world, World())
    asker.viewer = viewer(1)
    open_, _ = await both(asker, WAYS, **things(1))
    assert all(value not in (None, []) for value in open_.values()), open_
    await put(world, World({1: Restriction("OWNER_AND_LEADS", team=2, owner=3)}))
    assert (await both(asker, WAYS, **things(1)))[0] == NOTHING
    asker.viewer = viewer(3)
    owner, _ = await both(asker, WAYS, **things(1))
    assert owner == open_  # hidden before, open in the past as well: today's visibility is what counts


@pytest.mark.parametrize(
    ("one", "seen_by"),
    [
        (Restriction("TEAM", team=2, owner=0), {0, 1, 2}),  # the owner, the team's member, the member above
        (Restriction("NAMED", team=2, named=frozenset({3})), {3}),  # a lead above is no lead of the team
        (Restriction("NAMED", team=1, reviewer=0), {0, 2}),
        (Restriction("OWNER_AND_LEADS", team=2, owner=3, reviewer=0), {0, 2, 3}),  # who reviews it reads it
    ],
)
async def test_r15_each_level_is_seen_by_those_that_it_names(
    asker: Asker, world: asyncpg.Connection, one: Restriction, seen_by: set[int]
) -> None:
    made = World({0: one}, {(2, 1): False, (1, 2): True})
    await put(world, made)
    for person in (None, *range(PEOPLE)):
        asker.viewer = viewer(person)
        answer, _ = await both(asker, "query ($id: ID!) { outcome(id: $id) { id } }", id=str(outcome(0)))
        assert (answer["outcome"] is not None) == (person in seen_by) == made.sees(person, 0)
    for role in (Role.OWNER, Role.AUDITOR):
        asker.viewer = viewer(None, role)
        answer, _ = await both(asker, "query ($id: ID!) { outcome(id: $id) { id } }", id=str(outcome(0)))
        assert answer["outcome"] is not None


async def test_r15_a_cursor_of_another_viewer_leads_to_nothing_more(asker: Asker, world: asyncpg.Connection) -> None:
    await put(world, SOME)
    ask = "query ($after: String) { outcomes(first: 3, after: $after) { edges { cursor node { id } } } }"
    asker.viewer = viewer(None, Role.OWNER)
    whole, _ = await both(asker, "{ outcomes(first: 50) { edges { cursor node { id } } } }")
    asker.viewer = viewer(0)
    names = {str(outcome(nth)) for nth in SOME.hidden(0)}
    for edge in whole["outcomes"]["edges"]:
        page, _ = await both(asker, ask, after=edge["cursor"])
        assert not names & {one["node"]["id"] for one in page["outcomes"]["edges"]}


async def test_r15_a_path_and_a_tree_run_through_what_is_hidden(asker: Asker, world: asyncpg.Connection) -> None:
    await put(world, World({1: Restriction("NAMED", owner=3)}))
    ask = (
        "query ($id: ID!, $root: ID!) { lineOfSight(outcome: $id) { paths { weight steps { __typename"
        " ... on Outcome { id } ... on HiddenStep { hidden } } } }"
        " alignmentTree(root: $root) { depth parentId hidden weight outcome { id } } }"
    )
    asker.viewer = viewer(0)
    answer, _ = await both(asker, ask, id=str(outcome(3)), root=str(outcome(0)))
    (path,) = answer["lineOfSight"]["paths"]
    assert [one["__typename"] for one in path["steps"]] == ["Outcome", "HiddenStep", "Outcome", "StrategicObjective"]
    assert path["weight"] == 0.25
    tree = answer["alignmentTree"]
    (veiled,) = [one for one in tree if one["hidden"]]
    told = {"depth": 1, "parentId": str(outcome(0)), "hidden": True, "weight": 0.5, "outcome": None}
    assert veiled == told
    (below,) = [one for one in tree if one["outcome"] and one["outcome"]["id"] == str(outcome(3))]
    assert (below["depth"], below["parentId"]) == (2, None)


async def test_r15_hidden_parts_are_one_together(asker: Asker, world: asyncpg.Connection) -> None:
    await put(world, World({nth: Restriction("NAMED", owner=3) for nth in (1, 2, 5)}))
    asker.viewer = viewer(0)
    ask = (
        "query ($id: ID!, $measure: ID!) { outcome(id: $id) { rollup { because { weight share progress position value"
        " leftOut hiddenCount outcome { id } measure { id } } } }"
        " measure(id: $measure) { inputs { id } because { kind id value day position hiddenCount } } }"
    )
    answer, _ = await both(asker, ask, id=str(outcome(0)), measure=str(id_of("alpha", "measure", "1.0")))
    (part,) = [one for one in answer["outcome"]["rollup"]["because"] if one["hiddenCount"]]
    assert part["hiddenCount"] == 2
    assert part["weight"] == 1.5
    assert {part[name] for name in ("progress", "position", "value", "leftOut", "outcome", "measure")} == {None}
    asker.viewer = viewer(3)
    answer, _ = await both(asker, ask, id=str(outcome(0)), measure=str(id_of("alpha", "measure", "1.0")))
    assert all(one["hiddenCount"] == 0 for one in answer["outcome"]["rollup"]["because"])
    await put(world, World({nth: Restriction("NAMED", owner=3) for nth in (2, 5)}))
    asker.viewer = viewer(0)
    answer, _ = await both(asker, ask, id=str(outcome(0)), measure=str(id_of("alpha", "measure", "1.0")))
    nothing = {"kind": "INPUT", "id": None, "value": None, "day": None, "position": None, "hiddenCount": 2}
    assert nothing in answer["measure"]["because"]
    assert len(answer["measure"]["inputs"]) == 1


async def test_r15_milestones_that_are_awaited_and_hidden_are_counted(asker: Asker, world: asyncpg.Connection) -> None:
    ask = "query ($id: ID!) { milestone(id: $id) { waitsFor { id } waitsForHidden } }"
    one, seen, hidden = (str(id_of("alpha", "milestone", nth)) for nth in (0, 2, 1))
    asker.viewer = viewer(0)
    for restrictions_, ids, count in (({}, {seen, hidden}, 0), ({1: Restriction("NAMED", owner=3)}, {seen}, 1)):
        await put(world, World(restrictions_))
        answer, _ = await both(asker, ask, id=one)
        assert {each["id"] for each in answer["milestone"]["waitsFor"]} == ids
        assert answer["milestone"]["waitsForHidden"] == count


async def test_r15_the_history_of_a_promise_stays_and_names_no_hidden_outcome(
    asker: Asker, world: asyncpg.Connection
) -> None:
    ask = "query ($id: ID!) { history(entity: $id) { nodes { type changes { field before after } } } }"
    task = str(id_of("alpha", "task", 1))
    for restrictions_, told in (({}, str(outcome(1))), ({1: Restriction("NAMED")}, None)):
        await put(world, World(restrictions_))
        asker.viewer = viewer(0)
        answer, _ = await both(asker, ask, id=task)
        changes = [one for entry in answer["history"]["nodes"] for one in entry["changes"]]
        assert {"field": "outcomeId", "before": None, "after": told} in changes


# What is kept


async def test_r15_a_kept_answer_is_shared_while_all_is_open_and_never_beyond_ones_sight(
    asker: Asker, world: asyncpg.Connection
) -> None:
    await put(world, World())
    asker.positions.position = HEAD + 10
    ask = asker.operation("{ outcomes(first: 50) { nodes { id title } } }")
    first = await asker.reads.answer(ask, {}, viewer(0))
    assert (await asker.reads.answer(ask, {}, viewer(1))).kept is first.kept
    await put(world, SOME)
    asker.positions.position = None
    asker.reads.responses.__init__(32_000_000)
    owner = await asker.reads.answer(ask, {}, viewer(0, Role.OWNER))
    for person in (0, 1, 2, 3, None, 0):
        answered = await asker.reads.answer(ask, {}, viewer(person))
        names = {mark(nth) for nth in SOME.hidden(person)}
        assert names
        assert not [name for name in names if name.encode() in answered.body]
        assert answered.tag != owner.tag
        again = await asker.reads.answer(ask, {}, viewer(person), owner.tag)
        assert again.body == answered.body


async def test_r15_a_payload_of_what_one_may_not_see_is_null(
    asker: Asker, world: asyncpg.Connection, filled_database: Database
) -> None:
    built = build(mutation_type())
    reads = Reads(built.model, filled_database.read, Known(), Limits())
    text = 'mutation { abandonOutcome(input: {outcomeId: "x", reason: "y"}) { position outcome { id title } } }'
    operation = Documents(built.core, reads.limits).get(text).operation(None)
    nodes: Any = list(operation.node.selection_set.selections)
    given = dict.fromkeys(("code", "rule", "message", "secret"), None) | {"fields": ()}
    given |= {"entity_id": outcome(1), "position": 60}
    for restrictions_, shown in (({}, True), ({1: Restriction("NAMED", owner=3)}, False)):
        await put(world, World(restrictions_))
        binding = Binding({}, viewer(0), TODAY, given)
        told = json.loads(await reads.payload(operation, nodes, "AbandonOutcomePayload", binding))
        assert told["position"] == 60
        assert (told["outcome"] is not None) == shown


async def test_r15_every_table_that_names_an_outcome_says_who_sees_its_rows(world: asyncpg.Connection) -> None:
    rows = await world.fetch(
        "select distinct table_name from information_schema.columns where table_schema = 'read'"
        " and column_name in ('outcome_id', 'higher_id', 'measure_id', 'entity_id', 'outcome_ids')"
    )
    assert {row["table_name"] for row in rows} <= set(SCOPES) | SEEN_BY_ALL


WENT = """query Went($id: ID!) { task(id: $id) { escalations { people { id } } } }"""


async def test_r15_whom_a_promise_went_to_tells_nobody_who_leads_what_they_may_not_see(
    asker: Asker, world: asyncpg.Connection
) -> None:
    """Whoever it went to is told of that, and of nobody else whom it went to."""
    people = {str(id_of("alpha", "person", nth)): nth for nth in range(PEOPLE)}

    async def went(person: int | None) -> list[set[int]]:
        asker.viewer = viewer(person)
        answer, _ = await both(asker, WENT, id=str(id_of("alpha", "task", 1)))
        return [{people[one["id"]] for one in step["people"]} for step in answer["task"]["escalations"]]

    await put(world, World())
    assert await went(None) == [{0}, {0, 1}, {0, 2}]
    await put(world, World({1: Restriction("NAMED", owner=3)}))
    assert await went(3) == [{0}, {0, 1}, {0, 2}]
    assert await went(1) == [{1}]
    assert await went(0) == [{0}, {0}, {0}]
    assert await went(None) == []
