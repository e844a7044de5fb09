"""What sources tell on its way into the ledger, and what is kept of how each does."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from domain.hearing import HearSource, SourceReading
from infra.access_log import noted
from infra.database import Database, statements
from infra.forgetting import TOLD_NO_MORE
from infra.ledger import Ledger
from infra.projector import STATEMENTS as READING
from infra.sequencer import Accepted

STATEMENTS = statements(Path(__file__).with_name("sources.sql"))
MOST_TOLD = 500  # characters of what was wrong


class Hearing:
    """Of a process."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.database = database
        self.ledger = ledger

    async def hear(
        self,
        organisation_id: UUID,
        source_id: UUID,
        readings: tuple[SourceReading, ...],
        time_zone: str,
        key: str | None = None,
        digest: bytes = b"",
    ) -> Accepted:
        """All of them or none; `key`: what was sent under it before is answered as it was (R12). Raises Refused and
        Invalid."""
        issued = replace(noted(organisation_id, datetime.now(UTC), time_zone), key=key, digest=digest)
        accepted = await self.ledger.execute(HearSource(source_id=source_id, readings=readings), issued)
        await self._write("heard", organisation_id, source_id, bool(accepted.event_ids))
        return accepted

    async def failed(self, organisation_id: UUID, source_id: UUID, error: str) -> None:
        """Nothing could be taken; the sentence says why."""
        await self._write("failed", organisation_id, source_id, error[:MOST_TOLD], TOLD_NO_MORE)

    async def _write(self, statement: str, organisation_id: UUID, *values: object) -> None:
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            await connection.execute(STATEMENTS[statement], organisation_id, *values)
