"""Root questions: where the organisation is going, and what serves what."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.alignment import (
    OUTCOME_FILTERS,
    OUTCOME_ORDERS,
    Focus,
    Outcome,
    OutcomeFilter,
    OutcomeOrder,
)
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.strategy import StrategyMap

FOCUS = (
    "(select {a.team} as team_id, y.id as cycle_id, y.starts_on, coalesce(f.most, 5) as most, f.reason"
    " from {rows:cycle} y left join {rows:focus_limit} f on f.cycle_id = y.id and f.team_id = {a.team}"
    " where y.state = 'RUNNING' and ({a.cycle} is null or y.id = {a.cycle}))"
)


@stands_on(None)
class AlignmentQuestions:
    """Where the organisation is going, and what serves what."""

    @mapped(Relation(source="(select true)"))
    def strategy_map(self, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> StrategyMap:
        """Where the organisation is going."""
        raise NotCompiled

    @mapped(Relation(order=OUTCOME_ORDERS, filters=OUTCOME_FILTERS, typical=50))
    def outcomes(
        self,
        *,
        filter: OutcomeFilter | None = UNSET,
        order_by: OutcomeOrder = OutcomeOrder.TITLE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Outcome]:
        """The changes worth making."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def outcome(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Outcome | None:
        """One of them."""
        raise NotCompiled

    @mapped(Relation(source=FOCUS, order=order("starts_on date", unique="cycle_id uuid"), typical=2))
    def focus(
        self, team: ID, cycle: ID | None = UNSET, as_of: AsOf | None = UNSET, on: date | None = UNSET
    ) -> list[Focus]:
        """What a team works on, in each running cycle or in the one named."""
        raise NotCompiled
