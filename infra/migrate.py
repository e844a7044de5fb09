"""Schema steps: plain numbered `.sql` files, each in a transaction of its own, applied once and never changed."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_236_000  # of pg_advisory_lock: a second migrator waits
APPLICATION_ROLE = "headway_application"


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
    found = [Step(int(path.name[:4]), path.name, path.read_text()) for path in sorted(folder.glob("[0-9]*.sql"))]
    if [step.number for step in found] != list(range(1, len(found) + 1)):
        raise MigrationRefused(f"Number the files in {folder.name} 0001, 0002, … without a gap.")
    return found


async def migrate(connection: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """Applies what is missing and answers the names of it. Raises MigrationRefused for a changed or missing file."""
    await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
    try:
        await _prepare(connection)
        pending = await _pending(connection, folder)
        for step in pending:
            async with connection.transaction():
                await connection.execute("set local lock_timeout = '10s'")
                await connection.execute(step.sql)
                await connection.execute(
                    "insert into headway.migration (number, name, digest) values ($1, $2, $3)",
                    step.number,
                    step.name,
                    step.digest,
                )
        return [step.name for step in pending]
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", MIGRATION_LOCK)


async def _prepare(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("create schema if not exists headway")
        await connection.execute(
            "create table if not exists headway.migration (number int primary key, name text not null,"
            " digest text not null, applied_at timestamptz not null default clock_timestamp())"
        )
    if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", APPLICATION_ROLE):
        try:
            await connection.execute(f"create role {APPLICATION_ROLE} nosuperuser nobypassrls nologin")
            await connection.execute(f"grant {APPLICATION_ROLE} to current_user")
        except asyncpg.DuplicateObjectError:
            pass  # another database's migrator of the same server was quicker
        except asyncpg.InsufficientPrivilegeError:
            raise MigrationRefused(
                f"Have an administrator run: create role {APPLICATION_ROLE} nobypassrls;"
                f" grant {APPLICATION_ROLE} to the role that migrates."
            ) from None


async def _pending(connection: asyncpg.Connection, folder: Path) -> list[Step]:
    rows = await connection.fetch("select number, name, digest from headway.migration order by number")
    files = {step.number: step for step in steps(folder)}
    for number, name, digest in rows:
        step = files.pop(number, None)
        if step is None:
            raise MigrationRefused(f"The database has {name}, which this release lacks; run a newer release.")
        if step.digest != digest:
            raise MigrationRefused(f"{step.name} has changed since it was applied; put the released file back.")
    return [files[number] for number in sorted(files)]
