"""`headway webhooks` as who writes a receiver meets it: against a Headway that serves."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from time import time
from typing import Any

import aiohttp
import msgspec
import pytest

from api.applying import Urls
from api.demonstration import near
from infra.settings import Settings, read_settings
from infra.webhook_signing import new_secret, sign
from tests.api.edge import ROOMY, Edge, served
from tests.infra.hostile_receiver import receiving

NEAR = msgspec.structs.replace(ROOMY, webhook_networks="127.0.0.0/8", webhook_plain_http=True)
DONE, FOUND, WRONG = 0, 1, 2
DELIVERED = (
    b'{"type":"milestone.reached","timestamp":"2026-03-02T09:30:00Z","organisation":"o","position":9,'
    b'"sequence":%d,"epoch":1,"data":{}}'
)


@pytest.fixture(scope="module")
async def edge(urls: Urls) -> AsyncIterator[Edge]:
    async with served(NEAR, urls) as opened:
        opened.here = await opened.found("Harbour")
        yield opened


@asynccontextmanager
async def started(*words: str, **environment: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        "webhooks",
        *words,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ran(code: int, *words: str, **environment: str) -> str:
    async with started(*words, **environment) as process:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == code, (out, err)
    assert b"Traceback" not in err
    return (out if code == DONE else out + err).decode()


def key_of(edge: Edge, role: str = "OWNER") -> dict[str, str]:
    return {"HEADWAY_URL": edge.base, "HEADWAY_API_KEY": edge.here.keys[role]}


async def line_of(stream: Any, word: str = "") -> str:
    """The next one with a word in it."""
    while True:
        line = (await asyncio.wait_for(stream.readline(), 30)).decode()
        assert line, f"ended without {word}"
        if word in line:
            return line


async def a_milestone(edge: Edge) -> None:
    outcome = await edge.command("set-outcome", {"title": "Faster", "ownerId": str(edge.here.person)})
    fields = {"outcomeId": outcome.json["id"], "title": "Half way", "dueOn": "2099-01-01"}
    assert (await edge.command("set-milestone", fields)).status == 201


async def test_it_subscribes_itself_tells_what_arrives_and_removes_itself(edge: Edge) -> None:
    words = ("listen", "--port", "0", "--subscribe", "--full", "--kinds", "milestone.*")
    async with started(*words, **key_of(edge)) as process:
        await line_of(process.stderr, "listening on")
        listed = json.loads(await ran(DONE, "list", "--json", **key_of(edge)))
        assert (listed["state"], listed["mode"]) == ("ACTIVE", "FULL")
        assert listed["id"] in await ran(DONE, "list", **key_of(edge))
        await a_milestone(edge)
        told = await line_of(process.stdout, "milestone.set")
        assert "verified" in told
        assert "#1" in told
        assert "Half way" in await line_of(process.stdout)
        moved = await ran(DONE, "tail", "--follow", "no", "--webhook", listed["id"], **key_of(edge))
        assert "milestone.set" in moved
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == DONE, err
        assert b"removed" in err
    await edge.settled(edge.here)
    assert await ran(DONE, "list", **key_of(edge)) == ""


async def test_it_tells_a_wrong_signature_a_repetition_and_a_gap_and_hands_on(edge: Edge) -> None:
    secret = new_secret()
    async with receiving() as behind:
        forward = ("--forward", f"http://127.0.0.1:{behind.port}/ok")
        async with (
            started("listen", "--port", "0", "--secret", secret, *forward) as process,
            aiohttp.ClientSession() as session,
        ):
            url = (await line_of(process.stderr, "listening on")).split("listening on ")[1].split(";")[0]

            async def post(sequence: int, by: str, message: str) -> int:
                body = DELIVERED % sequence
                async with session.post(url, data=body, headers=sign(message, int(time()), body, [by], None)) as answer:
                    return answer.status

            assert await post(1, secret, "msg_1") == 204
            assert await post(1, secret, "msg_1") == 204
            assert await post(4, secret, "msg_4") == 204
            assert await post(5, new_secret(), "msg_5") == 401
            async with session.post(url, data=b"hello") as answer:
                assert answer.status == 401
            gap = await line_of(process.stderr, "GAP")
            process.send_signal(signal.SIGTERM)
            out, err = (part.decode() for part in await asyncio.wait_for(process.communicate(), 30))
        assert process.returncode == FOUND, (out, err)
        assert "known already" in out
        assert "GAP: 2 to 3 did not come" in gap
        assert out.count("WRONG SIGNATURE") == 2
        assert "2 never came" in err
        assert [one.body for one in behind.received] == [DELIVERED % 1, DELIVERED % 1, DELIVERED % 4]
        assert behind.received[0].all_of("webhook-id") == ["msg_1"]


async def test_what_can_not_be_done_is_said_in_a_sentence(edge: Edge) -> None:
    assert "HEADWAY_API_KEY" in await ran(WRONG, "list")
    assert "Check HEADWAY_URL" in await ran(WRONG, "tail", HEADWAY_URL="http://127.0.0.1:1", HEADWAY_API_KEY="x")
    assert "Send a valid API key" in await ran(WRONG, "list", HEADWAY_URL=edge.base, HEADWAY_API_KEY="x")
    assert "whsec_" in await ran(WRONG, "listen", "--secret", "whsec_x")
    assert "whpk_" in await ran(WRONG, "listen", "--key", "nothing")
    assert "choose another one" in await ran(WRONG, "listen", "--port", "70000")
    subscribing = await ran(WRONG, "listen", "--port", "0", "--subscribe", **key_of(edge, "READER"))
    assert "NOT_ALLOWED" in subscribing


def test_the_demonstration_reaches_this_machine_unless_it_is_said_otherwise() -> None:
    assert near(Settings(), {}).webhook_networks == "127.0.0.0/8"
    assert near(Settings(), {}).webhook_plain_http
    said = {"HEADWAY_WEBHOOK_NETWORKS": "", "HEADWAY_WEBHOOK_PLAIN_HTTP": "false"}
    kept = near(read_settings(said), said)
    assert (kept.webhook_networks, kept.webhook_plain_http) == ("", False)
    assert not Settings().webhook_networks
