"""What several subjects share: nodes, pages, the moment asked for."""

from datetime import datetime
from typing import Generic, TypeVar

import strawberry
from strawberry import ID, UNSET

from api.graphql.scalars import Position

T = TypeVar("T")
# When the version of a row that is told was recorded.
CHANGED_AT = "(select e.recorded_at from {rows:entry} e where e.position = {t}.since)"


@strawberry.interface(description="Anything that has an id of its own.")
class Node:
    """Its id is unique in the world."""

    id: ID


@strawberry.type(description="Where a page lies among the others.")
class PageInfo:
    """After Relay's specification."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="A row of a page with its cursor.")
class Edge(Generic[T]):
    """After Relay's specification."""

    cursor: str
    node: T


@strawberry.type(description="A page: `first` and `after`, or `last` and `before`; 50 rows unless said otherwise.")
class Connection(Generic[T]):
    """After Relay's specification, with the nodes at hand."""

    nodes: list[T]
    edges: list[Edge[T]]
    page_info: PageInfo
    total_count: int


@strawberry.input(one_of=True, description="As of when: what was on record at a position, or at a moment.")
class AsOf:
    """One of two."""

    position: Position | None = UNSET
    time: datetime | None = UNSET
