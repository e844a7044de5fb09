"""What follows when a person is forgotten: their keys are destroyed, what the read models say of them is taken out of
every version of every row, what receivers of webhooks answered and what was wrong with what sources told is let go of,
for it may echo what was sent, and the files are written anew, so that no byte of it is left (R11).

The projector does the first two on its way past the event, in the transaction of its checkpoint: what it leaves is what
a rebuild from the ledger would make. The files follow at once, table by table, in any process that serves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from domain.people import PersonForgotten
from infra.database import Database, statements
from infra.recording import LedgerRow, Reader
from infra.rounds import Rounds
from infra.seals import Seals, mark_of, parted, sealed_texts
from projections.read_models import PROJECTIONS
from projections.rows import Projection, Revision, Table

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
OUTBOX = statements(Path(__file__).with_name("outbox.sql"))
SOURCES = statements(Path(__file__).with_name("sources.sql"))
ANSWERS = "outbox.attempt"  # what receivers answered
ERRORS = "edge.source_state"  # what was wrong with what sources told
TOLD_NO_MORE = "What was wrong is told no more: it may name somebody who is forgotten."
CHANNEL = "headway_forgotten"
SCRUB_LOCK = 7236005
SECONDS_BETWEEN_LOOKS = 30.0
SECONDS = 600  # that the ledger of a large organisation or the rewriting of a large table may take
STAND_INS = ("a@a", "b@b")  # for every sealed text: a column that differs between them holds something personal

Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


class StandIn(Seals):
    """Tells the same for every sealed text."""

    def __init__(self, seals: Seals, text: str) -> None:
        super().__init__(seals.vault)
        self.told = text

    def text(self, organisation_id: UUID, kind: str, field: str, sealed: str) -> str | None:  # noqa: ARG002
        return self.told


class Forgetting:
    """One person's, out of the read models of some projections."""

    def __init__(self, connection: Connection, reader: Reader, person_id: UUID) -> None:
        self.connection = connection
        self.seals = reader.seals
        self.organisation_id = reader.organisation_id
        self.zone = str(reader.zone)
        self.person_id = person_id
        self.tables: set[str] = set()

    async def run(self, position: int, projections: Mapping[Projection, int]) -> None:
        """Destroys the keys, then sweeps what was recorded before the position, as far as each projection has come;
        raises VaultUnavailable."""
        rows = await self.destroy(position)
        stand_ins = [Reader(self.organisation_id, self.zone, StandIn(self.seals, text)) for text in STAND_INS]
        reader = Reader(self.organisation_id, self.zone, self.seals)
        for row in rows:
            for projection in (one for one, reached in projections.items() if row["position"] <= reached):
                first, second, left = (_by_row(projection.revisions(one.recorded(row))) for one in (*stand_ins, reader))
                for key, revision in first.items():
                    columns = _differing(revision, second[key])
                    if columns:
                        await self._sweep(revision, row["position"], columns, left.get(key))
        await self._silence(ANSWERS, OUTBOX["silence"], self.organisation_id)
        await self._silence(ERRORS, SOURCES["silence"], self.organisation_id, TOLD_NO_MORE)
        await self.note(position)

    async def _silence(self, table: str, statement: str, *values: object) -> None:
        """Of what others have said, nobody knows whom it names."""
        silenced: str = await self.connection.execute(statement, *values, timeout=SECONDS)
        if not silenced.endswith(" 0"):
            self.tables.add(table)

    async def destroy(self, position: int) -> Sequence[LedgerRow]:
        """The person's keys, whether the vault remembers whose they were or only the ledger does; answers the events
        that were sealed with them. Raises VaultUnavailable."""
        mark = mark_of(self.person_id).removeprefix("\x01") + "."
        rows = await self.connection.fetch(STATEMENTS["sealed"], self.organisation_id, position, mark, timeout=SECONDS)
        keys = {
            parted(text)[1] for row in rows for text in sealed_texts(row["type"], row["body"]).values() if mark in text
        }
        self.seals.vault.forget(self.organisation_id, self.person_id, keys)
        return rows

    async def note(self, position: int) -> None:
        """The files have to be written anew, every process has to let go of what it remembers, and nothing more is
        told to them."""
        tables = sorted(self.tables)
        await self.connection.execute(STATEMENTS["swept"], self.organisation_id, self.person_id, position, tables)
        await self.connection.execute(STATEMENTS["untold"], self.organisation_id, self.person_id)
        await self.connection.execute(STATEMENTS["told"], self.organisation_id)

    async def _sweep(self, revision: Revision, since: int, columns: list[str], left: Revision | None) -> None:
        """In the version that began with the event, and in those after it for as long as they say the same."""
        table = revision.table
        self.tables.add(table.name)
        said: Mapping[str, Any] = (left.values if left else None) or {}
        for column in columns:
            await self.connection.execute(
                _statement(table, column), self.organisation_id, revision.id, since, said.get(column), timeout=SECONDS
            )


def forgotten_in(
    connection: Connection, reader: Reader, events: Sequence[LedgerRow]
) -> Iterator[tuple[Forgetting, int]]:
    """Who is forgotten by these events, and where."""
    for row in events:
        if row[3] == PersonForgotten.stored_type():
            event = reader.recorded(row).event
            if isinstance(event, PersonForgotten):
                yield Forgetting(connection, reader, event.person_id), row[0]


def _by_row(revisions: Iterable[Revision]) -> dict[tuple[str, UUID], Revision]:
    return {(one.table.name, one.id): one for one in revisions}


def _differing(one: Revision, other: Revision) -> list[str]:
    values, others = one.values or {}, other.values or {}
    return [column for column, value in values.items() if others[column] != value]


def _statement(table: Table, column: str) -> str:
    where = "organisation_id = $1 and id = $2 and"
    if table.only_added:
        return f'update read.{table.name} set "{column}" = $4 where {where} since = $3'  # noqa: S608
    said = f'(select "{column}"::text from read.{table.name} where {where} since = $3)'  # noqa: S608
    return (
        f'update read.{table.name} set "{column}" = $4 where {where} since >= $3'  # noqa: S608
        f' and "{column}"::text is not distinct from {said} and since < coalesce('
        f"(select min(since) from read.{table.name} where {where} since > $3"
        f' and "{column}"::text is distinct from {said}), 9223372036854775807)'
    )


async def reapply(database: Database) -> int:
    """How many were forgotten again: of those whom the vault knows to be forgotten and a restored database does not,
    what the read models say is swept; of those whom the database knows and a restored vault does not, the keys are
    destroyed."""
    seals = database.seals
    async with database.owner_connection() as owner:
        await owner.execute("select set_config('headway.sweep', 'on', false)")
        noted = {(row[0], row[1]): row[2] for row in await owner.fetch(STATEMENTS["noted"])}
    again = 0
    for organisation_id, person_id in noted.keys() ^ set(seals.vault.forgotten()):
        async with database.work.acquire() as connection, connection.transaction():
            await connection.execute(STATEMENTS["scope"], organisation_id)
            standing = await connection.fetchrow(STATEMENTS["standing"], organisation_id)
            if standing is not None:
                head: int = standing[0]
                gone = Forgetting(connection, Reader(organisation_id, standing[1], seals), person_id)
                await gone.run(head + 1, dict.fromkeys(PROJECTIONS, head))
                again += 1
    return again


class Scrubber(Rounds):
    """Writes the files anew from which something was swept: what PostgreSQL no longer shows is in them still."""

    def __init__(self, database: Database) -> None:
        self.database = database
        super().__init__("scrubbing", self.scrub, SECONDS_BETWEEN_LOOKS)

    def wake(self, _: UUID) -> None:
        """Somebody was forgotten."""
        self._awake.set()

    async def scrub(self) -> int:
        """How many persons nothing is left of now; one process at a time."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('headway.sweep', 'on', true)")
            if not await connection.fetch(STATEMENTS["unscrubbed"]):
                return 0
        async with self.database.owner_connection() as owner:
            if not await owner.fetchval("select pg_try_advisory_lock($1)", SCRUB_LOCK):
                return 0
            await owner.execute("select set_config('headway.sweep', 'on', false)")
            due = await owner.fetch(STATEMENTS["unscrubbed"])
            tables = sorted({table for row in due for table in row[2]})
            for statement in _rewriting(tables) if due else ():
                with suppress(asyncpg.InsufficientPrivilegeError):  # of the catalogue, where the owner is no superuser
                    await owner.execute(statement, timeout=SECONDS)
            for organisation_id, person_id, _ in due:
                await owner.execute("select set_config('headway.organisation', $1, false)", str(organisation_id))
                await owner.execute(STATEMENTS["scrubbed"], organisation_id, person_id, tables)
            return len(due)


def _rewriting(tables: Sequence[str]) -> Iterator[str]:
    """Tables and their indexes, what the planner has noted of them, and then the log of all of that."""
    for table in tables:
        yield f"vacuum (full, analyze) {table if '.' in table else f'read.{table}'}"
    yield "vacuum (full) pg_catalog.pg_statistic"
    yield "checkpoint"
    yield "select pg_switch_wal()"
    yield "checkpoint"
