"""Grades, and the lineage of outcomes."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import Column, Expr, Relation, order, stands_on
from api.graphql.types.common import Node
from api.graphql.types.organisation import Person
from api.graphql.types.practice import Acknowledgement


@strawberry.enum
class Colour(Enum):
    """Of a grade: green from 0.7, amber from 0.4 unless the organisation says otherwise; no gap between them."""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"


@strawberry.enum
class MissCause(Enum):
    """Why an outcome was missed."""

    AMBITION = "AMBITION"
    WRONG_MEASURE = "WRONG_MEASURE"
    DEPENDENCY = "DEPENDENCY"
    CAPACITY = "CAPACITY"
    PRIORITY_SHIFTED = "PRIORITY_SHIFTED"
    EXTERNAL = "EXTERNAL"
    FOCUS = "FOCUS"
    CADENCE = "CADENCE"


@strawberry.enum
class NextStep(Enum):
    """What is to become of the change after its grade."""

    KEEP = "KEEP"
    MODIFY = "MODIFY"
    ABANDON = "ABANDON"


@stands_on("grade")
class Grade:
    """What the closing review said of an outcome."""

    grade: float
    suggested: Annotated[float | None, "By the measures, or by the grades of what serves it."]
    success: Annotated[bool, "Committed: 1. Aspirational: 0.7, unless the organisation says otherwise."]
    colour: Annotated[Colour | None, Expr("grade_colour({org}, {t}.grade, {pos})")]
    graded_on: date
    reason: str | None
    cause: MissCause | None
    lesson: str | None
    next: Annotated[NextStep | None, Column("next_step")]
    grader: Annotated[Person | None, Relation(on="grader_id"), "Who told it; null where a program did."]
    acknowledgements: Annotated[
        list[Acknowledgement],
        Relation(
            where="{c}.outcome_id = {t}.id and {c}.check_in_id is null and {c}.since > {t}.since",
            order=order("acknowledged_on date"),
            typical=1,
        ),
        "Who has read it as it stands: another grade is read anew.",
    ]


@stands_on(None)
class LineageStep:
    """An outcome before or after another one."""

    step: int
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]


@stands_on(None)
class Finding:
    """A piece of advice: always the same for the same facts."""

    code: Annotated[str, "Stable; such as ONLY_LAGGING."]
    sentence: Annotated[str, "What to look at."]
