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
# However many the viewer may see, numbers are equal for every reader.
COUNT = "active_outcomes({org}, {t}.team_id, {t}.person_id, {t}.cycle_id, {pos})"
SEEN = "(select count(*) from {rows:outcome} o where " + IN_FOCUS.format(row="o") + ")::int"
SHARE = "focus_share({org}, {t}.team_id, {t}.person_id, {t}.cycle_id, {pos})"
FREE = f"greatest({{t}}.most - {COUNT}, 0)"


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
        "Those that the viewer may see, by rank and title; those without a rank come last.",
    ]
    active_count: Annotated[int, Expr(COUNT), "How many there are, whoever asks."]
    hidden_count: Annotated[int, Expr(f"{COUNT} - {SEEN}"), "How many of them the viewer may not see."]
    top_ranks_share: Annotated[
        float | None,
        Expr(SHARE, price=3),
        "Of the effort of the open tasks that serve them, whoever asks, the share that serves ranks 1 to 3; by count"
        " where none is stated. Null: no open task, or nothing is ranked.",
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
