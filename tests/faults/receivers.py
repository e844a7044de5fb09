"""Hundreds of receivers behind one port, each with a manner of its own, and what became of the deliveries (I7)."""

import asyncio
import random
import re
import socket
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from time import monotonic, time
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from infra.webhook_keys import public_key, secret_of
from infra.webhook_signing import NotVerified, verify
from tests.conftest import seals
from tests.faults.invariants import demand

SLOW_SECONDS = 0.6
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
NOTICED = 12.0  # seconds until a process that sends has heard of a new secret, by its sweep where its teller was killed
ANSWER = b"HTTP/1.1 %d Said\r\ncontent-length: 0\r\n\r\n"


class Manner(Enum):
    PROMPT = "prompt"
    SLOW = "slow"
    FICKLE = "fickle"  # fails at random
    HANGING = "hanging"  # never answers, and never closes
    DEAD = "dead"  # nobody listens
    HELD = "held"  # the first try of a delivery waits, and is then told that it failed


LIVE = frozenset({Manner.PROMPT, Manner.SLOW})


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook and how its receiver does."""

    organisation_id: UUID
    webhook_id: UUID
    manner: Manner
    ordered: bool = False


class Body(msgspec.Struct):
    """What is read of a delivery."""

    sequence: int
    position: int
    timestamp: datetime


@dataclass(slots=True)
class Arrival:
    """A request as it came."""

    message_id: str
    headers: dict[str, str]
    body: bytes
    told: Body
    at: float = field(default_factory=time)
    status: int | None = None  # as it was answered

    @property
    def delay(self) -> float:
        """Seconds since what it tells of happened."""
        return self.at - self.told.timestamp.timestamp()


class Receivers:
    """What came to each webhook, in order."""

    def __init__(self, seed: int = 7) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.port = 0
        self.refusing = 0  # a port at which nobody listens
        self.manners: dict[UUID, Manner] = {}
        self.came: defaultdict[UUID, list[Arrival]] = defaultdict(list)
        self.wrong: list[str] = []  # what no receiver should ever see
        self.peaceful = False  # everybody is prompt for now
        self.let_go = asyncio.Event()  # of those held
        self._under_way: dict[str, asyncio.StreamReader] = {}
        self._accepted: defaultdict[UUID, int] = defaultdict(int)
        self._ordered: set[UUID] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def url(self, hook: Hook) -> str:
        port = self.refusing if hook.manner is Manner.DEAD else self.port
        self.manners[hook.webhook_id] = hook.manner
        if hook.ordered:
            self._ordered.add(hook.webhook_id)
        return f"http://127.0.0.1:{port}/{hook.webhook_id}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    await self._answer_one(reader, writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        first, *lines = head.decode().split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        webhook_id = UUID(first.split(" ")[1][1:])
        arrival = Arrival(headers.get("webhook-id", ""), headers, body, msgspec.json.decode(body, type=Body))
        self._look(webhook_id, arrival)
        self.came[webhook_id].append(arrival)
        self._under_way[arrival.message_id] = reader
        try:
            status = await self._status(webhook_id, arrival)
        finally:
            self._under_way.pop(arrival.message_id, None)
        writer.write(ANSWER % status)
        await writer.drain()
        if not reader.at_eof():  # else nobody has heard it
            arrival.status = status
        if status == 200 and arrival.status:
            self._accepted[webhook_id] = max(self._accepted[webhook_id], arrival.told.sequence)

    def _look(self, webhook_id: UUID, arrival: Arrival) -> None:
        """Whether it may come now."""
        other = self._under_way.get(arrival.message_id)
        if other is not None and not other.at_eof():
            self.wrong.append(f"{arrival.message_id} is sent by two at once")
        if webhook_id in self._ordered:
            last, sequence = self._accepted[webhook_id], arrival.told.sequence
            if sequence > last + 1:
                self.wrong.append(f"{webhook_id} was sent {sequence} before it had accepted {last + 1}")

    async def _status(self, webhook_id: UUID, arrival: Arrival) -> int:
        if self.peaceful:
            return 200
        match self.manners[webhook_id]:
            case Manner.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            case Manner.FICKLE:
                return self.chance.choice((200, 500))
            case Manner.HANGING:
                await asyncio.Event().wait()
            case Manner.HELD if sum(one.message_id == arrival.message_id for one in self.came[webhook_id]) == 1:
                await self.let_go.wait()
                return 500
            case _:
                pass
        return 200


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receivers]:
    """Listens on one free port, and keeps another from being listened at."""
    receivers = Receivers()
    server = await asyncio.start_server(receivers.serve, "127.0.0.1", 0, backlog=1_000)
    receivers.port = server.sockets[0].getsockname()[1]
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        receivers.refusing = refusing.getsockname()[1]
        try:
            yield receivers
        finally:
            server.close()
            await receivers.stop()


@dataclass(slots=True)
class Books:
    """What the product says of the deliveries of a webhook, and what the ledger says should have been sent."""

    due: dict[UUID, list[int]]  # organisation → positions
    deliveries: defaultdict[UUID, list[Any]]
    secrets: defaultdict[UUID, list[tuple[float, str]]]  # webhook → since when, oldest first

    @classmethod
    async def read(cls, url: str) -> "Books":
        connection = await asyncpg.connect(url)
        try:
            due: defaultdict[UUID, list[int]] = defaultdict(list)
            for organisation_id, position in await connection.fetch(
                "select organisation_id, position from ledger.events where type = 'milestone.set' order by 1, 2"
            ):
                due[organisation_id].append(position)
            deliveries: defaultdict[UUID, list[Any]] = defaultdict(list)
            for row in await connection.fetch("select * from outbox.delivery order by webhook_id, sequence"):
                deliveries[row["webhook_id"]].append(row)
            secrets: defaultdict[UUID, list[tuple[float, str]]] = defaultdict(list)
            for organisation_id, webhook_id, secret_id, since in await connection.fetch(
                "select w.organisation_id, w.id, w.secret_id, extract(epoch from e.recorded_at)::float8"
                "  from read.webhook w join ledger.events e on e.organisation_id = w.organisation_id"
                "   and e.position = w.since order by w.id, w.since"
            ):
                secret = secret_of(seals().vault.secret, organisation_id, webhook_id, secret_id)
                secrets[webhook_id].append((since, secret))
        finally:
            await connection.close()
        return cls(due, deliveries, secrets)


async def until_delivered(url: str, receivers: Receivers, hooks: Sequence[Hook], seconds: float = 40.0) -> None:
    """Until those that are well have been told everything."""
    until = monotonic() + seconds
    due = (await Books.read(url)).due
    while True:
        behind = [
            one for one in hooks if one.manner in LIVE and not _told(receivers, one) >= set(due[one.organisation_id])
        ]
        if not behind:
            return
        if monotonic() > until:
            lost = {one.webhook_id: sorted(set(due[one.organisation_id]) - _told(receivers, one)) for one in behind}
            demand(
                False, "I7", f"{len(lost)} have not been told everything after {seconds} s: {list(lost.items())[:3]}"
            )
        await asyncio.sleep(0.1)


def _told(receivers: Receivers, hook: Hook) -> set[int]:
    return {one.told.position for one in receivers.came[hook.webhook_id] if one.status == 200}


async def check_deliveries(url: str, receivers: Receivers, hooks: Sequence[Hook]) -> None:
    """I7: each event once to each webhook, numbered without a gap, the same at each try, signed, and none lost."""
    demand(not receivers.wrong, "I7", f"{len(receivers.wrong)} times, the first: {receivers.wrong[:1]}")
    books = await Books.read(url)
    for hook in hooks:
        _check_numbers(books, hook)
        _check_tries(books, receivers, hook)


def _check_numbers(books: Books, hook: Hook) -> None:
    rows = books.deliveries[hook.webhook_id]
    sequences, positions = [row["sequence"] for row in rows], [row["position"] for row in rows]
    wanted = books.due.get(hook.organisation_id, [])
    demand(positions == wanted, "I7", f"{hook}: of {len(wanted)} events {len(positions)} became deliveries")
    demand(sequences == list(range(1, len(rows) + 1)), "I7", f"{hook}: numbered {sequences}")


def _check_tries(books: Books, receivers: Receivers, hook: Hook) -> None:
    by_id = {f"msg_{row['message_id'].hex}": row for row in books.deliveries[hook.webhook_id]}
    bodies: dict[str, bytes] = {}
    accepted: set[str] = set()
    for one in receivers.came[hook.webhook_id]:
        row = by_id.get(one.message_id)
        demand(row is not None, "I7", f"{hook} was sent {one.message_id}, which is no delivery")
        same = row is not None and (row["sequence"], row["position"]) == (one.told.sequence, one.told.position)
        demand(same, "I7", f"{hook}: {one.message_id} tells of another event")
        demand(bodies.setdefault(one.message_id, one.body) == one.body, "I7", f"{hook}: {one.message_id} was changed")
        _check_signature(books, hook, one)
        if one.status == 200:
            accepted.add(one.message_id)
    for message_id, row in by_id.items():
        sure = row["state"] != "ACCEPTED" or message_id in accepted
        demand(sure, "I7", f"{hook}: {message_id} is taken for accepted")
        kept = row["state"] != "EXHAUSTED"
        demand(kept, "I7", f"{hook}: {message_id} was given up")


def _alive(known: list[tuple[float, str]], at: float) -> set[str]:
    """The newest and the one before it."""
    return set([secret for since, secret in known if since <= at][-2:])


def _check_signature(books: Books, hook: Hook, arrival: Arrival) -> None:
    """By every secret that was alive when it was signed, and by the organisation's key."""
    signed_at = float(arrival.headers.get("webhook-timestamp", "0"))
    known = books.secrets[hook.webhook_id]
    then, before = (_alive(known, at) for at in (signed_at + 1.0, signed_at - NOTICED))  # it is told in whole seconds
    alive = [[one] for one in then & before] or [list(then | before)]  # each of those that are sure, else any
    ages = [round(signed_at - since, 1) for since, _ in known]
    try:
        for secrets in alive:
            verify(arrival.headers, arrival.body, secrets, [], arrival.at)
        key = public_key(seals().vault.secret, hook.organisation_id)
        verify(arrival.headers, arrival.body, [], [key], arrival.at)
    except NotVerified as error:
        demand(
            False,
            "I7",
            f"{hook}: {arrival.message_id} came signed wrongly: {error.reason}; its secrets were {ages} s old",
        )
