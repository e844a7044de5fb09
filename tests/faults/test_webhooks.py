"""F5, F7, F14, F20, F23: senders, the server and the database die, stand still and lose their clocks; receivers are slow,
dead, or fail at random. Every delivery reaches every receiver that is well, signed, numbered and whole."""

import asyncio
import random
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import monotonic, time
from uuid import UUID

import aiohttp
import asyncpg
import pytest

import infra.deliverer
from infra.deliverer import MOST_OF_EACH, Claimed, Deliverer, Pace
from infra.outbox import Outbox
from infra.posting import Answer, Post
from infra.receivers import reach_of
from tests.faults.child import by_http, keys_for, served
from tests.faults.conftest import Place
from tests.faults.delivering import LEASE_SECONDS, PACE, SECONDS_TO_ANSWER
from tests.faults.hooks import AT_HOME, manners, rotate, senders, set_up
from tests.faults.invariants import Broken, check_ledger, demand
from tests.faults.journal import Journal
from tests.faults.mutants import in_one_statement, resting_alike, without_its_fence
from tests.faults.receivers import Manner, check_deliveries, receiving, until_delivered
from tests.faults.stand import as_owner, crash, eventually

ROUNDS = 3
PAIRS = 2
STONES = 30
SECONDS_TO_CLAIM = 30.0
HERD = 200
OFTEN = 20
SECONDS_TOGETHER = 0.1
MOST_TOGETHER = 30  # evenly spread over two seconds it would be ten
ACCEPTED = Answer(result="accepted", status=200, milliseconds=1.0)
SOME = [
    *((one, False) for one in (Manner.PROMPT, Manner.SLOW, Manner.SLOW, Manner.FICKLE, Manner.HANGING, Manner.DEAD)),
    *((one, True) for one in (Manner.PROMPT, Manner.SLOW)),
]


async def test_f5_kills_of_senders_server_and_database_lose_no_delivery(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    async with receiving() as receivers:
        async with set_up(place, journal, receivers, manners()) as (running, load, hooks):
            keys = await keys_for(running, [world.organisation_id for world in load.worlds])
        async with (
            served(place, tmp_path, more={"HEADWAY_DELIVERER": "false"}) as server,
            senders(place, tmp_path) as (one, other),
            aiohttp.ClientSession() as session,
        ):
            load.issue = by_http(session, server.url, keys)
            async with load.running():
                for _ in range(ROUNDS):
                    for victim in chance.sample([one, other, server, None], 4):
                        await asyncio.sleep(chance.uniform(0.5, 2.5))
                        if victim is None:
                            await crash(place.server)
                        else:
                            await victim.kill()
                            await victim.start()
                    await rotate(load, hooks)
                    await load.until_more(4, seconds=30)
            await until_delivered(place.owner, receivers, hooks)
            await check_deliveries(place.owner, receivers, hooks)
            await check_ledger(place.owner, journal)
            for child in (one, other, server):
                child.check_log()


async def sent_by_two(place: Place, journal: Journal, folder: Path, mutant: str = "", kills: int = 0) -> None:
    """For a while, by two processes; and perhaps one of them is killed now and then."""
    async with (
        receiving() as receivers,
        set_up(place, journal, receivers, SOME, organisations=2) as (_, load, hooks),
        senders(place, folder, 2, mutant) as (one, other),
    ):
        async with load.running():
            for victim in [one, other] * kills:
                await load.until_more(4)
                await victim.kill()
                await victim.start()
            await load.until_more(16)
        await until_delivered(place.owner, receivers, hooks, LEASE_SECONDS * 3)
        await check_deliveries(place.owner, receivers, hooks)


async def test_f5_catches_leases_that_nobody_heeds(place: Place, journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="I7"):
        await sent_by_two(place, journal, tmp_path, "leaseless")


async def test_f5_catches_a_checkpoint_that_is_ahead_of_its_deliveries(
    place: Place, journal: Journal, tmp_path: Path
) -> None:
    with pytest.raises(Broken, match="I7"):
        await sent_by_two(place, journal, tmp_path, "early", kills=2)


async def woken(place: Place, journal: Journal, folder: Path) -> None:
    """A sender stands still past its lease, another takes over and succeeds, and the first comes back with a failure."""
    async with (
        receiving() as receivers,
        set_up(place, journal, receivers, [(Manner.HELD, False)], organisations=1) as (_, load, (hook,)),
        senders(place, folder, 1) as (late,),
    ):
        await load.send(load.stone(load.worlds[0]))
        came = receivers.came[hook.webhook_id]
        await eventually(lambda: len(came) == 1)
        assert late.process is not None
        late.process.send_signal(signal.SIGSTOP)
        async with senders(place, folder, 1):
            receivers.let_go.set()
            await eventually(lambda: len(came) == 2, LEASE_SECONDS * 3)
            await eventually(lambda: came[1].status == 200)
            await asyncio.sleep(0.5)
            late.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(2.0)
        demand(len(came) == 2, "F7", f"sent {len(came)} times: who had lost the lease changed what came of it")
        states = await as_owner(
            place.owner,
            lambda c: c.fetch(
                "select d.state, count(a.*) from outbox.delivery d left join outbox.attempt a"
                " using (webhook_id, sequence) group by d.webhook_id, d.sequence"
            ),
        )
        demand([tuple(row) for row in states] == [("ACCEPTED", 1)], "F7", f"{states}")


async def test_f7_who_wakes_after_its_lease_changes_nothing(place: Place, journal: Journal, tmp_path: Path) -> None:
    await woken(place, journal, tmp_path)


async def test_f7_catches_what_is_written_down_without_a_fence(place: Place, journal: Journal, tmp_path: Path) -> None:
    await without_its_fence(place)
    with pytest.raises(Broken, match="F7"):
        await woken(place, journal, tmp_path)


async def raced(place: Place, journal: Journal) -> None:
    """Many claim at once, again and again; none may hold what another holds, nor more of a webhook than it bears."""
    wanted = [(Manner.PROMPT, n % 2 == 0) for n in range(40)]
    async with (
        receiving() as receivers,
        set_up(place, journal, receivers, wanted, organisations=1) as (running, load, hooks),
        Post(reach_of(AT_HOME)) as post,
    ):
        outbox = Outbox(running.database, running.projector.positions)
        organisation_id = load.worlds[0].organisation_id
        for _ in range(STONES):
            await load.send(load.stone(load.worlds[0]))
        position = max(one.position for entry in journal.entries.values() for one in entry.acknowledged)
        assert await running.projector.positions.wait(organisation_id, position, 20)
        while not await outbox.advance(organisation_id):
            pass
        bears = {hook.webhook_id: 1 if hook.ordered else MOST_OF_EACH for hook in hooks}
        held: Counter[UUID] = Counter()
        claimed: set[tuple[UUID, int]] = set()
        until = monotonic() + SECONDS_TO_CLAIM

        async def claim(deliverer: Deliverer) -> None:
            while len(claimed) < STONES * len(hooks):
                demand(monotonic() < until, "I7", f"{STONES * len(hooks) - len(claimed)} are never claimed")
                taken = await deliverer.take(20)
                for one in taken:
                    held[one.webhook_id] += 1
                    most, new = bears[one.webhook_id], (one.webhook_id, one.sequence) not in claimed
                    demand(new, "I7", f"{one.webhook_id} {one.sequence} is held by two")
                    demand(
                        held[one.webhook_id] <= most, "I7", f"{held[one.webhook_id]} on their way where {most} may be"
                    )
                    claimed.add((one.webhook_id, one.sequence))
                await asyncio.sleep(0)
                held.subtract(one.webhook_id for one in taken)
                if taken:
                    await deliverer.finish([(one, ACCEPTED) for one in taken])

        await asyncio.gather(*(claim(Deliverer(running.database, running.ledger, post)) for _ in range(6)))


async def test_f5_many_claim_at_once_and_none_too_much(place: Place, journal: Journal) -> None:
    await raced(place, journal)


async def test_f5_catches_a_claim_that_looks_before_it_holds(place: Place, journal: Journal) -> None:
    await in_one_statement(place)
    with pytest.raises(Broken, match="I7"):
        await raced(place, journal)


async def test_f20_who_is_well_is_not_kept_waiting_by_who_is_not(
    place: Place, journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        receiving() as receivers,
        set_up(place, journal, receivers, manners()) as (_, load, hooks),
        senders(place, tmp_path, 1),
    ):
        well = [one.webhook_id for one in hooks if one.manner is Manner.PROMPT]
        delays: dict[bool, list[float]] = {True: [], False: []}
        async with load.running():
            await load.until_more(8)
            for peaceful in [True, False] * PAIRS:
                receivers.peaceful = peaceful
                before = {one: len(receivers.came[one]) for one in well}
                await load.until_more(16, 30)
                came = [arrival.delay for one in well for arrival in receivers.came[one][before[one] :]]
                delays[peaceful].append(median(came))
        ratio = median(delays[False]) / median(delays[True])
        with capsys.disabled():
            print(f"\n{len(hooks)} webhooks: {ratio:.2f} times the delay, {median(delays[False]) * 1e3:.0f} ms")  # noqa: T201 - the figures
        demand(ratio <= 2, "F20", f"those that are well wait {ratio:.2f} times as long")
        await until_delivered(place.owner, receivers, hooks)
        await check_deliveries(place.owner, receivers, hooks)


async def herd(place: Place, journal: Journal, pace: Pace, failures: int = 0) -> None:
    """Two hundred receivers fail at the same moment, perhaps after others; what comes back does not come back
    together."""
    wanted = [(Manner.DEAD, False)] * (HERD // 2)
    async with (
        receiving() as receivers,
        set_up(place, journal, receivers, wanted, organisations=2) as (running, load, hooks),
        Post(reach_of(AT_HOME)) as post,
    ):
        outbox = Outbox(running.database, running.projector.positions)
        for world in load.worlds:
            await load.send(load.stone(world))
        deliverer = Deliverer(running.database, running.ledger, post, pace=pace)
        taken: list[Claimed] = []
        async with asyncio.timeout(30):
            while len(taken) < len(hooks):
                for world in load.worlds:
                    await outbox.advance(world.organisation_id)
                taken += await deliverer.take(HERD)
        often = "update outbox.endpoint set tries = $1, failures = $1, window_at = now()"
        await as_owner(place.owner, lambda c: c.execute(often, failures))
        await deliverer.finish([(one, Answer(result="refused", milliseconds=1.0)) for one in taken])
        due = await as_owner(
            place.owner, lambda c: c.fetch("select extract(epoch from due_at)::float8 from outbox.endpoint order by 1")
        )
        moments = [moment for (moment,) in due]
        most = max(sum(moment <= one < moment + SECONDS_TOGETHER for one in moments) for moment in moments)
        demand(most <= MOST_TOGETHER, "F23", f"{most} of {len(moments)} come back within {SECONDS_TOGETHER} s")


async def test_f23_what_failed_together_does_not_come_back_together(place: Place, journal: Journal) -> None:
    await herd(place, journal, Pace())


async def test_f23_what_rests_together_does_not_come_back_together(place: Place, journal: Journal) -> None:
    await herd(place, journal, Pace(), OFTEN)


async def test_f23_catches_rests_that_are_all_alike(place: Place, journal: Journal) -> None:
    await resting_alike(place)
    with pytest.raises(Broken, match="F23"):
        await herd(place, journal, Pace(), OFTEN)


async def test_f23_catches_a_schedule_without_jitter(place: Place, journal: Journal) -> None:
    with pytest.raises(Broken, match="F23"):
        await herd(place, journal, Pace(jitter=(1.0, 1.0)))


async def jump(place: Place, hours: int) -> None:
    """The database's clock jumps: what it has noted for later lies elsewhere from now on."""
    back = timedelta(hours=-hours)

    async def shift(connection: asyncpg.Connection) -> None:
        async with connection.transaction():  # whoever touches deliveries has locked their webhooks first
            await connection.execute("select from outbox.endpoint order by webhook_id for update")
            await connection.execute(
                "update outbox.endpoint set due_at = due_at + $1, open_until = open_until + $1,"
                " failing_since = failing_since + $1, window_at = window_at + $1",
                back,
            )
            await connection.execute(
                "update outbox.delivery set due_at = due_at + $1, lease_until = lease_until + $1", back
            )

    await as_owner(place.owner, shift)


async def test_f14_clocks_that_jump_lose_no_delivery(
    place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's forward and back; the sender's, by which alone it dates what it signs."""
    off = 0.0
    monkeypatch.setattr(infra.deliverer, "time", lambda: time() + off)
    async with (
        receiving() as receivers,
        set_up(place, journal, receivers, SOME, organisations=2) as (running, load, hooks),
    ):
        post = Post(reach_of(AT_HOME), total=SECONDS_TO_ANSWER)
        deliverer = Deliverer(running.database, running.ledger, post, pace=PACE)
        outbox = Outbox(running.database, running.projector.positions, deliverer)
        outbox.made.append(deliverer.wake)
        outbox.start()
        await deliverer.start()
        try:
            async with load.running():
                for hours in (1, -1, 24, -24, 24):
                    await load.until_more(4)
                    await jump(place, hours)
                    off += hours * 10
                await load.until_more(4)
            await jump(place, 1)
            await until_delivered(place.owner, receivers, hooks)
        finally:
            await deliverer.stop()
            await outbox.stop()
        await check_deliveries(place.owner, receivers, hooks)
