"""The root questions.

All take `asOf`; those that tell dated facts take `on`, the day, which is that of `asOf` unless said otherwise.
"""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Link, NotCompiled, Probe, Relation, mapped, order, stands_on
from api.graphql.types.accountability import (
    DUTIES,
    MILESTONE_FILTERS,
    MILESTONE_ORDERS,
    TASK_FILTERS,
    TASK_ORDERS,
    Duty,
    Milestone,
    MilestoneFilter,
    MilestoneOrder,
    Task,
    TaskFilter,
    TaskOrder,
)
from api.graphql.types.alignment import (
    OUTCOME_FILTERS,
    OUTCOME_ORDERS,
    AlignmentNode,
    Cycle,
    Focus,
    LineOfSight,
    Outcome,
    OutcomeFilter,
    OutcomeOrder,
    StrategyMap,
)
from api.graphql.types.common import AsOf, Connection, Node
from api.graphql.types.history import ENTRY_ORDER, HistoryEntry
from api.graphql.types.organisation import (
    NAME_ORDERS,
    TEAM_FILTERS,
    NameOrder,
    Organisation,
    Person,
    Team,
    TeamFilter,
    Viewer,
)
from api.graphql.types.progress import Measure

BY_ID = "{c}.id = {a.id}"
FOCUS = (
    "(select {a.team} as team_id, y.id as cycle_id, y.starts_on, coalesce(f.most, 5) as most, f.reason"
    " from {rows:cycle} y left join {rows:focus_limit} f on f.cycle_id = y.id and f.team_id = {a.team}"
    " where y.state = 'RUNNING' and ({a.cycle} is null or y.id = {a.cycle}))"
)


@stands_on(None)
class Query:
    """Every answer is of one snapshot, and says the position of it."""

    @mapped(Relation())
    def organisation(self, as_of: AsOf | None = UNSET) -> Organisation | None:
        """The organisation that the key belongs to."""
        raise NotCompiled

    @mapped(Relation(source="(select {viewer.person} as person_id, {viewer.role} as role)"))
    def viewer(self, as_of: AsOf | None = UNSET) -> Viewer:
        """Who is asking."""
        raise NotCompiled

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
            where="{c}.state <> 'ABANDONED' and not reaches_objective({org}, {c}.id, {pos})",
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

    @mapped(Relation(order=order("starts_on date desc", unique="id uuid desc")))
    def cycles(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Cycle]:
        """The latest first."""
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

    @mapped(Relation(where=BY_ID))
    def measure(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Measure | None:
        """One measure."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def team(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Team | None:
        """One team."""
        raise NotCompiled

    @mapped(Relation(order=NAME_ORDERS, filters=TEAM_FILTERS, typical=50))
    def teams(
        self,
        *,
        filter: TeamFilter | None = UNSET,
        order_by: NameOrder = NameOrder.NAME,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Team]:
        """The teams."""
        raise NotCompiled

    @mapped(Relation(order=NAME_ORDERS, typical=50))
    def people(
        self,
        *,
        order_by: NameOrder = NameOrder.NAME,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Person]:
        """The people."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def task(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Task | None:
        """One promise."""
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

    @mapped(Relation(source=FOCUS, order=order("starts_on date", unique="cycle_id uuid"), typical=2))
    def focus(
        self, team: ID, cycle: ID | None = UNSET, as_of: AsOf | None = UNSET, on: date | None = UNSET
    ) -> list[Focus]:
        """What a team works on, in each running cycle or in the one named."""
        raise NotCompiled

    @mapped(Relation(via=Link("concerned", "", "entry_id", "{l}.id = {a.entity}"), order=ENTRY_ORDER, typical=50))
    def history(
        self,
        *,
        entity: ID,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """Everything that was recorded of something, in order."""
        raise NotCompiled

    @mapped(Relation(source=DUTIES, order=order("due_on date", "kind", unique="task_id uuid"), typical=20))
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
        """What waits for the viewer, the earliest due first."""
        raise NotCompiled

    @mapped(Probe("{a.id}"))
    def node(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Node | None:
        """Anything by its id."""
        raise NotCompiled
