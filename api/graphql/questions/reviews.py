"""Root questions: what became of a cycle."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.common import AsOf
from api.graphql.types.cycle_review import CycleReview

COMPARED = "(select y.id as cycle_id, y.starts_on from {rows:cycle} y where y.id in ({a.former}, {a.later}))"


@stands_on(None)
class ReviewQuestions:
    """What became of a cycle."""

    @mapped(Relation(source="(select y.id as cycle_id from {rows:cycle} y where y.id = {a.cycle})"))
    def cycle_review(self, cycle: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> CycleReview | None:
        """What its closing review tells, at any moment before, in and after it."""
        raise NotCompiled

    @mapped(Relation(source=COMPARED, order=order("starts_on date", unique="cycle_id uuid"), typical=2))
    def compare_cycles(
        self, former: ID, later: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET
    ) -> list[CycleReview]:
        """The reviews of two cycles side by side, the earlier first."""
        raise NotCompiled
