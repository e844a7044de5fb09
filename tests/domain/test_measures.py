"""Measures, their terms, readings and corrections (R1, R9)."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, NOT_FOUND, TARGET_IS_BASELINE, TERMS_MISSING
from domain.kernel import Refused
from domain.measures import Checkpoint, Direction, MeasureRevised, Measures, ReviseMeasure, SetMeasure
from domain.readings import CorrectReading, ReadingCorrected, ReadingTaken
from domain.taking import TakeReading
from domain.values import Invalid
from tests.given import TODAY, given, given_loosely, issued
from tests.memory_ledger import MemoryLedger
from tests.stories_work import MEASURE, OUTCOME, READING, an_outcome, measure, reading

TEN, TWENTY = Decimal(10), Decimal(20)


def setting(direction: Direction = Direction.INCREASE, **terms: Any) -> SetMeasure:
    return SetMeasure(measure_id=MEASURE, outcome_id=OUTCOME, title="Count", direction=direction, **terms)


def revising(**terms: Any) -> ReviseMeasure:
    return ReviseMeasure(measure_id=MEASURE, reason="agreed", **terms)


def test_a_measure_is_set_with_its_terms() -> None:
    given(an_outcome()).when(setting(baseline=TEN, target=TWENTY)).then(measure(baseline=TEN, target=TWENTY))


def test_a_measure_without_a_target_is_kept_as_unclear() -> None:
    given(an_outcome()).when(setting()).then(measure())


def test_a_target_that_is_the_baseline_tells_nothing() -> None:
    given(an_outcome()).when(setting(baseline=TEN, target=TEN)).then_refused(TARGET_IS_BASELINE, "target", "baseline")
    was = measure(baseline=TEN, target=TWENTY)
    given(was).when(revising(baseline=TWENTY)).then_refused(TARGET_IS_BASELINE, "target", "baseline")


@pytest.mark.parametrize(
    ("direction", "terms"),
    [
        (Direction.INCREASE, {"baseline": TWENTY, "target": TEN}),
        (Direction.DECREASE, {"baseline": TEN, "target": TWENTY}),
        (Direction.KEEP_WITHIN, {"lower": TWENTY, "upper": TEN}),
    ],
)
def test_terms_that_contradict_the_direction_are_refused(direction: Direction, terms: dict[str, Decimal]) -> None:
    given(an_outcome()).when(setting(direction, **terms)).then_refused(TERMS_MISSING)


def test_a_measure_is_of_an_outcome_that_is_there_and_its_id_is_new() -> None:
    given().when(setting()).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome(), measure()).when(setting()).then_refused(ALREADY_EXISTS, "measureId")


def test_checkpoints_stand_in_the_order_of_their_days() -> None:
    days = (Checkpoint(on=date(2022, 3, 1), value=TEN), Checkpoint(on=date(2022, 2, 1), value=TWENTY))
    with pytest.raises(Invalid):
        setting(checkpoints=days)


def test_r9_a_revision_tells_all_terms_and_takes_effect_on_its_day() -> None:
    revised = MeasureRevised(
        measure_id=MEASURE,
        outcome_id=OUTCOME,
        effective_on=date(2022, 7, 1),
        title="Count",
        unit=None,
        baseline=TEN,
        target=Decimal(30),
        lower=None,
        upper=None,
        weight=Decimal(1),
        due_on=None,
        reason="agreed",
    )
    was = measure(baseline=TEN, target=TWENTY)
    given(was).when(revising(target=Decimal(30), effective_on=date(2022, 7, 1))).then(revised)
    given().when(revising()).then_refused(NOT_FOUND, "measureId")


def test_a_reading_is_dated_today_unless_said_otherwise() -> None:
    taking = TakeReading(reading_id=READING, measure_id=MEASURE, value=Decimal(5))
    given(measure()).when(taking).then(reading(taken_on=TODAY))


def test_a_reading_of_tomorrow_is_refused() -> None:
    taking = TakeReading(reading_id=READING, measure_id=MEASURE, value=Decimal(5), taken_on=date(2022, 6, 16))
    given(measure()).when(taking).then_refused(DAY_IN_FUTURE, "takenOn")


def test_a_reading_is_of_a_measure_that_is_there_and_its_id_is_new() -> None:
    taking = TakeReading(reading_id=READING, measure_id=MEASURE, value=Decimal(5))
    given().when(taking).then_refused(NOT_FOUND, "measureId")
    given(measure(), reading()).when(taking).then_refused(ALREADY_EXISTS, "readingId")


@pytest.mark.parametrize(("direction", "value"), [(Direction.YES_NO, 2), (Direction.ORDINAL, 3)])
def test_a_value_that_the_measure_cannot_have_is_refused(direction: Direction, value: int) -> None:
    taking = TakeReading(reading_id=READING, measure_id=MEASURE, value=Decimal(value))
    given(measure(direction)).when(taking).then_refused(TERMS_MISSING, "value")


def test_r9_a_correction_says_why_and_leaves_the_former_value_on_record() -> None:
    correcting = CorrectReading(reading_id=READING, value=Decimal(6), reason="misread")
    corrected = ReadingCorrected(
        reading_id=READING,
        measure_id=MEASURE,
        outcome_id=OUTCOME,
        value=Decimal(6),
        taken_on=date(2022, 6, 1),
        reason="misread",
    )
    given(measure(), reading()).when(correcting).then(corrected)
    given(measure(), reading()).when(CorrectReading(reading_id=READING, reason="none")).then_nothing()
    given().when(correcting).then_refused(NOT_FOUND, "readingId")


def test_r9_a_correction_needs_a_reason() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"readingId": str(READING), "value": "6"}, CorrectReading, strict=False)


@drawn(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 15)), max_size=12))
def test_r9_every_value_that_was_ever_told_stays_on_record(corrections: list[tuple[int, int]]) -> None:
    ledger = MemoryLedger()
    ledger.store(measure(), reading())
    told = [(Decimal(5), date(2022, 6, 1))]
    for value, day in corrections:
        taken_on = date(2022, 6, day)
        command = CorrectReading(reading_id=READING, value=Decimal(value), taken_on=taken_on, reason="again")
        if ledger.execute(command, issued()):
            told.append((Decimal(value), taken_on))
    kept = [event for event in ledger.events() if isinstance(event, ReadingTaken | ReadingCorrected)]
    assert [(event.value, event.taken_on) for event in kept] == told


COMPLETE: list[tuple[Direction, dict[str, Decimal], bool]] = [
    (Direction.INCREASE, {"baseline": TEN, "target": TWENTY}, True),
    (Direction.INCREASE, {"baseline": TEN}, False),
    (Direction.DECREASE, {"target": TEN}, False),
    (Direction.KEEP_ABOVE, {"lower": TEN}, True),
    (Direction.KEEP_ABOVE, {}, False),
    (Direction.KEEP_BELOW, {"upper": TEN}, True),
    (Direction.KEEP_WITHIN, {"lower": TEN}, False),
    (Direction.KEEP_WITHIN, {"lower": TEN, "upper": TWENTY}, True),
    (Direction.YES_NO, {}, True),
]


@pytest.mark.parametrize(("direction", "terms", "complete"), COMPLETE)
def test_r1_a_measure_is_complete_with_baseline_and_target_or_its_band(
    direction: Direction, terms: dict[str, Decimal], complete: bool
) -> None:
    fold = Measures(OUTCOME)
    fold.take(measure(direction, **terms), 1)
    assert fold.complete is complete
    assert not fold.dated


def test_r1_a_revision_completes_a_measure() -> None:
    ledger = MemoryLedger()
    ledger.store(measure(baseline=TEN))
    ledger.execute(revising(target=TWENTY), issued())
    fold = Measures(OUTCOME)
    for position, event in enumerate(ledger.events(), start=1):
        fold.take(event, position)
    assert fold.complete


@pytest.mark.parametrize("weight", [Decimal(-1), Decimal(1001)])
def test_a_weight_lies_between_0_and_1000(weight: Decimal) -> None:
    with pytest.raises(Invalid):
        setting(weight=weight)
    with pytest.raises(Invalid):
        revising(weight=weight)


def test_a_refusal_leaves_nothing_behind() -> None:
    story = given_loosely(an_outcome()).when(setting(baseline=TEN, target=TEN))
    assert isinstance(story.refused, Refused)
    assert story.ledger.events() == [an_outcome()]
    assert isinstance(MEASURE, UUID)
