"""Keeps the read models up with the ledger: rows and checkpoint commit together, so each event counts exactly once.

Any number of processes share the work; a checkpoint that somebody holds is skipped and looked at again. Wake-ups come
from the process's own appends at once, from other processes by NOTIFY after their commit, and from a sweep as the
fallback. An organisation that is never quiet is let rest between its rounds, so that each takes more events at once,
unless somebody waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from infra.database import Database, passing, statements
from infra.forgetting import CHANNEL as FORGOTTEN
from infra.forgetting import Forgetting, forgotten_in
from infra.positions import Positions
from infra.recording import EVENT, LedgerRow, Reader
from infra.rounds import kept
from infra.telemetry import PROJECTED, PROJECTION_LAG_SECONDS, PROJECTIONS_STOPPED, log
from projections.read_models import NAMES, PROJECTIONS
from projections.rows import Projection, Recorded, Row, Sheet, Table

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
MOST_EVENTS = 500  # in one transaction
MOST_LED = 50  # whom the follower may hold up: many events for many webhooks are a long transaction
WORKERS = 3
SECONDS_BETWEEN_SWEEPS = 5.0
SECONDS_UNTIL_ANOTHER_LOOK = 0.05  # at a checkpoint that somebody else holds
REST, REST_WHERE_LISTENED = 3.0, 1.0  # times what a round took
MOST_SECONDS_OF_REST = 0.05
CHANNEL = "headway"
MOST_IN_NOTICE = 150  # a notice holds 8,000 bytes

Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


@dataclass(slots=True)
class Progress:
    """A projection on its way through a batch of events."""

    projection: Projection
    position: int
    sheet: Sheet = field(default_factory=Sheet)
    stopped_at: int | None = None
    problem: str | None = None


class Follower(Protocol):
    """Who follows the read models, and may do so in their transaction."""

    def may_follow(self, recorded: Sequence[Recorded]) -> bool: ...

    async def follow(
        self, connection: Connection, organisation_id: UUID, recorded: Sequence[Recorded], start: int, end: int
    ) -> Sequence[Any]: ...

    def followed(self, organisation_id: UUID, end: int, rows: Sequence[Any]) -> bool: ...


Advance = Callable[[Connection, Reader, Progress, Sequence[LedgerRow]], Awaitable[None]]


def crash(point: str) -> None:
    """A named place at which the fault tests stop the process; inert otherwise."""


class Projector:
    """Projects whatever organisation has been stirred."""

    def __init__(self, database: Database, positions: Positions, most_rest: float = MOST_SECONDS_OF_REST) -> None:
        self.most_rest = most_rest
        self.database = database
        self.positions = positions
        self.follower: Follower | None = None
        self._stirred: dict[UUID, None] = {}
        self._working: set[UUID] = set()
        self._resting: set[UUID] = set()
        positions.awaited.append(self._rested)
        self._awake = asyncio.Event()
        self._notices: dict[UUID, tuple[int, int]] = {}  # organisation → (head, reached) to be told to other processes
        self._noticed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def stir(self, organisation_id: UUID, head: int = 0) -> None:
        """Something was appended; told by the ledger after its commit."""
        self._stirred[organisation_id] = None
        self._awake.set()
        self._notice(organisation_id, head, 0)

    def _notice(self, organisation_id: UUID, head: int, reached: int) -> None:
        was = self._notices.get(organisation_id, (0, 0))
        self._notices[organisation_id] = (max(was[0], head), max(was[1], reached))
        self._noticed.set()

    def start(self) -> None:
        """Projects, and tells other processes; after `attend`, now as well."""
        self.attend()
        self._tasks += [asyncio.create_task(kept("projector", loop)) for loop in [*[self._work] * WORKERS, self._sweep]]

    def attend(self) -> None:
        """Tells other processes what is appended here and hears how far they are, and leaves projecting to them."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(kept("projector", loop)) for loop in (self._listen, self._tell)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _work(self) -> None:
        busy = self._working
        while True:
            organisation_id = next((one for one in self._stirred if one not in busy and one not in self._resting), None)
            if organisation_id is None:
                self._awake.clear()
                await self._awake.wait()
                continue
            del self._stirred[organisation_id]
            busy.add(organisation_id)
            began = perf_counter()
            try:
                done = await self.project(organisation_id)
            except BaseException:
                self._stirred[organisation_id] = None
                raise
            finally:
                busy.discard(organisation_id)
            if not done:
                asyncio.get_running_loop().call_later(SECONDS_UNTIL_ANOTHER_LOOK, self._look_again, organisation_id)
            else:
                self._rest(organisation_id, perf_counter() - began)

    def _rest(self, organisation_id: UUID, took: float) -> None:
        if not self.positions.is_awaited(organisation_id):
            self._resting.add(organisation_id)
            times = REST_WHERE_LISTENED if organisation_id in self.positions.listened else REST
            seconds = min(self.most_rest, times * took)
            asyncio.get_running_loop().call_later(seconds, self._rested, organisation_id)
        elif self._stirred:
            self._awake.set()

    def _rested(self, organisation_id: UUID) -> None:
        self._resting.discard(organisation_id)
        if organisation_id in self._stirred:
            self._awake.set()

    def _look_again(self, organisation_id: UUID) -> None:
        self._stirred[organisation_id] = None
        self._awake.set()

    async def project(self, organisation_id: UUID) -> bool:
        """One batch; false where there is more to do, or somebody else is at it."""
        try:
            return await self._project(organisation_id, _all_at_once)
        except Exception as error:
            if passing(error):
                raise
        return await self._project(organisation_id, _one_by_one)

    async def _project(self, organisation_id: UUID, advance: Advance) -> bool:
        async with self.database.work.acquire() as connection, connection.transaction():
            ahead = await connection.fetch(STATEMENTS["ahead"], organisation_id, MOST_EVENTS)
            names, positions, stops, zone, outbox = ahead[0][EVENT:]
            if len(names or ()) < len(NAMES):
                await connection.execute(STATEMENTS["begin"], organisation_id, NAMES)
                return False
            stopped = {name: at for name, at, stop in zip(names, positions, stops, strict=True) if stop is not None}
            at = {name: at for name, at in zip(names, positions, strict=True) if name not in stopped}
            if not at:
                return True
            events, made = [row[:EVENT] for row in ahead[1:]], ()
            progresses = [Progress(one, at[one.name]) for one in PROJECTIONS if one.name in at]
            if events:
                seals = self.database.seals
                readers = {start: Reader(organisation_id, zone, seals) for start in at.values()}  # most stand together
                for progress in progresses:
                    await advance(connection, readers[progress.position], progress, events)
                for gone, position in forgotten_in(connection, readers[min(at.values())], events):
                    await self._forget(
                        gone, position, at, {one.projection: one.position for one in progresses}, stopped
                    )
                crash("between rows and checkpoint")
                await self._checkpoint(connection, organisation_id, progresses)
                if advance is _all_at_once and len(events) <= MOST_LED and not stopped and {*at.values()} == {outbox}:
                    made = await self._lead(connection, readers[outbox], events)
        if made and self.follower:
            self.follower.followed(organisation_id, events[-1][0], made)
        every = [*(progress.position for progress in progresses), *stopped.values()]
        self._tell_reached(organisation_id, min(every), events)
        return len(events) < MOST_EVENTS

    async def _lead(self, connection: Connection, reader: Reader, events: Sequence[LedgerRow]) -> Sequence[Any]:
        """Brings the follower along, which then need not look for itself what there is."""
        recorded = [reader.recorded(event) for event in events]
        if self.follower is None or not self.follower.may_follow(recorded):
            return ()
        start, end = recorded[0].position - 1, recorded[-1].position
        return await self.follower.follow(connection, reader.organisation_id, recorded, start, end)

    async def _forget(
        self,
        gone: Forgetting,
        position: int,
        began: Mapping[str, int],
        reached: Mapping[Projection, int],
        stopped: Mapping[str, int],
    ) -> None:
        """Sweeps the projections that have come past the event that forgets somebody, and those that are stopped."""
        past = {one: at for one, at in reached.items() if began[one.name] < position <= at}
        if past:
            standing = {one: stopped[one.name] for one in PROJECTIONS if one.name in stopped}
            behind = {one: at for one, at in reached.items() if at < position}
            await gone.run(position, past | standing | behind)

    def _tell_reached(self, organisation_id: UUID, reached: int, events: Sequence[LedgerRow]) -> None:
        self.positions.advance(organisation_id, reached)
        if events:
            self._notice(organisation_id, 0, reached)
            PROJECTED.inc(len(events))
            PROJECTION_LAG_SECONDS.observe(max(0.0, (datetime.now(UTC) - events[-1][10]).total_seconds()))

    async def _checkpoint(self, connection: Connection, organisation_id: UUID, progresses: list[Progress]) -> None:
        await connection.execute(
            STATEMENTS["advance"],
            organisation_id,
            [progress.projection.name for progress in progresses],
            [progress.position for progress in progresses],
            [progress.stopped_at for progress in progresses],
            [progress.problem for progress in progresses],
        )

    async def _sweep(self) -> None:
        while True:
            async with self.database.work.acquire() as connection, connection.transaction():
                await connection.execute(STATEMENTS["sweep_scope"])
                behind = await connection.fetch(STATEMENTS["sweep"], NAMES)
            for row in behind:
                self._stirred[row[0]] = None
            if behind:
                self._awake.set()
            await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)

    async def _listen(self) -> None:
        """Hears what other processes have appended and projected."""
        gone = asyncio.Event()
        connection = await asyncpg.connect(**self.database.listening())
        try:
            connection.add_termination_listener(lambda _: gone.set())  # pyright: ignore[reportArgumentType]
            await connection.add_listener(CHANNEL, self._heard)  # pyright: ignore[reportArgumentType]
            await connection.add_listener(FORGOTTEN, self._heard_of_forgotten)  # pyright: ignore[reportArgumentType]
            self.positions.trust()
            await gone.wait()
        finally:
            self.positions.doubt()
            with suppress(Exception):
                await connection.close(timeout=1)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        for part in payload.split(","):
            organisation, head, reached = part.split(":")
            organisation_id = UUID(organisation)
            if int(reached):
                self.positions.advance(organisation_id, int(reached))
            if int(head) > (self.positions.reached(organisation_id) or 0):
                self._stirred[organisation_id] = None
                self._awake.set()

    def _heard_of_forgotten(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        self.positions.forget(UUID(payload))

    async def _tell(self) -> None:
        """Notices go out from outside every append, a millisecond's worth together."""
        while True:
            await self._noticed.wait()
            await asyncio.sleep(0.001)
            self._noticed.clear()
            notices, self._notices = list(self._notices.items()), {}
            try:
                await self._notify(notices)
            except BaseException:
                for one, (head, reached) in notices:
                    self._notice(one, head, reached)  # told twice does no harm, not at all would
                raise

    async def _notify(self, notices: Sequence[tuple[UUID, tuple[int, int]]]) -> None:
        async with self.database.work.acquire() as connection:
            for start in range(0, len(notices), MOST_IN_NOTICE):
                part = notices[start : start + MOST_IN_NOTICE]
                payload = ",".join(f"{one}:{head}:{reached}" for one, (head, reached) in part)
                await connection.execute("select pg_notify($1, $2)", CHANNEL, payload)


def problem(event: LedgerRow, error: Exception) -> str:
    """What an operator reads in `headway status`: which event, and what kind of failure; no text out of the event."""
    return f"{event[3]} v{event[2]} ({event[1]}): {type(error).__name__}: {str(error)[:300]}"


async def _all_at_once(connection: Connection, reader: Reader, progress: Progress, events: Sequence[LedgerRow]) -> None:
    start = progress.position
    await apply(connection, reader, progress, [event for event in events if event[0] > start])


async def _one_by_one(connection: Connection, reader: Reader, progress: Progress, events: Sequence[LedgerRow]) -> None:
    """Up to the event at fault, where there is one; the projection stops there, and its neighbours go on."""
    start, zone = progress.position, reader.zone
    for event in events:
        if event[0] <= start:
            continue
        reader.zone, progress.sheet = zone, Sheet()
        try:
            async with connection.transaction():
                await apply(connection, reader, progress, [event])
        except Exception as error:
            if passing(error):
                raise
            progress.stopped_at, progress.problem = event[0], problem(event, error)
            PROJECTIONS_STOPPED.inc()
            log.error("projection_stopped", projection=progress.projection.name, position=event[0])
            return
        zone = reader.zone


async def apply(connection: Connection, reader: Reader, progress: Progress, due: Sequence[LedgerRow]) -> None:
    """Revisions of the events onto the rows that stand, then what has to be written."""
    made: list[tuple[int, list[Any]]] = []
    wanted: dict[str, tuple[Table, set[UUID]]] = {}
    for event in due:
        recorded: Recorded = reader.recorded(event)
        revisions = list(progress.projection.revisions(recorded))
        made.append((recorded.position, revisions))
        for revision in revisions:
            if not revision.table.only_added:
                wanted.setdefault(revision.table.name, (revision.table, set()))[1].add(revision.id)
    sheet = progress.sheet
    for table, ids in wanted.values():
        await load(connection, reader.organisation_id, table, ids, sheet)
    for position, revisions in made:
        for revision in revisions:
            sheet.apply(revision, position)
    await write(connection, reader.organisation_id, sheet)
    if due:
        progress.position = due[-1][0]


async def load(connection: Connection, organisation_id: UUID, table: Table, ids: set[UUID], sheet: Sheet) -> None:
    """Puts the rows that stand onto the sheet."""
    columns = ", ".join(f'"{column}"' for column in table.columns)
    standing = "organisation_id = $1 and id = any($2) and until is null"
    sql = f"select id, since, {columns} from read.{table.name} where {standing}"  # noqa: S608
    for id_, since, *values in await connection.fetch(sql, organisation_id, list(ids)):
        row = Row(since, dict(zip(table.columns, values, strict=True)), stored=True)
        sheet.standing[table.name, id_] = row


async def write(connection: Connection, organisation_id: UUID, sheet: Sheet) -> None:
    """Ends the versions that are over, then begins the new ones."""
    ended: dict[str, list[tuple[UUID, UUID, int, int]]] = {}
    for table, id_, since, until in sheet.ended:
        ended.setdefault(table.name, []).append((organisation_id, id_, since, until))
    for name, rows in ended.items():
        sql = f"update read.{name} set until = $4 where organisation_id = $1 and id = $2 and since = $3"  # noqa: S608
        await connection.executemany(sql, rows)
    begun: dict[str, tuple[Table, list[tuple[Any, ...]]]] = {}
    for table, id_, since, until, values in sheet.written():
        rows = begun.setdefault(table.name, (table, []))[1]
        rows.append((organisation_id, id_, since, until, *(values[column] for column in table.columns)))
    for table, rows in begun.values():
        columns = ", ".join(f'"{column}"' for column in table.columns)
        places = ", ".join(f"${n}" for n in range(1, len(table.columns) + 5))
        sql = f"insert into read.{table.name} (organisation_id, id, since, until, {columns}) values ({places})"  # noqa: S608
        await connection.executemany(sql, rows)
