"""Indicators, and the boundaries that read them (R9)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain.boundaries import BoundarySet, SetBoundary
from domain.codes import ALREADY_EXISTS, INDICATOR_RETIRED, NOT_FOUND, TERMS_MISSING
from domain.indicators import (
    DefineIndicator,
    IndicatorDefined,
    IndicatorRetired,
    IndicatorRevised,
    Period,
    RetireIndicator,
    ReviseIndicator,
    UnitOfMeasure,
)
from domain.readings import ReadingTaken
from domain.taking import TakeReading
from domain.values import Invalid
from tests.given import TODAY, given, given_loosely, named
from tests.stories_work import MEASURE, OUTCOME, READING, an_outcome, measure

INDICATOR, BOUNDARY = named("indicator"), named("boundary")
TEN, TWENTY = Decimal(10), Decimal(20)


def indicator(**fields: Any) -> IndicatorDefined:
    return IndicatorDefined(indicator_id=INDICATOR, title="Errors", **fields)


def boundary(lower: Decimal | None = TEN, reason: str | None = None, of: UUID | None = INDICATOR) -> SetBoundary:
    return SetBoundary(
        boundary_id=BOUNDARY, outcome_id=OUTCOME, title="Few errors", lower=lower, upper=TWENTY, indicator_id=of,
        measure_id=None if of else MEASURE, reason=reason,
    )  # fmt: skip


def bounded(lower: Decimal | None = TEN, reason: str | None = None) -> BoundarySet:
    return BoundarySet(
        boundary_id=BOUNDARY, outcome_id=OUTCOME, title="Few errors", lower=lower, upper=TWENTY,
        indicator_id=INDICATOR, reason=reason,
    )  # fmt: skip


def test_an_indicator_is_defined_once() -> None:
    defining = DefineIndicator(indicator_id=INDICATOR, title="Errors", unit=UnitOfMeasure(symbol="%", precision=1))
    given().when(defining).then(indicator(unit=UnitOfMeasure(symbol="%", precision=1)))
    given(indicator()).when(defining).then_refused(ALREADY_EXISTS, "indicatorId")


def test_a_band_has_room() -> None:
    defining = DefineIndicator(indicator_id=INDICATOR, title="Errors", lower=TWENTY, upper=TEN)
    given().when(defining).then_refused(TERMS_MISSING, "lower", "upper")


def test_only_what_accumulates_starts_anew() -> None:
    with pytest.raises(Invalid):
        DefineIndicator(indicator_id=INDICATOR, title="Errors", resets=Period.MONTH)


def test_r9_a_revision_tells_all_and_keeps_what_is_left_out() -> None:
    revised = IndicatorRevised(
        indicator_id=INDICATOR, title="Errors", description="Of all orders", unit=None, lower=None, upper=TWENTY,
        team_id=None, owner_id=None, source=None, stale_after_days=None, reason="agreed",
    )  # fmt: skip
    was = indicator(upper=TWENTY)
    revising = ReviseIndicator(indicator_id=INDICATOR, description="Of all orders", reason="agreed")
    given(was).when(revising).then(revised)
    given(was, revised).when(revising).then_nothing()
    given().when(revising).then_refused(NOT_FOUND, "indicatorId")


def test_a_retired_indicator_takes_no_readings() -> None:
    retired = IndicatorRetired(indicator_id=INDICATOR, reason="counted elsewhere")
    retiring = RetireIndicator(indicator_id=INDICATOR, reason="counted elsewhere")
    given(indicator()).when(retiring).then(retired)
    given(indicator(), retired).when(retiring).then_nothing()
    given().when(retiring).then_refused(NOT_FOUND, "indicatorId")
    taking = TakeReading(reading_id=READING, indicator_id=INDICATOR, value=TEN)
    given(indicator(), retired).when(taking).then_refused(INDICATOR_RETIRED, "indicatorId")


def test_an_indicator_is_read_like_a_measure() -> None:
    taking = TakeReading(reading_id=READING, indicator_id=INDICATOR, value=TEN)
    taken = ReadingTaken(reading_id=READING, value=TEN, taken_on=TODAY, indicator_id=INDICATOR)
    given(indicator()).when(taking).then(taken)
    given().when(taking).then_refused(NOT_FOUND, "indicatorId")
    stepping = TakeReading(reading_id=READING, indicator_id=INDICATOR, step="good")
    given(indicator()).when(stepping).then_refused(TERMS_MISSING, "step")


def test_a_boundary_is_a_band_around_an_indicator_or_a_measure() -> None:
    given(an_outcome(), indicator()).when(boundary()).then(bounded())
    given(an_outcome(), measure()).when(boundary(of=None)).then(
        BoundarySet(
            boundary_id=BOUNDARY, outcome_id=OUTCOME, title="Few errors", lower=TEN, upper=TWENTY, measure_id=MEASURE
        )
    )
    given(an_outcome()).when(boundary()).then_refused(NOT_FOUND, "indicatorId")


def test_a_boundary_moves_with_a_reason() -> None:
    five = Decimal(5)
    was = (an_outcome(), indicator(), bounded())
    given(*was).when(boundary(lower=five)).then_refused(TERMS_MISSING, "reason")
    given(*was).when(boundary(lower=five, reason="stricter")).then(bounded(lower=five, reason="stricter"))
    given(*was).when(boundary()).then_nothing()


def test_a_boundary_without_bounds_or_of_something_else_is_refused() -> None:
    open_ = SetBoundary(boundary_id=BOUNDARY, outcome_id=OUTCOME, title="None", indicator_id=INDICATOR)
    given(an_outcome(), indicator()).when(open_).then_refused(TERMS_MISSING, "lower", "upper")
    given_loosely(an_outcome(), indicator(), measure(), bounded()).when(boundary(of=None)).then_refused(
        NOT_FOUND, "boundaryId"
    )
