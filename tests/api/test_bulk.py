"""Many commands in one request: a line each, answered a line each."""

import json
from uuid import uuid4

import pytest

from tests.api.edge import NDJSON, Edge, refused


def team(**more: object) -> bytes:
    return json.dumps({"command": "form-team", "input": {"name": "Line"}, **more}).encode()


BAD_LINES: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"no command", 400, "INVALID"),
    "a list": (b"[]", 400, "INVALID"),
    "no such command": (b'{"command":"sing-song","input":{}}', 404, "NOT_FOUND"),
    "no command": (b'{"input":{}}', 400, "INVALID"),
    "an unknown field": (b'{"command":"form-team","input":{"name":"x"},"position":7}', 400, "INVALID"),
    "an unknown field inside": (b'{"command":"form-team","input":{"name":"x","position":7}}', 400, "INVALID"),
    "input is no object": (b'{"command":"form-team","input":[]}', 400, "INVALID"),
    "bad UTF-8": (b'{"command":"form-team","input":{"name":"\xff"}}', 400, "INVALID"),
    "deep": (b'{"command":"form-team","input":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "INVALID"),
    "for somebody else": (b'{"command":"form-team","input":{"name":"x"},"by":"person:%s"}' % str(uuid4()).encode(), 403,
                          "NOT_ALLOWED"),
    "not to be found": (b'{"command":"activate-outcome","input":{"outcomeId":"%s"}}' % str(uuid4()).encode(), 404,
                        "NOT_FOUND"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "status", "code"), BAD_LINES.values(), ids=BAD_LINES)
async def test_a_line_that_fails_stops_the_rest(edge: Edge, line: bytes, status: int, code: str) -> None:
    before = (await edge.heads())[edge.here.id]
    answer = await edge.bulk(b"\n".join([team(), line, team()]))
    assert (answer.status, answer.kind) == (200, NDJSON)
    assert [one["status"] for one in answer.lines] == [201, status]
    assert (answer.lines[1]["line"], answer.lines[1]["code"]) == (2, code)
    assert answer.lines[1]["detail"]
    assert (await edge.heads())[edge.here.id] == before + 1


@pytest.mark.parametrize(("line", "status", "code"), BAD_LINES.values(), ids=BAD_LINES)
async def test_a_line_that_fails_is_skipped_where_that_is_asked(
    edge: Edge, line: bytes, status: int, code: str
) -> None:
    before = (await edge.heads())[edge.here.id]
    answer = await edge.bulk(b"\n".join([team(), line, team()]), "?onFailure=skip")
    assert [one["status"] for one in answer.lines] == [201, status, 201]
    assert answer.lines[1]["code"] == code
    assert (await edge.heads())[edge.here.id] == before + 2


async def test_blank_lines_and_carriage_returns_do_not_matter(edge: Edge) -> None:
    answer = await edge.bulk(b"\n\n" + team() + b"\r\n \n" + team() + b"\n\n")
    assert [one["status"] for one in answer.lines] == [201, 201]


async def test_nothing_is_answered_with_nothing(edge: Edge) -> None:
    answer = await edge.bulk(b"\n")
    assert (answer.status, answer.raw) == (200, b"")


async def test_lines_with_keys_can_be_sent_again(edge: Edge) -> None:
    lines = b"\n".join(team(key=uuid4().hex) for _ in range(20))
    first = await edge.bulk(lines)
    async with edge.unmoved():
        again = await edge.bulk(lines)
    assert first.raw == again.raw
    assert len(first.lines) == 20


async def test_a_line_too_long_is_told_and_ends_it(edge: Edge) -> None:
    before = (await edge.heads())[edge.here.id]
    answer = await edge.bulk(team() + b'\n{"command":"form-team","input":{"name":"' + b"x" * 900_000)
    assert [one["status"] for one in answer.lines] == [201, 413]
    assert answer.lines[1]["code"] == "TOO_LARGE"
    assert (await edge.heads())[edge.here.id] == before + 1


async def test_another_wish_is_refused(edge: Edge) -> None:
    async with edge.unmoved():
        refused(await edge.bulk(team(), "?onFailure=maybe"), 400, "INVALID")


async def test_lines_are_answered_as_they_come(edge: Edge) -> None:
    """The first answer is there while the second line is still to be sent."""
    body = team() + b"\n"
    head = (
        f"POST /commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.here.keys['OWNER']}\r\n"
        f"Content-Type: {NDJSON}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    async with edge.connected() as (reader, writer):
        writer.write(head.encode() + b"%x\r\n%b\r\n" % (len(body), body))
        first = await reader.readuntil(b'"position"')
        assert b'"line":1,"status":201' in first
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert b'"line":2,"status":201' in await reader.readuntil(b"0\r\n\r\n")


async def test_nothing_behind_a_line_that_fails_is_recorded_however_many_are_on_their_way(edge: Edge) -> None:
    before = (await edge.heads())[edge.here.id]
    nobody = json.dumps({"command": "join-team", "input": {"teamId": str(uuid4()), "personId": str(uuid4())}}).encode()
    answer = await edge.bulk(b"\n".join([*(team() for _ in range(100)), nobody, *(team() for _ in range(100))]))
    assert [one["status"] for one in answer.lines[:100]] == [201] * 100
    assert len(answer.lines) == 101
    assert (await edge.heads())[edge.here.id] == before + 100
