"""Root questions: where the organisation is going, and what serves what."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.alignment import (
    OUTCOME_FILTERS,
    OUTCOME_ORDERS,
    Outcome,
    OutcomeFilter,
    OutcomeOrder,
)
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.focus import Focus
from api.graphql.types.strategy import StrategyMap

LIMITED = (
    "(select {whose}, y.id as cycle_id, y.starts_on, coalesce(f.most, g.focus_limit) as most, f.reason"
    " from {{rows:cycle}} y cross join {{rows:organisation}} g"
    " left join {{rows:focus_limit}} f on f.cycle_id = y.id and f.{holder}_id = {{a.{holder}}}"
    " where coalesce(y.id = {{a.cycle}}, y.state = 'RUNNING'))"
)
FOCUS = {
    "team": LIMITED.format(whose="{a.team} as team_id, null::uuid as person_id", holder="team"),
    "person": LIMITED.format(whose="null::uuid as team_id, {a.person} as person_id", holder="person"),
}


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
        self,
        *,
        team: ID | None = UNSET,
        person: ID | None = UNSET,
        cycle: ID | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> list[Focus]:
        """What a team, or a person without one, works on, in each running cycle or in the one named, whatever it
        stands at."""
        raise NotCompiled
