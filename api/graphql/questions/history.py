"""Root questions: what was recorded."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import Link, NotCompiled, Probe, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection, Node
from api.graphql.types.history import ENTRY_ORDER, HistoryEntry

BEARER = "(select r.entity_id from {rows:reference} r where r.system = {a.system} and r.external_id = {a.id})"


@stands_on(None)
class HistoryQuestions:
    """What was recorded."""

    @mapped(Relation(via=Link("concerned", "", "entry_id", "{l}.id = {a.entity}"), order=ENTRY_ORDER, typical=50))
    def history(
        self,
        *,
        entity: ID,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
    ) -> Connection[HistoryEntry]:
        """Everything that was recorded of something, in order."""
        raise NotCompiled

    @mapped(Probe("{a.id}"))
    def node(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Node | None:
        """Anything by its id."""
        raise NotCompiled

    @mapped(Probe(BEARER))
    def by_external_ref(self, system: str, id: str, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Node | None:
        """Anything by the id that it has in another system."""
        raise NotCompiled
