"""Notes what time brings about, each fact once: looks at what the read models say is due, and issues the command.

Any number of processes share the work; the one that looks through an organisation holds its lock, and the ledger's
boundary sees to it that a fact is noted once, whoever notes it. An organisation is looked through when its ledger has
moved or its day has changed, so that a quiet one costs next to nothing: each quarter of an hour one question, whether
a promise has become overdue where its parties are. What came due while nobody was there is found at the first look, as
it stands then.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.commands import NOTES
from domain.kernel import Command, Issued, Refused
from domain.timekeeping import TIMEKEEPER
from domain.zones import quarter_of
from infra.database import Database, statements
from infra.ledger import Ledger
from infra.projector import STATEMENTS as READING
from infra.rounds import Rounds
from infra.telemetry import NOTED, log

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
SECONDS_BETWEEN_LOOKS = 60.0
Connection = Any  # asyncpg's pool hands out a proxy that its types do not name


def now() -> datetime:
    """The clock unless a test brings its own."""
    return datetime.now(UTC)


def unasked(organisation_id: UUID, moment: datetime, day: date) -> Issued:
    """By the system, of what it has noticed; `day` is that of the moment in the organisation's zone."""
    command_id = uuid7()
    return Issued(
        organisation_id=organisation_id,
        by=TIMEKEEPER,
        at=moment,
        occurred_at=moment,
        today=day,
        command_id=command_id,
        correlation_id=command_id,
        causation_id=command_id,
    )


class Timekeeper(Rounds):
    """Looks through every organisation at its start, and then each minute through those that have moved."""

    def __init__(self, database: Database, ledger: Ledger, clock: Callable[[], datetime] = now) -> None:
        self.database = database
        self.ledger = ledger
        self.clock = clock
        self.looked: datetime | None = None  # through all, when
        super().__init__("timekeeper", self.look, SECONDS_BETWEEN_LOOKS)

    async def look(self) -> int:
        """Through every organisation that has moved, or where a day may have ended; how many facts were noted."""
        moment = self.clock()
        turned = self.looked is None or quarter_of(moment) != quarter_of(self.looked)
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            restless = await connection.fetch(STATEMENTS["restless"], moment, turned)
        noted = sum([await self._look_through(organisation_id, moment) for (organisation_id,) in restless])
        self.looked = moment
        return noted

    async def _look_through(self, organisation_id: UUID, moment: datetime) -> int:
        noted = 0
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute("set local search_path = read")
            await connection.execute(READING["scope"], organisation_id)
            claimed = await connection.fetchrow(STATEMENTS["claim"], organisation_id, moment)
            if claimed is None:
                return 0
            day, position = claimed
            for name, kind in NOTES.items():  # what is due is told by the statement of the command's name
                due = await connection.fetch(STATEMENTS[name.replace("-", "_")], organisation_id, position, day, moment)
                for row in due:
                    noted += await self._note(kind(**dict(row)), organisation_id, moment, day)
            await connection.execute(STATEMENTS["looked"], organisation_id, position, day)
        return noted

    async def _note(self, command: Command, organisation_id: UUID, moment: datetime, day: date) -> int:
        try:
            accepted = await self.ledger.execute(command, unasked(organisation_id, moment, day))
        except Refused as refused:  # what it rests on has changed since the read models were asked
            log.info("note_refused", code=refused.code.name)
            return 0
        NOTED.inc(len(accepted.event_ids))
        return len(accepted.event_ids)
