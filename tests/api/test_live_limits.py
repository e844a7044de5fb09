"""What sockets and streams refuse, and how they end: close codes, limits, keys that hold no longer, and servers that
leave."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from api.applying import Urls
from api.graphql import websocket
from api.graphql.trusted import digest_of
from api.wire import Protocol, SocketProtocol
from tests.api.edge import ROOMY, Edge, served
from tests.api.listening import STREAM, SUBPROTOCOL, introduced, streamed, wired
from tests.faults.stand import eventually

TEAMS = "subscription { teams(first: 200) { nodes { name } } }"
WIDE = "subscription { teams(first: 200) { nodes { " + " ".join(f"a{n}: name" for n in range(20)) + " } } }"
DEEP = "subscription { teams { nodes { " + "parent { " * 20 + "id" + " }" * 20 + " } } }"
DEAR = "subscription ($n: Int!) { outcomes(first: $n) { nodes { measures { readings(first: $n) { nodes { id } } } } } }"
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "depth": (DEEP, {}, "TOO_COMPLEX"),
    "cost": (DEAR, {"n": 500}, "TOO_EXPENSIVE"),
    "size": (f"# {'x' * 20_000}\n{TEAMS}", {}, "DOCUMENT_TOO_LARGE"),
    "a field that is none": ("subscription { nothing { id } }", {}, "VALIDATION_FAILED"),
    "two fields": ("subscription { viewer { role } organisation { id } }", {}, "VALIDATION_FAILED"),
    "the past": ("subscription { viewer(asOf: {position: 1}) { role } }", {}, "VALIDATION_FAILED"),
    "no document": ("", {}, "PARSE_FAILED"),
    "variables": (DEAR, {"n": "many"}, "BAD_VARIABLES"),
}


# what is refused


@pytest.mark.parametrize(("text", "variables", "code"), REFUSED.values(), ids=REFUSED)
async def test_a_live_query_has_the_limits_of_a_question(
    edge: Edge, text: str, variables: dict[str, Any], code: str
) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe(text, **variables)
        assert await wire.refused() == code
        await wire.subscribe(TEAMS)  # the socket and the id go on
        await wire.next()
    headers = {"accept": STREAM, "authorization": f"Bearer {edge.here.keys['OWNER']}"}
    body = {"query": text, "variables": variables}
    async with edge.session.post(f"{edge.base}/graphql", json=body, headers=headers) as response:
        raw = await response.read()
    if response.status == 200:  # what is wrong with a document is told in the stream
        event, complete, _ = raw.split(b"\n\n")
        assert event.startswith(b"event: next\ndata: ")
        assert complete == b"event: complete\ndata:"
        raw = event.removeprefix(b"event: next\ndata: ")
    else:
        assert response.status == 400
    assert json.loads(raw)["errors"][0]["extensions"]["code"] == code


async def test_a_stream_without_a_key_is_a_plain_401(edge: Edge) -> None:
    for headers in ({"accept": STREAM}, {"accept": STREAM, "authorization": "Bearer nobody"}):
        async with edge.session.post(f"{edge.base}/graphql", json={"query": TEAMS}, headers=headers) as response:
            assert (response.status, response.content_type) == (401, "application/json")


async def test_a_key_that_may_not_write_commands_nothing_over_a_socket(edge: Edge) -> None:
    _, key = await edge.key(edge.here, "OWNER", scopes=["read"])
    async with introduced(edge, key) as wire, edge.unmoved():
        await wire.subscribe('mutation { formTeam(input: {name: "Never"}) { position } }')
        assert await wire.refused() == "NOT_ALLOWED"


async def test_a_key_that_may_not_read_hears_nothing(edge: Edge) -> None:
    _, key = await edge.key(edge.here, "OWNER", scopes=["write"])
    async with wired(edge) as wire:
        await wire.say("connection_init", payload={"authorization": f"Bearer {key}"})
        assert await wire.closed() == 4403


async def test_a_hundred_operations_share_a_socket_and_no_more(edge: Edge) -> None:
    async with introduced(edge) as wire:
        for number in range(100):
            await wire.subscribe(TEAMS, str(number))
        heard = {(await wire.heard())["id"] for _ in range(100)}
        assert len(heard) == 100
        await wire.subscribe(TEAMS, "one more")
        assert await wire.refused("one more") == "TOO_MANY_REQUESTS"
        await wire.say("complete", id="7")
        await wire.subscribe(TEAMS, "one more")
        await wire.next("one more")


async def test_a_key_has_a_tenth_of_the_places_and_the_server_an_end(urls: Urls) -> None:
    async with served(msgspec.structs.replace(ROOMY, live_queries=20), urls) as edge:
        edge.here = await edge.found("Narrow harbour")
        async with introduced(edge) as wire:
            await wire.subscribe(TEAMS, "1")
            await wire.next("1")
            await wire.subscribe(TEAMS, "2")
            assert await wire.refused("2") == "TOO_MANY_REQUESTS"
            headers = {"accept": STREAM, "authorization": f"Bearer {edge.here.keys['OWNER']}"}
            async with edge.session.post(f"{edge.base}/graphql", json={"query": TEAMS}, headers=headers) as response:
                assert response.status == 429
            async with wired(edge) as other:
                await other.say("connection_init", payload={"authorization": f"Bearer {edge.here.keys['OWNER']}"})
                assert await other.closed() == 4403
            async with introduced(edge, edge.here.keys["READER"]) as other:  # has a tenth of its own
                await other.subscribe(TEAMS)
                await other.next()
        guests = edge.services.graphql.guests
        await eventually(lambda: not guests._taken, 5)


async def test_each_operation_costs_a_token_of_the_key(urls: Urls) -> None:
    async with served(ROOMY, urls) as founding:
        made = await founding.found("Metered harbour")
    settings = msgspec.structs.replace(ROOMY, rate_per_second=0.001, rate_burst=5.0)
    async with served(settings, urls) as edge, introduced(edge, made.keys["OWNER"]) as wire:
        codes: list[str] = []
        for number in range(8):
            await wire.subscribe("{ viewer { role } }", str(number))
            message = await wire.heard()
            codes.append(message["type"])
            if message["type"] == "next":
                assert (await wire.heard())["type"] == "complete"
            else:
                assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_REQUESTS"
        assert codes == ["next"] * 4 + ["error"] * 4


async def test_where_documents_have_to_be_trusted_live_queries_have_to_be_as_well(urls: Urls, tmp_path: Path) -> None:
    (tmp_path / "teams.graphql").write_text(TEAMS)
    settings = msgspec.structs.replace(ROOMY, graphql_documents=str(tmp_path), graphql_trust="only")
    async with served(settings, urls) as edge:
        edge.here = await edge.found("Trusting harbour")
        async with introduced(edge) as wire:
            await wire.subscribe("subscription { viewer { role } }")
            assert await wire.refused() == "DOCUMENT_NOT_TRUSTED"
            await wire.say("subscribe", id="1", payload={"documentId": f"sha256:{digest_of(TEAMS)}"})
            await wire.next()


# close codes


NO_MESSAGES = {
    "nothing": "",
    "half of one": "{",
    "a list": "[]",
    "a text": '"ping"',
    "no type": "{}",
    "an unknown type": '{"type":"unheard-of"}',
    "a number for a type": '{"type":5}',
    "no id": '{"type":"subscribe","payload":{}}',
    "an empty id": '{"type":"subscribe","id":"","payload":{}}',
    "a number for an id": '{"type":"subscribe","id":5,"payload":{}}',
    "an id that is too long": f'{{"type":"subscribe","id":"{"x" * 201}","payload":{{}}}}',
    "a list for a payload": '{"type":"subscribe","id":"1","payload":[]}',
    "nothing to complete": '{"type":"complete"}',
    "a bomb": "[" * 50_000,
}


@pytest.mark.parametrize("text", NO_MESSAGES.values(), ids=NO_MESSAGES)
async def test_what_is_no_message_closes_with_4400(edge: Edge, text: str) -> None:
    async with introduced(edge) as wire:
        await wire.socket.send_str(text)
        assert await wire.closed() == 4400


async def test_bytes_are_no_message(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.socket.send_bytes(b'{"type":"ping"}')
        assert await wire.closed() == 4400


async def test_who_asks_before_the_acknowledgement_is_closed_with_4401(edge: Edge) -> None:
    async with wired(edge) as wire:
        await wire.subscribe(TEAMS)
        assert await wire.closed() == 4401


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer nobody"}, {"authorization": 5}])
async def test_who_brings_no_key_is_closed_with_4403(edge: Edge, payload: dict[str, Any] | None) -> None:
    async with wired(edge) as wire:
        await wire.say("connection_init", **({} if payload is None else {"payload": payload}))
        assert await wire.closed() == 4403


async def test_a_key_may_stand_in_the_header(edge: Edge) -> None:
    headers = {"authorization": f"Bearer {edge.here.keys['READER']}"}
    async with wired(edge, headers=headers) as wire:
        await wire.say("connection_init")
        assert await wire.heard() == {"type": "connection_ack"}


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_another_subprotocol_is_closed_with_4406(edge: Edge, protocols: tuple[str, ...]) -> None:
    async with wired(edge, protocols) as wire:
        assert await wire.closed() == 4406


async def test_who_does_not_introduce_themselves_is_closed_with_4408(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert websocket.SECONDS_TO_INTRODUCE == 10
    monkeypatch.setattr(websocket, "SECONDS_TO_INTRODUCE", 0.2)
    async with wired(edge) as wire:
        assert await wire.closed(2) == 4408
    async with introduced(edge) as wire:
        await wire.silent(0.4)


async def test_an_id_that_is_taken_closes_with_4409(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe(TEAMS)
        await wire.next()
        await wire.subscribe(TEAMS)
        assert await wire.closed() == 4409


async def test_a_second_introduction_closes_with_4429(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.say("connection_init")
        assert await wire.closed() == 4429


async def test_a_ping_is_answered_with_its_payload_and_a_pong_with_nothing(edge: Edge) -> None:
    async with wired(edge) as wire:
        await wire.say("ping")
        assert await wire.heard() == {"type": "pong"}
        await wire.say("pong", payload={"n": 1})
        await wire.say("ping", payload={"n": 1})
        assert await wire.heard() == {"type": "pong", "payload": {"n": 1}}


async def test_a_message_that_is_too_large_closes_the_socket(edge: Edge) -> None:
    async with introduced(edge) as wire:
        await wire.subscribe("#" * 300_000)
        assert await wire.closed() == 1009


async def test_other_paths_have_no_sockets(edge: Edge) -> None:
    for path in ("/health/live", "/commands", "/nowhere"):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await edge.session.ws_connect(f"{edge.base}{path}", protocols=[SUBPROTOCOL])


# keys


async def test_a_key_that_is_revoked_hears_nothing_more(edge: Edge) -> None:
    key_id, key = await edge.key(edge.here, "READER")
    async with introduced(edge, key) as wire, introduced(edge, key) as idle, streamed(edge, TEAMS, key) as events:
        await wire.subscribe(TEAMS)
        await wire.next()
        await events.data()
        assert (await edge.command("revoke-api-key", {"apiKeyId": str(key_id)})).status == 201
        assert await wire.closed(5) == 4403
        assert await idle.closed(5) == 4403
        last = await events.next(5)
        assert last.json["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await events.next(5)).name == "complete"
        assert await events.ended()


async def test_a_key_that_expires_hears_nothing_more(edge: Edge) -> None:
    key_id, key = await edge.key(edge.here, "READER")
    async with introduced(edge, key) as wire:
        await wire.subscribe(TEAMS)
        await wire.next()
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        async with edge.services.database.owner_connection() as owner:
            await owner.execute("update read.api_key set expires_on = $1 where id = $2", yesterday, key_id)
        edge.services.graphql.guests._day = yesterday  # as at midnight
        assert await wire.closed(5) == 4403


async def test_a_key_that_stands_for_somebody_else_now_sees_as_they_do(edge: Edge) -> None:
    key_id, key = await edge.key(edge.here, "READER")
    async with introduced(edge, key) as wire:
        await wire.subscribe("subscription { viewer { role } }")
        assert await wire.next() == {"viewer": {"role": "READER"}}
        async with edge.services.database.owner_connection() as owner:
            await owner.execute("update read.api_key set role = 'AUDITOR' where id = $1", key_id)
        await edge.tell(edge.here, "form-team", name="Any event")
        assert await wire.next() == {"viewer": {"role": "AUDITOR"}}


# slow readers


@asynccontextmanager
async def deaf(edge: Edge) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A stream that nobody reads; the buffers on its way are small."""
    async with edge.connected() as (reader, writer):
        body = json.dumps({"query": WIDE}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {edge.here.keys['OWNER']}\r\n"
            f"Accept: {STREAM}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reader._transport.pause_reading()  # type: ignore[attr-defined] # pyright: ignore
        writer.write(head.encode() + body)
        yield reader, writer


async def large(edge: Edge) -> str:
    """As many teams as make an answer to WIDE of nearly a megabyte; the id of one."""
    done = await asyncio.gather(*(edge.tell(edge.here, "form-team", name=f"{n:03}" + "x" * 190) for n in range(200)))
    await edge.settled(edge.here)
    return str(done[0].id)


async def test_who_reads_slowly_is_told_the_newest_and_not_all_that_was(edge: Edge) -> None:
    changes = 60  # some fifty megabytes
    was, edge.here = edge.here, await edge.found("Slow harbour")
    try:
        one = await large(edge)
        async with introduced(edge) as wire:
            await wire.subscribe(WIDE)
            await wire.next()
            wire.socket._reader._protocol.pause_reading()  # pyright: ignore
            for number in range(changes):
                await edge.tell(edge.here, "revise-team", teamId=one, name=f"Newest {number}")
                await edge.settled(edge.here)
            wire.socket._reader._protocol.resume_reading()  # pyright: ignore
            count, last = 0, ""
            while f"Newest {changes - 1}" not in last:
                count += 1
                last = json.dumps(await wire.next())
            assert 1 < count < changes / 2
    finally:
        edge.here = was


async def test_who_takes_nothing_is_cut_off(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SocketProtocol.seconds == 10
    monkeypatch.setattr(SocketProtocol, "seconds", 0.4)
    monkeypatch.setattr(Protocol, "seconds", 0.4)
    was, edge.here = edge.here, await edge.found("Deaf harbour")
    live = edge.services.graphql.live
    try:
        one = await large(edge)
        async with introduced(edge) as wire, deaf(edge):
            await wire.subscribe(WIDE)
            await wire.next()
            wire.socket._reader._protocol.pause_reading()  # pyright: ignore
            async with asyncio.timeout(30):
                number = 0
                while edge.here.id in live.audiences:
                    number += 1
                    await edge.tell(edge.here, "revise-team", teamId=one, name=f"Newest {number}")
                    await asyncio.sleep(0.005)
    finally:
        edge.here = was


# leaving


async def test_a_server_that_leaves_says_so(urls: Urls) -> None:
    async with served(ROOMY, urls) as edge:
        edge.here = await edge.found("Leaving harbour")
        async with introduced(edge) as wire, introduced(edge) as idle, streamed(edge, TEAMS) as events:
            await wire.subscribe(TEAMS)
            await wire.next()
            await events.data()
            edge.server.should_exit = True
            assert await wire.closed() == 1001
            assert await idle.closed() == 1001
            assert (await events.next()).name == "complete"
            assert await events.ended()
