"""Cycles, strategic objectives, outcomes and what serves what."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import (
    Column,
    Expr,
    Here,
    Link,
    NotCompiled,
    Relation,
    mapped,
    order,
    stands_on,
)
from api.graphql.types.accountability import TASK_ORDERS, Task, TaskOrder
from api.graphql.types.asked import (
    OUTCOME_FILTERS,
    OUTCOME_ORDERS,
    Ambition,
    CycleState,
    OutcomeFilter,
    OutcomeOrder,
    OutcomeState,
    Status,
)
from api.graphql.types.cadence import Cadence, cadence_in_force
from api.graphql.types.celebrations import BY_THE_DAY, CELEBRATION_ORDER, Celebration
from api.graphql.types.common import Connection, Node
from api.graphql.types.escalation import ESCALATIONS, Escalation
from api.graphql.types.history import ENTRY_ORDER, HistoryEntry
from api.graphql.types.indicators import Boundary
from api.graphql.types.initiatives import Initiative
from api.graphql.types.labels import Links, Tags
from api.graphql.types.milestones import BURN_UP, MILESTONE_ORDERS, BurnUpPoint, Milestone, MilestoneOrder
from api.graphql.types.organisation import Person, ProgressPoint, Reference, RollUp, Team
from api.graphql.types.practice import COMMENT_ORDER, CheckIn, Comment, ConfidencePoint
from api.graphql.types.progress import (
    BY_DAY,
    DAYS_OF,
    STANDING,
    Measure,
    OutcomeForecast,
    RollUpPart,
    TrendPoint,
)
from api.graphql.types.reviews import Finding, Grade, LineageStep


@stands_on("cycle")
class Cycle(Node):
    """The period that outcomes are set for."""

    id: ID
    title: str
    starts_on: date
    ends_on: date
    state: CycleState
    review_started_on: date | None
    closed_on: date | None
    parent: Annotated["Cycle | None", Relation(on="parent_id")]
    progress: Annotated[
        float | None,
        Expr("cycle_progress({org}, {t}.id, {pos}, least({on}, {t}.ends_on))", price=10),
        "The plain mean of the progress of its outcomes that are no drafts and count, at the latest on its last day;"
        " null where none is clear.",
    ]

    @mapped(
        Relation(
            source="(select d.day, cycle_progress({org}, {t}.id, {pos}, least(d.day, {t}.ends_on)) as progress"
            " from days_to({on}, {a.days}) d)",
            order=order(unique="day date"),
            typical=90,
        )
    )
    def trend(self, days: int = 30) -> list[ProgressPoint]:
        """Its progress on each of so many days up to the day asked for, level after its last day; 366 at most."""
        raise NotCompiled

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


@stands_on(None)
class ObjectiveHealth:
    """How many outcomes show each status, and the worst of these: silence is worse than on track."""

    on_track: int
    at_risk: int
    off_track: int
    too_early: int
    outdated: int
    pending: int
    closed: int
    worst: Annotated[Status | None, "Null where no outcome counts."]


@stands_on("objective")
class StrategicObjective(Node):
    """A node of the strategy map."""

    id: ID
    title: str
    description: str | None
    perspective: Annotated[str, "The key of the perspective that it stands in."]
    is_retired: Annotated[bool, "Whether it has left the map."]
    retired_reason: str | None
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
    tags: Tags
    links: Links
    progress: Annotated[
        float | None,
        Expr("objective_progress({org}, {t}.id, {pos}, {on})", price=10),
        "0…1: the mean of the outcomes that serve it directly and count, by the weights of their links; null where none"
        " is clear.",
    ]
    health: Annotated[
        "ObjectiveHealth",
        Relation(source="objective_health({org}, {t}.id, {pos}, {on})"),
        "How the outcomes that serve it directly and count stand.",
    ]
    unserved: Annotated[
        bool,
        Expr("not exists (select from serving({org}, {t}.id, {pos}))"),
        "Whether no outcome that counts serves it directly: paused, abandoned, withdrawn ones don't, nor weight 0.",
    ]

    @mapped(
        Relation(
            source="(select d.day, objective_progress({org}, {t}.id, {pos}, d.day) as progress"
            " from days_to({on}, {a.days}) d)",
            order=order(unique="day date"),
            typical=90,
        )
    )
    def trend(self, days: int = 30) -> list[ProgressPoint]:
        """Its progress on each of so many days up to the day asked for; 366 at most."""
        raise NotCompiled

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
    state_reason: Annotated[str | None, "Why it is paused, abandoned or withdrawn."]
    rank: Annotated[int | None, "Its place in the order of its team; 1 is the first."]
    ambition: Ambition
    roll_up: RollUp | None
    starts_on: date | None
    due_on: date | None
    team: Annotated[Team | None, Relation(on="team_id")]
    owner: Annotated[Person | None, Relation(on="owner_id")]
    reviewer: Annotated[Person | None, Relation(on="reviewer_id")]
    shared_with: Annotated[
        list[Team],
        Relation(via=Link("outcome_share", "outcome_id", "team_id"), order=order("name"), typical=1),
        "The teams that share it with its owner, by name.",
    ]
    cycle: Annotated[Cycle | None, Relation(on="cycle_id")]
    progress: Annotated[
        float | None,
        Expr(
            "{s}.progress::float8",
            price=3,
            of=STANDING,
            alone="outcome_progress({org}, {t}.id, {pos}, {on})",
        ),
        "0…1; null where it is unclear.",
    ]
    expected: Annotated[float | None, Expr("{s}.expected::float8", price=5, of=STANDING)]
    pace: Annotated[
        float | None, Expr("{s}.pace::float8", price=5, of=STANDING), "Progress less what was to be expected."
    ]
    suggested_status: Annotated[Status | None, Expr("{s}.suggested_status", price=5, of=STANDING), "By arithmetic."]
    stated_status: Annotated[
        Status | None, Expr("outcome_stated_status({org}, {t}.id, {pos}, {on})"), "By the last check-in."
    ]
    status: Annotated[
        Status | None,
        Expr("outcome_status({org}, {t}.id, {pos}, {on})"),
        "What is shown: closed, else outdated, else stated, else pending. Silence is never green.",
    ]
    rollup: Annotated["RollUpTold", Here(), "Its progress, and what it is made of."]
    grade: Annotated[Grade | None, Relation(where="{c}.id = {t}.id"), "What the closing review said; null before."]
    lineage: Annotated[
        list[LineageStep],
        Relation(
            source="lineage({org}, {t}.id, {pos})",
            veiled="(select l.* from lineage({org}, {t}.id, {pos}) l where l.outcome_id not in {hidden})",
            order=order("step int4", unique="outcome_id uuid"),
            typical=2,
        ),
        "What it was carried over from (step below 0), itself (0), and what took it up (above 0).",
    ]
    forecast: Annotated[
        OutcomeForecast | None,
        Relation(source="outcome_forecast({org}, {t}.id, {pos}, {on})"),
        "Null unless every measure that counts has a forecast.",
    ]
    advice: Annotated[
        list[Finding],
        Relation(source="advice({org}, {t}.id, {pos}, {on})", order=order(unique="code text"), typical=2),
        "What a practised eye would ask about it; told, and never refused.",
    ]
    boundaries: Annotated[
        list[Boundary], Relation(on="outcome_id", order=order("title"), typical=2), "What must not suffer from it."
    ]
    serves: Annotated[list[Alignment], Relation(on="outcome_id", order=order(), typical=2), "What it serves."]
    served_by: Annotated[list[Alignment], Relation(on="higher_id", order=order(), typical=5), "What serves it."]
    references: Annotated[list[Reference], Relation(on="entity_id", order=order("system"), typical=1)]
    tags: Tags
    links: Links

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

    watermelon: Annotated[
        bool,
        Expr("is_watermelon({org}, {t}.id, {pos}, {on})", price=10),
        "Stated better than suggested by a step or more, at two check-ins running.",
    ]
    cadence: Annotated[
        Cadence,
        Relation(source=cadence_in_force("lateral nearest_cadence({org}, {t}.id, {pos}) n on true")),
        "By what was said nearest to it: of itself, its team, a team above, the organisation.",
    ]
    next_check_in_due: Annotated[
        date | None,
        Expr("(select d.due_on from check_in_due({org}, {t}.id, {pos}, {on}) d)"),
        "Null while nobody works on it.",
    ]
    escalations: Annotated[
        list[Escalation],
        Relation(on="outcome_id", order=ESCALATIONS, typical=1),
        "How far a check-in of it went that was missing, or that nobody read; step by step.",
    ]

    @mapped(
        Relation(
            source="(select c.id, c.dated, c.made_at, c.confidence,"
            " c.confidence - lag(c.confidence) over (order by c.dated, c.made_at, c.id) as change"
            " from {rows:check_in} c where c.outcome_id = {t}.id and c.dated <= {on} and c.confidence is not null"
            " order by c.dated desc, c.made_at desc, c.id desc limit least(greatest({a.points}, 1), 100))",
            order=order("dated date", "made_at int8"),
            typical=10,
        )
    )
    def confidence_trend(self, points: int = 10) -> list[ConfidencePoint]:
        """The confidence of its last check-ins, the oldest first; 100 at most."""
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
        """The points on its way, and on that of its initiatives."""
        raise NotCompiled

    @mapped(Relation(source=BURN_UP, order=order(unique="day date"), typical=90))
    def milestone_burn_up(
        self,
        *,
        starts: Annotated[date | None, strawberry.argument(name="from")] = UNSET,
        ends: Annotated[date | None, strawberry.argument(name="to")] = UNSET,
    ) -> list[BurnUpPoint]:
        """What its own milestones weigh that are due, and that were reached, by each day from one to another; from the
        first of their days to the last unless said otherwise, 366 days at most."""
        raise NotCompiled

    @mapped(Relation(on="outcome_id", where=BY_THE_DAY, order=CELEBRATION_ORDER, typical=2))
    def celebrations(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Celebration]:
        """What was celebrated of it, its milestones and what was promised for it, the latest first."""
        raise NotCompiled

    initiatives: Annotated[
        list[Initiative], Relation(on="outcome_id", order=order("title"), typical=3), "What bundles its tasks."
    ]

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


@stands_on(None)
class OverdueCheckIn:
    """An outcome of which nothing was said in time."""

    due: Annotated[date, Column("due_on")]
    grace_days: int
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
