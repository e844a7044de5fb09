"""The deliverer: every delivery arrives at least once, signed; no receiver holds up another; leases fence."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.subscribing import RotateWebhookSecret
from domain.webhooks import DisabledBecause, Mode
from infra.database import Database
from infra.deliverer import JITTER, LEASE_SECONDS, MOST_OF_EACH, WAITS, Claimed, Deliverer, finished, wait_before
from infra.posting import Answer, Post
from infra.receivers import reach_of
from infra.webhook_keys import public_key, secret_of
from infra.webhook_signing import verify
from tests.infra.hostile_receiver import HostileReceiver, receiving
from tests.infra.sending import AT_HOME, Sending, sending


@pytest.fixture
async def receiver() -> AsyncIterator[HostileReceiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def world(database: Database) -> AsyncIterator[Sending]:
    async with sending(database) as opened:
        yield opened


def url(receiver: HostileReceiver, path: str) -> str:
    return f"http://127.0.0.1:{receiver.port}{path}"


async def state_of(world: Sending, webhook_id: UUID) -> list[str]:
    return [row["state"] for row in await world.deliveries(webhook_id)]


async def test_a_delivery_arrives_signed_by_every_secret_and_key(world: Sending, receiver: HostileReceiver) -> None:
    webhook = await world.subscribe(url(receiver, "/ok"), kinds=("milestone.*",))
    await world.telling.tell(RotateWebhookSecret(webhook_id=webhook, secret_id=uuid4()))
    await world.milestone()
    await world.out()
    assert await world.send() == 1
    assert await state_of(world, webhook) == ["ACCEPTED"]
    (came,) = receiver.received
    async with world.database.owner_connection() as connection:
        row: Any = await connection.fetchrow(
            "select secret_id, former_secret_id from read.webhook where id = $1 and until is null", webhook
        )
    installation = world.database.seals.vault.secret
    headers = dict(came.headers)
    now = datetime.now(UTC).timestamp()
    for secret_id in row:
        verify(headers, came.body, [secret_of(installation, world.organisation_id, webhook, secret_id)], [], now)
    verify(headers, came.body, [], [public_key(installation, world.organisation_id)], now)
    (delivery,) = await world.deliveries(webhook)
    assert headers["webhook-id"] == f"msg_{delivery['message_id'].hex}"


async def test_a_failed_one_is_tried_again_by_the_schedule_with_the_same_id(
    world: Sending, receiver: HostileReceiver
) -> None:
    webhook = await world.subscribe(url(receiver, "/failed"))
    await world.milestone()
    await world.out()
    for attempt in range(1, len(WAITS) + 2):
        assert await world.send() == 1, attempt
        async with world.database.owner_connection() as connection:
            due = await connection.fetchval(
                "select extract(epoch from due_at - now())::float8 from outbox.delivery where webhook_id = $1", webhook
            )
            if attempt <= len(WAITS):
                least, most = (factor * WAITS[attempt - 1] for factor in JITTER)
                assert least - 2 <= due <= most
        await world.make_due(webhook)
    assert await state_of(world, webhook) == ["EXHAUSTED"]
    assert len({one.all_of("webhook-id")[0] for one in receiver.received}) == 1
    assert len({one.body for one in receiver.received}) == 1
    assert await world.send() == 0


async def test_two_never_hold_one_delivery(world: Sending) -> None:
    webhooks = [await world.subscribe(ordered=n % 2 == 0) for n in range(6)]
    for n in range(25):
        await world.milestone(f"Stone {n}")
    await world.out()
    held: Counter[tuple[UUID, int]] = Counter()
    for _ in range(6):
        taken = await asyncio.gather(*(world.deliverer.take(10) for _ in range(6)))
        held.update((one.webhook_id, one.sequence) for part in taken for one in part)
    assert max(held.values()) == 1
    by_webhook = Counter(webhook for webhook, _ in held)
    assert all(by_webhook[one] == (1 if n % 2 == 0 else MOST_OF_EACH) for n, one in enumerate(webhooks))


async def test_what_is_due_is_taken_from_all_alike(world: Sending) -> None:
    webhooks = [await world.subscribe() for _ in range(4)]
    for n in range(MOST_OF_EACH):
        await world.milestone(f"Stone {n}")
    await world.out()
    taken = Counter(one.webhook_id for one in await world.deliverer.take(12))
    assert taken == dict.fromkeys(webhooks, 3)


async def test_an_ordered_one_waits_for_the_one_before(world: Sending, receiver: HostileReceiver) -> None:
    webhook = await world.subscribe(url(receiver, "/ok"), ordered=True)
    for n in range(5):
        await world.milestone(f"Stone {n}")
    await world.out()
    (first,) = await world.deliverer.take(10)
    assert first.sequence == 1
    assert await world.deliverer.take(10) == []
    await world.deliverer.finish([(first, Answer(result="answered", status=500, milliseconds=1.0))])
    assert await world.deliverer.take(10) == []
    await world.make_due(webhook)
    for sequence in range(1, 6):
        (one,) = await world.deliverer.take(10)
        assert one.sequence == sequence
        await world.deliverer.finish([(one, Answer(result="accepted", status=200, milliseconds=1.0))])


async def test_whoever_lost_the_lease_changes_nothing(world: Sending) -> None:
    webhook = await world.subscribe()
    await world.milestone()
    await world.out()
    (late,) = await world.deliverer.take(10)
    async with world.database.owner_connection() as connection:
        await connection.execute(
            "update outbox.delivery set lease_until = now() - interval '1 s' where webhook_id = $1", webhook
        )
    await world.deliverer.reclaim()
    (again,) = await world.deliverer.take(10)
    assert (again.sequence, again.message_id) == (late.sequence, late.message_id)
    await world.deliverer.finish([(late, Answer(result="accepted", status=200, milliseconds=1.0))])
    assert await state_of(world, webhook) == ["SENT"]
    await world.deliverer.finish([(again, Answer(result="accepted", status=200, milliseconds=1.0))])
    assert await state_of(world, webhook) == ["ACCEPTED"]


async def test_who_stood_still_after_a_claim_posts_nothing_and_spends_no_try(
    world: Sending, receiver: HostileReceiver
) -> None:
    webhook = await world.subscribe(url(receiver, "/ok"))
    await world.milestone()
    await world.out()
    (one,) = await world.deliverer.take(10)
    await world.deliverer.carry(replace(one, claimed_at=one.claimed_at - LEASE_SECONDS))
    assert receiver.received == []
    (again,) = await world.deliverer.take(10)
    assert (again.sequence, again.attempt) == (1, 1)
    await world.deliverer.carry(again)
    assert len(receiver.received) == 1
    assert await state_of(world, webhook) == ["SENT"]


async def test_it_stops_though_it_is_woken_at_that_moment(world: Sending) -> None:
    deliverer = Deliverer(world.database, world.ledger, Post(reach_of(AT_HOME)))
    await deliverer.start()
    await asyncio.sleep(0.3)
    deliverer.wake()
    async with asyncio.timeout(5):
        await deliverer.stop()


async def test_what_could_not_be_tried_for_a_fault_of_our_own_spends_no_try(world: Sending) -> None:
    webhook = await world.subscribe()
    await world.milestone()
    await world.out()
    (one,) = await world.deliverer.take(10)
    await world.deliverer.release([one.lease], 0.0)
    (again,) = await world.deliverer.take(10)
    assert again.attempt == 1
    assert await state_of(world, webhook) == ["SENT"]


async def test_an_answer_that_was_on_its_way_while_somebody_was_forgotten_is_not_kept(
    world: Sending, receiver: HostileReceiver
) -> None:
    webhook = await world.subscribe(url(receiver, "/ok"))

    async def excerpts() -> list[str | None]:
        await world.milestone()
        await world.out()
        assert await world.send() == 1
        async with world.database.owner_connection() as connection:
            rows = await connection.fetch(
                "select excerpt from outbox.attempt where webhook_id = $1 order by sequence", webhook
            )
        return [row["excerpt"] for row in rows]

    assert await excerpts() == ["thank you"]
    async with world.database.owner_connection() as connection:
        await connection.execute(
            "insert into edge.forgotten (organisation_id, person_id, position, tables) values ($1, $1, 1, '{}')",
            world.organisation_id,
        )
    assert await excerpts() == ["thank you", None]


async def test_gone_is_taken_at_its_word(world: Sending, receiver: HostileReceiver) -> None:
    webhook = await world.subscribe(url(receiver, "/gone"))
    told = await world.subscribe(url(receiver, "/ok"), kinds=("webhook.*",))
    await world.milestone()
    await world.out()
    await world.send()
    assert await state_of(world, webhook) == ["EXHAUSTED"]
    await world.out()
    (note,) = await world.deliveries(told)
    assert (note["kind"], note["about_id"]) == ("webhook.disabled", webhook)
    assert DisabledBecause.GONE.value in note["data"]
    await world.milestone()
    await world.out()
    assert len(await world.deliveries(webhook)) == 1


async def test_days_of_failing_disable_and_one_success_forgives(world: Sending, receiver: HostileReceiver) -> None:
    webhook = await world.subscribe(url(receiver, "/failed"))
    for n in range(2):
        await world.milestone(f"Stone {n}")
    await world.out()
    async with world.database.owner_connection() as connection:
        await connection.execute(
            "update outbox.endpoint set failed = 20, failing_since = now() - interval '6 days' where webhook_id = $1",
            webhook,
        )
    await world.send()
    await world.out()
    async with world.database.owner_connection() as connection:
        state = "select state, because from read.webhook where id = $1 and until is null"
        row: Any = await connection.fetchrow(state, webhook)
    assert tuple(row) == ("DISABLED", "FAILING")


async def test_one_that_fails_often_rests_and_spends_no_try(world: Sending, receiver: HostileReceiver) -> None:
    webhook = await world.subscribe(url(receiver, "/failed"))
    for n in range(2 * MOST_OF_EACH):
        await world.milestone(f"Stone {n}")
    await world.out()
    while await world.send():
        pass
    endpoint = await world.endpoint(webhook)
    assert endpoint["open_until"] > datetime.now(UTC) + timedelta(seconds=20)
    rows = await world.deliveries(webhook)
    assert {row["attempt"] for row in rows} == {0, 1}
    assert sum(row["attempt"] for row in rows) == len(receiver.received) < 2 * MOST_OF_EACH


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_may_ask_for_a_rest(world: Sending, status: int) -> None:
    webhook = await world.subscribe()
    await world.milestone()
    await world.out()
    (one,) = await world.deliverer.take(10)
    await world.deliverer.finish([(one, Answer(result="answered", status=status, retry_after=9.0, milliseconds=1.0))])
    endpoint = await world.endpoint(webhook)
    (row,) = await world.deliveries(webhook)
    now = datetime.now(UTC)
    assert now + timedelta(seconds=6) < row["due_at"] <= now + timedelta(seconds=10)
    assert endpoint["due_at"] >= row["due_at"]


@given(st.integers(1, len(WAITS)), st.none() | st.floats(0, 1e9))
def test_a_wait_lies_between_the_step_jittered_and_twice_the_step(attempt: int, asked: float | None) -> None:
    step = WAITS[attempt - 1]
    wait = wait_before(attempt, asked)
    assert JITTER[0] * step <= wait <= 2 * step
    assert asked is None or wait >= min(asked, 2 * step)


@given(st.integers(1, 12), st.sampled_from(["accepted", "refused", "timed_out", "tls", "not_allowed", "answered"]))
def test_a_delivery_ends_or_is_tried_again(attempt: int, result: str) -> None:
    claimed = Claimed(
        organisation_id=UUID(int=1), webhook_id=UUID(int=2), sequence=1, lease=UUID(int=3), attempt=attempt, epoch=1,
        message_id=UUID(int=4), veiled=False, position=1, kind="milestone.set", about_id=UUID(int=5),
        occurred_at=datetime.now(UTC), data="{}", receiver="", mode=Mode.THIN, person_id=None, api_key_id=None,
        secret_id=UUID(int=6), former_secret_id=None,
    )  # fmt: skip
    status = {"accepted": 200, "answered": 500}.get(result)
    told = finished(claimed, Answer(result=result, status=status, milliseconds=1.0))  # pyright: ignore[reportArgumentType]
    if result == "accepted":
        assert told.state == "ACCEPTED"
    else:
        assert told.state == ("EXHAUSTED" if attempt > len(WAITS) else "DUE")
        assert (told.wait > 0) is (told.state == "DUE")
