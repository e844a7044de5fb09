"""Who may come in: keys looked up in the same second, and rate limits exact across processes.

A key's row and a few of its tokens are kept for less than a second, so a revoked key is out within one, and a busy one
costs the database a statement per lease instead of one per request. What a lease leaves over is given back with the
next.
"""

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import asyncpg

from domain.access import Mistake
from domain.values import Role
from infra.access_log import AccessLog
from infra.api_keys import FEED_PREFIX, SOURCE_PREFIX, digest_of, lookup_of
from infra.database import Database, statements
from infra.webhook_keys import source_secret_of

STATEMENTS = statements(Path(__file__).with_name("edge.sql"))
SECONDS_KEPT = 0.8
LEASE = 64
MOST_KEPT = 10_000
NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entered:
    """The row of a key that holds."""

    organisation_id: UUID
    api_key_id: UUID
    role: Role
    scopes: tuple[str, ...]
    person_id: UUID | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class FeedEntered:
    """The row of a feed token that holds."""

    organisation_id: UUID
    feed: str
    person_id: UUID
    time_zone: str


@dataclass(frozen=True, slots=True)
class SourceEntered:
    """The row of a source that something can be sent to, or could be until it was disconnected."""

    organisation_id: UUID
    source_id: UUID
    kind: str
    value_at: str
    day_at: str | None
    id_at: str | None
    items_at: str | None
    digest: str | None
    former_digest: str | None
    secret_id: UUID | None
    former_secret_id: UUID | None
    former_holds: bool
    connected: bool
    time_zone: str

    def by_key(self, key: str) -> Mistake | None:
        """Why a key does not open it; None where it does."""
        if lookup_of(key, SOURCE_PREFIX) is None:
            return Mistake.OTHER_SECRET
        digest = digest_of(key)
        newest, former = (
            one is not None and hmac.compare_digest(one, digest) for one in (self.digest, self.former_digest)
        )
        return self._mistake(newest, former)

    def by_signature(self, installation: bytes, holds: Callable[[str], bool]) -> Mistake | None:
        """Likewise of a signature, which holds by a secret or does not."""
        newest, former = (
            one is not None and holds(source_secret_of(installation, self.organisation_id, self.source_id, one))
            for one in (self.secret_id, self.former_secret_id)
        )
        return self._mistake(newest, former)

    def _mistake(self, newest: bool, former: bool) -> Mistake | None:
        if not newest and not former:
            return Mistake.OTHER_SECRET
        if not self.connected:
            return Mistake.REVOKED
        return None if newest or self.former_holds else Mistake.EXPIRED


@dataclass(slots=True)
class Lease:
    """A key's row and tokens, for less than a second."""

    entered: Entered
    tokens: int
    until: float


class KeyUnknown(Exception):
    """No such key, or it is revoked or expired: all look alike from outside."""


class TooManyRequests(Exception):
    """The key's bucket is empty; `wait` seconds until the next token."""

    def __init__(self, wait: float) -> None:
        super().__init__("too many requests")
        self.wait = wait


class Entrance:
    """Looks keys up and counts their requests."""

    def __init__(self, database: Database, rate: float, burst: float, access: AccessLog | None = None) -> None:
        self.database = database
        self.access = access  # None: nothing is noted in the ledger
        self.rate = rate
        self.burst = burst
        self.leases: OrderedDict[str, Lease] = OrderedDict()  # by digest
        self.asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # alive while anybody waits
        self.noted: dict[UUID, date] = {}

    async def enter(self, key: str) -> Entered:
        """Raises KeyUnknown and TooManyRequests."""
        digest = digest_of(key)
        lease = self.leases.get(digest)
        if lease is not None and lease.tokens > 0 and monotonic() < lease.until:
            lease.tokens -= 1
            return lease.entered
        lookup = lookup_of(key)
        if lookup is None:
            raise KeyUnknown
        return await self._queue(lookup, digest)

    async def enter_feed(self, token: str) -> FeedEntered:
        """Looked up each time, for a calendar comes seldom. Raises KeyUnknown and TooManyRequests."""
        lookup, digest = lookup_of(token, FEED_PREFIX), digest_of(token)
        if lookup is None:
            raise KeyUnknown
        async with self.database.work.acquire() as connection:
            row: Any = await connection.fetchrow(STATEMENTS["enter_feed"], lookup, digest, self.rate, self.burst)
        if _checked(row, digest)[0] is not None:
            raise KeyUnknown
        _check_granted(row)
        return FeedEntered(row["organisation_id"], row["feed"], row["person_id"], row["time_zone"])

    async def let_in_still(self, organisation_id: UUID, keys: list[UUID]) -> dict[UUID, Entered]:
        """Those of the keys that still hold, each as it would enter now; takes no tokens."""
        today = datetime.now(UTC).date()
        async with self.database.read.of(organisation_id) as connection:
            rows: Any = await connection.fetch(STATEMENTS["keys"], organisation_id, keys, today)
        return {row["id"]: _entered(organisation_id, row["id"], row) for row in rows}

    async def sources(self, source_id: str) -> list[SourceEntered]:
        """Those of this id that something can be sent to, or could be: more than one where two organisations chose the
        same."""
        try:
            wanted = UUID(source_id)
        except ValueError:
            return []
        async with self.database.work.acquire() as connection, connection.transaction():
            rows: Any = await connection.fetch(STATEMENTS["enter_source"], wanted)
        return [SourceEntered(row["organisation_id"], row["id"], *list(row)[2:]) for row in rows]

    def refuse(self, source: SourceEntered, mistake: Mistake) -> None:
        """What was sent as it did not come from it."""
        if self.access is not None:
            self.access.source_refused(source.organisation_id, source.source_id, source.time_zone, mistake)

    async def admit(self, source: SourceEntered) -> None:
        """Of a source whose key was right. Raises TooManyRequests."""
        async with self.database.work.acquire() as connection, connection.transaction():
            row: Any = await connection.fetchrow(
                STATEMENTS["admit_source"], source.organisation_id, source.source_id, self.rate, self.burst
            )
        _check_granted(row)

    async def _queue(self, lookup: str, digest: str) -> Entered:
        """One lease at a time: whoever asks meanwhile spends what it brings, instead of finding the bucket empty."""
        lock = self.asking.get(digest)
        if lock is None:
            lock = self.asking[digest] = asyncio.Lock()
        async with lock:
            lease = self.leases.get(digest)
            if lease is not None and lease.tokens > 0 and monotonic() < lease.until:
                lease.tokens -= 1
                return lease.entered
            try:
                return await self._lease(lookup, digest, lease.tokens if lease is not None else 0)
            except asyncpg.DiskFullError:
                if lease is None:
                    raise
                # Reading goes on: where no token can be noted, no revocation can be recorded either.
                self._keep(digest, Lease(lease.entered, LEASE - 1, monotonic() + SECONDS_KEPT))
                return lease.entered

    async def _lease(self, lookup: str, digest: str, back: int) -> Entered:
        if back:
            self.leases.pop(digest, None)  # given back once, whoever asks next
        async with self.database.work.acquire() as connection:
            row: Any = await connection.fetchrow(
                STATEMENTS["enter"], lookup, digest, LEASE, back, self.rate, self.burst
            )
        mistake, today = _checked(row, digest)
        if mistake is not None:
            if self.access is not None:
                self.access.refused(row["organisation_id"], row["api_key_id"], row["time_zone"], mistake)
            raise KeyUnknown
        _check_granted(row)
        entered = _entered(row["organisation_id"], row["api_key_id"], row)
        self._keep(digest, Lease(entered, row["granted"] - 1, monotonic() + SECONDS_KEPT))
        await self._note_use(entered, today)
        return entered

    def _keep(self, digest: str, lease: Lease) -> None:
        self.leases[digest] = lease
        if len(self.leases) > MOST_KEPT:
            self.leases.popitem(last=False)

    async def _note_use(self, entered: Entered, today: date) -> None:
        if self.noted.get(entered.api_key_id) == today:
            return
        self.noted[entered.api_key_id] = today
        if self.access is not None:
            self.access.used(entered.organisation_id, entered.api_key_id, entered.time_zone)
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('headway.organisation', $1::text, true)", str(entered.organisation_id)
            )
            await connection.execute(STATEMENTS["used"], entered.organisation_id, entered.api_key_id, today)


def _entered(organisation_id: UUID, api_key_id: UUID, row: Any) -> Entered:
    return Entered(
        organisation_id=organisation_id,
        api_key_id=api_key_id,
        role=Role(row["role"]),
        scopes=tuple(row["scopes"]),
        person_id=row["person_id"],
        time_zone=row["time_zone"] or "UTC",
    )


def _checked(row: Any, digest: str) -> tuple[Mistake | None, date]:
    """Why a key that is known does not open, None where it does; and today. Raises KeyUnknown for one that nobody
    knows."""
    same = hmac.compare_digest(row["digest"] if row is not None else NO_DIGEST, digest)
    if row is None:
        raise KeyUnknown
    today = datetime.now(UTC).date()
    return _mistake(row, same, today), today


def _check_granted(row: Any) -> None:
    if row["granted"] < 1:
        raise TooManyRequests(row["wait"])


def _mistake(row: Any, same: bool, today: date) -> Mistake | None:
    """Why a key that is known does not open; None where it does."""
    if not same:
        return Mistake.OTHER_SECRET
    if row["revoked"]:
        return Mistake.REVOKED
    return Mistake.EXPIRED if row["expires_on"] is not None and row["expires_on"] < today else None
