"""What was recorded: every event with who, when, why, and what changed."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID

from api.graphql.mapping import Column, Expr, Here, Probe, Relation, order, stands_on
from api.graphql.scalars import JSON, Position
from api.graphql.types.common import Node

# A value that names what the viewer may not see is not told, though that it changed is.
NAMES_HIDDEN = (
    "exists (select from"
    " regexp_matches({value}::text, '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', 'g') m (id)"
    " where m.id[1]::uuid in {hidden} or outcome_of({org}, m.id[1]::uuid) in {hidden})"
)
VEILED_CHANGES = (
    "(select h.field, "
    + ", ".join(
        f"case when {NAMES_HIDDEN.replace('{value}', f'h.{one}')} then null else h.{one} end as {one}"
        for one in ("before", "after")
    )
    + " from history_changes({org}, {t}.entity_id, {t}.position) h)"
)
ENTRY_ORDER = order("{l}.position int8", unique="{l}.entry_id uuid")


@strawberry.enum
class ActorKind(Enum):
    """Who can record something."""

    PERSON = "PERSON"
    KEY = "KEY"
    SYSTEM = "SYSTEM"


@stands_on(None)
class Actor:
    """Who recorded it: a person, an API key, or the system."""

    kind: Annotated[ActorKind, Expr("upper(split_part({t}.actor, ':', 1))", price=1)]
    id: Annotated[ID | None, Column("actor_id")]
    name: Annotated[
        str | None,
        Expr(
            "coalesce((select p.name from {rows:person} p where p.id = {t}.actor_id),"
            " (select k.name from {rows:api_key} k where k.id = {t}.actor_id))"
        ),
    ]


@stands_on(None)
class Change:
    """A field and what it was before and after."""

    field: str
    before: JSON | None
    after: JSON | None


@stands_on("entry")
class HistoryEntry:
    """An event."""

    id: ID
    position: Position
    type: str
    entity_id: ID
    entity: Annotated[Node | None, Probe("{t}.entity_id"), "What it is about."]
    recorded_at: datetime
    occurred_at: datetime
    actor: Annotated[Actor, Here()]
    reason: str | None
    changes: Annotated[
        list[Change],
        Relation(
            source="history_changes({org}, {t}.entity_id, {t}.position)",
            veiled=VEILED_CHANGES,
            order=order(unique="field"),
            typical=5,
        ),
        "What it changed of what it is about.",
    ]
