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
from api.graphql.types.asked import Status
from api.graphql.types.common import Connection, Node
from api.graphql.types.labels import Links, Tags
from api.graphql.types.organisation import Person, Reference


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
class Computation(Enum):
    """What a computed measure makes of the values of its inputs; a ratio is the first by the second."""

    SUM = "SUM"
    MEAN = "MEAN"
    MINIMUM = "MINIMUM"
    MAXIMUM = "MAXIMUM"
    RATIO = "RATIO"


@strawberry.enum
class Period(Enum):
    """After which something that accumulates starts anew."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


@strawberry.enum
class Level(Enum):
    """How much of what was agreed has been passed."""

    COMMIT = "COMMIT"
    TARGET = "TARGET"
    STRETCH = "STRETCH"


@strawberry.enum
class InputKind(Enum):
    """What the value of a measure is made of."""

    READING = "READING"
    INPUT = "INPUT"
    MILESTONE = "MILESTONE"
    BASELINE = "BASELINE"


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


UNIT = Expr("coalesce({t}.unit_symbol, {t}.unit_currency)", price=1)
MEASURE_TOLD = "measure_told({org}, {t}.id, {pos}, {on})"
BASELINE = Expr("{s}.baseline", of=MEASURE_TOLD, alone="measure_baseline({org}, {t}.id, {pos}, {on})")
TARGET = Expr("{s}.target", of=MEASURE_TOLD, alone="measure_target({org}, {t}.id, {pos}, {on})")
CURRENT = Expr("{s}.current", price=3, of=MEASURE_TOLD)
STANDING = "outcome_standing({org}, {t}.id, {pos}, {on})"
STANDING_THEN = "outcome_standing({org}, {t}.of_id, {pos}, {t}.day)"
STALE = Expr(
    "case when {t}.stale_after_days is not null"
    " then coalesce({on} - last_read({org}, {t}.id, {pos}, {on}) > {t}.stale_after_days, true) end",
    price=3,
)


@stands_on("reading")
class Reading(Node):
    """A dated value of a measure."""

    id: ID
    day: Annotated[date, Column("taken_on")]
    value: float
    exact_value: Annotated[Decimal, Column("value")]
    attainment: Annotated[
        float | None,
        Expr("reading_attainment({org}, {t}.series_id, {t}.value, {t}.taken_on, {pos})"),
        "Unclamped and unrounded, by the baseline and target in force on its day.",
    ]
    note: str | None
    evidence: str | None
    origin: Origin
    source: str | None
    external_id: str | None
    corrections: Annotated[int, "How often it was corrected."]
    measure: Annotated[Node | None, Relation(on="series_id", to="progress.Measure")]
    indicator: Annotated[Node | None, Relation(on="series_id", to="indicators.Indicator")]


@stands_on("measure_terms")
class MeasureTerms:
    """What was agreed of a measure from a day on."""

    effective_on: date
    baseline: float | None
    target: float | None
    lower: float | None
    upper: float | None
    commit: float | None
    stretch: float | None
    weight: float
    due_on: date | None
    reason: str | None


@stands_on(None)
class MeasureInput:
    """A part of what the value of a measure is made of."""

    kind: InputKind
    id: Annotated[
        ID | None,
        Expr("case when {t}.hidden_count = 0 then {t}.id end", price=1),
        "Of the reading, the input measure, the milestone; of the measure itself for its baseline; null where hidden.",
    ]
    value: float | None
    day: date | None
    position: Annotated[int | None, Column("at_position"), "Of the event that told it; null where hidden."]
    hidden_count: Annotated[int, "How many inputs that the viewer may not see this part stands for."]


@stands_on(None)
class MeasureForecast:
    """Theil and Sen's line through the values of the days on which it was read, with an interval of 80 %."""

    days: Annotated[int, "On how many days it was read."]
    per_day: float
    value: Annotated[float, "On the due day."]
    lowest: float
    highest: float
    progress: float | None
    lowest_progress: float | None
    highest_progress: float | None


@stands_on(None)
class BandStanding:
    """A figure beside its band."""

    current: float | None
    breached: bool
    breached_since: date | None
    share_inside: Annotated[float | None, "Of the days on which it had a value."]


@stands_on(None)
class ValuePoint:
    """How a figure stood on a day."""

    day: date
    value: Annotated[float | None, Expr("figure_value({org}, {t}.of_id, {pos}, {t}.day)")]
    attainment: Annotated[float | None, Expr("measure_attainment({org}, {t}.of_id, {pos}, {t}.day)")]


VEILED_INPUTS = (
    "(with part as materialized (select p.*, coalesce(p.kind = 'INPUT' and outcome_of({org}, p.id) in {hidden}, false)"
    " as veiled from measure_parts({org}, {t}.id, {pos}, {on}) p)"
    " select p.kind, p.id, p.value, p.day, p.at_position, 0 as hidden_count from part p where not p.veiled"
    " union all select 'INPUT', '00000000-0000-0000-0000-000000000000', null, null, null, count(*)::int"
    " from part p where p.veiled having count(*) > 0)"
)
DAYS_OF = "(select {t}.id as of_id, d.day from days_to({on}, {a.days}) d)"
BY_DAY = order(unique="day date")


@stands_on("measure")
class Measure(Node):
    """How success of an outcome is told. Terms and standing are those of the day asked for."""

    id: ID
    title: str
    tags: Tags
    links: Links
    unit: Annotated[str | None, UNIT, "What its values are counted in: a symbol, else the currency."]
    currency: Annotated[str | None, Column("unit_currency"), "ISO 4217."]
    precision: Annotated[int | None, Column("unit_precision"), "To how many digits after the point it is shown."]
    direction: Direction
    leading: Annotated[bool, Column("is_leading")]
    retired: Annotated[bool, Column("is_retired")]
    accumulates: bool
    resets: Annotated[Period | None, "After which its sum starts anew."]
    computation: Computation | None
    inputs: Annotated[
        list["Measure"], Relation(where="{c}.id = any({t}.input_ids)", order=order("title"), typical=3), "By title."
    ]
    indicator: Annotated[Node | None, Relation(on="indicator_id", to="indicators.Indicator")]
    owner: Annotated[Person | None, Relation(on="owner_id"), "Who keeps the figure."]
    source: str | None
    stale_after_days: int | None
    last_read_on: Annotated[date | None, Expr("last_read({org}, {t}.id, {pos}, {on})", price=3)]
    stale: Annotated[
        bool | None,
        STALE,
        "Whether it was read longer ago than it should be; null where nothing was said of that.",
    ]
    starts_on: date | None
    baseline: Annotated[float | None, BASELINE]
    target: Annotated[float | None, TARGET]
    current: Annotated[float | None, CURRENT]
    exact_baseline: Annotated[Decimal | None, BASELINE]
    exact_target: Annotated[Decimal | None, TARGET]
    exact_current: Annotated[Decimal | None, CURRENT]
    weight: Annotated[
        float | None, Expr("{s}.weight", of=MEASURE_TOLD, alone="measure_weight({org}, {t}.id, {pos}, {on})")
    ]
    has_reading: Annotated[bool, Expr("coalesce({s}.has_reading, false)", price=3, of=MEASURE_TOLD)]
    attainment: Annotated[float | None, Expr("{s}.attainment::float8", price=3, of=MEASURE_TOLD), "Unclamped."]
    progress: Annotated[
        float | None, Expr("{s}.progress::float8", price=3, of=MEASURE_TOLD), "Attainment clamped to 0…1."
    ]
    level: Annotated[Level | None, Expr("measure_level({org}, {t}.id, {pos}, {on})", price=3), "The highest passed."]
    forecast: Annotated[
        MeasureForecast | None,
        Relation(source="measure_forecast({org}, {t}.id, {pos}, {on})"),
        "Where it lands by its due day; null with less than three days, or days that span a tenth of its time.",
    ]
    band: Annotated[
        BandStanding | None,
        Relation(
            source="(select b.* from terms_on({org}, {t}.id, {pos}, {on}) n cross join lateral"
            " band_standing({org}, {t}.id,"
            " coalesce(n.lower, case {t}.direction when 'KEEP_ABOVE' then n.target end),"
            " coalesce(n.upper, case {t}.direction when 'KEEP_BELOW' then n.target end),"
            " coalesce(measure_starts({org}, {t}.id, {pos}), '-infinity'), {pos}, {on}) b"
            " where {t}.direction like 'KEEP%')"
        ),
        "Of a measure that is to be kept above, below or within: how it keeps there.",
    ]
    because: Annotated[
        list[MeasureInput],
        Relation(
            source="measure_parts({org}, {t}.id, {pos}, {on})",
            veiled=VEILED_INPUTS,
            order=order("kind", "day date null desc", unique="id uuid"),
            typical=2,
        ),
        "What its present value is made of; what is hidden is one part together.",
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

    @mapped(
        Relation(
            where="{c}.series_id = {t}.series_id",
            order=READING_ORDERS,
            filters={"until": "{c}.taken_on <= {v}"},
            typical=12,
        )
    )
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

    @mapped(Relation(source=DAYS_OF, order=BY_DAY, typical=30))
    def trend(self, days: int = 30) -> list[ValuePoint]:
        """Its value on each of so many days up to the day asked for; 366 at most."""
        raise NotCompiled


@stands_on(None)
class TrendPoint:
    """How an outcome stood on a day, as it is known now: what is asked of it is reckoned for each day."""

    day: date
    progress: Annotated[
        float | None,
        Expr(
            "{s}.progress::float8",
            price=3,
            of=STANDING_THEN,
            alone="outcome_progress({org}, {t}.of_id, {pos}, {t}.day)",
        ),
    ]
    expected: Annotated[float | None, Expr("{s}.expected::float8", price=5, of=STANDING_THEN)]
    pace: Annotated[float | None, Expr("{s}.pace::float8", price=5, of=STANDING_THEN)]
    status: Annotated[Status | None, Expr("outcome_status({org}, {t}.of_id, {pos}, {t}.day)")]
    stated_status: Annotated[Status | None, Expr("outcome_stated_status({org}, {t}.of_id, {pos}, {t}.day)")]
    suggested_status: Annotated[Status | None, Expr("{s}.suggested_status", price=5, of=STANDING_THEN)]
    confidence: Annotated[float | None, Expr("outcome_confidence({org}, {t}.of_id, {pos}, {t}.day)")]


@stands_on(None)
class OutcomeForecast:
    """Where an outcome lands by its due day, with an interval of 80 %."""

    progress: float | None
    lowest_progress: float | None
    highest_progress: float | None


@strawberry.enum
class LeftOut(Enum):
    """Why something does not count."""

    RETIRED = "RETIRED"
    PAUSED = "PAUSED"
    ABANDONED = "ABANDONED"
    WITHDRAWN = "WITHDRAWN"
    UNCLEAR = "UNCLEAR"
    WEIGHT_ZERO = "WEIGHT_ZERO"
    POLICY = "POLICY"
    UNITS_MIXED = "UNITS_MIXED"


@stands_on(None)
class RollUpPart:
    """A measure, or an outcome that serves the one above, and what it adds to the whole.

    What the viewer may not see is one part together: of it weight, share and count are told.
    """

    measure: Annotated[Measure | None, Relation(on="measure_id")]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    value: Annotated[float | None, "Its current value; of an outcome only where values are added up."]
    progress: Annotated[float | None, "Clamped to 0…1."]
    weight: float
    share: Annotated[float | None, "Of the weights that count; null where it is left out or values are added up."]
    position: Annotated[int | None, Column("at_position"), "Of the last event that moved it; null where hidden."]
    left_out: Annotated[LeftOut | None, "Why it does not count; null where it does, or is hidden."]
    hidden_count: Annotated[int, "How many parts that the viewer may not see this one stands for."]
