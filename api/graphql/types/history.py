"""What was recorded: every event with who, when, why, and what changed."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Here, NotCompiled, Probe, Relation, mapped, order, stands_on
from api.graphql.scalars import JSON, Position
from api.graphql.types.common import Connection, Node

# A value that names what the viewer may not see is not told, though that it changed is.
NAMES_HIDDEN = (
    "exists (select from"
    " regexp_matches({value}::text, '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', 'g') m (id)"
    " where m.id[1]::uuid in {hidden} or outcome_of({org}, m.id[1]::uuid) in {hidden})"
)
CHANGES = "history_changes({org}, {t}.entity_id, {t}.position)"
COMPARED = "compared({org}, {t}.entity_id, {t}.from_position, {t}.to_position)"


def _veiled(told: str, more: str = "") -> str:
    """What a function tells of a field before and after, without what names the hidden."""
    values = (
        f"case when {NAMES_HIDDEN.replace('{value}', f'h.{one}')} then null else h.{one} end as {one}"
        for one in ("before", "after")
    )
    return f"(select h.field{more}, {', '.join(values)} from {told} h)"


ENTRY_ORDER = order("{l}.position int8", unique="{l}.entry_id uuid")
WHOLE_ORDER = order("position int8", unique="id uuid")
CORRECTS = (
    "(select max(x.position) from {rows:entry} x where x.entity_id = {t}.entity_id and x.position < {t}.position"
    " and x.type = any(corrected_types({t}.type)))"
)
CORRECTED_BY = (
    "(select min(x.position) from {rows:entry} x where x.entity_id = {t}.entity_id and x.position > {t}.position"
    " and {t}.type = any(corrected_types(x.type)))"
)
SENTENCE = (
    "told_sentence({org}, {t}.position, language_of({a.language},"
    " (select f.language from {rows:preferences} f where f.id = {viewer.person})), array{hidden})"
)


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


@stands_on("api_key")
class HistoryKey:
    """The API key that something came by."""

    id: ID
    name: str


@stands_on(None)
class RecordedBy:
    """The command that recorded it; events of one command have its id in common."""

    id: Annotated[ID, Column("command_id")]
    name: Annotated[
        str | None,
        Expr("command_of({org}, {t}.position)", price=3),
        "Told from what can record such an event and what was recorded with it: the plainest command that explains it.",
    ]
    correlation_id: ID
    causation_id: ID


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
    key: Annotated[HistoryKey | None, Relation(on="key_id"), "By which key it came; not known of every person's."]
    command: Annotated[RecordedBy, Here()]
    reason: str | None
    corrects: Annotated[Position | None, Expr(CORRECTS, price=3), "The position of what it puts right."]
    corrected_by: Annotated[Position | None, Expr(CORRECTED_BY, price=3), "The position of what puts it right."]
    changes: Annotated[
        list[Change],
        Relation(
            source=CHANGES,
            veiled=_veiled(CHANGES),
            order=order(unique="field"),
            typical=5,
        ),
        "What it changed of what it is about.",
    ]

    @mapped(Expr(SENTENCE, price=20))
    def sentence(self, language: str | None = UNSET) -> str:
        """It as one tells it to a person: in this language, or the one that you prefer, or English; with the names that
        stood then."""
        raise NotCompiled


@strawberry.input(description="Which of what was recorded; all that is given has to hold.")
class HistoryFilter:
    """Which entries."""

    actor: ID | None = strawberry.field(default=UNSET, description="Recorded by this person or key, or by this key.")
    kinds: list[str] | None = strawberry.field(
        default=UNSET, description="Of these types, such as task.delivered, or first words of types, such as reading."
    )
    about: ID | None = strawberry.field(default=UNSET, description="About this itself.")
    recorded_from: datetime | None = strawberry.field(default=UNSET, description="Recorded then or later.")
    recorded_to: datetime | None = strawberry.field(default=UNSET, description="Recorded before then.")


OVERSEES = "{viewer.role} in ('OWNER', 'AUDITOR')"
# Who used which key when is for those who answer for it.
TOLD_TO_VIEWER = "({c}.type not like 'access.%' or " + OVERSEES + ")"
OF_ACCESS = "split_part({c}.type, '.', 1) in ('access', 'api-key', 'role', 'identity') and " + OVERSEES
HISTORY_FILTERS = {
    "filter.actor": "{c}.actor_id = {v} or {c}.key_id = {v}",
    "filter.kinds": "{c}.type = any({v}) or split_part({c}.type, '.', 1) = any({v})",
    "filter.about": "{c}.entity_id = {v}",
    "filter.recordedFrom": "{c}.recorded_at >= {v}",
    "filter.recordedTo": "{c}.recorded_at < {v}",
}


LAST_ENTRY = "(select max(x.position) from {rows:entry} x)"
COMPARISON = (
    "(select {a.entity} as entity_id,"
    " least(coalesce({a.from_position}, position_at({org}, {a.from_time}), 0), l.position) as from_position,"
    " least(coalesce({a.to_position}, case when {a.to_time} is not null then position_at({org}, {a.to_time}) end,"
    " l.position), l.position) as to_position"
    " from (select " + LAST_ENTRY + " as position) l"
    " where exists (select from {rows:entry} x where x.entity_id = {a.entity}))"
)


@stands_on(None)
class FieldCompared:
    """A field of something, at two positions."""

    field: str
    before: JSON | None
    after: JSON | None
    changed: bool


@stands_on(None)
class Comparison:
    """Something at two positions of the ledger."""

    entity_id: ID
    entity: Annotated[Node | None, Probe("{t}.entity_id"), "As it is now, or as of when is asked."]
    from_position: Position
    to_position: Position

    @mapped(
        Relation(
            source=COMPARED,
            veiled=_veiled(COMPARED, ", h.changed"),
            filters={"changed": "{c}.changed = {v}"},
            order=order(unique="field"),
            typical=15,
        )
    )
    def fields(self, changed: bool | None = UNSET) -> list[FieldCompared]:
        """Every field before and after; null where the whole did not stand. `changed` asks for those that did, or
        did not."""
        raise NotCompiled

    @mapped(
        Relation(
            where="{c}.entity_id = {t}.entity_id and {c}.position > {t}.from_position"
            " and {c}.position <= {t}.to_position and " + TOLD_TO_VIEWER,
            order=WHOLE_ORDER,
            typical=20,
        )
    )
    def events(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """What was recorded about it in between."""
        raise NotCompiled
