"""Where the benches run: an embedded server of their own, a fresh database for each, and pgbench beside."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import asyncpg

from infra.database import Connection, Database
from infra.embedded import OWNER, EmbeddedServer
from infra.migrate import migrate
from infra.rebuild import install
from infra.settings import Settings
from tests.conftest import seals

TPS = re.compile(r"tps = ([0-9.]+) \(without")


class Place:
    """A server and what can be had of it."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server

    @property
    def password(self) -> str:
        return unquote(urlsplit(self.server.url()).password or "")

    async def database(self) -> str:
        """The name of a new one, migrated, with empty read models."""
        name = f"bench_{uuid4().hex[:12]}"
        connection = await asyncpg.connect(self.server.url("postgres"))
        await connection.execute(f"create database {name}")
        await connection.close()
        async with self.owner(name) as owner:
            await migrate(owner)
            await install(owner, seals())
        return name

    @asynccontextmanager
    async def owner(self, name: str) -> AsyncGenerator[Connection]:
        connection = await asyncpg.connect(self.server.url(name), timeout=10)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def opened(self, name: str) -> AsyncGenerator[Database]:
        """As the product opens it."""
        database = await Database.open(Settings(), self.server.url(name), self.server.application_url(name))
        try:
            yield database
        finally:
            await database.close()

    async def drop(self, name: str) -> None:
        connection = await asyncpg.connect(self.server.url("postgres"))
        await connection.execute(f"drop database {name} with (force)")
        await connection.close()

    async def pgbench(self, name: str, script: Path, seconds: float, clients: int = 16) -> float:
        """Transactions a second."""
        command = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(max(1, round(seconds)))]
        process = await asyncio.create_subprocess_exec(
            str(self.server.binaries / "pgbench"),
            *command,
            *("-f", str(script), "-h", str(self.server.sockets), "-U", OWNER, name),
            env={"PGPASSWORD": self.password, "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, problems = await process.communicate()
        found = TPS.search(out.decode())
        if found is None:
            raise RuntimeError(f"pgbench failed: {problems.decode()[-500:]}")
        return float(found[1])


@contextmanager
def placed() -> Generator[Place]:
    home = Path(tempfile.mkdtemp(prefix="headway-bench-"))
    server = EmbeddedServer(home)
    try:
        with server:
            yield Place(server)
    finally:
        shutil.rmtree(server.place, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
