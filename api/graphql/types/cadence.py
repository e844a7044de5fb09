"""How often check-ins are due."""

from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID

from api.graphql.mapping import Column, stands_on


@strawberry.enum
class CadenceUnit(Enum):
    """What a cadence is counted in."""

    DAYS = "DAYS"
    WEEKS = "WEEKS"
    MONTHS = "MONTHS"


@stands_on(None)
class Cadence:
    """How often check-ins are due, by what was said nearest to whatever it is told of."""

    every: Annotated[int, Column("every_count")]
    unit: Annotated[CadenceUnit, Column("every_unit")]
    weekday: Annotated[int | None, "1 is Monday."]
    grace_days: int
    set_for: Annotated[ID | None, Column("holder_id"), "The outcome, team or organisation; null: the usual one."]


def cadence_in_force(nearest: str) -> str:
    """The source of a Cadence: what was said nearest, by a join with the organisation, else the usual one."""
    return (
        "(select coalesce(n.every_count, g.cadence_days) as every_count, coalesce(n.every_unit, 'DAYS') as every_unit,"
        " n.weekday, coalesce(n.grace_days, g.grace_days) as grace_days, n.holder_id"
        f" from {{rows:organisation}} g left join {nearest})"
    )
