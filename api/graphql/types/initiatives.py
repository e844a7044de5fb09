"""Initiatives: what they bundle, the way that they make, and what is said about them."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Expr, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.accountability import TASK_ORDERS, Task, TaskOrder
from api.graphql.types.common import CHANGED_AT, Connection, Node
from api.graphql.types.labels import Links, Tags
from api.graphql.types.milestones import BURN_UP, MILESTONE_ORDERS, BurnUpPoint, Milestone, MilestoneOrder
from api.graphql.types.organisation import Person
from api.graphql.types.practice import COMMENT_ORDER, Comment


@strawberry.enum
class InitiativeState(Enum):
    """Where an initiative stands."""

    OPEN = "OPEN"
    DONE = "DONE"
    DROPPED = "DROPPED"


@stands_on("initiative")
class Initiative(Node):
    """A bundle of tasks for one outcome."""

    id: ID
    title: str
    description: str | None
    state: InitiativeState
    starts_on: date | None
    due_on: date | None
    ended_on: date | None
    end_reason: str | None
    owner: Annotated[Person | None, Relation(on="owner_id")]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    changed_at: Annotated[datetime | None, Expr(CHANGED_AT), "When what stands here was recorded."]
    tags: Tags
    links: Links

    @mapped(Relation(on="initiative_id", order=TASK_ORDERS))
    def tasks(
        self,
        *,
        order_by: TaskOrder = TaskOrder.DUE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Task]:
        """The promises that it bundles."""
        raise NotCompiled

    @mapped(Relation(on="initiative_id", order=MILESTONE_ORDERS))
    def milestones(
        self,
        *,
        order_by: MilestoneOrder = MilestoneOrder.DUE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Milestone]:
        """The points on its way."""
        raise NotCompiled

    @mapped(Relation(source=BURN_UP, order=order(unique="day date"), typical=90))
    def milestone_burn_up(
        self,
        *,
        starts: Annotated[date | None, strawberry.argument(name="from")] = UNSET,
        ends: Annotated[date | None, strawberry.argument(name="to")] = UNSET,
    ) -> list[BurnUpPoint]:
        """What its milestones weigh that are due, and that were reached, by each day from one to another; from the
        first of their days to the last unless said otherwise, 366 days at most."""
        raise NotCompiled

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
