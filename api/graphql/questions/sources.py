"""Root question: what readings come from by themselves, and whether they do."""

from strawberry import UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.sources import SOURCE_FILTERS, SOURCE_ORDER, Source, SourceFilter


@stands_on(None)
class SourceQuestions:
    """What readings come from by themselves."""

    @mapped(Relation(filters=SOURCE_FILTERS, order=SOURCE_ORDER, typical=5))
    def sources(
        self,
        *,
        filter: SourceFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Source]:
        """Those of what you may see; how each does is told as it stands now, for it is no part of the record."""
        raise NotCompiled
