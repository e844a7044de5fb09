"""F14, F16: the clock jumps; a row of the ledger is changed, or its tail cut off, by somebody who may do all."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from infra.chain import walk
from tests.faults.conftest import Place
from tests.faults.invariants import Broken, check_all, check_ledger
from tests.faults.journal import Journal
from tests.faults.load import Load, by_desk
from tests.faults.stand import as_owner, product


async def loaded(place: Place, journal: Journal, count: int = 100) -> Load:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        async with load.running():
            await load.until_more(count)
        await check_all(place.owner, journal)
    return load


async def test_f14_a_clock_that_falls_back_lets_no_recorded_time_fall(place: Place, journal: Journal) -> None:
    async with product(place.owner, place.application) as running:
        load = Load(journal, by_desk(running.desk))
        await load.prepare()
        ahead = datetime.now(UTC) + timedelta(hours=1)
        await as_owner(place.owner, lambda c: c.execute("update ledger.heads set recorded_at = $1", ahead))
        async with load.running():
            await load.until_more(100)
        later = await as_owner(
            place.owner, lambda c: c.fetchval("select count(*) from ledger.events where recorded_at >= $1", ahead)
        )
        assert later >= 100
        await check_all(place.owner, journal)


async def test_f14_catches_a_ledger_that_trusts_its_clock(place: Place, journal: Journal) -> None:
    async def trusting(connection: asyncpg.Connection) -> None:
        text = await connection.fetchval("select pg_get_functiondef('ledger.append'::regproc)")
        assert "greatest(clock_timestamp(), v_before)" in text
        await connection.execute(text.replace("greatest(clock_timestamp(), v_before)", jumping))

    jumping = "clock_timestamp() + interval '1 hour' * (v_head % 2)"
    await as_owner(place.owner, trusting)
    with pytest.raises(Broken) as broken:
        await loaded(place, journal)
    assert broken.value.invariant == "F14"


async def test_f16_a_changed_row_breaks_the_chain_where_it_stands(place: Place, journal: Journal) -> None:
    load = await loaded(place, journal)
    struck = load.worlds[3].organisation_id

    async def change(connection: asyncpg.Connection) -> None:
        at = "where organisation_id = $1 and position = 5"
        await connection.execute(f"update ledger.events set body = replace(body, 'B', 'b') {at}", struck)
        for _ in range(2):
            broken = [(one.organisation_id, one.broken_at) for one in await walk(connection) if one.broken_at]
            assert broken == [(struck, 5)]

    await as_owner(place.owner, change)
    async with product(place.owner, place.application) as running:
        load.issue = by_desk(running.desk)
        async with load.running():
            await load.until_more(50)
    [still] = await as_owner(place.owner, lambda c: walk(c, struck))
    assert still.broken_at == 5
    assert "position 5 does not hold" in still.sentence
    with pytest.raises(Broken, match="I4"):
        await check_ledger(place.owner, journal)


@pytest.mark.parametrize("hidden", [False, True])
async def test_f16_a_tail_cut_off_is_missed(place: Place, journal: Journal, hidden: bool) -> None:
    """By the chain, and where the head was set back with it, by what is kept outside: the journal, one day a signed
    head."""
    load = await loaded(place, journal)
    struck = load.worlds[2].organisation_id

    async def cut(connection: asyncpg.Connection) -> tuple[int, int | None]:
        last = await connection.fetchval("select position from ledger.heads where organisation_id = $1", struck)
        await connection.execute("delete from ledger.events where organisation_id = $1 and position = $2", struck, last)
        if hidden:
            await connection.execute(
                "update ledger.heads h set position = e.position, hash = e.hash from ledger.events e"
                " where h.organisation_id = $1 and e.organisation_id = $1 and e.position = $2",
                struck,
                last - 1,
            )
        [walked] = await walk(connection, struck)
        return last, walked.broken_at

    last, broken_at = await as_owner(place.owner, cut)
    assert broken_at == (None if hidden else last)
    with pytest.raises(Broken, match="I1"):
        await check_ledger(place.owner, journal)
