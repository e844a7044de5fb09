"""How success is told: measures and their terms, readings, indicators, boundaries."""

from collections.abc import Iterator
from datetime import date

import msgspec

from domain.boundaries import BoundarySet
from domain.indicators import IndicatorDefined, IndicatorRetired, IndicatorRevised, UnitOfMeasure
from domain.measures import MeasureRetired, MeasureRevised, MeasureSet
from domain.readings import ReadingCorrected, ReadingTaken, ReadingVoided
from domain.timekeeping import BoundaryBreached
from projections.rows import Plus, Recorded, Revision, Table, end, insert, link_id, revise

UNIT = ("unit_symbol", "unit_currency", "unit_precision")
MEASURE = Table(
    "measure",
    (
        "outcome_id",
        "title",
        *UNIT,
        "direction",
        "starts_on",
        "checkpoints",
        "steps",
        "is_leading",
        "accumulates",
        "resets",
        "series_id",
        "indicator_id",
        "computation",
        "input_ids",
        "owner_id",
        "source",
        "stale_after_days",
        "is_retired",
    ),
)
MEASURE_TERMS = Table(
    "measure_terms",
    (
        "measure_id",
        "effective_on",
        "baseline",
        "target",
        "lower",
        "upper",
        "commit",
        "stretch",
        "weight",
        "due_on",
        "reason",
    ),
)
READING = Table(
    "reading",
    (
        "series_id",
        "outcome_id",
        "value",
        "taken_on",
        "taken_at",
        "note",
        "evidence",
        "origin",
        "source",
        "external_id",
        "corrections",
    ),
)
INDICATOR = Table(
    "indicator",
    (
        "title",
        "description",
        *UNIT,
        "lower",
        "upper",
        "accumulates",
        "resets",
        "team_id",
        "owner_id",
        "source",
        "stale_after_days",
        "is_retired",
    ),
)
BOUNDARY = Table("boundary", ("outcome_id", "title", "figure_id", "lower", "upper", "reason"))
BREACH = Table("breach", ("boundary_id", "outcome_id", "breached_on"))
TABLES = (MEASURE, MEASURE_TERMS, READING, INDICATOR, BOUNDARY, BREACH)
ALWAYS = date(1900, 1, 1)  # the first terms are in force from the beginning


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What measures, indicators, readings and boundaries become."""
    for part in (_measures, _readings, _indicators):
        yield from part(recorded)


def unit_of(unit: UnitOfMeasure | None) -> dict[str, object]:
    """The columns of a unit."""
    known = unit or UnitOfMeasure()
    return {"unit_symbol": known.symbol, "unit_currency": known.currency, "unit_precision": known.precision}


def _measures(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case MeasureSet() as event:
            yield insert(
                MEASURE,
                event.measure_id,
                outcome_id=event.outcome_id,
                title=event.title,
                **unit_of(event.unit),
                direction=event.direction.value,
                starts_on=event.starts_on,
                checkpoints=msgspec.json.encode(event.checkpoints).decode(),
                steps=msgspec.json.encode(event.steps).decode(),
                is_leading=event.leading,
                accumulates=event.accumulates,
                resets=event.resets.value if event.resets is not None else None,
                series_id=event.indicator_id or event.measure_id,
                indicator_id=event.indicator_id,
                **_kept(event),
                is_retired=False,
            )
            yield _terms(event, ALWAYS, None)
        case MeasureRevised() as event:
            yield revise(MEASURE, event.measure_id, title=event.title, **unit_of(event.unit), **_kept(event))
            yield _terms(event, event.effective_on, event.reason)
        case MeasureRetired() as event:
            yield revise(MEASURE, event.measure_id, is_retired=True)
        case BoundarySet() as event:
            yield insert(
                BOUNDARY,
                event.boundary_id,
                outcome_id=event.outcome_id,
                title=event.title,
                figure_id=event.measure_id or event.indicator_id,
                lower=event.lower,
                upper=event.upper,
                reason=event.reason,
            )
        case BoundaryBreached() as event:
            yield insert(
                BREACH,
                link_id("breach", event.boundary_id, str(event.breached_on)),
                boundary_id=event.boundary_id,
                outcome_id=event.outcome_id,
                breached_on=event.breached_on,
            )
        case _:
            return


def _kept(event: MeasureSet | MeasureRevised) -> dict[str, object]:
    return {
        "computation": event.computation.value if event.computation is not None else None,
        "input_ids": list(event.input_ids),
        "owner_id": event.owner_id,
        "source": event.source,
        "stale_after_days": event.stale_after_days,
    }


def _terms(event: MeasureSet | MeasureRevised, effective_on: date, reason: str | None) -> Revision:
    return insert(
        MEASURE_TERMS,
        link_id("terms", event.measure_id, str(effective_on)),
        measure_id=event.measure_id,
        effective_on=effective_on,
        baseline=event.baseline,
        target=event.target,
        lower=event.lower,
        upper=event.upper,
        commit=event.commit,
        stretch=event.stretch,
        weight=event.weight,
        due_on=event.due_on,
        reason=reason,
    )


def _readings(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case ReadingTaken() as event:
            yield insert(
                READING,
                event.reading_id,
                series_id=event.measure_id or event.indicator_id,
                outcome_id=event.outcome_id,
                value=event.value,
                taken_on=event.taken_on,
                taken_at=recorded.position,
                note=event.note,
                evidence=event.evidence,
                origin=event.origin.value,
                source=event.source,
                external_id=event.external_id,
                corrections=0,
            )
        case ReadingCorrected() as event:
            yield revise(READING, event.reading_id, value=event.value, taken_on=event.taken_on, corrections=Plus())
        case ReadingVoided() as event:
            yield end(READING, event.reading_id)
        case _:
            return


def _indicators(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case IndicatorDefined() as event:
            yield insert(
                INDICATOR,
                event.indicator_id,
                **_indicator(event),
                accumulates=event.accumulates,
                resets=event.resets.value if event.resets is not None else None,
                is_retired=False,
            )
        case IndicatorRevised() as event:
            yield revise(INDICATOR, event.indicator_id, **_indicator(event))
        case IndicatorRetired() as event:
            yield revise(INDICATOR, event.indicator_id, is_retired=True)
        case _:
            return


def _indicator(event: IndicatorDefined | IndicatorRevised) -> dict[str, object]:
    return {
        "title": event.title,
        "description": event.description,
        **unit_of(event.unit),
        "lower": event.lower,
        "upper": event.upper,
        "team_id": event.team_id,
        "owner_id": event.owner_id,
        "source": event.source,
        "stale_after_days": event.stale_after_days,
    }
