"""Connections: one pool that appends, one that works, one that reads; every one as the application role, but the
owner's."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from infra.master_key import open_vault
from infra.migrate import APPLICATION_ROLE
from infra.seals import Seals
from infra.settings import Settings
from infra.telemetry import log

SECONDS_TO_CONNECT = 2.0
SECONDS_A_COMMAND = 30.0
LEAST_VERSION = 160_000
IN_THE_WAY = frozenset({"40001", "40P01", "55P03", "57014"})  # serialisation, deadlock, lock, statement timeout
AWAY = ("08", "53", "57P", "58", "XX")  # connection loss, out of something, shutdown, I/O trouble, damaged data

Connection = asyncpg.Connection


class DatabaseBusy(Exception):
    """Every connection is in use and none came free in time."""


class DatabaseUnsafe(Exception):
    """The server could lose what it has acknowledged."""


def unavailable(error: BaseException) -> str | None:
    """`UNAVAILABLE` or `STORAGE_FULL` where the error says that the database can't serve now; None for any other."""
    if isinstance(error, asyncpg.PostgresError):
        state = str(getattr(error, "sqlstate", "") or "")
        if state == "53100":
            return "STORAGE_FULL"
        return "UNAVAILABLE" if state.startswith(AWAY) or state in {"25006", "55000"} else None
    away = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, DatabaseBusy)
    return "UNAVAILABLE" if isinstance(error, away) else None


def passing(error: Exception) -> bool:
    """Whether the event is not to blame: the database is away, or somebody else stood in the way."""
    return unavailable(error) is not None or getattr(error, "sqlstate", None) in IN_THE_WAY


def statements(path: Path) -> Mapping[str, str]:
    """The statements of a `.sql` file by name (`-- name: what it does`); raises ValueError for a name given twice."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    fresh = True
    for line in path.read_text(encoding="utf-8").splitlines():
        head, colon, _ = line.removeprefix("-- ").partition(":")
        if fresh and line.startswith("-- ") and colon and head.isidentifier():
            if head in found:
                raise ValueError(f"{path.name} names {head!r} twice")
            current = found[head] = []
        elif current is not None and not (line.startswith("--") and not "".join(current).strip()):
            current.append(line)
        fresh = not line.strip()
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def told_briefly(record: logging.LogRecord) -> bool:
    """What asyncpg's pool says of a database that is away is told in a line of ours, without its stack trace."""
    error = record.exc_info[1] if record.exc_info else None
    log.warning("pool", says=record.getMessage(), error=type(error).__name__ if error else "")
    return False


class Lean(asyncpg.Connection):
    """A connection that is given back without a round trip: whoever uses it sets nothing outside a transaction."""

    def get_reset_query(self) -> str:
        return ""


@dataclass(slots=True)
class Scoped:
    """A connection and the organisation whose rows it can see."""

    connection: Connection
    organisation_id: UUID | None = None


class TenantPool:
    """Read connections, each scoped to an organisation before it is handed out; there is no other door to them."""

    def __init__(self, connect: Any, size: int) -> None:
        self._connect = connect
        self._free = asyncio.Semaphore(size)
        self._idle: deque[Scoped] = deque()
        self.size = size

    @property
    def idle(self) -> int:
        return len(self._idle)

    @asynccontextmanager
    async def of(self, organisation_id: UUID) -> AsyncGenerator[Connection]:
        """A connection that sees this organisation alone; raises DatabaseBusy after two seconds."""
        try:
            async with asyncio.timeout(SECONDS_TO_CONNECT) if self._free.locked() else nullcontext():
                await self._free.acquire()
        except TimeoutError:
            raise DatabaseBusy("No read connection came free in time.") from None
        try:
            scoped = self._pick(organisation_id) or Scoped(await self._connect())
            try:
                if scoped.organisation_id != organisation_id:
                    scoped.organisation_id = None
                    await scoped.connection.execute(
                        "select set_config('headway.organisation', $1, false)", str(organisation_id)
                    )
                    scoped.organisation_id = organisation_id
                yield scoped.connection
            except asyncio.CancelledError:
                scoped.connection.terminate()  # what it was at is unknown
                raise
            finally:
                self._put_back(scoped)
        finally:
            self._free.release()

    def _put_back(self, scoped: Scoped) -> None:
        if scoped.connection.is_closed():
            return
        if scoped.connection.is_in_transaction():
            scoped.connection.terminate()  # the next one would read inside the snapshot of this one
        else:
            self._idle.append(scoped)

    def _pick(self, organisation_id: UUID) -> Scoped | None:
        for scoped in reversed(self._idle):
            if scoped.organisation_id == organisation_id:
                self._idle.remove(scoped)
                break
        else:
            if not self._idle:
                return None
            scoped = self._idle.popleft()
        if scoped.connection.is_closed():
            return self._pick(organisation_id)
        return scoped

    async def close(self) -> None:
        while self._idle:
            with suppress(Exception):
                await self._idle.pop().connection.close(timeout=2)


class Database:
    """The pools of a process."""

    append: asyncpg.Pool
    work: asyncpg.Pool
    read: TenantPool
    seals: Seals

    def __init__(self, settings: Settings, url: str, application_url: str | None = None) -> None:
        self.settings = settings
        self.url = url
        self.application_url = application_url

    def listening(self) -> dict[str, Any]:
        """What asyncpg.connect takes for a connection of the application role."""
        role = {} if self.application_url else {"role": APPLICATION_ROLE}
        return {
            "dsn": self.application_url or self.url,
            "timeout": 5,
            "command_timeout": SECONDS_A_COMMAND,
            "server_settings": {"application_name": "headway", "timezone": "UTC", "jit": "off", **role},
        }

    def _settings(self, **more: str) -> dict[str, Any]:
        options = self.listening()
        options["server_settings"] = options["server_settings"] | more
        return options

    @classmethod
    async def open(cls, settings: Settings, url: str, application_url: str | None = None) -> "Database":
        """Raises what asyncpg raises where the server can't be reached, and VaultUnsafe."""
        database = cls(settings, url, application_url)
        database.seals = Seals(open_vault(settings))
        logging.getLogger("asyncpg.pool").addFilter(told_briefly)
        # Every statement of these pools looks rows up by key; one planned over an empty table would scan it for ever.
        keyed = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
        database.append = asyncpg.create_pool(
            min_size=1,
            max_size=settings.append_pool_size,
            connection_class=Lean,
            statement_cache_size=100,
            **database._settings(**keyed),
        )
        database.work = asyncpg.create_pool(
            min_size=1,
            max_size=settings.work_pool_size,
            connection_class=Lean,
            statement_cache_size=1_000,
            max_cached_statement_lifetime=0,
            **database._settings(**keyed),
        )
        await database.append
        try:
            await database.work
        except BaseException:
            database.append.terminate()
            raise
        database.read = TenantPool(database._connect_to_read, settings.read_pool_size)
        return database

    async def _connect_to_read(self) -> Connection:
        return await asyncpg.connect(
            statement_cache_size=1_000,
            max_cacheable_statement_size=0,
            max_cached_statement_lifetime=0,
            **self._settings(
                plan_cache_mode="force_generic_plan",
                enable_seqscan="off",  # a small table read whole would be read where it is another organisation's too
                search_path="read",
                datestyle="ISO",
                extra_float_digits="1",
                default_transaction_read_only="on",
                statement_timeout=f"{self.settings.statement_timeout_seconds}s",
            ),
        )

    @asynccontextmanager
    async def owner_connection(self) -> AsyncGenerator[Connection]:
        """A plain connection as the role that migrates."""
        connection = await asyncpg.connect(self.url, timeout=5, server_settings={"timezone": "UTC", "jit": "off"})
        try:
            yield connection
        finally:
            with suppress(Exception):
                await connection.close(timeout=2)

    def usage(self) -> dict[str, tuple[int, int]]:
        """Pool → (connections, idle ones)."""
        return {
            "append": (self.append.get_size(), self.append.get_idle_size()),
            "work": (self.work.get_size(), self.work.get_idle_size()),
            "read": (self.read.size, self.read.idle),
        }

    async def close(self) -> None:
        await self.read.close()
        for pool in (self.append, self.work):
            try:
                await asyncio.wait_for(pool.close(), 5)
            except TimeoutError:
                pool.terminate()
        self.seals.vault.close()


async def verify_durability(connection: Any) -> None:
    """Raises DatabaseUnsafe where an acknowledged event could be lost, or the server is too old."""
    version = int(await connection.fetchval("show server_version_num"))
    if version < LEAST_VERSION:
        raise DatabaseUnsafe("Use PostgreSQL 16 or newer.")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if await connection.fetchval("select current_setting($1)", name) == "off":
            raise DatabaseUnsafe(f"Turn {name} on; with it off, a crash loses what was acknowledged.")
