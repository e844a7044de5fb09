"""Strategy, cycles, outcomes and what serves what."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import (
    Expr,
    Filter,
    Here,
    Link,
    NotCompiled,
    Relation,
    Variant,
    Variants,
    mapped,
    order,
    stands_on,
)
from api.graphql.types.accountability import MILESTONE_ORDERS, TASK_ORDERS, Milestone, MilestoneOrder, Task, TaskOrder
from api.graphql.types.common import Connection, Node
from api.graphql.types.history import ENTRY_ORDER, HistoryEntry
from api.graphql.types.indicators import Boundary
from api.graphql.types.organisation import Person, Reference, RollUp, Team
from api.graphql.types.progress import (
    BY_DAY,
    DAYS_OF,
    CheckIn,
    Measure,
    OutcomeForecast,
    RollUpPart,
    Status,
    TrendPoint,
)


@strawberry.enum
class OutcomeState(Enum):
    """Where an outcome stands in its life."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ABANDONED = "ABANDONED"


@strawberry.enum
class Ambition(Enum):
    """Committed: expected in full. Aspirational: 0.7 is a success."""

    COMMITTED = "COMMITTED"
    ASPIRATIONAL = "ASPIRATIONAL"


@strawberry.enum
class CycleState(Enum):
    """Where a cycle stands in its life."""

    PLANNED = "PLANNED"
    RUNNING = "RUNNING"


@strawberry.enum
class OutcomeOrder(Enum):
    """What outcomes are ordered by."""

    TITLE = "TITLE"
    TITLE_DESC = "TITLE_DESC"
    DUE = "DUE"
    DUE_DESC = "DUE_DESC"


OUTCOME_ORDERS = {
    "TITLE": order("title"),
    "TITLE_DESC": order("title desc", unique="id uuid desc"),
    "DUE": order("due_on date null"),
    "DUE_DESC": order("due_on date null desc", unique="id uuid desc"),
}


@strawberry.input
class OutcomeFilter:
    """Every key that is given has to hold; an explicit null asks for outcomes without such a thing."""

    team: ID | None = UNSET
    owner: ID | None = UNSET
    cycle: ID | None = UNSET
    state: list[OutcomeState] | None = UNSET
    ambition: list[Ambition] | None = UNSET
    due_from: date | None = UNSET
    due_to: date | None = UNSET


OUTCOME_FILTERS = {
    "filter.team": Filter("{c}.team_id = {v}", null="{c}.team_id is null"),
    "filter.owner": Filter("{c}.owner_id = {v}", null="{c}.owner_id is null"),
    "filter.cycle": Filter("{c}.cycle_id = {v}", null="{c}.cycle_id is null"),
    "filter.state": "{c}.state = any({v})",
    "filter.ambition": "{c}.ambition = any({v})",
    "filter.dueFrom": "{c}.due_on >= {v}",
    "filter.dueTo": "{c}.due_on <= {v}",
}


@stands_on("cycle")
class Cycle(Node):
    """The period that outcomes are set for."""

    id: ID
    title: str
    starts_on: date
    ends_on: date
    state: CycleState
    parent: Annotated["Cycle | None", Relation(on="parent_id")]

    @mapped(Relation(on="cycle_id", order=OUTCOME_ORDERS, filters=OUTCOME_FILTERS))
    def outcomes(
        self,
        *,
        filter: OutcomeFilter | None = UNSET,
        order_by: OutcomeOrder = OutcomeOrder.TITLE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection["Outcome"]:
        """What is to be reached in it."""
        raise NotCompiled


@stands_on("objective")
class StrategicObjective(Node):
    """A node of the strategy map."""

    id: ID
    title: str
    description: str | None
    perspective: Annotated[
        str, "FINANCIAL, CUSTOMER, INTERNAL_PROCESS, LEARNING_AND_GROWTH, or the organisation's own."
    ]
    team: Annotated[Team | None, Relation(on="team_id")]
    drives: Annotated[
        list["StrategicObjective"],
        Relation(via=Link("cause", "objective_id", "drives_id"), order=order("title")),
        "The objectives that this one drives.",
    ]
    driven_by: Annotated[
        list["StrategicObjective"], Relation(via=Link("cause", "drives_id", "objective_id"), order=order("title"))
    ]
    references: Annotated[list[Reference], Relation(on="entity_id", order=order("system"), typical=1)]

    @mapped(
        Relation(
            via=Link("alignment", "objective_id", "outcome_id"),
            order=OUTCOME_ORDERS,
            filters=OUTCOME_FILTERS,
        )
    )
    def outcomes(
        self,
        *,
        filter: OutcomeFilter | None = UNSET,
        order_by: OutcomeOrder = OutcomeOrder.TITLE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection["Outcome"]:
        """The outcomes that serve it directly."""
        raise NotCompiled


@stands_on("alignment")
class Alignment:
    """A link by which an outcome serves something higher, with its weight."""

    weight: float
    outcome: Annotated["Outcome | None", Relation(on="outcome_id")]
    higher: Annotated["Outcome | None", Relation(on="higher_id")]
    objective: Annotated[StrategicObjective | None, Relation(on="objective_id")]
    measure: Annotated[Measure | None, Relation(on="measure_id")]


# The hidden parts are one, without id, value and position; the weights and shares of all readers add up to the same.
VEILED_PARTS = (
    "(with part as materialized (select p.*, coalesce(p.outcome_id in {hidden}, false) as veiled"
    " from outcome_parts({org}, {t}.id, {pos}, {on}) p)"
    " select p.id, p.measure_id, p.outcome_id, p.value, p.progress, p.weight, p.share, p.at_position, p.left_out,"
    " 0 as hidden_count from part p where not p.veiled"
    " union all select '00000000-0000-0000-0000-000000000000', null, null, null, null, sum(p.weight), sum(p.share),"
    " null, null, count(*)::int from part p where p.veiled having count(*) > 0)"
)


@stands_on(None)
class RollUpTold:
    """The progress of an outcome, and what it is made of."""

    policy: Annotated[RollUp, Expr("outcome_policy({org}, {t}.id, {pos})"), "The one that holds."]
    value: Annotated[float | None, Expr("outcome_progress({org}, {t}.id, {pos}, {on})", price=3)]
    because: Annotated[
        list[RollUpPart],
        Relation(
            source="outcome_parts({org}, {t}.id, {pos}, {on})",
            veiled=VEILED_PARTS,
            order=order("weight numeric desc", unique="id uuid"),
            typical=5,
        ),
        "Every part, the heaviest first, those left out with the reason; what is hidden is one part together.",
    ]


@stands_on("outcome")
class Outcome(Node):
    """A change worth making, owned by a team or a person."""

    id: ID
    title: str
    description: str | None
    state: OutcomeState
    ambition: Ambition
    roll_up: RollUp | None
    starts_on: date | None
    due_on: date | None
    team: Annotated[Team | None, Relation(on="team_id")]
    owner: Annotated[Person | None, Relation(on="owner_id")]
    reviewer: Annotated[Person | None, Relation(on="reviewer_id")]
    cycle: Annotated[Cycle | None, Relation(on="cycle_id")]
    progress: Annotated[
        float | None, Expr("outcome_progress({org}, {t}.id, {pos}, {on})", price=3), "0…1; null where it is unclear."
    ]
    expected: Annotated[float | None, Expr("outcome_expected({org}, {t}.id, {pos}, {on})", price=5)]
    pace: Annotated[
        float | None,
        Expr("outcome_pace({org}, {t}.id, {pos}, {on})", price=5),
        "Progress less what was to be expected.",
    ]
    suggested_status: Annotated[
        Status | None, Expr("outcome_suggested_status({org}, {t}.id, {pos}, {on})", price=5), "By arithmetic."
    ]
    stated_status: Annotated[
        Status | None, Expr("outcome_stated_status({org}, {t}.id, {pos}, {on})"), "By the last check-in."
    ]
    status: Annotated[
        Status | None,
        Expr("outcome_status({org}, {t}.id, {pos}, {on})"),
        "What is shown: closed, else outdated, else stated, else pending. Silence is never green.",
    ]
    rollup: Annotated["RollUpTold", Here(), "Its progress, and what it is made of."]
    forecast: Annotated[
        OutcomeForecast | None,
        Relation(source="outcome_forecast({org}, {t}.id, {pos}, {on})"),
        "Null unless every measure that counts has a forecast.",
    ]
    boundaries: Annotated[
        list[Boundary], Relation(on="outcome_id", order=order("title"), typical=2), "What must not suffer from it."
    ]
    serves: Annotated[list[Alignment], Relation(on="outcome_id", order=order(), typical=2), "What it serves."]
    served_by: Annotated[list[Alignment], Relation(on="higher_id", order=order(), typical=5), "What serves it."]
    references: Annotated[list[Reference], Relation(on="entity_id", order=order("system"), typical=1)]

    @mapped(Relation(on="outcome_id", order=order("title"), typical=3))
    def measures(self, first: int = 50) -> list[Measure]:
        """How its success is told, by title."""
        raise NotCompiled

    @mapped(Relation(via=Link("alignment", "higher_id", "outcome_id"), order=order("title"), typical=5))
    def children(self, first: int = 50) -> list["Outcome"]:
        """The outcomes that serve it, by title."""
        raise NotCompiled

    @mapped(Relation(on="outcome_id", order=order("dated date desc", "made_at int8 desc", unique="id uuid desc")))
    def check_ins(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[CheckIn]:
        """What was said of it, the latest first."""
        raise NotCompiled

    @mapped(Relation(on="outcome_id", order=MILESTONE_ORDERS))
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

    @mapped(Relation(on="outcome_id", order=TASK_ORDERS))
    def tasks(
        self,
        *,
        order_by: TaskOrder = TaskOrder.DUE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Task]:
        """The promises that serve it."""
        raise NotCompiled

    @mapped(Relation(source=DAYS_OF, order=BY_DAY, typical=30))
    def trend(self, days: int = 30) -> list[TrendPoint]:
        """How it stood on each of so many days up to the day asked for; 366 at most."""
        raise NotCompiled

    @mapped(Relation(via=Link("concerned", "id", "entry_id"), order=ENTRY_ORDER))
    def history(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """Everything recorded of it, in order."""
        raise NotCompiled


@stands_on("strategy")
class Strategy:
    """The statement of where the organisation is going."""

    id: ID
    statement: str
    starts_on: date | None
    ends_on: date | None


@stands_on("cause")
class Cause:
    """This objective drives that one."""

    objective: Annotated[StrategicObjective | None, Relation(on="objective_id")]
    drives: Annotated[StrategicObjective | None, Relation(on="drives_id")]


@stands_on(None)
class StrategyMap:
    """Objectives in their perspectives, and what drives what."""

    strategies: Annotated[list[Strategy], Relation(order=order(), typical=1)]
    objectives: Annotated[
        list[StrategicObjective], Relation(order=order("perspective", "title"), typical=30), "By perspective and title."
    ]
    causes: Annotated[list[Cause], Relation(order=order(), typical=30)]


@stands_on(None)
class AlignmentNode:
    """An outcome in the tree below another, under the one it serves."""

    outcome: Annotated[Outcome | None, Relation(on="outcome_id"), "Null where the viewer may not see it."]
    hidden: Annotated[bool, "Whether the viewer may not see it."]
    parent_id: Annotated[ID | None, "Null at the root, and where the viewer may not see the parent."]
    depth: int
    weight: Annotated[float | None, "Of the link to its parent."]


# A hidden node has a made-up id, so that its place among others tells nothing of its own.
VEILED_TREE = (
    "(select case when n.hidden then md5('hidden ' || row_number() over"
    " (partition by n.hidden order by n.depth, n.parent_id, n.weight))::uuid else n.outcome_id end as outcome_id,"
    " n.parent_id, n.depth, n.weight, n.hidden from ("
    "select t.outcome_id, case when t.parent_id not in {hidden} then t.parent_id end as parent_id, t.depth, t.weight,"
    " t.outcome_id in {hidden} as hidden"
    " from alignment_tree({org}, {a.root}, least(greatest({a.depth}, 0), 30), {pos}) t"
    " where {a.root} not in {hidden}) n)"
)


@stands_on(None)
class HiddenStep:
    """An outcome on the way that the viewer may not see."""

    hidden: Annotated[bool, Expr("true", price=1), "Always true."]


Step = Annotated[
    Outcome | StrategicObjective | HiddenStep,
    strawberry.union("Step", description="One step of a path upwards."),
]


@stands_on(None)
class Path:
    """One way upwards."""

    weight: Annotated[float, "The product of the links' weights."]
    reaches_objective: Annotated[bool, "Whether it ends in a strategic objective."]
    steps: Annotated[
        list[Step],
        Variants(
            Relation(
                source="(select s.* from unnest({t}.kinds, {t}.ids) with ordinality s (kind, id, nth))",
                order=order(unique="nth int8"),
                typical=4,
            ),
            Variant("kind", {"outcome": "Outcome", "objective": "StrategicObjective", "hidden": "HiddenStep"}),
        ),
        "From the outcome upwards.",
    ]


PATHS = (
    "(select p.path, array_agg(p.kind order by p.step) as kinds, array_agg(p.id order by p.step) as ids,"
    " (array_agg(p.weight order by p.step desc))[1] as weight, bool_or(p.kind = 'objective') as reaches_objective"
    " from line_of_sight({org}, {t}.outcome_id, {pos}) p group by p.path)"
)
# A hidden outcome is a step without an id; of paths alike otherwise, the order is told by what is seen.
VEILED_PATHS = (
    "(select row_number() over (order by s.reaches_objective desc, s.weight desc, s.ids)::int as path,"
    " s.kinds, s.ids, s.weight, s.reaches_objective from ("
    "select array_agg(case when p.id in {hidden} then 'hidden' else p.kind end order by p.step) as kinds,"
    " array_agg(case when p.id not in {hidden} then p.id end order by p.step) as ids,"
    " (array_agg(p.weight order by p.step desc))[1] as weight, bool_or(p.kind = 'objective') as reaches_objective"
    " from line_of_sight({org}, {t}.outcome_id, {pos}) p group by p.path) s)"
)


@stands_on(None)
class LineOfSight:
    """How a task or an outcome moves the strategy."""

    task: Annotated[Task | None, Relation(on="task_id")]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    reaches_objective: Annotated[bool, Expr("coalesce(reaches_objective({org}, {t}.outcome_id, {pos}), false)")]
    paths: Annotated[
        list[Path], Relation(source=PATHS, veiled=VEILED_PATHS, order=order(unique="path int4"), typical=3)
    ]


@stands_on(None)
class Focus:
    """What a team works on in a cycle, and how many outcomes it may have active at once."""

    team: Annotated[Team | None, Relation(on="team_id")]
    cycle: Annotated[Cycle | None, Relation(on="cycle_id")]
    limit: Annotated[int, Expr("{t}.most")]
    reason: Annotated[str | None, "Why the limit was set; null: it is the default."]
    active: Annotated[
        list[Outcome],
        Relation(
            where="{c}.team_id = {t}.team_id and {c}.cycle_id = {t}.cycle_id and {c}.state = 'ACTIVE'",
            order=order("title"),
            typical=5,
        ),
        "Those of them that the viewer may see.",
    ]
    active_count: Annotated[
        int, Expr("active_outcomes({org}, {t}.team_id, {t}.cycle_id, {pos})"), "How many there are, whoever asks."
    ]
    hidden_count: Annotated[
        int,
        Expr(
            "active_outcomes({org}, {t}.team_id, {t}.cycle_id, {pos}) - (select count(*)::int from {rows:outcome} o"
            " where o.team_id = {t}.team_id and o.cycle_id = {t}.cycle_id and o.state = 'ACTIVE')"
        ),
        "How many of them the viewer may not see.",
    ]
