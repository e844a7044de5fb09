"""Documents and variables that a stranger with a key, or without one, tries on the served product (attacks 28 to 41,
57 and 59)."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from graphql import get_introspection_query

from api.applying import Urls
from api.graphql.schema import Built
from infra.settings import Settings
from tests.api.edge import GRAPHQL, JSON, Edge, refused_by_graphql, served
from tests.api.graphql.effort import calls_to_validate

CALLS_TO_REFUSE = 200_000  # twice what the worst of them makes
NAME = "{ organisation { name } }"
TEAM = 'registerPerson(input: { name: "Bomb" }) { position }'


def nested(depth: int) -> str:
    return '{ team(id: "x") ' + "{ parent " * depth + "{ id }" + " }" * depth + " }"


def aliased(count: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(count))


REFUSED: dict[str, tuple[str, str]] = {
    "28 deep": (nested(200), "TOO_COMPLEX"),
    "28 deep in lists": ("{ people " + "{ nodes { teams " * 60 + "{ id }" + " } }" * 60 + " }", "TOO_COMPLEX"),
    "28 deep in a value": ("{ teams(filter: " + "{ a: " * 250 + "1" + " }" * 250 + ") { totalCount } }", "TOO_COMPLEX"),
    "29 500 aliases at the root": ("{ " + aliased(500, "organisation { id }") + " }", "DOCUMENT_TOO_LARGE"),
    "29 100 aliases at the root": ("{ " + aliased(100, "organisation { id }") + " }", "TOO_COMPLEX"),
    "29 500 aliases below": ("{ organisation { " + aliased(500, "name") + " } }", "TOO_COMPLEX"),
    "30 200 mutations": ("mutation { " + aliased(200, TEAM) + " }", "DOCUMENT_TOO_LARGE"),
    "30 21 mutations": ("mutation { " + aliased(21, TEAM) + " }", "TOO_COMPLEX"),
    "32 a circle": ("{ organisation { ...A } } fragment A on Organisation { ...B }"
                    " fragment B on Organisation { ...A }", "VALIDATION_FAILED"),
    "32 a circle of one": ("{ organisation { ...A } } fragment A on Organisation { ...A }", "VALIDATION_FAILED"),
    "33 10,000 tokens": ("{ organisation { " + "id " * 6_000 + "} }", "DOCUMENT_TOO_LARGE"),
    "33 short tokens": ("{ " + "a " * 9_000 + "}", "DOCUMENT_TOO_LARGE"),
    "33 short tokens that nest": ("{a" * 9_000, "TOO_COMPLEX"),
    "33 40 kB": ("{ organisation { id } } #" + "x" * 40_000, "DOCUMENT_TOO_LARGE"),
    "34 directives": ("{ organisation { id " + "@include(if: true) " * 300 + "} }", "DOCUMENT_TOO_LARGE"),
    "34 fewer directives": ("{ organisation { id " + "@include(if: true) " * 250 + "} }", "TOO_COMPLEX"),
    "34 unknown directives": ("{ organisation { id " + "@nothing " * 900 + "} }", "TOO_COMPLEX"),
    "36 a name that nearly is one": ("{ organisatio { id } }", "VALIDATION_FAILED"),
    "59 a live query of the past": ("subscription { teams(asOf: {position: 1}) { totalCount } }", "VALIDATION_FAILED"),
    "59 a reserved name": ("{ __organisation: organisation { id } __x }", "VALIDATION_FAILED"),
    "59 a definition": ("type Query { id: ID } { organisation { id } }", "VALIDATION_FAILED"),
    "59 nothing": ("", "PARSE_FAILED"),
    "59 a comment": ("# nothing", "PARSE_FAILED"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
async def test_a_document_that_asks_too_much_is_refused(edge: Edge, text: str, code: str) -> None:
    async with edge.unmoved():
        answer = await edge.graphql(text)
    refused_by_graphql(answer, 400, code)
    assert len(answer.raw) < 20_000, "the answer to a bomb is none itself"


@pytest.mark.parametrize("text", [text for text, _ in REFUSED.values()], ids=REFUSED)
def test_a_document_that_asks_too_much_makes_little_work(built: Built, text: str) -> None:
    assert calls_to_validate(built, text) < CALLS_TO_REFUSE


async def test_as_many_mutations_as_are_allowed_are_done_in_turn(edge: Edge) -> None:  # 30
    answer = await edge.graphql("mutation { " + aliased(20, TEAM) + " }")
    positions = [one["position"] for one in answer.json["data"].values()]
    assert positions == list(range(positions[0], positions[0] + 20))


async def test_operations_in_a_batch_are_refused(edge: Edge) -> None:  # 31
    async with edge.unmoved():
        batch = [{"query": "mutation { " + TEAM + " }"}] * 100
        answer = await edge.ask("POST", "/graphql", batch, edge.here.keys["OWNER"], headers={"accept": GRAPHQL})
    refused_by_graphql(answer, 400, "BAD_REQUEST")


async def test_the_schema_is_not_for_strangers(edge: Edge) -> None:  # 35
    for text in (get_introspection_query(), "{ __schema { types { name } } }", "{ __typename }", "{ nothing }"):
        answer = await edge.ask("POST", "/graphql", {"query": text})
        refused_by_graphql(answer, 401, "UNAUTHENTICATED")
        assert b"Query" not in answer.raw


@pytest.fixture(scope="module")
async def closed(urls: Urls, edge: Edge) -> AsyncIterator[Edge]:
    """Served as in production that tells nobody its schema."""
    async with served(Settings(introspection=False, checkpoint_seconds=0), urls) as opened:
        opened.here = edge.here
        yield opened


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { types { name } } }",
        '{ __type(name: "Outcome") { name } }',
        "{ organisation { id } a: __schema { queryType { name } } }",
        "{ ...F } fragment F on Query { __schema { queryType { name } } }",
    ],
)
async def test_the_schema_is_kept_to_itself_where_that_is_set(closed: Edge, text: str) -> None:  # 35
    refused_by_graphql(await closed.graphql(text), 400, "VALIDATION_FAILED")
    assert (await closed.graphql("{ __typename organisation { __typename } }")).status == 200


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{ organisatio { id } }", {}),
        ("{ organisation { nam } }", {}),
        ("{ outcomes(frst: 1) { totalCount } }", {}),
        ("{ outcomes(filter: { tem: 1 }) { totalCount } }", {}),
        ("{ outcomes(filter: { state: [ACTIV] }) { totalCount } }", {}),
        ("{ organisation { ... on Outcom { id } } }", {}),
        ("query ($f: OutcomeFilte) { outcomes(filter: $f) { totalCount } }", {}),
        ("query ($f: OutcomeFilter) { outcomes(filter: $f) { totalCount } }", {"f": {"tem": "x"}}),
        ("query ($f: OutcomeFilter) { outcomes(filter: $f) { totalCount } }", {"f": {"state": ["ACTIV"]}}),
        ("mutation { registerPersn(input: { name: 1 }) { position } }", {}),
        ("mutation ($i: RegisterPersonInput!) { registerPerson(input: $i) { position } }", {"i": {"nme": "x"}}),
    ],
)
async def test_no_name_is_suggested_where_the_schema_is_kept(
    closed: Edge, text: str, variables: dict[str, Any]
) -> None:  # 36
    async with closed.unmoved():
        answer = await closed.graphql(text, **variables)
    assert answer.status == 400
    assert b"did you mean" not in answer.raw.lower()


@pytest.mark.parametrize("page", ["first", "last"])
@pytest.mark.parametrize("count", [2_147_483_647, 501, -1, 2_147_483_648, 2**63, 1.5, "10", True, [1, 2], {"eq": 1}])
async def test_a_page_of_no_decent_size_is_refused(edge: Edge, page: str, count: Any) -> None:  # 37
    text = f"query ($n: Int) {{ outcomes({page}: $n) {{ totalCount nodes {{ id }} }} }}"
    answer = await edge.graphql(text, n=count)
    assert answer.status == 400
    assert answer.code in {"BAD_INPUT", "BAD_VARIABLES"}
    literal = await edge.graphql(f"{{ outcomes({page}: {json.dumps(count)}) {{ nodes {{ id }} }} }}")
    assert literal.status == 400


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "' or 1=1 --", "x" * 10_000, "é", "e30", "W10", "bnVsbA"])
async def test_a_cursor_that_nobody_gave_out_is_refused(edge: Edge, cursor: str) -> None:
    for page in ("first: 1, after", "last: 1, before"):
        answer = await edge.graphql(f"query ($c: String) {{ people({page}: $c) {{ nodes {{ id }} }} }}", c=cursor)
        assert (answer.status, answer.code) == (400, "CURSOR_INVALID"), answer.raw[:300]


async def test_a_mutation_by_get_is_not_done(edge: Edge) -> None:  # 38
    text = "mutation { " + TEAM + " }"
    named = "query A { organisation { id } } " + text.replace("mutation", "mutation B")
    async with edge.unmoved():
        for query in (f"query={quote(text)}", f"query={quote(named)}&operationName=B"):
            answer = await edge.ask(
                "GET", f"/graphql?{query}", key=edge.here.keys["OWNER"], headers={"accept": GRAPHQL}
            )
            refused_by_graphql(answer, 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "query", ["query=%ff", "query=%7B&query=%7D", "query=%ED%A0%80", "&" * 50, "a=" * 50, "variables=[]"]
)
async def test_a_get_that_cannot_be_read_is_refused(edge: Edge, query: str) -> None:
    answer = await edge.ask("GET", f"/graphql?{query}", key=edge.here.keys["OWNER"], headers={"accept": GRAPHQL})
    refused_by_graphql(answer, 400, "BAD_REQUEST")


async def test_variables_without_end_are_refused(edge: Edge) -> None:  # 39
    owner = edge.here.keys["OWNER"]
    many = {f"v{n}": n for n in range(10_000)}
    for query, variables, status, code in (
        (NAME, {"v": "x" * 5_000_000}, 413, "BODY_TOO_LARGE"),
        (NAME, many | {"v": "x" * 300_000}, 413, "BODY_TOO_LARGE"),
        ("query (" + " ".join(f"$v{n}: Int" for n in range(10_000)) + ") " + NAME, {}, 400, "DOCUMENT_TOO_LARGE"),
    ):
        body = json.dumps({"query": query, "variables": variables}).encode()
        refused_by_graphql(await edge.ask("POST", "/graphql", body, owner, {"accept": GRAPHQL}), status, code)


@pytest.mark.parametrize("deep", [50, 500, 5_000, 50_000])
async def test_variables_that_nest_are_refused(edge: Edge, deep: int) -> None:  # 39, 42
    body = '{"query": "{ organisation { name } }", "variables": {"v": ' + "[" * deep + "]" * deep + "}}"
    answer = await edge.ask("POST", "/graphql", body.encode(), edge.here.keys["OWNER"], {"accept": GRAPHQL}, JSON)
    assert answer.status == 400
    assert answer.code in {"TOO_COMPLEX", "BAD_REQUEST"}


async def test_a_costly_question_is_told_its_cost(edge: Edge) -> None:  # 40
    tasks = "tasks(first: {n}) {{ nodes {{ outcome {{ tasks(first: {n}) {{ nodes {{ id }} }} }} }} }}"
    text = "{{ outcomes(first: {n}) {{ nodes {{ " + tasks + " }} }} }}"
    answer = await edge.graphql(text.format(n=500))
    refused_by_graphql(answer, 400, "TOO_EXPENSIVE")
    assert "outcomes.tasks.outcome.tasks" in answer.json["errors"][0]["message"]
    cost = (await edge.graphql(text.format(n=5))).json["extensions"]["cost"]
    assert cost["requested"] < cost["limit"]


@pytest.mark.parametrize(
    "text", ["' or 1=1 --", "$1", "%", "_", "\\", "'; drop schema read cascade; --", "{}", "*", "(((("]
)
@pytest.mark.parametrize("filtered", ["team", "owner", "cycle"])
async def test_a_filter_takes_a_text_for_a_text(edge: Edge, filtered: str, text: str) -> None:  # 57
    query = f"query ($x: ID) {{ outcomes(filter: {{ {filtered}: $x }}) {{ totalCount }} }}"
    answer = await edge.graphql(query, x=text)
    assert answer.json.get("data", {"outcomes": {"totalCount": 0}}) == {"outcomes": {"totalCount": 0}}, answer.raw
    assert answer.status in {200, 400}


@pytest.mark.parametrize(
    "given",
    [{"team": {"ne": None}}, {"team": ["a"]}, {"state": {"in": ["ACTIVE"]}}, {"__typename": "x"}, {"or": []}, [], "x"],
)
async def test_a_filter_takes_no_operators(edge: Edge, given: Any) -> None:  # 59
    answer = await edge.graphql("query ($f: OutcomeFilter) { outcomes(filter: $f) { totalCount } }", f=given)
    refused_by_graphql(answer, 400, "BAD_VARIABLES")


@pytest.mark.parametrize("order", ["title; drop", "1", "NAME", "TITLE DESC", 1, ["TITLE", "TITLE_DESC"], {}])
async def test_an_order_is_one_of_those_named(edge: Edge, order: Any) -> None:  # 57
    answer = await edge.graphql("query ($o: OutcomeOrder!) { outcomes(orderBy: $o) { totalCount } }", o=order)
    refused_by_graphql(answer, 400, "BAD_VARIABLES")


@pytest.mark.parametrize("name", ["x' union select 1 --", "a\\u0000", "é", "A-B", ""])
async def test_an_alias_is_no_way_into_the_statement(edge: Edge, name: str) -> None:  # 57
    """Aliases become keys of the JSON that the database builds: only GraphQL's own names pass the parser."""
    answer = await edge.graphql(f"{{ {name}: organisation {{ name }} }}")
    refused_by_graphql(answer, 400, "PARSE_FAILED")
    longest = "a" * 1_000
    kept = await edge.graphql(f"{{ {longest}: organisation {{ {longest}: name }} }}")
    assert kept.json["data"] == {longest: {longest: "Harbour"}}
