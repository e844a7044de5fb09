"""Measures, readings, check-ins.

Values, baselines and targets are JSON numbers, for front ends compare and draw them; they are written with all their
digits (a parser that reads doubles rounds past 15 of them), and `exact…` beside them is the same as a string.
"""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.scalars import JSON
from api.graphql.types.common import Connection, Node
from api.graphql.types.organisation import Person, Reference


@strawberry.enum
class Status(Enum):
    """How an outcome stands."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OFF_TRACK = "OFF_TRACK"
    TOO_EARLY = "TOO_EARLY"
    OUTDATED = "OUTDATED"
    PENDING = "PENDING"
    CLOSED = "CLOSED"


@strawberry.enum
class Direction(Enum):
    """Which way a measure has to go."""

    INCREASE = "INCREASE"
    DECREASE = "DECREASE"
    KEEP_ABOVE = "KEEP_ABOVE"
    KEEP_BELOW = "KEEP_BELOW"
    KEEP_WITHIN = "KEEP_WITHIN"
    YES_NO = "YES_NO"
    CHECKLIST = "CHECKLIST"
    ORDINAL = "ORDINAL"


@strawberry.enum
class Origin(Enum):
    """Where a reading comes from."""

    PERSON = "PERSON"
    SOURCE = "SOURCE"
    IMPORT = "IMPORT"


@strawberry.enum
class ReadingOrder(Enum):
    """What readings are ordered by."""

    DAY = "DAY"
    DAY_DESC = "DAY_DESC"


READING_ORDERS = {
    "DAY": order("taken_on date", "taken_at int8"),
    "DAY_DESC": order("taken_on date desc", "taken_at int8 desc", unique="id uuid desc"),
}


@stands_on("reading")
class Reading(Node):
    """A dated value of a measure."""

    id: ID
    day: Annotated[date, Column("taken_on")]
    value: float
    exact_value: Annotated[Decimal, Column("value")]
    attainment: Annotated[
        float | None,
        Expr("reading_attainment({org}, {t}.measure_id, {t}.value, {t}.taken_on, {pos})"),
        "Unclamped and unrounded, by the baseline and target in force on its day.",
    ]
    note: str | None
    evidence: str | None
    origin: Origin
    corrections: Annotated[int, "How often it was corrected."]
    measure: Annotated[Node | None, Relation(on="measure_id", to="progress.Measure")]


@stands_on("measure_terms")
class MeasureTerms:
    """What was agreed of a measure from a day on."""

    effective_on: date
    baseline: float | None
    target: float | None
    lower: float | None
    upper: float | None
    weight: float
    due_on: date | None
    reason: str | None


@stands_on("measure")
class Measure(Node):
    """How success of an outcome is told. Terms and standing are those of the day asked for."""

    id: ID
    title: str
    unit: str | None
    direction: Direction
    leading: Annotated[bool, Column("is_leading")]
    accumulates: bool
    starts_on: date | None
    baseline: Annotated[float | None, Expr("measure_baseline({org}, {t}.id, {pos}, {on})")]
    target: Annotated[float | None, Expr("measure_target({org}, {t}.id, {pos}, {on})")]
    current: Annotated[float | None, Expr("measure_current({org}, {t}.id, {pos}, {on})", price=3)]
    exact_baseline: Annotated[Decimal | None, Expr("measure_baseline({org}, {t}.id, {pos}, {on})")]
    exact_target: Annotated[Decimal | None, Expr("measure_target({org}, {t}.id, {pos}, {on})")]
    exact_current: Annotated[Decimal | None, Expr("measure_current({org}, {t}.id, {pos}, {on})", price=3)]
    weight: Annotated[float | None, Expr("measure_weight({org}, {t}.id, {pos}, {on})")]
    has_reading: Annotated[bool, Expr("coalesce(measure_has_reading({org}, {t}.id, {pos}, {on}), false)", price=3)]
    attainment: Annotated[float | None, Expr("measure_attainment({org}, {t}.id, {pos}, {on})", price=3), "Unclamped."]
    progress: Annotated[
        float | None, Expr("measure_progress({org}, {t}.id, {pos}, {on})", price=3), "Attainment clamped to 0…1."
    ]
    checkpoints: JSON
    steps: JSON
    terms: Annotated[
        list[MeasureTerms],
        Relation(on="measure_id", order=order("effective_on date", "since int8"), typical=2),
        "Every version of the terms by the day on which it takes effect.",
    ]
    references: Annotated[list[Reference], Relation(on="entity_id", order=order("system"), typical=1)]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]

    @mapped(Relation(on="measure_id", order=READING_ORDERS, filters={"until": "{c}.taken_on <= {v}"}, typical=12))
    def readings(
        self,
        *,
        until: date | None = UNSET,
        order_by: ReadingOrder = ReadingOrder.DAY,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Reading]:
        """Its dated values; `until` leaves out later ones."""
        raise NotCompiled


@stands_on("check_in")
class CheckIn(Node):
    """A dated statement about an outcome."""

    id: ID
    day: Annotated[date, Column("dated")]
    confidence: float | None
    status: Status | None
    moved: str | None
    set_back: str | None
    next: str | None
    author: Annotated[Person | None, Relation(on="author_id")]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]


@stands_on(None)
class TrendPoint:
    """Progress on a day."""

    day: date
    progress: float | None
