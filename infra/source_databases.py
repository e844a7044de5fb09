"""The databases that sources may be read from: named by the operator, asked in transactions that can't write."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import asyncpg

from domain.taking import MOST_READINGS
from infra.settings import Settings, SettingsInvalid

NAMED = re.compile(r"([a-z][a-z0-9_]{0,62})=(postgres(?:ql)?://\S+)")
STATEMENT_SECONDS = 10
CONNECT_SECONDS = 5.0


class NotAnswered(Exception):
    """Nothing came back; the sentence says why, and nothing of where the database is."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def databases_of(settings: Settings) -> Mapping[str, str]:
    """Name → address. Raises SettingsInvalid, which tells no address."""
    found: dict[str, str] = {}
    for one in settings.source_databases.split():
        match = NAMED.fullmatch(one)
        if match is None or match[1] in found:
            raise SettingsInvalid(
                "Correct HEADWAY_SOURCE_DATABASES: write name=postgresql://…, each name once, separated by spaces."
            )
        found[match[1]] = match[2]
    return found


async def rows_of(url: str, query: str, seconds: float = STATEMENT_SECONDS) -> list[dict[str, Any]]:
    """What one statement reads, of a connection of its own: read-only, under a time limit, of a limited number of rows.

    Raises NotAnswered.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS + 2 * seconds):
            connection = await asyncpg.connect(
                url, timeout=CONNECT_SECONDS, server_settings={"application_name": "headway-sources"}
            )
            try:
                return await _read(connection, query, seconds)
            finally:
                connection.terminate()  # whatever the statement has left behind goes with it
    except (asyncpg.QueryCanceledError, TimeoutError):
        raise NotAnswered(f"The statement took longer than {seconds:g} s: let it read less.") from None
    except asyncpg.PostgresError as error:
        raise NotAnswered(f"The database refused: {error.sqlstate} {type(error).__name__}.") from None
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, ValueError):
        raise NotAnswered("The database can't be reached.") from None


async def _read(connection: Any, query: str, seconds: float) -> list[dict[str, Any]]:
    async with connection.transaction(readonly=True):
        await connection.execute(f"set local statement_timeout = {int(seconds * 1_000)}")
        cursor = await connection.cursor(query)  # one statement: two can't be prepared
        rows = await cursor.fetch(MOST_READINGS + 1)
    return [dict(row) for row in rows]
