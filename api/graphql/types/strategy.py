"""The strategy and its map."""

from datetime import date
from typing import Annotated

from strawberry import ID

from api.graphql.mapping import Relation, order, stands_on
from api.graphql.types.alignment import StrategicObjective

BANDS = (
    "(select p.key, p.title, p.place from {rows:perspective} p union all"
    " select distinct o.perspective, o.perspective, null::int from {rows:objective} o"
    " where not o.is_retired and not exists (select from {rows:perspective} p where p.key = o.perspective))"
)
ON_MAP = "not exists (select from {rows:objective} o where o.id in ({c}.objective_id, {c}.drives_id) and o.is_retired)"


@stands_on("strategy")
class Strategy:
    """The statement of where the organisation is going."""

    id: ID
    statement: str
    starts_on: date | None
    ends_on: date | None


@stands_on("cause")
class Cause:
    """This objective drives that one."""

    objective: Annotated[StrategicObjective | None, Relation(on="objective_id")]
    drives: Annotated[StrategicObjective | None, Relation(on="drives_id")]


@stands_on(None)
class Perspective:
    """A band of the strategy map."""

    key: str
    title: str
    place: Annotated[int | None, "1 is on top; null: objectives stand in it, and the map has it no longer."]
    objectives: Annotated[
        list[StrategicObjective],
        Relation(where="{c}.perspective = {t}.key and not {c}.is_retired", order=order("title"), typical=8),
        "By title, without those that are retired.",
    ]


@stands_on(None)
class StrategyMap:
    """Objectives in their perspectives, and what drives what."""

    strategies: Annotated[list[Strategy], Relation(order=order(), typical=1)]
    perspectives: Annotated[
        list[Perspective],
        Relation(source=BANDS, order=order("place int4 null", unique="key text"), typical=4),
        "From top to bottom.",
    ]
    objectives: Annotated[
        list[StrategicObjective],
        Relation(where="not {c}.is_retired", order=order("perspective", "title"), typical=30),
        "By perspective and title, without those that are retired.",
    ]
    causes: Annotated[
        list[Cause], Relation(where=ON_MAP, order=order(), typical=30), "Between objectives that are on the map."
    ]
