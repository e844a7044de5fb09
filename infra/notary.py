"""Grows the trees behind the ledgers, and signs checkpoints of them.

Any number of processes share the work: the one that is at an organisation's tree holds its lock, and the tree takes
nodes only where it still ends as they suppose. A tree's last growth and its checkpoint are one transaction.
"""

from uuid import UUID

from infra.checkpoints import HistoryRewritten, publish
from infra.database import Database
from infra.projector import STATEMENTS as READING
from infra.rounds import Rounds
from infra.settings import Settings
from infra.signing import KeyRing
from infra.telemetry import CHECKPOINTS, CHECKPOINTS_REFUSED, log
from infra.tiles import BATCH, STATEMENTS, NodeMissing, grow, size_of


class Notary(Rounds):
    """Looks each minute, unless told otherwise, for organisations whose ledgers have moved."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.prefix = settings.checkpoint_origin
        self.keys = KeyRing.of(settings)
        self.batch = BATCH
        super().__init__("notary", self.look, settings.checkpoint_seconds)

    async def look(self) -> int:
        """Through every organisation whose ledger has moved; how many checkpoints were signed."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["sweep_scope"])
            restless = await connection.fetch(STATEMENTS["restless"])
        return sum([await self.catch_up(organisation_id) for (organisation_id,) in restless])

    async def catch_up(self, organisation_id: UUID) -> int:
        """One organisation; how many checkpoints were signed."""
        try:
            while (made := await self._advance(organisation_id)) is None:
                pass
        except (HistoryRewritten, NodeMissing) as error:
            CHECKPOINTS_REFUSED.inc()
            log.error("checkpoint_refused", says=str(error))
            return 0
        return made

    async def _advance(self, organisation_id: UUID) -> int | None:
        """A stretch of the ledger into the tree; None while there is more, else how many checkpoints were signed."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], organisation_id)
            if not await connection.fetchval(STATEMENTS["claim"], organisation_id):
                return 0
            size = await size_of(connection, organisation_id)
            reached = await grow(connection, organisation_id, size, self.batch)
            if reached - size == self.batch:
                return None
            if reached == 0:
                return 0
            made = await publish(connection, organisation_id, self.prefix, reached, self.keys.privates())
        CHECKPOINTS.inc(int(made is not None))
        return int(made is not None)
