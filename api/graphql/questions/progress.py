"""Root questions: whether the outcomes are moving."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf
from api.graphql.types.progress import Measure


@stands_on(None)
class ProgressQuestions:
    """Whether the outcomes are moving."""

    @mapped(Relation(where=BY_ID))
    def measure(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Measure | None:
        """One measure."""
        raise NotCompiled
