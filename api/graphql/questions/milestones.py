"""Root questions: the points on the way, and what has come of them."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.milestones import (
    MILESTONE_FILTERS,
    MILESTONE_ORDERS,
    Milestone,
    MilestoneFilter,
    MilestoneOrder,
)


@stands_on(None)
class MilestoneQuestions:
    """The points on the way."""

    @mapped(Relation(where=BY_ID))
    def milestone(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Milestone | None:
        """One milestone."""
        raise NotCompiled

    @mapped(Relation(order=MILESTONE_ORDERS, filters=MILESTONE_FILTERS, typical=50))
    def milestones(
        self,
        *,
        filter: MilestoneFilter | None = UNSET,
        order_by: MilestoneOrder = MilestoneOrder.DUE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Milestone]:
        """The points on the way."""
        raise NotCompiled
