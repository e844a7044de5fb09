"""Root questions: where the organisation is going, and what serves what."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.alignment import (
    OUTCOME_FILTERS,
    OUTCOME_ORDERS,
    AlignmentNode,
    LineOfSight,
    Outcome,
    OutcomeFilter,
    OutcomeOrder,
    StrategyMap,
)
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.focus import Focus

LIMITED = (
    "(select {whose}, y.id as cycle_id, y.starts_on, coalesce(f.most, g.focus_limit) as most, f.reason"
    " from {{rows:cycle}} y cross join {{rows:organisation}} g"
    " left join {{rows:focus_limit}} f on f.cycle_id = y.id and f.{holder}_id = {{a.{holder}}}"
    " where y.state = 'RUNNING' and ({{a.cycle}} is null or y.id = {{a.cycle}}))"
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

    @mapped(
        Relation(
            source="alignment_tree({org}, {a.root}, least(greatest({a.depth}, 0), 30), {pos})",
            order=order("depth int4", "parent_id uuid null", unique="outcome_id uuid"),
            typical=100,
        )
    )
    def alignment_tree(
        self,
        *,
        top: Annotated[ID, strawberry.argument(name="root")],  # `root` has a meaning of its own to strawberry
        depth: int = 10,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> list[AlignmentNode]:
        """Everything that serves an outcome, level by level: a flat list, each under its parent. 30 levels at most."""
        raise NotCompiled

    @mapped(
        Relation(
            source={
                "task": "(select k.id as task_id, k.outcome_id from {rows:task} k where k.id = {a.task})",
                "outcome": "(select null::uuid as task_id, o.id as outcome_id from {rows:outcome} o"
                " where o.id = {a.outcome})",
            }
        )
    )
    def line_of_sight(
        self, task: ID | None = UNSET, outcome: ID | None = UNSET, as_of: AsOf | None = UNSET, on: date | None = UNSET
    ) -> LineOfSight | None:
        """How a task, or an outcome, moves the strategy: every path upwards."""
        raise NotCompiled

    @mapped(
        Relation(
            where="{c}.state not in ('ABANDONED', 'WITHDRAWN') and not reaches_objective({org}, {c}.id, {pos})",
            order=OUTCOME_ORDERS,
        )
    )
    def orphans(
        self,
        *,
        order_by: OutcomeOrder = OutcomeOrder.TITLE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Outcome]:
        """Outcomes from which no path runs to a strategic objective."""
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
        """What a team, or a person without one, works on, in each running cycle or in the one named."""
        raise NotCompiled
