"""Pages that show what is said."""

from api.graphql.mapping import stands_on


@stands_on(None)
class EvidencePage:
    """A page that shows it."""

    url: str
    title: str | None


def pages(column: str, where: str) -> str:
    """The pages that a column of the row bears, where a predicate holds."""
    return (
        "(select e.nth, e.page ->> 'url' as url, e.page ->> 'title' as title"
        f" from json_array_elements({{t}}.{column}) with ordinality e (page, nth) where {where})"
    )
