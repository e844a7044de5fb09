"""R5 and R6 on the real database, beside a plain model: whatever several people try with several tasks, in any order.

Both accept or refuse alike, and the read models tell what the model does, as of every position on the way.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from domain.blocks import BlockTask, UnblockTask
from domain.kernel import Command, Refused
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.promises import BlockKind
from domain.reassigning import ReassignTask, RelinkTask
from domain.tasks import (
    AcceptDelivery,
    AcceptTask,
    AgreeTerms,
    BreakCommitment,
    CommitTask,
    CounterTask,
    DeclineTask,
    DeliverTask,
    RefuseTerms,
    ReleaseTask,
    RenegotiateTask,
    RequestTask,
    ReturnDelivery,
    WithdrawRequest,
)
from infra.database import Database
from infra.embedded import EmbeddedServer
from infra.ledger import Ledger
from infra.positions import Positions
from infra.settings import Settings
from infra.timekeeper import Timekeeper
from tests.infra.at_work import Telling, founded, projecting
from tests.infra.plain_promises import Plain, Terms

TODAY = datetime.now(UTC).date()
DAYS = [TODAY + timedelta(days) for days in (-9, -1, 0, 5, 20)]
WHY = "So it is."
people, tasks, days = st.integers(0, 3), st.integers(0, 2), st.sampled_from(DAYS)


@dataclass(frozen=True)
class Choice:
    """Beside the task and the person: the day and the other person that an act may need."""

    task_id: UUID
    due: date
    to: UUID
    leads: Mapping[UUID, UUID]


Act = tuple[Callable[[Choice], Command], Callable[[Plain, UUID, Choice], bool]]
# Each act as a command, and as the plain model does it.
ACTS: dict[str, Act] = {
    "accept": (lambda c: AcceptTask(task_id=c.task_id), lambda p, who, _: p.accept(who)),
    "decline": (lambda c: DeclineTask(task_id=c.task_id, reason=WHY), lambda p, who, _: p.decline(who)),
    "counter": (lambda c: CounterTask(task_id=c.task_id, due_on=c.due), lambda p, who, c: p.counter(who, c.due)),
    "withdraw": (lambda c: WithdrawRequest(task_id=c.task_id), lambda p, who, _: p.withdraw(who)),
    "agree": (lambda c: AgreeTerms(task_id=c.task_id), lambda p, who, _: p.agree(who)),
    "refuse": (lambda c: RefuseTerms(task_id=c.task_id), lambda p, who, _: p.refuse(who)),
    "renegotiate": (
        lambda c: RenegotiateTask(task_id=c.task_id, due_on=c.due, reason=WHY),
        lambda p, who, c: p.renegotiate(who, c.due),
    ),
    "block": (
        lambda c: BlockTask(
            task_id=c.task_id, kind=BlockKind.OTHER, next_action="Wait", act_by=TODAY, waiting_for="Rain"
        ),
        lambda p, who, _: p.block(who, TODAY),
    ),
    "unblock": (lambda c: UnblockTask(task_id=c.task_id), lambda p, who, _: p.unblock(who)),
    "deliver": (lambda c: DeliverTask(task_id=c.task_id), lambda p, who, _: p.deliver(who, TODAY)),
    "take": (lambda c: AcceptDelivery(task_id=c.task_id), lambda p, who, _: p.take(who)),
    "hand back": (lambda c: ReturnDelivery(task_id=c.task_id, reason=WHY), lambda p, who, _: p.hand_back(who)),
    "release": (lambda c: ReleaseTask(task_id=c.task_id, reason=WHY), lambda p, who, _: p.release(who)),
    "give up": (lambda c: BreakCommitment(task_id=c.task_id, reason=WHY), lambda p, who, _: p.give_up(who)),
    "reassign": (
        lambda c: ReassignTask(task_id=c.task_id, promiser_id=c.to, reason=WHY),
        lambda p, who, c: p.reassign(who, c.to, c.leads),
    ),
    "relink": (
        lambda c: RelinkTask(task_id=c.task_id, serves_nothing=f"{c.due}"),
        lambda p, who, c: p.relink(who, f"{c.due}"),
    ),
}
SELDOM = frozenset({"relink", "reassign", "decline", "withdraw", "release", "give up"})
ROWS = """
select k.id, k.state, k.title, k.due_on, k.first_due_on, k.promiser_id, k.first_promiser_id, k.beneficiary_id,
       k.requester_id, k.serves_nothing,
       k.returns, k.renegotiations, k.delivered_on, k.acceptance_passed_on is not null as unanswered,
       array(select f.due_on from former_due f where f.organisation_id = $1 and f.task_id = k.id and f.since <= $2
              order by f.since) as former,
       array(select d.due_on from due_passed d where d.organisation_id = $1 and d.task_id = k.id and d.since <= $2
              order by d.since) as passed,
       (select p.state from proposed_terms p where p.organisation_id = $1 and p.task_id = k.id and p.since <= $2
         order by p.since desc limit 1) as terms_became,
       (select b.aged_on is not null from task_block b
         where b.organisation_id = $1 and b.task_id = k.id and b.since <= $2 and (b.until is null or b.until > $2)
       ) as block_aged
  from task k
 where k.organisation_id = $1 and k.since <= $2 and (k.until is null or k.until > $2)
"""


def row_of(plain: Plain) -> dict[str, Any]:
    """What the read models should tell of it."""
    return {
        "state": plain.state,
        "title": plain.terms.title,
        "due_on": plain.terms.due,
        "first_due_on": plain.first_due,
        "promiser_id": plain.promiser,
        "first_promiser_id": plain.first_promiser,
        "beneficiary_id": plain.beneficiary,
        "requester_id": plain.requester,
        "serves_nothing": plain.serves_nothing,
        "returns": plain.returns,
        "renegotiations": plain.renegotiations,
        "delivered_on": plain.delivered_on,
        "unanswered": plain.unanswered,
        "former": plain.former,
        "passed": plain.passed,
        "terms_became": plain.terms_became,
        "block_aged": plain.block_aged if plain.blocked_on else None,
    }


class Promises(RuleBasedStateMachine):
    """Four people, the last of whom leads the second and the third, and up to three tasks."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], world: "World") -> None:
        super().__init__()
        self.run = run
        self.world = world
        self.plain: dict[UUID, Plain] = {}
        self.ids = [uuid4() for _ in range(3)]
        self.past: dict[int, dict[UUID, Plain]] = {}

    @initialize()
    def meet(self) -> None:
        self.telling, self.people = self.run(self.world.peopled())
        _, ben, cat, led = self.people
        self.leads = {ben: led, cat: led}

    def tell(self, command: Command, who: UUID) -> bool:
        """Whether it was accepted."""
        try:
            accepted = self.run(self.telling.tell(command, by=who, on=TODAY))
        except Refused:
            return False
        self.position = accepted.position
        return True

    def remember(self) -> None:
        self.past[self.position] = {one: plain.copy() for one, plain in self.plain.items()}

    @precondition(lambda self: len(self.plain) < len(self.ids))
    @rule(task=tasks, who=people, of=people, to=st.none() | people, due=days)
    def request(self, task: int, who: int, of: int, to: int | None, due: date) -> None:
        one, asks, asked = self.ids[task], self.people[who], self.people[of]
        gets = None if to is None else self.people[to]
        command = RequestTask(
            task_id=one, title="Mend", due_on=due, promiser_id=asked, beneficiary_id=gets, serves_nothing=WHY
        )
        assert self.tell(command, asks) == (one not in self.plain)
        if one not in self.plain:
            self.plain[one] = Plain("REQUESTED", Terms("Mend", due), asked, gets or asks, asks, WHY, asked, due)
        self.remember()

    @precondition(lambda self: len(self.plain) < len(self.ids))
    @rule(task=tasks, who=people, to=st.none() | people, due=days)
    def commit(self, task: int, who: int, to: int | None, due: date) -> None:
        one, promises = self.ids[task], self.people[who]
        gets = promises if to is None else self.people[to]
        command = CommitTask(task_id=one, title="Mend", due_on=due, beneficiary_id=gets, serves_nothing=WHY)
        assert self.tell(command, promises) == (one not in self.plain)
        if one not in self.plain:
            self.plain[one] = Plain("COMMITTED", Terms("Mend", due), promises, gets, None, WHY, promises, due)
        self.remember()

    def alike(self, name: str, who: UUID, choice: Choice) -> None:
        make, act = ACTS[name]
        plain = self.plain.get(choice.task_id)
        wanted = plain is not None and act(plain, who, choice)
        assert self.tell(make(choice), who) == wanted, f"{name} of {plain}"
        if wanted:
            self.remember()

    def choice(self, task_id: UUID, due: date, to: int) -> Choice:
        return Choice(task_id, due, self.people[to], self.leads)

    @rule(task=tasks, who=people, name=st.sampled_from(sorted(ACTS)), due=days, to=people)
    def try_anything(self, task: int, who: int, name: str, due: date, to: int) -> None:
        self.alike(name, self.people[who], self.choice(self.ids[task], due, to))

    @precondition(lambda self: self.plain)
    @rule(data=st.data(), due=days, to=people)
    def try_what_is_not_theirs(self, data: st.DataObject, due: date, to: int) -> None:
        """Something that somebody may do now, by all others: it changes nothing, so that one tries after the other."""
        choice = self.choice(data.draw(st.sampled_from([*self.plain]), label="task"), due, to)
        may = {
            name: [who for who in self.people if act(self.plain[choice.task_id].copy(), who, choice)]
            for name, (_, act) in ACTS.items()
        }
        if theirs := [name for name, some in may.items() if some]:
            name = data.draw(st.sampled_from(theirs), label="act")
            for who in self.people:
                if who not in may[name]:
                    self.alike(name, who, choice)

    @precondition(lambda self: self.plain)
    @rule(data=st.data(), due=days, to=people, often=st.just(True) | st.booleans())
    def go_on(self, data: st.DataObject, due: date, to: int, often: bool) -> None:
        """Something that the model would accept, with some task that has not ended, where there is one."""
        choices = [self.choice(one, due, to) for one in self.plain]
        likely = [
            (name, who, choice)
            for choice in choices
            for name, (_, act) in ACTS.items()
            for who in self.people
            if act(self.plain[choice.task_id].copy(), who, choice)
        ]
        if often:  # what leads to an end, and what leads nowhere, would crowd out the rest
            likely = [one for one in likely if one[0] not in SELDOM] or likely
        if likely:
            self.alike(*data.draw(st.sampled_from(likely), label="act"))

    @rule(after=st.sampled_from([0, 3, 8, 30]))
    def time_passes(self, after: int) -> None:
        if not self.plain:
            return
        day = TODAY + timedelta(after)
        self.position = self.run(self.world.looked(self.telling.organisation_id, self.position, day))
        for plain in self.plain.values():
            plain.pass_time(day)
        self.remember()

    def teardown(self) -> None:
        """The read models tell what was, as of every position after which the model was looked at."""
        if not self.past:
            return
        for position, plain in self.past.items():
            rows = self.run(self.world.rows(self.telling.organisation_id, position, self.position))
            assert rows == {one: row_of(told) for one, told in plain.items()}, f"as of {position}"


class World:
    """A ledger with a projector at work, over the database of the tests."""

    def __init__(self, database: Database, ledger: Ledger, positions: Positions) -> None:
        self.database, self.ledger, self.positions = database, ledger, positions

    async def peopled(self) -> tuple[Telling, list[UUID]]:
        telling = await founded(self.ledger)
        others = [uuid4() for _ in range(3)]
        for one in others:
            await telling.tell(RegisterPerson(person_id=one, name="Somebody"))
        team_id = uuid4()
        await telling.tell(FormTeam(team_id=team_id, name="Two", lead_ids=(others[2],)))
        for one in others[:2]:
            await telling.tell(JoinTeam(team_id=team_id, person_id=one))
        return telling, [telling.person_id, *others]

    async def looked(self, organisation_id: UUID, position: int, day: date) -> int:
        """The timekeeper looks through the organisation on a day; how far the ledger is then."""
        assert await self.positions.wait(organisation_id, position, 10)
        moment = datetime.combine(day, time(12), UTC)
        noted = await Timekeeper(self.database, self.ledger)._look_through(organisation_id, moment)
        return position + noted

    async def rows(self, organisation_id: UUID, position: int, head: int) -> dict[UUID, dict[str, Any]]:
        assert await self.positions.wait(organisation_id, head, 10)
        async with self.database.read.of(organisation_id) as connection:
            rows = await connection.fetch(ROWS, organisation_id, position)
        return {row["id"]: {key: value for key, value in row.items() if key != "id"} for row in rows}


def hold_together(postgres: EmbeddedServer, database_name: str, how: settings) -> None:
    """The product and the plain model, side by side; fails where they differ."""

    async def opened(stack: AsyncExitStack) -> World:
        url = postgres.url(database_name), postgres.application_url(database_name)
        database = await Database.open(Settings(), *url)
        stack.push_async_callback(database.close)
        ledger, _, positions = await stack.enter_async_context(projecting(database))
        return World(database, ledger, positions)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            world = runner.run(opened(stack))

            class Machine(Promises):
                def __init__(self) -> None:
                    super().__init__(runner.run, world)

            run_state_machine_as_test(Machine, settings=how)
        finally:
            runner.run(stack.aclose())


def test_r5_r6_the_product_and_a_plain_model_agree_whatever_is_tried(
    postgres: EmbeddedServer, database_name: str
) -> None:
    many = settings().max_examples * 3  # an example of a few steps is cheap
    hold_together(postgres, database_name, settings(max_examples=many, stateful_step_count=50))
