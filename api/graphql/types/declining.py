"""What was declined."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Filter, Relation, order, stands_on
from api.graphql.types.alignment import Cycle
from api.graphql.types.common import Node
from api.graphql.types.organisation import Person, Team

# The day it was declined until, or without one the end of its cycle.
REVIEW_ON = "coalesce({row}.until_on, (select y.ends_on from {{rows:cycle}} y where y.id = {row}.cycle_id))"
# Up for review: that day has come by the day asked, or will have by the end of the cycle that is planned.
UP_FOR_REVIEW = (
    "(({c}.reconsidered_on is null and coalesce("
    + REVIEW_ON.format(row="{c}")
    + " <= greatest({on}, (select y.ends_on from {rows:cycle} y where y.id = {a.for_cycle})), false)) = {v})"
)


@strawberry.input
class DeclinedWorkFilter:
    """Every key that is given has to hold."""

    team: ID | None = UNSET
    person: ID | None = UNSET
    cycle: ID | None = UNSET
    up_for_review: bool | None = UNSET


DECLINED_WORK_FILTERS = {
    "filter.team": Filter("{c}.team_id = {v}", null="{c}.team_id is null"),
    "filter.person": Filter("{c}.person_id = {v}", null="{c}.person_id is null"),
    "filter.cycle": Filter("{c}.cycle_id = {v}", null="{c}.cycle_id is null"),
    "filter.upForReview": UP_FOR_REVIEW,
}
DECLINED_WORK_ORDER = order("declined_on date desc", unique="id uuid desc")


@stands_on("declined_work")
class DeclinedWork(Node):
    """Something that a team or a person said no or not now to; reconsidered perhaps, never deleted."""

    id: ID
    title: str
    reason: str
    declined_on: date
    until: Annotated[date | None, Column("until_on")]
    review_on: Annotated[
        date | None,
        Expr(REVIEW_ON.format(row="{t}")),
        "The day it comes up again: until when it was declined, or else the end of its cycle; null: by itself never.",
    ]
    reconsidered_on: date | None
    reconsidered_because: str | None
    team: Annotated[Team | None, Relation(on="team_id")]
    person: Annotated[Person | None, Relation(on="person_id"), "Who declined it for themself."]
    cycle: Annotated[Cycle | None, Relation(on="cycle_id")]
    asked_by: Annotated[Person | None, Relation(on="asked_by_id")]
