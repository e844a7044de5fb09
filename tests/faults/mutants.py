"""Pieces of the product, deliberately broken: a test that such a one passes proves nothing."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg

from api.desk import Desk, Done, Envelope
from api.viewer import Viewer
from infra.appender import Answers, Appender, Decided
from infra.database import Database, unavailable
from infra.rebuild import Rebuild
from tests.faults.conftest import Place
from tests.faults.dying import Dying
from tests.faults.stand import as_owner

SECONDS_LATE = 0.05
SECONDS_OF_PATIENCE = 0.05
KEYED = "and a.key = c.key"
ANSWERED = "where c.status = 'appended' and c.key is not null"


async def change(place: Place, function: str, *changes: tuple[str, str]) -> None:
    """A function of the ledger, with some of its text replaced."""

    async def put(connection: asyncpg.Connection) -> None:
        text = await connection.fetchval("select pg_get_functiondef($1::regproc)", function)
        for old, new in changes:
            assert old in text, f"{function} holds no {old!r} any more"
            text = text.replace(old, new)
        await connection.execute(text)

    await as_owner(place.owner, put)


async def without_idempotency(place: Place) -> None:
    await change(
        place, "ledger.append", (KEYED, f"{KEYED} and false"), (ANSWERED, f"{ANSWERED} on conflict do nothing")
    )


async def without_its_lock(place: Place) -> None:
    await change(place, "ledger.append", ("for update skip locked", ""), ("for update", ""))


async def without_its_condition(place: Place) -> None:
    await change(place, "ledger.conflicting", ("where i.after <", "where false and i.after <"))


async def trusting_its_clock(place: Place) -> None:
    jumping = "clock_timestamp() + interval '1 hour' * (v_head.position % 2)"
    await change(place, "ledger.append", ("greatest(clock_timestamp(), v_head.recorded_at)", jumping))


async def without_its_fence(place: Place) -> None:
    await change(place, "read.finish_deliveries", ("and d.lease = t.lease", ""))


async def resting_alike(place: Place) -> None:
    """Receivers that fail together are let rest equally long."""
    await change(place, "read.finish_deliveries", ("(0.8 + 0.4 * random())", "1.0"))


async def in_one_statement(place: Place) -> None:
    """A claim that looks for deliveries and locks their webhooks by one and the same snapshot, with a moment between,
    and believes what it saw."""
    among = "select l.webhook_id from outbox.endpoint l where l.webhook_id = any (v_ids)"
    locked = f"({among} and pg_sleep(0.001) is not null for update skip locked)"
    await change(
        place,
        "read.claim_deliveries",
        ("for update skip locked", ""),
        ("where e.webhook_id = any (v_ids) and w.state", f"where e.webhook_id in {locked} and w.state"),
        ("where e.webhook_id = any (v_ids);", f"where e.webhook_id in {locked};"),
        ("and d.sequence = due.sequence and d.state = 'DUE'", "and d.sequence = due.sequence"),
    )


class Forgetful(Desk):
    """Takes every command for a new one, whatever its key."""

    async def issue(self, name: str, body: bytes, viewer: Viewer, envelope: Envelope) -> Done:
        return await super().issue(name, body, viewer, replace(envelope, key=None))


class Guessing(Appender):
    """Knows what the database would answer, if nothing went wrong."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.heads: dict[UUID, int] = {}
        self.guessed = 0

    def guess(self, organisation_id: UUID, commands: Sequence[Decided]) -> Answers:
        answers: list[tuple[str, int, int]] = []
        for command in commands:
            head = self.heads[organisation_id]
            self.heads[organisation_id] += len(command[5])
            answers.append(("appended", head + 1, self.heads[organisation_id]))
        self.guessed += len(commands)
        return answers

    def learn(self, organisation_id: UUID, answers: Answers) -> None:
        heads = [last for _, _, last in answers if last is not None]  # pyright: ignore[reportUnnecessaryComparison]
        self.heads[organisation_id] = max([self.heads.get(organisation_id, 0), *heads])


class Hasty(Guessing):
    """Acknowledges before anything is stored, and stores a little later."""

    def submit(self, organisation_id: UUID, commands: Sequence[Decided]) -> asyncio.Future[Answers]:
        if organisation_id not in self.heads:
            answers = super().submit(organisation_id, commands)
            answers.add_done_callback(lambda done: self._told(organisation_id, done))
            return answers
        answers = asyncio.get_running_loop().create_future()
        answers.set_result(self.guess(organisation_id, commands))
        asyncio.get_running_loop().call_later(SECONDS_LATE, self._store, organisation_id, commands)
        return answers

    def _store(self, organisation_id: UUID, commands: Sequence[Decided]) -> None:
        super().submit(organisation_id, commands).add_done_callback(lambda done: done.exception())

    def _told(self, organisation_id: UUID, done: asyncio.Future[Answers]) -> None:
        if done.exception() is None:
            self.learn(organisation_id, done.result())


class Hopeful(Guessing):
    """Takes a connection that broke for a success."""

    def submit(self, organisation_id: UUID, commands: Sequence[Decided]) -> asyncio.Future[Answers]:
        hoped: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()

        def told(done: asyncio.Future[Answers]) -> None:
            error = done.exception()
            if error is None:
                self.learn(organisation_id, done.result())
            if hoped.done():
                return
            if error is None:
                hoped.set_result(done.result())
            elif unavailable(error) and organisation_id in self.heads:
                hoped.set_result(self.guess(organisation_id, commands))
            else:
                hoped.set_exception(error)

        super().submit(organisation_id, commands).add_done_callback(told)
        return hoped


class Impatient(Appender):
    """Opens one more connection whenever an answer is a moment late."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.opening: set[asyncio.Task[None]] = set()

    def submit(self, organisation_id: UUID, commands: Sequence[Decided]) -> asyncio.Future[Answers]:
        answers = super().submit(organisation_id, commands)
        task = asyncio.create_task(self._hurry(answers))
        self.opening.add(task)
        task.add_done_callback(self.opening.discard)
        return answers

    async def _hurry(self, answers: asyncio.Future[Answers]) -> None:
        more: list[asyncio.Task[asyncpg.Connection]] = []
        while not answers.done():
            await asyncio.sleep(SECONDS_OF_PATIENCE)
            more.append(asyncio.create_task(asyncpg.connect(self.database.url, timeout=20)))
        for one in more:
            with suppress(Exception):
                await (await one).close()


class Halving(Rebuild):
    """Empties the tables that stand before it switches, where everybody sees it."""

    owner = ""

    async def _switch(self) -> None:
        async def empty(connection: asyncpg.Connection) -> None:
            for table in (table for projection in self.wanted for table in projection.tables):
                await connection.execute(f"delete from read.{table.name}")
                await asyncio.sleep(0.01)

        await as_owner(self.owner, empty)
        await super()._switch()


class Unlocked(asyncpg.Connection):
    """Takes no advisory locks."""

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        return "" if "pg_advisory" in query else await super().execute(query, *args, **options)


class Piecemeal(Dying):
    """Has no transactions: each statement stands by itself."""

    @asynccontextmanager
    async def transaction(self, **_: Any) -> AsyncGenerator[None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        yield
