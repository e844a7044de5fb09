"""What keeps the record provable and forgettable costs of an append: each of chain, sealing and tree taken away in turn
by a stand-in, which nothing but this bench has."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

from domain.kernel import Event
from infra.codec import encode
from infra.notary import Notary
from infra.seals import Seals
from infra.settings import Settings
from tests.bench.append import ledger_at
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.told import told_for

LEAST = 0.5  # no aim: a share that is smaller would be a mistake
DEFINITION = (
    "select pg_get_functiondef(oid) from pg_proc where proname = 'append' and pronamespace = 'ledger'::regnamespace"
)
HASHED = re.compile(r"ledger\.hashed\(.*?f\.body\)", re.DOTALL)
LINKED = r"sha256('\x01'::bytea || v_hashes[v_of] || v_hashed[v_nth])"
NO_REST = 0.05  # seconds between two looks of the notary, who has a minute otherwise


class Open(Seals):
    """Seals nothing."""

    def sealed(self, organisation_id: UUID, event: Event, issuer_id: UUID | None) -> tuple[str, str | None]:
        return encode(event), getattr(event, "reason", None)


def unchained(definition: str) -> str:
    """The append, with every event's hash that of the event before."""
    found, hashed = HASHED.subn(r"'\\x00'::bytea", definition)
    if hashed != 1 or LINKED not in found:
        raise RuntimeError("The append is another than this bench takes it for.")
    return found.replace(LINKED, "v_hashes[v_of]")


async def costs(place: Place) -> list[Figure]:
    async with ledger_at(place, 1) as (ledger, ids, name), place.owner(name) as owner:
        sealing, chaining = ledger.database.seals, await owner.fetchval(DEFINITION)
        notary = Notary(ledger.database, Settings(home=str(Path(place.server.home) / "notary")))

        async def told() -> float:
            return await told_for(ledger, lambda: ids[0], SECONDS)

        async def without_seals() -> float:
            ledger.database.seals = Open(sealing.vault)
            try:
                return await told()
            finally:
                ledger.database.seals = sealing

        async def without_chain() -> float:
            await owner.execute(unchained(chaining))
            try:
                return await told()
            finally:
                await owner.execute(chaining)

        async def with_tree() -> float:
            async with busy(notary, ids[0]):
                return await told()

        rounds = await interleaved(told, without_seals, without_chain, with_tree)
    ways = {
        "all on ÷ without sealing": [(one, other) for one, other, _, _ in rounds],
        "all on ÷ without the chain": [(one, other) for one, _, other, _ in rounds],
        "notary at work ÷ at rest": [(other, one) for one, _, _, other in rounds],
    }
    return [compared("append-costs", way, pairs, LEAST, sides="commands/s") for way, pairs in ways.items()]


@asynccontextmanager
async def busy(notary: Notary, organisation_id: UUID) -> AsyncGenerator[None]:
    """While the tree grows as fast as the ledger, in this process."""

    async def keep() -> None:
        while True:
            await notary.catch_up(organisation_id)
            await asyncio.sleep(NO_REST)

    await notary.catch_up(organisation_id)
    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
