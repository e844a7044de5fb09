"""Webhooks and what became of each delivery: told to whoever subscribed them, and to the organisation's owners."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from api.graphql.mapping import Column, Expr, Relation, order, stands_on
from api.graphql.scalars import JSON, Position
from api.graphql.types.alignment import Outcome
from api.graphql.types.history import NAMES_HIDDEN, HistoryKey
from api.graphql.types.organisation import Person, Team

THEIRS = "({c}.person_id = {viewer.person} or {c}.api_key_id = {viewer.key} or {viewer.role} = 'OWNER')"
# A path may hold a secret of the receiver's, and its query always might.
MASKED = (
    "regexp_replace(split_part(split_part({t}.receiver, '?', 1), '#', 1), '^(https?://[^/]*/?[^/]{0,4}).*$', '\\1')"
    " || case when {t}.receiver ~ '^https?://[^/]*/?[^/?]{0,4}$' then '' else '…' end"
)
HEALTH = (
    "(select e.*, (select count(*)::int from outbox.delivery d"
    " where d.organisation_id = {org} and d.webhook_id = e.webhook_id and d.state in ('DUE', 'SENT')) as waiting,"
    " case when e.open_until > now() then e.open_until end as rests_until"
    " from outbox.endpoint e where e.organisation_id = {org} and e.webhook_id = {t}.id)"
)
DELIVERIES = (
    "(select d.*, e.kind, e.about_id, e.occurred_at, %s as data, w.person_id"
    " from outbox.delivery d"
    " join outbox.event e on e.organisation_id = d.organisation_id and e.position = d.position and e.nth = d.nth"
    " join {rows:webhook} w on w.id = d.webhook_id%s"
    " where d.organisation_id = {org} and " + THEIRS.replace("{c}", "w") + "%s)"
)
WHOLE_DELIVERIES = DELIVERIES % ("e.data::json", "", "")
# What was delivered before an outcome was hidden is told no more; a promise without what it serves.
VEILED_DELIVERIES = DELIVERIES % (
    "case when s.veiled then (e.data::jsonb || jsonb_build_object('outcomeId', null))::json else e.data::json end",
    " cross join lateral (select coalesce(e.outcome_id in {hidden}, false)"
    f" or {NAMES_HIDDEN.replace('{value}', 'e.data')} as veiled) s",
    " and (e.kind ^@ 'commitment.' or not s.veiled)",
)
DELIVERY_ORDER = order("created_at timestamptz desc", "sequence int8 desc", unique="webhook_id uuid")
ATTEMPTS = (
    "(select a.* from outbox.attempt a"
    " where a.organisation_id = {org} and a.webhook_id = {t}.webhook_id and a.sequence = {t}.sequence)"
)


@strawberry.enum
class WebhookState(Enum):
    """Whether deliveries go out."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    REMOVED = "REMOVED"


@strawberry.enum
class WebhookMode(Enum):
    """What a delivery carries."""

    THIN = "THIN"
    FULL = "FULL"


@strawberry.enum
class DeliveryState(Enum):
    """Where a delivery stands: due, on its way, taken, or given up."""

    DUE = "DUE"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    EXHAUSTED = "EXHAUSTED"


@stands_on(None)
class WebhookHealth:
    """How the receiver does."""

    sequence: Annotated[Position, "The last number given; it counts the deliveries of this webhook without a gap."]
    epoch: Annotated[
        int, "Another one: the numbers do not continue what was, for the filter changed or some were skipped."
    ]
    waiting: Annotated[int, "Deliveries that are due or on their way."]
    failed: Annotated[int, "Tries since the last one that was taken."]
    failing_since: datetime | None
    rests_until: Annotated[datetime | None, "Nothing is sent before, for it failed too often, or asked for it."]


@stands_on(None)
class DeliveryAttempt:
    """A try and what was answered."""

    attempt: int
    tried_at: datetime
    result: Annotated[
        str,
        "accepted, refused, timed_out, tls, not_allowed, http_ and the status; or withheld, and nothing was sent:"
        " whoever it is for may not see it any more.",
    ]
    status: int | None
    milliseconds: float
    excerpt: Annotated[str | None, "The first of what was answered."]


@stands_on(None)
class Delivery:
    """A public event on its way to a webhook."""

    id: Annotated[ID, Column("message_id"), "As in the header webhook-id, after msg_ and without strokes."]
    webhook_id: ID
    sequence: Position
    epoch: int
    position: Annotated[Position, "Of the event that it tells of."]
    kind: Annotated[str, "The public event, as /webhooks/events lists them."]
    about_id: ID
    data: Annotated[JSON, "What a thin delivery says of it."]
    state: DeliveryState
    attempts_made: Annotated[int, Column("attempt")]
    due_at: Annotated[datetime, "When it is tried next, or was last."]
    created_at: datetime
    ended_at: datetime | None
    attempts: Annotated[
        list[DeliveryAttempt], Relation(source=ATTEMPTS, order=order(unique="tried_at timestamptz"), typical=2)
    ]


@stands_on("webhook")
class Webhook:
    """Where what happens is sent. Its secret is shown once, when it is made, and never again."""

    id: ID
    title: str | None
    receiver: Annotated[str, Expr(MASKED, price=1), "Its beginning: the rest may be secret."]
    kinds: list[str]
    mode: WebhookMode
    ordered: bool
    state: WebhookState
    because: Annotated[str | None, "Why it rests, was disabled or removed."]
    team: Annotated[Team | None, Relation(on="team_id")]
    outcome: Annotated[Outcome | None, Relation(on="outcome_id")]
    person: Annotated[Person | None, Relation(on="person_id"), "It carries what they may see, while they are there."]
    key: Annotated[
        HistoryKey | None,
        Relation(on="api_key_id"),
        "And no more than this key may, which they used; or, of no person, what it may, as long as it holds.",
    ]
    former_secret_until: Annotated[
        datetime | None, Column("former_until"), "Deliveries are signed with the former secret as well until then."
    ]
    health: Annotated[WebhookHealth | None, Relation(source=HEALTH)]


@strawberry.input(description="Which webhooks.")
class WebhookFilter:
    """Those that stand so."""

    state: list[WebhookState] | None = UNSET


@strawberry.input(description="Which deliveries; all that is given has to hold.")
class DeliveryFilter:
    """Of one webhook, of a kind, in a state."""

    webhook: ID | None = UNSET
    state: list[DeliveryState] | None = UNSET
    kind: str | None = UNSET
    about: ID | None = UNSET


WEBHOOK_FILTERS = {"filter.state": "{c}.state = any({v})"}
DELIVERY_FILTERS = {
    "filter.webhook": "{c}.webhook_id = {v}",
    "filter.state": "{c}.state = any({v})",
    "filter.kind": "{c}.kind = {v}",
    "filter.about": "{c}.about_id = {v}",
}
WEBHOOK_ORDER = order("title text null", unique="id uuid")
