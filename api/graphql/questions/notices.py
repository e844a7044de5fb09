"""Root questions: how somebody is told."""

from strawberry import UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.notices import CHANNEL_ORDER, NoticeChannel


@stands_on(None)
class NoticeQuestions:
    """How somebody is told."""

    @mapped(Relation(where="{c}.person_id = {viewer.person}", order=CHANNEL_ORDER, typical=2))
    def notices(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[NoticeChannel]:
        """By which ways you are told what waits for you, by channel; `setNotices` says so."""
        raise NotCompiled
