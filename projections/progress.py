"""How success is told: measures, their terms and readings."""

from collections.abc import Iterator
from datetime import date

import msgspec

from domain.measures import MeasureRevised, MeasureSet, ReadingCorrected, ReadingTaken
from projections.rows import Plus, Recorded, Revision, Table, insert, link_id, revise

MEASURE = Table(
    "measure",
    ("outcome_id", "title", "unit", "direction", "starts_on", "checkpoints", "steps", "is_leading", "accumulates"),
)
MEASURE_TERMS = Table(
    "measure_terms",
    ("measure_id", "effective_on", "baseline", "target", "lower", "upper", "weight", "due_on", "reason"),
)
READING = Table(
    "reading",
    ("measure_id", "outcome_id", "value", "taken_on", "taken_at", "note", "evidence", "origin", "corrections"),
)
TABLES = (MEASURE, MEASURE_TERMS, READING)
ALWAYS = date(1900, 1, 1)  # the first terms are in force from the beginning


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a measure or a reading becomes."""
    match recorded.event:
        case MeasureSet() as event:
            yield insert(
                MEASURE,
                event.measure_id,
                outcome_id=event.outcome_id,
                title=event.title,
                unit=event.unit,
                direction=event.direction.value,
                starts_on=event.starts_on,
                checkpoints=msgspec.json.encode(event.checkpoints).decode(),
                steps=msgspec.json.encode(event.steps).decode(),
                is_leading=event.leading,
                accumulates=event.accumulates,
            )
            yield _terms(event, ALWAYS, None)
        case MeasureRevised() as event:
            yield revise(MEASURE, event.measure_id, title=event.title, unit=event.unit)
            yield _terms(event, event.effective_on, event.reason)
        case ReadingTaken() as event:
            yield insert(
                READING,
                event.reading_id,
                measure_id=event.measure_id,
                outcome_id=event.outcome_id,
                value=event.value,
                taken_on=event.taken_on,
                taken_at=recorded.position,
                note=event.note,
                evidence=event.evidence,
                origin=event.origin.value,
                corrections=0,
            )
        case ReadingCorrected() as event:
            yield revise(READING, event.reading_id, value=event.value, taken_on=event.taken_on, corrections=Plus())
        case _:
            return


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
        weight=event.weight,
        due_on=event.due_on,
        reason=reason,
    )
