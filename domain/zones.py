"""Whose day it is: a moment is of different days in different zones.

The table of zones is the machine's, and the same for all: the one thing of the world that the domain looks up.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.values import Invalid, TimeZone


def day_in(zone: TimeZone, moment: datetime) -> date:
    """The day of a moment in a zone.

    >>> from datetime import UTC
    >>> moment = datetime(2022, 6, 15, 12, 30, tzinfo=UTC)
    >>> day_in("Pacific/Auckland", moment), day_in("America/Los_Angeles", moment)
    (datetime.date(2022, 6, 16), datetime.date(2022, 6, 15))
    """
    return moment.astimezone(ZoneInfo(zone)).date()


def quarter_of(moment: datetime) -> datetime:
    """The quarter of an hour that has begun: in no zone does a day begin inside one."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def checked_zone(zone: TimeZone, field: str) -> None:
    """Raises Invalid on a zone that nobody knows."""
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        raise Invalid("Give a time zone that there is, such as Europe/Berlin.", field) from None
