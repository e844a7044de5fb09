"""Milestones: their days, what became of them, what waits for what, and the way that they make together."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Filter, Link, Relation, order, stands_on
from api.graphql.types.celebrations import BY_THE_DAY, CELEBRATION_ORDER, WHO_SERVED, Celebration
from api.graphql.types.common import CHANGED_AT, Node
from api.graphql.types.evidence import EvidencePage, pages
from api.graphql.types.labels import TAGGED, Links, Tags
from api.graphql.types.organisation import Person

MOST_DAYS = 4_000_000  # no day lies so far ahead of another
STATE = "milestone_state({row}.state, {row}.reached_on, {row}.missed_on, {{on}})"
STATE_OF, STATE_IN = STATE.format(row="{t}"), STATE.format(row="{c}")
REACHED = "{row}.state <> 'WITHDRAWN' and {row}.reached_on <= {{on}}".format(row="{t}")


@strawberry.enum
class MilestoneState(Enum):
    """Where a milestone stands on the day."""

    PLANNED = "PLANNED"
    REACHED = "REACHED"
    MISSED = "MISSED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.enum
class MilestoneOrder(Enum):
    """What milestones are ordered by."""

    DUE = "DUE"
    DUE_DESC = "DUE_DESC"
    TITLE = "TITLE"
    TITLE_DESC = "TITLE_DESC"
    MOVES_DESC = "MOVES_DESC"
    REACHED = "REACHED"
    REACHED_DESC = "REACHED_DESC"


MILESTONE_ORDERS = {
    "DUE": order("due_on date"),
    "DUE_DESC": order("due_on date desc", unique="id uuid desc"),
    "TITLE": order("title"),
    "TITLE_DESC": order("title desc", unique="id uuid desc"),
    "MOVES_DESC": order("moves int4 desc", "due_on date"),
    "REACHED": order("reached_on date null"),
    "REACHED_DESC": order("reached_on date null desc", unique="id uuid desc"),
}


@strawberry.input
class MilestoneFilter:
    """Every key that is given has to hold, on the day asked for; `owner: null` asks for milestones without an owner,
    `initiative: null` for those that are right of their outcome.

    `under` is a team with those below it. `upcomingWithin` asks for planned ones that are due in so many days,
    `overdue` for planned ones that are past due.
    """

    outcome: ID | None = UNSET
    initiative: ID | None = UNSET
    owner: ID | None = UNSET
    team: ID | None = UNSET
    under: ID | None = UNSET
    cycle: ID | None = UNSET
    tag: ID | None = UNSET
    state: list[MilestoneState] | None = UNSET
    upcoming_within: int | None = UNSET
    overdue: bool | None = UNSET
    late_by: int | None = UNSET
    moved_times: int | None = UNSET
    due_from: date | None = UNSET
    due_to: date | None = UNSET


def _of_outcomes(where: str) -> Filter:
    """Outcome by outcome, by the index: they are few, and what is planned for them as well."""
    return Filter("{c}.outcome_id = any (array(select o.id from {rows:outcome} o where " + where + "))", narrow=True)


MILESTONE_FILTERS = {
    "filter.outcome": "{c}.outcome_id = {v}",
    "filter.initiative": Filter("{c}.initiative_id = {v}", null="{c}.initiative_id is null"),
    "filter.owner": Filter("{c}.owner_id = {v}", null="{c}.owner_id is null"),
    "filter.team": _of_outcomes("o.team_id = {v}"),
    "filter.under": _of_outcomes("o.team_id = any (array(select b.id from teams_below({org}, {v}, {pos}) b))"),
    "filter.cycle": _of_outcomes("o.cycle_id = {v}"),
    "filter.tag": TAGGED,
    "filter.state": STATE_IN + " = any({v})",
    "filter.upcomingWithin": Filter(
        f"{{c}}.due_on between {{on}} and {{on}} + least({{v}}, {MOST_DAYS}) and {STATE_IN} = 'PLANNED'", narrow=True
    ),
    "filter.overdue": Filter("{c}.due_on < {on} and " + STATE_IN + " = 'PLANNED'", holds=True),
    "filter.lateBy": "{c}.days_late >= {v} and " + STATE_IN + " = 'REACHED'",
    "filter.movedTimes": "{c}.moves >= {v}",
    "filter.dueFrom": "{c}.due_on >= {v}",
    "filter.dueTo": "{c}.due_on <= {v}",
}
AWAITED_HIDDEN = (
    "(select count(*)::int from awaited_milestone w where w.organisation_id = {org} and w.milestone_id = {t}.id"
    " and w.since <= {pos} and (w.until is null or w.until > {pos}) and w.awaited_outcome_id in {hidden})"
)


@stands_on("former_day")
class FormerDay:
    """A day that it was due on, until it was moved."""

    due: Annotated[date, Column("due_on")]
    replaced_on: date
    reason: str


@stands_on("milestone")
class Milestone(Node):
    """A dated point on the way of an outcome, or of an initiative for one."""

    id: ID
    title: str
    state: Annotated[MilestoneState, Expr(STATE_OF, price=1)]
    due: Annotated[date, Column("due_on")]
    first_due: Annotated[date, Column("first_due_on"), "The day that was set first."]
    former_days: Annotated[
        list[FormerDay],
        Relation(on="milestone_id", order=order("since int8"), typical=1),
        "Every day that it was due on before, the oldest first.",
    ]
    moves: Annotated[int, "How often it was moved."]
    weight: Annotated[Decimal, "What it counts for among those of its outcome, or of its initiative."]
    owner: Annotated[Person | None, Relation(on="owner_id"), "Who answers for it; null: whoever owns its outcome."]
    overdue: Annotated[bool, Expr("({t}.due_on < {on} and " + STATE_OF + " = 'PLANNED')", price=1)]
    reached_on: Annotated[date | None, Expr(f"(case when {REACHED} then {{t}}.reached_on end)", price=1)]
    days_late: Annotated[int | None, Expr(f"(case when {REACHED} then {{t}}.days_late end)", price=1)]
    days_early: Annotated[int | None, Expr(f"(case when {REACHED} then {{t}}.days_early end)", price=1)]
    note: Annotated[str | None, Expr(f"(case when {REACHED} then {{t}}.note end)", price=1)]
    evidence: Annotated[
        list[EvidencePage],
        Relation(source=pages("evidence", REACHED), order=order(unique="nth int8"), typical=1),
        "The pages that show that it was reached.",
    ]
    missed_on: Annotated[
        date | None, Expr("(case when {t}.missed_on <= {on} then {t}.missed_on end)", price=1), "On which it was said."
    ]
    missed_because: Annotated[
        str | None, Expr("(case when {t}.missed_on <= {on} then {t}.missed_because end)", price=1)
    ]
    withdrawn_because: str | None
    waits_for: Annotated[
        list["Milestone"],
        Relation(via=Link("awaited_milestone", "milestone_id", "awaited_id"), order=order("due_on date"), typical=1),
        "The milestones that have to be reached before it.",
    ]
    waits_for_hidden: Annotated[
        int, Expr(AWAITED_HIDDEN), "How many it waits for beside these, which the viewer may not see."
    ]
    awaited_by: Annotated[
        list["Milestone"],
        Relation(via=Link("awaited_milestone", "awaited_id", "milestone_id"), order=order("due_on date"), typical=1),
        "The milestones that wait for it.",
    ]
    contributors: Annotated[
        list[Person],
        Relation(where=WHO_SERVED, order=order("name"), typical=3),
        "Those whose kept commitments served its outcome, or what serves it: whom to name where it is celebrated.",
    ]
    celebrations: Annotated[
        list[Celebration],
        Relation(on="milestone_id", where=BY_THE_DAY, order=CELEBRATION_ORDER, typical=1),
        "The latest first.",
    ]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    initiative: Annotated[
        Node | None,
        Relation(on="initiative_id", to="initiatives.Initiative"),
        "Whose it is; null where it is right of its outcome, whose checklists count those alone.",
    ]
    changed_at: Annotated[datetime | None, Expr(CHANGED_AT), "When what stands here was recorded."]
    tags: Tags
    links: Links


BURN_UP = "milestone_burn_up({org}, {t}.id, {pos}, {on}, {a.from}, {a.to})"


@stands_on(None)
class BurnUpPoint:
    """What milestones weigh by a day."""

    day: date
    first_planned: Annotated[Decimal, "Those that were first set for the day or before."]
    planned: Annotated[Decimal, "Those that are due by the day, as they stand now."]
    reached: Annotated[Decimal | None, "Those that were reached by the day; null for a day after the one asked for."]
