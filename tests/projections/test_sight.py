"""How work moves the strategy, held to a plain walk over the same world."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.alignment import AlignOutcome
from domain.outcomes import SetOutcome
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.strategy import RetireStrategicObjective, SetStrategicObjective
from domain.tasks import BreakCommitment, CommitTask, DeliverTask
from infra.database import Database
from tests.infra.at_work import Telling, founded, projecting

NOW = 9_223_372_036_854_775_807
FIRST, LATER = date(2022, 1, 1), date(2100, 1, 1)
PEOPLE = 4


@dataclass(frozen=True)
class DrawnOutcome:
    """Serves some of those drawn before it, and perhaps the objective that stands or the one that is retired."""

    serves: tuple[int, ...]
    objective: str | None


@dataclass(frozen=True)
class DrawnTask:
    """A promise of a person to themselves."""

    promiser: int
    serves: int | None
    effort: int | None
    day: int
    state: str


@dataclass(frozen=True)
class Drawn:
    """A world: a team with one below it and one beside, who belongs where, what serves what, who promised what."""

    members: tuple[tuple[int, int, bool], ...]  # team, person, lead
    outcomes: tuple[DrawnOutcome, ...]
    tasks: tuple[DrawnTask, ...]
    window: tuple[int, int]


WORLDS = st.builds(
    Drawn,
    members=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, PEOPLE - 1), st.booleans()),
        max_size=5,
        unique_by=lambda one: one[:2],
    ).map(tuple),
    outcomes=st.lists(
        st.builds(
            DrawnOutcome,
            serves=st.lists(st.integers(0, 4), max_size=2, unique=True).map(tuple),
            objective=st.sampled_from([None, None, "standing", "retired"]),
        ),
        max_size=5,
    ).map(tuple),
    tasks=st.lists(
        st.builds(
            DrawnTask,
            promiser=st.integers(0, PEOPLE - 1),
            serves=st.none() | st.integers(0, 4),
            effort=st.none() | st.integers(0, 9),
            day=st.integers(0, 9),
            state=st.sampled_from(["COMMITTED", "COMMITTED", "KEPT", "BROKEN"]),
        ),
        max_size=6,
    ).map(tuple),
    window=st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda ends: (min(ends), max(ends))),
)


@dataclass
class World:
    """The drawn world with its ids, and what can be said of it by walking."""

    drawn: Drawn
    people: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(PEOPLE)])
    teams: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(3)])
    objectives: dict[str, UUID] = field(default_factory=lambda: {"standing": uuid4(), "retired": uuid4()})
    outcomes: list[UUID] = field(default_factory=list[UUID])
    tasks: list[UUID] = field(default_factory=list[UUID])

    def higher(self, nth: int) -> list[int]:
        return [one for one in self.drawn.outcomes[nth].serves if one < nth]

    def served(self, task: DrawnTask) -> int | None:
        return task.serves if task.serves is not None and task.serves < len(self.drawn.outcomes) else None

    def reaches(self, nth: int | None) -> bool:
        if nth is None:
            return False
        return self.drawn.outcomes[nth].objective == "standing" or any(map(self.reaches, self.higher(nth)))

    def depth(self, nth: int, top: int) -> int | None:
        """Links between the two, by the shortest way; None where there is none."""
        if nth == top:
            return 0
        ways = [self.depth(one, top) for one in self.higher(nth)]
        return min((one + 1 for one in ways if one is not None), default=None)

    def inside(self, task: DrawnTask) -> bool:
        return self.drawn.window[0] <= task.day <= self.drawn.window[1]

    def coverage(self, teams: set[int]) -> tuple[Any, ...]:
        members = {person for team, person, _ in self.drawn.members if team in teams}
        open_ = [
            one for one in self.drawn.tasks if one.state == "COMMITTED" and one.promiser in members and self.inside(one)
        ]
        served = [one for one in open_ if self.reaches(self.served(one))]
        effort, of_served = (sum(one.effort or 0 for one in tasks) for tasks in (open_, served))
        share = len(served) / len(open_) if open_ else None
        return len(open_), len(served), share, effort, of_served, of_served / effort if effort else None

    def seen(self, viewer: int) -> set[int]:
        led = {team for team, person, lead in self.drawn.members if lead and person == viewer}
        return {viewer} | {person for team, person, _ in self.drawn.members if team in led}

    def contribution(self, top: int, viewer: int) -> dict[tuple[UUID | None, int], tuple[int, int, int]]:
        told: dict[tuple[UUID | None, int], tuple[int, int, int]] = {}
        for task in filter(self.inside, self.drawn.tasks):
            nth = self.served(task)
            depth = None if nth is None else self.depth(nth, top)
            if depth is None:
                continue
            key = (self.people[task.promiser] if task.promiser in self.seen(viewer) else None, depth)
            promises, kept, effort = told.get(key, (0, 0, 0))
            told[key] = (promises + 1, kept + (task.state == "KEPT"), effort + (task.effort or 0))
        return told

    def above(self, nth: int, depth: int = 0) -> Iterator[tuple[UUID, int]]:
        """Everything that an outcome serves, with how far above it stands."""
        yield self.outcomes[nth], depth
        if objective := self.drawn.outcomes[nth].objective:
            yield self.objectives[objective], depth + 1
        for one in self.higher(nth):
            yield from self.above(one, depth + 1)


async def tell(telling: Telling, world: World) -> None:
    drawn = world.drawn
    for person_id in world.people:
        await telling.tell(RegisterPerson(person_id=person_id, name="Somebody"))
    for nth, team_id in enumerate(world.teams):
        await telling.tell(FormTeam(team_id=team_id, name="Crew", parent_id=world.teams[0] if nth == 1 else None))
    for team, person, lead in drawn.members:
        await telling.tell(JoinTeam(team_id=world.teams[team], person_id=world.people[person], lead=lead))
    await tell_alignment(telling, world)
    for task in drawn.tasks:
        await tell_task(telling, world, task)


async def tell_alignment(telling: Telling, world: World) -> None:
    for one in world.objectives.values():
        await telling.tell(SetStrategicObjective(objective_id=one, title="Grow", perspective="CUSTOMER"))
    for nth, outcome in enumerate(world.drawn.outcomes):
        world.outcomes.append(uuid4())
        await telling.tell(SetOutcome(outcome_id=world.outcomes[nth], title="Better"))
        for higher in world.higher(nth):
            await telling.tell(AlignOutcome(outcome_id=world.outcomes[nth], higher_id=world.outcomes[higher]))
        if outcome.objective:
            objective_id = world.objectives[outcome.objective]
            await telling.tell(AlignOutcome(outcome_id=world.outcomes[nth], objective_id=objective_id))
    await telling.tell(RetireStrategicObjective(objective_id=world.objectives["retired"], reason="Done."))


async def tell_task(telling: Telling, world: World, task: DrawnTask) -> None:
    task_id, by, served = uuid4(), world.people[task.promiser], world.served(task)
    world.tasks.append(task_id)
    promise = CommitTask(
        task_id=task_id,
        title="Do it",
        due_on=FIRST + timedelta(task.day),
        effort=None if task.effort is None else Decimal(task.effort),
        outcome_id=None if served is None else world.outcomes[served],
        serves_nothing="Housekeeping" if served is None else None,
    )
    await telling.tell(promise, by=by)
    if task.state == "KEPT":
        await telling.tell(DeliverTask(task_id=task_id), by=by)
    if task.state == "BROKEN":
        await telling.tell(BreakCommitment(task_id=task_id, reason="Ill."), by=by)


async def compare(database: Database, drawn: Drawn) -> None:
    world = World(drawn)
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        await tell(telling, world)
        head = ledger.sequencers[telling.organisation_id].warmth.known or 0
        assert await positions.wait(telling.organisation_id, head, 10)
    ours = telling.organisation_id
    window = [FIRST + timedelta(day) for day in drawn.window]
    async with database.read.of(ours) as connection:
        for team, with_those_below in enumerate(({0, 1}, {1}, {2})):
            told = await connection.fetchrow(
                "select * from coverage($1, $2, $3, $4, $5)", ours, world.teams[team], NOW, *window
            )
            assert told is not None
            assert tuple(told) == world.coverage(with_those_below)
        for nth, outcome_id in enumerate(world.outcomes):
            rows = await connection.fetch(
                "select * from contribution($1, $2, $3, $4, $5, $6, $7)",
                *(ours, outcome_id, NOW, LATER, *window, world.people[0]),
            )
            found = {(row["person_id"], row["depth"]): (row["promises"], row["kept"], row["effort"]) for row in rows}
            assert found == world.contribution(nth, 0)
            rows = await connection.fetch("select * from alignment_walk($1, $2, true, 30, $3)", ours, outcome_id, NOW)
            assert {(row["node_id"], row["depth"]) for row in rows} == set(world.above(nth))
            assert await connection.fetchval("select reaches_objective($1, $2, $3)", ours, outcome_id, NOW) == (
                world.reaches(nth)
            )
        for person, person_id in enumerate(world.people):
            rows = await connection.fetch("select task_id from sight_parts($1, $2, null, $3)", ours, person_id, NOW)
            opened = [
                one
                for one, task in zip(world.tasks, drawn.tasks, strict=True)
                if task.promiser == person and task.state == "COMMITTED"
            ]
            assert sorted(row["task_id"] for row in rows) == sorted(opened)


async def test_r15_coverage_contribution_and_ways_up_are_those_of_a_plain_walk(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(WORLDS)
    def drawn_worlds(drawn: Drawn) -> None:
        asyncio.run_coroutine_threadsafe(compare(database, drawn), loop).result(60)

    await asyncio.to_thread(drawn_worlds)
