"""Fetches readings from sources that are asked every so many minutes: an address, or a database of the operator's.

Any number of processes share the work: a source is leased for as long as fetching may take, and whoever finds it leased
leaves it. Nothing is fetched inside a transaction of ours, and no source takes another one's turn.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.hearing import SourceReading
from domain.kernel import Refused
from domain.values import Invalid
from infra.database import Database, unavailable
from infra.hearing import STATEMENTS, Hearing
from infra.ledger import Ledger
from infra.posting import Post
from infra.projector import STATEMENTS as READING
from infra.rounds import Rounds
from infra.source_bodies import MOST_BYTES, NotRead, Places, of_json, of_rows
from infra.source_credentials import Credential, credentials_of
from infra.source_databases import NotAnswered, databases_of, rows_of
from infra.telemetry import log
from infra.timekeeper import now

SECONDS_BETWEEN_LOOKS = 5.0
MOST_AT_ONCE = 8
LEASE_SECONDS = 90.0  # longer than any fetch may take
HEADERS = {"accept": "application/json", "user-agent": "Headway-Sources/1"}
# By what came of a request that was not answered well.
WRONG = {
    "not_allowed": "The address can't be reached from here: the operator has not allowed its network.",
    "timed_out": "The address took too long to answer.",
    "tls": "The address has no certificate that is trusted.",
    "refused": "The address can't be reached.",
    "answered": "The address answered with the status {status}.",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source that this process holds."""

    organisation_id: UUID
    source_id: UUID
    lease: UUID
    kind: str
    value_at: str
    day_at: str | None
    id_at: str | None
    items_at: str | None
    address: str | None
    connection: str | None
    query: str | None


class Puller(Rounds):
    """Looks every few seconds for what is due."""

    def __init__(self, database: Database, ledger: Ledger, post: Post, clock: Callable[[], datetime] = now) -> None:
        self.database = database
        self.hearing = Hearing(database, ledger)
        self.post = post
        self.clock = clock
        self.databases: Mapping[str, str] = databases_of(database.settings)
        self.credentials: Mapping[str, Credential] = credentials_of(database.settings)
        super().__init__("puller", self.pull, SECONDS_BETWEEN_LOOKS)

    async def open(self) -> None:
        await self.post.open()

    async def stop(self) -> None:
        await super().stop()
        await self.post.close()

    async def pull(self) -> int:
        """All that is due; how many were asked."""
        asked = 0
        while taken := await self.take():
            await asyncio.gather(*(self._fetch(one) for one in taken))
            asked += len(taken)
        return asked

    async def take(self) -> list[Fetched]:
        """What is due, leased to this process."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            rows = await connection.fetch(STATEMENTS["claim"], self.clock(), MOST_AT_ONCE, LEASE_SECONDS)
        return [Fetched(**dict(row)) for row in rows]

    async def _fetch(self, source: Fetched) -> None:
        """Whatever goes wrong with one is told of that one."""
        try:
            error = await self._asked(source)
            if error is not None:
                await self.hearing.failed(source.organisation_id, source.source_id, error)
            await self._next(source)
        except Exception as error:
            if not unavailable(error):  # else its lease runs out
                log.error("source_failed", source=str(source.source_id), error=type(error).__name__, exc_info=error)

    async def _asked(self, source: Fetched) -> str | None:
        """What was wrong."""
        time_zone = await self._zone(source.organisation_id)
        try:
            readings = await self._readings(source, time_zone)
            await self.hearing.hear(source.organisation_id, source.source_id, readings, time_zone)
        except (NotRead, NotAnswered, Refused, Invalid) as error:
            return error.sentence
        return None

    async def _readings(self, source: Fetched, time_zone: str) -> tuple[SourceReading, ...]:
        places = Places(source.value_at, source.day_at, source.id_at, source.items_at, time_zone)
        if source.address is not None:
            credential = self._credential(source.address, source.connection)
            return of_json(await self._body(source.address, credential), places)
        url = self.databases.get(source.connection or "")
        if url is None:
            raise NotAnswered(f"The operator has set no database {source.connection}.")
        return of_rows(await rows_of(url, source.query or ""), places)

    def _credential(self, address: str, name: str | None) -> Credential | None:
        """What an address is shown. Raises NotAnswered for what is not there, or not meant for it."""
        if name is None:
            return None
        credential = self.credentials.get(name)
        if credential is None:
            raise NotAnswered(f"The operator has set no credential {name}.")
        if not credential.fits(address):
            raise NotAnswered(f"The credential {name} is for another host: it is not shown to this address.")
        return credential

    async def _body(self, address: str, credential: Credential | None) -> bytes:
        shown = {credential.header: credential.value} if credential else {}
        answer, body = await self.post.get(address, HEADERS | shown, MOST_BYTES)
        if answer.result != "accepted":
            raise NotAnswered(WRONG[answer.result].format(status=answer.status))
        if len(body) > MOST_BYTES:
            raise NotAnswered(f"The address answered with more than {MOST_BYTES} bytes.")
        if credential and credential.is_echoed(body):  # a pointer could lead to it
            raise NotAnswered("The address answered with the credential itself: let it answer without.")
        return body

    async def _zone(self, organisation_id: UUID) -> str:
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            zone: Any = await connection.fetchval(STATEMENTS["zone"], organisation_id)
        return str(zone)

    async def _next(self, source: Fetched) -> None:
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], source.organisation_id)
            await connection.execute(
                STATEMENTS["next"], source.organisation_id, source.source_id, source.lease, self.clock()
            )
