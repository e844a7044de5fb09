"""The product's own program, `python -m api`, with a piece of it broken: `python -m tests.faults.mutated hasty serve`."""

import asyncio
import sys
from typing import Any

import asyncpg

import api.app
import infra.ledger
from api.cli import main
from tests.faults.mutants import Forgetful, Hasty


def hasty() -> None:
    """Acknowledges before anything is stored."""
    infra.ledger.Appender = Hasty


def forgetful() -> None:
    """Takes every command for a new one."""
    api.app.Desk = Forgetful


def stubborn() -> None:
    """Asks for a connection until it is given one, however long that takes."""
    connect, create_pool = asyncpg.connect, asyncpg.create_pool

    async def insist(*args: Any, **options: Any) -> Any:
        while True:
            try:
                return await connect(*args, **options)
            except asyncpg.TooManyConnectionsError:
                await asyncio.sleep(0.1)

    def pool(*args: Any, **options: Any) -> Any:
        return create_pool(*args, connect=insist, **options)

    asyncpg.connect, asyncpg.create_pool = insist, pool


if __name__ == "__main__":
    {"forgetful": forgetful, "hasty": hasty, "stubborn": stubborn}[sys.argv.pop(1)]()
    main()
