"""How each person is told what waits for them, by channel."""

from collections.abc import Iterator

from domain.notices import NoticeFailed, NoticesSet, NoticesStopped
from projections.rows import Recorded, Revision, Table, insert, link_id, revise

NOTICE_CHANNEL = Table(
    "notice_channel",
    (
        "person_id",
        "channel",
        "rhythm",
        "urgent",
        "receiver",
        "secret_id",
        "set_at",
        "stopped_on",
        "failed_on",
        "problem",
    ),
)
TABLES = (NOTICE_CHANNEL,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a person's channel becomes; one that is stopped keeps no address."""
    match recorded.event:
        case NoticesSet() as event:
            yield insert(
                NOTICE_CHANNEL,
                link_id("notices", event.person_id, event.channel.value),
                person_id=event.person_id,
                channel=event.channel.value,
                rhythm=event.rhythm.value if event.rhythm else None,
                urgent=[one.value for one in event.urgent],
                receiver=event.receiver,
                secret_id=event.secret_id,
                set_at=recorded.recorded_at,
            )
        case NoticesStopped() as event:
            yield revise(
                NOTICE_CHANNEL,
                link_id("notices", event.person_id, event.channel.value),
                rhythm=None,
                urgent=[],
                receiver=None,
                secret_id=None,
                stopped_on=recorded.day,
            )
        case NoticeFailed() as event:
            yield revise(
                NOTICE_CHANNEL,
                link_id("notices", event.person_id, event.channel.value),
                failed_on=event.failed_on,
                problem=event.problem.value,
            )
        case _:
            return
