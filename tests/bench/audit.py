"""What an auditor waits for: a proof out of a million events against reading one row; a bundle, written and checked,
against json and hashlib alone over the same bytes."""

import json
import random
import shutil
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from uuid import UUID

from infra.bundle import EVENTS, check
from infra.chain import NONE, link_hash
from infra.chain import STATEMENTS as CHAIN
from infra.database import Connection, Database
from infra.exporting import export
from infra.notary import Notary
from infra.settings import Settings
from infra.tiles import inclusion
from tests.bench.many import events_asked, load_many
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.tree import grow_whole

MANY, EXPORTED = 1_000_000, 100_000
CHUNK = 5_000
ROW = "select position, hash, body from ledger.events where organisation_id = $1 and position = $2"


async def chained(owner: Connection, organisation_id: UUID) -> None:
    """The hashes of a loaded ledger put in order."""
    before: bytes = NONE
    at = 0
    await owner.execute("create temporary table chain (position bigint primary key, hash bytea)")
    while links := await owner.fetch(CHAIN["links"], organisation_id, at, CHUNK):
        made: list[tuple[int, bytes]] = []
        for link in links:
            before, at = link_hash(before, organisation_id, link), link[0]
            made.append((at, before))
        await owner.copy_records_to_table("chain", records=made)
    await owner.execute(
        "update ledger.events e set hash = c.hash from chain c"
        " where e.organisation_id = $1 and e.position = c.position",
        organisation_id,
        timeout=600,
    )
    await owner.execute("vacuum (analyze) ledger.events", timeout=600)


async def audit(place: Place) -> list[Figure]:
    return [await _proven(place), *await _bundled(place)]


async def _proven(place: Place) -> Figure:
    name = await place.database()
    events = events_asked(MANY)
    async with place.opened(name) as database, place.owner(name) as owner:
        organisation_id = await load_many(owner, events)
        await grow_whole(database, organisation_id)
        await owner.execute("vacuum (analyze) ledger.tile")

        async def timed(proofs: bool) -> float:
            count, began = 0, perf_counter()
            async with database.read.of(organisation_id) as connection:
                while perf_counter() - began < SECONDS:
                    position = random.randint(1, events)  # noqa: S311 - no secret
                    if proofs:
                        await inclusion(connection, organisation_id, position, events)
                    else:
                        await connection.fetchrow(ROW, organisation_id, position)
                    count += 1
            return (perf_counter() - began) / count * 1e6

        pairs = [(first, second) for first, second in await interleaved(lambda: timed(True), lambda: timed(False))]
    await place.drop(name)
    title = f"inclusion proof in {events:,} ÷ one row"
    return compared("audit", title, pairs, 2.0, at_most=True, sides="µs")


def alone(path: Path) -> int:
    """The least that there is to do: every line decoded and hashed."""
    found = 0
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
            sha256(line).digest()
            found += len(line)
    return found


async def _bundled(place: Place) -> list[Figure]:
    name = await place.database()
    events = min(events_asked(EXPORTED), EXPORTED)
    folder = place.server.home / "bundles"
    async with place.opened(name) as database, place.owner(name) as owner:
        organisation_id = await load_many(owner, events)
        await chained(owner, organisation_id)
        await _signed(database, organisation_id, folder)
        await owner.execute("select set_config('headway.organisation', $1, false)", str(organisation_id))
        await export(owner, organisation_id, folder / "kept")
        size = alone(folder / "kept" / EVENTS)

        async def exporting() -> float:
            shutil.rmtree(folder / "new", ignore_errors=True)
            began = perf_counter()
            await export(owner, organisation_id, folder / "new")
            return size / (perf_counter() - began) / 1e6

        async def checking() -> float:
            began = perf_counter()
            if check(folder / "kept").manifest.events != events:
                raise RuntimeError("The bundle holds less than was exported.")
            return size / (perf_counter() - began) / 1e6

        async def bound() -> float:
            began = perf_counter()
            return alone(folder / "kept" / EVENTS) / (perf_counter() - began) / 1e6

        rounds = await interleaved(exporting, checking, bound)
    await place.drop(name)
    shutil.rmtree(folder)
    written, checked = [(one, bound) for one, _, bound in rounds], [(one, bound) for _, one, bound in rounds]
    return [
        compared("audit", "export ÷ json and hashlib", written, 0.5, sides="MB/s"),
        compared("audit", "verify ÷ json and hashlib", checked, 0.5, sides="MB/s"),
    ]


async def _signed(database: Database, organisation_id: UUID, folder: Path) -> None:
    await Notary(database, Settings(home=str(folder))).catch_up(organisation_id)
