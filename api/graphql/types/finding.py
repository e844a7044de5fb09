"""What is found by its words."""

from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import Probe, order, stands_on
from api.graphql.types.common import Node

FOUND_ORDER = order("rank numeric desc", "kind", "title")


@strawberry.enum
class EntityKind(Enum):
    """What an entity is."""

    PERSON = "PERSON"
    TEAM = "TEAM"
    OBJECTIVE = "OBJECTIVE"
    CYCLE = "CYCLE"
    OUTCOME = "OUTCOME"
    MEASURE = "MEASURE"
    INDICATOR = "INDICATOR"
    TASK = "TASK"
    MILESTONE = "MILESTONE"
    INITIATIVE = "INITIATIVE"
    CELEBRATION = "CELEBRATION"


@stands_on(None)
class Found:
    """Something in which all the words occur."""

    kind: EntityKind
    title: Annotated[str, "Its title, or its name."]
    rank: Annotated[float, "How well it fits: words of a title weigh more than those of a description."]
    entity: Annotated[Node | None, Probe("{t}.id")]
