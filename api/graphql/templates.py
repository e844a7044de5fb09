"""Fills the places of a mapping's SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.graphql.arguments import Argument
from api.graphql.mapping import PLACE
from api.graphql.writing import Moment, Param, Sql, Writer, sql

VIEWER: Mapping[str, Param] = {
    "person": Param("viewer.person", "uuid", lambda binding: binding.viewer.person_id),
    "role": Param("viewer.role", "text", lambda binding: binding.viewer.role.value),
    "key": Param("viewer.key", "uuid", lambda binding: binding.viewer.api_key_id),
}


def given(name: str, kind: str) -> Param:
    """Something that the server itself gives beside the variables."""
    return Param(("given", name), kind, lambda binding: binding.given[name])


GIVEN: Mapping[str, Param] = {
    "entity_id": given("entity_id", "uuid"),
    "position": given("position", "int8"),
    "code": given("code", "text"),
    "rule": given("rule", "text"),
    "message": given("message", "text"),
    "fields": given("fields", "text[]"),
    "secret": given("secret", "text"),
}


@dataclass(slots=True)
class Places:
    """What the places of a template stand for."""

    writer: Writer
    moment: Moment
    row: str | None = None
    child: str | None = None
    link: str | None = None
    arguments: Mapping[str, Argument] = field(default_factory=dict[str, Argument])
    value: Sql | None = None
    shared: str | None = None

    def of(self, name: str, detail: str | None) -> Sql:
        places: dict[str, Callable[[], Sql]] = {
            "t": lambda: sql(self.row or ""),
            "c": lambda: sql(self.child or ""),
            "l": lambda: sql(self.link or ""),
            "s": lambda: sql(self.shared or ""),
            "v": lambda: self.value or sql("null"),
            "org": lambda: sql(self.writer.organisation),
            "pos": lambda: self.moment.known,
            "on": lambda: self.moment.day,
            "at": lambda: self.moment.time or sql("null::timestamptz"),
            "ahead": lambda: self._day("Etc/GMT-14"),
            "behind": lambda: self._day("Etc/GMT+12"),
            "a": lambda: sql(self.arguments[detail or ""].param()),
            "viewer": lambda: sql(VIEWER[detail or ""]),
            "given": lambda: sql(GIVEN[detail or ""]),
            "hidden": lambda: self.writer.hidden(detail or ""),
            "rows": lambda: self.writer.rows(detail or "", self.moment),
        }
        return places[name]()

    def _day(self, zone: str) -> Sql:
        """Of the moment in a zone, reckoned once a statement; the day that the question names is everybody's."""
        if self.moment.time is None:
            return self.moment.day
        return sql("(select (", self.moment.time, f" at time zone '{zone}')::date)")


def filled(template: str, places: Places) -> Sql:
    """The template with its places filled."""
    parts: list[str | Sql] = []
    end = 0
    for match in PLACE.finditer(template):
        parts.append(template[end : match.start()])
        parts.append(places.of(match[1], match[2]))
        end = match.end()
    parts.append(template[end:])
    return sql(*(part for part in parts if part != ""))
