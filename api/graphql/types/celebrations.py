"""Celebrations, and what is worth one."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Filter, Link, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.accountability import Task
from api.graphql.types.common import Connection, Node
from api.graphql.types.labels import Links, Tags
from api.graphql.types.organisation import Person, Team
from api.graphql.types.practice import COMMENT_ORDER, Comment


@strawberry.input
class CelebrationFilter:
    """Every key that is given has to hold. `person` is one who is named; `team`, `under` (a team with those below it)
    and `cycle` are those of the outcome."""

    outcome: ID | None = UNSET
    milestone: ID | None = UNSET
    task: ID | None = UNSET
    person: ID | None = UNSET
    author: ID | None = UNSET
    team: ID | None = UNSET
    under: ID | None = UNSET
    cycle: ID | None = UNSET
    celebrated_from: date | None = UNSET
    celebrated_to: date | None = UNSET


def _of_outcomes(where: str) -> str:
    return "{c}.outcome_id in (select o.id from {rows:outcome} o where " + where + ")"


CELEBRATION_FILTERS = {
    "filter.outcome": Filter("{c}.outcome_id = {v}", null="{c}.outcome_id is null"),
    "filter.milestone": "{c}.milestone_id = {v}",
    "filter.task": "{c}.task_id = {v}",
    "filter.person": "exists (select from {rows:celebrated_person} p where p.celebration_id = {c}.id"
    " and p.person_id = {v})",
    "filter.author": "{c}.author_id = {v}",
    "filter.team": _of_outcomes("o.team_id = {v}"),
    "filter.under": _of_outcomes("o.team_id in (select b.id from teams_below({org}, {v}, {pos}) b)"),
    "filter.cycle": _of_outcomes("o.cycle_id = {v}"),
    "filter.celebratedFrom": "{c}.celebrated_on >= {v}",
    "filter.celebratedTo": "{c}.celebrated_on <= {v}",
}
CELEBRATION_ORDER = order("celebrated_on date desc", unique="id uuid desc")
BY_THE_DAY = "{c}.celebrated_on <= {on} and {c}.withdrawn_on is null"
CHEERS = "from {rows:cheer} h where h.celebration_id = {t}.id and h.cheered_on <= {on}"


@stands_on("celebration")
class Celebration(Node):
    """A recognised win."""

    id: ID
    title: str
    text: str | None
    day: Annotated[date, Column("celebrated_on")]
    author: Annotated[Person | None, Relation(on="author_id")]
    people: Annotated[
        list[Person],
        Relation(via=Link("celebrated_person", "celebration_id", "person_id"), order=order("name"), typical=3),
        "Those whose win it is.",
    ]
    cheers: Annotated[
        list[Person],
        Relation(
            via=Link("cheer", "celebration_id", "person_id", "{l}.cheered_on <= {on}"), order=order("name"), typical=5
        ),
        "Those who cheer.",
    ]
    cheer_count: Annotated[int, Expr(f"(select count(*)::int {CHEERS})")]
    cheered: Annotated[bool, Expr(f"exists (select {CHEERS} and h.person_id = {{viewer.person}})"), "Whether you do."]
    outcome: Annotated[
        Node | None, Relation(on="outcome_id", to="alignment.Outcome"), "Whose win it is, also of a milestone or task."
    ]
    milestone: Annotated[Node | None, Relation(on="milestone_id", to="milestones.Milestone")]
    task: Annotated[Task | None, Relation(on="task_id")]
    withdrawn_on: Annotated[date | None, "On which its author took it back."]
    withdrawn_because: str | None
    tags: Tags
    links: Links

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


# Those whose kept commitments served the outcome of a row, or what serves it; by way of what may be seen.
WHO_SERVED = (
    "{c}.id in (select k.person_id from kept_serving({org}, {t}.outcome_id, {pos}, {on}) k"
    " where k.outcome_id not in {hidden})"
)
WORTH = "worth_celebrating({org}, {pos}, {on}, least(greatest({a.days}, 1), 366), {viewer.person})"
WORTH_VEILED = f"(select w.* from {WORTH} w where w.outcome_id is null or w.outcome_id not in {{hidden}})"
WORTH_ORDER = order("day date desc", "kind", unique="id uuid")


@strawberry.enum
class WinKind(Enum):
    """What is worth celebrating: a milestone, the first one after a setback, an outcome that has come to what counts as
    a success of an aspirational one, five commitments or more kept in a row."""

    MILESTONE_REACHED = "MILESTONE_REACHED"
    FIRST_AFTER_SETBACK = "FIRST_AFTER_SETBACK"
    OUTCOME_NEARLY_THERE = "OUTCOME_NEARLY_THERE"
    KEPT_IN_A_ROW = "KEPT_IN_A_ROW"


@stands_on(None)
class WorthCelebrating:
    """A win that nobody has celebrated yet: what to celebrate, and with whom."""

    kind: WinKind
    day: Annotated[date, "On which it came about."]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    milestone: Annotated[Node | None, Relation(on="milestone_id", to="milestones.Milestone")]
    task: Annotated[Task | None, Relation(on="task_id"), "The last commitment that was kept in a row."]
    kept: Annotated[int | None, "How many were kept in a row."]
    person: Annotated[Person | None, Relation(on="person_id"), "Who kept them; told to them and to their leads."]
    team: Annotated[Team | None, Relation(on="team_id"), "Whose members kept them."]
    people: Annotated[
        list[Person],
        Relation(where=WHO_SERVED, order=order("name"), typical=3),
        "Those whose kept commitments served the outcome, or what serves it.",
    ]
