"""Promises: tasks, their terms, and what waits for somebody."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Filter, Here, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.cadence import CadenceUnit
from api.graphql.types.common import CHANGED_AT, Connection, Node
from api.graphql.types.escalation import ESCALATIONS, Escalation
from api.graphql.types.evidence import EvidencePage, pages
from api.graphql.types.labels import TAGGED, Links, Tags
from api.graphql.types.organisation import EffortUnit, Person, Team
from api.graphql.types.practice import COMMENT_ORDER, Comment


def overdue(row: str) -> str:
    """Whether a task is: its day has ended for promiser and beneficiary, each in their own zone, or is before the day
    that the question names. Where the two are is looked up for what is due around now, and for nothing else."""
    return (
        f"({row}.state = 'COMMITTED' and {row}.due_on < {{ahead}} and ({row}.due_on < {{behind}} or {row}.due_on <"
        f" day_of_both({{org}}, {row}.promiser_id, {row}.beneficiary_id, {{at}}, {{pos}})))"
    )


@strawberry.enum
class TaskState(Enum):
    """Where a promise stands."""

    REQUESTED = "REQUESTED"
    COUNTERED = "COUNTERED"
    COMMITTED = "COMMITTED"
    DELIVERED = "DELIVERED"
    KEPT = "KEPT"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    RELEASED = "RELEASED"
    BROKEN = "BROKEN"


@strawberry.enum
class TermsState(Enum):
    """What became of proposed terms."""

    OPEN = "OPEN"
    AGREED = "AGREED"
    REFUSED = "REFUSED"
    LAPSED = "LAPSED"


@strawberry.enum
class TaskOrder(Enum):
    """What commitments are ordered by."""

    DUE = "DUE"
    DUE_DESC = "DUE_DESC"
    TITLE = "TITLE"
    TITLE_DESC = "TITLE_DESC"
    RENEGOTIATIONS_DESC = "RENEGOTIATIONS_DESC"


TASK_ORDERS = {
    "DUE": order("due_on date"),
    "DUE_DESC": order("due_on date desc", unique="id uuid desc"),
    "TITLE": order("title"),
    "TITLE_DESC": order("title desc", unique="id uuid desc"),
    "RENEGOTIATIONS_DESC": order("renegotiations int4 desc", unique="id uuid desc"),
}


@strawberry.input
class Between:
    """Two people, whichever of them promised."""

    one: ID
    other: ID


@strawberry.input
class TaskFilter:
    """Every key that is given has to hold; `outcome: null` asks for promises that serve none.

    `under` asks for what a team or one below it was asked, and what its members promise; `serving` for what serves an
    outcome or one that serves it, however far below.
    """

    state: list[TaskState] | None = UNSET
    overdue: bool | None = UNSET
    blocked: bool | None = UNSET
    promiser: ID | None = UNSET
    beneficiary: ID | None = UNSET
    requester: ID | None = UNSET
    between: Between | None = UNSET
    team: ID | None = UNSET
    under: ID | None = UNSET
    initiative: ID | None = UNSET
    outcome: ID | None = UNSET
    serving: ID | None = UNSET
    renegotiated_at_least: int | None = UNSET
    due_from: date | None = UNSET
    due_to: date | None = UNSET
    tag: ID | None = UNSET


TASK_FILTERS = {
    "filter.tag": TAGGED,
    "filter.state": "{c}.state = any({v})",
    "filter.overdue": Filter(overdue("{c}"), holds=True),
    "filter.promiser": Filter("{c}.promiser_id = {v}", narrow=True),
    "filter.beneficiary": Filter("{c}.beneficiary_id = {v}", narrow=True),
    "filter.requester": Filter("{c}.requester_id = {v}", null="{c}.requester_id is null"),
    "filter.blocked": Filter("exists (select from {rows:task_block} b where b.task_id = {c}.id)", holds=True),
    "filter.between.one": "{v} in ({c}.promiser_id, {c}.beneficiary_id)",
    "filter.between.other": "{v} in ({c}.promiser_id, {c}.beneficiary_id)",
    "filter.team": "{c}.team_id = {v}",
    "filter.under": Filter(
        "{c}.team_id in (select b.id from teams_below({org}, {v}, {pos}) b) or {c}.promiser_id in (select"
        " m.person_id from teams_below({org}, {v}, {pos}) b join {rows:membership} m on m.team_id = b.id)",
        narrow=True,
    ),
    "filter.initiative": "exists (select from {rows:initiative} i where i.id = {v} and i.id = {c}.initiative_id)",
    "filter.outcome": Filter("{c}.outcome_id = {v} and {v} not in {hidden}", null="{c}.outcome_id is null"),
    "filter.serving": Filter(
        # outcome by outcome: a plan for any two days would take the tasks of a quarter for few and read them all
        "{v} not in {hidden} and {c}.outcome_id = any (array(select b.id from outcomes_below({org}, {v}, {pos}) b"
        " where b.id not in {hidden}))",
        narrow=True,
    ),
    "filter.renegotiatedAtLeast": Filter("{c}.renegotiations >= {v}", narrow=True),
    "filter.dueFrom": "{c}.due_on >= {v}",
    "filter.dueTo": "{c}.due_on <= {v}",
}


@stands_on("proposed_terms")
class ProposedTerms:
    """New terms, and what became of them."""

    id: ID
    title: str | None
    conditions: str | None
    due: Annotated[date | None, Column("due_on")]
    effort: Decimal | None
    reason: str | None
    state: TermsState
    proposer: Annotated[Person | None, Relation(on="proposer_id")]


@strawberry.enum
class BlockKind(Enum):
    """What a task waits for while its promiser can't go on."""

    DECISION = "DECISION"
    INFORMATION = "INFORMATION"
    WORK = "WORK"
    CAPACITY = "CAPACITY"
    ACCESS = "ACCESS"
    OTHER = "OTHER"


@stands_on("task_block", key="task_id")
class Block:
    """What stands in the way of a task: it waits for a person, a team, or something outside."""

    id: ID
    kind: BlockKind
    waiting_for: str | None
    next_action: str
    act_by: date
    blocked_on: date
    aged_on: Annotated[date | None, "The day on which it was noted that it has stood for longer than it should."]
    days: Annotated[int, Expr("({on} - {t}.blocked_on)", price=1), "For how long it has stood."]
    waiting_for_person: Annotated[Person | None, Relation(on="waiting_for_person_id")]
    waiting_for_team: Annotated[Team | None, Relation(on="waiting_for_team_id")]


@stands_on("task_wait")
class TaskWait:
    """A task that is waited for."""

    since: Annotated[date, Column("waits_since")]
    confirmed: Annotated[
        bool,
        Expr(
            "exists (select from {rows:task} k where k.id = {t}.awaited_id"
            " and k.state not in ('REQUESTED', 'COUNTERED'))"
        ),
        "Whether somebody has promised it, or had.",
    ]
    task: Annotated[Node | None, Relation(on="awaited_id", to="accountability.Task")]


@stands_on("task_wait")
class TaskAwaited:
    """A task that waits."""

    since: Annotated[date, Column("waits_since")]
    task: Annotated[Node | None, Relation(on="task_id", to="accountability.Task")]


@stands_on("task_contributor")
class Contributor:
    """Who contributes to a task."""

    since: Annotated[date, Column("begun_on")]
    person: Annotated[Person | None, Relation(on="person_id")]


@stands_on("task_check")
class Check:
    """An item of the checklist of a task."""

    id: ID
    title: str
    added_on: date
    ticked: Annotated[bool, Expr("({t}.ticked_on is not null)", price=1)]
    ticked_on: date | None
    ticked_by: Annotated[Person | None, Relation(on="ticked_by_id")]


@stands_on(None)
class Recurrence:
    """How often a standing promise is made again."""

    every: Annotated[int, Column("recurs_every")]
    unit: Annotated[CadenceUnit, Column("recurs_unit")]
    until: Annotated[date | None, Column("recurs_until"), "The last day on which it may be due."]


@stands_on(None)
class DueEnds:
    """When the day on which a task is due ends, for each of the parties where they are."""

    promiser: Annotated[datetime, Expr("day_ends({org}, {t}.promiser_id, {t}.due_on, {pos})")]
    beneficiary: Annotated[datetime, Expr("day_ends({org}, {t}.beneficiary_id, {t}.due_on, {pos})")]


CHECKS = "(select count(*)::int from {rows:task_check} k where k.task_id = {t}.id"


@stands_on("task")
class Task(Node):
    """A piece of work that somebody has promised, or is asked to promise."""

    id: ID
    title: str
    conditions: str | None
    state: TaskState
    due: Annotated[date, Column("due_on")]
    first_due: Annotated[date, Column("first_due_on"), "The day that was promised first."]
    former_dues: Annotated[
        list[date],
        Relation(source="{rows:former_due}", on="task_id", value="{c}.due_on", order=order("since int8")),
        "Every due date that was replaced by consent, the oldest first.",
    ]
    overdue: Annotated[
        bool,
        Expr(overdue("{t}"), price=1),
        "Promised, undelivered, and its day has ended for promiser and beneficiary, or is before the day asked for.",
    ]
    due_ends_at: Annotated[DueEnds, Here()]
    dues_passed: Annotated[
        list[date],
        Relation(source="{rows:due_passed}", on="task_id", value="{c}.due_on", order=order("since int8")),
        "Every due date that passed undelivered while it was in force, as the timekeeper noted it.",
    ]
    acceptance_passed_on: Annotated[
        date | None, "The day on which it was noted that the delivery waits longer for its answer than it should."
    ]
    block: Annotated[Block | None, Relation(on="id"), "What stands in its way."]
    escalations: Annotated[
        list[Escalation], Relation(on="task_id", order=ESCALATIONS, typical=1), "How far it went, step by step."
    ]
    effort: Decimal | None
    effort_unit: Annotated[
        EffortUnit, Expr("(select g.effort_unit from {rows:organisation} g)", price=1), "As the policy says."
    ]
    serves_nothing: Annotated[str | None, "Why it serves no outcome."]
    requested_on: date | None
    committed_on: date | None
    delivered_on: date | None
    delivery_links: Annotated[
        list[EvidencePage],
        Relation(source=pages("delivery_links", "true"), order=order(unique="nth int8"), typical=1),
        "The pages that show what was delivered.",
    ]
    ended_on: date | None
    end_reason: str | None
    returns: Annotated[int, "How often its delivery was returned."]
    renegotiations: int
    promiser: Annotated[Person | None, Relation(on="promiser_id")]
    first_promiser: Annotated[
        Person | None, Relation(on="first_promiser_id"), "Who was asked for it, or promised it, first."
    ]
    beneficiary: Annotated[Person | None, Relation(on="beneficiary_id")]
    requester: Annotated[Person | None, Relation(on="requester_id")]
    team: Annotated[Team | None, Relation(on="team_id"), "The team that was asked for it, whichever of them took it."]
    recurs: Annotated[
        Recurrence | None,
        Here(null="{t}.recurs_every is null"),
        "How often it is promised again, each time that it is kept; null for what is promised once.",
    ]
    former: Annotated[
        Node | None, Relation(on="former_id", to="accountability.Task"), "The promise that was kept before this one."
    ]
    next: Annotated[
        Node | None,
        Relation(where="{c}.former_id = {t}.id", to="accountability.Task"),
        "The promise that was made when this one was kept.",
    ]
    contributors: Annotated[
        list[Contributor],
        Relation(on="task_id", order=order("since int8"), typical=1),
        "Who contributes; the promiser answers for all of it.",
    ]
    checklist: Annotated[
        list[Check], Relation(on="task_id", order=order("place int8"), typical=3), "In the order of adding."
    ]
    checks: Annotated[int, Expr(CHECKS + ")"), "How many items its checklist has."]
    checked: Annotated[int, Expr(CHECKS + " and k.ticked_on is not null)"), "How many of them are ticked."]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    initiative: Annotated[Node | None, Relation(on="initiative_id", to="initiatives.Initiative")]
    waits_for: Annotated[
        list["TaskWait"],
        Relation(on="task_id", order=order("since int8"), typical=2),
        "What it can't be finished before.",
    ]
    awaited_by: Annotated[
        list[TaskAwaited], Relation(on="awaited_id", order=order("since int8"), typical=2), "What waits for it."
    ]
    serves_hidden: Annotated[
        bool,
        Expr("coalesce({t}.outcome_id in {hidden}, false)", price=1),
        "Whether it serves an outcome that the viewer may not see; `outcome` is null then.",
    ]
    proposed_terms: Annotated[
        list[ProposedTerms],
        Relation(on="task_id", order=order("since int8"), typical=1),
        "The last that were proposed or countered, and what became of them; `history` tells the ones before.",
    ]
    changed_at: Annotated[datetime | None, Expr(CHANGED_AT), "When what stands here was recorded."]
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
