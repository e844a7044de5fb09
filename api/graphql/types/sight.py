"""Ways through the alignment: what lies below an outcome and above it, who contributes, and what has no way up."""

from decimal import Decimal
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from api.graphql.mapping import Expr, NotCompiled, Relation, Variant, Variants, mapped, order, stands_on
from api.graphql.types.accountability import Task
from api.graphql.types.alignment import Outcome, StrategicObjective
from api.graphql.types.initiatives import Initiative
from api.graphql.types.organisation import Person, Team


@strawberry.enum
class AlignmentDirection(Enum):
    """Which way an alignment tree is walked."""

    DOWN = "DOWN"
    UP = "UP"


@stands_on(None)
class AlignmentNode:
    """A row of the tree below an outcome or above it."""

    outcome: Annotated[
        Outcome | None, Relation(on="outcome_id"), "Null where it is an objective, or the viewer may not see it."
    ]
    objective: Annotated[StrategicObjective | None, Relation(on="objective_id"), "Where the way up ends."]
    hidden: Annotated[bool, "Whether the viewer may not see it."]
    parent_id: Annotated[
        ID | None,
        "The one through which it was reached: which it serves on the way down, which serves it on the way up.",
    ]
    depth: int
    weight: Annotated[float | None, "Of the link between the two."]


# A hidden node has a made-up id, so that its place among others tells nothing of its own.
VEILED_WALK = (
    "(select case when n.hidden then md5('hidden ' || row_number() over"
    " (partition by n.hidden order by n.depth, n.parent_id, n.weight))::uuid else n.node_id end as node_id,"
    " case when not n.hidden then n.outcome_id end as outcome_id, n.objective_id,"
    " n.parent_id, n.depth, n.weight, n.hidden from ("
    "select t.node_id, t.outcome_id, t.objective_id, t.depth, t.weight,"
    " case when t.parent_id not in {hidden} then t.parent_id end as parent_id,"
    " t.outcome_id is not null and t.outcome_id in {hidden} as hidden"
    " from alignment_walk({org}, {a.root}, {a.direction} = 'UP', least(greatest({a.depth}, 0), 30), {pos}) t"
    " where {a.root} not in {hidden}) n)"
)


@stands_on(None)
class HiddenStep:
    """An outcome on the way that the viewer may not see."""

    hidden: Annotated[bool, Expr("true", price=1), "Always true."]


Step = Annotated[
    Outcome | StrategicObjective | HiddenStep | Initiative,
    strawberry.union("Step", description="One step of a path upwards."),
]


@stands_on(None)
class Path:
    """One way upwards."""

    weight: Annotated[float, "The product of the links' weights."]
    reaches_objective: Annotated[bool, "Whether it ends in a strategic objective that is on the map."]
    steps: Annotated[
        list[Step],
        Variants(
            Relation(
                source="(select s.* from unnest({t}.kinds, {t}.ids) with ordinality s (kind, id, nth))",
                order=order(unique="nth int8"),
                typical=4,
            ),
            Variant(
                "kind",
                {
                    "outcome": "Outcome",
                    "objective": "StrategicObjective",
                    "hidden": "HiddenStep",
                    "initiative": "Initiative",
                },
            ),
        ),
        "From the outcome upwards; of a task that an initiative bundles, from that.",
    ]


# What bundles the task stands first, without a weight of its own.
PATHS = (
    "(select case when i.id is null then w.kinds else array['initiative'] || w.kinds end as kinds,"
    " case when i.id is null then w.ids else array[i.id] || w.ids end as ids, w.weight, w.ends, w.reaches_objective"
    " from line_of_sight({org}, {t}.outcome_id, {pos}) w"
    " left join {rows:initiative} i on i.id = {t}.initiative_id)"
)

# A hidden outcome is a step without an id of its own; of paths alike otherwise, the order is told by what is seen.
NOBODY = UUID(int=0)
STEPS = "from unnest(p.kinds, p.ids) with ordinality x (kind, id, nth) order by x.nth)"
VEILED_PATHS = (
    "(select case when b.id is null then v.kinds else array[b.kind] || v.kinds end as kinds,"
    " case when b.id is null then v.ids else array[b.seen] || v.ids end as ids,"
    " v.weight, v.ends, v.reaches_objective"
    f" from (select array(select case when x.id in {{hidden}} then 'hidden' else x.kind end {STEPS} as kinds,"
    f" array(select case when x.id in {{hidden}} then '{NOBODY}' else x.id end {STEPS} as ids,"
    " p.weight, p.ends, p.reaches_objective from line_of_sight({org}, {t}.outcome_id, {pos}) p) v"
    " left join (select {t}.initiative_id as id, case when i.id is null then 'hidden' else 'initiative' end as kind,"
    f" coalesce(i.id, '{NOBODY}') as seen from (select 1) one left join {{rows:initiative}} i"
    " on i.id = {t}.initiative_id) b on b.id is not null)"
)
PARTS = (
    "(select s.*, (select k.initiative_id from {rows:task} k where k.id = s.task_id) as initiative_id"
    " from sight_parts({org}, {t}.person_id, {t}.team_id, {pos}) s)"
)
VEILED_PARTS = f"(select s.* from {PARTS} s where s.task_id is not null or s.outcome_id not in {{hidden}})"

WHOLE = "({t}.person_id is not null or {t}.team_id is not null)"
REACHES = (
    "case when " + WHOLE + " then exists (select from sight_parts({org}, {t}.person_id, {t}.team_id, {pos}) s"
    " where reaches_objective({org}, s.outcome_id, {pos}))"
    " else coalesce(reaches_objective({org}, {t}.outcome_id, {pos}), false) end"
)


@stands_on(None)
class LineOfSight:
    """How a task, an outcome, a person or a team moves the strategy."""

    task: Annotated[Task | None, Relation(on="task_id")]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    person: Annotated[Person | None, Relation(on="person_id")]
    team: Annotated[Team | None, Relation(on="team_id")]
    reaches_objective: Annotated[bool, Expr(REACHES), "Of a person or a team: whether any part of their work does."]
    paths: Annotated[
        list[Path],
        Relation(
            source=PATHS,
            veiled=VEILED_PATHS,
            order=order("ends bool desc", "weight numeric desc", unique="ids uuid[]"),
            typical=3,
        ),
        "What ends in an objective comes first, then what weighs more.",
    ]

    @mapped(Relation(source=PARTS, veiled=VEILED_PARTS, order=order(unique="nth int8"), typical=20))
    def parts(self, first: int = 50) -> list["LineOfSight"]:
        """Of a person or a team: each open task, by the day it is due, and each active outcome, by title."""
        raise NotCompiled


@stands_on(None)
class Coverage:
    """Of the open tasks of a team and the teams below it, how many have a path to a strategic objective."""

    team: Annotated[Team | None, Relation(on="team_id")]
    tasks: Annotated[int, "Promised by their members and not delivered yet."]
    served: Annotated[int, "Of these, with a path to an objective on the map."]
    share: Annotated[float | None, "0…1, by count; null where there is no open task."]
    effort: Annotated[Decimal, "Of the tasks whose effort is stated."]
    served_effort: Decimal
    effort_share: Annotated[float | None, "0…1, by effort; null where none is stated."]


@stands_on(None)
class Contribution:
    """What one person promised for an outcome, or for what serves it."""

    person: Annotated[
        Person | None,
        Relation(on="person_id"),
        "Named to themselves and to the leads of their teams; null: all others, together.",
    ]
    depth: Annotated[int, "How many links below the outcome, by the shortest way; 0: it serves it directly."]
    promises: int
    kept: int
    effort: Annotated[Decimal, "Of those whose effort is stated."]


@stands_on(None)
class AlignmentCandidate:
    """Something that an outcome could serve: an outcome or a strategic objective."""

    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    objective: Annotated[StrategicObjective | None, Relation(on="objective_id")]
    rank: Annotated[float, "How well the words match: more is better."]
