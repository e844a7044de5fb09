"""Root questions: who promised what, and what became of it."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, stands_on
from api.graphql.types.accountability import (
    TASK_FILTERS,
    TASK_ORDERS,
    Task,
    TaskFilter,
    TaskOrder,
)
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.duties import HELD, HELD_ORDER, HeldDuty
from api.graphql.types.follow_through import FOLLOW_THROUGH, FollowThrough
from api.graphql.types.inbox import DUTIES, DUTY_ORDER, Duty
from api.graphql.types.initiatives import Initiative
from api.graphql.types.load import LOAD, Load
from api.graphql.types.risks import RISK_ORDER, RISKS, Risk


@stands_on(None)
class AccountabilityQuestions:
    """Who promised what, and what became of it."""

    @mapped(Relation(where=BY_ID))
    def task(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Task | None:
        """One promise."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def initiative(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Initiative | None:
        """One bundle of promises."""
        raise NotCompiled

    @mapped(Relation(order=TASK_ORDERS, filters=TASK_FILTERS, typical=50))
    def commitments(
        self,
        *,
        filter: TaskFilter | None = UNSET,
        order_by: TaskOrder = TaskOrder.DUE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Task]:
        """Who promised what to whom, and what became of it."""
        raise NotCompiled

    @mapped(Relation(source=FOLLOW_THROUGH))
    def follow_through(
        self,
        *,
        person: ID | None = UNSET,
        team: ID | None = UNSET,
        due_from: Annotated[date, strawberry.argument(name="from")],
        due_to: Annotated[date, strawberry.argument(name="to")],
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> FollowThrough | None:
        """How a person, or a team and those below it, kept what was promised by the days of a window. A person's is for
        them and their leads, a team of fewer than five for its leads: null for others."""
        raise NotCompiled

    @mapped(Relation(source=LOAD))
    def load(
        self,
        *,
        person: ID | None = UNSET,
        team: ID | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Load | None:
        """What a person, or a team and those below it, have to do in the fortnight that begins on the day asked for,
        against what they can. A person's is for them and their leads, a team of fewer than five for its leads: null for
        others."""
        raise NotCompiled

    @mapped(Relation(source=RISKS, order=RISK_ORDER, typical=20))
    def risks(
        self,
        *,
        cycle: ID,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Risk]:
        """What endangers the outcomes of a cycle: unconfirmed dependencies, aged blocks, overdue tasks that others wait
        for, breached boundaries, open facts that have gone further; the oldest first."""
        raise NotCompiled

    @mapped(Relation(source=DUTIES, order=DUTY_ORDER, typical=20))
    def inbox(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Duty]:
        """What waits for the viewer, and for whoever has delegated their duties to them, the most urgent first: by the
        day it is due; of one day, what others wait for before what is only the viewer's own."""
        raise NotCompiled

    @mapped(Relation(source=HELD, order=HELD_ORDER, typical=20))
    def duties_of(
        self,
        *,
        person: ID,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[HeldDuty]:
        """What a person owns, reviews, has promised, is promised and leads: nobody leaves it behind. By kind and
        title."""
        raise NotCompiled
