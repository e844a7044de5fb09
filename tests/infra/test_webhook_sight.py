"""What a webhook may be told of, asked anew at every step: when it is subscribed, when something happens, and when that
is sent (R15)."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from domain.carrying import CarryOverOutcome
from domain.cycles import PlanCycle
from domain.kernel import Command
from domain.leaving import DeactivatePerson
from domain.organisation import GrantRole, IssueApiKey, RevokeApiKey
from domain.outcomes import SetOutcome
from domain.people import FormTeam, RegisterPerson
from domain.subscribing import Redeliver, SubscribeWebhook
from domain.tasks import CommitTask
from domain.values import Role
from domain.visibility import SetVisibility, Visibility
from infra import api_keys
from infra.database import Database
from tests.infra.sending import DUE, Sending, sending


@pytest.fixture
async def world(database: Database) -> AsyncIterator[Sending]:
    async with sending(database) as opened:
        yield opened


async def a_member(world: Sending) -> UUID:
    member = uuid4()
    await world.telling.tell(RegisterPerson(person_id=member, name="Ben"))
    return member


async def hide(world: Sending, outcome_id: UUID | None = None) -> None:
    hidden = outcome_id or world.outcome_id
    await world.telling.tell(SetVisibility(outcome_id=hidden, visibility=Visibility.OWNER_AND_LEADS))


async def commit(world: Sending, beneficiary_id: UUID) -> None:
    task = CommitTask(
        task_id=uuid4(), title="For it", due_on=DUE, outcome_id=world.outcome_id, beneficiary_id=beneficiary_id
    )
    await world.telling.tell(task)


async def a_key(world: Sending, role: Role, person_id: UUID | None = None) -> UUID:
    key, made = uuid4(), api_keys.make()
    issue = IssueApiKey(
        api_key_id=key, name="Robot", key_role=role, person_id=person_id, lookup=made.lookup, digest=made.digest
    )
    await world.telling.tell(issue)
    return key


async def subscribe_by_key(world: Sending, key: UUID, person_id: UUID | None = None, **more: Any) -> UUID:
    webhook = uuid4()
    command = SubscribeWebhook(webhook_id=webhook, receiver="http://127.0.0.1:9/", secret_id=uuid4(), **more)
    by = f"person:{person_id}/key:{key}" if person_id else f"key:{key}"
    await world.ledger.execute(command, replace(world.telling.issued(), by=by, person_id=person_id))
    return webhook


async def sent(world: Sending, webhook_id: UUID) -> list[str]:
    """The kinds that go out to a webhook now, the first first."""
    kinds: list[str] = []
    while taken := await world.deliverer.take(100):
        kinds += [one.kind for one in taken if one.webhook_id == webhook_id]
    return kinds


async def test_r15_a_hidden_outcome_is_not_found_by_the_promises_that_serve_it(world: Sending) -> None:
    member, team = await a_member(world), uuid4()
    await world.telling.tell(FormTeam(team_id=team, name="Secret"))
    other = uuid4()
    await world.telling.tell(SetOutcome(outcome_id=other, title="Theirs", team_id=team))
    of_outcome = await world.subscribe(by=member, outcome_id=world.outcome_id)
    of_team = await world.subscribe(by=member, team_id=team)
    owners = await world.subscribe(outcome_id=world.outcome_id)
    await hide(world)
    await hide(world, other)
    await commit(world, member)
    await world.telling.tell(
        CommitTask(task_id=uuid4(), title="For it", due_on=DUE, outcome_id=other, beneficiary_id=member)
    )
    await world.out()
    assert await world.kinds(of_outcome) == []
    assert await world.kinds(of_team) == []
    assert await world.kinds(owners) == ["commitment.made"]


async def test_r15_what_was_hidden_after_it_was_made_ready_is_not_sent(world: Sending) -> None:
    member = await a_member(world)
    webhook = await world.subscribe(by=member, ordered=True)
    await world.milestone()
    await commit(world, member)
    await world.out()
    await hide(world)
    await world.out()
    assert await sent(world, webhook) == ["commitment.made"]
    rows = await world.deliveries(webhook)
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("milestone.set", "EXHAUSTED"),
        ("commitment.made", "SENT"),
    ]
    async with world.database.owner_connection() as connection:
        told = await connection.fetch("select result from outbox.attempt where webhook_id = $1", webhook)
    assert [row["result"] for row in told] == ["withheld"]


async def test_r15_a_replay_brings_nothing_hidden_back(world: Sending) -> None:
    member = await a_member(world)
    webhook = await world.subscribe(by=member)
    await world.milestone()
    await world.out()
    (taken,) = await world.deliverer.take(10)
    assert not taken.veiled
    async with world.database.owner_connection() as connection:
        await connection.execute("update outbox.delivery set state = 'ACCEPTED', ended_at = now()")
    await hide(world)
    await world.telling.tell(Redeliver(webhook_id=webhook, sequence=1), by=member)
    await world.telling.tell(Redeliver(webhook_id=webhook, since_position=1), by=member)
    await world.out()
    assert await sent(world, webhook) == []


async def test_r15_what_is_told_of_something_open_names_nothing_hidden(world: Sending) -> None:
    member, second, now, later = await a_member(world), uuid4(), uuid4(), uuid4()
    tell = world.telling.tell
    await tell(PlanCycle(cycle_id=now, title="Now", starts_on=date(2026, 1, 1), ends_on=date(2099, 6, 30)))
    await tell(PlanCycle(cycle_id=later, title="Later", starts_on=date(2099, 7, 1), ends_on=date(2099, 12, 31)))
    first = uuid4()
    await tell(SetOutcome(outcome_id=first, title="Open", owner_id=world.telling.person_id, cycle_id=now))
    theirs, owners = (
        await world.subscribe(by=member, kinds=("outcome.carried_over",)),
        await world.subscribe(kinds=("outcome.carried_over",)),
    )
    await tell(CarryOverOutcome(outcome_id=second, former_id=first, cycle_id=later, reason="Goes on."))
    await hide(world, second)
    await world.out()
    assert await world.kinds(owners) == ["outcome.carried_over"]
    assert await world.kinds(theirs) == []


@pytest.mark.parametrize("gone", ["the key is revoked", "the key has expired", "the person has left"])
async def test_nothing_more_goes_out_once_whoever_it_is_for_is_gone(world: Sending, gone: str) -> None:
    key = await a_key(world, Role.LEAD)
    end: Command = RevokeApiKey(api_key_id=key, reason="Leaked.")
    if gone == "the person has left":
        member = await a_member(world)
        webhook = await world.subscribe(by=member)
        end = DeactivatePerson(person_id=member, reason="Moved.")
    else:
        webhook = await subscribe_by_key(world, key)
    await world.milestone()
    await world.out()
    assert [row["state"] for row in await world.deliveries(webhook)] == ["DUE"]
    if gone == "the key has expired":
        async with world.database.owner_connection() as connection:
            await connection.execute("update read.api_key set expires_on = '2026-01-01' where id = $1", key)
    else:
        await world.telling.tell(end)
        await world.out()
    assert await sent(world, webhook) == []
    assert [row["state"] for row in await world.deliveries(webhook)] == ["EXHAUSTED"]


@pytest.mark.parametrize(("role", "seen"), [(Role.LEAD, []), (Role.OWNER, ["milestone.set"])])
async def test_r15_a_person_sees_no_more_by_a_webhook_than_by_the_key_they_subscribed_it_with(
    world: Sending, role: Role, seen: list[str]
) -> None:
    member = await a_member(world)
    await world.telling.tell(GrantRole(person_id=member, granted_role=Role.OWNER))
    webhook = await subscribe_by_key(world, await a_key(world, role, member), member)
    await hide(world)
    await world.milestone()
    await world.out()
    assert await world.kinds(webhook) == seen
