"""Root questions: how work moves the strategy, what does not, and who contributes."""

from datetime import date
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.accountability import TASK_FILTERS, TASK_ORDERS, Task, TaskFilter, TaskOrder
from api.graphql.types.alignment import OUTCOME_ORDERS, Outcome, OutcomeOrder, StrategicObjective
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.sight import (
    VEILED_WALK,
    AlignmentCandidate,
    AlignmentDirection,
    AlignmentNode,
    Contribution,
    Coverage,
    LineOfSight,
)

NOBODY = "null::uuid as person_id, null::uuid as team_id"
NO_WORK = "null::uuid as task_id, null::uuid as outcome_id, null::uuid as initiative_id"


@stands_on(None)
class SightQuestions:
    """How work moves the strategy."""

    @mapped(
        Relation(
            source="alignment_walk({org}, {a.root}, {a.direction} = 'UP', least(greatest({a.depth}, 0), 30), {pos})",
            veiled=VEILED_WALK,
            order=order("depth int4", "parent_id uuid null", unique="node_id uuid"),
            typical=100,
        )
    )
    def alignment_tree(
        self,
        *,
        top: Annotated[ID, strawberry.argument(name="root")],  # `root` has a meaning of its own to strawberry
        depth: int = 10,
        direction: AlignmentDirection = AlignmentDirection.DOWN,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> list[AlignmentNode]:
        """Everything that serves an outcome, or that it serves, level by level: a flat list. 30 levels at most."""
        raise NotCompiled

    @mapped(
        Relation(
            source={
                "task": f"(select k.id as task_id, k.outcome_id, k.initiative_id, {NOBODY} from {{rows:task}} k"
                " where k.id = {a.task})",
                "outcome": "(select null::uuid as task_id, o.id as outcome_id, null::uuid as initiative_id,"
                f" {NOBODY} from {{rows:outcome}} o where o.id = {{a.outcome}})",
                "person": f"(select {NO_WORK}, p.id as person_id, null::uuid as team_id from {{rows:person}} p"
                " where p.id = {a.person})",
                "team": f"(select {NO_WORK}, null::uuid as person_id, t.id as team_id from {{rows:team}} t"
                " where t.id = {a.team})",
            }
        )
    )
    def line_of_sight(
        self,
        *,
        task: ID | None = UNSET,
        outcome: ID | None = UNSET,
        person: ID | None = UNSET,
        team: ID | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> LineOfSight | None:
        """How a task, an outcome, a person or a team moves the strategy: every path upwards."""
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

    @mapped(
        Relation(
            where="{c}.state = 'COMMITTED' and not coalesce(reaches_objective({org}, {c}.outcome_id, {pos}), false)",
            order=TASK_ORDERS,
            filters=TASK_FILTERS,
        )
    )
    def orphan_tasks(
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
        """Open tasks from which no path runs to a strategic objective."""
        raise NotCompiled

    @mapped(
        Relation(
            where="not {c}.is_retired and not exists (select from serving({org}, {c}.id, {pos}))", order=order("title")
        )
    )
    def orphan_objectives(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[StrategicObjective]:
        """Objectives on the map that no outcome that counts serves directly."""
        raise NotCompiled

    @mapped(
        Relation(
            source="(select m.id as team_id, c.* from {rows:team} m"
            " cross join lateral coverage({org}, m.id, {pos}, {a.from}, {a.to}) c where m.id = {a.team})"
        )
    )
    def coverage(
        self,
        team: ID,
        due_from: Annotated[date | None, strawberry.argument(name="from")] = UNSET,
        due_to: Annotated[date | None, strawberry.argument(name="to")] = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Coverage | None:
        """How much of the open work of a team and the teams below it moves the strategy: of what is due in the time."""
        raise NotCompiled

    @mapped(
        Relation(
            source="contribution({org}, {a.outcome}, {pos}, {on}, {a.from}, {a.to}, {viewer.person})",
            veiled="(select c.* from contribution({org}, {a.outcome}, {pos}, {on}, {a.from}, {a.to}, {viewer.person}) c"
            " where {a.outcome} not in {hidden})",
            order=order(unique="nth int8"),
            typical=20,
        )
    )
    def contribution(
        self,
        *,
        outcome: ID,
        due_from: Annotated[date, strawberry.argument(name="from")],
        due_to: Annotated[date, strawberry.argument(name="to")],
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> list[Contribution]:
        """Who promised what for an outcome, or for what serves it, due from one day to another; the nearest first."""
        raise NotCompiled

    @mapped(
        Relation(
            source="alignment_candidates({org}, {a.text}, {a.outcome}, {pos})",
            veiled="(select c.* from alignment_candidates({org}, {a.text}, {a.outcome}, {pos}) c"
            " where c.outcome_id is null or c.outcome_id not in {hidden})",
            order=order("rank float8 desc", unique="id uuid"),
            typical=20,
        )
    )
    def alignment_candidates(
        self,
        *,
        text: str,
        outcome: ID | None = UNSET,
        first: int = 20,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> list[AlignmentCandidate]:
        """What an outcome could serve, by the words of a text, the best match first; without the outcome named and what
        serves it already."""
        raise NotCompiled
