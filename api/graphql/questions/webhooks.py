"""Root questions: where what happens is sent, and whether it arrived."""

from strawberry import UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.webhooks import (
    DELIVERY_FILTERS,
    DELIVERY_ORDER,
    THEIRS,
    VEILED_DELIVERIES,
    WEBHOOK_FILTERS,
    WEBHOOK_ORDER,
    WHOLE_DELIVERIES,
    Delivery,
    DeliveryFilter,
    Webhook,
    WebhookFilter,
)


@stands_on(None)
class WebhookQuestions:
    """Where what happens is sent, and whether it arrived."""

    @mapped(Relation(where=THEIRS, filters=WEBHOOK_FILTERS, order=WEBHOOK_ORDER, typical=5))
    def webhooks(
        self,
        *,
        filter: WebhookFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Webhook]:
        """Those that you have subscribed; an owner of the organisation is told all."""
        raise NotCompiled

    @mapped(
        Relation(
            source=WHOLE_DELIVERIES,
            veiled=VEILED_DELIVERIES,
            filters=DELIVERY_FILTERS,
            order=DELIVERY_ORDER,
            typical=50,
        )
    )
    def deliveries(
        self,
        *,
        filter: DeliveryFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Delivery]:
        """What went out to them in thirty days, or waits to, the latest first. Of those webhooks that you had then, and
        as the deliveries stand now: they are no part of the record."""
        raise NotCompiled
