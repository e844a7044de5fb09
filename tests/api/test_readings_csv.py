"""Readings from a CSV file, over HTTP: all or none, every line that is wrong told at once."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from api.readings_csv import MOST_BYTES, sheet_of
from domain.taking import MOST_READINGS
from tests.api.edge import PROBLEM, Answer, Edge, refused

CSV = "text/csv"
VALUES = """query ($id: ID!) {
  measure: node(id: $id) { ... on Measure { readings(first: 50) { nodes { day value note } } } }
}"""


async def measure(edge: Edge, reference: str = "", **fields: Any) -> str:
    outcome = (await edge.command("set-outcome", {"title": "Shorter waits"})).json["id"]
    given = {"outcomeId": outcome, "title": "Days", "direction": "DECREASE", "baseline": "9", "target": "1"}
    answer = await edge.command("set-measure", given | fields)
    assert answer.status == 201, answer.raw
    one = answer.json["id"]
    if reference:
        given = {"entityId": one, "kind": "MEASURE", "reference": {"system": "shop", "id": reference}}
        answer = await edge.command("set-reference", given)
        assert answer.status == 201, answer.raw
    await edge.settled(edge.here)
    return one


async def send(edge: Edge, text: str | bytes, query: str = "", **more: Any) -> Answer:
    body = text.encode() if isinstance(text, str) else text
    return await edge.ask("POST", f"/readings.csv{query}", body, edge.here.keys["OWNER"], kind=CSV, **more)


async def readings(edge: Edge, measure_id: str) -> list[dict[str, Any]]:
    await edge.settled(edge.here)
    answer = (await edge.graphql(VALUES, id=measure_id)).json
    return answer["data"]["measure"]["readings"]["nodes"]


async def test_r9_a_file_is_taken(edge: Edge) -> None:
    one = await measure(edge)
    text = f'measure,day,value,note\n{one},2026-01-05,7.50,"Rain, and\nsnow"\n\n{one},2026-02-05,6,\n'
    answer = await send(edge, text)
    assert answer.status == 201, answer.raw
    assert answer.json | {"position": 0} == {"readings": 2, "taken": 2, "known": 0, "dryRun": False, "position": 0}
    assert sorted(await readings(edge, one), key=lambda reading: reading["day"]) == [
        {"day": "2026-01-05", "value": 7.50, "note": "Rain, and\nsnow"},
        {"day": "2026-02-05", "value": 6, "note": None},
    ]


async def test_a_measure_is_named_by_its_reference_and_columns_come_in_any_order(edge: Edge) -> None:
    name = uuid4().hex
    one = await measure(edge, reference=f"waits:{name}")
    answer = await send(edge, f"\ufeffValue;DAY;Measure\r\n5;2026-01-05;shop:waits:{name}\r\n")
    assert (answer.status, len(await readings(edge, one))) == (201, 1), answer.raw
    answer = await send(edge, "measure,day,value\nshop:nowhere,2026-01-05,5\nnothing,2026-01-05,5\n")
    assert [(p["line"], p["column"], p["code"]) for p in answer.json["problems"]] == [
        (2, "measure", "NOT_FOUND"),
        (3, "measure", "NOT_FOUND"),
    ]


async def test_r12_the_same_file_again_is_known_and_a_key_answers_as_before(edge: Edge) -> None:
    one = await measure(edge)
    text = f"measure,day,value,source,external_id\n{one},2026-01-05,7,Shop,1\n{one},2026-02-05,6,Shop,2\n"
    key = {"idempotency-key": uuid4().hex}
    first = await send(edge, text, headers=key)
    async with edge.unmoved():
        assert (await send(edge, text, headers=key)).json == first.json
        again = await send(edge, text)
    assert (again.json["taken"], again.json["known"]) == (0, 2)


async def test_every_line_that_is_wrong_is_told_at_once_and_nothing_is_taken(edge: Edge) -> None:
    one, computed = await measure(edge), await measure(edge, direction="CHECKLIST", baseline=None, target=None)
    lines = [
        "measure,indicator,day,value,step,note,source,external_id",
        f"{one},,2026-01-05,7,,,,",  # 2: right
        f"{one},,2026-01-05,1_000,,,,",
        f"{one},,5.1.2026,7,,,,",
        f"{one},{one},2026-01-05,7,,,,",
        f"{one},,2026-01-05,7,High,,,",
        f"{one},,2026-01-05,7,,,,17",
        f"{one},,2026-01-05,{'9' * 40},,,,",  # 8
        f"{one},,2026-01-05,7,,{'x' * 10_001},,",
        f"{uuid4()},,2026-01-05,7,,,,",  # 10
        f"{one},,2999-01-05,7,,,,",
        f"{one},,2100-01-05,7,,,,",
        f"{computed},,2026-01-05,7,,,,",
        f"{one},,2026-01-05,,High,,,",  # 14
        f"{one},,2026-01-05,7,,,,,surplus",
    ]
    for query in ("", "?dryRun=true"):
        async with edge.unmoved():
            answer = await send(edge, "\n".join(lines), query)
        refused(answer, 422, "READINGS_REFUSED")
        assert [(p["line"], p.get("column", ""), p["code"]) for p in answer.json["problems"]] == [
            (3, "value", "INVALID"),
            (4, "day", "INVALID"),
            (5, "measure", "INVALID"),
            (6, "value", "INVALID"),
            (7, "source", "INVALID"),
            (8, "value", "INVALID"),
            (9, "note", "INVALID"),
            (10, "measure", "NOT_FOUND"),
            (11, "day", "INVALID"),
            (12, "day", "DAY_IN_FUTURE"),
            (13, "measure", "NOT_READ_DIRECTLY"),
            (14, "step", "TERMS_MISSING"),
            (15, "", "INVALID"),
        ]
        assert all(problem["detail"].endswith(".") for problem in answer.json["problems"])


async def test_a_dry_run_says_what_would_become_of_it(edge: Edge) -> None:
    one = await measure(edge)
    text = f"measure,day,value,source,external_id\n{one},2026-01-05,7,Shop,1\n{one},2026-02-05,6,Shop,2\n"
    assert (await send(edge, text.rpartition(f"{one},2026-02")[0])).status == 201
    async with edge.unmoved():
        answer = await send(edge, text, "?dryRun=true")
    assert (answer.status, answer.json) == (
        200,
        {"readings": 2, "taken": 1, "known": 1, "dryRun": True, "position": None},
    )


FILES: dict[str, bytes] = {
    "nothing": b"",
    "blank": b"\n\n",
    "columns alone": b"measure,day,value\n",
    "no day": b"measure,value\nx,1\n",
    "an unknown column": b"measure,day,value,colour\nx,2026-01-05,1,red\n",
    "a column twice": b"measure,day,day,value\nx,2026-01-05,2026-01-05,1\n",
    "an open quote": b'measure,day,value\n"x,2026-01-05,1\n',
    "no UTF-8": b"measure,day,value\n\xff,2026-01-05,1\n",
    "NUL": b"measure,day,value\nx\x00,2026-01-05,1\n",
    "an archive": b"PK\x03\x04" + bytes(range(256)) * 20,
    "a cell that is too long": b"measure,day,value,note\nx,2026-01-05,1," + b"n" * 200_000,
    "too many": b"measure,day,value\n" + b"x:y,2026-01-05,1\n" * (MOST_READINGS + 1),
    "JSON": b'{"readings": []}',
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
async def test_what_is_no_file_of_readings_is_refused(edge: Edge, content: bytes) -> None:
    async with edge.unmoved():
        answer = await send(edge, content)
    refused(answer, 422, "READINGS_REFUSED")
    assert answer.json["problems"]
    assert answer.kind == PROBLEM


async def test_a_file_too_large_another_kind_and_another_wish_are_refused(edge: Edge) -> None:
    async with edge.unmoved():
        refused(await send(edge, b"x" * (MOST_BYTES + 1)), 413, "TOO_LARGE")
        refused(await edge.command("take-reading", "measure,day,value", kind=CSV), 415, "UNSUPPORTED_MEDIA_TYPE")
        refused(await send(edge, "measure,day,value\n", "?dryRun=perhaps"), 400, "INVALID")
        reader = edge.here.keys["READER"]
        answer = await edge.ask("POST", "/readings.csv", b"measure,day,value\n", reader, kind=CSV)
        assert answer.status in {403, 422}


async def test_a_measure_of_another_organisation_is_as_if_absent(edge: Edge) -> None:
    one = await measure(edge, reference=uuid4().hex)
    here, edge.here = edge.here, edge.there
    try:
        async with edge.unmoved():
            answer = await send(edge, f"measure,day,value\n{one},2026-01-05,5\n")
    finally:
        edge.here = here
    assert [(p["line"], p["code"]) for p in answer.json["problems"]] == [(2, "NOT_FOUND")]


async def test_numbers_inside_lists_are_numerals_too(edge: Edge) -> None:
    given = [{"measureId": str(uuid4()), "takenOn": "2026-01-05", "value": "1_000"}]
    async with edge.unmoved():
        answer = await edge.command("take-readings", {"readings": given})
    refused(answer, 400, "INVALID")
    assert answer.json["fields"] == ["readings[0].value"]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    cell: Callable[[int], str] = lambda n: f'"a\nb{n}"'  # noqa: E731
    text = "measure,day,value,note\n\n" + "".join(f"x,2026-01-05,1,{cell(n)}\n" for n in range(3)) + "x,never,1,\n"
    sheet = sheet_of(text.encode())
    assert (sheet.numbers, [problem.line for problem in sheet.problems]) == ([3, 5, 7], [9])
