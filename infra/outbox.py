"""The ledger is the outbox: its events become public events and numbered deliveries, in one transaction with how far
that has come, so that nothing is lost and nothing made twice.

It follows the read models, by which it knows what each webhook is meant for and may see: in their transaction where it
stands where they stood, else on its own. Any number of processes share the work; whoever finds that an organisation's
outbox has moved meanwhile has done nothing. An organisation without a webhook costs one look.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol
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
from infra.database import Database, passing, statements
from infra.positions import Positions
from infra.projector import STATEMENTS as READING
from infra.recording import EVENT, LedgerRow, Reader
from infra.rounds import Rounds, kept
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


class Sender(Protocol):
    """Who sends what the outbox makes, in the same process."""

    def room(self) -> tuple[int, int, float]:
        """How many more it would take, how many of each webhook, and for how many seconds."""
        ...

    def send_now(self, taken: Sequence[Any]) -> None:
        """Rows of `outbox.claimed`."""
        ...


class Outbox:
    """Makes deliveries of whatever organisation has moved."""

    def __init__(self, database: Database, positions: Positions, sender: Sender | None = None) -> None:
        self.database = database
        self.sender = sender
        self.made: list[Callable[[], None]] = []  # told when deliveries may be due
        self._alive = False  # known which life of the server this is
        self._reached: dict[UUID, int] = {}  # how far it came, of organisations that may be stirred for that
        self._stirred: dict[UUID, None] = {}
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._cleaning = Rounds("outbox_cleaning", self.clean, SECONDS_BETWEEN_CLEANINGS)
        positions.moved.append(self.stir)

    def stir(self, organisation_id: UUID, position: int | None = None) -> None:
        """Its read models have moved, and the outbox perhaps with them."""
        reached = self._reached.pop(organisation_id, -1)
        if position is None or reached < position:
            self._stirred[organisation_id] = None
            self._awake.set()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(kept("outbox", loop)) for loop in (self._work, self._sweep)]
        self._cleaning.start()

    async def stop(self) -> None:
        self._alive = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._cleaning.stop()

    async def _work(self) -> None:
        await self.awake()
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

    async def awake(self) -> None:
        """Whoever brings the read models along may bring the outbox too, for it is known which life this is."""
        await self.live()
        self._alive = True

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
        await self.awake()
        while True:
            for organisation_id in await self.restless():
                self.stir(organisation_id)
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)

    async def restless(self) -> list[UUID]:
        """Organisations whose outbox has something to do."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            return [organisation_id for (organisation_id,) in await connection.fetch(STATEMENTS["restless"])]

    async def advance(self, organisation_id: UUID) -> bool:
        """One stretch; false where there is more to do, or somebody else was at it."""
        ahead = await self.database.work.fetch(STATEMENTS["ahead"], organisation_id, MOST_EVENTS)
        if not ahead:
            return await self._begun(organisation_id)
        start, reached, zone, replays = ahead[0][EVENT:]
        if start >= reached:
            return not replays or await self._replay(organisation_id, zone)
        reader = Reader(organisation_id, zone, self.database.seals)
        recorded = [reader.recorded(row[:EVENT]) for row in ahead[1:]]
        end = recorded[-1].position if len(recorded) == MOST_EVENTS else reached
        if directed(recorded):
            await self._direct(reader, recorded, start, end)
            return False  # a replay may have come of it
        made = await self.follow(self.database.work, organisation_id, recorded, start, end)
        return self.followed(organisation_id, end, made) and end >= reached and not replays

    async def _begun(self, organisation_id: UUID) -> bool:
        """Whether there is no outbox yet, and no webhook that would want one."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            made = await connection.execute(STATEMENTS["begin"], organisation_id)
        return made.endswith(" 0")

    def may_follow(self, recorded: Sequence[Recorded]) -> bool:
        """Whether whoever brings the read models so far may bring the outbox along, in the same transaction."""
        return self._alive and not directed(recorded)

    async def follow(
        self, connection: Connection, organisation_id: UUID, recorded: Sequence[Recorded], start: int, end: int
    ) -> Sequence[Any]:
        """In one statement; what was made, for `followed`."""
        room, each, lease_seconds = self.sender.room() if self.sender else (0, 0, 0.0)
        made: Sequence[Any] = await connection.fetch(
            STATEMENTS["follow"], organisation_id, start, end, *told_of(recorded), room, each, lease_seconds
        )
        return made

    def followed(self, organisation_id: UUID, end: int, rows: Sequence[Any]) -> bool:
        """What was made is safe now, and what was taken for this process on its way; false where nothing was."""
        if not rows:
            return False
        made, taken = rows[0][0], [row for row in rows if row["webhook_id"] is not None]
        if taken and self.sender:
            self.sender.send_now(taken)
        self._reached[organisation_id] = end
        self._made(made, made - len(taken))
        return True

    async def _direct(self, reader: Reader, recorded: Sequence[Recorded], start: int, end: int) -> None:
        """With what somebody wants of the deliveries themselves."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], reader.organisation_id)
            if not await connection.fetch(STATEMENTS["hold"], reader.organisation_id, start):
                return
            made = await Stretch(connection, reader).follow(recorded, start, end)
            await connection.execute(STATEMENTS["advance"], reader.organisation_id, end)
        self._made(made, made)

    async def _replay(self, organisation_id: UUID, zone: str | None) -> bool:
        """One stretch of what is sent once more; false where there is more to do."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            replay = await connection.fetchrow(STATEMENTS["next_replay"], organisation_id)
            if replay is None:
                return True
            made, over = await Stretch(connection, Reader(organisation_id, zone, self.database.seals)).replay(*replay)
        self._made(made, made)
        return over

    def _made(self, made: int, waiting: int) -> None:
        ANNOUNCED.inc(made)
        if waiting:
            for told in self.made:
                told()

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


def told_of(recorded: Sequence[Recorded]) -> list[list[Any]]:
    """The public events of some events, a list a column."""
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
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(8)]


def directed(recorded: Sequence[Recorded]) -> bool:
    """Whether somebody wants something of the webhooks or deliveries themselves."""
    return any(isinstance(one.event, (WebhookSubscribed, *DIRECTING)) for one in recorded)


class Stretch:
    """A part of one organisation's ledger on its way out."""

    def __init__(self, connection: Connection, reader: Reader) -> None:
        self.connection = connection
        self.reader = reader
        self.organisation_id = reader.organisation_id

    async def follow(self, recorded: Sequence[Recorded], start: int, end: int) -> int:
        """What stands between two positions; how many deliveries were made."""
        made, begun = 0, start
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
        return made + await self._deliver(begun, end)

    async def _announce(self, recorded: Sequence[Recorded]) -> None:
        columns = told_of(recorded)
        if columns[0]:
            await self._run("announce", *columns)

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
                await self._run("drop_replays", event.webhook_id)
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
        await self._run("replay", event.webhook_id, position, since - 1)
        return 0

    async def replay(self, webhook_id: UUID, at: int, position: int) -> tuple[int, bool]:
        """Announces anew what happened before the organisation had an outbox, or so long ago that it has left it; how
        many deliveries were made, and whether that was all."""
        rows: list[LedgerRow] = await self.connection.fetch(
            STATEMENTS["events"], self.organisation_id, position, at - 1, MOST_EVENTS
        )
        await self._announce([self.reader.decoded(row) for row in rows])
        over = len(rows) < MOST_EVENTS
        last = at - 1 if over else rows[-1][0]
        made = await self._deliver(position, last, webhook_id, at)
        await self._run("end_replay" if over else "replayed", webhook_id, at, *(() if over else (last,)))
        return made, over

    async def _run(self, name: str, *arguments: Any) -> None:
        await self.connection.execute(STATEMENTS[name], self.organisation_id, *arguments)
