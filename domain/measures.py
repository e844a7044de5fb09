"""Measures: how success of an outcome is told, by which terms, and from what: readings, an indicator, others."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.codes import (
    ALREADY_EXISTS,
    COMPUTATION_CIRCLE,
    MEASURE_RETIRED,
    NOT_FOUND,
    TARGET_IS_BASELINE,
    TERMS_MISSING,
)
from domain.indicators import Days, Indicator, Period, UnitOfMeasure, check_band
from domain.kernel import (
    Command,
    Event,
    Fold,
    IndicatorId,
    InputId,
    MeasureId,
    OutcomeId,
    OwnerId,
    Reads,
    ReferenceId,
    Refused,
)
from domain.outcomes import CycleOf, Outcome
from domain.people import Person
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Invalid, Name, Reason, Title, Weight, checked_between

MOST_WEIGHT = 1_000
Inputs = Annotated[tuple[InputId, ...], msgspec.Meta(max_length=50)]


class Direction(StrEnum):
    """Which way is better, or what else the measure tells."""

    INCREASE = "INCREASE"
    DECREASE = "DECREASE"
    KEEP_ABOVE = "KEEP_ABOVE"
    KEEP_BELOW = "KEEP_BELOW"
    KEEP_WITHIN = "KEEP_WITHIN"
    YES_NO = "YES_NO"
    CHECKLIST = "CHECKLIST"
    ORDINAL = "ORDINAL"


class Computation(StrEnum):
    """What a computed measure makes of the values of its inputs; a ratio is the first by the second."""

    SUM = "SUM"
    MEAN = "MEAN"
    MINIMUM = "MINIMUM"
    MAXIMUM = "MAXIMUM"
    RATIO = "RATIO"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value that is expected on a day on the way."""

    on: date
    value: Decimal


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named step of an ordinal measure, and the attainment, 0 to 1, that it stands for."""

    name: Name
    value: Decimal


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What has been agreed of a measure at one time."""

    baseline: Decimal | None
    target: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    weight: Decimal
    due_on: date | None
    commit: Decimal | None = None
    stretch: Decimal | None = None


@bears_reference
class MeasureSet(Event, frozen=True, tag="measure.set"):
    """It was said how success of an outcome is told."""

    version: ClassVar[int] = 2

    measure_id: MeasureId
    outcome_id: OutcomeId
    title: Title
    direction: Direction
    unit: UnitOfMeasure | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    weight: Weight = Decimal(1)
    starts_on: date | None = None
    due_on: date | None = None
    checkpoints: tuple[Checkpoint, ...] = ()
    steps: tuple[Step, ...] = ()
    leading: bool = False
    accumulates: bool = False
    reference: Reference | None = None
    reference_id: ReferenceId | None = None
    commit: Decimal | None = None
    stretch: Decimal | None = None
    resets: Period | None = None
    indicator_id: IndicatorId | None = None
    computation: Computation | None = None
    input_ids: tuple[InputId, ...] = ()
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: int | None = None


class MeasureRevised(Event, frozen=True, tag="measure.revised"):
    """The terms of a measure are others from a day on; all of them are told."""

    version: ClassVar[int] = 2

    measure_id: MeasureId
    outcome_id: OutcomeId
    effective_on: date
    title: Title
    unit: UnitOfMeasure | None
    baseline: Decimal | None
    target: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    weight: Weight
    due_on: date | None
    reason: Reason
    commit: Decimal | None = None
    stretch: Decimal | None = None
    computation: Computation | None = None
    input_ids: tuple[InputId, ...] = ()
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: int | None = None


class MeasureRetired(Event, frozen=True, tag="measure.retired"):
    """A measure counts no longer; what it told stays on record."""

    measure_id: MeasureId
    outcome_id: OutcomeId
    reason: Reason


MeasureEvent = MeasureSet | MeasureRevised | MeasureRetired


def terms_of(event: MeasureSet | MeasureRevised) -> Terms:
    """The terms that the event tells."""
    return Terms(
        baseline=event.baseline,
        target=event.target,
        lower=event.lower,
        upper=event.upper,
        weight=event.weight,
        due_on=event.due_on,
        commit=event.commit,
        stretch=event.stretch,
    )


def complete(direction: Direction, terms: Terms) -> bool:
    """Whether attainment can be told by these terms: baseline and target, or the band (R1)."""
    match direction:
        case Direction.INCREASE | Direction.DECREASE:
            return terms.baseline is not None and terms.target is not None
        case Direction.KEEP_ABOVE:
            return terms.lower is not None or terms.target is not None
        case Direction.KEEP_BELOW:
            return terms.upper is not None or terms.target is not None
        case Direction.KEEP_WITHIN:
            return terms.lower is not None and terms.upper is not None
        case Direction.YES_NO | Direction.CHECKLIST | Direction.ORDINAL:
            return True


class Measure(Fold[MeasureEvent]):
    """A measure and its terms: the latest ones, whatever day they take effect."""

    def __init__(self, measure_id: UUID) -> None:
        super().__init__(measure=measure_id)
        self.set: MeasureSet | None = None
        self.latest: MeasureSet | MeasureRevised | None = None
        self.retired = False

    def fold(self, event: MeasureEvent) -> None:
        match event:
            case MeasureSet():
                self.set = self.latest = event
            case MeasureRevised():
                self.latest = event
            case MeasureRetired():
                self.retired = True

    @property
    def outcome_id(self) -> UUID | None:
        return self.set.outcome_id if self.set is not None else None

    @property
    def input_ids(self) -> tuple[UUID, ...]:
        return self.latest.input_ids if self.latest is not None else ()

    def check(self, field: str) -> None:
        """Refuses the mention of a measure that nobody set."""
        if self.set is None:
            raise Refused(NOT_FOUND, "There is no such measure: set it first.", field)

    def standing(self, field: str) -> tuple[MeasureSet, MeasureSet | MeasureRevised]:
        """The measure as it was set and as it is now; refuses one that nobody set, and one that is retired."""
        self.check(field)
        if self.retired:
            raise Refused(MEASURE_RETIRED, "Set a new measure: this one is retired.", field)
        assert self.set is not None and self.latest is not None  # noqa: S101, PT018 - what check has made sure of
        return self.set, self.latest


class Measures(Fold[MeasureEvent]):
    """Whether an outcome has a measure by which its attainment can be told (R1), and in which units."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.set: dict[UUID, MeasureSet] = {}
        self.terms: dict[UUID, Terms] = {}
        self.units: dict[UUID, UnitOfMeasure | None] = {}

    def fold(self, event: MeasureEvent) -> None:
        match event:
            case MeasureSet():
                self.set[event.measure_id] = event
                self.terms[event.measure_id] = terms_of(event)
                self.units[event.measure_id] = event.unit
            case MeasureRevised():
                self.terms[event.measure_id] = terms_of(event)
                self.units[event.measure_id] = event.unit
            case MeasureRetired():
                self.set.pop(event.measure_id, None)
                self.terms.pop(event.measure_id, None)
                self.units.pop(event.measure_id, None)

    @property
    def complete(self) -> bool:
        return any(complete(self.set[one].direction, terms) for one, terms in self.terms.items())

    @property
    def dated(self) -> bool:
        return any(complete(self.set[one].direction, terms) and terms.due_on for one, terms in self.terms.items())


def check_terms(direction: Direction, terms: Terms) -> None:
    """Refuses terms by which no progress could be told, or that contradict the direction."""
    check_band(terms.lower, terms.upper)
    if direction not in {Direction.INCREASE, Direction.DECREASE}:
        return
    _check_levels(direction, terms)
    if terms.baseline is None or terms.target is None:
        return
    if terms.target == terms.baseline:
        raise Refused(TARGET_IS_BASELINE, "Give a target other than the baseline.", "target", "baseline")
    rises = terms.target > terms.baseline
    if rises is not (direction is Direction.INCREASE):
        sentence = (
            f"Give a target on the {'upper' if direction is Direction.INCREASE else 'lower'} side of the baseline."
        )
        raise Refused(TERMS_MISSING, sentence, "target", "direction")


def _check_levels(direction: Direction, terms: Terms) -> None:
    levels = [one for one in (terms.commit, terms.target, terms.stretch) if one is not None]
    ordered = all(a < b if direction is Direction.INCREASE else a > b for a, b in pairwise(levels))
    if not ordered:
        raise Refused(TERMS_MISSING, "Let commit come before target, and target before stretch.", "commit", "stretch")


def check_computation(computation: Computation | None, inputs: Iterable[UUID]) -> None:
    """Raises Invalid for inputs that the computation can't take."""
    most = {None: 0, Computation.RATIO: 2}.get(computation, 50)
    least = {None: 0, Computation.RATIO: 2}.get(computation, 1)
    count = len(tuple(inputs))
    if not least <= count <= most:
        wanted = "no inputs without a computation" if not most else "two inputs" if most == least else "1 to 50 inputs"
        raise Invalid(f"Give {wanted}.", "inputIds")


def rising(inputs: Iterable[UUID], above: set[UUID]) -> Reads:
    """Reads all that measures are computed from, level by level, into `above` (R3)."""
    generation = set(inputs)
    while generation:
        above |= generation
        measures = [Measure(one) for one in sorted(generation)]
        yield [*measures]
        generation = {one for measure in measures for one in measure.input_ids} - above


class SetMeasure(Command):
    """Say how success of an outcome is told; without a target it is shown as unclear.

    Its values come from readings of its own, from an indicator, or from other measures. Refused where target and
    baseline are the same, or contradict the direction, or the cycle of the outcome is closed (R8).
    """

    entity = "measure_id"
    creates = True

    measure_id: MeasureId
    outcome_id: OutcomeId
    title: Title
    direction: Direction
    unit: UnitOfMeasure | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    weight: Weight = Decimal(1)
    starts_on: date | None = None
    due_on: date | None = None
    checkpoints: Annotated[tuple[Checkpoint, ...], msgspec.Meta(max_length=100)] = ()
    steps: Annotated[tuple[Step, ...], msgspec.Meta(max_length=50)] = ()
    leading: bool = False
    accumulates: bool = False
    reference: Reference | None = None
    commit: Decimal | None = None
    stretch: Decimal | None = None
    resets: Period | None = None
    indicator_id: IndicatorId | None = None
    computation: Computation | None = None
    input_ids: Inputs = ()
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: Days | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_between(self.weight, 0, MOST_WEIGHT, "weight")
        if any(earlier.on >= later.on for earlier, later in pairwise(self.checkpoints)):
            raise Invalid("Give the checkpoints in the order of their days.", "checkpoints")
        for step in self.steps:
            checked_between(step.value, 0, 1, "steps")
        check_computation(self.computation, self.input_ids)
        if self.indicator_id is not None and self.computation is not None:
            raise Invalid("Let the values come from an indicator or from other measures, not from both.", "computation")
        if self.resets is not None and not self.accumulates:
            raise Invalid("Only a measure that accumulates starts anew each period.", "resets")

    def reads(self) -> Reads:
        self.measure = Measure(self.measure_id)
        self.inputs = [Measure(one) for one in dict.fromkeys(self.input_ids)]
        outcome = Outcome(self.outcome_id)
        self.mentions = mentioned(
            outcomeId=outcome,
            indicatorId=self.indicator_id and Indicator(self.indicator_id),
            ownerId=self.owner_id and Person(self.owner_id),
            reference=self.reference and Referenced(self.reference),
        )
        yield [self.measure, *self.inputs, *self.mentions.values()]
        self.cycle = CycleOf(outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        if self.measure.set:
            raise Refused(ALREADY_EXISTS, "Choose another id: a measure has this one.", "measureId")
        check_mentions(self.mentions)
        self.cycle.check_open("outcomeId")
        for one in self.inputs:
            one.standing("inputIds")  # they are there already, so no circle can come of it (R3)
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        event = MeasureSet(**fields, reference_id=key_of(self.reference))
        check_terms(self.direction, terms_of(event))
        self.emit(event)


class ReviseMeasure(Command):
    """Agree on other terms for a measure from a day on; what is left out stays as it is (R3, R9).

    Refused where there is no such measure, target and baseline would be the same, or it would be computed from itself.
    """

    entity = "measure_id"

    measure_id: MeasureId
    reason: Reason
    effective_on: date | None = None
    title: Title | None = None
    unit: UnitOfMeasure | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    weight: Weight | None = None
    due_on: date | None = None
    commit: Decimal | None = None
    stretch: Decimal | None = None
    computation: Computation | None = None
    input_ids: Inputs | None = None
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: Days | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight is not None:
            checked_between(self.weight, 0, MOST_WEIGHT, "weight")

    def reads(self) -> Reads:
        self.measure = Measure(self.measure_id)
        self.inputs = [Measure(one) for one in dict.fromkeys(self.input_ids or ())]
        self.mentions = mentioned(ownerId=self.owner_id and Person(self.owner_id))
        yield [self.measure, *self.inputs, *self.mentions.values()]
        self.above: set[UUID] = set()
        yield from rising(self.input_ids or (), self.above)

    def execute(self) -> None:
        was, latest = self.measure.standing("measureId")
        check_mentions(self.mentions)
        for one in self.inputs:
            one.standing("inputIds")
        if self.measure_id in self.above:
            sentence = "Choose other inputs: one of these is computed from this measure, by way of others."
            raise Refused(COMPUTATION_CIRCLE, sentence, "inputIds")
        said = {name: getattr(self, name) for name in REVISED if getattr(self, name) is not None}
        kept = {name: getattr(latest, name) for name in REVISED}
        event = MeasureRevised(
            measure_id=self.measure_id,
            outcome_id=was.outcome_id,
            effective_on=self.effective_on or self.issued.today,
            reason=self.reason,
            **{**kept, **said},
        )
        self._check_source(was, event)
        check_terms(was.direction, terms_of(event))
        self.emit(event)

    def _check_source(self, was: MeasureSet, event: MeasureRevised) -> None:
        """Where the values come from is decided when a measure is set: its history would mean something else."""
        if (was.computation is None) is not (event.computation is None):
            sentence = "Set a new measure: this one has values of its own." if event.computation else ""
            raise Refused(TERMS_MISSING, sentence or "Keep the computation.", "computation")
        try:
            check_computation(event.computation, event.input_ids)
        except Invalid as invalid:
            raise Refused(TERMS_MISSING, invalid.sentence, invalid.field) from None


REVISED = tuple(
    name
    for name in MeasureRevised.__struct_fields__
    if name not in {"measure_id", "outcome_id", "effective_on", "reason"}
)


class RetireMeasure(Command):
    """Let a measure count no longer, and say why; what it told stays on record (R9).

    Refused where there is no such measure.
    """

    entity = "measure_id"

    measure_id: MeasureId
    reason: Reason

    def reads(self) -> Reads:
        self.measure = Measure(self.measure_id)
        yield [self.measure]

    def execute(self) -> None:
        self.measure.check("measureId")
        was = self.measure.set
        if was is not None and not self.measure.retired:
            self.emit(MeasureRetired(measure_id=self.measure_id, outcome_id=was.outcome_id, reason=self.reason))
