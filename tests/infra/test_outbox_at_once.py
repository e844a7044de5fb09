"""What the outbox makes is on its way at once where nothing stands before it, and is the same whenever it is made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

import infra.outbox
import infra.projector
from domain.organisation import GrantRole
from domain.people import RegisterPerson
from domain.subscribing import PauseWebhook, ReviseWebhook
from domain.tasks import CommitTask
from domain.values import Role
from domain.visibility import SetVisibility, Visibility
from infra.database import Database
from infra.deliverer import LEASE_SECONDS, MOST_OF_EACH, Claimed, claimed_of
from infra.outbox import Outbox
from infra.posting import Answer
from tests.infra.sending import DUE, Sending, sending

GOOD = Answer(result="accepted", status=200, milliseconds=1.0)
BAD = Answer(result="answered", status=500, milliseconds=1.0)


@dataclass(slots=True)
class Taking:
    """A sender that keeps what it is given."""

    most: int = 100
    taken: list[Claimed] = field(default_factory=list[Claimed])
    woken: int = 0

    def room(self) -> tuple[int, int, float]:
        return self.most, MOST_OF_EACH, LEASE_SECONDS

    def send_now(self, taken: Sequence[Any]) -> None:
        self.taken += claimed_of(taken)

    def wake(self) -> None:
        self.woken += 1


def at_once(world: Sending, most: int = 100) -> Taking:
    sender = Taking(most)
    world.outbox = Outbox(world.database, world.positions, sender)
    world.outbox.made.append(sender.wake)
    return sender


async def states(world: Sending, webhook_id: UUID) -> str:
    """The first letter of each delivery's state."""
    return "".join(row["state"][0] for row in await world.deliveries(webhook_id))


async def test_what_is_made_is_taken_as_a_claim_would_take_it(database: Database) -> None:
    async with sending(database) as world:
        sender = at_once(world)
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.out()
        await world.milestone()
        await world.out()
        (at_first,) = sender.taken
        assert (sender.woken, await states(world, webhook)) == (0, "S")
        assert await world.deliverer.take(10) == []
        await world.deliverer.release([at_first.lease], 0.0)
        (claimed,) = await world.deliverer.take(10)
        told = {
            name: getattr(claimed, name) for name in Claimed.__struct_fields__ if name not in {"lease", "claimed_at"}
        }
        assert told == {name: getattr(at_first, name) for name in told}
        await world.deliverer.finish([(claimed, GOOD)])
        assert await states(world, webhook) == "A"


@pytest.mark.parametrize(("ordered", "taken"), [(False, MOST_OF_EACH), (True, 1)])
async def test_no_more_are_taken_than_one_receiver_bears(database: Database, ordered: bool, taken: int) -> None:
    async with sending(database) as world:
        sender = at_once(world)
        webhook = await world.subscribe(kinds=("milestone.*",), ordered=ordered)
        await world.out()
        for n in range(MOST_OF_EACH + 3):
            await world.milestone(f"Stone {n}")
        await world.out()
        await world.milestone("Another one")
        await world.out()
        assert [one.sequence for one in sender.taken] == list(range(1, taken + 1))
        assert sender.woken > 0
        assert await world.deliverer.take(100) == []
        await world.deliverer.finish([(one, GOOD) for one in sender.taken])
        left: list[int] = []
        while claimed := await world.deliverer.take(100):
            left += [one.sequence for one in claimed]
            await world.deliverer.finish([(one, GOOD) for one in claimed])
        assert left == list(range(taken + 1, MOST_OF_EACH + 5))
        assert set(await states(world, webhook)) == {"A"}


async def test_nothing_overtakes_what_is_due_nor_goes_where_nobody_answers(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.milestone("Due before")
        await world.out()
        sender = at_once(world)
        await world.milestone("Behind it")
        await world.out()
        assert (sender.taken, await states(world, webhook)) == ([], "DD")
        both = await world.deliverer.take(10)
        await world.deliverer.finish([(one, BAD) for one in both])  # to be tried later
        await world.milestone("While it fails")
        await world.milestone("While it fails, too")
        await world.out()
        assert ([one.sequence for one in sender.taken], await states(world, webhook)) == ([3], "DDSD")
        async with database.owner_connection() as connection:
            await connection.execute("update outbox.endpoint set open_until = now() + interval '1 hour', due_at = null")
        await world.deliverer.finish([(sender.taken.pop(), BAD)])
        await world.milestone("While it rests")
        await world.out()
        assert sender.taken == []


async def test_more_than_there_is_room_for_waits_for_a_claim(database: Database) -> None:
    async with sending(database) as world:
        sender = at_once(world, most=1)
        webhooks = [await world.subscribe(kinds=("milestone.*",)) for _ in range(2)]
        await world.out()
        await world.milestone()
        await world.out()
        assert (sender.taken, sender.woken) == ([], 1)
        assert {one.webhook_id for one in await world.deliverer.take(10)} == set(webhooks)


async def test_nothing_is_taken_for_a_webhook_that_has_come_to_rest_since(database: Database) -> None:
    async with sending(database) as world:
        sender = at_once(world)
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.out()
        await world.milestone()
        await world.telling.tell(PauseWebhook(webhook_id=webhook, reason="Holidays"))
        await world.out()
        assert (sender.taken, await states(world, webhook)) == ([], "D")


async def test_r15_what_is_taken_at_once_is_veiled_like_what_is_claimed(database: Database) -> None:
    async with sending(database) as world:
        sender = at_once(world)
        reader = uuid4()
        await world.telling.tell(RegisterPerson(person_id=reader, name="Ben"))
        await world.telling.tell(GrantRole(person_id=reader, granted_role=Role.MEMBER))
        await world.subscribe(by=reader)
        await world.telling.tell(SetVisibility(outcome_id=world.outcome_id, visibility=Visibility.NAMED))
        await world.out()
        sender.taken.clear()
        await world.milestone()
        await world.telling.tell(CommitTask(task_id=uuid4(), title="Own", due_on=DUE, outcome_id=world.outcome_id))
        await world.out()
        assert [(one.kind, one.veiled) for one in sender.taken] == [("commitment.made", True)]


async def test_what_is_made_again_from_the_ledger_has_its_former_id(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        for n in range(3):
            await world.milestone(f"Stone {n}")
        await world.out()
        first = await world.deliveries(webhook)
        async with database.owner_connection() as connection, connection.transaction():  # as when a crash takes it back
            of = "where organisation_id = $1"
            await connection.execute(f"delete from outbox.delivery {of} and sequence > 1", world.organisation_id)
            await connection.execute(f"delete from outbox.event {of} and position > $2", world.organisation_id,
                                     first[0]["position"])  # fmt: skip
            await connection.execute(f"update outbox.endpoint set sequence = 1 {of}", world.organisation_id)
            await connection.execute(f"update outbox.checkpoint set position = $2 {of}", world.organisation_id,
                                     first[0]["position"])  # fmt: skip
        await world.out()
        second = await world.deliveries(webhook)
        told = [(row["message_id"], row["sequence"], row["epoch"]) for row in first]
        assert [(row["message_id"], row["sequence"], row["epoch"]) for row in second] == told
        assert len({row["message_id"] for row in first}) == 3


async def following(world: Sending) -> Taking:
    """The projector brings the outbox along, and nobody else does."""
    sender = at_once(world)
    await world.outbox.awake()
    world.projector.follower = world.outbox
    return sender


async def test_the_read_models_bring_the_outbox_along(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.out()
        sender = await following(world)
        await world.milestone()
        await world.projected()
        assert ([one.sequence for one in sender.taken], await states(world, webhook)) == ([1], "S")
        assert await world.outbox.advance(world.organisation_id)
        assert await states(world, webhook) == "S"


async def test_what_is_wanted_of_webhooks_is_left_to_the_outbox(database: Database) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.out()
        sender = await following(world)
        await world.telling.tell(
            ReviseWebhook(webhook_id=webhook, receiver="http://127.0.0.1:9/", kinds=("outcome.*",))
        )
        await world.projected()
        await world.milestone()  # behind it
        await world.projected()
        assert sender.taken == []
        await world.out()
        assert (sender.taken, await states(world, webhook)) == ([], "")
        assert (await world.endpoint(webhook))["epoch"] == 2
        await world.milestone("Not of its kinds any more")
        await world.projected()
        assert (sender.taken, await world.outbox.advance(world.organisation_id)) == ([], True)


async def test_much_at_once_is_left_to_the_outbox(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.projector, "MOST_LED", 0)
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.out()
        sender = await following(world)
        await world.milestone()
        await world.projected()
        assert (sender.taken, await states(world, webhook)) == ([], "")
        await world.out()
        assert ([one.sequence for one in sender.taken], await states(world, webhook)) == ([1], "S")


async def test_an_outbox_that_fails_holds_up_no_read_model(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sending(database) as world:
        webhook = await world.subscribe(kinds=("milestone.*",))
        await world.out()
        sender = await following(world)

        def broken(_: object) -> list[list[Any]]:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(infra.outbox, "told_of", broken)
            await world.milestone()
            await world.projected()
        assert sender.taken == []
        await world.out()
        assert ([one.sequence for one in sender.taken], await states(world, webhook)) == ([1], "S")
