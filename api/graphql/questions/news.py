"""Root questions: what changed, and what is new of what somebody cares for."""

from datetime import date

from strawberry import UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.scalars import Position
from api.graphql.types.announcements import PUBLIC_EVENTS, PUBLIC_FILTERS, PUBLIC_ORDER, PublicEvent, PublicEventFilter
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.history import HistoryEntry
from api.graphql.types.news import (
    CHANGE_ORDER,
    FEED_FILTERS,
    FOLLOWING_ORDER,
    NEWS_ORDER,
    EntityChange,
    FeedScope,
    Following,
)


@stands_on(None)
class NewsQuestions:
    """What changed, and what is new of what somebody cares for."""

    @mapped(Relation(where="{c}.position > {a.since} and is_news({c}.type)", order=CHANGE_ORDER, typical=50))
    def changes(
        self,
        *,
        since: Position,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[EntityChange]:
        """What was recorded after a position, in order; the last position of a page is where to go on.

        Keys, roles, identities and preferences are left out.
        """
        raise NotCompiled

    @mapped(Relation(where="is_news({c}.type)", order=NEWS_ORDER, filters=FEED_FILTERS, typical=50))
    def feed(
        self,
        *,
        scope: FeedScope,
        types: list[str] | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """The news of a team, a person, an outcome, a cycle, or of what you follow; the latest first."""
        raise NotCompiled

    @mapped(Relation(where="{c}.person_id = {viewer.person}", order=FOLLOWING_ORDER, typical=20))
    def following(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Following]:
        """What you follow, the latest first."""
        raise NotCompiled

    @mapped(Relation(source=PUBLIC_EVENTS, filters=PUBLIC_FILTERS, order=PUBLIC_ORDER, typical=50))
    def public_events(
        self,
        *,
        since: Position,
        filter: PublicEventFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[PublicEvent]:
        """What happened after a position, in order, as webhooks tell it; the subscription `changes` goes on with it."""
        raise NotCompiled
