"""What any entity may bear: tags and links."""

from typing import Annotated

from strawberry import ID

from api.graphql.mapping import Link, Relation, order, stands_on
from api.graphql.types.common import Node

TAG_ORDER = order("name")
TAGGED = "exists (select from {rows:tagging} g where g.entity_id = {c}.id and g.tag_id = {v})"


@stands_on("tag")
class Tag(Node):
    """A word of the organisation's vocabulary, for entities of whatever kind."""

    id: ID
    name: str
    description: str | None


@stands_on("link")
class AttachedLink:
    """A page about an entity."""

    url: str
    title: str | None


Tags = Annotated[
    list[Tag], Relation(via=Link("tagging", "entity_id", "tag_id"), order=TAG_ORDER, typical=1), "By name."
]
Links = Annotated[list[AttachedLink], Relation(on="entity_id", order=order("url"), typical=1), "Pages about it."]
