"""A process that sends to webhooks and does nothing else: `python -m tests.faults.delivering [mutant]`. What failed is
tried again soon, and a lease is short."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from infra.database import Database
from infra.deliverer import Deliverer, Pace
from infra.ledger import Ledger
from infra.outbox import STATEMENTS, Outbox, Stretch
from infra.positions import Positions
from infra.posting import Post
from infra.projector import STATEMENTS as READING
from infra.projector import Projector
from infra.receivers import reach_of
from infra.recording import Reader
from infra.settings import read_settings
from projections.rows import Recorded

READY = "sending"
LEASE_SECONDS = 4.0
SECONDS_TO_ANSWER = 2.0
PACE = Pace(waits=(0.3, 0.5, 1.0, 1.0, 2.0, 2.0, 600.0, 600.0, 600.0), lease_seconds=LEASE_SECONDS)
SECONDS_APART = 0.3


class Early(Outbox):
    """A mutant: says how far it has come before it has made the deliveries."""

    def may_follow(self, recorded: Sequence[Recorded]) -> bool:
        return False

    async def follow(
        self, connection: object, organisation_id: UUID, recorded: Sequence[Recorded], start: int, end: int
    ) -> Sequence[object]:
        async with self.database.work.acquire() as own, own.transaction():
            await own.execute(READING["scope"], organisation_id)
            if not await own.fetch(STATEMENTS["hold"], organisation_id, start):
                return ()
            await own.execute(STATEMENTS["advance"], organisation_id, end)
        await asyncio.sleep(SECONDS_APART)
        async with self.database.work.acquire() as own, own.transaction():
            await own.execute(READING["scope"], organisation_id)
            made = await Stretch(own, Reader(organisation_id, None, self.database.seals)).follow(recorded, start, end)
        self._made(made, made)
        return ()


def leaseless() -> None:
    """A mutant: whatever is on its way is taken for lost."""
    known = cast("dict[str, str]", STATEMENTS)
    known["reclaim"] = known["reclaim"].replace("and d.lease_until < now()", "")


async def deliver(outbox_kind: type[Outbox]) -> None:
    settings = read_settings(os.environ)
    assert settings.database_url is not None
    database = await Database.open(settings, settings.database_url, settings.application_database_url)
    positions = Positions()
    projector, ledger = Projector(database, positions), Ledger(database)
    projector.start()
    post = Post(reach_of(settings), total=SECONDS_TO_ANSWER)
    deliverer = Deliverer(database, ledger, post, pace=PACE)
    outbox = outbox_kind(database, positions, deliverer)
    outbox.made.append(deliverer.wake)
    projector.follower = outbox
    outbox.start()
    await deliverer.start()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    mutant = sys.argv[1] if len(sys.argv) > 1 else ""
    if mutant == "leaseless":
        leaseless()
    asyncio.run(deliver(Early if mutant == "early" else Outbox))
