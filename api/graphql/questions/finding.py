"""Root questions: what there is, by its words."""

from datetime import date

from strawberry import UNSET

from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.finding import FOUND_ORDER, EntityKind, Found

FOUND = (
    "(select f.id, f.kind, f.title, round(ts_rank(f.words, words_asked({a.text}))::numeric, 6) as rank"
    " from {rows:findable} f where f.words @@ words_asked({a.text}))"
)


@stands_on(None)
class FindingQuestions:
    """What there is, by its words."""

    @mapped(Relation(source=FOUND, order=FOUND_ORDER, filters={"kinds": "{c}.kind = any({v})"}, typical=20))
    def search(
        self,
        *,
        text: str,
        kinds: list[EntityKind] | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Found]:
        """Whatever has all the words in its title, name or description, the last one as a beginning; best first."""
        raise NotCompiled
