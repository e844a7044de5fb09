"""A rebuild, or a migration, that dies at its n-th statement: by its connection, or as a process of its own."""

import asyncio
import os
import signal
import sys
from typing import Any

import asyncpg

from infra.migrate import migrate
from infra.rebuild import install, rebuild
from tests.conftest import seals


class Dying(asyncpg.Connection):
    """Lets so many statements through; `kill`: the process dies, else the wire is torn."""

    left = -1
    kill = False

    def _step(self) -> None:
        self.left -= 1
        if self.left == -1:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            self.terminate()
            raise ConnectionResetError("died here")

    async def execute(self, *args: Any, **options: Any) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._step()
        return await super().execute(*args, **options)

    async def fetch(self, *args: Any, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._step()
        return await super().fetch(*args, **options)

    async def fetchval(self, *args: Any, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._step()
        return await super().fetchval(*args, **options)

    async def copy_records_to_table(self, *args: Any, **options: Any) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._step()
        return await super().copy_records_to_table(*args, **options)


async def attempt(what: str, url: str, statements: int, *, kill: bool = False, kind: type[Dying] = Dying) -> bool:
    """Whether it came to its end before its death."""
    connection = await asyncpg.connect(url, connection_class=kind, timeout=10)
    connection.left, connection.kill = statements, kill
    try:
        if what == "rebuild":
            await rebuild(connection, seals())
        else:
            await migrate(connection)
            await install(connection, seals())
    except (OSError, asyncpg.InterfaceError):
        if connection.left >= 0:
            raise
        return False
    finally:
        connection.left = -2
        await connection.close()
    return True


if __name__ == "__main__":
    sys.exit(not asyncio.run(attempt(sys.argv[1], sys.argv[2], int(sys.argv[3]), kill=True)))
