"""The ledger is the outbox: its events become public events and numbered deliveries, in one transaction with how far
that has come, so that nothing is lost and nothing made twice.

It follows the read models, by which it knows what each webhook is meant for and may see. Any number of processes share
the work; the one that is at an organisation holds its checkpoint. An organisation without a webhook costs one look.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.kernel import Event
from domain.public_events import announced
from domain.webhooks import (
    Missed,
    WebhookRedelivered,
    WebhookRemoved,
    WebhookResumed,
    WebhookRevised,
    WebhookSubscribed,
)
from infra.database import Database, statements
from infra.positions import Positions
from infra.projector import STATEMENTS as READING
from infra.projector import passing
from infra.recording import LedgerRow, Reader
from infra.rounds import Rounds
from infra.telemetry import ANNOUNCED, log
from projections.rows import Recorded

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
MOST_EVENTS = 500  # in one transaction
SECONDS_BETWEEN_SWEEPS = 5.0
SECONDS_UNTIL_ANOTHER_LOOK = 0.05  # at a checkpoint that somebody else holds
SECONDS_BETWEEN_CLEANINGS = 600.0
DAYS_KEPT = 30
MOST_SWEPT = 2_000  # in one transaction
CLEANED = (("old_deliveries", ("drop_tries", "drop_deliveries")), ("old_events", ("drop_events",)))
DIRECTING = (WebhookRevised, WebhookResumed, WebhookRedelivered, WebhookRemoved)  # what changes deliveries themselves

Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


class Outbox:
    """Makes deliveries of whatever organisation has moved."""

    def __init__(self, database: Database, positions: Positions) -> None:
        self.database = database
        self.made: list[Callable[[], None]] = []  # told when deliveries may be due
        self._stirred: dict[UUID, None] = {}
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._cleaning = Rounds("outbox_cleaning", self.clean, SECONDS_BETWEEN_CLEANINGS)
        positions.moved.append(self.stir)

    def stir(self, organisation_id: UUID, _position: int = 0) -> None:
        """Its read models have moved."""
        self._stirred[organisation_id] = None
        self._awake.set()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep(loop)) for loop in (self._work, self._sweep)]
        self._cleaning.start()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._cleaning.stop()

    async def _keep(self, loop: Any) -> None:
        while True:
            try:
                await loop()
            except Exception as error:
                if not passing(error):
                    log.error("outbox_failed", error=type(error).__name__, exc_info=error)
                await asyncio.sleep(0.5)

    async def _work(self) -> None:
        while True:
            while self._stirred:
                organisation_id = next(iter(self._stirred))
                del self._stirred[organisation_id]
                if not await self._advanced(organisation_id):
                    asyncio.get_running_loop().call_later(SECONDS_UNTIL_ANOTHER_LOOK, self.stir, organisation_id)
            self._awake.clear()
            await self._awake.wait()

    async def _advanced(self, organisation_id: UUID) -> bool:
        """As `advance`; an organisation that can't be followed keeps no other one waiting, and is looked at again by
        the sweep."""
        try:
            return await self.advance(organisation_id)
        except Exception as error:
            if passing(error):
                self._stirred[organisation_id] = None
                raise
            log.error("outbox_stopped", organisation=str(organisation_id), error=type(error).__name__, exc_info=error)
            return True

    async def live(self) -> bool:
        """Whether this is another life of the server than the one that the outbox knew: a backup of an older point was
        restored, or a standby took over. Numbers that were given may be given again, so each webhook begins another
        epoch."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            another = bool(await connection.fetchval(STATEMENTS["live"]))
            if another:
                await connection.execute(STATEMENTS["new_epochs"])
        return another

    async def _sweep(self) -> None:
        await self.live()
        while True:
            async with self.database.work.acquire() as connection, connection.transaction():
                await connection.execute(READING["sweep_scope"])
                restless = await connection.fetch(STATEMENTS["restless"])
            for (organisation_id,) in restless:
                self.stir(organisation_id)
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)

    async def advance(self, organisation_id: UUID) -> bool:
        """One stretch; false where there is more to do, or somebody else is at it."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(STATEMENTS["scope"], organisation_id)
            claimed = await connection.fetchrow(STATEMENTS["claim"], organisation_id)
            if claimed is None:
                if await connection.fetchval(STATEMENTS["exists"], organisation_id):
                    return False
                made = await connection.execute(STATEMENTS["begin"], organisation_id)
                return made.endswith(" 0")
            position, reached, zone = claimed
            if position >= reached:
                return True
            stretch = Stretch(connection, Reader(organisation_id, zone, self.database.seals))
            position, made = await stretch.follow(position, reached)
            await connection.execute(STATEMENTS["advance"], organisation_id, position)
        ANNOUNCED.inc(made)
        for told in self.made:
            told()
        return position >= reached

    async def clean(self) -> None:
        """Lets go of what ended long ago."""
        for found, drops in CLEANED:
            while await self._swept(found, drops):
                pass

    async def _swept(self, found: str, drops: Sequence[str]) -> int:
        """So few at a time that nobody waits for it; keys are handed over, for statements that would find and delete
        at once are planned for any number, and then read everything."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            old = await connection.fetch(STATEMENTS[found], DAYS_KEPT, MOST_SWEPT)
            for drop in drops if old else ():
                await connection.execute(STATEMENTS[drop], *(list(column) for column in zip(*old, strict=True)))
        return len(old)


class Stretch:
    """A part of one organisation's ledger on its way out."""

    def __init__(self, connection: Connection, reader: Reader) -> None:
        self.connection = connection
        self.reader = reader
        self.organisation_id = reader.organisation_id

    async def follow(self, position: int, reached: int) -> tuple[int, int]:
        """From a position on, at most to where the read models are; how far it came, and how many deliveries were
        made."""
        rows = await self._run_fetch("events", position, reached, MOST_EVENTS)
        made, begun = 0, position
        recorded = [self.reader.recorded(row) for row in rows]
        if any(isinstance(one.event, WebhookSubscribed) for one in recorded):
            await self._run("endpoints")
        if any(isinstance(one.event, DIRECTING) for one in recorded):
            await self._run("lock")
        await self._announce(recorded)
        for one in recorded:
            if isinstance(one.event, DIRECTING):
                made += await self._deliver(begun, one.position - 1)
                made += await self._direct(one.event, one.position)
                begun = one.position
        last = recorded[-1].position if recorded else reached
        made += await self._deliver(begun, last)
        return last, made

    async def _announce(self, recorded: Sequence[Recorded]) -> None:
        rows = [
            (
                one.position,
                nth,
                told.kind.name,
                told.about_id,
                getattr(one.event, "outcome_id", None),
                one.occurred_at,
                one.recorded_at,
                told.data,
            )
            for one in recorded
            for nth, told in enumerate(announced(one.event))
        ]
        if rows:
            await self._run("announce", *(list(column) for column in zip(*rows, strict=True)))

    async def _deliver(self, position: int, last: int, webhook_id: UUID | None = None, at: int | None = None) -> int:
        if last <= position:
            return 0
        made: int = await self.connection.fetchval(
            STATEMENTS["deliver"], self.organisation_id, position, last, webhook_id, at
        )
        return made

    async def _direct(self, event: Event, position: int) -> int:
        """What somebody wants of the deliveries themselves; how many new ones came of it."""
        match event:
            case WebhookRevised():
                await self._run("new_epoch", event.webhook_id)
                await self._run("wake", event.webhook_id)
            case WebhookResumed():
                await self._run("wake", event.webhook_id)
                if event.missed is Missed.SKIP:
                    await self._run("drop_due", event.webhook_id)
                    await self._run("new_epoch", event.webhook_id)
                    return 0
                since = await self.connection.fetchval(
                    STATEMENTS["rested_since"], self.organisation_id, event.webhook_id, position
                )
                return await self._deliver(since or position, position - 1, event.webhook_id, position)
            case WebhookRedelivered():
                return await self._again(event, position)
            case WebhookRemoved():
                await self._run("drop_due", event.webhook_id)
            case _:
                pass
        return 0

    async def _again(self, event: WebhookRedelivered, position: int) -> int:
        await self._run("again", event.webhook_id, event.sequence, event.since_position, event.since, event.failed_only)
        await self._run("wake", event.webhook_id)
        since = event.since_position
        if event.since is not None:
            since = await self.connection.fetchval(STATEMENTS["first_since"], self.organisation_id, event.since)
        if since is None or event.failed_only:
            return 0
        await self._announce_anew(since - 1, position - 1)
        return await self._deliver(since - 1, position - 1, event.webhook_id, position)

    async def _announce_anew(self, position: int, last: int) -> None:
        """What happened before the organisation had an outbox, or so long ago that it has left it."""
        while rows := await self._run_fetch("events", position, last, MOST_EVENTS):
            await self._announce([self.reader.decoded(row) for row in rows])
            position = rows[-1][0]

    async def _run(self, name: str, *arguments: Any) -> None:
        await self.connection.execute(STATEMENTS[name], self.organisation_id, *arguments)

    async def _run_fetch(self, name: str, *arguments: Any) -> list[LedgerRow]:
        found: list[LedgerRow] = await self.connection.fetch(STATEMENTS[name], self.organisation_id, *arguments)
        return found
