"""Root questions: the vocabulary of tags."""

from strawberry import UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.labels import TAG_ORDER, Tag


@stands_on(None)
class LabelsQuestions:
    """The vocabulary of tags."""

    @mapped(Relation(order=TAG_ORDER, typical=50))
    def tags(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[Tag]:
        """The tags that entities may bear, by name."""
        raise NotCompiled
