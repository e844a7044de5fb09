"""How outcomes and cycles are asked for: their states, filters and orders."""

from datetime import date
from enum import Enum

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Filter, order
from api.graphql.types.labels import TAGGED


@strawberry.enum
class OutcomeState(Enum):
    """Where an outcome stands in its life."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    GRADED = "GRADED"
    CARRIED_OVER = "CARRIED_OVER"
    ABANDONED = "ABANDONED"
    WITHDRAWN = "WITHDRAWN"


@strawberry.enum
class Ambition(Enum):
    """Committed: expected in full. Aspirational: 0.7 is a success."""

    COMMITTED = "COMMITTED"
    ASPIRATIONAL = "ASPIRATIONAL"


@strawberry.enum
class CycleState(Enum):
    """Where a cycle stands in its life."""

    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    IN_REVIEW = "IN_REVIEW"
    CLOSED = "CLOSED"


@strawberry.enum
class Status(Enum):
    """How an outcome stands."""

    ON_TRACK = "ON_TRACK"
    AT_RISK = "AT_RISK"
    OFF_TRACK = "OFF_TRACK"
    TOO_EARLY = "TOO_EARLY"
    OUTDATED = "OUTDATED"
    PENDING = "PENDING"
    CLOSED = "CLOSED"


@strawberry.enum
class OutcomeOrder(Enum):
    """What outcomes are ordered by."""

    TITLE = "TITLE"
    TITLE_DESC = "TITLE_DESC"
    DUE = "DUE"
    DUE_DESC = "DUE_DESC"
    RANK = "RANK"


OUTCOME_ORDERS = {
    "TITLE": order("title"),
    "TITLE_DESC": order("title desc", unique="id uuid desc"),
    "DUE": order("due_on date null"),
    "DUE_DESC": order("due_on date null desc", unique="id uuid desc"),
    "RANK": order("rank int4 null"),
}


@strawberry.input
class OutcomeFilter:
    """Every key that is given has to hold; an explicit null asks for outcomes without such a thing.

    `status` is the one that is shown on the day asked for.
    """

    team: ID | None = UNSET
    owner: ID | None = UNSET
    reviewer: ID | None = UNSET
    cycle: ID | None = UNSET
    state: list[OutcomeState] | None = UNSET
    ambition: list[Ambition] | None = UNSET
    due_from: date | None = UNSET
    due_to: date | None = UNSET
    tag: ID | None = UNSET
    under: ID | None = UNSET
    text: str | None = UNSET
    status: list[Status] | None = UNSET
    reference_system: str | None = UNSET
    reference_id: str | None = UNSET


REFERENCED = "exists (select from {rows:reference} r where r.entity_id = {c}.id and r."
OUTCOME_FILTERS = {
    "filter.status": "outcome_status({org}, {c}.id, {pos}, {on}) = any({v})",
    "filter.referenceSystem": REFERENCED + "system = {v})",
    "filter.referenceId": REFERENCED + "external_id = {v})",
    "filter.tag": TAGGED,
    "filter.under": "{c}.team_id in (select b.id from teams_below({org}, {v}, {pos}) b)",
    "filter.text": "position(lower({v}) in lower({c}.title)) > 0",
    "filter.team": Filter("{c}.team_id = {v}", null="{c}.team_id is null"),
    "filter.owner": Filter("{c}.owner_id = {v}", null="{c}.owner_id is null"),
    "filter.reviewer": Filter("{c}.reviewer_id = {v}", null="{c}.reviewer_id is null"),
    "filter.cycle": Filter("{c}.cycle_id = {v}", null="{c}.cycle_id is null"),
    "filter.state": "{c}.state = any({v})",
    "filter.ambition": "{c}.ambition = any({v})",
    "filter.dueFrom": "{c}.due_on >= {v}",
    "filter.dueTo": "{c}.due_on <= {v}",
}
