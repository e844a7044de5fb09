"""What a team or a person works on now, and what it declined."""

from typing import Annotated

from api.graphql.mapping import Expr, Relation, order, stands_on
from api.graphql.types.alignment import Cycle, Outcome
from api.graphql.types.declining import DECLINED_WORK_ORDER, DeclinedWork
from api.graphql.types.organisation import Person, Team

# What a person owns for a team is in the team's focus.
IN_FOCUS = (
    "({row}.team_id = {{t}}.team_id or ({row}.team_id is null and {row}.owner_id = {{t}}.person_id))"
    " and {row}.cycle_id = {{t}}.cycle_id and {row}.state = 'ACTIVE'"
)
FREE = "greatest({t}.most - (select count(*) from {rows:outcome} o where " + IN_FOCUS.format(row="o") + ")::int, 0)"


@stands_on(None)
class Focus:
    """What a team, or a person without one, works on in a cycle, and how many outcomes may be active at once."""

    team: Annotated[Team | None, Relation(on="team_id")]
    person: Annotated[Person | None, Relation(on="person_id")]
    cycle: Annotated[Cycle | None, Relation(on="cycle_id")]
    limit: Annotated[int, Expr("{t}.most")]
    reason: Annotated[str | None, "Why the limit was set; null: it is the organisation's policy."]
    active: Annotated[
        list[Outcome],
        Relation(where=IN_FOCUS.format(row="{c}"), order=order("rank int4 null", "title"), typical=5),
        "By rank and title; those without a rank come last.",
    ]
    free: Annotated[int, Expr(FREE), "How many outcomes more may be active."]
    declined: Annotated[
        list[DeclinedWork],
        Relation(
            where="({c}.team_id = {t}.team_id or {c}.person_id = {t}.person_id) and {c}.cycle_id = {t}.cycle_id",
            order=DECLINED_WORK_ORDER,
            typical=3,
        ),
        "What was said no to in this cycle, the latest first.",
    ]
