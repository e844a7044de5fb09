"""The product under test: in this process, and the server that its database runs on."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import asyncpg

from api.desk import Desk
from infra.appender import Appender
from infra.database import Database, unavailable
from infra.embedded import EmbeddedServer
from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from infra.settings import Settings

T = TypeVar("T")


@dataclass(slots=True)
class Product:
    """As a serving process holds it."""

    database: Database
    ledger: Ledger
    projector: Projector
    desk: Desk


@asynccontextmanager
async def product(
    owner: str,
    application: str,
    *,
    projecting: bool = True,
    kind: type[Projector] = Projector,
    appender: type[Appender] = Appender,
) -> AsyncGenerator[Product]:
    """Opened as Services does it."""
    database = await Database.open(Settings(), owner, application)
    projector = kind(database, Positions())
    ledger = Ledger(database)
    ledger.appender = appender(database)
    ledger.appended.append(projector.stir)
    if projecting:
        projector.start()
    try:
        yield Product(database, ledger, projector, Desk(ledger))
        await ledger.drained()
    finally:
        await projector.stop()
        await database.close()


def tree(server: EmbeddedServer) -> list[int]:
    """The postmaster and its children."""
    pid = server.pid()
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [pid, *(int(child) for task in tasks for child in task.read_text().split())]


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


async def crash(server: EmbeddedServer) -> None:
    """Kill -9, and start again."""
    server.kill()
    await asyncio.to_thread(server.start)


async def as_owner(url: str, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await ask(connection)
    finally:
        await connection.close()


async def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Raises TimeoutError where it never does."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


async def until_it_serves(url: str, seconds: float = 20.0) -> None:
    """A server that has just thrown everybody out takes a moment."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                connection = await asyncpg.connect(url, timeout=2)
            except Exception as error:
                if not unavailable(error):
                    raise
                await asyncio.sleep(0.05)
            else:
                return await connection.close()
