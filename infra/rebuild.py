"""Read models anew from the ledger: folded in memory, loaded by COPY into a schema beside, compared, switched.

Reads and commands go on all the while; only the projector waits, and only for the switch.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

import projections
from infra.database import statements
from infra.forgetting import Forgetting, forgotten_in
from infra.migrate import MigrationRefused
from infra.projector import STATEMENTS as READING
from infra.projector import problem
from infra.recording import LedgerRow, Reader
from infra.seals import Seals
from infra.wording import install_wording
from projections.read_models import DERIVED, PROJECTIONS
from projections.rows import Projection, Sheet, Table, Version

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
FOLDER = Path(next(iter(projections.__path__)))
CHUNK = 5_000
REBUILD_LOCK = 7_236_001  # of pg_advisory_lock: one rebuild at a time
MILLISECONDS_TO_LOCK = 400  # less than it takes the server to look for a deadlock
TRIES = 60
SECONDS_BETWEEN = 0.1  # in which those who read get their turn

Connection = asyncpg.Connection


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild found: events folded, rows loaded, and per table how many rows differ from those that stood."""

    events: int = 0
    rows: int = 0
    differences: dict[str, int] = field(default_factory=dict[str, int])
    stopped: list[str] = field(default_factory=list[str])
    behind: list[str] = field(default_factory=list[str])  # what could not be compared


def parts(projection: Projection) -> tuple[str, str]:
    """The SQL of a projection: its tables, and the functions over them."""
    text = (FOLDER / f"{projection.name}.sql").read_text()
    tables, functions = text.split("-- functions\n", 1)
    return tables, functions


def digest(projection: Projection) -> str:
    """Of SQL and code: a projection whose digest has changed is rebuilt at the next start."""
    code = (FOLDER / f"{projection.name}.py").read_bytes()
    return sha256("".join(parts(projection)).encode() + code).hexdigest()


def digest_of(name: str) -> str:
    """Of a file of functions alone: where it has changed, functions are made anew and no row is."""
    return sha256(_derived(name).encode()).hexdigest()


def _derived(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text()


async def install(
    connection: Connection,
    seals: Seals,
    told: Callable[[str], None] = lambda _: None,
    sentences: Path | None = None,
) -> Rebuilt | None:
    """Brings the read models to this release's shape: makes them, or rebuilds those that have changed. One process at a
    time; raises MigrationRefused as `rebuild` does, and WordingWrong for a file of `sentences` that cannot be meant."""
    await connection.execute("select pg_advisory_lock($1)", REBUILD_LOCK)
    try:
        await install_wording(connection, sentences)
        return await _install(connection, seals, told)
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", REBUILD_LOCK)


async def _install(connection: Connection, seals: Seals, told: Callable[[str], None]) -> Rebuilt | None:
    stand = {row[0]: row[1] for row in await connection.fetch(STATEMENTS["installed"])}
    if not stand:
        async with connection.transaction():
            await connection.execute("set local search_path = read")
            for projection in PROJECTIONS:
                await connection.execute(parts(projection)[0])
            await connection.execute(STATEMENTS["guard"])
            await _install_functions(connection)
            await _note(connection, PROJECTIONS)
        return None
    changed = [one for one in PROJECTIONS if stand.get(one.name) != digest(one)]
    if not changed:
        if any(stand.get(name) != digest_of(name) for name in DERIVED):
            async with connection.transaction():
                await _install_functions(connection)
        return None
    told(f"Rebuilding {', '.join(one.name for one in changed)}.")
    return await rebuild(connection, seals, changed, functions=True)


async def _install_functions(connection: Connection) -> None:
    await connection.execute("set local search_path = read")
    await connection.execute(STATEMENTS["drop_functions"])
    for projection in PROJECTIONS:
        if functions := parts(projection)[1].strip():
            await connection.execute(functions)
    for name in DERIVED:
        await connection.execute(_derived(name))
        await connection.execute(STATEMENTS["install"], name, digest_of(name))


async def _note(connection: Connection, changed: Iterable[Projection]) -> None:
    for projection in changed:
        await connection.execute(STATEMENTS["install"], projection.name, digest(projection))


async def rebuild(
    connection: Connection, seals: Seals, wanted: Sequence[Projection] = PROJECTIONS, *, functions: bool = False
) -> Rebuilt:
    """Under an advisory lock; killed at any step it leaves the former rows standing, and the next run begins anew.
    Raises MigrationRefused where a long transaction never lets go of a table."""
    return await _run(connection, lambda: Rebuild(connection, seals, wanted, functions))


async def compare(connection: Connection, seals: Seals, wanted: Sequence[Projection] = PROJECTIONS) -> Rebuilt:
    """Folds the read models beside those that stand, and says how they differ; nothing is switched, and the projector
    waits for the comparison alone."""
    return await _run(connection, lambda: Rebuild(connection, seals, wanted, functions=False, switches=False))


async def _run(connection: Connection, begun: Callable[[], "Rebuild"]) -> Rebuilt:
    """Begins anew where somebody was forgotten meanwhile."""
    await connection.execute("select pg_advisory_lock($1)", REBUILD_LOCK)
    try:
        for _ in range(TRIES):
            try:
                return await begun().run()
            except Overtaken as overtaken:
                async with connection.transaction():
                    await connection.execute(READING["scope"], overtaken.gone.organisation_id)
                    await overtaken.gone.note(overtaken.position)
        raise MigrationRefused("Somebody is forgotten again and again; rebuild when that is done.")
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", REBUILD_LOCK)


class Overtaken(Exception):
    """Somebody was forgotten whose texts have been folded already."""

    def __init__(self, gone: Forgetting, position: int) -> None:
        super().__init__()
        self.gone = gone
        self.position = position


@dataclass(slots=True)
class Course:
    """One projection of one organisation being folded."""

    projection: Projection
    sheet: Sheet = field(default_factory=Sheet)
    position: int = 0
    stopped_at: int | None = None
    problem: str | None = None


class Rebuild:
    """One run."""

    def __init__(
        self,
        connection: Connection,
        seals: Seals,
        wanted: Sequence[Projection],
        functions: bool,
        switches: bool = True,
    ) -> None:
        self.connection = connection
        self.seals = seals
        self.wanted = tuple(wanted)
        self.functions = functions
        self.switches = switches
        self.result = Rebuilt()
        self.courses: dict[UUID, list[Course]] = {}
        self.readers: dict[UUID, Reader] = {}
        self.forgotten = set(seals.vault.forgotten())

    async def run(self) -> Rebuilt:
        connection = self.connection
        await connection.execute("drop schema if exists rebuild cascade")
        await connection.execute("create schema rebuild")
        await connection.execute("set search_path = rebuild")
        try:
            for projection in self.wanted:
                await connection.execute(parts(projection)[0])
            await self._fold_all()
            async with connection.transaction():
                await connection.execute(STATEMENTS["hold"])
                await self._fold_all()  # what came meanwhile
                await self._load_standing()
                await connection.execute(STATEMENTS["guard"])
                await self._compare()
                if self.switches:
                    await self._switch()
            await connection.execute("drop schema rebuild cascade")
            if self.switches:
                names = [f"read.{table.name}" for projection in self.wanted for table in projection.tables]
                await connection.execute(f"analyze {', '.join(names)}")
        finally:
            if not connection.is_closed():
                await connection.execute("reset search_path")
                await connection.execute("select set_config('headway.organisation', '', false)")
        return self.result

    async def _fold_all(self) -> None:
        await self.connection.execute("select set_config('headway.sweep', 'on', false)")
        heads = await self.connection.fetch(READING["heads"])
        await self.connection.execute("select set_config('headway.sweep', '', false)")
        for organisation_id, head in heads:
            await self._fold(organisation_id, head)

    async def _fold(self, organisation_id: UUID, head: int) -> None:
        await self.connection.execute("select set_config('headway.organisation', $1, false)", str(organisation_id))
        courses = self.courses.setdefault(organisation_id, [Course(one) for one in self.wanted])
        reader = self.readers.setdefault(organisation_id, Reader(organisation_id, None, self.seals))
        start = max(course.position for course in courses)
        async for events in self._events(organisation_id, start, head):
            self.result.events += len(events)
            for event in events:
                self._take(reader, courses, event)
            await self._begin_anew_without(reader, events)
            await self._load(organisation_id, [row for course in courses for row in self._closed(course)])

    async def _begin_anew_without(self, reader: Reader, events: Sequence[LedgerRow]) -> None:
        """Raises Overtaken where these events forget somebody of whom something was readable when the run began."""
        for gone, position in forgotten_in(self.connection, reader, events):
            if (reader.organisation_id, gone.person_id) not in self.forgotten:
                await gone.destroy(position)
                raise Overtaken(gone, position)

    async def _events(self, organisation_id: UUID, start: int, head: int) -> AsyncIterator[list[LedgerRow]]:
        while start < head:
            events = await self.connection.fetch(READING["events"], organisation_id, start, CHUNK)
            if not events:
                return
            start = events[-1][0]
            yield events

    def _take(self, reader: Reader, courses: list[Course], event: LedgerRow) -> None:
        try:
            recorded = reader.decoded(event)
        except Exception as error:
            for course in courses:
                self._stop(course, event, error)
            return
        for course in courses:
            if course.stopped_at is not None:
                continue
            try:
                for revision in list(course.projection.revisions(recorded)):
                    course.sheet.apply(revision, recorded.position)
                course.position = recorded.position
            except Exception as error:
                self._stop(course, event, error)

    def _stop(self, course: Course, event: LedgerRow, error: Exception) -> None:
        if course.stopped_at is None:
            course.stopped_at, course.problem = event[0], problem(event, error)
            self.result.stopped.append(f"{course.projection.name} at {event[0]}: {course.problem}")

    def _closed(self, course: Course) -> list[Version]:
        """Versions that nothing will change any more, which need not be kept in memory."""
        rows, course.sheet.closed = course.sheet.closed, []
        return rows

    async def _load_standing(self) -> None:
        for organisation_id, courses in self.courses.items():
            await self._load(organisation_id, [row for course in courses for row in course.sheet.written()])

    async def _load(self, organisation_id: UUID, versions: Iterable[Version]) -> None:
        by_table: dict[str, tuple[Table, list[tuple[Any, ...]]]] = {}
        for table, id_, since, until, values in versions:
            rows = by_table.setdefault(table.name, (table, []))[1]
            rows.append((organisation_id, id_, since, until, *(values[column] for column in table.columns)))
        for table, rows in by_table.values():
            self.result.rows += len(rows)
            columns = ["organisation_id", "id", "since", "until", *table.columns]
            await self.connection.copy_records_to_table(
                table.name, schema_name="rebuild", columns=columns, records=rows
            )

    async def _compare(self) -> None:
        """How many rows differ, per table, where both have reached the same position."""
        for organisation_id, courses in self.courses.items():
            await self.connection.execute("select set_config('headway.organisation', $1, false)", str(organisation_id))
            for course in courses:
                name = course.projection.name
                reached = await self.connection.fetchval(STATEMENTS["reached"], organisation_id, name)
                for table in course.projection.tables if reached == course.position and not self.functions else ():
                    if await self.connection.fetchval(_same(table), organisation_id):
                        continue
                    differing = await self.connection.fetchval(_difference(table), organisation_id)
                    if differing:
                        self.result.differences[table.name] = self.result.differences.get(table.name, 0) + differing
                if reached != course.position:
                    self.result.behind.append(f"{organisation_id}: {name} is at {reached or 0} of {course.position}")
                if self.switches:
                    await self.connection.execute(
                        STATEMENTS["arrive"], organisation_id, name, course.position, course.stopped_at, course.problem
                    )

    async def _lock_out(self) -> None:
        """All tables at once, or none and again: whoever waits with some of them in hand stands in the way of those who
        read them in another order."""
        names = await self.connection.fetch(
            STATEMENTS["standing"], [table.name for projection in self.wanted for table in projection.tables]
        )
        if not names:
            return
        lock = f"lock table {', '.join(f'read.{name}' for (name,) in names)} in access exclusive mode"
        for _ in range(TRIES):
            try:
                async with self.connection.transaction():
                    await self.connection.execute(f"set local statement_timeout = {MILLISECONDS_TO_LOCK}")
                    await self.connection.execute(lock)
                    await self.connection.execute("set local statement_timeout to default")
            except asyncpg.QueryCanceledError:
                await asyncio.sleep(SECONDS_BETWEEN)
            else:
                return
        raise MigrationRefused("The rebuild waits for a table that another session holds; end long transactions.")

    async def _switch(self) -> None:
        connection = self.connection
        await self._lock_out()
        await connection.execute("drop schema if exists former cascade")
        await connection.execute("create schema former")
        for projection in self.wanted:
            for table in projection.tables:
                await connection.execute(f"alter table if exists read.{table.name} set schema former")
                await connection.execute(f"alter table rebuild.{table.name} set schema read")
        if self.functions:
            await _install_functions(connection)
        await _note(connection, self.wanted)
        await connection.execute("drop schema former cascade")


def _columns(table: Table) -> str:
    return ", ".join(f'"{column}"::text' for column in ("organisation_id", "id", "since", "until", *table.columns))


def _same(table: Table) -> str:
    """Whether both have as many rows with the same sum of hashes, which costs a look at each row and no more."""
    hashed = f"hashtextextended(row({_columns(table)})::text, 0)::numeric"
    told = [
        f"(select row(count(*), sum({hashed})) from {schema}.{table.name} where organisation_id = $1)"  # noqa: S608
        for schema in ("read", "rebuild")
    ]
    return f"select {' is not distinct from '.join(told)}"  # noqa: S608


def _difference(table: Table) -> str:
    columns = _columns(table)
    now = f"select {columns} from read.{table.name} where organisation_id = $1"  # noqa: S608
    then = f"select {columns} from rebuild.{table.name} where organisation_id = $1"  # noqa: S608
    return f"select count(*) from (({now} except all {then}) union all ({then} except all {now})) d"  # noqa: S608
