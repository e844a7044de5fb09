"""A large outbox: what ended long ago leaves it a little at a time, and what is young is not even read; a pile of
what is due is sent piece by piece."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

import infra.outbox
from infra.database import Connection, Database
from infra.deliverer import MOST_OF_EACH, Deliverer
from infra.posting import Post
from infra.receivers import reach_of
from tests.infra.hostile_receiver import receiving
from tests.infra.sending import AT_HOME, Sending, sending

YOUNG, OLD = 60_000, 3_000
SWEPT = 1_000
DUE, SENT = 100_000, 2_000
MOST_MIB = 20
PILE = """
with told as (
    insert into outbox.event (organisation_id, position, nth, kind, about_id, occurred_at, recorded_at, data)
    select $1, 1000000 + n, 0, 'milestone.set', gen_random_uuid(), now(), now(), '{}' from generate_series(1, $3::int) n
    returning position
)
insert into outbox.delivery (organisation_id, webhook_id, sequence, epoch, position, nth)
select $1, $2, position, 1, position, 0 from told
"""
FILL = """
with made as (
    insert into outbox.event (organisation_id, position, nth, kind, about_id, occurred_at, recorded_at, data)
    select $1, n, 0, 'milestone.set', gen_random_uuid(), t, t, '{}'
      from (select n, now() - case when n <= $4 then interval '40 days' else interval '1 hour' end as t
              from generate_series(1, $3::int) n) e
    returning position, recorded_at
),
delivered as (
    insert into outbox.delivery
        (organisation_id, webhook_id, sequence, epoch, position, nth, state, created_at, ended_at)
    select $1, $2, position, 1, position, 0, 'ACCEPTED', recorded_at, recorded_at from made where position <> 7
)
insert into outbox.attempt (organisation_id, webhook_id, sequence, attempt, tried_at, result, milliseconds)
select $1, $2, position, 1, recorded_at, 'accepted', 1 from made where position <> 7
"""
READ = """
select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
  from pg_stat_user_tables where schemaname = 'outbox'
"""


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    async with database.owner_connection() as connection:
        yield connection


@pytest.fixture
async def world(database: Database) -> AsyncIterator[Sending]:
    async with sending(database) as opened:
        yield opened


async def filled(owner: Connection, young: int = YOUNG) -> tuple[UUID, UUID]:
    organisation_id, webhook_id = uuid4(), uuid4()
    await owner.execute("insert into outbox.checkpoint values ($1, 0)", organisation_id)
    await owner.execute(
        "insert into outbox.endpoint (organisation_id, webhook_id) values ($1, $2)", organisation_id, webhook_id
    )
    await owner.execute(FILL, organisation_id, webhook_id, young + OLD, OLD)
    await owner.execute("analyze outbox.delivery, outbox.event, outbox.attempt")
    return organisation_id, webhook_id


async def left(owner: Connection, organisation_id: UUID) -> list[int]:
    tables = ("event", "delivery", "attempt")
    counted = [f"(select count(*) from outbox.{one} where organisation_id = $1)" for one in tables]
    row = await owner.fetchrow(f"select {', '.join(counted)}", organisation_id)
    return list(row or ())


async def read(owner: Connection) -> int:
    await owner.execute("select pg_stat_clear_snapshot()")
    return await owner.fetchval(READ)


async def test_what_ended_long_ago_goes_and_nothing_else(
    world: Sending, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.outbox, "MOST_SWEPT", SWEPT)
    organisation_id, webhook_id = await filled(owner, 1_000)
    await owner.execute(
        "update outbox.delivery set state = 'DUE', ended_at = null where webhook_id = $1 and sequence = 5", webhook_id
    )
    await world.outbox.clean()
    assert await left(owner, organisation_id) == [1_001, 1_001, 1_001]
    await world.outbox.clean()
    assert await left(owner, organisation_id) == [1_001, 1_001, 1_001]


async def test_cleaning_reads_little_beside_what_it_lets_go(world: Sending, owner: Connection) -> None:
    organisation_id, _ = await filled(owner)
    await owner.execute("select pg_stat_force_next_flush()")
    before = await read(owner)
    async with world.database.work.acquire() as connection:  # a connection tells what it read when it is idle
        await connection.execute("select pg_stat_force_next_flush()")
    await world.outbox.clean()
    for _ in range(8):
        async with world.database.work.acquire() as connection:
            await connection.execute("select pg_stat_force_next_flush()")
    came = await read(owner) - before
    assert await left(owner, organisation_id) == [YOUNG, YOUNG, YOUNG]
    assert 3 * OLD <= came < YOUNG


async def test_cleaning_waits_for_nobody(world: Sending, owner: Connection) -> None:
    organisation_id, webhook_id = await filled(owner, 10)
    async with owner.transaction():
        await owner.execute("select from outbox.delivery where webhook_id = $1 and sequence = 9 for update", webhook_id)
        await world.outbox.clean()
        assert (await left(owner, organisation_id))[1] == 11
    await world.outbox.clean()
    assert await left(owner, organisation_id) == [10, 10, 10]


def resident() -> float:
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 2**20


async def test_a_pile_of_what_is_due_costs_no_memory_and_no_receiver_more_than_its_share(
    world: Sending, owner: Connection
) -> None:
    async with receiving() as receiver:
        webhook_id = await world.subscribe(f"http://127.0.0.1:{receiver.port}/ok")
        await world.out()
        await owner.execute(PILE, world.organisation_id, webhook_id, DUE)
        await owner.execute("update outbox.endpoint set due_at = now() where webhook_id = $1", webhook_id)
        deliverer = Deliverer(world.database, world.ledger, Post(reach_of(AT_HOME)))
        await deliverer.start()
        before = 0.0
        try:
            async with asyncio.timeout(60):
                while len(receiver.received) < SENT:
                    await asyncio.sleep(0.02)
                    if not before and len(receiver.received) > SENT // 4:
                        before = resident()
        finally:
            grown = resident() - before
            await deliverer.stop()
        assert before
        assert grown < MOST_MIB
        assert receiver.connections <= MOST_OF_EACH
