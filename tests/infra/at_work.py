"""What the tests of the floor above the domain share: an organisation that can be told commands."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from domain.kernel import Command, Issued
from domain.organisation import FoundOrganisation
from domain.people import RegisterPerson
from domain.values import Role
from infra.database import Database
from infra.ledger import Ledger
from infra.positions import Positions
from infra.projector import Projector
from infra.sequencer import Accepted


@dataclass
class Telling:
    """Issues commands to one organisation, as a person of it."""

    ledger: Ledger
    organisation_id: UUID = field(default_factory=uuid4)
    person_id: UUID = field(default_factory=uuid4)

    def issued(
        self,
        by: UUID | None = None,
        key: str | None = None,
        digest: bytes = b"",
        expected: int | None = None,
        on: date | None = None,
    ) -> Issued:
        now = datetime.now(UTC)
        person = by or self.person_id
        one = uuid4()
        return Issued(
            organisation_id=self.organisation_id,
            by=f"person:{person}",
            person_id=person,
            role=Role.OWNER,
            at=now,
            occurred_at=now,
            today=on or now.date(),
            command_id=one,
            correlation_id=one,
            causation_id=one,
            key=key,
            digest=digest,
            expected=expected,
        )

    async def tell(self, command: Command, **envelope: object) -> Accepted:
        return await self.ledger.execute(command, self.issued(**envelope))  # pyright: ignore[reportArgumentType]


async def founded(ledger: Ledger) -> Telling:
    """An organisation with its first person."""
    telling = Telling(ledger)
    await telling.tell(FoundOrganisation(organisation_id=telling.organisation_id, name="Harbour", time_zone="UTC"))
    await telling.tell(RegisterPerson(person_id=telling.person_id, name="Ana"))
    return telling


@asynccontextmanager
async def projecting(database: Database) -> AsyncGenerator[tuple[Ledger, Projector, Positions]]:
    """A ledger with a projector at work, as in a serving process."""
    positions = Positions()
    projector = Projector(database, positions)
    ledger = Ledger(database)
    ledger.appended.append(projector.stir)
    projector.start()
    try:
        yield ledger, projector, positions
        await ledger.drained()
    finally:
        await projector.stop()
