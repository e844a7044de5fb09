"""What changed, and what somebody wants to know of it."""

from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Expr, Probe, order, stands_on
from api.graphql.scalars import Position
from api.graphql.types.common import Node
from api.graphql.types.finding import EntityKind

CHANGE_ORDER = order("position int8")
NEWS_ORDER = order("position int8 desc", unique="id uuid desc")
FOLLOWING_ORDER = order("since int8 desc", unique="id uuid desc")


@stands_on("entry")
class EntityChange:
    """That something was recorded of an entity."""

    position: Position
    kind: Annotated[str, Expr("split_part({t}.type, '.', 1)"), "The first word of its type: outcome, task, team."]
    type: str
    entity_id: ID
    entity: Annotated[Node | None, Probe("{t}.entity_id"), "As it is now, or as of when is asked."]


@stands_on("following")
class Following:
    """What somebody follows."""

    kind: EntityKind
    entity_id: ID
    entity: Annotated[Node | None, Probe("{t}.entity_id")]


@strawberry.input(one_of=True, description="Whose news: one of these.")
class FeedScope:
    """One of them."""

    team: ID | None = strawberry.field(default=UNSET, description="Of a team and its outcomes.")
    person: ID | None = strawberry.field(
        default=UNSET, description="Of a person, their outcomes and their promises, and what they recorded."
    )
    outcome: ID | None = strawberry.field(default=UNSET, description="Of an outcome.")
    cycle: ID | None = strawberry.field(default=UNSET, description="Of a cycle and its outcomes.")
    followed: bool | None = strawberry.field(default=UNSET, description="Of what you follow.")


def _concerning(entities: str) -> str:
    return f"{{c}}.id in (select k.entry_id from {{rows:concerned}} k where k.id in ({entities}))"


OF_PERSON = (
    "select {v} union all select o.id from {rows:outcome} o where o.owner_id = {v}"
    " union all select k.id from {rows:task} k where k.promiser_id = {v}"
)
FEED_FILTERS = {
    "types": "{c}.type = any({v})",
    "scope.team": _concerning("select {v} union all select o.id from {rows:outcome} o where o.team_id = {v}"),
    "scope.person": "{c}.actor_id = {v} or " + _concerning(OF_PERSON),
    "scope.outcome": _concerning("{v}"),
    "scope.cycle": _concerning("select {v} union all select o.id from {rows:outcome} o where o.cycle_id = {v}"),
    "scope.followed": "{v} and "
    + _concerning("select f.entity_id from {rows:following} f where f.person_id = {viewer.person}"),
}
