"""F4: the projector is killed between rows and checkpoint, and anywhere else; every event counts exactly once."""

import asyncio
import random
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

import infra.projector
from infra.projector import STATEMENTS, Projector
from projections.read_models import NAMES
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_read_models
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import eventually, product

KILLS = 20
ROOT = Path(__file__).parents[2]


class Crashed(ConnectionError):
    """Where the process would have died; as a lost connection it is tried again."""


class Hasty(Projector):
    """A mutant: the checkpoint is advanced, and committed, before the rows are written."""

    async def project(self, organisation_id: UUID) -> bool:
        before = await self._move(organisation_id, None)
        infra.projector.crash("between checkpoint and rows")
        await self._move(organisation_id, before)
        return await super().project(organisation_id)

    async def _move(self, organisation_id: UUID, to: dict[str, int] | None) -> dict[str, int]:
        """The checkpoints, to the head or back; where they were."""
        async with self.database.work.acquire() as connection, connection.transaction():
            await connection.execute(STATEMENTS["scope"], organisation_id)
            await connection.execute(STATEMENTS["begin"], organisation_id, NAMES)
            before = {row[0]: row[1] for row in await connection.fetch(STATEMENTS["claim"], organisation_id)}
            head = await connection.fetchval("select position from ledger.heads")
            goal = to or dict.fromkeys(before, head)
            none = [None] * len(goal)
            await connection.execute(
                STATEMENTS["advance"], organisation_id, list(goal), list(goal.values()), none, none
            )
            return before


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two of three times the projector dies at its crash point."""
    seen: list[str] = []

    def crash(point: str) -> None:
        seen.append(point)
        if len(seen) % 3:
            raise Crashed(point)

    monkeypatch.setattr(infra.projector, "crash", crash)
    return seen


async def test_f4_a_projector_that_dies_before_its_checkpoint_counts_nothing_twice(
    place: Place, journal: Journal, crashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            await load.until_more(150)
        await eventually(lambda: len(crashes) >= 12)
        monkeypatch.undo()
        await check_all(place.owner, journal)


async def test_f4_catches_a_checkpoint_before_its_rows(
    place: Place, journal: Journal, crashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with product(place.owner, place.application, kind=Hasty) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        await eventually(lambda: bool(crashes))
    monkeypatch.undo()
    async with product(place.owner, place.application):
        with pytest.raises(Broken) as broken:
            await check_read_models(place.owner)
    assert broken.value.invariant == "I5"


async def test_f4_a_projector_killed_at_any_moment_counts_everything_once(place: Place, journal: Journal) -> None:
    """A process that does nothing but project; the commands come from here."""
    chance = random.Random()  # noqa: S311 - no secret
    async with product(place.owner, place.application, projecting=False) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            for n in range(KILLS):
                point = str(chance.randrange(1, 10)) if n % 2 else "0"
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.faults.projecting", place.owner, place.application, point,
                    cwd=ROOT, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                assert process.stdout is not None
                await process.stdout.readline()
                if point == "0":
                    await asyncio.sleep(chance.uniform(0, 0.3))
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 0.01 if point == "0" else 5)
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
    async with product(place.owner, place.application):
        await check_all(place.owner, journal)
