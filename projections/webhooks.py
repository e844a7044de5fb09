"""Webhooks as they are subscribed: where to, of what, in whose eyes."""

from collections.abc import Iterator

from domain.webhooks import (
    WebhookDisabled,
    WebhookPaused,
    WebhookRemoved,
    WebhookResumed,
    WebhookRevised,
    WebhookSecretRotated,
    WebhookState,
    WebhookSubscribed,
)
from projections.rows import Recorded, Revision, Table, insert, revise

WEBHOOK = Table(
    "webhook",
    (
        "title",
        "receiver",
        "kinds",
        "mode",
        "ordered",
        "team_id",
        "outcome_id",
        "person_id",
        "api_key_id",
        "state",
        "because",
        "secret_id",
        "former_secret_id",
        "former_until",
    ),
)
TABLES = (WEBHOOK,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a webhook becomes."""
    match recorded.event:
        case WebhookSubscribed() as event:
            yield insert(
                WEBHOOK, event.webhook_id, state=WebhookState.ACTIVE.value, secret_id=event.secret_id, **_told(event)
            )
        case WebhookRevised() as event:
            yield revise(WEBHOOK, event.webhook_id, **_told(event))
        case WebhookSecretRotated() as event:
            yield revise(
                WEBHOOK,
                event.webhook_id,
                former_secret_id=event.former_secret_id,
                former_until=event.former_until,
                secret_id=event.secret_id,
            )
        case WebhookPaused() as event:
            yield revise(WEBHOOK, event.webhook_id, state=WebhookState.PAUSED.value, because=event.reason)
        case WebhookDisabled() as event:
            yield revise(WEBHOOK, event.webhook_id, state=WebhookState.DISABLED.value, because=event.because.value)
        case WebhookResumed() as event:
            yield revise(WEBHOOK, event.webhook_id, state=WebhookState.ACTIVE.value, because=None)
        case WebhookRemoved() as event:
            yield revise(WEBHOOK, event.webhook_id, state=WebhookState.REMOVED.value, because=event.reason)
        case _:
            return


def _told(event: WebhookSubscribed | WebhookRevised) -> dict[str, object]:
    return {
        "title": event.title,
        "receiver": event.receiver,
        "kinds": list(event.kinds),
        "mode": event.mode.value,
        "ordered": event.ordered,
        "team_id": event.team_id,
        "outcome_id": event.outcome_id,
        "person_id": event.person_id,
        "api_key_id": event.api_key_id,
    }
