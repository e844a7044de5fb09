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
from api.graphql.types.sources import Source
from api.graphql.types.webhooks import Webhook
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
    SOURCE_SILENT = "SOURCE_SILENT"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
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
    DutyKind.SOURCE_SILENT: Settling(
        "revise-source", {"sourceId": "source_id"}, ("rotate-source-key", "pause-source", "disconnect-source")
    ),
    DutyKind.WEBHOOK_DISABLED: Settling(
        "resume-webhook", {"webhookId": "webhook_id"}, ("revise-webhook", "remove-webhook")
    ),
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
    "source_id", "webhook_id",
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


# Whoever is promised it: the beneficiary, or who asked for it and does not promise it (R6); the viewer before others.
ASKING = (
    "case when k.beneficiary_id = {viewer.person} then k.beneficiary_id when k.requester_id = {viewer.person}"
    " and k.requester_id is distinct from k.promiser_id then k.requester_id"
    f" when k.beneficiary_id = {MINE} then k.beneficiary_id when k.requester_id = {MINE}"
    " and k.requester_id is distinct from k.promiser_id then k.requester_id end"
)
OPEN_TERMS = (
    " cross join lateral (select p.proposer_id from {rows:proposed_terms} p"
    " where p.task_id = k.id and p.state = 'OPEN' offset 0) p"  # promise by promise, by the index
)
# What several parts read, once each. Where several of them act in a team, it is the viewer's own, if so.
SHARED = {
    # The viewer, and whoever has delegated theirs to them on the day.
    "acting (ids)": "select array(select {viewer.person} union all select d.person_id from {rows:delegation} d"
    " where d.delegate_id = {viewer.person} and {on} between d.starts_on and d.ends_on)",
    "policy": "select g.acknowledgement_days, g.time_zone from {rows:organisation} g",
    "belonging": "select distinct on (m.team_id, m.lead) m.team_id, m.lead, m.person_id from {rows:membership} m"
    f" where m.person_id = {MINE} order by m.team_id, m.lead, m.person_id <> {{viewer.person}}, m.person_id",
    "led": "select m.team_id, m.person_id from belonging m where m.lead",
    # What they promise or are promised, by the three indexes together, and is not settled yet.
    "promised": "select k.id, k.state, k.due_on, k.requested_on, k.delivered_on, k.promiser_id, k.beneficiary_id,"
    f" {ASKING} as asking_id, k.promiser_id = {MINE} as theirs from {{rows:task}} k where (k.promiser_id = {MINE}"
    f" or k.beneficiary_id = {MINE} or k.requester_id = {MINE})"
    " and k.state in ('REQUESTED', 'COUNTERED', 'COMMITTED', 'DELIVERED')",
    # What they own, review, or lead the team of, by the three indexes together.
    "held": "select o.id, o.state, o.team_id, o.cycle_id, o.owner_id, o.reviewer_id from {rows:outcome} o"
    f" where o.owner_id = {MINE} or o.reviewer_id = {MINE} or o.team_id = any (array(select l.team_id from led l))",
}
SETTLED_AS_SQL = (
    "case e.fact" + "".join(f" when '{fact.value}' then '{kind.value}'" for fact, kind in SETTLED_AS.items()) + " end"
)
# Of one fact the step that came the furthest, to the viewer themself if it came to them.
FURTHEST = (
    "(select distinct on (e.fact, e.stands_since, e.task_id, e.outcome_id, e.check_in_id) e.id, e.fact, e.stands_since,"
    " e.task_id, e.outcome_id, e.check_in_id, w.person_id from {rows:escalated_to} w join {rows:escalation} e"
    f" on e.id = w.escalation_id and e.noted_on <= {{on}} where w.person_id = {MINE}"
    " order by e.fact, e.stands_since, e.task_id, e.outcome_id, e.check_in_id,"
    " w.person_id = {viewer.person} desc, e.days desc, e.id desc, w.id desc)"
)
PARTS = (
    _duty(
        DutyKind.ESCALATED, "e.id", "e.stands_since", "e.person_id",
        f"{FURTHEST} e where fact_stands({{org}}, e.fact, e.task_id, e.outcome_id, e.check_in_id, e.stands_since,"
        " {pos}, {on})",
        settled_as=SETTLED_AS_SQL,
        task_id="e.task_id", outcome_id="e.outcome_id", check_in_id="e.check_in_id", escalation_id="e.id",
    ),
    _duty(
        DutyKind.ANSWER_REQUEST, "k.id", "least(k.due_on, k.requested_on + g.acknowledgement_days)", "k.promiser_id",
        "policy g join promised k on k.state = 'REQUESTED' and k.theirs",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ANSWER_REQUEST, "k.id", "least(k.due_on, k.requested_on + g.acknowledgement_days)", "m.person_id",
        "policy g cross join (select distinct on (m.team_id) m.team_id, m.person_id from belonging m"
        " order by m.team_id, m.person_id <> {viewer.person}, m.person_id) m"
        " join {rows:task} k on k.team_id = m.team_id and k.state = 'REQUESTED' and k.promiser_id is null",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ACCEPT_DELIVERY, "k.id", "k.delivered_on + g.acknowledgement_days", "k.asking_id",
        "policy g join promised k on k.state = 'DELIVERED' and k.asking_id is not null",
        task_id="k.id",
    ),
    _duty(
        DutyKind.DELIVER, "k.id", "k.due_on", "k.promiser_id",
        f"promised k where {overdue('k')} and k.theirs",
        task_id="k.id",
    ),
    _duty(
        DutyKind.CLEAR_BLOCK, "k.id", "b.act_by", "k.promiser_id",
        "promised k cross join lateral (select b.act_by from {rows:task_block} b"
        " where b.task_id = k.id and b.act_by < {on} offset 0) b where k.state = 'COMMITTED' and k.theirs",
        task_id="k.id",
    ),
    _duty(
        DutyKind.ANSWER_TERMS, "k.id", "k.due_on",
        "case when p.proposer_id = k.promiser_id then k.asking_id else k.promiser_id end",
        f"promised k{OPEN_TERMS} where k.state in ('COUNTERED', 'COMMITTED') and case"
        " when p.proposer_id = k.promiser_id then k.asking_id is not null else k.theirs and k.state = 'COMMITTED' end",
        task_id="k.id",
    ),
    _duty(
        DutyKind.CHECK_IN_DUE, "o.id", "d.due_on", "coalesce(o.owner_id, l.person_id)",
        "held o left join led l on l.team_id = o.team_id and o.owner_id is null"
        " cross join lateral check_in_due({org}, o.id, {pos}, {on}) d"
        f" where o.state = 'ACTIVE' and coalesce(o.owner_id, l.person_id) = {MINE} and d.due_on <= {{on}}",
        outcome_id="o.id",
    ),
    _duty(
        DutyKind.ACKNOWLEDGEMENT_DUE, "c.id", "c.dated + g.acknowledgement_days", "o.reviewer_id",
        f"policy g join held o on o.reviewer_id = {MINE}"
        " cross join lateral (select c.id, c.dated, c.author_id from {rows:check_in} c"
        " where c.outcome_id = o.id and c.dated <= {on} order by c.dated desc, c.made_at desc, c.id desc limit 1) c"
        " where c.author_id is distinct from o.reviewer_id and c.author_id is distinct from {viewer.person}"
        " and not exists (select from {rows:acknowledgement} w where w.check_in_id = c.id)",
        outcome_id="o.id", check_in_id="c.id",
    ),
    _duty(
        DutyKind.GRADE, "o.id", "y.ends_on", "coalesce(o.reviewer_id, o.owner_id)",
        f"held o join {{rows:cycle}} y on y.id = o.cycle_id and y.state = 'IN_REVIEW'"
        f" where o.state in ('ACTIVE', 'PAUSED') and coalesce(o.reviewer_id, o.owner_id) = {MINE}",
        outcome_id="o.id",
    ),
    _duty(
        DutyKind.GRADE_ACKNOWLEDGEMENT_DUE, "o.id", "d.graded_on + g.acknowledgement_days", "w.person_id",
        "policy g cross join held o left join led l on l.team_id = o.team_id"
        " join {rows:grade} d on d.id = o.id and d.graded_on <= {on}"
        " cross join lateral (select case when o.reviewer_id is distinct from d.grader_id and o.reviewer_id is not null"
        " then o.reviewer_id else l.person_id end as person_id) w"
        f" where o.state in ('GRADED', 'CARRIED_OVER') and w.person_id = {MINE}"
        " and d.grader_id is distinct from w.person_id and d.grader_id is distinct from {viewer.person}"
        " and not exists (select from {rows:acknowledgement} a where a.outcome_id = o.id and a.check_in_id is null"
        " and a.since > d.since)",
        outcome_id="o.id",
    ),
    _duty(
        DutyKind.REVIEW_ACKNOWLEDGEMENT_DUE, "y.id", "y.closed_on + g.acknowledgement_days", "y.person_id",
        "policy g cross join (select distinct on (y.id) y.id, y.closed_on, o.owner_id as person_id"
        " from held o join {rows:cycle} y on y.id = o.cycle_id and y.state = 'CLOSED' and y.closed_on <= {on}"
        f" where o.owner_id = {MINE} and o.state in ('GRADED', 'CARRIED_OVER', 'ABANDONED')"
        " and not exists (select from {rows:acknowledgement} a where a.cycle_id = y.id and a.person_id = o.owner_id"
        " and a.since > y.since) order by y.id, o.owner_id <> {viewer.person}, o.owner_id) y",
        cycle_id="y.id",
    ),
    _duty(
        DutyKind.MILESTONE_PASSED, "m.id", "m.due_on", "coalesce(m.owner_id, o.owner_id)",
        "{rows:milestone} m cross join lateral (select o.owner_id from {rows:outcome} o where o.id = m.outcome_id"
        " and o.state in ('DRAFT', 'ACTIVE') offset 0) o"  # few are left, each by the index
        f" where m.state = 'PLANNED' and m.due_on < {{on}} and (m.owner_id = {MINE} or m.owner_id is null"
        f" and m.outcome_id in (select h.id from held h where h.owner_id = {MINE}))",
        outcome_id="m.outcome_id", milestone_id="m.id",
    ),
    _duty(
        DutyKind.SOURCE_SILENT, "s.id", "(s.silent_since at time zone g.time_zone)::date", "s.person_id",
        f"policy g join {{rows:source}} s on s.silent_since is not null and s.person_id = {MINE}",
        source_id="s.id",
    ),
    _duty(
        DutyKind.WEBHOOK_DISABLED, "h.id", "d.day", "h.person_id",
        "{rows:webhook} h cross join lateral (select day_of({org}, e.recorded_at) as day from {rows:entry} e"
        f" where e.position = h.since) d where h.state = 'DISABLED' and d.day <= {{on}} and h.person_id = {MINE}",
        webhook_id="h.id",
    ),
    _duty(
        DutyKind.RECONSIDER, "c.id", "r.review_on", "coalesce(c.person_id, l.person_id)",
        f"{{rows:declined_work}} c left join led l on l.team_id = c.team_id"
        f" cross join lateral (select {REVIEW_ON.format(row='c')} as review_on) r"
        f" where c.reconsidered_on is null and r.review_on <= {{on}} and coalesce(c.person_id, l.person_id) = {MINE}",
        declined_work_id="c.id",
    ),
)  # fmt: skip
# Each stands once.
DUTIES = (
    "(with "
    + ", ".join(f"{name} as materialized ({rows})" for name, rows in SHARED.items())
    + " union all".join(PARTS)
    + ")"
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
# Each is looked up by its id: what asks whether one exists may be planned to read them all.
OF_TASK = (
    "coalesce((select case when {t}.settled_as = 'ACCEPT_DELIVERY' then k.beneficiary_id = {viewer.person}"
    " or k.requester_id = {viewer.person} and k.promiser_id <> {viewer.person} else k.promiser_id = {viewer.person} end"
    " from {rows:task} k where k.id = {t}.task_id), false)"
)
REVIEWS = (
    "coalesce((select o.reviewer_id = {viewer.person}"
    " or exists (select from {rows:membership} m where m.team_id = o.team_id and m.lead"
    " and m.person_id = {viewer.person})"
    " or exists (select from {rows:delegation} d where d.person_id = o.reviewer_id and d.delegate_id = {viewer.person}"
    " and {on} between d.starts_on and d.ends_on) from {rows:outcome} o where o.id = {t}.outcome_id), false)"
    " and ({t}.check_in_id is null or coalesce((select c.author_id is distinct from {viewer.person}"
    " from {rows:check_in} c where c.id = {t}.check_in_id), false))"
)
MAY_SETTLE: dict[str, tuple[DutyKind, ...]] = {
    OF_TASK: (DutyKind.DELIVER, DutyKind.CLEAR_BLOCK, DutyKind.ACCEPT_DELIVERY),
    "{t}.person_id = {viewer.person}": (
        DutyKind.ANSWER_REQUEST,
        DutyKind.ANSWER_TERMS,
        DutyKind.REVIEW_ACKNOWLEDGEMENT_DUE,
    ),
    REVIEWS: (DutyKind.ACKNOWLEDGEMENT_DUE, DutyKind.GRADE_ACKNOWLEDGEMENT_DUE),
    "({t}.person_id = {viewer.person} or {viewer.role} = 'OWNER')": (DutyKind.WEBHOOK_DISABLED,),
}  # of any other kind: whoever has the role


def _reaching() -> str:
    """Whether the viewer's role reaches the command that settles a duty, by the least role that each needs."""
    kinds: dict[Role, list[str]] = {}
    for kind, settling in SETTLED.items():
        kinds.setdefault(COMMANDS[settling.command].role, []).append(f"'{kind.value}'")
    return " or ".join(
        f"{{t}}.settled_as in ({', '.join(named)})"
        f" and {{viewer.role}} in ({', '.join(repr(role.value) for role in Role if role.reaches(needed))})"
        for needed, named in kinds.items()
    )


def _of(kinds: tuple[DutyKind, ...]) -> str:
    return ", ".join(f"'{kind.value}'" for kind in kinds)


CAN_SETTLE = (
    f"coalesce(({_reaching()}) and case"
    + "".join(f" when {{t}}.settled_as in ({_of(kinds)}) then {rule}" for rule, kinds in MAY_SETTLE.items())
    + " else true end, false)"
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
    milestone whose day has passed, a source that tells nothing any more, a webhook that was disabled, declined work
    that has come up again; and what has waited for others for so long that it has gone further."""

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
    source: Annotated[
        Source | None, Relation(on="source_id"), "It settles itself as soon as the source tells something."
    ]
    webhook: Annotated[Webhook | None, Relation(on="webhook_id"), "Whose receiver is gone, or has failed for days."]
