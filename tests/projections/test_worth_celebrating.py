"""What is worth celebrating: found by its rule, told until it is celebrated, and to whom it may be (R15)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.alignment import AlignOutcome
from domain.celebrations import Celebrate, WithdrawCelebration
from domain.checkins import CheckIn, Status
from domain.cycles import PlanCycle
from domain.focus import ActivateOutcome
from domain.measures import Direction, SetMeasure
from domain.milestones import MarkMilestone, SetMilestone
from domain.outcomes import SetOutcome
from domain.people import FormTeam, JoinTeam, RegisterPerson
from domain.taking import TakeReading
from domain.tasks import CommitTask, DeliverTask, RenegotiateTask
from infra.database import Database
from tests.infra.at_work import Telling, founded, projecting
from tests.reference import DueRow, kept_in_a_row

NOW = 9_223_372_036_854_775_807
START, TODAY = date(2024, 1, 1), date(2024, 3, 1)
Ask = Callable[..., Coroutine[Any, Any, list[dict[str, Any]]]]


def day(nth: int) -> date:
    return START + timedelta(nth)


@asynccontextmanager
async def world(database: Database) -> AsyncGenerator[tuple[Telling, Ask]]:
    """A ledger, and a question of what is worth celebrating, as a person sees it."""
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)

        async def ask(viewer: UUID | None = None, on: date = TODAY, days: int = 60) -> list[dict[str, Any]]:
            head = ledger.sequencers[telling.organisation_id].warmth.known or 0
            assert await positions.wait(telling.organisation_id, head, 10)
            async with database.read.of(telling.organisation_id) as connection:
                rows = await connection.fetch(
                    "select * from worth_celebrating($1, $2, $3, $4, $5) order by day, kind, id",
                    telling.organisation_id, NOW, on, days, viewer,
                )  # fmt: skip
            return [dict(row) for row in rows]

        yield telling, ask


async def reached(telling: Telling, outcome_id: UUID, nth: int) -> UUID:
    one = uuid4()
    await telling.tell(SetMilestone(milestone_id=one, outcome_id=outcome_id, title="M", due_on=day(nth)))
    await telling.tell(MarkMilestone(milestone_id=one, reached_on=day(nth)))
    return one


async def kept(telling: Telling, nth: int, by: UUID | None = None, **serves: Any) -> UUID:
    """A promise to oneself, due and delivered on a day."""
    one = uuid4()
    serves = serves or {"serves_nothing": "Training"}
    await telling.tell(CommitTask(task_id=one, title="T", due_on=day(nth), **serves), by=by)
    await telling.tell(DeliverTask(task_id=one, delivered_on=day(nth)), by=by)
    return one


async def test_a_milestone_that_was_reached_is_told_until_it_is_celebrated(database: Database) -> None:
    async with world(database) as (telling, ask):
        outcome_id = uuid4()
        await telling.tell(SetOutcome(outcome_id=outcome_id, title="Better"))
        one = await reached(telling, outcome_id, 10)
        (found,) = await ask()
        assert (found["kind"], found["id"], found["day"]) == ("MILESTONE_REACHED", one, day(10))
        assert (found["outcome_id"], found["milestone_id"]) == (outcome_id, one)
        assert await ask(on=day(9)) == []
        assert await ask(on=day(12), days=2) == []
        await telling.tell(Celebrate(celebration_id=uuid4(), title="Bravo", milestone_id=one), on=TODAY)
        assert await ask() == []
        assert len(await ask(on=TODAY - timedelta(1))) == 1, "on the day before nobody had celebrated"


async def test_the_first_milestone_after_a_setback_is_told_as_such_and_the_next_is_not(database: Database) -> None:
    async with world(database) as (telling, ask):
        outcome_id, other_id = uuid4(), uuid4()
        for one in (outcome_id, other_id):
            await telling.tell(SetOutcome(outcome_id=one, title="Better"))
        ids = [await reached(telling, outcome_id, 5)]
        said: list[dict[str, Any]] = [
            {"outcome_id": outcome_id, "on": day(7), "set_back": "The oven broke."},
            {"outcome_id": other_id, "on": day(3), "moved": "Well.", "status": Status.AT_RISK},
            {"outcome_id": outcome_id, "on": day(14), "status": Status.OFF_TRACK},
        ]
        for one in said:
            await telling.tell(CheckIn(check_in_id=uuid4(), **one))
        ids += [await reached(telling, outcome_id, nth) for nth in (10, 12, 14, 15)]
        ids.append(await reached(telling, other_id, 20))
        kinds = {found["id"]: found["kind"] for found in await ask()}
    plain, first = "MILESTONE_REACHED", "FIRST_AFTER_SETBACK"
    assert [kinds[one] for one in ids] == [plain, first, plain, first, plain, plain]


async def test_an_outcome_that_comes_to_success_is_told_on_the_day_it_did(database: Database) -> None:
    async with world(database) as (telling, ask):
        outcome_id, measure_id, cycle_id = uuid4(), uuid4(), uuid4()
        person_id = telling.person_id
        await telling.tell(PlanCycle(cycle_id=cycle_id, title="Q", starts_on=START, ends_on=date(2024, 12, 31)))
        await telling.tell(SetOutcome(outcome_id=outcome_id, title="Better", cycle_id=cycle_id, owner_id=person_id))
        await telling.tell(
            SetMeasure(
                measure_id=measure_id, outcome_id=outcome_id, title="Count", direction=Direction.INCREASE,
                baseline=Decimal(0), target=Decimal(10),
            )
        )  # fmt: skip
        await telling.tell(ActivateOutcome(outcome_id=outcome_id))
        for nth, value in ((2, 8), (4, 6), (10, 7)):
            await telling.tell(
                TakeReading(reading_id=uuid4(), measure_id=measure_id, value=Decimal(value), taken_on=day(nth))
            )
        (found,) = await ask()
        assert (found["kind"], found["id"], found["day"]) == ("OUTCOME_NEARLY_THERE", outcome_id, day(10))
        assert await ask(on=day(9), days=3) == []
        assert await ask(on=day(30), days=10) == [], "it came to it before"
        await telling.tell(Celebrate(celebration_id=uuid4(), title="Bravo", outcome_id=outcome_id), on=day(11))
        assert await ask() == []


async def test_r15_what_a_person_kept_in_a_row_is_told_to_them_and_their_leads(database: Database) -> None:
    async with world(database) as (telling, ask):
        lead, other, team_id = telling.person_id, uuid4(), uuid4()
        crew = [uuid4() for _ in range(4)]
        for one in (*crew, other):
            await telling.tell(RegisterPerson(person_id=one, name="Somebody"))
        await telling.tell(FormTeam(team_id=team_id, name="Crew", lead_ids=(lead,)))
        for one in crew[:3]:
            await telling.tell(JoinTeam(team_id=team_id, person_id=one))
        tasks = [await kept(telling, nth, by=crew[0]) for nth in range(5)]
        for viewer in (crew[0], lead):
            (found,) = await ask(viewer)
            assert (found["kind"], found["person_id"], found["kept"]) == ("KEPT_IN_A_ROW", crew[0], 5)
            assert (found["task_id"], found["day"]) == (tasks[-1], day(4))
        for viewer in (crew[1], other, None):
            assert await ask(viewer) == []
        await telling.tell(JoinTeam(team_id=team_id, person_id=crew[3]))  # now they are five
        for viewer in (crew[1], other, None):
            (found,) = await ask(viewer)
            assert (found["team_id"], found["person_id"], found["kept"]) == (team_id, None, 5)
        celebration_id = uuid4()
        await telling.tell(Celebrate(celebration_id=celebration_id, title="Bravo", task_id=tasks[-1]), on=TODAY)
        assert await ask(lead) == []
        await telling.tell(WithdrawCelebration(celebration_id=celebration_id, reason="Not yet"), on=TODAY)
        assert {(one["person_id"], one["kept"]) for one in await ask(lead)} == {(crew[0], 5), (None, 5)}


async def test_r6_a_run_is_of_promises_kept_by_the_terms_in_force_on_their_due_dates(database: Database) -> None:
    """As in the follow-through: other terms that are agreed after the due date do not make the promise a kept one."""

    async def moved(due_on: date, later: date) -> UUID:
        one = uuid4()
        await telling.tell(CommitTask(task_id=one, title="T", due_on=due_on, serves_nothing="Training"))
        await telling.tell(RenegotiateTask(task_id=one, due_on=later, reason="ill"))
        await telling.tell(DeliverTask(task_id=one, delivered_on=later))
        return one

    async with world(database) as (telling, ask):
        me = telling.person_id
        await moved(day(3), day(20))  # agreed after the third day, and kept by the day agreed then
        for nth in range(10, 14):
            await kept(telling, nth)
        assert await ask(me) == []
        in_time = await moved(date(2200, 1, 1), day(15))  # agreed before the first of its days has passed
        (found,) = await ask(me)
        assert (found["kept"], found["task_id"], found["day"]) == (5, in_time, day(15))


async def test_who_kept_commitments_for_it_or_for_what_serves_it_is_to_be_named(database: Database) -> None:
    async with world(database) as (telling, ask):
        higher, lower, aside = uuid4(), uuid4(), uuid4()
        ben, cat = uuid4(), uuid4()
        for one in (higher, lower, aside):
            await telling.tell(SetOutcome(outcome_id=one, title="Better"))
        for one in (ben, cat):
            await telling.tell(RegisterPerson(person_id=one, name="Somebody"))
        await telling.tell(AlignOutcome(outcome_id=lower, higher_id=higher))
        await kept(telling, 3, by=ben, outcome_id=lower)
        await kept(telling, 3, by=cat, outcome_id=aside)
        await telling.tell(CommitTask(task_id=uuid4(), title="T", due_on=day(3), outcome_id=higher))
        await ask()
        async with database.read.of(telling.organisation_id) as connection:
            rows = await connection.fetch(
                "select * from kept_serving($1, $2, $3, $4)", telling.organisation_id, higher, NOW, date(2200, 1, 1)
            )
    assert [tuple(row) for row in rows] == [(ben, lower)]


COMMITMENTS = st.dictionaries(
    st.integers(0, 20), st.tuples(st.none() | st.integers(-2, 2) | st.just(0), st.sampled_from([False] * 6 + [True])),
    max_size=12,
)  # fmt: skip


async def compare(database: Database, drawn: dict[int, tuple[int | None, bool]], on: int) -> None:
    async with world(database) as (telling, ask):
        rows: list[DueRow] = []
        for due, (late, celebrated) in drawn.items():
            one = uuid4()
            delivered = None if late is None else day(due + late)
            await telling.tell(CommitTask(task_id=one, title="T", due_on=day(due), serves_nothing="Training"))
            if delivered is not None:
                await telling.tell(DeliverTask(task_id=one, delivered_on=delivered))
                if celebrated:
                    await telling.tell(Celebrate(celebration_id=uuid4(), title="Bravo", task_id=one), on=START)
            rows.append(DueRow(day(due), delivered, celebrated and delivered is not None))
        found = [one["kept"] for one in await ask(telling.person_id, day(on))]
    expected = kept_in_a_row(rows, day(on))
    assert found == ([expected] if expected >= 5 else [])


async def test_what_was_kept_in_a_row_is_as_the_reference_counts_it(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(COMMITMENTS, st.integers(0, 22))
    def drawn(commitments: dict[int, tuple[int | None, bool]], on: int) -> None:
        asyncio.run_coroutine_threadsafe(compare(database, commitments, on), loop).result(60)

    await asyncio.to_thread(drawn)


SHARED = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([*[0] * 8, None, 1])), min_size=6, max_size=14)


async def compare_of_team(database: Database, drawn: list[tuple[int, int | None]], won: int, on: int) -> None:
    """Day by day who of five had promised something by it, and how late it was delivered; one is celebrated."""
    async with world(database) as (telling, ask):
        crew, rows = [uuid4() for _ in range(5)], list[DueRow]()
        for one in crew:
            await telling.tell(RegisterPerson(person_id=one, name="Somebody"))
        team_id = uuid4()
        await telling.tell(FormTeam(team_id=team_id, name="Crew"))
        for one in crew:
            await telling.tell(JoinTeam(team_id=team_id, person_id=one))
        for due, (nth, late) in enumerate(drawn):
            one, delivered = uuid4(), None if late is None else day(due + late)
            commit = CommitTask(task_id=one, title="T", due_on=day(due), serves_nothing="Training")
            await telling.tell(commit, by=crew[nth])
            if delivered is not None:
                await telling.tell(DeliverTask(task_id=one, delivered_on=delivered), by=crew[nth])
                if due == won:
                    await telling.tell(Celebrate(celebration_id=uuid4(), title="Bravo", task_id=one), on=START)
            rows.append(DueRow(day(due), delivered, due == won and delivered is not None))
        found = [one["kept"] for one in await ask(None, day(on)) if one["team_id"] == team_id]
    expected = kept_in_a_row(rows, day(on))
    assert found == ([expected] if expected >= 5 else [])


async def test_what_a_team_kept_in_a_row_is_as_the_reference_counts_it_over_its_people(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(SHARED, st.integers(-1, 9), st.integers(5, 15))
    def drawn(commitments: list[tuple[int, int | None]], won: int, on: int) -> None:
        asyncio.run_coroutine_threadsafe(compare_of_team(database, commitments, won, on), loop).result(60)

    await asyncio.to_thread(drawn)
