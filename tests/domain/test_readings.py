"""Readings told by sources, void ones, and measures whose values come from elsewhere (R3, R9, R12)."""

from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.alignment import AlignOutcome, OutcomeAligned
from domain.codes import (
    COMPUTATION_CIRCLE,
    MEASURE_RETIRED,
    NOT_FOUND,
    NOT_READ_DIRECTLY,
    READING_DIFFERS,
    READING_VOIDED,
    TERMS_MISSING,
    UNITS_MIXED,
)
from domain.indicators import UnitOfMeasure
from domain.kernel import Refused
from domain.measures import (
    Computation,
    Direction,
    MeasureRetired,
    MeasureRevised,
    MeasureSet,
    RetireMeasure,
    ReviseMeasure,
    SetMeasure,
    Step,
)
from domain.outcomes import OutcomeSet, RollUp
from domain.readings import CorrectReading, ReadingVoided, VoidReading
from domain.references import NAMES
from domain.taking import TakeReading
from domain.values import Invalid
from tests.given import given, given_loosely, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories_work import MEASURE, OUTCOME, READING, an_outcome, measure, reading

FIVE = Decimal(5)
HIGHER = named("higher")
INDICATOR = named("indicator")


def told(value: int = 5, **fields: Any) -> TakeReading:
    return TakeReading(
        reading_id=named(f"reading {value}"), measure_id=MEASURE, value=Decimal(value), source="Shop", external_id="17",
        **fields,
    )  # fmt: skip


def another(nth: int, *inputs: int, computation: Computation | None = Computation.SUM) -> MeasureSet:
    return MeasureSet(
        measure_id=named(f"measure {nth}"),
        outcome_id=OUTCOME,
        title=f"Measure {nth}",
        direction=Direction.INCREASE,
        computation=computation if inputs else None,
        input_ids=tuple(named(f"measure {one}") for one in inputs),
    )


def test_r12_what_a_source_tells_again_adds_nothing() -> None:
    ledger = MemoryLedger()
    ledger.store(measure())
    (taken,) = ledger.execute(told(), issued())
    assert taken.as_dict()["external_reading_id"] == uuid5(NAMES, f"{MEASURE}\0Shop\0" + "17")
    again = TakeReading(reading_id=named("other"), measure_id=MEASURE, value=FIVE, source="Shop", external_id="17")
    assert not ledger.execute(again, issued())
    with pytest.raises(Refused) as refused:
        ledger.execute(told(6), issued())
    assert refused.value.code == READING_DIFFERS


def test_an_id_of_a_source_needs_its_source() -> None:
    with pytest.raises(Invalid):
        TakeReading(reading_id=READING, measure_id=MEASURE, value=FIVE, external_id="17")


def test_r9_a_void_reading_says_why_and_takes_no_correction() -> None:
    voided = ReadingVoided(reading_id=READING, reason="of another", measure_id=MEASURE, outcome_id=OUTCOME)
    voiding = VoidReading(reading_id=READING, reason="of another")
    given(reading()).when(voiding).then(voided)
    given(reading(), voided).when(voiding).then_nothing()
    given().when(voiding).then_refused(NOT_FOUND, "readingId")
    correcting = CorrectReading(reading_id=READING, value=FIVE, reason="misread")
    given_loosely(measure(), reading(), voided).when(correcting).then_refused(READING_VOIDED, "readingId")


def test_a_retired_measure_counts_no_longer() -> None:
    retired = MeasureRetired(measure_id=MEASURE, outcome_id=OUTCOME, reason="nobody reads it")
    retiring = RetireMeasure(measure_id=MEASURE, reason="nobody reads it")
    given(measure()).when(retiring).then(retired)
    given(measure(), retired).when(retiring).then_nothing()
    given().when(retiring).then_refused(NOT_FOUND, "measureId")
    taking = TakeReading(reading_id=READING, measure_id=MEASURE, value=FIVE)
    given(measure(), retired).when(taking).then_refused(MEASURE_RETIRED, "measureId")
    revising = ReviseMeasure(measure_id=MEASURE, target=FIVE, reason="agreed")
    given(measure(), retired).when(revising).then_refused(MEASURE_RETIRED, "measureId")


@pytest.mark.parametrize(
    "terms",
    [
        {"indicator_id": INDICATOR},
        {"computation": Computation.SUM, "input_ids": (named("measure 1"),)},
        {"direction": Direction.CHECKLIST},
    ],
)
def test_a_value_that_comes_from_elsewhere_is_not_read(terms: dict[str, Any]) -> None:
    was = measure(**{"direction": Direction.INCREASE, **terms})
    taking = TakeReading(reading_id=READING, measure_id=MEASURE, value=FIVE)
    given(was).when(taking).then_refused(NOT_READ_DIRECTLY, "measureId")


def test_an_ordinal_measure_is_read_by_its_steps() -> None:
    steps = (Step(name="shapes", value=Decimal("0.3")), Step(name="bakes", value=Decimal("0.6")))
    was = measure(Direction.ORDINAL, steps=steps)
    ledger = MemoryLedger()
    ledger.store(was)
    (taken,) = ledger.execute(TakeReading(reading_id=READING, measure_id=MEASURE, step="bakes"), issued())
    assert taken.as_dict()["value"] == Decimal("0.6")
    wrongs: list[dict[str, Any]] = [{"step": "sings"}, {"value": Decimal("0.5")}]
    for wrong in wrongs:
        given(was).when(TakeReading(reading_id=READING, measure_id=MEASURE, **wrong)).then_refused(TERMS_MISSING)


@pytest.mark.parametrize(
    ("levels", "fields"), [({"commit": 80, "target": 60}, ()), ({"target": 60, "stretch": 50}, ())]
)
def test_levels_stand_in_their_order(levels: dict[str, int], fields: tuple[str, ...]) -> None:
    exact: dict[str, Any] = {name: Decimal(value) for name, value in levels.items()}
    setting = SetMeasure(
        measure_id=MEASURE,
        outcome_id=OUTCOME,
        title="Count",
        direction=Direction.INCREASE,
        baseline=Decimal(0),
        **exact,
    )
    given(an_outcome()).when(setting).then_refused(TERMS_MISSING, "commit", "stretch")


def test_r3_a_measure_is_computed_from_measures_that_are_there() -> None:
    setting = SetMeasure(
        measure_id=named("measure 2"), outcome_id=OUTCOME, title="Measure 2", direction=Direction.INCREASE,
        computation=Computation.SUM, input_ids=(named("measure 1"),),
    )  # fmt: skip
    given(an_outcome(), another(1)).when(setting).then(another(2, 1))
    given(an_outcome()).when(setting).then_refused(NOT_FOUND, "inputIds")


def test_r3_a_measure_is_never_computed_from_itself() -> None:
    chain = (another(1), another(2, 1), another(3, 2))
    revising = ReviseMeasure(measure_id=named("measure 2"), input_ids=(named("measure 3"),), reason="other sum")
    given(*chain[1:], another(1)).when(revising).then_refused(COMPUTATION_CIRCLE, "inputIds")


@pytest.mark.parametrize(
    ("computation", "inputs"), [(None, 1), (Computation.SUM, 0), (Computation.RATIO, 1), (Computation.RATIO, 3)]
)
def test_inputs_are_as_many_as_the_computation_takes(computation: Computation | None, inputs: int) -> None:
    with pytest.raises(Invalid):
        SetMeasure(
            measure_id=MEASURE, outcome_id=OUTCOME, title="Count", direction=Direction.INCREASE,
            computation=computation, input_ids=tuple(named(f"measure {nth}") for nth in range(inputs)),
        )  # fmt: skip


def test_where_values_come_from_is_decided_once() -> None:
    revising = ReviseMeasure(
        measure_id=MEASURE, computation=Computation.SUM, input_ids=(named("measure 1"),), reason="computed now"
    )
    given(measure(), another(1)).when(revising).then_refused(TERMS_MISSING, "computation")


@drawn(st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=3)), max_size=12))
def test_r3_no_order_of_revisions_forms_a_circle(revisions: list[tuple[int, list[int]]]) -> None:
    ledger = MemoryLedger()
    ledger.store(an_outcome(), another(0), *(another(nth, nth - 1) for nth in range(1, 6)))
    inputs: dict[UUID, tuple[UUID, ...]] = {named(f"measure {n}"): (named(f"measure {n - 1}"),) for n in range(1, 6)}
    for nth, wanted in revisions:
        command = ReviseMeasure(
            measure_id=named(f"measure {nth}"),
            input_ids=tuple(dict.fromkeys(named(f"measure {one}") for one in wanted)),
            reason="other inputs",
        )
        with suppress(Refused):  # a circle, or a sum of a measure that is none
            for event in ledger.execute(command, issued()):
                assert isinstance(event, MeasureRevised)
                inputs[event.measure_id] = event.input_ids
    for start, first in inputs.items():
        above, rising = set[UUID](), set(first)
        while rising:
            above |= rising
            rising = {one for each in rising for one in inputs.get(each, ())} - above
        assert start not in above


def test_values_in_different_units_are_not_added_up() -> None:
    euros, crates = UnitOfMeasure(currency="EUR"), UnitOfMeasure(symbol="crates")
    higher = OutcomeSet(outcome_id=HIGHER, title="All shops", roll_up=RollUp.SUM)
    above = MeasureSet(
        measure_id=named("above"), outcome_id=HIGHER, title="Sales", direction=Direction.INCREASE, unit=euros
    )
    aligning = AlignOutcome(outcome_id=OUTCOME, higher_id=HIGHER)
    mixed = (an_outcome(), higher, above, measure(unit=crates))
    given(*mixed).when(aligning).then_refused(UNITS_MIXED, "higherId")
    given(an_outcome(), higher, above, measure(unit=euros)).when(aligning).then(
        OutcomeAligned(outcome_id=OUTCOME, higher_id=HIGHER)
    )
    supporting = AlignOutcome(outcome_id=OUTCOME, higher_id=HIGHER, weight=Decimal(0))
    given(an_outcome(), higher).when(supporting).then(
        OutcomeAligned(outcome_id=OUTCOME, higher_id=HIGHER, weight=Decimal(0))
    )
