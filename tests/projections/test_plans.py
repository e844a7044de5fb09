"""The arithmetic reads as little where the planner knows nothing of the tables as where it knows all."""

import json
from decimal import Decimal
from uuid import UUID

from domain.alignment import AlignOutcome
from domain.outcomes import RollUp
from infra.database import Database
from tests.projections.figures import DUE, NOW, Figures, World

OTHERS = 40  # outcomes, each with a measure
MOST_PAGES = 60  # to roll one outcome up; joined in another order it looks at every measure of the organisation
ROLLED_UP = "select outcome_progress($1, $2, $3, $4)"
FORGET = """
select pg_clear_relation_stats('read', c.relname)
  from pg_class c
 where c.relnamespace = 'read'::regnamespace and c.relkind in ('r', 'i')
"""


async def pages(world: Figures, outcome_id: UUID) -> int:
    """How many pages a roll-up looks at, once the functions are planned."""
    values = (world.telling.organisation_id, outcome_id, NOW, DUE)
    async with world.database.read.of(world.telling.organisation_id) as connection:
        await connection.execute("discard plans")
        await connection.fetchval(ROLLED_UP, *values)
        told = await connection.fetchval(f"explain (analyze, buffers, timing off, format json) {ROLLED_UP}", *values)
    plan = json.loads(told)[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


async def test_a_roll_up_reads_its_own_measures_and_no_others(database: Database) -> None:
    async with World(database) as (world, settled):
        for _ in range(OTHERS):
            await world.measure(outcome_id=await world.outcome())
        await world.measure()
        await settled()
        async with database.owner_connection() as owner:
            await owner.execute(FORGET)
        assert await pages(world, world.outcome_id) < MOST_PAGES


async def test_a_roll_up_reckons_each_outcome_below_once(database: Database) -> None:
    async with World(database) as (world, settled):
        chain = [await world.outcome(roll_up=RollUp.CHILDREN) for _ in range(6)]
        for lower, higher in zip(chain[1:], chain, strict=False):
            await world.telling.tell(AlignOutcome(outcome_id=lower, higher_id=higher, weight=Decimal(1)))
        await world.telling.tell(AlignOutcome(outcome_id=world.outcome_id, higher_id=chain[-1], weight=Decimal(1)))
        await world.read(1, 50, measure_id=await world.measure())
        await settled()
        low, high = await pages(world, chain[-1]), await pages(world, chain[0])
        assert high < 8 * low  # five levels more; twice as much a level would be 32 times
