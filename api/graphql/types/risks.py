"""What endangers the outcomes of a cycle, of which somebody could do something now."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import Column, Relation, order, stands_on
from api.graphql.types.accountability import Task, overdue
from api.graphql.types.alignment import Outcome
from api.graphql.types.escalation import Escalation
from api.graphql.types.indicators import Boundary


@strawberry.enum
class RiskKind(Enum):
    """What endangers an outcome."""

    UNCONFIRMED_DEPENDENCY = "UNCONFIRMED_DEPENDENCY"
    AGED_BLOCK = "AGED_BLOCK"
    OVERDUE_AND_AWAITED = "OVERDUE_AND_AWAITED"
    BREACHED_BOUNDARY = "BREACHED_BOUNDARY"
    ESCALATED = "ESCALATED"


OPEN = "('REQUESTED', 'COUNTERED', 'COMMITTED', 'DELIVERED')"
# Of what serves an outcome of the cycle. A task that waits for several others is a risk with each of them.
RISKS = (
    "(select 'UNCONFIRMED_DEPENDENCY' as kind, w.id as risk_id, o.id as outcome_id, k.id as task_id,"
    " a.id as awaited_id, null::uuid as boundary_id, null::uuid as escalation_id, w.waits_since as stands_since"
    " from {rows:outcome} o join {rows:task} k on k.outcome_id = o.id"
    " join {rows:task_wait} w on w.task_id = k.id join {rows:task} a on a.id = w.awaited_id"
    f" where o.cycle_id = {{a.cycle}} and k.state in {OPEN} and a.state in ('REQUESTED', 'COUNTERED')"
    " union all select 'OVERDUE_AND_AWAITED', w.id, o.id, k.id, a.id, null, null, a.due_on"
    " from {rows:outcome} o join {rows:task} k on k.outcome_id = o.id"
    " join {rows:task_wait} w on w.task_id = k.id join {rows:task} a on a.id = w.awaited_id"
    f" where o.cycle_id = {{a.cycle}} and k.state in {OPEN} and {overdue('a')}"
    " union all select 'AGED_BLOCK', b.id, o.id, k.id, null, null, null, b.blocked_on"
    " from {rows:organisation} g cross join {rows:outcome} o join {rows:task} k on k.outcome_id = o.id"
    " join {rows:task_block} b on b.task_id = k.id"
    " where o.cycle_id = {a.cycle} and {on} > b.blocked_on + g.block_days"
    " union all select 'BREACHED_BOUNDARY', b.id, o.id, null, null, b.id, null, s.breached_since"
    " from {rows:outcome} o join {rows:cycle} y on y.id = o.cycle_id join {rows:boundary} b on b.outcome_id = o.id"
    " cross join lateral band_standing({org}, b.figure_id, b.lower, b.upper,"
    " coalesce(o.starts_on, y.starts_on, '-infinity'), {pos}, {on}) s"
    " where o.cycle_id = {a.cycle} and o.state = 'ACTIVE' and s.breached"
    " union all select 'ESCALATED', e.id, o.id, e.task_id, null, null, e.id, e.stands_since"
    " from {rows:outcome} o cross join lateral ("
    "select e.* from {rows:escalation} e where e.outcome_id = o.id union all select e.* from {rows:task} k"
    " join {rows:escalation} e on e.task_id = k.id where k.outcome_id = o.id) e"
    " where o.cycle_id = {a.cycle} and fact_stands({org}, e.fact, e.task_id, e.outcome_id, e.check_in_id,"
    " e.stands_since, {pos}, {on}) and not exists (select from {rows:escalation} l where l.fact = e.fact"
    " and (l.task_id = e.task_id or l.outcome_id = e.outcome_id) and l.check_in_id is not distinct from e.check_in_id"
    " and l.stands_since = e.stands_since and (l.days, l.id) > (e.days, e.id)))"
)
RISK_ORDER = order("stands_since date", "kind", unique="risk_id uuid")


@stands_on(None)
class Risk:
    """Something that endangers an outcome: an unconfirmed dependency, an aged block, an overdue task that another one
    waits for, a breached boundary, a fact that has stood open for so long that it went to others."""

    kind: RiskKind
    since: Annotated[date, Column("stands_since")]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    task: Annotated[Task | None, Relation(on="task_id"), "What waits, or is blocked."]
    awaited: Annotated[Task | None, Relation(on="awaited_id"), "What it waits for."]
    boundary: Annotated[Boundary | None, Relation(on="boundary_id")]
    escalation: Annotated[Escalation | None, Relation(on="escalation_id"), "The last step of what has gone further."]
