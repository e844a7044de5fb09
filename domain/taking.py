"""Readings are taken: one, or many of a file or a source, all or none (R8, R9, R12)."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID, uuid5

import msgspec

from domain.codes import (
    ALREADY_EXISTS,
    NOT_READ_DIRECTLY,
    READING_DIFFERS,
    READINGS_REFUSED,
    SOURCE_MISSING,
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
from domain.sources import Feeding, SourcePaused
from domain.values import Invalid, Name, Text, checked_choice

MOST_READINGS = 5_000  # of one command: deciding on them takes a fraction of a second
MOST_TOLD = 5  # refused readings that the sentence of a refusal tells of


class Override(StrEnum):
    """How long a reading taken by hand stands against the source: until it tells another value, or until somebody
    resumes it."""

    ONCE = "ONCE"
    UNTIL_RESUMED = "UNTIL_RESUMED"


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
    """What is known of the series that a reading is of, and the decision whether it is taken.

    Of a source that is connected, `source_id`, and as what it was told: by its id, or else its day.
    """

    def __init__(
        self, given: "ReadingGiven | TakeReading", source_id: UUID | None = None, told_as: UUID | None = None
    ) -> None:
        self.given = given
        self.source_id = source_id
        self.measure = given.measure_id and Measure(given.measure_id)
        self.indicator = given.indicator_id and Indicator(given.indicator_id)
        self.cycle: CycleOf | None = None
        self.external_reading_id = told_as
        if told_as is None and given.external_id is not None:
            series = given.measure_id or given.indicator_id
            self.external_reading_id = uuid5(NAMES, f"{series}\0{given.source}\0{given.external_id}")
        self.before = self.external_reading_id and ToldBefore(self.external_reading_id)

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

    def decide(self, reading_id: UUID, origin: Origin, issued: Issued, held: bool = False) -> ReadingTaken | None:
        """None where the source has told it before; `held`: it is paused, and the reading is to be held back."""
        given = self.given
        outcome_id, value = self._checked()
        taken_on = given.taken_on or issued.today
        if self._told_before(value, taken_on, held):
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
            source_id=self.source_id,
        )

    def _told_before(self, value: Decimal, taken_on: date, held: bool) -> bool:
        """Refuses another value under the same id. Where a source tells no ids, what it told last for the day is no
        news; but what was held back is, once it may count."""
        told = self.before.told if self.before else None
        if told is None:
            return False
        same = (told.value, told.taken_on) == (value, taken_on)
        if self.given.external_id is None:
            return same and (held or isinstance(told, ReadingTaken))
        if not same:
            sentence = f"Correct the reading {told.reading_id}: the source told {told.value} under this id."
            raise Refused(READING_DIFFERS, sentence, "externalId")
        return True

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

    What a source tells again under the same id adds nothing (R12). Where a source is connected, what you say stands
    until it tells another value, or until somebody resumes it (`override`). Refused where there is no such measure, the
    day lies in the future, or the value comes from elsewhere.
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
    override: Override = Override.ONCE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_given(self)

    def reads(self) -> Reads:
        self.reading = Reading(self.reading_id)
        self.taking = Taking(self)
        self.feeding: Feeding | None = None
        if self.override is Override.UNTIL_RESUMED:
            self.feeding = Feeding(self.measure_id, self.indicator_id)
        yield [*self.taking.folds(), self.reading, *([self.feeding] if self.feeding else [])]
        yield from self.taking.further()

    def execute(self) -> None:
        taken = self.taking.decide(self.reading_id, self.origin, self.issued)
        if taken is None:
            return
        if self.reading.stands:
            raise Refused(ALREADY_EXISTS, "Choose another id: a reading has this one.", "readingId")
        self.emit(taken)
        if self.feeding is not None:
            self._hold_back(self.feeding)

    def _hold_back(self, feeding: Feeding) -> None:
        """What the source tells, until it is resumed."""
        if feeding.source is None:
            sentence = "Leave the override out: no source feeds this, so the reading stands anyway."
            raise Refused(SOURCE_MISSING, sentence, "override")
        if not feeding.paused:
            self.emit(
                SourcePaused(
                    source_id=feeding.source.source_id,
                    measure_id=self.measure_id,
                    indicator_id=self.indicator_id,
                    outcome_id=feeding.source.outcome_id,
                    reading_id=self.reading_id,
                )
            )


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
        for taken in decide_all(self.takings, self.origin, self.issued):
            self.emit(taken)


def decide_all(takings: Sequence[Taking], origin: Origin, issued: Issued, held: bool = False) -> Iterator[ReadingTaken]:
    """Those that were not told before, once all are decided; raises ReadingsRefused where any can't be taken."""
    refusals: dict[int, Refused] = {}
    told: dict[UUID, int] = {}
    decided: list[ReadingTaken] = []
    for nth, taking in enumerate(takings):
        if (once := taking.external_reading_id) is not None and told.setdefault(once, nth) != nth:
            refusals[nth] = _told_twice(taking, told[once])
            continue
        try:
            taken = taking.decide(uuid5(issued.command_id, str(nth)), origin, issued, held)
        except Refused as refusal:
            refusals[nth] = refusal
            continue
        if taken is not None:
            decided.append(taken)
    if refusals:
        raise ReadingsRefused(refusals)
    yield from decided


def _told_twice(taking: Taking, first: int) -> Refused:
    if taking.given.external_id is None:
        sentence = f"Tell an id with each, or one reading a day: readings[{first}] is of that day too."
        return Refused(ALREADY_EXISTS, sentence, "takenOn")
    sentence = f"Leave it out: readings[{first}] has this id of the source too."
    return Refused(ALREADY_EXISTS, sentence, "externalId")


class ReadingsRefused(Refused):
    """None was taken; `refusals` tells why of each reading, by its place in the list, that could not be."""

    def __init__(self, refusals: dict[int, Refused]) -> None:
        told = [f"readings[{nth}]: {one.sentence}" for nth, one in list(refusals.items())[:MOST_TOLD]]
        more = f" And {len(refusals) - MOST_TOLD} more." if len(refusals) > MOST_TOLD else ""
        fields = (f"readings[{nth}].{field}" for nth, one in refusals.items() for field in one.fields)
        super().__init__(READINGS_REFUSED, f"Correct these and send all again: {' '.join(told)}{more}", *fields)
        self.refusals = refusals
