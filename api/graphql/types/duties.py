"""What somebody has to do, and would leave behind."""

from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import Relation, order, stands_on
from api.graphql.types.accountability import Task
from api.graphql.types.alignment import Outcome
from api.graphql.types.initiatives import Initiative
from api.graphql.types.milestones import Milestone
from api.graphql.types.organisation import Team
from api.graphql.types.sources import Source


@strawberry.enum
class HeldDutyKind(Enum):
    """What somebody is there for."""

    OWNS_OUTCOME = "OWNS_OUTCOME"
    REVIEWS_OUTCOME = "REVIEWS_OUTCOME"
    PROMISED = "PROMISED"
    IS_PROMISED = "IS_PROMISED"
    LEADS_TEAM = "LEADS_TEAM"
    OWNS_INITIATIVE = "OWNS_INITIATIVE"
    ANSWERS_FOR_MILESTONE = "ANSWERS_FOR_MILESTONE"
    ANSWERS_FOR_SOURCE = "ANSWERS_FOR_SOURCE"


# As domain/duties.py tells them: a draft is owned by nobody who works on it, but its reviewer is named already.
HELD = (
    "(select 'OWNS_OUTCOME' as kind, o.id as entity_id, o.title, o.id as outcome_id, null::uuid as task_id,"
    " null::uuid as team_id, null::uuid as initiative_id, null::uuid as milestone_id, null::uuid as source_id"
    " from {rows:outcome} o where o.owner_id = {a.person} and o.state in ('ACTIVE', 'PAUSED')"
    " union all select 'REVIEWS_OUTCOME', o.id, o.title, o.id, null, null, null, null, null from {rows:outcome} o"
    " where o.reviewer_id = {a.person} and o.state in ('DRAFT', 'ACTIVE', 'PAUSED')"
    " union all select 'PROMISED', k.id, k.title, null, k.id, null, null, null, null from {rows:task} k"
    " where k.promiser_id = {a.person} and k.state in ('REQUESTED', 'COUNTERED', 'COMMITTED')"
    " union all select 'IS_PROMISED', k.id, k.title, null, k.id, null, null, null, null from {rows:task} k"
    " where (k.beneficiary_id = {a.person} or k.requester_id = {a.person})"
    " and k.state in ('REQUESTED', 'COUNTERED', 'COMMITTED', 'DELIVERED')"
    " union all select 'LEADS_TEAM', t.id, t.name, null, null, t.id, null, null, null from {rows:membership} m"
    " join {rows:team} t on t.id = m.team_id where m.person_id = {a.person} and m.lead"
    " union all select 'OWNS_INITIATIVE', i.id, i.title, null, null, null, i.id, null, null"
    " from {rows:initiative} i where i.owner_id = {a.person} and i.state = 'OPEN'"
    " union all select 'ANSWERS_FOR_MILESTONE', s.id, s.title, null, null, null, null, s.id, null"
    " from {rows:milestone} s where s.owner_id = {a.person} and s.state in ('PLANNED', 'MISSED')"
    " union all select 'ANSWERS_FOR_SOURCE', f.id, coalesce(f.title, lower(replace(f.kind, '_', ' '))),"
    " null, null, null, null, null, f.id from {rows:source} f"
    " where f.person_id = {a.person} and f.state <> 'DISCONNECTED')"
)
HELD_ORDER = order("kind", "title", unique="entity_id uuid")


@stands_on(None)
class HeldDuty:
    """Something that somebody has to take before a person can leave."""

    kind: HeldDutyKind
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    task: Annotated[Task | None, Relation(on="task_id")]
    team: Annotated[Team | None, Relation(on="team_id")]
    initiative: Annotated[Initiative | None, Relation(on="initiative_id")]
    milestone: Annotated[Milestone | None, Relation(on="milestone_id")]
    source: Annotated[Source | None, Relation(on="source_id")]
