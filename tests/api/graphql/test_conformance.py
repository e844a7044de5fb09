"""The conformance cases of the read path, each by its number; `data` demands that both paths agree."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from api.graphql.cursors import LARGEST_PAGE
from api.graphql.document import Limits
from api.graphql.plans import Reads
from api.graphql.refusals import DocumentRefused, RequestRefused
from tests.api.graphql.conftest import Asker, viewer_of
from tests.api.graphql.rows import HEAD, Rows, id_of

OUTCOME = str(id_of("alpha", "outcome", 1))
MEASURED = str(id_of("alpha", "outcome", 3))


async def refused(asker: Asker, text: str, **variables: Any) -> str:
    """The code of a refusal."""
    with pytest.raises((RequestRefused, DocumentRefused)) as caught:
        await asker.compiled(text, **variables)
    return caught.value.code


async def test_c01_the_same_key_twice_merges_its_selections(asker: Asker) -> None:
    data = await asker.data("{ organisation { name } organisation { id name } }")
    assert list(data["organisation"]) == ["name", "id"]


async def test_c02_keys_follow_the_document(asker: Asker) -> None:
    text = "{ organisation { timeZone ...F name } } fragment F on Organisation { id firstDayOfWeek }"
    data = await asker.data(text)
    assert list(data["organisation"]) == ["timeZone", "id", "firstDayOfWeek", "name"]


async def test_c03_aliases_of_a_list_differ_by_their_arguments(asker: Asker) -> None:
    data = await asker.data("{ one: outcomes(first: 1) { nodes { id } } two: outcomes(first: 2) { nodes { id } } }")
    assert [len(data[key]["nodes"]) for key in ("one", "two")] == [1, 2]


async def test_c04_a_fragment_spread_twice_gives_no_duplicates(asker: Asker) -> None:
    data = await asker.data("{ organisation { ...F ...F } } fragment F on Organisation { id }")
    assert list(data["organisation"]) == ["id"]


async def test_c05_an_inline_fragment_needs_no_type_condition(asker: Asker) -> None:
    assert "name" in (await asker.data("{ organisation { ... { name } } }"))["organisation"]


async def test_c06_a_fragment_on_an_interface_is_selected_on_its_member(asker: Asker) -> None:
    assert "id" in (await asker.data("{ organisation { ... on Node { id } } }"))["organisation"]


async def test_c07_a_fragment_on_another_member_is_silent(asker: Asker) -> None:
    text = "query ($id: ID!) { node(id: $id) { ... on Task { title } ... on Outcome { state } } }"
    assert list((await asker.data(text, id=OUTCOME))["node"]) == ["state"]


async def test_c08_typename_stands_everywhere(asker: Asker) -> None:
    data = await asker.data(
        "query ($id: ID!) { __typename outcomes(first: 1) { __typename edges { __typename node { __typename } }"
        " pageInfo { __typename } } lineOfSight(outcome: $id) { paths { steps { __typename } } } }",
        id=OUTCOME,
    )
    assert data["__typename"] == "Query"
    assert data["outcomes"]["edges"][0]["__typename"] == "OutcomeEdge"
    names = [step["__typename"] for step in data["lineOfSight"]["paths"][0]["steps"]]
    assert names == ["Outcome", "Outcome", "StrategicObjective"]


@pytest.mark.parametrize(("skip", "include", "there"), [(0, 1, True), (1, 1, False), (0, 0, False), (1, 0, False)])
async def test_c09_skip_and_include_by_variable_and_literal(asker: Asker, skip: int, include: int, there: bool) -> None:
    words = {0: "false", 1: "true"}
    literal = f"@skip(if: {words[skip]}) @include(if: {words[include]})"
    variable = "@skip(if: $s) @include(if: $i)"
    for marks, head in ((literal, ""), (variable, "query ($s: Boolean!, $i: Boolean!) ")):
        text = f"{head}{{ organisation {{ id name {marks} ...F {marks} ... {marks} {{ firstDayOfWeek }} }} }} "
        given = {} if marks == literal else {"s": bool(skip), "i": bool(include)}
        data = await asker.data(text + "fragment F on Organisation { timeZone }", **given)
        assert set(data["organisation"]) == ({"id", "name", "timeZone", "firstDayOfWeek"} if there else {"id"})


async def test_c10_all_fields_skipped_leave_an_empty_object(asker: Asker) -> None:
    assert await asker.data("{ organisation { id @skip(if: true) } }") == {"organisation": {}}
    assert (await asker.compiled("{ organisation @skip(if: true) { id } }"))["data"] == {}


async def test_c11_absent_null_and_given_are_three_cases(asker: Asker) -> None:
    text = "query ($team: ID) { outcomes(filter: { team: $team }) { totalCount } }"
    absent = (await asker.data(text))["outcomes"]["totalCount"]
    null = (await asker.data(text, team=None))["outcomes"]["totalCount"]
    given = (await asker.data(text, team=str(id_of("alpha", "team", 2))))["outcomes"]["totalCount"]
    assert absent == 12
    assert 0 < null < absent
    assert 0 < given < absent
    defaulted = "query ($first: Int = 3) { outcomes(first: $first) { nodes { id } } }"
    assert len((await asker.data(defaulted))["outcomes"]["nodes"]) == 3
    assert len((await asker.data(defaulted, first=None))["outcomes"]["nodes"]) == 12
    assert len((await asker.data(defaulted, first=1))["outcomes"]["nodes"]) == 1


async def test_c12_a_variable_inside_a_list_and_an_input_object(asker: Asker) -> None:
    text = "query ($s: OutcomeState!, $t: ID) { outcomes(filter: { state: [$s, DRAFT], team: $t }) { totalCount } }"
    both = (await asker.data(text, s="ACTIVE"))["outcomes"]["totalCount"]
    one = (await asker.data(text, s="DRAFT"))["outcomes"]["totalCount"]
    assert both > one > 0


async def test_c13_a_single_value_is_coerced_to_a_list(asker: Asker) -> None:
    one = await asker.data("{ outcomes(filter: { state: ACTIVE }) { totalCount } }")
    text = "query ($f: OutcomeFilter) { outcomes(filter: $f) { totalCount } }"
    assert one == await asker.data(text, f={"state": "ACTIVE"}) == await asker.data(text, f={"state": ["ACTIVE"]})


async def test_c14_an_enum_in_a_variable_and_as_a_literal(asker: Asker) -> None:
    text = "query ($o: OutcomeOrder!) { outcomes(orderBy: $o) { nodes { id } } }"
    literal = await asker.data("{ outcomes(orderBy: TITLE_DESC) { nodes { id } } }")
    assert literal == await asker.data(text, o="TITLE_DESC") != await asker.data(text, o="TITLE")


async def test_c15_one_of_takes_exactly_one_key(asker: Asker) -> None:
    text = "query ($a: AsOf) { organisation(asOf: $a) { id } }"
    for given in ({}, {"position": 3, "time": "2023-01-01T00:00:00Z"}):
        assert await refused(asker, text, a=given) == "BAD_VARIABLES"
    assert await refused(asker, "{ organisation(asOf: {}) { id } }") == "BAD_INPUT"
    both = "query ($p: Position, $t: DateTime) { organisation(asOf: { position: $p, time: $t }) { id } }"
    assert await refused(asker, both, p=1, t="2023-01-01T00:00:00Z") == "BAD_INPUT"
    two = 'query ($t: ID) { feed(scope: { team: $t, outcome: "1" }) { totalCount } }'
    assert [await refused(asker, two, **given) for given in ({"t": "2"}, {"t": None})] == ["BAD_INPUT"] * 2
    assert await refused(asker, "query ($t: ID) { feed(scope: { team: $t }) { totalCount } }", t=None) == "BAD_INPUT"


async def test_c16_positions_go_beyond_32_bits(asker: Asker) -> None:
    text = "query ($p: Position!) { organisation(asOf: { position: $p }) { id } }"
    assert await refused(asker, text, p=2**40) == "POSITION_NOT_REACHED"
    assert await refused(asker, text, p=2**53 + 1) == "BAD_VARIABLES"
    assert await refused(asker, text, p=-1) == "BAD_VARIABLES"


async def test_c17_page_sizes_at_their_edges(asker: Asker) -> None:
    text = "query ($n: Int) { outcomes(first: $n) { nodes { id } pageInfo { hasNextPage startCursor endCursor } } }"
    none = (await asker.data(text, n=0))["outcomes"]
    assert none == {"nodes": [], "pageInfo": {"hasNextPage": True, "startCursor": None, "endCursor": None}}
    assert len((await asker.data(text, n=LARGEST_PAGE))["outcomes"]["nodes"]) == 12
    assert len((await asker.data(text, n=None))["outcomes"]["nodes"]) == 12
    for wrong in (-1, LARGEST_PAGE + 1):
        assert await refused(asker, text, n=wrong) == "BAD_INPUT"
    assert await refused(asker, "{ outcomes(first: 1, last: 1) { totalCount } }") == "BAD_INPUT"


PAGE = (
    "query ($first: Int, $after: String, $last: Int, $before: String, $order: OutcomeOrder!) { outcomes(first: $first,"
    " after: $after, last: $last, before: $before, orderBy: $order) { pageInfo { hasNextPage hasPreviousPage"
    " startCursor endCursor } nodes { id } } }"
)


async def walk(asker: Asker, order: str, size: int, *, backward: bool = False) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        arguments = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        page = (await asker.data(PAGE, order=order, **arguments))["outcomes"]
        ids = [node["id"] for node in page["nodes"]]
        seen = ids + seen if backward else seen + ids
        info = page["pageInfo"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return seen
        cursor = info["startCursor" if backward else "endCursor"]


@pytest.mark.parametrize("order", ["TITLE", "TITLE_DESC", "DUE", "DUE_DESC"])
async def test_c18_c22_forward_paging_gives_each_row_once(asker: Asker, order: str) -> None:
    whole = [one["id"] for one in (await asker.data(PAGE, order=order))["outcomes"]["nodes"]]
    assert len(whole) == len(set(whole)) == 12
    for size in (1, 4, 5, 12):
        assert await walk(asker, order, size) == whole


async def test_c18_rows_written_meanwhile_don_t_disturb_a_walk_as_of(asker: Asker, writer: asyncpg.Connection) -> None:
    text = (
        "query ($after: String) { people(first: 2, after: $after, asOf: { position: 60 })"
        " { pageInfo { endCursor } nodes { id } } }"
    )
    first = (await asker.data(text))["people"]
    rows, added = Rows(writer, "alpha"), uuid4()
    await rows.add("person", added, HEAD + 1, None, name="a newcomer", email=None)
    try:
        second = (await asker.data(text, after=first["pageInfo"]["endCursor"]))["people"]
        assert len({one["id"] for one in first["nodes"] + second["nodes"]}) == 4
    finally:
        await writer.execute("delete from read.person where id = $1", added)


@pytest.mark.parametrize("order", ["TITLE", "DUE", "DUE_DESC"])
async def test_c19_backward_paging_mirrors_forward(asker: Asker, order: str) -> None:
    assert await walk(asker, order, 5, backward=True) == await walk(asker, order, 5)


async def test_c20_cursors_of_another_order_or_made_up_are_refused(asker: Asker) -> None:
    page = (await asker.data(PAGE, order="TITLE", first=2))["outcomes"]
    assert await refused(asker, PAGE, order="DUE", after=page["pageInfo"]["endCursor"]) == "CURSOR_INVALID"
    for made_up in ("", "!", "W10=", "WyJUSVRMRSIsImEiLCJiIl0=", "bnVsbA==", "W1tbW1tb"):
        assert await refused(asker, PAGE, order="TITLE", after=made_up) == "CURSOR_INVALID"


async def test_c21_total_count_alone_and_beside_a_filter(asker: Asker) -> None:
    assert (await asker.data("{ outcomes { totalCount } }"))["outcomes"] == {"totalCount": 12}
    text = "{ outcomes(first: 1, filter: { state: [ACTIVE] }) { totalCount nodes { state } } }"
    found = (await asker.data(text))["outcomes"]
    assert found["totalCount"] > len(found["nodes"]) == 1
    assert "array_agg" not in asker.sql("{ outcomes { totalCount } }")
    assert "limit" not in asker.sql("{ outcomes { totalCount } }")


async def test_c23_empty_list_absent_object_empty_connection(asker: Asker) -> None:
    text = (
        "query ($id: ID!) { outcome(id: $id) { id } alignmentTree(root: $id) { depth }"
        " history(entity: $id) { totalCount nodes { id } edges { cursor } pageInfo { hasNextPage"
        " hasPreviousPage startCursor endCursor } } }"
    )
    data = await asker.data(text, id=str(uuid4()))
    assert data["outcome"] is None
    assert data["alignmentTree"] == []
    info = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert data["history"] == {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": info}


async def test_c24_since_is_in_and_until_is_out(asker: Asker) -> None:
    text = "query ($id: ID!, $p: Position!) { outcome(id: $id, asOf: { position: $p }) { title } }"
    titles = {p: (await asker.data(text, id=OUTCOME, p=p))["outcome"] for p in (10, 11, 39, 40)}
    assert titles[10] is None
    assert titles[11] == titles[39] != titles[40]


async def test_c25_positions_at_their_edges(asker: Asker) -> None:
    text = (
        "query ($p: Position!) { organisation(asOf: { position: $p }) { id }"
        " outcomes(asOf: { position: $p }) { totalCount } }"
    )
    nothing = await asker.data(text, p=0)
    assert nothing == {"organisation": None, "outcomes": {"totalCount": 0}}
    head = await asker.data(text, p=HEAD)
    assert head == await asker.data("{ organisation { id } outcomes { totalCount } }")
    assert await refused(asker, text, p=HEAD + 1) == "POSITION_NOT_REACHED"


async def test_c26_times_stand_for_the_last_position_by_then(asker: Asker) -> None:
    text = "query ($t: DateTime!) { outcomes(asOf: { time: $t }) { totalCount } }"
    counts = {}
    for time in (
        "2022-12-31T00:00:00Z",
        "2023-01-12T09:00:00.099999Z",
        "2023-01-12T09:00:00.2Z",
        "2023-01-12T10:00:00.2+01:00",
        "2023-01-12T23:00:00Z",
        "2199-01-01T00:00:00Z",
    ):
        counts[time] = (await asker.data(text, t=time))["outcomes"]["totalCount"]
    assert list(counts.values()) == [0, 1, 2, 2, 2, 12]


async def test_c27_then_and_now_in_one_document(asker: Asker) -> None:
    text = (
        "query ($id: ID!) { then: outcome(id: $id, asOf: { position: 20 }) { title serves { weight } }"
        " now: outcome(id: $id) { title serves { weight } } }"
    )
    data = await asker.data(text, id=OUTCOME)
    assert data["then"]["title"] != data["now"]["title"]
    assert (data["then"]["serves"], len(data["now"]["serves"])) == ([], 1)


async def test_c28_an_answer_as_of_is_the_same_after_further_writes(asker: Asker, writer: asyncpg.Connection) -> None:
    text = (
        "query { outcomes(asOf: { position: 50 }) { totalCount"
        " nodes { id title progress status history { totalCount } } } }"
    )
    operation = asker.operation(text)
    before = (await asker.reads.answer(operation, {}, asker.viewer)).body
    rows, outcome = Rows(writer, "alpha"), id_of("alpha", "outcome", 0)
    was = await writer.fetchrow("select * from read.outcome where id = $1 and until is null", outcome)
    assert was is not None
    columns = {name: value for name, value in was.items() if name not in {"organisation_id", "id", "since", "until"}}
    await writer.execute("update read.outcome set until = 61 where id = $1 and until is null", outcome)
    await rows.add("outcome", outcome, 61, None, **{**columns, "title": "Another"})
    asker.reads.responses.__init__(1_000_000)
    try:
        assert (await asker.reads.answer(operation, {}, asker.viewer)).body == before
    finally:
        await writer.execute("delete from read.outcome where id = $1 and since = 61", outcome)
        await writer.execute("update read.outcome set until = null where id = $1 and until = 61", outcome)


async def test_c29_texts_come_back_as_they_are(asker: Asker, writer: asyncpg.Connection) -> None:
    odd = "q\" b\\ t\t n\n c\x01 \x7f e🚀 ع \u202e 'single' $1 {t} '' /*"
    person = uuid4()
    await Rows(writer, "alpha").add("person", person, 5, None, name=odd, email=None)
    try:
        text = "query ($id: ID!) { node(id: $id) { ... on Person { name } } people { edges { cursor } } }"
        assert (await asker.data(text, id=str(person)))["node"]["name"] == odd
    finally:
        await writer.execute("delete from read.person where id = $1", person)
    for text in ("a\x00b", "\ud800"):
        with pytest.raises(RequestRefused):
            await asker.compiled("query ($c: String) { outcomes(after: $c) { totalCount nodes { id } } }", c=text)


async def test_c30_decimals_keep_scale_and_digits(asker: Asker) -> None:
    text = (
        "query ($id: ID!) { outcome(id: $id) { measures { exactBaseline readings { nodes { exactValue value } } } } }"
    )
    measures = (await asker.data(text, id=MEASURED))["outcome"]["measures"]
    assert measures[0]["exactBaseline"] == "100.00"
    values = [one["exactValue"] for one in measures[0]["readings"]["nodes"]]
    assert "123456789012345678.123456789012" in values


async def test_c31_timestamps_with_and_without_fractions(asker: Asker) -> None:
    text = "query ($id: ID!) { history(entity: $id) { nodes { recordedAt } } }"
    moments = [one["recordedAt"] for one in (await asker.data(text, id=OUTCOME))["history"]["nodes"]]
    assert "2023-01-02T09:00:00.1+00:00" in moments
    whole = [one["recordedAt"] for one in (await asker.data(text, id=MEASURED))["history"]["nodes"]]
    assert "2023-01-04T09:00:00+00:00" in whole
    assert (
        await refused(asker, '{ organisation(asOf: { time: "9999-12-31T23:59:59Z" }) { id } }') == "VALIDATION_FAILED"
    )


async def test_c32_json_keeps_nested_nulls_and_large_numbers(asker: Asker) -> None:
    answer = await asker.data("{ organisation { holidays } }")
    assert answer["organisation"]["holidays"] == ["2023-12-25", {"b": None, "a": 12345678901234567890}]


async def test_c33_a_hundred_aliases_of_one_object(asker: Asker) -> None:
    fields = " ".join(f"a{nth}: name" for nth in range(99))
    assert len((await asker.data(f"{{ organisation {{ {fields} }} }}"))["organisation"]) == 99
    wide = Asker(
        asker.built, Reads(asker.reads.model, asker.reads.pool, asker.positions, Limits(aliases=400)), asker.positions
    )
    fields = " ".join(f"a{nth}: name" for nth in range(300))
    assert len((await wide.data(f"{{ organisation {{ {fields} }} }}"))["organisation"]) == 300


async def test_c34_another_tenant_s_ids_and_cursors_give_nothing(asker: Asker) -> None:
    theirs = {kind: str(id_of("beta", kind, 1)) for kind in ("outcome", "team", "task")}
    text = (
        "query ($o: ID!, $t: ID!, $k: ID!) { outcome(id: $o) { id } node(id: $o) { id } team(id: $t) { id }"
        " task(id: $k) { id } alignmentTree(root: $o) { depth } lineOfSight(task: $k) { paths { weight } }"
        " history(entity: $o) { totalCount }"
        " outcomes(filter: { team: $t }) { totalCount } focus(team: $t) { team { id } active { id } } }"
    )
    data = await asker.data(text, o=theirs["outcome"], t=theirs["team"], k=theirs["task"])
    assert [data[key] for key in ("outcome", "node", "team", "task", "lineOfSight")] == [None] * 5
    assert data["alignmentTree"] == []
    assert data["history"]["totalCount"] == data["outcomes"]["totalCount"] == 0
    assert [one["active"] for one in data["focus"]] == [[]]
    assert {json.dumps(one["team"]) for one in data["focus"]} == {"null"}
    other = Asker(asker.built, asker.reads, asker.positions, viewer_of("beta"))
    cursor = (await other.data(PAGE, order="TITLE", first=3))["outcomes"]["pageInfo"]["endCursor"]
    mine = {one["id"] for one in (await asker.data(PAGE, order="TITLE", after=cursor))["outcomes"]["nodes"]}
    assert mine <= {str(id_of("alpha", "outcome", nth)) for nth in range(12)}


async def test_c36_null_in_a_non_null_field_is_told_with_its_path(asker: Asker, writer: asyncpg.Connection) -> None:
    link = uuid4()
    await Rows(writer, "alpha").add(
        "alignment", link, 25, None, outcome_id=UUID(OUTCOME), higher_id=None, objective_id=uuid4(), measure_id=None,
        weight=Decimal(1),
    )  # fmt: skip
    try:
        text = "query ($id: ID!) { lineOfSight(outcome: $id) { paths { steps { __typename } } } organisation { id } }"
        answer = await asker.compiled(text, id=OUTCOME)
    finally:
        await writer.execute("delete from read.alignment where id = $1", link)
    assert answer["errors"][0]["path"][:2] == ["lineOfSight", "paths"]
    assert answer["errors"][0]["extensions"]["code"] == "FIELD_NULL"
    assert answer["data"]["lineOfSight"] is None
    assert answer["data"]["organisation"] is not None
    assert asker.reads.counts["field_error"] == 1


def nested(depth: int) -> str:
    """A document that nests so deep."""
    inner = "id"
    for _ in range(depth - 2):
        inner = f"parent {{ {inner} }}"
    return f'{{ team(id: "x") {{ {inner} }} }}'


@pytest.mark.parametrize(
    ("under", "over", "code"),
    [
        (nested(15), nested(16), "TOO_COMPLEX"),
        (
            "{ organisation { " + " ".join(f"a{n}: id" for n in range(100)) + " } }",
            "{ organisation { " + " ".join(f"a{n}: id" for n in range(101)) + " } }",
            "TOO_COMPLEX",
        ),
        (
            "{ " + " ".join(f"a{n}: organisation {{ id }}" for n in range(20)) + " }",
            "{ " + " ".join(f"a{n}: organisation {{ id }}" for n in range(21)) + " }",
            "TOO_COMPLEX",
        ),
        ("{ organisation { " + "id " * 50 + "} }", "{ organisation { " + "id " * 51 + "} }", "TOO_COMPLEX"),
        ("{ organisation { id } } #" + "x" * 19_900, "{ organisation { id } } #" + "x" * 20_000, "DOCUMENT_TOO_LARGE"),
        (
            "{ organisation { id " + "@include(if: true) " * 1 + "} }",
            "{ organisation { " + "... @include(if: true) { id } " * 21 + "} }",
            "TOO_COMPLEX",
        ),
        (
            "{ organisation { id } } ",
            "{ organisation { id " + " ".join(f"...F{n}" for n in range(101)) + " } } "
            + " ".join(f"fragment F{n} on Organisation {{ id }}" for n in range(101)),
            "TOO_COMPLEX",
        ),
    ],
)  # fmt: skip
async def test_c37_limits_hold_just_over_and_not_just_under(asker: Asker, under: str, over: str, code: str) -> None:
    await asker.data(under)
    assert await refused(asker, over) == code


async def test_c37_the_cost_is_of_the_values_with_a_plan_already_kept(asker: Asker) -> None:
    text = (
        "query ($n: Int!, $m: Int!) { outcomes(first: $n) { nodes { tasks(first: $m) { nodes { outcome {"
        " tasks(first: $m) { nodes { outcome { measures { readings(first: $m) { nodes { value attainment }"
        " } } } } } } } }"
        " } } }"
    )
    answer = await asker.compiled(text, n=1, m=1)
    assert answer["extensions"]["cost"]["requested"] < answer["extensions"]["cost"]["limit"]
    assert await refused(asker, text, n=500, m=50) == "TOO_EXPENSIVE"
    assert await refused(asker, text, n=500, m=500) == "TOO_EXPENSIVE"


async def test_c37_lists_in_arguments_are_bounded(asker: Asker) -> None:
    text = "query ($s: [OutcomeState!]) { outcomes(filter: { state: $s }) { totalCount } }"
    await asker.data(text, s=["ACTIVE"] * 500)
    assert await refused(asker, text, s=["ACTIVE"] * 501) == "BAD_INPUT"


async def test_c38_a_statement_timeout_is_told_and_the_connection_serves_on(asker: Asker) -> None:
    class Hurried:
        @asynccontextmanager
        async def of(self, organisation_id: UUID) -> AsyncGenerator[Any]:
            async with asker.reads.pool.of(organisation_id) as connection:
                await connection.execute("set statement_timeout = '1ms'")
                try:
                    yield connection
                finally:
                    await connection.execute("set statement_timeout = '5s'")

    hurried = Asker(asker.built, Reads(asker.reads.model, Hurried(), asker.positions), asker.positions)
    text = "{ outcomes { nodes { trend(days: 366) { progress } } } }"
    assert await refused(hurried, text) == "TIMEOUT"
    assert (await asker.compiled("{ organisation { id } }"))["data"]["organisation"]


async def test_ids_that_are_none_are_not_found(asker: Asker) -> None:
    for wrong in ("", "1", "not-an-id", "0" * 36, "'; drop table"):
        assert await asker.data("query ($id: ID!) { outcome(id: $id) { id } }", id=wrong) == {"outcome": None}
    assert await refused(asker, "{ lineOfSight { paths { weight } } }") == "BAD_INPUT"


async def test_introspection_opens_no_connection_and_mixes_with_data(asker: Asker) -> None:
    text = '{ __schema { queryType { name } } __type(name: "Outcome") { name } }'
    assert (await asker.compiled(text))["data"]["__type"] == {"name": "Outcome"}
    mixed = await asker.compiled("{ __schema { queryType { name } } organisation { id } }")
    assert mixed["data"]["organisation"]["id"] == str(asker.viewer.organisation_id)
    assert asker.reads.counts == {"introspection beside data": 1}


async def test_kept_answers_are_of_one_position_day_and_viewer(asker: Asker, writer: asyncpg.Connection) -> None:
    asker.positions.position = HEAD
    operation = asker.operation("{ outcomes { nodes { pace } } }")
    first = await asker.reads.answer(operation, {}, asker.viewer)
    assert (await asker.reads.answer(operation, {}, asker.viewer)).body is first.body
    assert asker.reads.counts == {"compiled": 1, "kept": 1}
    await asker.reads.answer(operation, {}, viewer_of("alpha", date(2023, 3, 1)))
    await asker.reads.answer(operation, {}, viewer_of("beta"))
    asker.positions.position = HEAD + 1
    await asker.reads.answer(operation, {}, asker.viewer)
    assert asker.reads.counts == {"compiled": 4, "kept": 1}


async def test_equal_questions_at_once_do_not_mix(asker: Asker) -> None:
    text = "query ($n: Int!) { outcomes(first: $n) { nodes { id } } }"
    answers = await asyncio.gather(*[asker.compiled(text, n=n % 7) for n in range(40)])
    assert [len(one["data"]["outcomes"]["nodes"]) for one in answers] == [n % 7 for n in range(40)]
