"""The outbox: which public events become deliveries to whom, each once, numbered without a gap."""

import asyncio
from uuid import UUID, uuid4

import pytest

import infra.outbox
from domain.leaving import DeactivatePerson
from domain.milestones import MarkMilestone
from domain.organisation import GrantRole
from domain.outcomes import SetOutcome
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.subscribing import (
    PauseWebhook,
    Redeliver,
    RemoveWebhook,
    ResumeWebhook,
    ReviseWebhook,
    SubscribeWebhook,
    TestWebhook,
)
from domain.tasks import CommitTask, DeliverTask
from domain.values import Role
from domain.visibility import SetVisibility, Visibility
from domain.webhooks import Missed
from infra.database import Database
from infra.deliverer import body_of
from infra.outbox import Outbox
from infra.positions import Positions
from tests.infra.sending import DUE, Sending, founded, sending


async def test_what_matches_is_numbered_from_one_and_nothing_from_before(database: Database) -> None:
    async with sending(database) as world:
        await world.milestone("Before")
        everything, some = await world.subscribe(), await world.subscribe(kinds=("milestone.reached", "commitment.*"))
        one = await world.milestone()
        await world.telling.tell(MarkMilestone(milestone_id=one))
        task = uuid4()
        await world.telling.tell(CommitTask(task_id=task, title="Own", due_on=DUE, outcome_id=world.outcome_id))
        await world.telling.tell(DeliverTask(task_id=task))
        await world.out()
        chosen = ["milestone.reached", "commitment.made", "commitment.delivered", "commitment.kept"]
        assert await world.kinds(everything) == ["milestone.set", *chosen]
        assert await world.kinds(some) == chosen
        assert [row["sequence"] for row in await world.deliveries(some)] == [1, 2, 3, 4]


async def test_many_outboxes_make_each_delivery_once(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        others = [Outbox(database, Positions()) for _ in range(4)]
        for n in range(30):
            await world.milestone(f"Stone {n}")
            if n % 5 == 0:
                await asyncio.gather(*(one.advance(world.organisation_id) for one in others))
        await world.out()
        rows = await world.deliveries(webhook)
        assert [row["sequence"] for row in rows] == list(range(1, 31))
        assert len({(row["position"], row["nth"]) for row in rows}) == 30
        assert len({row["message_id"] for row in rows}) == 30


async def test_a_team_means_those_below_and_an_outcome_itself(database: Database) -> None:
    async with sending(database) as world:
        upper, lower, other, member, outcome = (uuid4() for _ in range(5))
        tell = world.telling.tell
        await tell(FormTeam(team_id=upper, name="Upper"))
        await tell(FormTeam(team_id=lower, name="Lower", parent_id=upper))
        await tell(FormTeam(team_id=other, name="Other"))
        await tell(RegisterPerson(person_id=member, name="Ben"))
        await tell(JoinTeam(team_id=lower, person_id=member))
        of_upper, of_other = await world.subscribe(team_id=upper), await world.subscribe(team_id=other)
        of_outcome = await world.subscribe(outcome_id=world.outcome_id)
        await tell(SetOutcome(outcome_id=outcome, title="Theirs", team_id=lower))
        await tell(CommitTask(task_id=uuid4(), title="Own", due_on=DUE, serves_nothing="A favour."), by=member)
        await world.milestone()
        await world.out()
        assert await world.kinds(of_upper) == ["outcome.set", "commitment.made"]
        assert await world.kinds(of_other) == []
        assert await world.kinds(of_outcome) == ["milestone.set"]


async def _member(world: Sending) -> UUID:
    member = uuid4()
    await world.telling.tell(RegisterPerson(person_id=member, name="Ben"))
    return member


async def test_r15_what_somebody_may_not_see_is_not_sent_to_them(database: Database) -> None:
    async with sending(database) as world:
        member = await _member(world)
        theirs, owners = await world.subscribe(by=member), await world.subscribe()
        narrow = await world.subscribe(by=member, outcome_id=world.outcome_id)
        hide = SetVisibility(outcome_id=world.outcome_id, visibility=Visibility.OWNER_AND_LEADS)
        await world.telling.tell(hide)
        await world.milestone()
        await world.telling.tell(
            CommitTask(task_id=uuid4(), title="For it", due_on=DUE, outcome_id=world.outcome_id, beneficiary_id=member)
        )
        await world.out()
        assert await world.kinds(owners) == ["milestone.set", "commitment.made"]
        assert await world.kinds(theirs) == ["commitment.made"]
        assert await world.kinds(narrow) == []  # or it would say what the promise serves
        taken = {one.webhook_id: one for one in await world.deliverer.take(10) if one.kind == "commitment.made"}
        assert str(world.outcome_id).encode() not in body_of(taken[theirs], "")
        assert str(world.outcome_id).encode() in body_of(taken[owners], "")


async def test_nothing_goes_to_somebody_who_has_left(database: Database) -> None:
    async with sending(database) as world:
        member = await _member(world)
        webhook = await world.subscribe(by=member)
        await world.telling.tell(DeactivatePerson(person_id=member, reason="Moved."))
        await world.milestone()
        await world.out()
        assert await world.kinds(webhook) == []


@pytest.mark.parametrize("missed", list(Missed))
async def test_what_was_missed_in_a_pause_is_sent_or_skipped_as_asked(database: Database, missed: Missed) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.milestone("First")
        await world.telling.tell(PauseWebhook(webhook_id=webhook))
        await world.milestone("Missed")
        await world.milestone("Missed too")
        await world.out()
        assert len(await world.deliveries(webhook)) == 1
        assert await world.deliverer.take(10) == []
        await world.telling.tell(ResumeWebhook(webhook_id=webhook, missed=missed))
        await world.milestone("Last")
        await world.out()
        rows = await world.deliveries(webhook)
        assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
        if missed is Missed.SEND:
            assert [(row["state"], row["epoch"]) for row in rows] == [("DUE", 1)] * 4
        else:
            assert [(row["state"], row["epoch"]) for row in rows] == [("EXHAUSTED", 1), ("DUE", 2)]


async def test_another_filter_begins_another_epoch(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("cycle.*",))
        await world.milestone("Not meant")
        await world.telling.tell(ReviseWebhook(webhook_id=webhook, kinds=("milestone.*",)))
        await world.milestone("Meant")
        await world.out()
        assert [(row["kind"], row["sequence"], row["epoch"]) for row in await world.deliveries(webhook)] == [
            ("milestone.set", 1, 2)
        ]


async def test_a_replay_begins_before_the_webhook_and_keeps_the_ids_of_what_was_sent(database: Database) -> None:
    async with sending(database) as world:
        await world.milestone("Long before")
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.milestone("Sent")
        await world.out()
        (sent,) = await world.deliveries(webhook)
        await world.telling.tell(Redeliver(webhook_id=webhook, since_position=1))
        await world.milestone("After")
        await world.out()
        rows = await world.deliveries(webhook)
        assert [row["sequence"] for row in rows] == [1, 2, 3]
        assert rows[0]["message_id"] == sent["message_id"]
        at: int = sent["position"]
        assert [row["position"] for row in rows] == [at, at + 2, at - 2]  # what is new waits for no replay


async def replayed(world: Sending) -> UUID:
    """A webhook that is to be sent ten milestones of before it."""
    for n in range(10):
        await world.milestone(f"Before {n}")
    webhook = await world.subscribe(kinds=("milestone.*",))
    await world.out()
    await world.telling.tell(Redeliver(webhook_id=webhook, since_position=1))
    await world.projected()
    return webhook


async def test_a_long_replay_goes_a_stretch_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.outbox, "MOST_EVENTS", 3)
    async with sending(database) as world:
        webhook = await replayed(world)
        stretches = 0
        while not await world.outbox.advance(world.organisation_id):
            stretches += 1
            if stretches == 3:
                await world.milestone("Meanwhile")
                await world.projected()
        rows = await world.deliveries(webhook)
        assert [row["sequence"] for row in rows] == list(range(1, 12))
        assert len({row["position"] for row in rows}) == 11
        late = max(rows, key=lambda row: row["position"])
        assert late["sequence"] < 11  # the new one did not wait for all that was before
        assert stretches > 4
        assert await world.outbox.advance(world.organisation_id)


async def test_a_replay_that_was_broken_off_is_found_again_and_ends_with_its_webhook(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infra.outbox, "MOST_EVENTS", 3)
    async with sending(database) as world:
        webhook = await replayed(world)
        await world.outbox.advance(world.organisation_id)
        await world.outbox.advance(world.organisation_id)
        assert world.organisation_id in await world.outbox.restless()
        await world.telling.tell(RemoveWebhook(webhook_id=webhook))
        await world.out()
        assert world.organisation_id not in await world.outbox.restless()
        assert {row["state"] for row in await world.deliveries(webhook)} <= {"EXHAUSTED"}


async def test_a_trial_goes_to_the_one_that_is_tried_whatever_its_filter(database: Database) -> None:
    async with sending(database) as world:
        tried, other = await world.subscribe(kinds=("cycle.*",)), await world.subscribe()
        await world.telling.tell(TestWebhook(webhook_id=tried))
        await world.out()
        assert await world.kinds(tried) == ["webhook.test"]
        assert await world.kinds(other) == []


async def test_a_removed_one_gets_nothing_not_even_what_waits(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe()
        await world.milestone()
        await world.out()
        await world.telling.tell(RemoveWebhook(webhook_id=webhook))
        await world.milestone()
        await world.out()
        assert [row["state"] for row in await world.deliveries(webhook)] == ["EXHAUSTED"]
        assert await world.deliverer.take(10) == []


async def test_an_organisation_without_a_webhook_has_no_outbox(database: Database) -> None:
    async with sending(database) as world:
        await world.milestone()
        await world.out()
        async with database.owner_connection() as connection:
            counted = "select count(*) from outbox.event where organisation_id = $1"
            assert await connection.fetchval(counted, world.organisation_id) == 0


async def test_another_life_of_the_server_begins_another_epoch(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe()
        await world.milestone()
        await world.out()
        await world.outbox.live()
        assert not await world.outbox.live()
        async with database.owner_connection() as connection:  # as after a restore to an older point
            await connection.execute("update outbox.life set timeline = timeline - 1")
        assert await world.outbox.live()
        assert not await world.outbox.live()
        await world.milestone()
        await world.out()
        first, second = await world.deliveries(webhook)
        assert (first["sequence"], second["sequence"]) == (1, 2)
        assert second["epoch"] > first["epoch"] + 1_000_000  # than any that the life before may have come to


async def test_an_id_that_another_organisation_has_chosen_reaches_nothing_of_theirs(database: Database) -> None:
    async with sending(database) as first:
        webhook = await first.subscribe(kinds=("milestone.*",))
        await first.milestone("Theirs")
        await first.out()
        second = Sending(await founded(first.ledger), first.ledger, database, first.positions, first.projector,
                         first.outbox, first.deliverer)  # fmt: skip
        await second.telling.tell(GrantRole(person_id=second.telling.person_id, granted_role=Role.OWNER))
        await second.telling.tell(SetOutcome(outcome_id=second.outcome_id, title="Slower"))
        await second.telling.tell(
            SubscribeWebhook(webhook_id=webhook, receiver="http://127.0.0.1:10/", secret_id=uuid4())
        )
        await second.milestone("Not theirs")
        await second.out()
        (claimed,) = await first.deliverer.take(10)
        assert (claimed.organisation_id, claimed.receiver) == (first.organisation_id, "http://127.0.0.1:9/")
        assert await second.deliveries(webhook) == []
