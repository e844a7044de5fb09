"""Commands for the benches, and clients that send them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from time import perf_counter
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from domain.kernel import Issued
from domain.organisation import FoundOrganisation
from domain.people import RegisterPerson
from domain.references import Reference
from domain.values import Role
from infra.ledger import Ledger

CLIENTS = 16
A_SECOND = 15_000  # more than can be accepted


def issued(organisation_id: UUID, *, keyed: bool = True) -> Issued:
    now, one = datetime.now(UTC), uuid7()
    return Issued(
        organisation_id=organisation_id,
        by="system",
        role=Role.OWNER,
        at=now,
        occurred_at=now,
        today=now.date(),
        command_id=one,
        correlation_id=one,
        causation_id=one,
        key=str(one) if keyed else None,
        digest=one.bytes,
    )


def registration() -> RegisterPerson:
    """Its event's body has some 280 bytes and its boundary two items."""
    one = uuid4()
    return RegisterPerson(
        person_id=one,
        name="Ana of the Harbour",
        email="ana@harbour.example",
        reference=Reference(system="directory", id=one.hex),
    )


async def found(ledger: Ledger, organisations: Sequence[UUID]) -> None:
    for start in range(0, len(organisations), CLIENTS):
        await asyncio.gather(
            *(
                ledger.execute(FoundOrganisation(organisation_id=one, name="Harbour", time_zone="UTC"), issued(one))
                for one in organisations[start : start + CLIENTS]
            )
        )


def premade(pick: Callable[[], UUID], count: int) -> Iterator[tuple[RegisterPerson, Issued]]:
    """Commands made before the clock runs, as pgbench's are; more of them while it does, should they not suffice."""
    made = [(registration(), issued(pick())) for _ in range(count)]
    return chain(made, ((registration(), issued(pick())) for _ in repeat(None)))


async def told_for(ledger: Ledger, pick: Callable[[], UUID], seconds: float, clients: int = CLIENTS) -> float:
    """Accepted commands a second, each client sending its next as soon as the last is answered."""
    commands = premade(pick, int(seconds * A_SECOND))
    began = perf_counter()
    until, accepted = began + seconds, 0

    async def client() -> None:
        nonlocal accepted
        while perf_counter() < until:
            command, sent = next(commands)
            await ledger.execute(command, sent)
            accepted += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    return accepted / (perf_counter() - began)
