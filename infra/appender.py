"""The way of decided commands into the database: what comes while a call is under way goes into the next one together,
whatever organisation it is of.

A call for many organisations waits for none of them: one whose head another process has locked is sent again alone.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg

from infra.database import SECONDS_TO_CONNECT, Database, statements, unavailable
from infra.telemetry import APPEND_SECONDS

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
MOST_CALLS = 2  # under way at once, beside those sent again alone
WORTH_HALVING = 8  # so many that two calls side by side beat one
MOST_COMMANDS = 64  # in one call, but for a single batch: more lengthens the locks without saving much

Item = tuple[str, str, int]  # types parted by commas, tags by line ends, the position up to which they are known
# ids of the event, what it belongs to and what caused it, when it occurred, version, type, actor, tags, reason, body
Fact = tuple[UUID, UUID, UUID, datetime, int, str, str, str, str | None, str]
# id, key, digest, the ordinals in the batch of the command that it follows (0: none) and of those that it stands upon,
# what it looked at, what it decided
Decided = tuple[UUID, str | None, bytes, int, Sequence[int], Sequence[Item], Sequence[Fact]]
Answers = Sequence[tuple[str, int, int]]  # (status, first, last), a command each
Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


@dataclass(slots=True, eq=False)
class Batch:
    """Commands of one organisation, and who waits for what becomes of them."""

    organisation_id: UUID
    commands: Sequence[Decided]
    answers: asyncio.Future[Answers]


class Appender:
    """Of a process, for all its organisations."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.queue: deque[Batch] = deque()
        self.calling = 0
        self.under_way = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def submit(self, organisation_id: UUID, commands: Sequence[Decided]) -> asyncio.Future[Answers]:
        """The database's errors are raised where these commands can't be stored, and only there."""
        batch = Batch(organisation_id, commands, asyncio.get_running_loop().create_future())
        self.queue.append(batch)
        if self.calling < MOST_CALLS:
            self.calling += 1
            self._start(self._run())
        return batch.answers

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _run(self) -> None:
        while self.queue:
            taken: list[Batch] = []
            try:
                async with self.database.append.acquire(timeout=SECONDS_TO_CONNECT) as connection:
                    while taken := self._take():
                        await self._send(connection, taken)
                        await asyncio.sleep(
                            0
                        )  # those who are answered have more to send, and the connection is at hand
            except Exception as error:
                _fail(taken or self._take(), error)
        self.calling -= 1  # nothing is awaited between the last look at the queue and this mark

    def _take(self) -> list[Batch]:
        """In the order of their organisations, in which every process locks them."""
        taken: list[Batch] = []
        room = MOST_COMMANDS
        if not self.under_way and len(self.queue) >= WORTH_HALVING:
            room = sum(len(batch.commands) for batch in self.queue) // 2
        while self.queue and (not taken or len(self.queue[0].commands) <= room):
            taken.append(self.queue.popleft())
            room -= len(taken[-1].commands)
        taken.sort(key=lambda batch: batch.organisation_id)
        return taken

    async def _send(self, connection: Connection, batches: list[Batch]) -> None:
        """An error of the data fails the organisation that it belongs to, not its neighbours."""
        began = perf_counter()
        self.under_way += 1
        try:
            rows = await connection.fetch(STATEMENTS["append"], *columns(batches))
        except asyncpg.PostgresError as error:
            if len(batches) == 1 or unavailable(error):
                _fail(batches, error)
            else:
                for batch in batches:
                    await self._send(connection, [batch])
            return
        finally:
            self.under_way -= 1
        APPEND_SECONDS.observe(perf_counter() - began)
        start = 0
        for batch in batches:
            answers = rows[start : start + len(batch.commands)]
            start += len(batch.commands)
            if answers[0][0] == "busy":
                self._start(self._send_alone(batch))
            elif not batch.answers.done():  # whoever waited may have gone
                batch.answers.set_result(answers)

    async def _send_alone(self, batch: Batch) -> None:
        try:
            async with self.database.append.acquire(timeout=SECONDS_TO_CONNECT) as connection:
                await self._send(connection, [batch])
        except Exception as error:
            _fail([batch], error)


def columns(batches: Sequence[Batch]) -> list[Sequence[Any]]:
    """What ledger.append takes: a list a parameter."""
    commands: list[tuple[Any, ...]] = []
    upon: list[tuple[int, int]] = []
    against: list[tuple[int, int]] = []
    items: list[tuple[Any, ...]] = []
    facts: list[tuple[Any, ...]] = []
    nth = 0
    for of, batch in enumerate(batches, start=1):
        start, seen = nth, Seen()
        for command_id, key, digest, follows, stood, looked, decided in batch.commands:
            nth += 1
            commands.append((of, command_id, key, digest, follows and start + follows))
            upon.extend((nth, start + ordinal) for ordinal in stood)
            for item in looked:
                items.append((nth, *item))
                against.extend((nth, earlier) for earlier in seen.by(item) if earlier - start not in stood)
            for fact in decided:
                facts.append((nth, *fact))
                seen.add(nth, fact)
    organisations = [batch.organisation_id for batch in batches]
    tables = ((commands, 5), (upon, 2), (against, 2), (items, 4), (facts, 11))
    return [organisations, *chain.from_iterable(zip(*rows, strict=True) if rows else [()] * n for rows, n in tables)]


class Seen:
    """What the commands of a batch have decided so far, by its tags."""

    def __init__(self) -> None:
        self._facts: dict[str, list[tuple[int, str, str]]] = {}

    def add(self, nth: int, fact: Fact) -> None:
        """A fact of the command of that ordinal."""
        for tag in fact[7].split("\n"):
            self._facts.setdefault(tag, []).append((nth, fact[5], fact[7]))

    def by(self, item: Item) -> Iterator[int]:
        """The commands that have decided something which the item selects."""
        types, tags, _ = item
        first, *others = tags.split("\n")
        for nth, kind, borne in self._facts.get(first, ()):
            if kind in types.split(",") and set(others) <= set(borne.split("\n")):
                yield nth


def _fail(batches: list[Batch], error: Exception) -> None:
    for batch in batches:
        if not batch.answers.done():
            batch.answers.set_exception(error)
