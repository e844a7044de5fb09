"""The vocabulary of tags, which entity bears which of them, and the links of entities."""

from collections.abc import Iterator

from domain.labels import EntityTagged, EntityUntagged, LinkAttached, TagNamed
from projections.rows import Recorded, Revision, Table, end, insert, link_id

TAG = Table("tag", ("name", "description"))
TAGGING = Table("tagging", ("entity_id", "tag_id"))
LINK = Table("link", ("entity_id", "url", "title"))
TABLES = (TAG, TAGGING, LINK)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What tags and links become."""
    match recorded.event:
        case TagNamed() as event:
            yield insert(TAG, event.tag_id, name=event.name, description=event.description)
        case EntityTagged() as event:
            tagging_id = link_id("tagging", event.entity_id, event.tag_id)
            yield insert(TAGGING, tagging_id, entity_id=event.entity_id, tag_id=event.tag_id)
        case EntityUntagged() as event:
            yield end(TAGGING, link_id("tagging", event.entity_id, event.tag_id))
        case LinkAttached() as event:
            yield insert(LINK, event.link_id, entity_id=event.entity_id, url=event.url, title=event.title)
        case _:
            return
