"""Readings are taken: one, or many of a file, all or none (R8, R9, R12)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec

from domain.codes import (
    ALREADY_EXISTS,
    NOT_READ_DIRECTLY,
    READING_DIFFERS,
    READINGS_REFUSED,
    TERMS_MISSING,
)
from domain.indicators import Indicator
from domain.kernel import Command, Fold, IndicatorId, Issued, MeasureId, ReadingId, Reads, Refused
from domain.measures import Direction, Measure, MeasureSet
from domain.outcomes import CycleOf, Outcome
from domain.readings import (
    ExternalId,
    Origin,
    Reading,
    ReadingTaken,
    ToldBefore,
    check_day,
    check_value,
)
from domain.references import NAMES
from domain.values import Invalid, Name, Text, checked_choice

MOST_READINGS = 5_000  # of one command: deciding on them takes a fraction of a second
MOST_TOLD = 5  # refused readings that the sentence of a refusal tells of


def check_read_directly(measure: MeasureSet) -> None:
    """Refuses a reading of what is told by other things."""
    if measure.indicator_id is not None:
        raise Refused(NOT_READ_DIRECTLY, "Take the reading of the indicator that this measure reads.", "measureId")
    if measure.computation is not None:
        raise Refused(NOT_READ_DIRECTLY, "Take readings of the measures that this one is computed from.", "measureId")
    if measure.direction is Direction.CHECKLIST:
        raise Refused(NOT_READ_DIRECTLY, "Mark the milestones of the outcome: this measure counts them.", "measureId")


class ReadingGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One of many readings: the value or step that a measure or an indicator had on a day."""

    measure_id: MeasureId | None = None
    value: Decimal | None = None
    taken_on: date | None = None
    note: Text | None = None
    evidence: Text | None = None
    indicator_id: IndicatorId | None = None
    step: Name | None = None
    source: Name | None = None
    external_id: ExternalId | None = None


def check_given(given: "ReadingGiven | TakeReading", where: str = "") -> None:
    """Raises Invalid unless it is told of one series, by a value or a step, and an id of a source with its source."""
    checked_choice((given.measure_id, f"{where}measureId"), (given.indicator_id, f"{where}indicatorId"))
    checked_choice((given.value, f"{where}value"), (given.step, f"{where}step"))
    if given.external_id is not None and given.source is None:
        raise Invalid("Name the source whose id this is.", f"{where}source")


class Taking:
    """What is known of the series that a reading is of, and the decision whether it is taken."""

    def __init__(self, given: "ReadingGiven | TakeReading") -> None:
        self.given = given
        self.measure = given.measure_id and Measure(given.measure_id)
        self.indicator = given.indicator_id and Indicator(given.indicator_id)
        self.cycle: CycleOf | None = None
        self.external_reading_id: UUID | None = None
        self.before: ToldBefore | None = None
        if given.external_id is not None:
            series = given.measure_id or given.indicator_id
            self.external_reading_id = uuid5(NAMES, f"{series}\0{given.source}\0{given.external_id}")
            self.before = ToldBefore(self.external_reading_id)

    def folds(self) -> list[Fold[Any]]:
        """What must be known first."""
        return [fold for fold in (self.measure, self.indicator, self.before) if fold is not None]

    def further(self) -> Iterator[list[Fold[Any]]]:
        """What must be known of the measure's outcome, and then of its cycle."""
        if self.measure and self.measure.outcome_id:
            outcome = Outcome(self.measure.outcome_id)
            yield [outcome]
            self.cycle = CycleOf(outcome)
            yield from self.cycle.reads()

    def decide(self, reading_id: UUID, origin: Origin, issued: Issued) -> ReadingTaken | None:
        """None where the source has told it before."""
        given = self.given
        outcome_id, value = self._checked()
        taken_on = given.taken_on or issued.today
        if self.before is not None and (told := self.before.told):
            if (told.value, told.taken_on) != (value, taken_on):
                sentence = f"Correct the reading {told.reading_id}: the source told {told.value} under this id."
                raise Refused(READING_DIFFERS, sentence, "externalId")
            return None
        check_day(taken_on, issued.today)
        if self.cycle:
            self.cycle.check_day(taken_on, "takenOn")
        return ReadingTaken(
            reading_id=reading_id,
            measure_id=given.measure_id,
            outcome_id=outcome_id,
            value=value,
            taken_on=taken_on,
            note=given.note,
            evidence=given.evidence,
            origin=origin,
            indicator_id=given.indicator_id,
            source=given.source,
            external_id=given.external_id,
            external_reading_id=self.external_reading_id,
        )

    def _checked(self) -> tuple[UUID | None, Decimal]:
        """The outcome of the measure, if it is one, and the value."""
        given = self.given
        if self.measure is None:
            assert self.indicator is not None  # noqa: S101 - the one or the other is given
            self.indicator.check("indicatorId")
            if given.value is None:
                raise Refused(TERMS_MISSING, "Give a value: only an ordinal measure has steps.", "step")
            return None, given.value
        was, _ = self.measure.standing("measureId")
        check_read_directly(was)
        value = given.value if given.value is not None else self._step_of(was)
        check_value(was, value)
        return was.outcome_id, value

    def _step_of(self, measure: MeasureSet) -> Decimal:
        step = self.given.step
        value = next((one.value for one in measure.steps if one.name == step), None)
        if value is None:
            names = ", ".join(one.name for one in measure.steps) or "none has been named"
            raise Refused(TERMS_MISSING, f"Name one of the steps of the measure: {names}.", "step")
        return value


class TakeReading(Command):
    """Tell the value that a measure or an indicator had on a day (R9).

    What a source tells again under the same id adds nothing (R12). Refused where there is no such measure, the day lies
    in the future, or the value comes from elsewhere.
    """

    entity = "reading_id"
    creates = True

    reading_id: ReadingId
    measure_id: MeasureId | None = None
    value: Decimal | None = None
    taken_on: date | None = None
    note: Text | None = None
    evidence: Text | None = None
    origin: Origin = Origin.PERSON
    indicator_id: IndicatorId | None = None
    step: Name | None = None
    source: Name | None = None
    external_id: ExternalId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_given(self)

    def reads(self) -> Reads:
        self.reading = Reading(self.reading_id)
        self.taking = Taking(self)
        yield [*self.taking.folds(), self.reading]
        yield from self.taking.further()

    def execute(self) -> None:
        taken = self.taking.decide(self.reading_id, self.origin, self.issued)
        if taken is None:
            return
        if self.reading.stands:
            raise Refused(ALREADY_EXISTS, "Choose another id: a reading has this one.", "readingId")
        self.emit(taken)


class TakeReadings(Command):
    """Take many readings, all of them or none (R9); what a source has told before under the same id adds nothing (R12).

    Refused where any of them can't be taken, each named with its place in the list.
    """

    readings: Annotated[tuple[ReadingGiven, ...], msgspec.Meta(min_length=1, max_length=MOST_READINGS)]
    origin: Origin = Origin.IMPORT

    def __post_init__(self) -> None:
        super().__post_init__()
        for nth, given in enumerate(self.readings):
            check_given(given, f"readings[{nth}].")

    def reads(self) -> Reads:
        self.takings = [Taking(given) for given in self.readings]
        yield [fold for taking in self.takings for fold in taking.folds()]
        further = [taking.further() for taking in self.takings]
        while folds := [fold for one in further for fold in next(one, list[Fold[Any]]())]:
            yield folds

    def execute(self) -> None:
        refusals: dict[int, Refused] = {}
        told: dict[UUID, int] = {}
        for nth, taking in enumerate(self.takings):
            if (once := taking.external_reading_id) is not None and told.setdefault(once, nth) != nth:
                sentence = f"Leave it out: readings[{told[once]}] has this id of the source too."
                refusals[nth] = Refused(ALREADY_EXISTS, sentence, "externalId")
                continue
            try:
                reading_id = uuid5(self.issued.command_id, str(nth))
                taken = taking.decide(reading_id, self.origin, self.issued)
            except Refused as refusal:
                refusals[nth] = refusal
                continue
            if taken is not None:
                self.emit(taken)
        if refusals:
            self.new_decisions = []
            raise ReadingsRefused(refusals)


class ReadingsRefused(Refused):
    """None was taken; `refusals` tells why of each reading, by its place in the list, that could not be."""

    def __init__(self, refusals: dict[int, Refused]) -> None:
        told = [f"readings[{nth}]: {one.sentence}" for nth, one in list(refusals.items())[:MOST_TOLD]]
        more = f" And {len(refusals) - MOST_TOLD} more." if len(refusals) > MOST_TOLD else ""
        fields = (f"readings[{nth}].{field}" for nth, one in refusals.items() for field in one.fields)
        super().__init__(READINGS_REFUSED, f"Correct these and send all again: {' '.join(told)}{more}", *fields)
        self.refusals = refusals
