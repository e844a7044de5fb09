"""How success of an outcome is told: measures, their terms over time, and readings."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, NOT_FOUND, TARGET_IS_BASELINE, TERMS_MISSING
from domain.kernel import Command, Event, Fold, MeasureId, OutcomeId, ReadingId, Reads, ReferenceId, Refused
from domain.outcomes import Outcome
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Invalid, Name, Reason, Text, Title, Unit, Weight, checked_between

MOST_WEIGHT = 1_000


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


class Origin(StrEnum):
    """Where a reading comes from."""

    PERSON = "PERSON"
    SOURCE = "SOURCE"
    IMPORT = "IMPORT"


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


@bears_reference
class MeasureSet(Event, frozen=True, tag="measure.set"):
    """It was said how success of an outcome is told."""

    measure_id: MeasureId
    outcome_id: OutcomeId
    title: Title
    direction: Direction
    unit: Unit | None = None
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


class MeasureRevised(Event, frozen=True, tag="measure.revised"):
    """The terms of a measure are others from a day on; all of them are told."""

    measure_id: MeasureId
    outcome_id: OutcomeId
    effective_on: date
    title: Title
    unit: Unit | None
    baseline: Decimal | None
    target: Decimal | None
    lower: Decimal | None
    upper: Decimal | None
    weight: Weight
    due_on: date | None
    reason: Reason


class ReadingTaken(Event, frozen=True, tag="reading.taken"):
    """A measure had a value on a day."""

    reading_id: ReadingId
    measure_id: MeasureId
    outcome_id: OutcomeId
    value: Decimal
    taken_on: date
    note: Text | None = None
    evidence: Text | None = None
    origin: Origin = Origin.PERSON


class ReadingCorrected(Event, frozen=True, tag="reading.corrected"):
    """A reading was wrong; what it says now stands beside what it said."""

    reading_id: ReadingId
    measure_id: MeasureId
    outcome_id: OutcomeId
    value: Decimal
    taken_on: date
    reason: Reason


MeasureEvent = MeasureSet | MeasureRevised


def terms_of(event: MeasureEvent) -> Terms:
    """The terms that the event tells."""
    return Terms(
        baseline=event.baseline,
        target=event.target,
        lower=event.lower,
        upper=event.upper,
        weight=event.weight,
        due_on=event.due_on,
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
        self.latest: MeasureEvent | None = None

    def fold(self, event: MeasureEvent) -> None:
        match event:
            case MeasureSet():
                self.set = self.latest = event
            case MeasureRevised():
                self.latest = event

    @property
    def outcome_id(self) -> UUID | None:
        return self.set.outcome_id if self.set is not None else None

    def check(self, field: str) -> None:
        """Refuses the mention of a measure that nobody set."""
        if self.set is None:
            raise Refused(NOT_FOUND, "There is no such measure: set it first.", field)


class Measures(Fold[MeasureEvent]):
    """Whether an outcome has a measure by which its attainment can be told (R1)."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.directions: dict[UUID, Direction] = {}
        self.terms: dict[UUID, Terms] = {}

    def fold(self, event: MeasureEvent) -> None:
        match event:
            case MeasureSet():
                self.directions[event.measure_id] = event.direction
                self.terms[event.measure_id] = terms_of(event)
            case MeasureRevised():
                self.terms[event.measure_id] = terms_of(event)

    @property
    def complete(self) -> bool:
        return any(complete(self.directions[one], terms) for one, terms in self.terms.items())

    @property
    def dated(self) -> bool:
        return any(complete(self.directions[one], terms) and terms.due_on for one, terms in self.terms.items())


class Reading(Fold[ReadingTaken | ReadingCorrected]):
    """A reading as it stands."""

    def __init__(self, reading_id: UUID) -> None:
        super().__init__(reading=reading_id)
        self.stands: ReadingTaken | ReadingCorrected | None = None

    def fold(self, event: ReadingTaken | ReadingCorrected) -> None:
        match event:
            case ReadingTaken() | ReadingCorrected():
                self.stands = event


def check_terms(direction: Direction, terms: Terms) -> None:
    """Refuses terms by which no progress could be told, or that contradict the direction."""
    if terms.lower is not None and terms.upper is not None and terms.lower >= terms.upper:
        raise Refused(TERMS_MISSING, "Give a lower bound that lies below the upper one.", "lower", "upper")
    if direction not in {Direction.INCREASE, Direction.DECREASE} or terms.baseline is None or terms.target is None:
        return
    if terms.target == terms.baseline:
        raise Refused(TARGET_IS_BASELINE, "Give a target other than the baseline.", "target", "baseline")
    rises = terms.target > terms.baseline
    if rises is not (direction is Direction.INCREASE):
        sentence = (
            f"Give a target on the {'upper' if direction is Direction.INCREASE else 'lower'} side of the baseline."
        )
        raise Refused(TERMS_MISSING, sentence, "target", "direction")


def check_value(direction: Direction, value: Decimal) -> None:
    """Raises Invalid for a value that the measure can't have."""
    if direction is Direction.YES_NO and value not in {Decimal(0), Decimal(1)}:
        raise Refused(TERMS_MISSING, "Give 1 for yes or 0 for no.", "value")
    if direction is Direction.ORDINAL and not 0 <= value <= 1:
        raise Refused(TERMS_MISSING, "Give the value of one of the steps, 0 to 1.", "value")


class SetMeasure(Command):
    """Say how success of an outcome is told; without a target it is shown as unclear.

    Refused where target and baseline are the same, or contradict the direction.
    """

    entity = "measure_id"
    creates = True

    measure_id: MeasureId
    outcome_id: OutcomeId
    title: Title
    direction: Direction
    unit: Unit | None = None
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

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_between(self.weight, 0, MOST_WEIGHT, "weight")
        if any(earlier.on >= later.on for earlier, later in pairwise(self.checkpoints)):
            raise Invalid("Give the checkpoints in the order of their days.", "checkpoints")

    def reads(self) -> Reads:
        self.measure = Measure(self.measure_id)
        self.mentions = mentioned(
            outcomeId=Outcome(self.outcome_id), reference=self.reference and Referenced(self.reference)
        )
        yield [self.measure, *self.mentions.values()]

    def execute(self) -> None:
        if self.measure.set:
            raise Refused(ALREADY_EXISTS, "Choose another id: a measure has this one.", "measureId")
        check_mentions(self.mentions)
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        event = MeasureSet(**fields, reference_id=key_of(self.reference))
        check_terms(self.direction, terms_of(event))
        self.emit(event)


class ReviseMeasure(Command):
    """Agree on other terms for a measure from a day on; what is left out stays as it is (R9).

    Refused where there is no such measure, or target and baseline would be the same.
    """

    entity = "measure_id"

    measure_id: MeasureId
    reason: Reason
    effective_on: date | None = None
    title: Title | None = None
    unit: Unit | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    weight: Weight | None = None
    due_on: date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight is not None:
            checked_between(self.weight, 0, MOST_WEIGHT, "weight")

    def reads(self) -> Reads:
        self.measure = Measure(self.measure_id)
        yield [self.measure]

    def execute(self) -> None:
        self.measure.check("measureId")
        was, latest = self.measure.set, self.measure.latest
        assert was is not None and latest is not None  # noqa: S101, PT018 - what check has made sure of
        event = MeasureRevised(
            measure_id=self.measure_id,
            outcome_id=was.outcome_id,
            effective_on=self.effective_on or self.issued.today,
            title=self.title or latest.title,
            unit=self.unit or latest.unit,
            baseline=latest.baseline if self.baseline is None else self.baseline,
            target=latest.target if self.target is None else self.target,
            lower=latest.lower if self.lower is None else self.lower,
            upper=latest.upper if self.upper is None else self.upper,
            weight=latest.weight if self.weight is None else self.weight,
            due_on=self.due_on or latest.due_on,
            reason=self.reason,
        )
        check_terms(was.direction, terms_of(event))
        self.emit(event)


class TakeReading(Command):
    """Tell the value that a measure had on a day (R9).

    Refused where there is no such measure, or the day lies in the future.
    """

    entity = "reading_id"
    creates = True

    reading_id: ReadingId
    measure_id: MeasureId
    value: Decimal
    taken_on: date | None = None
    note: Text | None = None
    evidence: Text | None = None
    origin: Origin = Origin.PERSON

    def reads(self) -> Reads:
        self.measure = Measure(self.measure_id)
        self.reading = Reading(self.reading_id)
        yield [self.measure, self.reading]

    def execute(self) -> None:
        self.measure.check("measureId")
        if self.reading.stands:
            raise Refused(ALREADY_EXISTS, "Choose another id: a reading has this one.", "readingId")
        was = self.measure.set
        assert was is not None  # noqa: S101 - what check has made sure of
        taken_on = self.taken_on or self.issued.today
        if taken_on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give the day on which the value was read; it lies in the future.", "takenOn")
        check_value(was.direction, self.value)
        self.emit(
            ReadingTaken(
                reading_id=self.reading_id,
                measure_id=self.measure_id,
                outcome_id=was.outcome_id,
                value=self.value,
                taken_on=taken_on,
                note=self.note,
                evidence=self.evidence,
                origin=self.origin,
            )
        )


class CorrectReading(Command):
    """Put a reading right and say why; what it said before stays in the history (R9).

    Refused where there is no such reading.
    """

    entity = "reading_id"

    reading_id: ReadingId
    reason: Reason
    value: Decimal | None = None
    taken_on: date | None = None

    def reads(self) -> Reads:
        self.reading = Reading(self.reading_id)
        yield [self.reading]
        if was := self.reading.stands:
            self.measure = Measure(was.measure_id)
            yield [self.measure]

    def execute(self) -> None:
        was = self.reading.stands
        if was is None or self.measure.set is None:
            raise Refused(NOT_FOUND, "There is no such reading: take it first.", "readingId")
        value = was.value if self.value is None else self.value
        taken_on = self.taken_on or was.taken_on
        if (value, taken_on) == (was.value, was.taken_on):
            return
        if taken_on > self.issued.today:
            raise Refused(DAY_IN_FUTURE, "Give the day on which the value was read; it lies in the future.", "takenOn")
        check_value(self.measure.set.direction, value)
        self.emit(
            ReadingCorrected(
                reading_id=self.reading_id,
                measure_id=was.measure_id,
                outcome_id=was.outcome_id,
                value=value,
                taken_on=taken_on,
                reason=self.reason,
            )
        )
