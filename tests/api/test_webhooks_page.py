"""The page for who receives webhooks, followed: its programs run as they stand there, against a Headway that serves."""

import asyncio
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import time
from typing import Any

import msgspec
import pytest

from api.applying import Urls
from infra.deliverer import JITTER, WAITS
from infra.settings import Settings
from infra.webhook_signing import new_secret, sign
from tests.api.edge import ROOMY, Edge, served

PAGE = (Path(__file__).parents[2] / "docs/howto/webhooks.md").read_text()
PROGRAMS: dict[str, str] = dict(re.findall(r"^```\w+ (receiver\.\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
NODE = shutil.which("node")
RUNS = [
    pytest.param("receiver.py", sys.executable, id="Python"),
    pytest.param(
        "receiver.mjs",
        NODE,
        id="Node",
        marks=pytest.mark.skipif(NODE is None, reason="NODE IS NOT INSTALLED: its program was not tried"),
    ),
]


@pytest.fixture(scope="module")
async def edge(urls: Urls) -> AsyncIterator[Edge]:
    settings = msgspec.structs.replace(ROOMY, webhook_networks="127.0.0.0/8", webhook_plain_http=True)
    async with served(settings, urls) as opened:
        opened.here = await opened.found("Harbour")
        yield opened


async def made(edge: Edge, name: str, /, **fields: Any) -> dict[str, Any]:
    answer = await edge.command(name, fields)
    assert answer.status == 201, answer.raw
    return answer.json


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@asynccontextmanager
async def running(
    edge: Edge, where: Path, name: str, program: str, secret: str, port: int
) -> AsyncGenerator[asyncio.subprocess.Process]:
    (where / name).write_text(PROGRAMS[name])
    told = {"HEADWAY_URL": edge.base, "HEADWAY_API_KEY": edge.here.keys["OWNER"]}
    process = await asyncio.create_subprocess_exec(
        program,
        str(where / name),
        env={"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "PORT": str(port), **told},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            assert process.returncode is None
            await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(("name", "program"), RUNS)
async def test_a_program_of_the_page_takes_each_once_and_asks_as_of_then(
    edge: Edge, tmp_path: Path, name: str, program: str
) -> None:
    outcome = (await made(edge, "set-outcome", title="Faster", ownerId=str(edge.here.person)))["id"]
    stone = await made(edge, "set-milestone", outcomeId=outcome, title="Half way", dueOn="2099-01-01")
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    webhook = await made(edge, "subscribe-webhook", receiver=url, kinds=["milestone.reached"], outcomeId=outcome)
    await made(edge, "mark-milestone", milestoneId=stone["id"], reachedOn="2026-01-05")
    await made(edge, "revise-outcome", outcomeId=outcome, title="Called otherwise since")
    await edge.settled(edge.here)
    async with running(edge, tmp_path, name, program, webhook["secret"], port) as process:
        assert process.stdout is not None
        await made(edge, "redeliver", webhookId=webhook["id"], sincePosition=1)
        told = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        assert re.fullmatch(r"reached 0 days late, on the way to Faster\n", told)
        await edge.settled(edge.here)
        page = await edge.ask("GET", f"/webhooks/{webhook['id']}/events?after=0", key=edge.here.keys["OWNER"])
        body = json.dumps(page.json[0]["event"]).encode()
        for headers, status in (
            (sign("msg_other", int(time()), body, [new_secret()], None), 401),
            (sign("msg_old", int(time()) - 600, body, [webhook["secret"]], None), 401),
            ({}, 401),
            (sign(page.json[0]["id"], int(time()), body, [webhook["secret"]], None), 204),
        ):
            async with edge.session.post(url, data=body, headers=headers) as answer:
                assert answer.status == status
        await made(edge, "redeliver", webhookId=webhook["id"], sequence=1)
        await taken_twice(edge, webhook["id"])
        process.kill()
        rest, _ = await process.communicate()
        assert rest == b"", "what was known already was done again"


async def taken_twice(edge: Edge, webhook: str) -> None:
    """Its one delivery was accepted, and accepted again."""
    question = f'{{ deliveries(filter: {{webhook: "{webhook}"}}) {{ nodes {{ state attempts {{ result }} }} }} }}'
    rows: list[Any] = []
    for _ in range(400):
        rows = (await edge.graphql(question)).json["data"]["deliveries"]["nodes"]
        results = [one["result"] for row in rows for one in row["attempts"]]
        if len(rows) == 1 and results.count("accepted") >= 2 and rows[0]["state"] == "ACCEPTED":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(rows)


def said(seconds: int) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def test_the_page_tells_the_retries_as_they_are() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [("1", "at once"), *((str(nth), said(wait)) for nth, wait in enumerate(WAITS, 2))]
    assert JITTER == (0.8, 1.2)
    assert 3 * 86_400 < sum(WAITS) < 3.5 * 86_400


def test_the_page_names_the_settings_there_are() -> None:
    named = set(re.findall(r"`HEADWAY_(\w+)`", PAGE)) - {"URL", "API_KEY"}
    assert named == {"WEBHOOK_NETWORKS", "WEBHOOK_PLAIN_HTTP", "DELIVERER"}
    assert {one.lower() for one in named} <= set(Settings.__struct_fields__)


def test_the_page_has_both_programs() -> None:
    assert set(PROGRAMS) == {"receiver.py", "receiver.mjs"}
