"""Keeps the log of access: what the entrance saw, appended to the ledger every now and then, off any request's path.

What is kept in memory until then is bounded, and so is what can be appended: a use per key and day, a refusal per key,
hour and mistake; nobody without a key's lookup part can add to it, and who has one adds a line an hour. What a process
saw in the seconds before it was killed is lost.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.access import Mistake, NoteExported, NoteKeyRefused, NoteKeyUsed
from domain.kernel import Command, Issued, Refused
from infra.database import Database
from infra.ledger import Ledger
from infra.rounds import Rounds
from infra.telemetry import log
from infra.timekeeper import now, unasked

SECONDS_BETWEEN = 20.0
MOST_KEPT = 10_000
Seen = tuple[UUID, UUID, str, datetime, Mistake | None]  # organisation, key, its zone, day or hour, and what was wrong


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
        self._note((organisation_id, api_key_id, time_zone, day, None))

    def refused(self, organisation_id: UUID, api_key_id: UUID, time_zone: str, mistake: Mistake) -> None:
        """A key did not open, though its lookup part is known."""
        hour = self.clock().astimezone(ZoneInfo(time_zone)).replace(minute=0, second=0, microsecond=0)
        self._note((organisation_id, api_key_id, time_zone, hour, mistake))

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
        organisation_id, api_key_id, time_zone, when, mistake = seen
        issued = noted(organisation_id, self.clock(), time_zone)
        command: Command = NoteKeyUsed(api_key_id=api_key_id, used_on=when.date())
        if mistake is not None:
            command = NoteKeyRefused(
                api_key_id=api_key_id, refused_on=when.date(), hour=when.hour, mistake=mistake, times=times
            )
        try:
            return len((await self.ledger.execute(command, issued)).event_ids)
        except Refused as refused:
            log.info("access_not_noted", code=refused.code.name)
            return 0
