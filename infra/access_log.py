"""Keeps the log of access: what the entrance saw, appended to the ledger every now and then, off any request's path.

What is kept in memory until then is bounded, and so is what can be appended: a use per key and day, a refusal per key
or source, hour and mistake; nobody without a key's lookup part or a source's id can add to it, and who has one adds a
line an hour. What a process saw in the seconds before it was killed is lost.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access import Mistake, NoteExported, NoteKeyRefused, NoteKeyUsed, NoteSourceRefused
from domain.kernel import Command, Issued, Refused
from infra.database import Database
from infra.ledger import Ledger
from infra.rounds import Rounds
from infra.telemetry import log
from infra.timekeeper import now, unasked

SECONDS_BETWEEN = 20.0
MOST_KEPT = 10_000


class Seen(NamedTuple):
    """A use of a key, or with a mistake a refusal of one, or of what was sent as a source."""

    organisation_id: UUID
    of_id: UUID
    time_zone: str
    when: datetime  # the day or the hour
    mistake: Mistake | None = None
    as_source: bool = False

    def noted(self, times: int) -> Command:
        """What is put on record of it."""
        day, hour = self.when.date(), self.when.hour
        if self.mistake is None:
            return NoteKeyUsed(api_key_id=self.of_id, used_on=day)
        if self.as_source:
            return NoteSourceRefused(source_id=self.of_id, refused_on=day, hour=hour, mistake=self.mistake, times=times)
        return NoteKeyRefused(api_key_id=self.of_id, refused_on=day, hour=hour, mistake=self.mistake, times=times)


def noted(organisation_id: UUID, moment: datetime, time_zone: str = "UTC") -> Issued:
    """By the system, of what it has seen."""
    return unasked(organisation_id, moment, moment.astimezone(ZoneInfo(time_zone)).date())


async def note_export(database: Database, organisation_id: UUID, exported: NoteExported) -> None:
    """Puts on record that events have left; raises Refused where there is no such organisation."""
    ledger = Ledger(database)
    await ledger.execute(exported, noted(organisation_id, now()))
    await ledger.drained()


class AccessLog(Rounds):
    """What was seen since the last time it was written."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime] = now) -> None:
        self.ledger = ledger
        self.clock = clock
        self._seen: dict[Seen, int] = {}
        super().__init__("access_log", self.write, SECONDS_BETWEEN)

    def used(self, organisation_id: UUID, api_key_id: UUID, time_zone: str) -> None:
        """A key opened."""
        day = self.clock().astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        self._note(Seen(organisation_id, api_key_id, time_zone, day))

    def refused(self, organisation_id: UUID, api_key_id: UUID, time_zone: str, mistake: Mistake) -> None:
        """A key did not open, though its lookup part is known."""
        self._note(Seen(organisation_id, api_key_id, time_zone, self._hour(time_zone), mistake))

    def source_refused(self, organisation_id: UUID, source_id: UUID, time_zone: str, mistake: Mistake) -> None:
        """What was sent as a source that there is did not come from it."""
        self._note(Seen(organisation_id, source_id, time_zone, self._hour(time_zone), mistake, as_source=True))

    def _hour(self, time_zone: str) -> datetime:
        return self.clock().astimezone(ZoneInfo(time_zone)).replace(minute=0, second=0, microsecond=0)

    def _note(self, seen: Seen) -> None:
        if seen in self._seen or len(self._seen) < MOST_KEPT:
            self._seen[seen] = self._seen.get(seen, 0) + 1

    async def stop(self) -> None:
        """Writes what is left, where the database is there; what was seen is kept until it is written."""
        if self._task is not None:
            await super().stop()
            await self.once()

    async def write(self) -> int:
        """Appends what was seen; how many events came of it."""
        seen, self._seen = self._seen, {}
        told = await asyncio.gather(*(self._tell(one, times) for one, times in seen.items()), return_exceptions=True)
        for (one, times), answer in zip(seen.items(), told, strict=True):
            if isinstance(answer, BaseException):
                self._seen[one] = self._seen.get(one, 0) + times
        failed = next((one for one in told if isinstance(one, BaseException)), None)
        if failed is not None:
            raise failed
        return sum(one for one in told if isinstance(one, int))

    async def _tell(self, seen: Seen, times: int) -> int:
        issued = noted(seen.organisation_id, self.clock(), seen.time_zone)
        try:
            return len((await self.ledger.execute(seen.noted(times), issued)).event_ids)
        except Refused as refused:
            log.info("access_not_noted", code=refused.code.name)
            return 0
