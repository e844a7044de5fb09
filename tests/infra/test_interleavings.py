"""Whatever arrives from many at once, in whatever order: the invariants hold on the ledger afterwards."""

import asyncio
from collections import defaultdict
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alignment import AlignOutcome, OutcomeAligned, OutcomeUnaligned, UnalignOutcome
from domain.cycles import PlanCycle
from domain.focus import (
    AbandonOutcome,
    ActivateOutcome,
    FocusLimitSet,
    PauseOutcome,
    ResumeOutcome,
    SetFocusLimit,
    WithdrawOutcome,
)
from domain.kernel import Command, Event, Refused
from domain.measures import Direction, SetMeasure
from domain.outcomes import OutcomeAssigned, SetOutcome
from domain.people import FormTeam, JoinTeam, PersonRegistered, RegisterPerson, TeamJoined
from domain.policy import FOCUS_LIMIT
from domain.promises import TaskAccepted, TaskDeclined
from domain.references import Reference
from domain.revising import AssignOutcome
from domain.standing import OutcomeAbandoned, OutcomeActivated, OutcomePaused, OutcomeResumed, OutcomeWithdrawn
from domain.tasks import AcceptTask, DeclineTask, RequestTask
from infra.chain import walk
from infra.codec import decode
from infra.database import Database
from infra.ledger import Ledger
from tests.infra.at_work import Telling, founded

OUTCOMES, TASKS, PEOPLE = 5, 3, 3
Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("activate"), st.integers(0, OUTCOMES - 1), st.just(0)),
        st.tuples(st.just("abandon"), st.integers(0, OUTCOMES - 1), st.just(0)),
        st.tuples(st.sampled_from(["pause", "resume", "withdraw"]), st.integers(0, OUTCOMES - 1), st.just(0)),
        st.tuples(st.just("assign"), st.integers(0, OUTCOMES - 1), st.integers(0, 1)),
        st.tuples(st.just("limit"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("align"), st.integers(0, OUTCOMES - 1), st.integers(0, OUTCOMES - 1)),
        st.tuples(st.just("unalign"), st.integers(0, OUTCOMES - 1), st.integers(0, OUTCOMES - 1)),
        st.tuples(st.just("accept"), st.integers(0, TASKS - 1), st.just(0)),
        st.tuples(st.just("decline"), st.integers(0, TASKS - 1), st.just(0)),
        st.tuples(st.just("register"), st.integers(0, PEOPLE - 1), st.just(0)),
        st.tuples(st.just("join"), st.integers(0, PEOPLE - 1), st.just(0)),
    ),
    min_size=5,
    max_size=40,
)

ENDS = {"abandon": AbandonOutcome, "pause": PauseOutcome, "resume": ResumeOutcome, "withdraw": WithdrawOutcome}


class World:
    """An organisation with outcomes ready to be activated and tasks ready to be accepted."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.team_id, self.other_team_id, self.cycle_id = uuid4(), uuid4(), uuid4()
        self.outcomes = [uuid4() for _ in range(OUTCOMES)]
        self.tasks = [uuid4() for _ in range(TASKS)]
        self.people = [uuid4() for _ in range(PEOPLE)]

    async def prepare(self) -> None:
        tell = self.telling.tell
        await tell(FormTeam(team_id=self.team_id, name="Crew"))
        await tell(FormTeam(team_id=self.other_team_id, name="Other crew"))
        year = (date(2022, 1, 1), date(2022, 12, 31))
        await tell(PlanCycle(cycle_id=self.cycle_id, title="2022", starts_on=year[0], ends_on=year[1]))
        for outcome_id in self.outcomes:
            await tell(SetOutcome(outcome_id=outcome_id, title="Better", team_id=self.team_id, cycle_id=self.cycle_id))
            await tell(
                SetMeasure(
                    measure_id=uuid4(),
                    outcome_id=outcome_id,
                    title="Count",
                    direction=Direction.INCREASE,
                    baseline=Decimal(0),
                    target=Decimal(10),
                )
            )
        for task_id in self.tasks:
            await tell(
                RequestTask(
                    task_id=task_id,
                    title="Help",
                    due_on=year[1],
                    promiser_id=self.telling.person_id,
                    outcome_id=self.outcomes[0],
                )
            )

    def command(self, step: Step) -> Command:
        what, one, other = step
        match what:
            case "limit":
                return SetFocusLimit(team_id=self.team_id, cycle_id=self.cycle_id, limit=one, reason="few")
            case "align":
                return AlignOutcome(outcome_id=self.outcomes[one], higher_id=self.outcomes[other])
            case "unalign":
                return UnalignOutcome(outcome_id=self.outcomes[one], higher_id=self.outcomes[other])
            case "accept":
                return AcceptTask(task_id=self.tasks[one])
            case "decline":
                return DeclineTask(task_id=self.tasks[one], reason="no")
            case "register" | "join":
                return self.of_people(what, self.people[one])
            case _:
                return self.of_focus(what, self.outcomes[one], other)

    def of_focus(self, what: str, outcome_id: UUID, other: int) -> Command:
        if what == "activate":
            return ActivateOutcome(outcome_id=outcome_id)
        if what == "assign":
            return AssignOutcome(outcome_id=outcome_id, team_id=self.other_team_id if other else self.team_id)
        return ENDS[what](outcome_id=outcome_id, reason="enough")

    def of_people(self, what: str, person_id: UUID) -> Command:
        if what == "register":
            return RegisterPerson(person_id=person_id, name="New", reference=Reference(system="x", id=str(person_id)))
        return JoinTeam(team_id=self.team_id, person_id=person_id)


async def events_of(url: str, organisation_id: UUID) -> list[Event]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "select position, type, version, body from ledger.events where organisation_id = $1 order by position",
            organisation_id,
        )
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        [chain] = await walk(connection, organisation_id)
        assert chain.broken_at is None
    finally:
        await connection.close()
    return [decode(row[1], row[2], row[3]) for row in rows]


def check_focus(events: list[Event]) -> None:
    active: defaultdict[UUID | None, set[UUID]] = defaultdict(set)
    limit: dict[UUID | None, int] = {}
    for event in events:
        match event:
            case OutcomeActivated() | OutcomeResumed():
                active[event.team_id].add(event.outcome_id)
                check_room(active, limit, event.team_id)
            case OutcomeAssigned() if event.active:
                active[event.from_team_id].remove(event.outcome_id)
                active[event.team_id].add(event.outcome_id)
                check_room(active, limit, event.team_id)
            case OutcomePaused() | OutcomeAbandoned() | OutcomeWithdrawn():
                active[event.team_id].discard(event.outcome_id)
            case FocusLimitSet():
                limit[event.team_id] = event.limit
            case _:
                pass


def check_room(active: dict[UUID | None, set[UUID]], limit: dict[UUID | None, int], team_id: UUID | None) -> None:
    most = limit.get(team_id, FOCUS_LIMIT)
    assert len(active[team_id]) <= most, "more active than the limit when the place was taken"


def check_alignment(events: list[Event]) -> None:
    higher: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for event in events:
        match event:
            case OutcomeAligned():
                assert event.outcome_id not in reached_from(event.higher_id, higher), "a circle"
                higher[event.outcome_id].add(event.higher_id)
            case OutcomeUnaligned():
                higher[event.outcome_id].discard(event.higher_id)
            case _:
                pass


def reached_from(start: UUID, higher: dict[UUID, set[UUID]]) -> set[UUID]:
    seen: set[UUID] = set()
    rising = {start}
    while rising:
        seen |= rising
        rising = {one for below in rising for one in higher.get(below, set())} - seen
    return seen


def check_tasks(events: list[Event]) -> None:
    ends: defaultdict[UUID, int] = defaultdict(int)
    for event in events:
        if isinstance(event, TaskAccepted | TaskDeclined):
            ends[event.task_id] += 1
    assert all(count == 1 for count in ends.values())


def check_people(events: list[Event]) -> None:
    """A new id is decided upon without being read; the append must have looked."""
    registered: list[UUID] = []
    for event in events:
        if isinstance(event, PersonRegistered):
            registered.append(event.person_id)
        elif isinstance(event, TeamJoined):
            assert event.person_id in registered
    assert len(registered) == len(set(registered))


@pytest.mark.parametrize("processes", [1, 3])
async def test_r2_r3_r5_hold_in_any_interleaving(database: Database, database_url: str, processes: int) -> None:
    loop = asyncio.get_running_loop()

    @given(STEPS)
    @settings(max_examples=8)
    def interleave(steps: list[Step]) -> None:
        asyncio.run_coroutine_threadsafe(interleaved(database, database_url, processes, steps), loop).result(60)

    await asyncio.to_thread(interleave)


async def interleaved(database: Database, url: str, processes: int, steps: list[Step]) -> None:
    telling = await founded(Ledger(database))
    world = World(telling)
    await world.prepare()
    tellers = [Telling(Ledger(database), telling.organisation_id, telling.person_id) for _ in range(processes)]
    answers = await asyncio.gather(
        *(tellers[n % processes].tell(world.command(step)) for n, step in enumerate(steps)), return_exceptions=True
    )
    faults = [one for one in answers if isinstance(one, BaseException) and not isinstance(one, Refused)]
    assert not faults
    events = await events_of(url, telling.organisation_id)
    check_focus(events)
    check_alignment(events)
    check_tasks(events)
    check_people(events)


async def test_r12_equal_keys_from_three_processes_record_once(database: Database, database_url: str) -> None:
    telling = await founded(Ledger(database))
    tellers = [Telling(Ledger(database), telling.organisation_id, telling.person_id) for _ in range(3)]
    people = [uuid4() for _ in range(10)]
    answers = await asyncio.gather(
        *(
            teller.tell(RegisterPerson(person_id=one, name="Twin"), key=str(one), digest=one.bytes)
            for one in people
            for teller in tellers
        )
    )
    assert len({answer.position for answer in answers}) == len(people)
    assert len(await events_of(database_url, telling.organisation_id)) == 2 + len(people)
