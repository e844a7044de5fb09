"""Slow, greedy and vanishing clients, and what the log keeps of them (attacks 61, 78, 81, 86 and 88)."""

import asyncio
import json
import random
import subprocess
import sys
from contextlib import suppress

import pytest

from api.applying import Urls
from api.wire import Protocol
from infra.settings import Settings
from tests.api.edge import NDJSON, ROOMY, Edge, refused, served

PERSON = b'{"name":"Ana"}'


async def test_the_rate_is_exact_across_two_processes(urls: Urls) -> None:  # 78
    settings = Settings(rate_per_second=0.001, rate_burst=100, checkpoint_seconds=0)
    async with served(ROOMY, urls) as founding:
        made = await founding.found("Metered")
    async with served(settings, urls) as one, served(settings, urls) as other:

        async def ask(edge: Edge) -> int:
            return (await edge.ask("POST", "/graphql", {"query": "{ viewer { role } }"}, made.keys["OWNER"])).status

        answers = await asyncio.gather(*(ask(edge) for edge in [one, other] * 120))
        told = await one.ask("POST", "/commands/register-person", PERSON, made.keys["OWNER"])
    assert sorted(set(answers)) == [200, 429]
    assert answers.count(200) == 100
    refused(told, 429, "TOO_MANY_REQUESTS")
    assert int(told.headers["retry-after"]) > 1


TRICKLES: dict[str, tuple[bytes, bytes, bytes]] = {
    "silence": (b"", b"", b"HTTP/1.1 408"),
    "a header": (b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: ", b"a", b"HTTP/1.1 408"),
    "a body": (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
        b"Content-Length: 1000\r\n\r\n",
        b" ",
        b"",
    ),
}


@pytest.mark.parametrize(("begins", "goes_on", "answer"), TRICKLES.values(), ids=TRICKLES)
async def test_who_trickles_a_request_in_is_cut_off(  # 81
    edge: Edge, monkeypatch: pytest.MonkeyPatch, begins: bytes, goes_on: bytes, answer: bytes
) -> None:
    assert Protocol.seconds * 1.25 < 15
    monkeypatch.setattr(Protocol, "seconds", 0.4)
    async with edge.connected() as (reader, writer):
        writer.write(begins.replace(b"{key}", edge.here.keys["OWNER"].encode()))
        ended = asyncio.ensure_future(reader.read())
        for _ in range(100):
            await asyncio.sleep(0.05)
            if ended.done():
                break
            writer.write(goes_on)
        assert ended.done(), "still open after five seconds"
        with suppress(ConnectionError):  # reset, where bytes of ours were still on their way
            assert ended.result().startswith(answer)


async def test_a_bulk_request_may_take_its_time(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "seconds", 0.4)
    line = b'{"command":"register-person","input":{"name":"Slow"}}\n'
    head = (
        f"POST /commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.here.keys['OWNER']}\r\n"
        f"Content-Type: {NDJSON}\r\nContent-Length: {len(line) * 8}\r\n\r\n"
    )
    async with edge.connected() as (reader, writer):
        writer.write(head.encode())
        for _ in range(8):
            await asyncio.sleep(0.15)
            writer.write(line)
        answer = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 5)
    assert answer.count(b'"status":201') == 8


async def test_clients_that_vanish_leave_the_ledger_whole(edge: Edge) -> None:  # 88
    key = edge.here.keys["OWNER"]

    async def vanish(number: int) -> None:
        body = json.dumps({"name": f"Gone {number}"}).encode()
        head = f"POST /commands/register-person HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        request = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        async with edge.connected() as (_, writer):
            writer.write(request[: random.randrange(1, len(request) + 1)])  # noqa: S311
            await asyncio.sleep(random.random() / 50)  # noqa: S311

    for start in range(0, 200, 20):
        await asyncio.gather(*(vanish(start + number) for number in range(20)))
    assert (await edge.command("register-person", {"name": "Still here"})).status == 201
    async with edge.services.database.owner_connection() as connection:
        rows = await connection.fetch(
            "select position from ledger.events where organisation_id = $1 order by position", edge.here.id
        )
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))


async def test_neither_keys_nor_texts_reach_the_log(urls: Urls, capfd: pytest.CaptureFixture[str]) -> None:  # 61, 86
    async with served(ROOMY, urls) as edge:
        made = await edge.found("Secretive")
        key, evil = made.keys["OWNER"], 'x{}"\\n'
        await edge.ask("POST", "/commands/register-person", {"name": "Nora"}, key, {"user-agent": evil})
        await edge.ask("POST", "/commands/register-person", {"name": 7}, key, {"x-request-id": "a b"})
        await edge.ask("GET", f"/graphql?query={{__typename}}&key={key}")
        await edge.ask("GET", "/%0a%0d{}")
    told = capfd.readouterr()
    text = told.out + told.err
    assert "request" in text
    for secret in (*made.keys.values(), "Nora", "Secretive"):
        assert secret not in text


def test_a_line_of_the_log_stays_one_line() -> None:  # 61
    code = (
        "from infra.telemetry import configure_logs, log; configure_logs('info');"
        "log.info('request', path='/a\\nb\\x1b[31m', agent='x\\r\\n{}');"
        "import logging; logging.getLogger('else').error('of another\\nlibrary')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours, theirs = done.stderr.splitlines()
    assert json.loads(ours)["path"] == "/a\nb\x1b[31m"
    assert json.loads(theirs)["event"] == "of another\nlibrary"
    assert "\x1b" not in ours
