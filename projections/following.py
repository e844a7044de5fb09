"""Who follows what."""

from collections.abc import Iterator

from domain.following import FollowingBegun, FollowingEnded
from projections.rows import Recorded, Revision, Table, end, insert, link_id

FOLLOWING = Table("following", ("person_id", "entity_id", "kind"))
TABLES = (FOLLOWING,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """A row from the day somebody follows something until they do no longer."""
    match recorded.event:
        case FollowingBegun() as event:
            yield insert(
                FOLLOWING,
                link_id("following", event.follower_id, event.entity_id),
                person_id=event.follower_id,
                entity_id=event.entity_id,
                kind=event.kind.value,
            )
        case FollowingEnded() as event:
            yield end(FOLLOWING, link_id("following", event.follower_id, event.entity_id))
        case _:
            return
