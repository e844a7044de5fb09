"""What stands open goes further, step by step, once each, until it is over: the timekeeper, the rows and the domain."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from domain.acknowledging import Acknowledge
from domain.blocks import BlockTask, UnblockTask
from domain.checkins import CheckIn
from domain.cycles import PlanCycle
from domain.escalation import EscalationStep, OpenFact, Receiver, SetEscalation
from domain.focus import ActivateOutcome
from domain.kernel import Command
from domain.measures import Direction, SetMeasure
from domain.outcomes import SetOutcome
from domain.people import FormTeam, RegisterPerson
from domain.promises import BlockKind
from domain.tasks import AcceptDelivery, CommitTask, DeliverTask
from infra.database import Database
from infra.timekeeper import Timekeeper
from tests.projections.figures import NOW, Figures, World

TODAY = datetime.now(UTC).date()
Settled = Callable[[], Awaitable[int]]
Told = tuple[str, int, str, list[UUID], bool]


class Bakery:
    """A team inside another one, with an outcome and a promise that serves it."""

    def __init__(self, world: Figures, database: Database, settled: Settled) -> None:
        self.world, self.database, self.settled = world, database, settled
        self.house, self.team, self.outcome, self.task = (uuid4() for _ in range(4))
        self.owner, self.reviewer, self.lead, self.chief, self.client = (uuid4() for _ in range(5))

    async def tell(self, *commands: Command, by: UUID | None = None) -> None:
        for command in commands:
            await self.world.telling.tell(command, by=by or self.world.telling.person_id)

    async def begin(self) -> None:
        cycle_id, ends = uuid4(), TODAY + timedelta(365)
        people = (self.owner, self.reviewer, self.lead, self.chief, self.client)
        await self.tell(
            *(RegisterPerson(person_id=one, name="Somebody") for one in people),
            FormTeam(team_id=self.house, name="House", lead_ids=(self.chief,)),
            FormTeam(team_id=self.team, name="Ovens", parent_id=self.house, lead_ids=(self.lead,)),
            PlanCycle(cycle_id=cycle_id, title="A year", starts_on=TODAY, ends_on=ends),
            SetOutcome(
                outcome_id=self.outcome, title="Bread", cycle_id=cycle_id, team_id=self.team,
                owner_id=self.owner, reviewer_id=self.reviewer,
            ),
            SetMeasure(
                measure_id=uuid4(), outcome_id=self.outcome, title="Loaves", direction=Direction.INCREASE,
                baseline=Decimal(0), target=Decimal(100), due_on=ends,
            ),
            ActivateOutcome(outcome_id=self.outcome),
        )  # fmt: skip

    async def promise(self, due: int = 0) -> None:
        on = TODAY + timedelta(due)
        committing = CommitTask(
            task_id=self.task, title="Bake", due_on=on, beneficiary_id=self.client, outcome_id=self.outcome
        )
        await self.tell(committing, by=self.owner)

    async def went(self, after: int) -> list[Told]:
        """What has gone further once the timekeeper has looked twice, so many days from now, and whether it stands."""
        moment = datetime.now(UTC) + timedelta(days=after)
        for _ in range(2):  # what it notes at the first look stands in the read models at the second
            await self.settled()
            await Timekeeper(self.database, self.world.ledger, lambda: moment).look()
        await self.settled()
        async with self.database.read.of(self.world.telling.organisation_id) as connection:
            rows = await connection.fetch(
                "select e.fact, e.days, e.receiver, array(select t.person_id from escalated_to t"
                " where t.organisation_id = e.organisation_id and t.escalation_id = e.id) as people,"
                " fact_stands($1, e.fact, e.task_id, e.outcome_id, e.check_in_id, e.stands_since, $2, $3) as stands"
                " from escalation e where e.organisation_id = $1 order by e.since",
                self.world.telling.organisation_id, NOW, moment.date(),
            )  # fmt: skip
        return [(row["fact"], row["days"], row["receiver"], row["people"], row["stands"]) for row in rows]


@asynccontextmanager
async def bakery(database: Database) -> AsyncGenerator[Bakery]:
    async with World(database) as (world, settled):
        one = Bakery(world, database, settled)
        await one.begin()
        yield one


def ladder(*steps: tuple[OpenFact, int, Receiver], team_id: UUID | None = None) -> SetEscalation:
    made = tuple(EscalationStep(fact=fact, days=days, to=to) for fact, days, to in steps)
    return SetEscalation(steps=made, reason="Nothing waits for ever.", team_id=team_id)


async def test_r6_an_overdue_promise_goes_up_step_by_step_until_it_is_kept(database: Database) -> None:
    async with bakery(database) as one:
        await one.promise()
        steps = ((OpenFact.DUE_PASSED, 2, Receiver.LEADS), (OpenFact.DUE_PASSED, 5, Receiver.LEADS_ABOVE))
        assert await one.went(1) == [], "nobody said that anything goes further"
        await one.tell(ladder(*steps))
        assert await one.went(1) == []
        first = ("DUE_PASSED", 2, "LEADS", [one.lead])
        assert await one.went(2) == [(*first, True)]
        assert await one.went(4) == [(*first, True)]
        second = ("DUE_PASSED", 5, "LEADS_ABOVE", [one.chief])
        assert await one.went(6) == [(*first, True), (*second, True)]
        await one.tell(DeliverTask(task_id=one.task), by=one.owner)
        assert await one.went(7) == [(*first, False), (*second, False)]


async def test_after_a_pause_every_step_that_it_has_come_to_is_noted_once(database: Database) -> None:
    async with bakery(database) as one:
        await one.promise()
        await one.tell(ladder((OpenFact.DUE_PASSED, 2, Receiver.LEADS), (OpenFact.DUE_PASSED, 5, Receiver.BENEFICIARY)))
        told = [("DUE_PASSED", 2, "LEADS", [one.lead], True), ("DUE_PASSED", 5, "BENEFICIARY", [one.client], True)]
        assert await one.went(9) == told
        assert await one.went(10) == told


async def test_r6_an_unanswered_delivery_goes_further_until_it_is_answered(database: Database) -> None:
    async with bakery(database) as one:
        await one.promise()
        await one.tell(DeliverTask(task_id=one.task), by=one.owner)
        await one.tell(ladder((OpenFact.ACCEPTANCE_PASSED, 9, Receiver.OWNER), team_id=one.house))
        assert await one.went(8) == [], "noted, and too early for the step"
        went = ("ACCEPTANCE_PASSED", 9, "OWNER", [one.owner])
        assert await one.went(9) == [(*went, True)]
        await one.tell(AcceptDelivery(task_id=one.task), by=one.client)
        assert await one.went(10) == [(*went, False)]


async def test_r6_an_aged_block_goes_further_until_it_is_cleared(database: Database) -> None:
    async with bakery(database) as one:
        await one.promise(due=300)
        blocking = BlockTask(
            task_id=one.task, kind=BlockKind.OTHER, waiting_for="rain", next_action="Wait", act_by=date(2100, 1, 1)
        )
        await one.tell(blocking, by=one.owner)
        await one.tell(ladder((OpenFact.BLOCK_AGED, 1, Receiver.REVIEWER)))
        assert await one.went(7) == [], "it is not old yet by the policy"
        went = ("BLOCK_AGED", 1, "REVIEWER", [one.reviewer])
        assert await one.went(8) == [(*went, True)]
        await one.tell(UnblockTask(task_id=one.task), by=one.owner)
        assert await one.went(9) == [(*went, False)]


async def test_r13_a_missed_check_in_goes_further_until_somebody_checks_in(database: Database) -> None:
    async with bakery(database) as one:
        await one.tell(ladder((OpenFact.CHECK_IN_MISSED, 10, Receiver.LEADS)))
        assert await one.went(39) == []
        went = ("CHECK_IN_MISSED", 10, "LEADS", [one.lead])
        assert await one.went(40) == [(*went, True)]
        await one.tell(CheckIn(check_in_id=uuid4(), outcome_id=one.outcome, moved="much"))
        assert await one.went(41) == [(*went, False)]


async def test_an_unread_check_in_goes_further_until_it_is_read(database: Database) -> None:
    async with bakery(database) as one:
        await one.tell(ladder((OpenFact.ACKNOWLEDGEMENT_PASSED, 10, Receiver.LEADS)))
        said = uuid4()
        await one.tell(CheckIn(check_in_id=said, outcome_id=one.outcome, moved="much"), by=one.owner)
        assert await one.went(9) == []
        went = ("ACKNOWLEDGEMENT_PASSED", 10, "LEADS", [one.lead])
        assert await one.went(10) == [(*went, True)]
        await one.tell(Acknowledge(check_in_id=said), by=one.reviewer)
        assert await one.went(11) == [(*went, False)]


async def test_the_nearest_ladder_counts_and_the_rows_know_the_same_one(database: Database) -> None:
    async with bakery(database) as one:
        found: list[list[tuple[str, int, UUID]]] = []
        due, block = (OpenFact.DUE_PASSED, 2, Receiver.LEADS), (OpenFact.BLOCK_AGED, 3, Receiver.OWNER)
        for command in (
            ladder(due, block),
            ladder(block, team_id=one.house),
            ladder(team_id=one.team),
            SetEscalation(none=True, reason="As above.", team_id=one.team),
            SetEscalation(none=True, reason="As above.", team_id=one.house),
        ):
            await one.tell(command)
            await one.settled()
            async with one.database.read.of(one.world.telling.organisation_id) as connection:
                rows = await connection.fetch(
                    "select fact, days, holder_id from ladder_of($1, $2, $3) order by 2",
                    one.world.telling.organisation_id, one.team, NOW,
                )  # fmt: skip
            found.append([(row["fact"], row["days"], row["holder_id"]) for row in rows])
        all_of_it = one.world.telling.organisation_id
        whole = [("DUE_PASSED", 2, all_of_it), ("BLOCK_AGED", 3, all_of_it)]
        assert found == [whole, [("BLOCK_AGED", 3, one.house)], [], [("BLOCK_AGED", 3, one.house)], whole]
