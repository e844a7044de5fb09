"""What is found by its words."""

from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import Probe, order, stands_on
from api.graphql.types.common import Node

FOUND_ORDER = order("rank numeric desc", "kind", "title")


@strawberry.enum
class FindableKind(Enum):
    """What can be found by its words."""

    OUTCOME = "OUTCOME"
    OBJECTIVE = "OBJECTIVE"
    MEASURE = "MEASURE"
    INDICATOR = "INDICATOR"
    TASK = "TASK"
    MILESTONE = "MILESTONE"
    PERSON = "PERSON"
    TEAM = "TEAM"
    CYCLE = "CYCLE"


@stands_on(None)
class Found:
    """Something in which all the words occur."""

    kind: FindableKind
    title: Annotated[str, "Its title, or its name."]
    rank: Annotated[float, "How well it fits: words of a title weigh more than those of a description."]
    entity: Annotated[Node | None, Probe("{t}.id")]
