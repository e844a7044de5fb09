"""Sources: what measures and indicators get their readings from by themselves, and how each does."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Relation, order, stands_on
from api.graphql.types.common import Node
from api.graphql.types.indicators import Indicator
from api.graphql.types.organisation import Person
from api.graphql.types.progress import Measure

# A path may hold a secret, and a query always might.
MASKED = (
    "regexp_replace(split_part({t}.address, '?', 1), '^(https?://[^/]*/?[^/]{0,4}).*$', '\\1')"
    " || case when {t}.address ~ '^https?://[^/]*/?[^/?]{0,4}$' then '' else '…' end"
)
KEY_PREFIX = "'hw_src_' || {t}.lookup"
HEALTH = (
    "(select e.* from edge.source_state e where e.organisation_id = {org} and e.source_id = {t}.id"
    " and {t}.state <> 'DISCONNECTED')"
)


@strawberry.enum
class SourceKind(Enum):
    """How readings come: somebody sends JSON or CSV, or we fetch JSON from an address or rows from a database."""

    PUSH_JSON = "PUSH_JSON"
    PUSH_CSV = "PUSH_CSV"
    PULL_HTTP = "PULL_HTTP"
    PULL_SQL = "PULL_SQL"


@strawberry.enum
class SourceState(Enum):
    """Whether what a source tells counts."""

    CONNECTED = "CONNECTED"
    PAUSED = "PAUSED"
    DISCONNECTED = "DISCONNECTED"


@stands_on(None)
class SourceHealth:
    """How a source does, as it stands now: no part of the record."""

    heard_at: Annotated[datetime | None, "When it told something last, new or not."]
    last_reading_at: Annotated[datetime | None, "When a reading came of it last."]
    last_error: Annotated[str | None, "What was wrong the last time; null where all was well."]
    last_error_at: datetime | None
    next_at: Annotated[datetime | None, Column("due_at"), "When it is fetched from next; null for one that sends."]


@stands_on("source")
class Source(Node):
    """What a measure or an indicator gets its readings from. Its key is shown once, when it is made."""

    id: ID
    title: str | None
    kind: SourceKind
    state: SourceState
    because: Annotated[str | None, "Why it was paused or disconnected."]
    measure: Annotated[Measure | None, Relation(on="measure_id"), "What it feeds; or"]
    indicator: Annotated[Indicator | None, Relation(on="indicator_id")]
    person: Annotated[Person | None, Relation(on="person_id"), "Who answers for it: who connected it, or took it over."]
    value_at: Annotated[str, "Where a value stands: a JSON Pointer, or a column."]
    day_at: str | None
    id_at: str | None
    items_at: Annotated[str | None, "Where the list of readings stands, if there are several."]
    address: Annotated[str | None, Expr(MASKED, price=1), "Its beginning: the rest may be secret."]
    connection: Annotated[str | None, "The database, or what the address is shown, by the operator's name for it."]
    query: str | None
    every_minutes: int | None
    expect_every_hours: Annotated[int | None, "Longer without a word is silence."]
    silent_since: Annotated[
        datetime | None, "It has told nothing since then, and should have; noted by the timekeeper."
    ]
    key_prefix: Annotated[str | None, Expr(KEY_PREFIX, price=1), "What its key begins with; null for one that signs."]
    former_key_until: Annotated[
        datetime | None, Column("former_until"), "The former key, or secret, holds as well until then."
    ]
    health: Annotated[SourceHealth | None, Relation(source=HEALTH), "Null before it has told anything."]


@strawberry.input(description="Which sources; all that is given has to hold.")
class SourceFilter:
    """In a state, of a measure or an indicator, silent or not."""

    state: list[SourceState] | None = UNSET
    measure: ID | None = UNSET
    indicator: ID | None = UNSET
    silent: bool | None = UNSET


SOURCE_FILTERS = {
    "filter.state": "{c}.state = any({v})",
    "filter.measure": "{c}.measure_id = {v}",
    "filter.indicator": "{c}.indicator_id = {v}",
    "filter.silent": "({c}.silent_since is not null) = {v}",
}
SOURCE_ORDER = order("title text null", unique="id uuid")
