"""What the tests of webhooks share: an organisation whose events go out, step by step."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from domain.milestones import SetMilestone
from domain.organisation import GrantRole
from domain.outcomes import SetOutcome
from domain.subscribing import SubscribeWebhook
from domain.values import Role
from infra.database import Database
from infra.deliverer import Deliverer
from infra.ledger import Ledger
from infra.outbox import Outbox
from infra.positions import Positions
from infra.posting import Post
from infra.projector import STATEMENTS as READING
from infra.projector import Projector
from infra.receivers import reach_of
from infra.settings import Settings
from tests.infra.at_work import Telling, founded, projecting

AT_HOME = Settings(webhook_networks="127.0.0.0/8", webhook_plain_http=True)
DUE = date(2100, 1, 1)
Row = Any


@dataclass
class Sending:
    """An organisation with an outcome, and whatever webhooks a test subscribes."""

    telling: Telling
    ledger: Ledger
    database: Database
    positions: Positions
    projector: Projector
    outbox: Outbox
    deliverer: Deliverer
    outcome_id: UUID = field(default_factory=uuid4)

    @property
    def organisation_id(self) -> UUID:
        return self.telling.organisation_id

    async def subscribe(self, receiver: str = "http://127.0.0.1:9/", by: UUID | None = None, **more: Any) -> UUID:
        webhook_id = uuid4()
        command = SubscribeWebhook(webhook_id=webhook_id, receiver=receiver, secret_id=uuid4(), **more)
        await self.telling.tell(command, by=by)
        return webhook_id

    async def milestone(self, title: str = "Half way") -> UUID:
        milestone_id = uuid4()
        await self.telling.tell(
            SetMilestone(milestone_id=milestone_id, outcome_id=self.outcome_id, title=title, due_on=DUE)
        )
        return milestone_id

    async def out(self) -> None:
        """Read models and outbox have come as far as the ledger."""
        await self.projected()
        while not await self.outbox.advance(self.organisation_id):
            pass

    async def projected(self) -> None:
        """The read models have."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], self.organisation_id)
            head = await connection.fetchval(
                "select position from ledger.heads where organisation_id = $1", self.organisation_id
            )
        self.projector.stir(self.organisation_id)
        assert await self.positions.wait(self.organisation_id, head, 10)

    async def deliveries(self, webhook_id: UUID) -> Sequence[Row]:
        """In the order of their numbers, each with its event."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], self.organisation_id)
            return await connection.fetch(
                "select d.*, e.kind, e.about_id, e.data from outbox.delivery d join outbox.event e"
                " using (organisation_id, position, nth) where webhook_id = $1 order by sequence",
                webhook_id,
            )

    async def kinds(self, webhook_id: UUID) -> list[str]:
        return [row["kind"] for row in await self.deliveries(webhook_id)]

    async def endpoint(self, webhook_id: UUID) -> Row:
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(READING["scope"], self.organisation_id)
            return await connection.fetchrow("select * from outbox.endpoint where webhook_id = $1", webhook_id)

    async def make_due(self, webhook_id: UUID) -> None:
        """What waits for its time waits no longer."""
        async with self.database.owner_connection() as connection:
            await connection.execute("update outbox.delivery set due_at = now() where webhook_id = $1", webhook_id)
            await connection.execute("update outbox.endpoint set due_at = now() where webhook_id = $1", webhook_id)

    async def send(self) -> int:
        """What is due now, once; how many were tried."""
        taken = await self.deliverer.take(100)
        if taken:
            await self.deliverer.finish([(one, await self.deliverer.send(one)) for one in taken])
        return len(taken)


@asynccontextmanager
async def sending(database: Database, settings: Settings = AT_HOME) -> AsyncGenerator[Sending]:
    """With a post that reaches this machine."""
    async with projecting(database) as (ledger, projector, positions), Post(reach_of(settings)) as post:
        async with database.owner_connection() as connection:  # what an earlier test has left due
            await connection.execute("update outbox.endpoint set due_at = null")
            await connection.execute("update outbox.delivery set lease_until = null")
        telling = await founded(ledger)
        outbox = Outbox(database, positions)
        world = Sending(telling, ledger, database, positions, projector, outbox, Deliverer(database, ledger, post))
        await telling.tell(GrantRole(person_id=telling.person_id, granted_role=Role.OWNER))
        await telling.tell(SetOutcome(outcome_id=world.outcome_id, title="Faster", owner_id=telling.person_id))
        yield world
