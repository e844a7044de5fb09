"""What stood open for so long that it went to others, and by which rule."""

from datetime import date
from typing import Annotated

from strawberry import ID

from api.graphql.mapping import Column, Expr, Here, Link, Relation, order, stands_on
from api.graphql.types.organisation import EscalationStep, Person


@stands_on("escalation")
class Escalation:
    """A fact that stood open for so many days that it went to more people than those whom it waits for."""

    id: ID
    since: Annotated[date, Column("stands_since"), "The due date, the delivery, the block, or the day of the check-in."]
    noted_on: date
    rule: Annotated[EscalationStep, Here(), "The step that it came to, as it was then."]
    stands: Annotated[
        bool,
        Expr(
            "fact_stands({org}, {t}.fact, {t}.task_id, {t}.outcome_id, {t}.check_in_id, {t}.stands_since, {pos}, {on})"
        ),
        "Whether it is open still; what is over is in nobody's inbox.",
    ]
    people: Annotated[
        list[Person],
        Relation(via=Link("escalated_to", "escalation_id", "person_id"), order=order("name"), typical=1),
        "To whom it went, as of then; nobody where nobody was there for it.",
    ]


ESCALATIONS = order("since int8")
