"""Indicators, and the boundaries of outcomes."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Filter, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.common import Connection, Node
from api.graphql.types.organisation import Person, Reference, Team
from api.graphql.types.progress import (
    BY_DAY,
    DAYS_OF,
    READING_ORDERS,
    STALE,
    UNIT,
    BandStanding,
    Measure,
    Period,
    Reading,
    ReadingOrder,
    ValuePoint,
)


@strawberry.enum
class IndicatorOrder(Enum):
    """What indicators are ordered by."""

    TITLE = "TITLE"
    TITLE_DESC = "TITLE_DESC"


INDICATOR_ORDERS = {"TITLE": order("title"), "TITLE_DESC": order("title desc", unique="id uuid desc")}


@strawberry.input
class IndicatorFilter:
    """Every key that is given has to hold."""

    team: ID | None = UNSET
    owner: ID | None = UNSET
    retired: bool | None = UNSET


INDICATOR_FILTERS = {
    "filter.team": Filter("{c}.team_id = {v}", null="{c}.team_id is null"),
    "filter.owner": Filter("{c}.owner_id = {v}", null="{c}.owner_id is null"),
    "filter.retired": "{c}.is_retired = {v}",
}


@stands_on("indicator")
class Indicator(Node):
    """An evergreen figure of the organisation, outside cycles; one reading moves all that read it."""

    id: ID
    title: str
    description: str | None
    unit: Annotated[str | None, UNIT, "What its values are counted in: a symbol, else the currency."]
    currency: Annotated[str | None, Column("unit_currency"), "ISO 4217."]
    precision: Annotated[int | None, Column("unit_precision"), "To how many digits after the point it is shown."]
    lower: float | None
    upper: float | None
    accumulates: bool
    resets: Period | None
    retired: Annotated[bool, Column("is_retired")]
    team: Annotated[Team | None, Relation(on="team_id")]
    owner: Annotated[Person | None, Relation(on="owner_id"), "Who keeps the figure."]
    source: str | None
    stale_after_days: int | None
    current: Annotated[float | None, Expr("figure_value({org}, {t}.id, {pos}, {on})", price=3)]
    exact_current: Annotated[Decimal | None, Expr("figure_value({org}, {t}.id, {pos}, {on})", price=3)]
    last_read_on: Annotated[date | None, Expr("last_read({org}, {t}.id, {pos}, {on})", price=3)]
    stale: Annotated[
        bool | None,
        STALE,
    ]
    band: Annotated[
        BandStanding | None,
        Relation(
            source="(select b.* from band_standing({org}, {t}.id, {t}.lower, {t}.upper, '-infinity', {pos}, {on}) b"
            " where {t}.lower is not null or {t}.upper is not null)"
        ),
        "How it keeps inside its band; null without one.",
    ]
    measures: Annotated[
        list[Measure], Relation(on="indicator_id", order=order("title"), typical=3), "The measures that read it."
    ]
    references: Annotated[list[Reference], Relation(on="entity_id", order=order("system"), typical=1)]

    @mapped(Relation(on="series_id", order=READING_ORDERS, filters={"until": "{c}.taken_on <= {v}"}, typical=12))
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


@stands_on("breach")
class Breach:
    """A breach that was noted when it happened; later corrections of readings leave it on record."""

    breached_on: date


@stands_on("boundary")
class Boundary(Node):
    """A band that a figure has to stay within for the sake of an outcome."""

    id: ID
    title: str
    lower: float | None
    upper: float | None
    reason: Annotated[str | None, "Why the band was moved last."]
    measure: Annotated[Measure | None, Relation(on="figure_id")]
    indicator: Annotated[Indicator | None, Relation(on="figure_id")]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    standing: Annotated[
        BandStanding | None,
        Relation(
            source="(select b.* from (select coalesce(o.starts_on, y.starts_on, '-infinity') as from_on"
            " from {rows:outcome} o left join {rows:cycle} y on y.id = o.cycle_id where o.id = {t}.outcome_id) w"
            " cross join lateral band_standing({org}, {t}.figure_id, {t}.lower, {t}.upper, w.from_on, {pos}, {on}) b)"
        ),
        "Null where its figure was never read.",
    ]
    breaches: Annotated[
        list[Breach],
        Relation(on="boundary_id", order=order("breached_on date desc", unique="id uuid desc"), typical=2),
        "Those that the timekeeper noted, the latest first.",
    ]
