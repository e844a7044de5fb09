"""What endangers the outcomes of a cycle, and what somebody would leave: at the edge of each rule (R14)."""

from datetime import timedelta
from typing import Any

import asyncpg

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import id_of

ASK = "query ($cycle: ID!, $on: Date) { risks(cycle: $cycle, on: $on, first: 100) { nodes { kind task { id } } } }"
HELD = "query ($person: ID!) { dutiesOf(person: $person, first: 100) { nodes { kind task { id } } } }"
OF_CYCLES = (
    " join read.task k on k.id = x.task_id and k.until is null and k.state = 'COMMITTED'"
    " join read.outcome o on o.id = k.outcome_id and o.until is null and o.cycle_id is not null"
    " where x.organisation_id = $1 and x.until is null limit 1"
)


async def risks(asker: Asker, kind: str, **given: Any) -> list[str]:
    told = await asker.data(ASK, **{name: str(value) for name, value in given.items()})
    return [one["task"]["id"] for one in told["risks"]["nodes"] if one["kind"] == kind]


async def test_what_was_countered_is_as_unconfirmed_as_what_was_asked(asker: Asker, writer: asyncpg.Connection) -> None:
    waits = "select x.task_id, x.awaited_id, o.cycle_id from read.task_wait x" + OF_CYCLES
    task, awaited, cycle = await writer.fetchrow(waits, asker.viewer.organisation_id) or (None, None, None)
    change = "update read.task set state = $2 where id = $1 and until is null"
    was = await writer.fetchval("select state from read.task where id = $1 and until is null", awaited)
    try:
        for state, found in (("REQUESTED", True), ("COUNTERED", True), ("DELIVERED", False)):
            await writer.execute(change, awaited, state)
            assert (str(task) in await risks(asker, "UNCONFIRMED_DEPENDENCY", cycle=cycle)) is found, state
    finally:
        await writer.execute(change, awaited, was)


async def test_a_block_has_aged_once_its_days_are_over(asker: Asker, writer: asyncpg.Connection) -> None:
    blocks = "select x.task_id, x.blocked_on, o.cycle_id from read.task_block x" + OF_CYCLES
    found_one = await writer.fetchrow(blocks, asker.viewer.organisation_id)
    assert found_one
    task, blocked_on, cycle = found_one
    days = await writer.fetchval(
        "select block_days from read.organisation where id = $1 and until is null", asker.viewer.organisation_id
    )
    for after, found in ((days, False), (days + 1, True)):
        on = blocked_on + timedelta(after)
        assert (str(task) in await risks(asker, "AGED_BLOCK", cycle=cycle, on=on)) is found


async def test_r14_who_asked_for_somebody_else_would_leave_that_as_well(
    asker: Asker, writer: asyncpg.Connection
) -> None:
    task, requester = id_of("alpha", "task", 2), id_of("alpha", "person", 1)
    change = "update read.task set requester_id = $2 where id = $1 and until is null"
    await writer.execute(change, task, requester)
    try:
        held = (await asker.data(HELD, person=str(requester)))["dutiesOf"]["nodes"]
    finally:
        await writer.execute(change, task, None)
    assert {"kind": "IS_PROMISED", "task": {"id": str(task)}} in held
