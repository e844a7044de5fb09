"""What cannot be meant is refused with a code, and changes nothing (attacks 25 and 42 to 57, by REST and GraphQL)."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.edge import Edge, refused, refused_by_graphql

PROMISE = """mutation ($input: CommitTaskInput!) { commitTask(input: $input) {
  position task { id state due promiser { name } } refusal { code message fields } } }"""
REGISTER = (
    "mutation ($input: RegisterPersonInput!) { registerPerson(input: $input) { position refusal { code fields } } }"
)
SOME_ID = "6b17c37a-b17c-4046-9895-60846bb89499"
TASK = {"title": "Mend the roof", "dueOn": "2030-01-01", "servesNothing": "It rains in."}

BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (b"name=x", 400),
    "a list": (b"[]", 400),
    "a text": (b'"x"', 400),
    "null": (b"null", 400),
    "two objects": (b'{"name":"x"}{"name":"y"}', 400),
    "cut off": (b'{"name":"x', 400),
    "a comma too many": (b'{"name":"x",}', 400),
    "100,000 brackets": (b"[" * 100_000, 400),
    "100,000 brackets inside": (b'{"name":' + b"[" * 100_000, 400),
    "100,000 objects inside": (b'{"name":' + b'{"a":' * 100_000, 400),
    "bad UTF-8": (b'{"name":"\xff"}', 400),
    "bad UTF-8 in an unknown field": (b'{"name":"x","other":"\xff"}', 400),
    "UTF-16": ('{"name":"x"}'.encode("utf-16"), 400),
    "a byte order mark": (b'\xef\xbb\xbf{"name":"x"}', 400),
    "a lone surrogate": (b'{"name":"\\ud800"}', 400),
    "NUL": (b'{"name":"a\\u0000b"}', 400),
    "a bare control character": (b'{"name":"a\x01b"}', 400),
    "only zero width": (b'{"name":"\\u200b\\u200d"}', 400),
    "only blanks": (b'{"name":" \\t \\n"}', 400),
    "empty": (b'{"name":""}', 400),
    "too long": (b'{"name":"' + b"x" * 1_000 + b'"}', 400),
    "a number": (b'{"name":7}', 400),
    "NaN": (b'{"name":NaN}', 400),
    "Infinity": (b'{"name":-Infinity}', 400),
    "1e999": (b'{"name":1e999}', 400),
    "5,000 digits": (b'{"name":' + b"9" * 5_000 + b"}", 400),
    "an object": (b'{"name":{"$ne":null}}', 400),
    "missing": (b"{}", 400),
    "2 MB": (b'{"name":"' + b"x" * 2_000_000 + b'"}', 413),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
async def test_a_body_that_cannot_be_meant_changes_nothing(edge: Edge, body: bytes, status: int) -> None:
    async with edge.unmoved():
        refused(await edge.command("register-person", body), status, "INVALID" if status == 400 else "TOO_LARGE")


@pytest.mark.parametrize(
    "field",
    [
        "position",
        "organisationId",
        "recordedAt",
        "actor",
        "by",
        "role",
        "eventId",
        "issued",
        "__class__",
        "Name",
        "lookup",
    ],
)
async def test_no_field_can_be_slipped_in(edge: Edge, field: str) -> None:  # 25, 51
    async with edge.unmoved():
        answer = await edge.command("register-person", {"name": "Ana", field: "x"})
        refused(answer, 400, "INVALID")
        assert field in answer.json["detail"] or field in answer.json["fields"]


async def test_of_a_field_given_twice_the_last_counts(edge: Edge) -> None:  # 51
    answer = await edge.command("register-person", b'{"name":"First","name":"Second"}')
    assert answer.status == 201
    await edge.settled(edge.here)
    found = await edge.graphql("query ($id: ID!) { node(id: $id) { ... on Person { name } } }", id=answer.json["id"])
    assert found.json["data"] == {"node": {"name": "Second"}}


async def measured(edge: Edge) -> dict[str, Any]:
    """The id of a measure, made once a module."""
    if "measured" not in edge.here.ids:
        team = (await edge.command("form-team", {"name": "Measured"})).json["id"]
        cycle = await edge.command("plan-cycle", {"title": "Y", "startsOn": "2026-01-01", "endsOn": "2026-12-31"})
        fields = {"title": "Fewer waits", "teamId": team, "cycleId": cycle.json["id"]}
        outcome = (await edge.command("set-outcome", fields)).json["id"]
        given = {"outcomeId": outcome, "title": "Days", "direction": "DECREASE", "baseline": "9", "target": "1"}
        answer = await edge.command("set-measure", given)
        assert answer.status == 201, answer.raw
        edge.here.ids["measured"] = answer.json["id"]
    return {"measureId": edge.here.ids["measured"], "value": "5"}


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "sNaN", "1e200000", "1e999", "9" * 1_000, "0." + "1" * 1_000, "", " ", "1,5",
     "0x10",     "١٢", "1_000", "--1", True, None, [], {"a": 1}, 1e999],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
async def test_a_number_that_no_layer_carries_is_refused(edge: Edge, value: Any) -> None:  # 43 to 45
    body = await measured(edge) | {"value": value}
    async with edge.unmoved():
        refused(await edge.command("take-reading", body), 400, "INVALID")
    mutation = "mutation ($input: TakeReadingInput!) { takeReading(input: $input) { position refusal { code } } }"
    async with edge.unmoved():
        answer = await edge.ask(
            "POST", "/graphql", {"query": mutation, "variables": {"input": body}}, edge.here.keys["OWNER"]
        )
        told = answer.json
        assert "errors" in told or told["data"]["takeReading"]["refusal"] == {"code": "INVALID"}, told


@pytest.mark.parametrize(
    "day",
    ["0001-01-01", "0000-01-01", "9999-12-31", "2026-02-30", "2026-13-01", "2026-1-1", "01/02/2026",
     "2026-06-30T00:00:00Z",     "tomorrow", "", 20_260_101, "-2026-01-01", "2026-06-30\n"],
)  # fmt: skip
async def test_a_day_that_no_layer_carries_is_refused(edge: Edge, day: Any) -> None:  # 50
    body = await measured(edge) | {"takenOn": day}
    async with edge.unmoved():
        refused(await edge.command("take-reading", body), 400, "INVALID")


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-06-30T23:59:60Z",
        "2026-01-01",
        "now",
        "1e9",
    ],
)
async def test_a_moment_without_zone_or_reason_is_refused(edge: Edge, moment: str) -> None:  # 50
    async with edge.unmoved():
        answer = await edge.command("register-person", {"name": "Ana"}, headers={"headway-occurred-at": moment})
    assert answer.status in {400, 422}
    assert answer.code in {"INVALID", "OCCURRED_IN_FUTURE"}


@pytest.mark.parametrize(
    "value", ["x", "", "7", "../..", "' or 1=1 --", "{" + SOME_ID + "}", 7, None, [], SOME_ID + "0"]
)
async def test_what_is_no_id_is_refused(edge: Edge, value: Any) -> None:
    async with edge.unmoved():
        refused(await edge.command("activate-outcome", {"outcomeId": value}), 400, "INVALID")


async def test_directions_of_writing_and_marks_are_kept_as_they_are(edge: Edge) -> None:  # 48, 62
    names = [
        "Zoë ✓",
        "مها",
        "<script>alert(1)</script>",
        "Robert'); drop table people;--",
        "a" + "\u0301" * 3,
        "%_\\$1",
    ]
    for name in names:
        answer = await edge.command("register-person", {"name": name})
        assert answer.status == 201, name
        await edge.settled(edge.here)
        found = await edge.graphql(
            "query ($id: ID!) { node(id: $id) { ... on Person { name } } }", id=answer.json["id"]
        )
        [kept] = found.json["data"].values()
        assert kept is not None
        assert len(kept["name"]) <= len(name)


@pytest.mark.parametrize("position", ["x", "-1", "1.5", "9" * 40, "*", '"a"', "\u0661"])
async def test_a_position_that_is_none_is_refused(edge: Edge, position: str) -> None:
    async with edge.unmoved():
        answer = await edge.command("register-person", {"name": "Ana"}, headers={"if-match": position})
        refused(answer, 400, "INVALID")
        assert answer.json["fields"] == ["If-Match"]


async def test_a_stale_position_is_refused(edge: Edge) -> None:
    formed = await edge.command("form-team", {"name": "Whole"})
    part = {"name": "Part", "parentId": formed.json["id"]}
    position = formed.json["position"]
    async with edge.unmoved():
        refused(await edge.command("form-team", part, headers={"if-match": f'"{position - 1}"'}), 412, "STALE_POSITION")
    assert (await edge.command("form-team", part, headers={"if-match": f'"{position}"'})).status == 201


async def test_a_key_used_again_answers_the_same_and_for_another_command_not_at_all(edge: Edge) -> None:
    headers = {"idempotency-key": uuid4().hex}
    first = await edge.command("form-team", {"name": "Once"}, headers=headers)
    async with edge.unmoved():
        again = await edge.command("form-team", {"name": "Once"}, headers=headers)
        refused(await edge.command("form-team", {"name": "Twice"}, headers=headers), 422, "IDEMPOTENCY_KEY_REUSED")
        refused(await edge.command("register-person", {"name": "Once"}, headers=headers), 422, "IDEMPOTENCY_KEY_REUSED")
    assert (again.status, again.raw) == (first.status, first.raw)
    assert again.headers["headway-repeated"] == "true"


@pytest.mark.parametrize("key", ["x" * 256, "x" * 10_000, " "])
async def test_a_key_that_would_be_a_store_is_refused(edge: Edge, key: str) -> None:  # 87
    async with edge.unmoved():
        refused(await edge.command("register-person", {"name": "A"}, headers={"idempotency-key": key}), 400, "INVALID")


async def test_a_promise_by_mutation_reads_its_own_write(edge: Edge) -> None:
    answer = await edge.graphql(PROMISE, input=TASK)
    told = answer.json["data"]["commitTask"]
    assert answer.status == 200
    assert told["refusal"] is None
    assert told["position"] == (await edge.heads())[edge.here.id]
    name = "Ana of Harbour"
    assert told["task"] | {"id": ""} == {
        "id": "",
        "state": "COMMITTED",
        "due": "2030-01-01",
        "promiser": {"name": name},
    }


async def test_a_refusal_by_mutation_is_data(edge: Edge) -> None:
    fields = {one: value for one, value in TASK.items() if one != "servesNothing"}
    async with edge.unmoved():
        answer = await edge.graphql(PROMISE, input=fields)
    told = answer.json["data"]["commitTask"]
    assert answer.status == 200
    assert (told["position"], told["task"]) == (None, None)
    assert told["refusal"]["code"] == "SERVES_NOTHING_SAID"
    assert told["refusal"]["fields"] == ["outcomeId", "initiativeId", "servesNothing"]
    assert told["refusal"]["message"]


INPUTS: dict[str, Any] = {
    "NUL": {"name": "a\0b"},
    "zero width": {"name": "\u200b"},
    "too long": {"name": "x" * 1_000},
    "unknown field": {"name": "x", "position": 7},
    "a number": {"name": 7},
    "null": {"name": None},
    "missing": {},
    "a list": [],
    "an operator": {"name": {"eq": "x"}},
    "deep": {"name": "x", "reference": {"system": {"a": {"b": {"c": {}}}}, "id": "x"}},
}


@pytest.mark.parametrize("given", INPUTS.values(), ids=INPUTS)
async def test_an_input_that_cannot_be_meant_changes_nothing_by_mutation(edge: Edge, given: Any) -> None:
    async with edge.unmoved():
        answer = await edge.graphql(REGISTER, input=given)
    if "errors" in answer.json:
        assert answer.code in {"BAD_VARIABLES", "BAD_INPUT"}
        refused_by_graphql(answer, 400, answer.code)
    else:
        assert answer.json["data"]["registerPerson"]["refusal"]["code"] == "INVALID"


@pytest.mark.parametrize(
    "text", ["' or 1=1 --", "$1", "%", "_", "\\", '"; drop table read.person; --', "\u0000", "a" * 5_000]
)
async def test_a_text_in_a_query_is_nothing_but_a_text(edge: Edge, text: str) -> None:  # 57
    async with edge.unmoved():
        answer = await edge.graphql("query ($id: ID!) { team(id: $id) { name } }", id=text)
        assert answer.status in {200, 400}
        assert answer.json.get("data") in ({"team": None}, None)
        literal = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\\u0000")
        inline = await edge.graphql(f'{{ team(id: "{literal}") {{ name }} }}')
        assert inline.status in {200, 400}
        assert inline.json.get("data") in ({"team": None}, None)


async def test_a_list_without_end_is_refused(edge: Edge) -> None:  # 55
    async with edge.unmoved():
        for count in (101, 25_000):
            body = {"name": "Crowd", "leadIds": [str(uuid4()) for _ in range(count)]}
            refused(await edge.command("form-team", body), 400, "INVALID")
