"""The SQL that serves, held to the plain reference over worlds that nobody would have thought of."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alignment import AlignOutcome
from domain.arithmetic import weighted_mean
from domain.figures import Figures
from domain.focus import AbandonOutcome
from domain.indicators import Period
from domain.kernel import Command, Reads
from domain.measures import Computation, Direction, Measures, RetireMeasure, ReviseMeasure, SetMeasure
from domain.organisation import FoundOrganisation
from domain.outcomes import RollUp, SetOutcome
from domain.readings import CorrectReading, VoidReading
from domain.taking import TakeReading
from infra.database import Database
from infra.sequencer import Accepted
from tests.infra.at_work import Telling, projecting
from tests.memory_ledger import MemoryLedger
from tests.reference import MeasureRow, OutcomeRow, Terms

NOW = 9_223_372_036_854_775_807
START, DUE, ALWAYS = date(2022, 1, 1), date(2022, 12, 31), date(1900, 1, 1)
NEAR = 1e-9

VALUES = st.integers(-20, 120)
WEIGHTS = st.integers(0, 3)
DAYS = st.integers(0, 364).map(lambda n: START + timedelta(days=n))


@dataclass(frozen=True)
class DrawnMeasure:
    """What hypothesis draws of a measure; a target of 100 over a baseline of 0, or a band from 20 to 80."""

    direction: Direction
    has_target: bool
    weight: int
    readings: tuple[tuple[date, int], ...]
    revised: tuple[date, int] | None  # another target, or upper bound, and its day
    accumulates: str | None  # ALWAYS, or the period after which it starts anew
    corrected: int | None  # another value of the first reading
    voided: bool  # the last reading
    retired: bool

    def target(self, new: int | None = None) -> int | None:
        if not self.has_target:
            return None
        high = 100 if new is None else new
        return -high if self.direction is Direction.DECREASE else high


MEASURES = st.builds(
    DrawnMeasure,
    direction=st.sampled_from(
        [Direction.INCREASE, Direction.DECREASE, Direction.KEEP_ABOVE, Direction.KEEP_BELOW, Direction.KEEP_WITHIN]
    ),
    has_target=st.booleans() | st.just(True),
    weight=WEIGHTS,
    readings=st.lists(st.tuples(DAYS, VALUES), max_size=3).map(tuple),
    revised=st.none() | st.tuples(DAYS, st.integers(101, 200)),
    accumulates=st.none() | st.sampled_from(["ALWAYS", "WEEK", "MONTH", "QUARTER", "YEAR"]),
    corrected=st.none() | VALUES,
    voided=st.booleans(),
    retired=st.sampled_from([False, False, False, True]),
)


@dataclass(frozen=True)
class DrawnOutcome:
    """An outcome that may serve any drawn before it."""

    roll_up: RollUp | None
    measures: tuple[DrawnMeasure, ...]
    computed: Computation | None  # from its measures, where it has any, two of them for a ratio
    serves: tuple[tuple[int, int], ...]
    abandoned: bool


OUTCOMES = st.lists(
    st.builds(
        DrawnOutcome,
        roll_up=st.none() | st.sampled_from(list(RollUp)),
        measures=st.lists(MEASURES, max_size=2).map(tuple),
        computed=st.none() | st.sampled_from(list(Computation)),
        serves=st.lists(st.tuples(st.integers(0, 3), WEIGHTS), max_size=2, unique_by=lambda one: one[0]).map(tuple),
        abandoned=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def terms(drawn: DrawnMeasure, on: date, new: int | None = None) -> Terms:
    ranged = drawn.direction in {Direction.INCREASE, Direction.DECREASE}
    target, upper = drawn.target(new), 80 if new is None else new
    above, below, within = (
        drawn.direction is one for one in (Direction.KEEP_ABOVE, Direction.KEEP_BELOW, Direction.KEEP_WITHIN)
    )
    return Terms(
        effective_on=on,
        baseline=Fraction(0) if ranged else None,
        target=Fraction(target) if ranged and target is not None else None,
        lower=Fraction(20) if above or within else None,
        upper=Fraction(upper) if below or within else None,
        weight=Fraction(drawn.weight),
    )


def exact(value: Fraction | None) -> Decimal | None:
    return None if value is None else Decimal(value.numerator)


async def tell_measure(telling: Telling, outcome_id: UUID, nth: int, drawn: DrawnMeasure) -> tuple[UUID, MeasureRow]:
    measure_id, first = uuid4(), terms(drawn, ALWAYS)
    every = [first]
    resets = None if drawn.accumulates in {None, "ALWAYS"} else Period(drawn.accumulates)
    await telling.tell(
        SetMeasure(
            measure_id=measure_id,
            outcome_id=outcome_id,
            title=f"Count {nth}",
            direction=drawn.direction,
            accumulates=drawn.accumulates is not None,
            resets=resets,
            baseline=exact(first.baseline),
            target=exact(first.target),
            lower=exact(first.lower),
            upper=exact(first.upper),
            weight=Decimal(drawn.weight),
        )
    )
    readings: list[tuple[UUID, date, int]] = [(uuid4(), day, value) for day, value in drawn.readings]
    for reading_id, day, value in readings:
        await telling.tell(
            TakeReading(reading_id=reading_id, measure_id=measure_id, value=Decimal(value), taken_on=day)
        )
    if readings and drawn.corrected is not None:
        reading_id, day, _ = readings[0]
        readings[0] = (reading_id, day, drawn.corrected)
        await telling.tell(CorrectReading(reading_id=reading_id, value=Decimal(drawn.corrected), reason="misread"))
    if readings and drawn.voided:
        await telling.tell(VoidReading(reading_id=readings.pop()[0], reason="of another figure"))
    if drawn.revised is not None:
        day, new = drawn.revised
        later = terms(drawn, day, new)
        every.append(later)
        await telling.tell(
            ReviseMeasure(
                measure_id=measure_id,
                effective_on=day,
                target=exact(later.target),
                upper=exact(later.upper),
                reason="agreed",
            )
        )
    row = MeasureRow(
        drawn.direction,
        every,
        [(day, Fraction(value)) for _, day, value in readings],
        accumulates=drawn.accumulates is not None,
        resets=resets,
        retired=drawn.retired,
    )
    return measure_id, row


async def tell_computed(
    telling: Telling, outcome_id: UUID, computation: Computation, inputs: list[tuple[UUID, MeasureRow]]
) -> MeasureRow:
    """A measure that goes from 0 to 100, computed from others."""
    await telling.tell(
        SetMeasure(
            measure_id=uuid4(),
            outcome_id=outcome_id,
            title="Made of others",
            direction=Direction.INCREASE,
            baseline=Decimal(0),
            target=Decimal(100),
            computation=computation,
            input_ids=tuple(one for one, _ in inputs),
        )
    )
    bare = Terms(ALWAYS, Fraction(0), Fraction(100), None, None, Fraction(1))
    return MeasureRow(Direction.INCREASE, [bare], computation=computation.value, inputs=[row for _, row in inputs])


async def tell_world(telling: Telling, drawn: list[DrawnOutcome]) -> list[tuple[UUID, OutcomeRow]]:
    world: list[tuple[UUID, OutcomeRow]] = []
    for one in drawn:
        outcome_id = uuid4()
        row = OutcomeRow(one.roll_up.value if one.roll_up else None, START, DUE, abandoned=one.abandoned)
        await telling.tell(
            SetOutcome(outcome_id=outcome_id, title="Better", starts_on=START, due_on=DUE, roll_up=one.roll_up)
        )
        told = [await tell_measure(telling, outcome_id, nth, each) for nth, each in enumerate(one.measures)]
        row.measures += [each for _, each in told]
        if one.computed is not None and len(told) >= (2 if one.computed is Computation.RATIO else 1):
            row.measures.append(await tell_computed(telling, outcome_id, one.computed, told))
        for measure_id, each in told:
            if each.retired:
                await telling.tell(RetireMeasure(measure_id=measure_id, reason="nobody reads it"))
        for nth, weight in one.serves:
            if nth < len(world):
                higher_id, higher = world[nth]
                higher.served_by.append((row, Fraction(weight)))
                await telling.tell(AlignOutcome(outcome_id=outcome_id, higher_id=higher_id, weight=Decimal(weight)))
        if one.abandoned:
            await telling.tell(AbandonOutcome(outcome_id=outcome_id, reason="enough"))
        world.append((outcome_id, row))
    return world


class Twice(Telling):
    """Tells a ledger in memory the same, for the rules that decide by the figures."""

    memory: MemoryLedger

    async def tell(self, command: Command, **envelope: object) -> Accepted:
        issued = self.issued(**envelope)  # pyright: ignore[reportArgumentType]
        self.memory.execute(command, issued)
        return await self.ledger.execute(command, issued)


class Suggested(Command):
    """What `grade-outcome` would suggest for an outcome by its measures on a day."""

    outcome_id: UUID
    day: date

    def reads(self) -> Reads:
        self.measured = Measures(self.outcome_id)
        yield [self.measured]
        self.figures = Figures(self.issued.organisation_id)
        yield from self.figures.reads(set(self.measured.set))
        yield from self.figures.read_milestones()

    def execute(self) -> None:
        self.found = weighted_mean(self.figures.progress(one, self.day) for one in self.measured.set)


async def compare(database: Database, drawn: list[DrawnOutcome], day: date) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = Twice(ledger)
        telling.memory = MemoryLedger()
        await telling.tell(FoundOrganisation(organisation_id=telling.organisation_id, name="Harbour", time_zone="UTC"))
        world = await tell_world(telling, drawn)
        head = ledger.sequencers[telling.organisation_id].warmth.known or 0
        assert await positions.wait(telling.organisation_id, head, 10)
    async with database.read.of(telling.organisation_id) as connection:
        for outcome_id, row in world:
            served = await connection.fetchrow(
                "select progress::float8, expected::float8, suggested_status from outcome_standing($1, $2, $3, $4)",
                telling.organisation_id,
                outcome_id,
                NOW,
                day,
            )
            assert served is not None
            progress = row.progress(day)
            assert served[0] == (None if progress is None else pytest.approx(float(progress), abs=NEAR))
            assert served[1] == pytest.approx(float(row.expected(day)), abs=NEAR)
            assert served[2] == row.suggested(day)
            if row.policy == "MEASURES":
                suggested = Suggested(outcome_id=outcome_id, day=day)
                telling.memory.execute(suggested, telling.issued())
                assert suggested.found == progress, "rules decide by the same figures"


async def test_progress_expectation_and_suggestion_are_those_of_the_reference(database: Database) -> None:
    loop = asyncio.get_running_loop()

    @given(OUTCOMES, DAYS)
    def drawn_worlds(drawn: list[DrawnOutcome], day: date) -> None:
        asyncio.run_coroutine_threadsafe(compare(database, drawn, day), loop).result(60)

    await asyncio.to_thread(drawn_worlds)
