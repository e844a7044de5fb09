"""A process that does nothing but project, beside one that records much; it ends with the process that started it.

Addresses come by the environment, where no list of processes shows them; standard input ends when the parent does.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvloop

from infra.collection import collect_seldom
from infra.database import Database
from infra.positions import Positions
from infra.projector import Projector
from infra.settings import read_settings
from infra.telemetry import configure_logs


@asynccontextmanager
async def projecting_beside(owner: str, application: str | None) -> AsyncGenerator[None]:
    """Projects in another process for so long."""
    addresses = {"HEADWAY_DATABASE_URL": owner}
    if application is not None:
        addresses["HEADWAY_APPLICATION_DATABASE_URL"] = application
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "infra.projecting",
        env={**os.environ, **addresses},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _project_until_left() -> None:
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    database = await Database.open(settings, settings.database_url or "", settings.application_database_url)
    projector = Projector(database, Positions())
    projector.start()
    collect_seldom()
    try:
        await asyncio.to_thread(sys.stdin.buffer.read)
    finally:
        await projector.stop()
        await database.close()


if __name__ == "__main__":
    uvloop.run(_project_until_left())
