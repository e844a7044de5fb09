"""Importing a file of commands by `headway apply`, against the append bench's clients."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID, uuid4

import msgspec
from rich.console import Console

from api.applying import Urls, apply_file
from infra.settings import Settings
from tests.bench.append import ledger_at
from tests.bench.pairs import SECONDS, Figure, compared, interleaved
from tests.bench.place import Place
from tests.bench.told import told_for
from tests.bench.world import FIRST

PEOPLE, OUTCOMES, MEASURES, READINGS = 100, 50, 4, 60  # the shape of the large world, a hundredth of its people
LIMIT = 0.5


def _line(command: str, **fields: object) -> bytes:
    return msgspec.json.encode({"command": command, "input": fields})


def lines(organisation_id: UUID) -> Iterator[bytes]:
    """A hundredth of the world as commands: people, outcomes, their measures, and readings day by day."""
    yield _line("found-organisation", organisationId=organisation_id, name="World", timeZone="UTC")
    for nth in range(PEOPLE):
        yield _line("register-person", personId=uuid4(), name=f"Person {nth:05}")
    measures: list[UUID] = []
    for nth in range(OUTCOMES):
        outcome = uuid4()
        yield _line("set-outcome", outcomeId=outcome, title=f"Outcome {nth:04}", dueOn="2030-01-01")
        for number in range(MEASURES):
            measures.append(uuid4())
            terms = {"direction": "INCREASE", "baseline": "0", "target": "100"}
            yield _line("set-measure", measureId=measures[-1], outcomeId=outcome, title=f"Measure {number}", **terms)
    for turn in range(READINGS):
        day = (FIRST + timedelta(days=turn)).isoformat()
        for measure in measures:
            yield _line("take-reading", readingId=uuid4(), measureId=measure, takenOn=day, value=str(turn))


async def applying(place: Place) -> list[Figure]:
    database = await place.database()  # of its own: what the other side leaves unprojected is nothing to this one
    async with ledger_at(place, 1) as (ledger, ids, _):
        urls = Urls(place.server.url(database), place.server.application_url(database))
        quiet = Console(quiet=True)

        async def by_file() -> float:
            organisation_id = uuid4()
            path = Path(place.server.home / f"{organisation_id}.ndjson")
            made = list(lines(organisation_id))
            path.write_bytes(b"\n".join(made))  # noqa: ASYNC240 - nothing else runs yet
            began = perf_counter()
            result = await apply_file(Settings(), urls, path, organisation_id, quiet)
            if result.applied != len(made):
                raise RuntimeError(f"Line {result.first_refused} was refused.")
            return len(made) / (perf_counter() - began)

        async def append() -> float:
            return await told_for(ledger, lambda: random.choice(ids), SECONDS)  # noqa: S311 - no secret

        pairs = [(first, second) for first, second in await interleaved(by_file, append)]
    await place.drop(database)
    return [compared("apply", "headway apply ÷ append, hot", pairs, LIMIT, sides="commands/s")]
