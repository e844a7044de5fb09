"""The product in a process of its own, `python -m api serve`, and a client over HTTP."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import aiohttp

from api.applying import operator
from api.desk import Envelope
from infra.master_key import FILE
from infra.settings import Settings, home_of
from tests.conftest import seals
from tests.faults.conftest import Place
from tests.faults.journal import Answer, Outcome
from tests.faults.load import SECONDS_TO_ANSWER, Asked, Issue
from tests.faults.stand import Product

SECONDS_TO_START = 30.0
QUESTION = '{"query": "{ people(first: 50) { totalCount nodes { name } } }"}'
TOLD = ("Traceback", "postgresql://", "hw_live_")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Child:
    """May be killed and started again at the same port."""

    def __init__(self, place: Place, folder: Path, mutant: str = "") -> None:
        self.place = place
        self.port = free_port()
        self.log = folder / "child.log"
        self.program = ("-m", "tests.faults.mutated", mutant, "serve") if mutant else ("-m", "api", "serve")
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "HEADWAY_HOME": str(folder / "home"),
            "HEADWAY_VAULT": str(seals().vault.path),
            "HEADWAY_MASTER_KEY_FILE": str(home_of(Settings()) / FILE),
            "HEADWAY_DATABASE_URL": place.owner,
            "HEADWAY_APPLICATION_DATABASE_URL": place.application,
            "HEADWAY_PORT": str(self.port),
            "HEADWAY_LOG_LEVEL": "warning",
            "HEADWAY_RATE_PER_SECOND": "1000000",
            "HEADWAY_RATE_BURST": "1000000",
            "HEADWAY_DRAIN_SECONDS": "0",
        }
        self.process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, *, ready: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                env=self.environment,
                stderr=log,
                stdout=log,
                stdin=asyncio.subprocess.DEVNULL,
            )
        if ready:
            await self.until("/health/ready", 200, SECONDS_TO_START)

    async def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    async def stop(self) -> int:
        """Its exit code."""
        if self.process is None:
            return 0
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), 25)
        except TimeoutError:
            await self.kill()
            return -signal.SIGKILL

    async def until(self, path: str, status: int, seconds: float) -> float:
        """Waits for the answer to have this status; how long that took."""
        began = monotonic()
        async with aiohttp.ClientSession() as session:
            while monotonic() - began < seconds:
                if self.process is not None and self.process.returncode is not None:
                    break
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(self.url + path, timeout=aiohttp.ClientTimeout(total=5)) as answer:
                        if answer.status == status:
                            return monotonic() - began
                await asyncio.sleep(0.05)
        tail = self.log.read_text()[-2_000:]
        raise AssertionError(f"{path} did not answer {status} within {seconds} s; the log ends: {tail}")

    def check_log(self) -> None:
        """I9: no stack trace, no address with a password, no key."""
        found = [line for line in self.log.read_text().splitlines() if any(word in line for word in TOLD)]
        assert not found, f"I9: {len(found)} lines of the log, the first: {found[0][:4_000]}"


@asynccontextmanager
async def served(
    place: Place, folder: Path, mutant: str = "", more: Mapping[str, str] | None = None
) -> AsyncGenerator[Child]:
    """With more settings, where they are given."""
    child = Child(place, folder, mutant)
    child.environment |= more or {}
    try:
        await child.start()
        yield child
    finally:
        await child.kill()


async def keys_for(running: Product, organisation_ids: list[UUID]) -> dict[UUID, str]:
    """An owner's key of each organisation, for one that has been founded; they hold from now on."""
    keys: dict[UUID, str] = {}
    for organisation_id in organisation_ids:
        done = await running.desk.issue(
            "issue-api-key", b'{"name": "Fault", "role": "OWNER"}', operator(organisation_id), Envelope(key="api-key")
        )
        assert done.secret is not None
        keys[organisation_id] = done.secret
        assert await running.projector.positions.wait(organisation_id, done.position, SECONDS_TO_START)
    return keys


def by_http(session: aiohttp.ClientSession, url: str, keys: dict[UUID, str]) -> Issue:
    """As a careful client does it."""

    async def issue(asked: Asked) -> Answer:
        headers = {
            "authorization": f"Bearer {keys[asked.organisation_id]}",
            "content-type": "application/json",
            "idempotency-key": asked.key,
            "headway-correlation-id": str(asked.correlation_id),
        }
        wait = aiohttp.ClientTimeout(total=SECONDS_TO_ANSWER)
        began = monotonic()
        try:
            path = f"{url}/commands/{asked.name}"
            async with session.post(path, data=asked.body, headers=headers, timeout=wait) as answer:
                body = await answer.json(content_type=None)
                return _read(answer.status, body, "retry-after" in answer.headers, monotonic() - began)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Answer(Outcome.UNKNOWN, code=type(error).__name__)

    return issue


async def asked(session: aiohttp.ClientSession, url: str, key: str) -> tuple[int, str]:
    """What a question over GraphQL is answered."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    async with session.post(f"{url}/graphql", data=QUESTION, headers=headers) as answer:
        return answer.status, await answer.text()


def _read(status: int, body: dict[str, Any], retry: bool, seconds: float) -> Answer:
    if status == 201:
        ids = tuple(UUID(one) for one in body.get("eventIds", ()))
        return Answer(Outcome.ACKNOWLEDGED, body["position"], ids, seconds=seconds)
    told = str(body.get("code", ""))
    if status == 503 and retry:
        return Answer(Outcome.UNKNOWN, code=f"503 {told}", seconds=seconds)
    if status >= 500:
        return Answer(Outcome.UNKNOWN, code=f"500 {status} {body}", seconds=seconds)
    if status in {400, 401, 429}:
        return Answer(Outcome.UNKNOWN, code=f"INVALID {status} {body}", seconds=seconds)
    return Answer(Outcome.REFUSED, code=told, seconds=seconds)
