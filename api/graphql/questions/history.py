"""Root questions: what was recorded."""

from datetime import date, datetime

from strawberry import ID, UNSET

from api.graphql.mapping import Link, NotCompiled, Probe, Relation, mapped, stands_on
from api.graphql.scalars import Position
from api.graphql.types.common import AsOf, Connection, Node
from api.graphql.types.history import (
    COMPARISON,
    ENTRY_ORDER,
    HISTORY_FILTERS,
    OF_ACCESS,
    TOLD_TO_VIEWER,
    WHOLE_ORDER,
    Comparison,
    HistoryEntry,
    HistoryFilter,
)
from api.graphql.types.news import NEWS_ORDER

BEARER = "(select r.entity_id from {rows:reference} r where r.system = {a.system} and r.external_id = {a.id})"
OF_WHOLE = (
    "{c}.id in (select k.entry_id from {rows:concerned} k where k.id in"
    " (select p.id from parts_of({org}, {a.entity}) p))"
)


@stands_on(None)
class HistoryQuestions:
    """What was recorded."""

    @mapped(
        Relation(
            via=Link("concerned", "", "entry_id", "{l}.id = {a.entity}"),
            where=TOLD_TO_VIEWER,
            order=ENTRY_ORDER,
            filters=HISTORY_FILTERS,
            typical=50,
        )
    )
    def history(
        self,
        *,
        entity: ID,
        filter: HistoryFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """Everything that was recorded of something, in order: each event that names it."""
        raise NotCompiled

    @mapped(Relation(where=f"{OF_WHOLE} and {TOLD_TO_VIEWER}", order=WHOLE_ORDER, filters=HISTORY_FILTERS, typical=100))
    def whole_history(
        self,
        *,
        entity: ID,
        filter: HistoryFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """The history of something and of all that belongs to it: an outcome's measures, readings, boundaries,
        check-ins, milestones and tasks, and what was said, tagged and linked of any of them."""
        raise NotCompiled

    @mapped(Relation(where=OF_ACCESS, order=NEWS_ORDER, filters=HISTORY_FILTERS, typical=50))
    def audit(
        self,
        *,
        filter: HistoryFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """Who was let in, as what and by which key, who came, and who was kept out; the latest first. Only owners and
        auditors are told."""
        raise NotCompiled

    @mapped(Relation(source=COMPARISON))
    def compare(
        self,
        *,
        entity: ID,
        from_position: Position | None = UNSET,
        from_time: datetime | None = UNSET,
        to_position: Position | None = UNSET,
        to_time: datetime | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Comparison | None:
        """Something at two positions or moments: from its beginning unless said otherwise, to now."""
        raise NotCompiled

    @mapped(Probe("{a.id}"))
    def node(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Node | None:
        """Anything by its id."""
        raise NotCompiled

    @mapped(Probe(BEARER))
    def by_external_ref(self, system: str, id: str, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Node | None:
        """Anything by the id that it has in another system."""
        raise NotCompiled
