"""Two organisations side by side: neither's ids, cursors or keys open anything of the other's (attacks 14 to 21).

Commands and their ids come from the OpenAPI description, queries from the introspection: new ones are covered at once.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from api.desk import MADE_AT_THE_EDGE
from api.reference import openapi
from domain.commands import COMMANDS
from domain.values import camel
from tests.api.edge import Edge, Organisation, refused

DESCRIPTION = openapi()
SCHEMAS: Mapping[str, Any] = DESCRIPTION["components"]["schemas"]
# What an id field of a command holds, where its name does not say it.
HOLDS = {
    "leadIds": "person",
    "ownerId": "person",
    "reviewerId": "person",
    "promiserId": "person",
    "beneficiaryId": "person",
    "delegateId": "person",
    "higherId": "outcome",
    "drivesId": "objective",
    "inputIds": "measure",
    "teamIds": "team",
    "outcomeIds": "outcome",
    "decidedByIds": "person",
    "replyToId": "comment",
    "formerId": "outcome",
    "personIds": "person",
    "entityId": "person",
    "askedById": "person",
    "waitingForPersonId": "person",
    "waitingForTeamId": "team",
    "awaitedId": "task",
}
WITH: Mapping[str, dict[str, Any]] = {
    "inputIds": {"computation": "SUM"},
    "personIds": {"visibility": "NAMED"},
}  # what such an id needs beside it
ELSEWHERE = {
    ("carry-over-outcome", "cycleId"): "nextCycle",
    ("link-milestone", "awaitedId"): "milestone",
    ("unlink-milestone", "awaitedId"): "milestone",
}
KIN = {  # what a parent or a successor is, by command
    "form-team": "team",
    "move-team": "team",
    "plan-cycle": "cycle",
    "deactivate-person": "person",
    "disband-team": "team",
}
# What a command needs beside its required fields to come as far as looking its ids up.
BESIDE: Mapping[str, dict[str, Any]] = {
    "redeliver": {"sequence": 1},
    "request-task": {"servesNothing": "Training", "promiserId": None},
    "commit-task": {"servesNothing": "Training"},
    "relink-task": {"servesNothing": "Training"},
    "block-task": {"waitingFor": "Rain"},
    "set-measure": {"baseline": "0", "target": "10"},
    "align-outcome": {"objectiveId": None},
    "unalign-outcome": {"objectiveId": None},
    "set-focus-limit": {"teamId": None},
    "assign-outcome": {"teamId": None},
    "revise-measure": {"title": "Other"},
    "take-reading": {"measureId": None, "value": "1"},
    "correct-reading": {"value": "2"},
    "set-boundary": {"indicatorId": None, "lower": "1"},
    "check-in": {"next": "Go on"},
    "decline-work": {"teamId": None},
    "set-cadence": {"every": 2, "unit": "WEEKS"},
    "set-escalation": {"steps": [{"fact": "DUE_PASSED", "days": 3, "to": "LEADS"}]},
    "acknowledge": {"checkInId": None},
    "comment": {"outcomeId": None},
    "celebrate": {"outcomeId": None},
    "set-milestone": {"outcomeId": None},
    "revise-check-in": {"next": "Other"},
}
# Of which exactly one is given.
EITHER = (
    frozenset({"higherId", "objectiveId", "measureId"}),
    frozenset({"measureId", "indicatorId"}),
    frozenset({"teamId", "personId"}),
    frozenset({"outcomeId", "initiativeId", "servesNothing"}),
    frozenset({"outcomeId", "milestoneId", "taskId"}),
    frozenset({"outcomeId", "taskId", "checkInId", "decisionId", "celebrationId", "initiativeId"}),
    frozenset({"outcomeId", "initiativeId"}),
    frozenset({"checkInId", "outcomeId", "cycleId"}),
    frozenset({"promiserId", "teamId"}),
    frozenset({"waitingForPersonId", "waitingForTeamId", "waitingFor"}),
)


def schema_of(name: str) -> Mapping[str, Any]:
    reference = DESCRIPTION["paths"][f"/commands/{name}"]["post"]["requestBody"]["content"]["application/json"]
    return SCHEMAS[reference["schema"]["$ref"].rpartition("/")[2]]


def is_id(schema: Mapping[str, Any]) -> bool:
    parts = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
    return any(part.get("format") == "uuid" for part in parts)


def id_fields(name: str) -> Iterator[str]:
    return (field for field, schema in schema_of(name)["properties"].items() if is_id(schema))


def held(command: str, field: str) -> str:
    if (command, field) in ELSEWHERE:
        return ELSEWHERE[command, field]
    if field in {"parentId", "successorId"}:
        return KIN[command]
    return HOLDS.get(field) or field.removesuffix("Id")


DAYS = {"endsOn": "2026-09-30", "dueOn": "2099-06-01"}  # or the timekeeper would note, meanwhile, that it passed


def value_of(schema: Mapping[str, Any], field: str) -> Any:
    """Something that the schema takes."""
    if "$ref" in schema:
        named = SCHEMAS[schema["$ref"].rpartition("/")[2]]
        return (
            named["enum"][0]
            if "enum" in named
            else {one: value_of(named["properties"][one], one) for one in named["required"]}
        )
    if schema.get("format") == "date":
        return DAYS.get(field, "2026-06-01")
    if schema.get("format") == "decimal":
        return "1"
    if schema.get("pattern", "").startswith("^https"):
        return "https://sign-on.example"
    if field == "perspective":
        return "FINANCIAL"
    return 3 if schema["type"] == "integer" else "Something"


def body_of(command: str, organisation: Organisation, instead: str = "") -> dict[str, Any]:
    """One that the organisation could send, without what `instead` stands for."""
    schema = schema_of(command)
    body = dict(BESIDE.get(command, {}))
    for field in [*schema["required"], *(one for one, value in body.items() if value is None)]:
        kind = schema["properties"][field]
        body[field] = (
            placed(command, field, organisation.ids[held(command, field)]) if is_id(kind) else value_of(kind, field)
        )
        own = is_id(kind) and placed(command, field, organisation.ids[held(command, field)])
        body[field] = own or value_of(kind, field)
    for group in EITHER:
        if instead in group:
            for other in group - set(schema["required"]):
                body.pop(other, None)
    return {**body, **{one: value for one, value in WITH.get(instead, {}).items() if one in schema["properties"]}}


def placed(command: str, field: str, value: str) -> Any:
    return [value] if schema_of(command)["properties"][field].get("type") == "array" else value


CASES = [(name, field) for name in COMMANDS if name != "found-organisation" for field in id_fields(name)]
CREATED = {(name, camel(kind.entity)) for name, kind in COMMANDS.items() if kind.creates}


async def peopled(edge: Edge, organisation: Organisation) -> None:
    """One entity of each kind."""
    key = organisation.keys["OWNER"]

    async def made(kind: str, name: str, /, **fields: Any) -> None:
        answer = await edge.command(name, fields, key)
        assert answer.status == 201, answer.raw
        organisation.ids[kind] = answer.json["id"]

    ids = organisation.ids
    person = str(organisation.person)
    ids |= {"person": person, "organisation": str(organisation.id)}
    await made("apiKey", "issue-api-key", name="Robot", role="READER")
    await made("webhook", "subscribe-webhook", receiver="https://example.com/hook")
    await made("feedToken", "issue-feed-token", feed="MILESTONES")
    await made("team", "form-team", name=f"Crew {organisation.id}", leadIds=[person])
    await made("objective", "set-strategic-objective", title=f"Grow {organisation.id}", perspective="CUSTOMER")
    await made("cycle", "plan-cycle", title=f"Q {organisation.id}", startsOn="2026-10-01", endsOn="2026-12-31")
    await made("nextCycle", "plan-cycle", title="Q", startsOn="2027-01-01", endsOn="2027-03-31")
    await made(
        "outcome",
        "set-outcome",
        title=f"Reach {organisation.id}",
        cycleId=ids["cycle"],
        teamId=ids["team"],
        ownerId=person,
    )
    await made(
        "measure",
        "set-measure",
        outcomeId=ids["outcome"],
        title=f"Sales {organisation.id}",
        direction="INCREASE",
        baseline="0",
        target="10",
    )
    await made("reading", "take-reading", measureId=ids["measure"], value="4")
    await made("indicator", "define-indicator", title=f"Visitors {organisation.id}")
    await made(
        "boundary", "set-boundary", outcomeId=ids["outcome"], title="Enough", indicatorId=ids["indicator"], lower="1"
    )
    await made("task", "commit-task", title=f"Sell {organisation.id}", dueOn="2099-12-01", outcomeId=ids["outcome"])
    await made("check", "add-check", taskId=ids["task"], title=f"Flour {organisation.id}")
    await made("initiative", "plan-initiative", outcomeId=ids["outcome"], title=f"Stall {organisation.id}")
    await made(
        "milestone", "set-milestone", outcomeId=ids["outcome"], title=f"Half {organisation.id}", dueOn="2026-12-01"
    )
    await made("tag", "name-tag", name=f"Tag {organisation.id}")
    await made("checkIn", "check-in", outcomeId=ids["outcome"], confidence="0.5")
    await made("decision", "record-decision", title=f"Go on {organisation.id}")
    await made("declinedWork", "decline-work", title=f"A shop {organisation.id}", reason="No.", teamId=ids["team"])
    await made("celebration", "celebrate", title=f"Half done {organisation.id}", outcomeId=ids["outcome"])
    await made("comment", "comment", text=f"Well done {organisation.id}", outcomeId=ids["outcome"])
    await edge.settled(organisation)


@pytest.fixture(scope="module")
async def two(edge: Edge) -> Edge:
    await peopled(edge, edge.here)
    await peopled(edge, edge.there)
    return edge


@pytest.mark.parametrize(("command", "field"), [case for case in CASES if case not in CREATED])
async def test_a_command_knows_no_id_of_another_organisation(two: Edge, command: str, field: str) -> None:  # 14, 21
    body = body_of(command, two.here, field)
    async with two.unmoved():
        body[field] = placed(command, field, two.there.ids[held(command, field)])
        foreign = await two.command(command, body)
        body[field] = placed(command, field, str(uuid4()))
        unknown = await two.command(command, body)
    refused(foreign, 404, "NOT_FOUND")
    assert foreign.raw == unknown.raw
    assert foreign.status == unknown.status


@pytest.fixture(scope="module")
async def third(edge: Edge) -> Organisation:
    """For what would blur the other two."""
    made = await edge.found("Buoy")
    await peopled(edge, made)
    return made


# Whose id another command has made already in that organisation.
SECOND = {("request-task", "taskId"), ("carry-over-outcome", "outcomeId")}


@pytest.mark.parametrize(("command", "field"), sorted(CREATED - SECOND))
async def test_an_id_that_another_organisation_has_used_is_free(  # 14, 21
    two: Edge, third: Organisation, command: str, field: str
) -> None:
    before = await two.heads()
    body = body_of(command, third) | {field: two.there.ids[held(command, field)]}
    answer = await two.command(command, body, third.keys["OWNER"])
    assert answer.status == 201, answer.raw
    assert await two.heads() == before | {third.id: answer.json["position"]}


async def test_no_organisation_is_founded_under_the_id_of_another(two: Edge) -> None:  # 20
    for organisation_id in (two.there.id, uuid4(), two.here.id):
        async with two.unmoved():
            answer = await two.command("found-organisation", {"organisationId": str(organisation_id), "name": "Mine"})
            refused(answer, 422, "ALREADY_EXISTS")


async def test_no_header_or_parameter_names_another_organisation(two: Edge) -> None:  # 20
    other = str(two.there.id)
    before = await two.heads()
    headers = {"x-organisation-id": other, "headway-organisation": other, "x-forwarded-user": str(two.there.person)}
    path = f"/commands/form-team?organisationId={other}&organisation_id={other}"
    answer = await two.ask("POST", path, {"name": "Ours"}, two.here.keys["OWNER"], headers)
    assert answer.status == 201
    after = await two.heads()
    assert after == before | {two.here.id: answer.json["position"]}
    async with two.unmoved():
        refused(await two.command("form-team", {"name": "Ours", "organisationId": other}), 400, "INVALID")


async def test_an_idempotency_key_is_each_organisations_own(two: Edge) -> None:  # 17
    headers = {"idempotency-key": uuid4().hex}
    first = await two.command("form-team", {"name": "Twins"}, headers=headers)
    other = await two.command("form-team", {"name": "Others"}, two.there.keys["OWNER"], headers=headers)
    assert (first.status, other.status) == (201, 201)
    assert "headway-repeated" not in other.headers
    assert first.json["id"] != other.json["id"]


# GraphQL

INTROSPECTION = """
{ __schema { types { kind name
  fields { name args { name type { ...t } } type { ...t } }
  inputFields { name type { ...t } } } queryType { name } mutationType { name } } }
fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
"""
Type = Mapping[str, Any]


class Introspected:
    """The schema as a client sees it."""

    def __init__(self, answered: Mapping[str, Any]) -> None:
        schema = answered["__schema"]
        self.types: dict[str, Type] = {one["name"]: one for one in schema["types"]}
        self.queries: list[Type] = self.types[schema["queryType"]["name"]]["fields"]
        self.mutations: list[Type] = self.types[schema["mutationType"]["name"]]["fields"]

    def named(self, reference: Type) -> Type:
        while reference.get("ofType"):
            reference = reference["ofType"]
        return self.types[reference["name"]]

    def selection(self, reference: Type, depth: int) -> str:
        """All fields that need no argument, some levels down."""
        kind = self.named(reference)
        if kind["kind"] in {"SCALAR", "ENUM"}:
            return ""
        parts = ["__typename"]
        for one in kind["fields"] or ():
            inner = self.named(one["type"])
            if any(argument["type"]["kind"] == "NON_NULL" for argument in one["args"]) and inner["kind"] == "SCALAR":
                continue
            if inner["kind"] in {"SCALAR", "ENUM"}:
                parts.append(one["name"])
            elif depth and not one["name"].endswith("edges"):
                parts.append(f"{one['name']} {self.selection(one['type'], depth - 1)}")
        return "{ " + " ".join(parts) + " }"

    def id_arguments(self, query: Type) -> Iterator[tuple[str, str | None]]:
        """(argument, field of an input type)."""
        for argument in query["args"]:
            kind = self.named(argument["type"])
            if kind["name"] == "ID":
                yield argument["name"], None
            for inner in kind.get("inputFields") or ():
                if self.named(inner["type"])["name"] == "ID":
                    yield argument["name"], inner["name"]


@pytest.fixture(scope="module")
async def schema(two: Edge) -> Introspected:
    answer = await two.graphql(INTROSPECTION)
    assert answer.status == 200, answer.raw
    return Introspected(answer.json["data"])


DEMANDED = {"Date": '"2026-06-01"', "String": '"Reach"', "Position": "1"}


def asked(schema: Introspected, query: Type, argument: str, inner: str | None, value: str, own: Organisation) -> str:
    """A document with the value in one argument, and our own ids in the others that are demanded."""
    given = {argument: json.dumps(value) if inner is None else f"{{{inner}: {json.dumps(value)}}}"}
    for other in query["args"]:
        kind = schema.named(other["type"])["name"]
        if other["type"]["kind"] != "NON_NULL" or other["name"] in given:
            continue
        if kind == "ID":
            given[other["name"]] = json.dumps(own.ids.get(other["name"], own.ids["outcome"]))
        elif kind in DEMANDED:
            given[other["name"]] = DEMANDED[kind]
    if query["name"] == "focus" and not given.keys() & {"team", "person"}:  # wants one of two ids
        given["team"] = json.dumps(own.ids["team"])
    arguments = ", ".join(f"{name}: {text}" for name, text in given.items())
    return f"{{ {query['name']}({arguments}) {schema.selection(query['type'], 1)} }}"


async def test_no_query_answers_for_an_id_of_another_organisation(
    two: Edge, schema: Introspected
) -> None:  # 15, 16, 21
    tried = 0
    leaks: list[str] = []
    async with two.unmoved():
        for query in schema.queries:
            for argument, inner in schema.id_arguments(query):
                unknown = await two.graphql(asked(schema, query, argument, inner, str(uuid4()), two.here))
                for foreign in two.there.ids.values():
                    document = asked(schema, query, argument, inner, foreign, two.here)
                    answer = await two.graphql(document)
                    tried += 1
                    assert answer.status == 200, (document, answer.raw)
                    if answer.json["data"] != unknown.json["data"] or b"Lighthouse" in answer.raw:
                        leaks.append(document)
                    assert str(two.there.id).encode() not in answer.raw
    assert leaks == []
    assert tried > 100


async def test_the_same_queries_answer_for_our_own_ids(two: Edge, schema: Introspected) -> None:
    """Or the test above would prove nothing."""
    own = {query["name"]: query for query in schema.queries}
    for name in ("outcome", "measure", "team", "task", "node"):
        kind = two.here.ids["team" if name == "node" else name]
        answer = await two.graphql(asked(schema, own[name], "id", None, kind, two.here))
        assert answer.json["data"][name] is not None, name
    history = await two.graphql(asked(schema, own["history"], "entity", None, two.here.ids["team"], two.here))
    assert history.json["data"]["history"]["nodes"]


async def test_no_list_holds_a_row_of_another_organisation(two: Edge, schema: Introspected) -> None:  # 15
    seen = 0
    for query in schema.queries:
        if any(argument["type"]["kind"] == "NON_NULL" and argument["name"] != "orderBy" for argument in query["args"]):
            continue
        if query["name"] in {"lineOfSight", "focus", "load"}:  # they want one of two ids
            continue
        answer = await two.graphql(f"{{ {query['name']} {schema.selection(query['type'], 1)} }}")
        assert answer.status == 200, (query["name"], answer.raw)
        text = answer.raw.decode()
        assert "Lighthouse" not in text
        assert str(two.there.id) not in text
        seen += 1
    assert seen > 5


async def test_no_mutation_knows_an_id_of_another_organisation(two: Edge, schema: Introspected) -> None:  # 14
    known = {one["name"]: one for one in schema.mutations}
    wrong: list[str] = []
    async with two.unmoved():
        for command, field in CASES:
            if (command, field) in CREATED:
                continue
            head, *rest = command.split("-")
            mutation = known[head + "".join(part.capitalize() for part in rest)]
            kind = next(one for one in mutation["args"] if one["name"] == "input")
            body = body_of(command, two.here, field)
            body[field] = placed(command, field, two.there.ids[held(command, field)])
            input_type = schema.named(kind["type"])["name"]
            asks = f"{mutation['name']}(input: $input) {{ position refusal {{ code }} }}"
            document = f"mutation ($input: {input_type}!) {{ {asks} }}"
            answer = await two.graphql(document, input=body)
            data = answer.json.get("data")
            if data != {mutation["name"]: {"position": None, "refusal": {"code": "NOT_FOUND"}}}:
                wrong.append(f"{command}.{field}: {answer.raw.decode()[:300]}")
    assert wrong == []


async def test_every_command_is_a_mutation(two: Edge, schema: Introspected) -> None:
    assert len(schema.mutations) == len(COMMANDS)
    assert {"lookup", "digest"} == MADE_AT_THE_EDGE["issue-api-key"]


async def test_a_cursor_of_another_organisation_pages_through_our_own(two: Edge) -> None:  # 17
    document = "query ($after: String) { people(first: 1, after: $after) { nodes { id name } pageInfo { endCursor } } }"
    theirs = await two.graphql(document, two.there.keys["OWNER"])
    cursor = theirs.json["data"]["people"]["pageInfo"]["endCursor"]
    answer = await two.graphql(document, after=cursor)
    assert "Lighthouse" not in answer.raw.decode()
    assert str(two.there.person) not in answer.raw.decode()


@pytest.mark.parametrize("cursor", ["", "A", "W10=", "x" * 10_000, "bnVsbA==", "/////w==", "eyJhIjoxfQ=="])
async def test_a_cursor_that_is_none_is_refused(two: Edge, cursor: str) -> None:  # 17
    answer = await two.graphql("query ($c: String) { people(first: 1, after: $c) { nodes { id } } }", c=cursor)
    assert answer.status == 400
    assert answer.code in {"CURSOR_INVALID", "BAD_INPUT"}


async def test_a_position_that_only_another_organisation_has_reached_is_waited_for(two: Edge) -> None:  # 17
    heads = await two.heads()
    beyond = max(heads.values()) + 1_000
    body = {"query": "{ viewer { role } }", "extensions": {"minPosition": beyond}}
    answer = await two.ask("POST", "/graphql", body, two.here.keys["OWNER"])
    assert (answer.status, answer.code) == (503, "POSITION_NOT_REACHED")
    assert "retry-after" in answer.headers


async def test_an_answer_kept_for_one_organisation_is_not_given_to_another(two: Edge) -> None:
    document = "{ people(first: 5) { nodes { id name } } }"
    ours = await two.graphql(document)
    theirs = await two.graphql(document, two.there.keys["OWNER"])
    assert "Lighthouse" not in ours.raw.decode()
    assert "Harbour" not in theirs.raw.decode()
    tag = ours.headers.get("etag")
    if tag is not None:
        path = "/graphql?query=%7Bpeople(first%3A5)%7Bnodes%7Bid%20name%7D%7D%7D"
        answer = await two.ask("GET", path, key=two.there.keys["OWNER"], headers={"if-none-match": tag})
        assert answer.status == 200
