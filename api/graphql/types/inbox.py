"""What waits for somebody, and with which command each is settled."""

from datetime import date
from enum import Enum
from typing import Annotated, NamedTuple

import strawberry
from strawberry import ID

from api.graphql.mapping import Column, Expr, Relation, order, stands_on
from api.graphql.types.accountability import Task, overdue
from api.graphql.types.alignment import Cycle, Outcome
from api.graphql.types.common import Node
from api.graphql.types.declining import REVIEW_ON, DeclinedWork
from api.graphql.types.milestones import Milestone
from api.graphql.types.organisation import EscalationStep, OpenFact, Person
from domain.commands import COMMANDS
from domain.values import Role


@strawberry.enum
class DutyKind(Enum):
    """What is asked of somebody; of one day the most urgent first."""

    ESCALATED = "ESCALATED"
    ACCEPT_DELIVERY = "ACCEPT_DELIVERY"
    ANSWER_TERMS = "ANSWER_TERMS"
    ANSWER_REQUEST = "ANSWER_REQUEST"
    DELIVER = "DELIVER"
    CLEAR_BLOCK = "CLEAR_BLOCK"
    ACKNOWLEDGEMENT_DUE = "ACKNOWLEDGEMENT_DUE"
    GRADE = "GRADE"
    MILESTONE_PASSED = "MILESTONE_PASSED"
    CHECK_IN_DUE = "CHECK_IN_DUE"
    GRADE_ACKNOWLEDGEMENT_DUE = "GRADE_ACKNOWLEDGEMENT_DUE"
    REVIEW_ACKNOWLEDGEMENT_DUE = "REVIEW_ACKNOWLEDGEMENT_DUE"
    RECONSIDER = "RECONSIDER"


class Settling(NamedTuple):
    """The command that says yes to a duty, or does it; what it has to be told, with the column that has it; and others
    that settle it as well."""

    command: str
    input: dict[str, str]
    otherwise: tuple[str, ...] = ()


ASKED = {"taskId": "task_id"}
SETTLED: dict[DutyKind, Settling] = {
    DutyKind.ACCEPT_DELIVERY: Settling("accept-delivery", ASKED, ("return-delivery", "release-task")),
    DutyKind.ANSWER_TERMS: Settling("agree-terms", ASKED, ("refuse-terms",)),
    DutyKind.ANSWER_REQUEST: Settling("accept-task", ASKED, ("counter-task", "decline-task")),
    DutyKind.DELIVER: Settling("deliver-task", ASKED, ("renegotiate-task", "break-commitment")),
    DutyKind.CLEAR_BLOCK: Settling("unblock-task", ASKED, ("renegotiate-task", "break-commitment")),
    DutyKind.ACKNOWLEDGEMENT_DUE: Settling("acknowledge", {"checkInId": "check_in_id"}),
    DutyKind.GRADE: Settling("grade-outcome", {"outcomeId": "outcome_id"}, ("carry-over-outcome", "abandon-outcome")),
    DutyKind.MILESTONE_PASSED: Settling(
        "mark-milestone", {"milestoneId": "milestone_id"}, ("miss-milestone", "move-milestone", "withdraw-milestone")
    ),
    DutyKind.CHECK_IN_DUE: Settling("check-in", {"checkInId": "", "outcomeId": "outcome_id"}),
    DutyKind.GRADE_ACKNOWLEDGEMENT_DUE: Settling("acknowledge", {"outcomeId": "outcome_id"}),
    DutyKind.REVIEW_ACKNOWLEDGEMENT_DUE: Settling("acknowledge", {"cycleId": "cycle_id"}),
    DutyKind.RECONSIDER: Settling("reconsider-work", {"declinedWorkId": "declined_work_id", "reason": ""}),
}
# What has gone further is settled as it was before.
SETTLED_AS: dict[OpenFact, DutyKind] = {
    OpenFact.DUE_PASSED: DutyKind.DELIVER,
    OpenFact.ACCEPTANCE_PASSED: DutyKind.ACCEPT_DELIVERY,
    OpenFact.BLOCK_AGED: DutyKind.CLEAR_BLOCK,
    OpenFact.CHECK_IN_MISSED: DutyKind.CHECK_IN_DUE,
    OpenFact.ACKNOWLEDGEMENT_PASSED: DutyKind.ACKNOWLEDGEMENT_DUE,
}
COLUMNS = (
    "task_id", "outcome_id", "check_in_id", "milestone_id", "declined_work_id", "cycle_id", "escalation_id",
)  # fmt: skip
MINE = "any ((select a.ids from acting a)::uuid[])"


def _duty(kind: DutyKind, about: str, due: str, person: str, rows: str, settled_as: str = "", **named: str) -> str:
    """One part of the inbox; `named`: the columns that it fills; `settled_as`: another kind, as an expression."""
    columns = ", ".join(f"{named.get(one, 'null')}::uuid as {one}" for one in COLUMNS)
    urgency = list(DutyKind).index(kind)
    return (
        f" select '{kind.value}' as kind, {settled_as or repr(kind.value)} as settled_as, {urgency}::int4 as urgency,"
        f" {about} as about_id, {due} as due_on,"
        f" {person} as person_id, {columns} from {rows}"
    )


def _first_lead(team: str) -> str:
    """A lead of a team who is the viewer, or has delegated their duties to them."""
    return (
        f"(select m.person_id from {{rows:membership}} m where m.team_id = {team} and m.lead and m.person_id = {MINE}"
        " order by m.person_id <> {viewer.person}, m.person_id limit 1)"
    )


# Whoever is promised it: the beneficiary, or who asked for it and does not promise it (R6); the viewer before others.
ASKING = (
    " cross join lateral (select p.person_id from (values (k.beneficiary_id), (k.requester_id)) p (person_id)"
    f" where p.person_id = {MINE} and (p.person_id = k.beneficiary_id or p.person_id is distinct from k.promiser_id)"
    " order by p.person_id <> {viewer.person}, p.person_id <> k.beneficiary_id limit 1) w"
)
OPEN_TERMS = (
    " cross join lateral (select p.proposer_id from {rows:proposed_terms} p"
    " where p.task_id = k.id and p.state = 'OPEN' offset 0) p"  # promise by promise, by the index
)
# What the viewer has to do with, by the three indexes together, and is not settled yet.
PROMISED = (
    f"select k.* from {{rows:task}} k where (k.promiser_id = {MINE} or k.beneficiary_id = {MINE}"
    f" or k.requester_id = {MINE}) and k.state in ('REQUESTED', 'COUNTERED', 'COMMITTED', 'DELIVERED')"
)
SETTLED_AS_SQL = (
    "case e.fact" + "".join(f" when '{fact.value}' then '{kind.value}'" for fact, kind in SETTLED_AS.items()) + " end"
)
PARTS = (
    _duty(
        DutyKind.ESCALATED, "e.id", "e.stands_since", "w.person_id",
        f"{{rows:escalated_to}} w join {{rows:escalation}} e on e.id = w.escalation_id and e.noted_on <= {{on}}"
        f" where w.person_id = {MINE} and fact_stands({{org}}, e.fact, e.task_id, e.outcome_id, e.check_in_id,"
        " e.stands_since, {pos}, {on}) and not exists (select from {rows:escalated_to} x join {rows:escalation} l"
        f" on l.id = x.escalation_id and l.noted_on <= {{on}} where x.person_id = {MINE} and l.fact = e.fact"
        " and l.stands_since = e.stands_since and l.task_id is not distinct from e.task_id"
        " and l.outcome_id is not distinct from e.outcome_id and l.check_in_id is not distinct from e.check_in_id"
        " and (x.person_id = {viewer.person}, l.days, l.id, x.id)"
        " > (w.person_id = {viewer.person}, e.days, e.id, w.id))",
        settled_as=SETTLED_AS_SQL,
        task_id="e.task_id", outcome_id="e.outcome_id", check_in_id="e.check_in_id", escalation_id="e.id",
    ),
    _duty(
        DutyKind.ANSWER_REQUEST, "k.id", "least(k.due_on, k.requested_on + g.acknowledgement_days)", "k.promiser_id",
        f"{{rows:organisation}} g join promised k on k.state = 'REQUESTED' and k.promiser_id = {MINE}",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ANSWER_REQUEST, "k.id", "least(k.due_on, k.requested_on + g.acknowledgement_days)", "m.person_id",
        "{rows:organisation} g join {rows:task} k on k.state = 'REQUESTED' and k.promiser_id is null"
        " cross join lateral (select m.person_id from {rows:membership} m where m.team_id = k.team_id"
        f" and m.person_id = {MINE} order by m.person_id <> {{viewer.person}}, m.person_id limit 1) m",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ACCEPT_DELIVERY, "k.id", "k.delivered_on + g.acknowledgement_days", "w.person_id",
        f"{{rows:organisation}} g join promised k on k.state = 'DELIVERED'{ASKING}",
        task_id="k.id",
    ),
    _duty(
        DutyKind.DELIVER, "k.id", "k.due_on", "k.promiser_id",
        f"promised k where {overdue('k')} and k.promiser_id = {MINE}",
        task_id="k.id",
    ),
    _duty(
        DutyKind.CLEAR_BLOCK, "k.id", "b.act_by", "k.promiser_id",
        "promised k cross join lateral (select b.act_by from {rows:task_block} b"
        " where b.task_id = k.id and b.act_by < {on} offset 0) b"
        f" where k.state = 'COMMITTED' and k.promiser_id = {MINE}",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ANSWER_TERMS, "k.id", "k.due_on", "k.promiser_id",
        f"promised k{OPEN_TERMS} where k.promiser_id = {MINE} and p.proposer_id <> k.promiser_id"
        " and k.state = 'COMMITTED'",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ANSWER_TERMS, "k.id", "k.due_on", "w.person_id",
        f"promised k{OPEN_TERMS}{ASKING}"
        " where p.proposer_id = k.promiser_id and k.state in ('COUNTERED', 'COMMITTED')",
        task_id="k.id",
    ),
    _duty(
        DutyKind.CHECK_IN_DUE, "o.id", "d.due_on", "w.person_id",
        "{rows:outcome} o cross join lateral (select o.owner_id as person_id where o.owner_id is not null union all"
        f" (select l.person_id from (select {_first_lead('o.team_id')}) l (person_id)"
        " where o.owner_id is null and l.person_id is not null)) w"
        " cross join lateral check_in_due({org}, o.id, {pos}, {on}) d"
        f" where o.state = 'ACTIVE' and (o.owner_id is null or o.owner_id = {MINE}) and d.due_on <= {{on}}",
        outcome_id="o.id",
    ),
    _duty(
        DutyKind.ACKNOWLEDGEMENT_DUE, "c.id", "c.dated + g.acknowledgement_days", "o.reviewer_id",
        f"{{rows:organisation}} g join {{rows:outcome}} o on o.reviewer_id = {MINE}"
        " cross join lateral (select c.id, c.dated, c.author_id from {rows:check_in} c"
        " where c.outcome_id = o.id and c.dated <= {on} order by c.dated desc, c.made_at desc, c.id desc limit 1) c"
        " where c.author_id is distinct from o.reviewer_id and c.author_id is distinct from {viewer.person}"
        " and not exists (select from {rows:acknowledgement} w where w.check_in_id = c.id)",
        outcome_id="o.id", check_in_id="c.id",
    ),
    _duty(
        DutyKind.GRADE, "o.id", "y.ends_on", "coalesce(o.reviewer_id, o.owner_id)",
        "{rows:cycle} y join {rows:outcome} o on o.cycle_id = y.id and o.state in ('ACTIVE', 'PAUSED')"
        f" where y.state = 'IN_REVIEW' and coalesce(o.reviewer_id, o.owner_id) = {MINE}",
        outcome_id="o.id",
    ),
    _duty(
        DutyKind.GRADE_ACKNOWLEDGEMENT_DUE, "o.id", "d.graded_on + g.acknowledgement_days", "w.person_id",
        "{rows:organisation} g cross join {rows:outcome} o join {rows:grade} d on d.id = o.id and d.graded_on <= {on}"
        " cross join lateral (select case when o.reviewer_id is distinct from d.grader_id and o.reviewer_id is not null"
        f" then o.reviewer_id else {_first_lead('o.team_id')} end as person_id) w"
        f" where (o.reviewer_id = {MINE} or o.team_id in (select m.team_id from {{rows:membership}} m"
        f" where m.lead and m.person_id = {MINE})) and o.state in ('GRADED', 'CARRIED_OVER') and w.person_id = {MINE}"
        " and d.grader_id is distinct from w.person_id and d.grader_id is distinct from {viewer.person}"
        " and not exists (select from {rows:acknowledgement} a where a.outcome_id = o.id and a.check_in_id is null"
        " and a.since > d.since)",
        outcome_id="o.id",
    ),
    _duty(
        DutyKind.REVIEW_ACKNOWLEDGEMENT_DUE, "y.id", "y.closed_on + g.acknowledgement_days", "w.person_id",
        "{rows:organisation} g cross join {rows:cycle} y cross join lateral (select o.owner_id as person_id"
        f" from {{rows:outcome}} o where o.cycle_id = y.id and o.owner_id = {MINE}"
        " and o.state in ('GRADED', 'CARRIED_OVER', 'ABANDONED') and not exists (select from {rows:acknowledgement} a"
        " where a.cycle_id = y.id and a.person_id = o.owner_id and a.since > y.since)"
        " order by o.owner_id <> {viewer.person}, o.owner_id limit 1) w"
        " where y.state = 'CLOSED' and y.closed_on <= {on}",
        cycle_id="y.id",
    ),
    _duty(
        DutyKind.MILESTONE_PASSED, "m.id", "m.due_on", "coalesce(m.owner_id, o.owner_id)",
        "{rows:milestone} m join {rows:outcome} o on o.id = m.outcome_id"
        f" where m.state = 'PLANNED' and m.due_on < {{on}} and coalesce(m.owner_id, o.owner_id) = {MINE}"
        " and o.state in ('DRAFT', 'ACTIVE')",
        outcome_id="o.id", milestone_id="m.id",
    ),
    _duty(
        DutyKind.RECONSIDER, "c.id", "r.review_on", "w.person_id",
        f"{{rows:declined_work}} c cross join lateral (select {REVIEW_ON.format(row='c')}"
        f" as review_on) r cross join lateral (select coalesce(c.person_id, {_first_lead('c.team_id')}) as person_id) w"
        f" where c.reconsidered_on is null and r.review_on <= {{on}} and w.person_id = {MINE}",
        declined_work_id="c.id",
    ),
)  # fmt: skip
# Of the viewer, and of whoever has delegated theirs to them on the day. Each stands once: as the viewer's own, if so.
DUTIES = (
    "(with acting (ids) as materialized (select array(select {viewer.person} union all select d.person_id"
    " from {rows:delegation} d where d.delegate_id = {viewer.person} and {on} between d.starts_on and d.ends_on)),"
    f" promised as materialized ({PROMISED})" + " union all".join(PARTS) + ")"
)
DUTY_ORDER = order("due_on date", "urgency int4", unique="about_id uuid")
SETTLED_BY = (
    "(case {t}.settled_as"
    + "".join(f" when '{kind.value}' then '{one.command}'" for kind, one in SETTLED.items())
    + " end)"
)
INPUT = (
    "(select i.* from (values "
    + ", ".join(
        f"('{kind.value}', {nth}::int4, '{name}', {'{t}.' + column if column else 'null::uuid'})"
        for kind, one in SETTLED.items()
        for nth, (name, column) in enumerate(one.input.items())
    )
    + ") i (kind, nth, name, value) where i.kind = {t}.settled_as)"
)
OTHERWISE = (
    "(select i.* from (values "
    + ", ".join(
        f"('{kind.value}', {nth}::int4, '{name}')"
        for kind, one in SETTLED.items()
        for nth, name in enumerate(one.otherwise)
    )
    + ") i (kind, nth, command) where i.kind = {t}.settled_as)"
)
# Who has a role that reaches the commands, and is whom the rules let issue them (R5, R6): what is promised is settled
# by its parties alone; a grade or a check-in is read by the reviewer, their delegate, or a lead of the team.
REACHED = (
    "({viewer.role} in ("
    + ", ".join(
        f"'{role.value}'"
        for role in Role
        if all(role.reaches(COMMANDS[settling.command].role) for settling in SETTLED.values())
    )
    + "))"
)
OF_TASK = "exists (select from {rows:task} k where k.id = {t}.task_id and "
REVIEWS = (
    "exists (select from {rows:outcome} o where o.id = {t}.outcome_id and (o.reviewer_id = {viewer.person}"
    " or exists (select from {rows:membership} m where m.team_id = o.team_id and m.lead"
    " and m.person_id = {viewer.person})"
    " or exists (select from {rows:delegation} d where d.person_id = o.reviewer_id and d.delegate_id = {viewer.person}"
    " and {on} between d.starts_on and d.ends_on)))"
)
MAY_SETTLE: dict[DutyKind, str] = {
    DutyKind.DELIVER: OF_TASK + "k.promiser_id = {viewer.person})",
    DutyKind.CLEAR_BLOCK: OF_TASK + "k.promiser_id = {viewer.person})",
    DutyKind.ACCEPT_DELIVERY: OF_TASK + "(k.beneficiary_id = {viewer.person} or"
    " k.requester_id = {viewer.person} and k.promiser_id <> {viewer.person}))",
    DutyKind.ANSWER_REQUEST: "{t}.person_id = {viewer.person}",
    DutyKind.ANSWER_TERMS: "{t}.person_id = {viewer.person}",
    DutyKind.ACKNOWLEDGEMENT_DUE: REVIEWS + " and exists (select from {rows:check_in} c where c.id = {t}.check_in_id"
    " and c.author_id is distinct from {viewer.person})",
    DutyKind.GRADE_ACKNOWLEDGEMENT_DUE: REVIEWS,
    DutyKind.REVIEW_ACKNOWLEDGEMENT_DUE: "{t}.person_id = {viewer.person}",
}  # of any other kind: whoever has the role
CAN_SETTLE = (
    f"({REACHED} and case {{t}}.settled_as"
    + "".join(f" when '{kind.value}' then {sql}" for kind, sql in MAY_SETTLE.items())
    + " else true end)"
)


@stands_on(None)
class DutyInput:
    """Something that the command has to be told."""

    name: str
    value: Annotated[ID | None, "Null: the viewer has to say it, or to make the id up."]


@stands_on(None)
class Duty:
    """Something that waits for the viewer: a request or terms to answer, a delivery to accept, an overdue promise, a
    block past the day to act by, a check-in to make, a check-in, grade or review to acknowledge, an outcome to grade, a
    milestone whose day has passed, declined work that has come up again; and what has waited for others for so long
    that it has gone further."""

    kind: DutyKind
    person: Annotated[
        Person | None, Relation(on="person_id"), "Whose it is: the viewer's, or of who has delegated theirs to them."
    ]
    due: Annotated[
        date,
        Column("due_on"),
        "By when: of a delivery and a request, until an answer is late by the organisation's policy; of what has gone"
        " further, since when it stands.",
    ]
    settled_by: Annotated[str, Expr(SETTLED_BY, price=1), "The command that says yes to it, or does it."]
    input: Annotated[
        list[DutyInput], Relation(source=INPUT, order=order(unique="nth int4"), typical=1), "What it has to be told."
    ]
    otherwise: Annotated[
        list[str],
        Relation(source=OTHERWISE, value="{c}.command", order=order(unique="nth int4"), typical=2),
        "Other commands that settle it.",
    ]
    can_settle: Annotated[
        bool,
        Expr(CAN_SETTLE, price=2),
        "Whether the viewer can, by their role and by who they are to it: somebody else's promise is settled by its"
        " parties alone, even while delegated, and by whoever it has gone to no more than before.",
    ]
    rule: Annotated[
        EscalationStep | None,
        Relation(source="{rows:escalation}", where="{c}.id = {t}.escalation_id"),
        "Of what has gone further: the step by which it came to the viewer.",
    ]
    task: Annotated[Task | None, Relation(on="task_id")]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    check_in: Annotated[Node | None, Relation(on="check_in_id", to="practice.CheckIn")]
    cycle: Annotated[Cycle | None, Relation(on="cycle_id"), "Whose review is to be read."]
    milestone: Annotated[Milestone | None, Relation(on="milestone_id")]
    declined_work: Annotated[DeclinedWork | None, Relation(on="declined_work_id")]
