"""Root questions: what was celebrated, and what is worth it."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, stands_on
from api.graphql.types.celebrations import (
    BY_THE_DAY,
    CELEBRATION_FILTERS,
    CELEBRATION_ORDER,
    WORTH,
    WORTH_ORDER,
    WORTH_VEILED,
    Celebration,
    CelebrationFilter,
    WorthCelebrating,
)
from api.graphql.types.common import AsOf, Connection


@stands_on(None)
class CelebrationQuestions:
    """What was celebrated, and what is worth it."""

    @mapped(Relation(where=BY_ID))
    def celebration(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Celebration | None:
        """One celebration."""
        raise NotCompiled

    @mapped(Relation(where=BY_THE_DAY, order=CELEBRATION_ORDER, filters=CELEBRATION_FILTERS, typical=20))
    def celebrations(
        self,
        *,
        filter: CelebrationFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Celebration]:
        """What was celebrated by the day, the latest first."""
        raise NotCompiled

    @mapped(Relation(source=WORTH, veiled=WORTH_VEILED, order=WORTH_ORDER, typical=20))
    def worth_celebrating(
        self,
        *,
        days: int = 30,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[WorthCelebrating]:
        """What came about in so many days up to the day, is worth celebrating, and was not celebrated by then; the
        latest first. 366 days at most."""
        raise NotCompiled
