"""Decisions."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Filter, Link, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.alignment import Outcome
from api.graphql.types.common import Connection, Node
from api.graphql.types.organisation import Person, Team
from api.graphql.types.practice import COMMENT_ORDER, Comment


@strawberry.input
class DecisionFilter:
    """Every key that is given has to hold."""

    outcome: ID | None = UNSET
    team: ID | None = UNSET
    decided_from: date | None = UNSET
    decided_to: date | None = UNSET
    reversed: bool | None = UNSET


DECISION_FILTERS = {
    "filter.outcome": "exists (select from {rows:decided_of} d where d.decision_id = {c}.id and d.outcome_id = {v})",
    "filter.team": Filter("{c}.team_id = {v}", null="{c}.team_id is null"),
    "filter.decidedFrom": "{c}.decided_on >= {v}",
    "filter.decidedTo": "{c}.decided_on <= {v}",
    "filter.reversed": "({c}.reversed_on is not null) = {v}",
}
DECISION_ORDER = order("decided_on date desc", unique="id uuid desc")


@stands_on("decision")
class Decision(Node):
    """What was decided, why and by whom; reversed perhaps, never deleted."""

    id: ID
    title: str
    why: str | None
    decided_on: date
    reversed_on: date | None
    reversed_because: str | None
    team: Annotated[Team | None, Relation(on="team_id")]
    decided_by: Annotated[
        list[Person], Relation(via=Link("decided_by", "decision_id", "person_id"), order=order("name"), typical=2)
    ]
    outcomes: Annotated[
        list[Outcome],
        Relation(via=Link("decided_of", "decision_id", "outcome_id"), order=order("title"), typical=2),
        "Those that it touches.",
    ]

    @mapped(Relation(on="about_id", order=COMMENT_ORDER, typical=3))
    def comments(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Comment]:
        """What was said about it, the oldest first."""
        raise NotCompiled
