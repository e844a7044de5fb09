"""Schema steps: plain numbered `.sql` files, each in a transaction of its own, applied once and never changed."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent / "migrations"
NAMED = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
MIGRATION_LOCK = 7_236_000  # of pg_advisory_lock: a second migrator waits
APPLICATION_ROLE = "headway_application"
LOCK_TIMEOUT = "2s"  # whoever queues behind a waiting migration waits as long, so it lets go and asks again
TRIES = 15
SECONDS_BETWEEN = 0.5


class MigrationRefused(Exception):
    """The files and the database tell different histories; the sentence says how."""


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered file."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


def steps(folder: Path) -> list[Step]:
    """The files in order; raises MigrationRefused where a number is missing or given twice."""
    paths = sorted(folder.glob("*.sql"))
    if odd := [path.name for path in paths if not NAMED.fullmatch(path.name)]:
        raise MigrationRefused(f"Name the file {odd[0]} in {folder.name} as 0001_what_it_does.sql.")
    found = [Step(int(path.name[:4]), path.name, path.read_text(encoding="utf-8")) for path in paths]
    if [step.number for step in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"Number the files in {folder.name} 0001, 0002, … without a gap.")
    return found


async def migrate(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """Applies what is missing and answers the names of it. Raises MigrationRefused for a changed or missing file."""
    await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
    try:
        await _prepare(connection)
        missing = await _missing(connection, folder)
        for step in missing:
            await _apply_patiently(connection, step)
        return [step.name for step in missing]
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", MIGRATION_LOCK)


async def retag(connection: asyncpg.Connection) -> bool:
    """Writes the ledger's index of tags anew where this server hashes otherwise than the one that wrote it; whether it
    did."""
    return await connection.fetchval("select ledger.retag()", timeout=3_600)


async def pending(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """The names of what `migrate` would apply; changes nothing. Raises MigrationRefused as it would."""
    if await connection.fetchval("select to_regclass('headway.migration')") is None:
        return [step.name for step in steps(folder)]
    return [step.name for step in await _missing(connection, folder)]


async def _apply_patiently(connection: asyncpg.Connection, step: Step) -> None:
    for tried in range(1, TRIES + 1):
        try:
            return await _apply(connection, step)
        except asyncpg.LockNotAvailableError:
            if tried == TRIES:
                raise MigrationRefused(
                    f"{step.name} waits for a lock that another session holds; end long transactions and run it again."
                ) from None
            await asyncio.sleep(SECONDS_BETWEEN)
    return None


async def _apply(connection: asyncpg.Connection, step: Step) -> None:
    async with connection.transaction():
        await connection.execute("select set_config('lock_timeout', $1, true)", LOCK_TIMEOUT)
        await connection.execute(step.sql)
        await connection.execute(
            "insert into headway.migration (number, name, digest) values ($1, $2, $3)",
            step.number,
            step.name,
            step.digest,
        )


async def _prepare(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("create schema if not exists headway")
        await connection.execute(
            "create table if not exists headway.migration (number int primary key, name text not null,"
            " digest text not null, applied_at timestamptz not null default clock_timestamp())"
        )
    try:
        await _have_role(connection)
    except asyncpg.InsufficientPrivilegeError:
        raise MigrationRefused(
            f"Have an administrator run: create role {APPLICATION_ROLE} nobypassrls;"
            f" grant {APPLICATION_ROLE} to the role that migrates."
        ) from None


async def _have_role(connection: asyncpg.Connection) -> None:
    if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", APPLICATION_ROLE):
        # another database's migrator of the same server may be quicker
        with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"create role {APPLICATION_ROLE} nosuperuser nobypassrls nologin")
    # who makes a role may administer it, yet from PostgreSQL 16 on not become it
    if not await connection.fetchval("select pg_has_role($1, 'set')", APPLICATION_ROLE):
        await connection.execute(f"grant {APPLICATION_ROLE} to current_user")


async def _missing(connection: asyncpg.Connection, folder: Path) -> list[Step]:
    rows = await connection.fetch("select number, name, digest from headway.migration order by number")
    files = {step.number: step for step in steps(folder)}
    for number, name, digest in rows:
        step = files.pop(number, None)
        if step is None:
            raise MigrationRefused(f"The database has {name}, which this release lacks; run a newer release.")
        if step.digest != digest:
            raise MigrationRefused(f"{step.name} has changed since it was applied; put the released file back.")
    return [files[number] for number in sorted(files)]
