"""Sends what is due to webhooks: claims, signs, posts, and writes down what came of it.

Any number of processes share the work. A claim leases a delivery for a minute; whoever comes back later changes
nothing. Nothing is posted inside a transaction, and no receiver, however slow, dead or flooded, takes another one's
turn: each has few on their way, and fewer while it fails.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, time
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.kernel import Command, Refused
from domain.subscribing import NoteWebhookDisabled
from domain.webhooks import DisabledBecause, Mode
from infra.access_log import noted
from infra.database import Database, unavailable
from infra.ledger import Ledger
from infra.outbox import STATEMENTS
from infra.posting import Answer, Post
from infra.projector import STATEMENTS as READING
from infra.rounds import kept
from infra.telemetry import DELIVERED, DELIVERY_SECONDS, log
from infra.vault import VaultUnavailable
from infra.webhook_keys import secret_of, signing_key
from infra.webhook_signing import sign

WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)  # seconds before each further try
JITTER = (0.8, 1.2)
MOST_AT_ONCE = 200
MOST_OF_EACH = 16  # on their way to one receiver
MOST_CLAIMED = 40  # while those are on their way, what came of others is written down
MOST_WEBHOOKS = 25  # in one claim, as the statement has it
LEASE_SECONDS = 60.0
LOOKS_A_LEASE = 10  # for leases that have run out
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_AFTER_FAULT = 5.0  # of our own
SECONDS_TO_GATHER = 0.002  # what came of several tries is written together
FAILING = timedelta(days=5)
LEAST_FAILED = 10
GONE = 410
THROTTLING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Pace:
    """When a delivery is tried again, and for how long whoever claims one holds it."""

    waits: Sequence[float] = WAITS
    jitter: tuple[float, float] = JITTER
    lease_seconds: float = LEASE_SECONDS


PACE = Pace()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with all that it says, and in whose eyes."""

    organisation_id: UUID
    webhook_id: UUID
    sequence: int
    epoch: int
    message_id: UUID
    veiled: bool
    position: int
    kind: str
    about_id: UUID
    occurred_at: datetime
    data: str
    mode: Mode
    person_id: UUID | None
    api_key_id: UUID | None

    @property
    def id(self) -> str:
        """As receivers are told it, and know it again by."""
        return f"msg_{self.message_id.hex}"


class Claimed(Message, frozen=True, kw_only=True):
    """One that this process holds, to be sent."""

    lease: UUID
    attempt: int
    receiver: str
    secret_id: UUID
    former_secret_id: UUID | None
    claimed_at: float = msgspec.field(default_factory=monotonic)  # which goes on while the process stands still


class Finished(NamedTuple):
    """What came of a try, as the statement takes it."""

    webhook_id: UUID
    sequence: int
    lease: UUID
    state: str
    wait: float
    rest: float
    result: str
    status: int | None
    milliseconds: float
    excerpt: str | None


def claimed_of(rows: Sequence[Any]) -> list[Claimed]:
    """Of rows of `outbox.claimed`, those that may be seen."""
    return [msgspec.convert(dict(row), Claimed) for row in rows if not row["withheld"]]


Render = Callable[[Message], Awaitable[str]]  # what a full delivery says beside its data: JSON members, or nothing


async def nothing_more(_: Message) -> str:
    """For who sends no full deliveries."""
    return ""


def body_of(message: Message, more: str) -> bytes:
    """The same for each try of a delivery, as long as nobody is forgotten."""
    data = message.data
    if message.veiled:  # the promise may be told, and not what it serves
        data = msgspec.json.encode(msgspec.json.decode(data, type=dict[str, Any]) | {"outcomeId": None}).decode()
    at = message.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return (
        f'{{"type":"{message.kind}","timestamp":"{at}","organisation":"{message.organisation_id}",'
        f'"position":{message.position},"sequence":{message.sequence},"epoch":{message.epoch},"data":{data}{more}}}'
    ).encode()


def wait_before(attempt: int, retry_after: float | None, pace: Pace = PACE) -> float:
    """Seconds until the next try after the try of this number: the schedule's, jittered so that many do not come back
    together; a receiver may ask for up to twice as much."""
    step = pace.waits[attempt - 1]
    return max(step * random.uniform(*pace.jitter), min(retry_after or 0.0, 2.0 * step))  # noqa: S311


def finished(claimed: Claimed, answer: Answer, pace: Pace = PACE) -> Finished:
    """What becomes of a delivery by its answer."""
    state, wait, rest = "ACCEPTED", 0.0, 0.0
    if answer.result != "accepted":
        over = claimed.attempt > len(pace.waits) or answer.status == GONE
        state = "EXHAUSTED" if over else "DUE"
        wait = 0.0 if over else wait_before(claimed.attempt, answer.retry_after, pace)
        rest = min(wait, answer.retry_after or 5.0) if answer.status in THROTTLING else 0.0
    result = f"http_{answer.status}" if answer.result == "answered" else answer.result
    return Finished(
        claimed.webhook_id,
        claimed.sequence,
        claimed.lease,
        state,
        wait,
        rest,
        result,
        answer.status,
        answer.milliseconds,
        answer.excerpt or None,
    )


class Deliverer:
    """Of a process."""

    def __init__(
        self, database: Database, ledger: Ledger, post: Post, render: Render = nothing_more, pace: Pace = PACE
    ) -> None:
        self.database = database
        self.ledger = ledger
        self.post = post
        self.render = render
        self.pace = pace
        self._awake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._held: set[UUID] = set()  # leases of what is on its way, or has come back and is not written down yet
        self._finished: list[tuple[Claimed, Answer]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Something may be due."""
        self._awake.set()

    async def start(self) -> None:
        await self.post.open()
        loops = (self._work, self._reclaim)
        self._tasks = [asyncio.create_task(kept("deliverer", loop)) for loop in loops]

    async def stop(self) -> None:
        """Lets what is on its way come back for a moment; what does not is sent again when its lease is over."""
        tasks, self._tasks = self._tasks, []
        if not tasks:
            return
        tasks[0].cancel()
        if self._sending:
            await asyncio.wait(self._sending, timeout=2)
        held = list(self._held)
        for task in [*self._sending, *tasks]:
            task.cancel()
        await asyncio.gather(*self._sending, *tasks, return_exceptions=True)
        with suppress(Exception):
            await self.finish(self._finished)
            await self.release(held, 0.0)
        await self.post.close()

    async def _work(self) -> None:
        """Writes down what has come back and takes what is due, in turns: more at once would wait for each other."""
        while True:
            self._awake.clear()
            came, self._finished = self._finished, []
            most, *_ = self.room()
            try:
                more = await self._turn(came, most)
            except BaseException:
                self._finished = came + self._finished
                raise
            if more:
                continue  # the database looks for it while what was taken is posted
            with suppress(TimeoutError):
                async with asyncio.timeout(SECONDS_BETWEEN_LOOKS):  # wait_for may lose that it was to stop
                    await self._awake.wait()
            if self._finished and self._sending:
                await asyncio.sleep(SECONDS_TO_GATHER)

    async def _turn(self, came: Sequence[tuple[Claimed, Answer]], most: int) -> bool:
        """Whether there may be more that is due."""
        if not came and not most:
            return False
        finishes = [finished(one, answer, self.pace) for one, answer in came]
        failing, taken, more = await self._exchange(finishes, most)
        self._held.difference_update(one.lease for one, _ in came)
        self._begin(taken)
        await self._note(came, finishes, failing)
        return more

    def _begin(self, taken: Sequence[Claimed]) -> None:
        for one in taken:
            task = asyncio.create_task(self.carry(one))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def room(self) -> tuple[int, int, float]:
        """As the outbox asks: none while it does not send."""
        most = min(MOST_AT_ONCE - len(self._sending), MOST_CLAIMED) if self._tasks else 0
        return most, MOST_OF_EACH, self.pace.lease_seconds

    def send_now(self, taken: Sequence[Any]) -> None:
        """What was taken for this process as it was made; where it has stopped meanwhile, the leases run out."""
        if self._tasks:
            self._begin(claimed_of(taken))

    async def take(self, most: int) -> list[Claimed]:
        """What is due, leased to this process; what may not be seen any more is not among it."""
        taken, more = list[Claimed](), True
        while more and not taken:
            _, taken, more = await self._exchange([], most)
        return taken

    async def finish(self, came: Sequence[tuple[Claimed, Answer]]) -> None:
        """Writes down what came of deliveries, and disables webhooks whose receivers are gone, or fail for days."""
        await self._turn(came, 0)

    async def _exchange(self, finishes: Sequence[Finished], most: int) -> tuple[list[Any], list[Claimed], bool]:
        """What came of tries for what is due: which webhooks go on failing, what was taken, and whether more is due."""
        columns = [list(column) for column in zip(*finishes, strict=True)] or [[] for _ in Finished._fields]
        pace = (most, MOST_OF_EACH, self.pace.lease_seconds)
        rows = await self.database.work.fetch(STATEMENTS["turn"], *columns, *pace)
        failing, taken = [row for row in rows if row["failing"]], [row for row in rows if row["lease"]]
        seen = claimed_of(taken)
        webhooks = {row["webhook_id"] for row in taken}
        more = len(taken) >= most > 0 or len(webhooks) >= MOST_WEBHOOKS or len(seen) < len(taken)
        return failing, seen, more

    async def carry(self, claimed: Claimed) -> None:
        """Posts what this process holds; what came of it is written down together with others."""
        self._held.add(claimed.lease)
        try:
            if not self._is_stale(claimed):
                answer = await self.send(claimed)
                self._finished.append((claimed, answer))
                return self._awake.set()
            await self.release([claimed.lease], 0.0)
        except Exception as error:  # not the receiver's fault: no try is spent
            if not unavailable(error) and not isinstance(error, VaultUnavailable):
                log.error("delivery_failed", error=type(error).__name__, exc_info=error)
            with suppress(Exception):  # else its lease runs out
                await self.release([claimed.lease], SECONDS_AFTER_FAULT)
        self._held.discard(claimed.lease)
        return None

    def _is_stale(self, claimed: Claimed) -> bool:
        """Whether this process stood still since it claimed a delivery, which somebody else may hold by now."""
        return monotonic() - claimed.claimed_at > self.pace.lease_seconds / 2

    async def release(self, leases: Sequence[UUID], seconds: float) -> None:
        """Gives back what was not tried, to be tried after so many seconds."""
        if leases:
            async with self.database.work.acquire() as connection, connection.transaction():
                await connection.execute(READING["sweep_scope"])
                await connection.execute(STATEMENTS["release"], leases, seconds)

    async def send(self, claimed: Claimed) -> Answer:
        """Posts one delivery, signed."""
        installation = self.database.seals.vault.secret
        more = await self.render(claimed) if claimed.mode is Mode.FULL else ""
        body = body_of(claimed, more)
        secrets = [
            secret_of(installation, claimed.organisation_id, claimed.webhook_id, one)
            for one in (claimed.secret_id, claimed.former_secret_id)
            if one is not None
        ]
        key = signing_key(installation, claimed.organisation_id)
        headers = sign(claimed.id, int(time()), body, secrets, key)
        return await self.post.post(claimed.receiver, body, headers)

    async def _note(
        self, came: Sequence[tuple[Claimed, Answer]], finishes: Sequence[Finished], failing: Sequence[Any]
    ) -> None:
        now = datetime.now(UTC)
        results = Counter(row.result if row.status is None else f"{row.status // 100}xx" for row in finishes)
        for result, count in results.items():
            DELIVERED.labels(result).inc(count)
        for (one, _), row in zip(came, finishes, strict=True):
            if row.state == "ACCEPTED" and one.attempt == 1:
                DELIVERY_SECONDS.observe(max(0.0, (now - one.occurred_at).total_seconds()))
        gone = {(one.organisation_id, one.webhook_id) for one, answer in came if answer.status == GONE}
        for organisation_id, webhook_id in gone:
            await self._disable(organisation_id, webhook_id, DisabledBecause.GONE)
        for organisation_id, webhook_id, failed, since, *_ in failing:
            dead = failed >= LEAST_FAILED and now - since >= FAILING
            if dead and (organisation_id, webhook_id) not in gone:
                await self._disable(organisation_id, webhook_id, DisabledBecause.FAILING)

    async def _disable(self, organisation_id: UUID, webhook_id: UUID, because: DisabledBecause) -> None:
        command: Command = NoteWebhookDisabled(webhook_id=webhook_id, because=because)
        with suppress(Refused):
            await self.ledger.execute(command, noted(organisation_id, datetime.now(UTC)))

    async def _reclaim(self) -> None:
        while True:
            await self.reclaim()
            await asyncio.sleep(self.pace.lease_seconds / LOOKS_A_LEASE)

    async def reclaim(self) -> None:
        """Makes due again what somebody has claimed and not come back with."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            lost = await connection.execute(STATEMENTS["reclaim"], list(self._held))
        if not lost.endswith(" 0"):
            self._awake.set()
