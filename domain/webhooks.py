"""Webhooks: where what happens is sent, of what kinds, and whose eyes it is seen with. No secret is ever recorded: it
is made of the installation's own and the id that an event names."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.kernel import OWN, ApiKeyId, Event, Fold, OutcomeId, PersonId, RosterId, TeamId, WebhookId
from domain.rosters import Rostered, roster_of
from domain.values import Reason, Title

NIL = UUID(int=0)
MOST_WEBHOOKS = 500  # of an organisation: each is looked at for every event that happens

Receiver = Annotated[str, msgspec.Meta(min_length=8, max_length=2_000, pattern=r"^https?://[^\s/]\S*$(?!\n)")]
Kinds = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z_]+\.(\*|[a-z_]+))$(?!\n)", max_length=100)], ...],
    msgspec.Meta(min_length=1, max_length=100, description="Names of public events, `milestone.*`, or `*`"),
]


class Mode(StrEnum):
    """What a delivery carries: ids and small facts, or as well what it is about as it stood, what changed, and the
    sentence of the history."""

    THIN = "THIN"
    FULL = "FULL"


class DisabledBecause(StrEnum):
    """Why nothing is sent any more."""

    GONE = "GONE"  # the receiver answered 410
    FAILING = "FAILING"


class Missed(StrEnum):
    """What becomes of what happened while a webhook rested."""

    SEND = "SEND"
    SKIP = "SKIP"


class WebhookSubscribed(Event, frozen=True, tag="webhook.subscribed"):
    """What happens from now on, as far as the person or the key may see it, is sent to a receiver."""

    version: ClassVar[int] = 2

    webhook_id: WebhookId
    receiver: Receiver
    kinds: Kinds
    secret_id: UUID
    mode: Mode
    ordered: bool  # each waits until the one before it was taken
    title: Title | None = None
    team_id: TeamId | None = None  # with those below
    outcome_id: OutcomeId | None = None
    person_id: PersonId | None = None
    api_key_id: ApiKeyId | None = None  # of a program, or which the person used
    roster_id: RosterId | None = None


class WebhookRevised(Event, frozen=True, tag="webhook.revised"):
    """All of a webhook as it is from now on; whoever revised it sees for it."""

    webhook_id: WebhookId
    receiver: Receiver
    kinds: Kinds
    mode: Mode
    ordered: bool
    title: Title | None = None
    team_id: TeamId | None = None
    outcome_id: OutcomeId | None = None
    person_id: PersonId | None = None
    api_key_id: ApiKeyId | None = None


class WebhookTested(Event, frozen=True, tag="webhook.tested"):
    """Somebody wants to see whether a delivery arrives."""

    webhook_id: WebhookId


class WebhookSecretRotated(Event, frozen=True, tag="webhook.secret-rotated"):
    """Deliveries are signed with another secret, and with the former one as well until a moment."""

    webhook_id: WebhookId
    secret_id: UUID
    former_secret_id: UUID
    former_until: datetime


class WebhookPaused(Event, frozen=True, tag="webhook.paused"):
    """Nothing is sent for a while."""

    webhook_id: WebhookId
    reason: Annotated[Reason, OWN] | None = None


class WebhookResumed(Event, frozen=True, tag="webhook.resumed"):
    """Deliveries go out again; with what was missed, or without."""

    webhook_id: WebhookId
    missed: Missed


class WebhookRemoved(Event, frozen=True, tag="webhook.removed"):
    """Nothing is sent ever again."""

    version: ClassVar[int] = 2

    webhook_id: WebhookId
    reason: Annotated[Reason, OWN] | None = None
    roster_id: RosterId | None = None


class WebhookRedelivered(Event, frozen=True, tag="webhook.redelivered"):
    """What was sent, or had happened before the webhook was there, goes out again: one delivery, or all from a position
    or a moment on."""

    webhook_id: WebhookId
    sequence: int | None = None
    since_position: int | None = None
    since: datetime | None = None
    failed_only: bool = False


class WebhookDisabled(Event, frozen=True, tag="webhook.disabled"):
    """Nothing is sent any more until somebody resumes the webhook."""

    webhook_id: WebhookId
    because: DisabledBecause


WebhookEvent = (
    WebhookSubscribed
    | WebhookRevised
    | WebhookTested
    | WebhookSecretRotated
    | WebhookPaused
    | WebhookResumed
    | WebhookRemoved
    | WebhookRedelivered
    | WebhookDisabled
)


class WebhookState(StrEnum):
    """Whether deliveries go out."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    REMOVED = "REMOVED"


class Webhook(Fold[WebhookEvent]):
    """A webhook as it stands."""

    def __init__(self, webhook_id: UUID) -> None:
        super().__init__(webhook=webhook_id)
        self.told: WebhookSubscribed | WebhookRevised | None = None
        self.secret_id = NIL
        self.state = WebhookState.ACTIVE

    def fold(self, event: WebhookEvent) -> None:
        match event:
            case WebhookSubscribed():
                self.told, self.secret_id = event, event.secret_id
            case WebhookRevised():
                self.told = event
            case WebhookSecretRotated():
                self.secret_id = event.secret_id
            case WebhookPaused():
                self.state = WebhookState.PAUSED
            case WebhookDisabled():
                self.state = WebhookState.DISABLED
            case WebhookResumed():
                self.state = WebhookState.ACTIVE
            case WebhookRemoved():
                self.state = WebhookState.REMOVED
            case _:
                pass


class Webhooks(Fold[WebhookSubscribed | WebhookRemoved]):
    """The webhooks that an organisation has."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(roster=roster_of(organisation_id, Rostered.WEBHOOKS))
        self.webhook_ids: set[UUID] = set()

    def fold(self, event: WebhookSubscribed | WebhookRemoved) -> None:
        match event:
            case WebhookSubscribed():
                self.webhook_ids.add(event.webhook_id)
            case WebhookRemoved():
                self.webhook_ids.discard(event.webhook_id)
