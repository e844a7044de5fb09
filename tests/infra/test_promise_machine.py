"""R5 and R6 on the real database, beside a plain model: whatever several people try with several tasks, in any order.

Both accept or refuse alike, and the read models tell what the model does, as of every position on the way: what became
of each task, what waits for whom, what is overdue where they are, how each of them kept what was promised (R15).
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from domain.blocks import BlockTask, UnblockTask
from domain.cadence import CadenceUnit
from domain.contributing import ContributeToTask, StopContributing
from domain.kernel import Command, Issued, Refused
from domain.preferences import SetPreferences
from domain.promises import BlockKind
from domain.reassigning import ReassignTask, RelinkTask
from domain.recurrence import Recurrence
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
from domain.values import Role
from infra.embedded import EmbeddedServer
from infra.sequencer import Accepted
from tests.infra.plain_answers import Asking, kept, load, overdue, waiting
from tests.infra.plain_promises import Plain, Series, Terms
from tests.infra.promise_world import ZONE, Looking, World, opened, row_of

BEGIN = datetime.combine(datetime.now(UTC).date() - timedelta(300), time(6), UTC)
END = BEGIN + timedelta(299)
WHY = "So it is."
people, tasks = st.integers(0, 3), st.integers(0, 2)
zones = st.sampled_from([None, "Pacific/Auckland", "America/Los_Angeles"])
gaps = st.sampled_from([-9, -1, 0, 5, 20])  # from today
hours = st.sampled_from([1, 7, 9, 13, 19])  # before and after a day ends somewhere
moves = st.none() | st.none() | st.tuples(people, zones)
efforts = st.sampled_from([None, Decimal(2), Decimal(5)])
choices = st.tuples(gaps, efforts, people, st.sampled_from([None, -1, 0, 2]))
often = st.just(True) | st.booleans()
STEPS = {"what is allowed": 8, "time passes": 3, "begin": 2, "look": 1, "anything": 1, "what is not theirs": 2}
steps = st.sampled_from([*(name for name, times in STEPS.items() for _ in range(times)), "say it again"])
DAYS_OF = {CadenceUnit.DAYS: 1, CadenceUnit.WEEKS: 7}
recurrences = st.none() | st.tuples(st.sampled_from([1, 3]), st.sampled_from([*DAYS_OF]), st.sampled_from([None, 15]))
Recurring = tuple[int, CadenceUnit, int | None]


@dataclass(frozen=True)
class Beginning:
    """How a task begins: which, by whom, asked of whom, for whom, due in how many days."""

    task: int
    who: int
    of: str
    asked: int
    to: int | None
    due: int
    effort: Decimal | None
    recurs: Recurring | None


beginnings = st.builds(
    Beginning, task=tasks, who=people, of=st.sampled_from(["somebody", "somebody", "a team", "nobody"]), asked=people,
    to=st.none() | people, due=gaps, effort=efforts, recurs=recurrences,
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """Beside the task and the person what an act may need: a day, an effort, another person; and which day it is, for
    each of them and for all."""

    task_id: UUID
    due: date
    effort: Decimal | None
    to: UUID
    ago: int | None  # days since it was delivered
    today: date
    days: Mapping[UUID, date]
    leads: Mapping[UUID, UUID]

    def delivered_on(self, who: UUID) -> date:
        return self.days[who] - timedelta(self.ago or 0)


Act = tuple[Callable[[Choice, UUID], Command], Callable[[Plain, UUID, Choice], bool]]
# Each act as a command, and as the plain model does it.
ACTS: dict[str, Act] = {
    "accept": (lambda c, _: AcceptTask(task_id=c.task_id), lambda p, who, c: p.accept(who, c.today)),
    "decline": (lambda c, _: DeclineTask(task_id=c.task_id, reason=WHY), lambda p, who, c: p.decline(who, c.today)),
    "counter": (
        lambda c, _: CounterTask(task_id=c.task_id, due_on=c.due, effort=c.effort),
        lambda p, who, c: p.counter(who, c.due, c.effort, c.today),
    ),
    "withdraw": (lambda c, _: WithdrawRequest(task_id=c.task_id), lambda p, who, c: p.withdraw(who, c.today)),
    "agree": (lambda c, _: AgreeTerms(task_id=c.task_id), lambda p, who, c: p.agree(who, c.today)),
    "refuse": (lambda c, _: RefuseTerms(task_id=c.task_id), lambda p, who, _: p.refuse(who)),
    "renegotiate": (
        lambda c, _: RenegotiateTask(task_id=c.task_id, due_on=c.due, effort=c.effort, reason=WHY),
        lambda p, who, c: p.renegotiate(who, c.due, c.effort, c.today),
    ),
    "block": (
        lambda c, _: BlockTask(
            task_id=c.task_id, kind=BlockKind.OTHER, next_action="Wait", act_by=c.due, waiting_for="Rain"
        ),
        lambda p, who, c: p.block(who, c.due, c.today),
    ),
    "unblock": (lambda c, _: UnblockTask(task_id=c.task_id), lambda p, who, _: p.unblock(who)),
    "deliver": (
        lambda c, who: DeliverTask(task_id=c.task_id, delivered_on=None if c.ago is None else c.delivered_on(who)),
        lambda p, who, c: p.deliver(who, c.delivered_on(who), c.days[who], c.today),
    ),
    "take": (lambda c, _: AcceptDelivery(task_id=c.task_id), lambda p, who, c: p.take(who, c.today)),
    "hand back": (lambda c, _: ReturnDelivery(task_id=c.task_id, reason=WHY), lambda p, who, _: p.hand_back(who)),
    "release": (lambda c, _: ReleaseTask(task_id=c.task_id, reason=WHY), lambda p, who, c: p.release(who, c.today)),
    "give up": (lambda c, _: BreakCommitment(task_id=c.task_id, reason=WHY), lambda p, who, c: p.give_up(who, c.today)),
    "reassign": (
        lambda c, _: ReassignTask(task_id=c.task_id, promiser_id=c.to, reason=WHY),
        lambda p, who, c: p.reassign(who, c.to, c.leads, c.today),
    ),
    "relink": (
        lambda c, _: RelinkTask(task_id=c.task_id, serves_nothing=f"{c.due}"),
        lambda p, who, c: p.relink(who, f"{c.due}"),
    ),
    "contribute": (lambda c, _: ContributeToTask(task_id=c.task_id), lambda p, who, _: p.contribute(who)),
    "stop": (lambda c, _: StopContributing(task_id=c.task_id), lambda p, who, _: p.stop(who)),
}
SELDOM = frozenset({"relink", "decline", "withdraw", "release", "give up", "contribute", "stop"})


class Promises(RuleBasedStateMachine):
    """Four people in zones of their own, and up to three tasks, beside those that are promised again."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], world: World) -> None:
        super().__init__()
        self.run = run
        self.world = world
        self.moment = BEGIN
        self.plain: dict[UUID, Plain] = {}
        self.ids = [uuid4() for _ in range(3)]
        self.zones: dict[UUID, str | None] = {}
        self.past: dict[int, tuple[date, dict[UUID, Plain]]] = {}
        self.said: tuple[Command, Issued, Accepted] | None = None

    @initialize(theirs=st.tuples(zones, zones, zones, zones))
    def meet(self, theirs: tuple[str | None, ...]) -> None:
        self.here = self.run(self.world.peopled(self.today))
        self.people: list[UUID] = self.here.people
        self.organisation_id: UUID = self.here.telling.organisation_id
        for who, zone in enumerate(theirs):
            if zone:
                self.live(who, zone)

    # days

    @property
    def today(self) -> date:
        """The organisation's."""
        return self.moment.astimezone(ZoneInfo(ZONE)).date()

    @property
    def days(self) -> dict[UUID, date]:
        """Each one's own."""
        return {who: self.moment.astimezone(ZoneInfo(self.zones.get(who) or ZONE)).date() for who in self.people}

    def live(self, who: int, zone: str | None) -> None:
        """From here on their days are those of another zone."""
        assert self.tell(SetPreferences(time_zone=zone), self.people[who])
        self.zones[self.people[who]] = zone
        self.remember()

    def days_that_matter(self) -> list[date]:
        """On which something is due or over, or the day after; else the next ones."""
        day = timedelta(1)
        ends = {one for plain in self.plain.values() for one in plain.days_that_matter()}
        found = {one + more for one in ends for more in (0 * day, day) if one + more >= self.moment.date()}
        return sorted(found) or [self.moment.date() + day, self.moment.date() + 20 * day]

    def time_passes(self, until: date, hour: int, moves: tuple[int, str | None] | None) -> None:
        """And perhaps somebody goes to live elsewhere."""
        if moves:
            self.live(*moves)
        self.moment = max(self.moment, min(datetime.combine(until, time(hour), UTC), END))
        self.position = self.run(self.world.looked(self.organisation_id, self.position, self.moment))
        for plain in self.plain.values():
            plain.pass_time(self.today, self.days)
        self.remember()

    # acts

    def tell(self, command: Command, who: UUID) -> bool:
        """Whether it was accepted."""
        issued = self.here.telling.issued(by=who, key=str(uuid4()), on=self.today)
        issued = msgspec.structs.replace(issued, occurred_at=self.moment)
        try:
            accepted = self.run(self.world.tell(command, issued))
        except Refused:
            return False
        self.position, self.said = accepted.position, (command, issued, accepted)
        return True

    def remember(self) -> None:
        self.past[self.position] = self.today, {one: plain.copy() for one, plain in self.plain.items()}

    def recurring(self, due: date, recurs: Recurring | None) -> tuple[Recurrence | None, Series | None]:
        if recurs is None:
            return None, None
        every, unit, most = recurs
        last = None if most is None else due + timedelta(most)
        return Recurrence(every=every, unit=unit, until=last), Series(every, every * DAYS_OF[unit], due, due, last)

    def begin(self, how: Beginning) -> None:
        """Somebody asks somebody, or any of a team, or promises of their own accord."""
        if len(self.plain) >= len(self.ids):
            return
        one, begins, day = self.ids[how.task], self.people[how.who], self.today + timedelta(how.due)
        gets = None if how.to is None else self.people[how.to]
        recurs, series = self.recurring(day, how.recurs)
        terms: dict[str, Any] = {"task_id": one, "title": "Mend", "due_on": day, "effort": how.effort, "recurs": recurs}
        terms |= {"beneficiary_id": gets, "serves_nothing": WHY}
        what = Terms("Mend", day, how.effort)
        plain = Plain("REQUESTED", what, gets or begins, begins, WHY, self.today, series)
        if how.of == "nobody":
            command: Command = CommitTask(**terms)
            plain.promised_by(begins)
        elif how.of == "somebody":
            command = RequestTask(**terms, promiser_id=self.people[how.asked])
            plain.asked_of(self.people[how.asked])
        else:
            command = RequestTask(**terms, team_id=self.here.team_id)
            plain.asked_of_team(self.here.team_id, self.people[1:])
        assert self.tell(command, begins) == (one not in self.plain)
        self.plain.setdefault(one, plain)
        self.remember()

    def alike(self, name: str, who: UUID, choice: Choice) -> None:
        make, act = ACTS[name]
        plain = self.plain.get(choice.task_id)
        wanted = plain is not None and act(plain, who, choice)
        assert self.tell(make(choice, who), who) == wanted, f"{name} of {plain}"
        if plain is not None and wanted:
            again = plain.again(self.today) if name in ("deliver", "take") else None
            if again and self.said:
                following = uuid5(self.said[1].command_id, "next")
                again.former_task = choice.task_id
                self.plain[following] = again
                self.ids.append(following)
            self.remember()

    def choice(self, task_id: UUID, due: int, effort: Decimal | None, to: int, ago: int | None = None) -> Choice:
        day = self.today + timedelta(due)
        return Choice(task_id, day, effort, self.people[to], ago, self.today, self.days, self.here.leads)

    @rule(data=st.data(), step=steps)
    def go_on(self, data: st.DataObject, step: str) -> None:
        """One rule for all, for of several some would be left out of a whole example."""
        if step == "begin" or not self.plain:
            self.begin(data.draw(beginnings))
        elif step == "look":
            self.told(data.draw(people), self.plain, self.today, self.days)
        elif step == "say it again":
            self.say_it_again()
        elif step == "time passes":
            self.time_passes(data.draw(st.sampled_from(self.days_that_matter())), data.draw(hours), data.draw(moves))
            self.told(data.draw(people), self.plain, self.today, self.days)
        elif step == "anything":
            choice = self.choice(self.ids[data.draw(tasks)], *data.draw(choices))
            self.alike(data.draw(st.sampled_from(sorted(ACTS))), self.people[data.draw(people)], choice)
        else:
            getattr(self, step.replace(" ", "_"))(data)

    def what_is_allowed(self, data: st.DataObject) -> None:
        """Something that the model would accept, one act as likely as another; but what leads to an end, and what leads
        nowhere, would crowd out the rest."""
        drawn, likely = data.draw(choices), dict[str, list[tuple[UUID, Choice]]]()
        for choice in (self.choice(one, *drawn) for one in self.plain):
            for name, (_, act) in ACTS.items():
                may = [(who, choice) for who in self.people if act(self.plain[choice.task_id].copy(), who, choice)]
                likely.setdefault(name, []).extend(may)
        names = [name for name, some in likely.items() if some]
        if data.draw(often):
            names = [name for name in names if name not in SELDOM] or names
        if names:
            name = data.draw(st.sampled_from(names))
            self.alike(name, *data.draw(st.sampled_from(likely[name])))

    def what_is_not_theirs(self, data: st.DataObject) -> None:
        """Something that somebody may do now, by all others: it changes nothing, so that one tries after the other."""
        choice = self.choice(data.draw(st.sampled_from([*self.plain]), label="task"), *data.draw(choices))
        may = {
            name: [who for who in self.people if act(self.plain[choice.task_id].copy(), who, choice)]
            for name, (_, act) in ACTS.items()
        }
        if theirs := [name for name, some in may.items() if some]:
            name = data.draw(st.sampled_from(theirs), label="act")
            for who in self.people:
                if who not in may[name]:
                    self.alike(name, who, choice)

    def say_it_again(self) -> None:
        """R12: with the same key it is answered as before and nothing is appended; something else is refused."""
        assert self.said
        command, issued, accepted = self.said
        again = self.run(self.world.tell(command, msgspec.structs.replace(issued, command_id=uuid4())))
        assert again.position == accepted.position
        with pytest.raises(Refused):
            self.run(self.world.tell(command, msgspec.structs.replace(issued, digest=b"other")))

    # questions

    def told(self, who: int, tasks: Mapping[UUID, Plain], day: date, each: Mapping[UUID, date], **when: Any) -> None:
        """What somebody is told is what the plain model makes of the tasks."""
        viewer, then = self.people[who], day - timedelta(2)
        looking = Looking(
            organisation_id=self.organisation_id, role=Role.MEMBER, person_id=viewer, time_zone=ZONE, moment=self.moment
        )
        first, last = day - timedelta(60), day + timedelta(3)
        days = {"from": first, "to": last, "then": then}
        variables = {f"p{nth}": str(one) for nth, one in enumerate(self.people)}
        variables |= {name: one.isoformat() for name, one in days.items()} | when
        data = self.run(self.world.answer(looking, self.position, variables))
        asking = Asking(viewer, day, each, self.here.away)
        duties = sorted(
            (one["kind"], UUID(one["task"]["id"]), date.fromisoformat(one["due"]), UUID(one["person"]["id"]))
            for one in data["inbox"]["nodes"]
        )
        assert duties == waiting(tasks, asking)
        late = {UUID(one["id"]) for one in data["commitments"]["nodes"]}
        assert late == overdue(tasks, asking)
        assert {UUID(one["id"]) for one in data["timely"]["nodes"]} == {*tasks} - late
        for nth, one in enumerate(self.people):
            if one != viewer and self.here.leads.get(one) != viewer:  # theirs, and their leads'
                assert data[f"f{nth}"] is data[f"l{nth}"] is None
                continue
            kept_by = kept(tasks, one, first, last, then)
            assert [*data[f"f{nth}"]["window"].values()] == pytest.approx([*kept_by.values()])
            has = {name: float(value) for name, value in data[f"l{nth}"].items()}
            assert has == load(tasks, one, then)

    def teardown(self) -> None:
        """The read models tell what was, as of every position after which the model was looked at."""
        if not self.past:
            return
        for position, (_, plain) in self.past.items():
            rows = self.run(self.world.rows(self.organisation_id, position, self.position))
            assert rows == {one: row_of(told) for one, told in plain.items()}, f"as of {position}"
        for nth, position in enumerate([*self.past][:: len(self.past) // 3 + 1]):
            day, plain = self.past[position]
            as_of = {"asOf": {"position": position}, "on": day.isoformat()}
            self.told((position + nth) % 4, plain, day, dict.fromkeys(self.people, day), **as_of)
        for who in range(4):
            self.told(who, self.plain, self.today, self.days)


def hold_together(postgres: EmbeddedServer, database_name: str, how: settings) -> None:
    """The product and the plain model, side by side; fails where they differ."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            world = runner.run(stack.enter_async_context(opened(postgres, database_name)))

            class Machine(Promises):
                def __init__(self) -> None:
                    super().__init__(runner.run, world)

            run_state_machine_as_test(Machine, settings=how)
        finally:
            runner.run(stack.aclose())


def test_r5_r6_the_product_and_a_plain_model_agree_whatever_is_tried(
    postgres: EmbeddedServer, database_name: str
) -> None:
    hold_together(postgres, database_name, settings(stateful_step_count=60))
