"""Root questions: whether the outcomes are moving."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.indicators import INDICATOR_FILTERS, INDICATOR_ORDERS, Indicator, IndicatorFilter, IndicatorOrder
from api.graphql.types.progress import Measure


@stands_on(None)
class ProgressQuestions:
    """Whether the outcomes are moving."""

    @mapped(Relation(where=BY_ID))
    def measure(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Measure | None:
        """One measure."""
        raise NotCompiled

    @mapped(Relation(where=BY_ID))
    def indicator(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Indicator | None:
        """One indicator."""
        raise NotCompiled

    @mapped(Relation(order=INDICATOR_ORDERS, filters=INDICATOR_FILTERS, typical=20))
    def indicators(
        self,
        *,
        filter: IndicatorFilter | None = UNSET,
        order_by: IndicatorOrder = IndicatorOrder.TITLE,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Indicator]:
        """The evergreen figures of the organisation."""
        raise NotCompiled
