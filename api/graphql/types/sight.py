"""Ways through the alignment: what lies below an outcome, and the paths upwards."""

from typing import Annotated

import strawberry
from strawberry import ID

from api.graphql.mapping import Expr, Relation, Variant, Variants, order, stands_on
from api.graphql.types.accountability import Task
from api.graphql.types.alignment import Outcome, StrategicObjective


@stands_on(None)
class AlignmentNode:
    """An outcome in the tree below another, under the one it serves."""

    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    parent_id: ID | None
    depth: int
    weight: Annotated[float | None, "Of the link to its parent."]


Step = Annotated[Outcome | StrategicObjective, strawberry.union("Step", description="One step of a path upwards.")]


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
            Variant("kind", {"outcome": "Outcome", "objective": "StrategicObjective"}),
        ),
        "From the outcome upwards.",
    ]


PATHS = (
    "(select p.path, array_agg(p.kind order by p.step) as kinds, array_agg(p.id order by p.step) as ids,"
    " (array_agg(p.weight order by p.step desc))[1] as weight, bool_or(p.kind = 'objective') as reaches_objective"
    " from line_of_sight({org}, {t}.outcome_id, {pos}) p group by p.path)"
)


@stands_on(None)
class LineOfSight:
    """How a task or an outcome moves the strategy."""

    task: Annotated[Task | None, Relation(on="task_id")]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    reaches_objective: Annotated[bool, Expr("coalesce(reaches_objective({org}, {t}.outcome_id, {pos}), false)")]
    paths: Annotated[list[Path], Relation(source=PATHS, order=order(unique="path int4"), typical=3)]
