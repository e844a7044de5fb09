"""Readings: dated values of measures and indicators, taken, corrected and declared void (R8, R9)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.codes import (
    DAY_IN_FUTURE,
    NOT_FOUND,
    READING_VOIDED,
    TERMS_MISSING,
)
from domain.kernel import (
    OWN,
    Command,
    Event,
    ExternalReadingId,
    Fold,
    IndicatorId,
    MeasureId,
    OutcomeId,
    ReadingId,
    Reads,
    Refused,
    SourceId,
)
from domain.measures import Direction, Measure, MeasureSet
from domain.values import Name, Reason, Text

ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Origin(StrEnum):
    """Where a reading comes from."""

    PERSON = "PERSON"
    SOURCE = "SOURCE"
    IMPORT = "IMPORT"


class ReadingTaken(Event, frozen=True, tag="reading.taken"):
    """A measure, or an indicator, had a value on a day."""

    version: ClassVar[int] = 3

    reading_id: ReadingId
    value: Decimal
    taken_on: date
    measure_id: MeasureId | None = None
    outcome_id: OutcomeId | None = None
    note: Annotated[Text, OWN] | None = None
    evidence: Text | None = None
    origin: Origin = Origin.PERSON
    indicator_id: IndicatorId | None = None
    source: Name | None = None
    external_id: ExternalId | None = None
    external_reading_id: ExternalReadingId | None = None
    source_id: SourceId | None = None


class ReadingHeldBack(Event, frozen=True, tag="reading.held-back"):
    """A source told a value while it was paused: it is on record, and counts nowhere, then or later."""

    reading_id: ReadingId
    source_id: SourceId
    value: Decimal
    taken_on: date
    external_reading_id: ExternalReadingId
    measure_id: MeasureId | None = None
    outcome_id: OutcomeId | None = None
    indicator_id: IndicatorId | None = None
    external_id: ExternalId | None = None


class ReadingCorrected(Event, frozen=True, tag="reading.corrected"):
    """A reading was wrong; what it says now stands beside what it said."""

    version: ClassVar[int] = 2

    reading_id: ReadingId
    value: Decimal
    taken_on: date
    reason: Reason
    measure_id: MeasureId | None = None
    outcome_id: OutcomeId | None = None
    indicator_id: IndicatorId | None = None


class ReadingVoided(Event, frozen=True, tag="reading.voided"):
    """A reading should never have been taken; it counts nowhere, and stays in the history."""

    reading_id: ReadingId
    reason: Reason
    measure_id: MeasureId | None = None
    outcome_id: OutcomeId | None = None
    indicator_id: IndicatorId | None = None


class Reading(Fold[ReadingTaken | ReadingCorrected | ReadingVoided]):
    """A reading as it stands, and whether it is void."""

    def __init__(self, reading_id: UUID) -> None:
        super().__init__(reading=reading_id)
        self.stands: ReadingTaken | ReadingCorrected | None = None
        self.voided = False

    def fold(self, event: ReadingTaken | ReadingCorrected | ReadingVoided) -> None:
        match event:
            case ReadingTaken() | ReadingCorrected():
                self.stands = event
            case ReadingVoided():
                self.voided = True

    def standing(self) -> ReadingTaken | ReadingCorrected:
        """The reading as it stands; refuses one that nobody took, and a void one."""
        if self.stands is None:
            raise Refused(NOT_FOUND, "There is no such reading: take it first.", "readingId")
        if self.voided:
            raise Refused(READING_VOIDED, "Take a new reading: this one is void.", "readingId")
        return self.stands


class ToldBefore(Fold[ReadingTaken | ReadingHeldBack | ReadingCorrected | ReadingVoided]):
    """What a source has told last under an id of its own, or for a day, so that telling it again adds nothing."""

    rare = True

    def __init__(self, external_reading_id: UUID) -> None:
        super().__init__(external_reading=external_reading_id)
        self.told: ReadingTaken | ReadingHeldBack | None = None

    def fold(self, event: ReadingTaken | ReadingHeldBack | ReadingCorrected | ReadingVoided) -> None:
        if isinstance(event, ReadingTaken | ReadingHeldBack):  # the others bear no such tag
            self.told = event


def check_day(taken_on: date, today: date) -> None:
    """Refuses a day that has not come."""
    if taken_on > today:
        raise Refused(DAY_IN_FUTURE, "Give the day on which the value was read; it lies in the future.", "takenOn")


def check_value(measure: MeasureSet, value: Decimal) -> None:
    """Refuses a value that the measure can't have."""
    if measure.direction is Direction.YES_NO and value not in {Decimal(0), Decimal(1)}:
        raise Refused(TERMS_MISSING, "Give 1 for yes or 0 for no.", "value")
    if measure.direction is Direction.ORDINAL:
        steps = {step.value for step in measure.steps}
        if not 0 <= value <= 1 or (steps and value not in steps):
            raise Refused(TERMS_MISSING, "Give the value of one of the steps, 0 to 1.", "value")


class CorrectReading(Command):
    """Put a reading right and say why; what it said before stays in the history (R8, R9).

    Refused where there is no such reading, or it is void.
    """

    entity = "reading_id"

    reading_id: ReadingId
    reason: Reason
    value: Decimal | None = None
    taken_on: date | None = None

    def reads(self) -> Reads:
        self.reading = Reading(self.reading_id)
        yield [self.reading]
        self.measure: Measure | None = None
        if (was := self.reading.stands) and was.measure_id:
            self.measure = Measure(was.measure_id)
            yield [self.measure]

    def execute(self) -> None:
        was = self.reading.standing()
        value = was.value if self.value is None else self.value
        taken_on = self.taken_on or was.taken_on
        if (value, taken_on) == (was.value, was.taken_on):
            return
        check_day(taken_on, self.issued.today)
        if self.measure is not None and self.measure.set is not None:
            check_value(self.measure.set, value)
        self.emit(
            ReadingCorrected(
                reading_id=self.reading_id,
                measure_id=was.measure_id,
                outcome_id=was.outcome_id,
                value=value,
                taken_on=taken_on,
                reason=self.reason,
                indicator_id=was.indicator_id,
            )
        )


class VoidReading(Command):
    """Declare a reading void and say why: it counts nowhere, and stays in the history (R9).

    Refused where there is no such reading.
    """

    entity = "reading_id"

    reading_id: ReadingId
    reason: Reason

    def reads(self) -> Reads:
        self.reading = Reading(self.reading_id)
        yield [self.reading]

    def execute(self) -> None:
        if self.reading.voided:
            return
        was = self.reading.standing()
        self.emit(
            ReadingVoided(
                reading_id=self.reading_id,
                reason=self.reason,
                measure_id=was.measure_id,
                outcome_id=was.outcome_id,
                indicator_id=was.indicator_id,
            )
        )
