"""What the review of a cycle tells."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from strawberry import UNSET

from api.graphql.mapping import Expr, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.accountability import TASK_ORDERS, Task, TaskOrder
from api.graphql.types.alignment import Cycle, Outcome
from api.graphql.types.common import Connection
from api.graphql.types.practice import Acknowledgement

OF_CYCLE = "{c}.cycle_id = {t}.cycle_id and {c}.state"
BY_TITLE = order("title")


@stands_on(None)
class CycleCounts:
    """The outcomes of a cycle, by what became of them."""

    outcomes: int
    drafts: int
    active: int
    paused: int
    graded: int
    carried_over: int
    abandoned: int
    withdrawn: int
    successes: int
    green: int
    amber: int
    red: int
    mean_grade: float | None
    mean_progress: float | None
    changed_grades: Annotated[int, "How many grades are other than their measures suggest."]


@stands_on(None)
class Movement:
    """How far an outcome moved in a cycle."""

    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    from_progress: Annotated[float, "On the first day of the cycle."]
    to_progress: float
    change: float


@stands_on(None)
class CycleEffort:
    """The work that was due in a cycle, and how much of it served nothing of the strategy."""

    tasks: int
    effort: Annotated[Decimal, "As stated; 1 for a task without."]
    unaligned_tasks: int
    unaligned_effort: Decimal
    unaligned_share: Annotated[float | None, "Of the effort."]


MOVEMENTS = "cycle_movements({org}, {t}.cycle_id, {pos}, {on})"
MOVED = (
    "(select m.* from unnest({s}.outcome_ids, {s}.from_progresses, {s}.to_progresses, {s}.changes)"
    " m (outcome_id, from_progress, to_progress, change) where m.change "
)
SEEN = " and m.outcome_id not in {hidden} "
RISEN = "order by m.change desc, m.outcome_id limit least(greatest({a.most}, 0), 100))"
FALLEN = "order by m.change, m.outcome_id limit least(greatest({a.most}, 0), 100))"


@stands_on(None)
class CycleReview:
    """What became of the outcomes of a cycle: graded, moved, fallen, stopped, gone stale; and of the last promises."""

    cycle: Annotated[Cycle | None, Relation(on="cycle_id")]
    day: Annotated[date, Expr("{on}"), "The day that is told of: the one asked for, or that of `asOf`."]
    counts: Annotated[CycleCounts | None, Relation(source="cycle_counts({org}, {t}.cycle_id, {pos}, {on})")]
    effort: Annotated[CycleEffort | None, Relation(source="cycle_effort({org}, {t}.cycle_id, {pos})")]
    acknowledgements: Annotated[
        list[Acknowledgement],
        Relation(
            where="{c}.cycle_id = {t}.cycle_id"
            " and {c}.since > (select y.since from {rows:cycle} y where y.id = {t}.cycle_id)",
            order=order("acknowledged_on date"),
            typical=3,
        ),
        "Which of those who own an outcome of the closed cycle have read it.",
    ]
    stale_count: Annotated[
        int,
        Expr("cycle_stale({org}, {t}.cycle_id, {pos}, {on})", price=20),
    ]

    @mapped(
        Relation(
            of=MOVEMENTS,
            source=MOVED + "> 0 " + RISEN,
            veiled=MOVED + "> 0" + SEEN + RISEN,
            order=order("change float8 desc", unique="outcome_id uuid"),
            typical=5,
        )
    )
    def movers(self, most: int = 5) -> list[Movement]:
        """Those that rose the furthest; 100 at most."""
        raise NotCompiled

    @mapped(
        Relation(
            of=MOVEMENTS,
            source=MOVED + "< 0 " + FALLEN,
            veiled=MOVED + "< 0" + SEEN + FALLEN,
            order=order("change float8", unique="outcome_id uuid"),
            typical=5,
        )
    )
    def fallers(self, most: int = 5) -> list[Movement]:
        """Those that fell the furthest; 100 at most."""
        raise NotCompiled

    @mapped(Relation(where=OF_CYCLE + " in ('GRADED', 'CARRIED_OVER')", order=BY_TITLE, typical=20))
    def graded(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Outcome]:
        """What was graded or carried over, by title."""
        raise NotCompiled

    @mapped(Relation(where=OF_CYCLE + " in ('PAUSED', 'ABANDONED', 'WITHDRAWN')", order=BY_TITLE, typical=5))
    def stopped(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Outcome]:
        """What was paused, abandoned or withdrawn; `stateReason` says why."""
        raise NotCompiled

    @mapped(
        Relation(
            where=OF_CYCLE + " = 'ACTIVE' and outcome_status({org}, {c}.id, {pos}, {on}) = 'OUTDATED'",
            order=BY_TITLE,
            typical=5,
        )
    )
    def stale(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Outcome]:
        """What nobody has spoken of in time."""
        raise NotCompiled

    @mapped(Relation(where=OF_CYCLE + " in ('DRAFT', 'ACTIVE')", order=BY_TITLE, typical=5))
    def ungraded(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Outcome]:
        """What is still a draft, or worked on."""
        raise NotCompiled

    @mapped(
        Relation(
            where="{c}.id in (select p.task_id from promises_of_last_review({org}, {t}.cycle_id, {pos}) p)",
            order=TASK_ORDERS,
            typical=5,
        )
    )
    def promises(
        self,
        *,
        order_by: TaskOrder = TaskOrder.DUE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Task]:
        """What was promised in the review of the cycle before, and what became of it."""
        raise NotCompiled
