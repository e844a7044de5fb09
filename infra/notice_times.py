"""When a digest is due and when quiet hours end, by somebody's own clock: an hour that the clock leaves out when it is
put forward is the moment after, one that it shows twice is the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.notices import Rhythm

WEEK = 7
DEFAULT_WEEKDAY, DEFAULT_HOUR = 1, 8
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Somebody's zone, when their digest comes, and when they want quiet."""

    zone: ZoneInfo
    weekday: int = DEFAULT_WEEKDAY  # 1 is Monday
    hour: int = DEFAULT_HOUR
    quiet_from: int | None = None
    quiet_until: int | None = None

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def at(self, day: date, hour: int) -> datetime:
        """The moment at which the clock shows the hour on the day."""
        return datetime.combine(day, time(hour), self.zone).astimezone(UTC)

    def last_due(self, rhythm: Rhythm, moment: datetime) -> tuple[date, datetime]:
        """The day and the moment of the last digest due by a moment, quiet hours left aside."""
        return next((day, at) for day, at in self._dues(rhythm, moment) if at <= moment)

    def _dues(self, rhythm: Rhythm, moment: datetime) -> Iterator[tuple[date, datetime]]:
        """The latest first."""
        day = self.day(moment) + DAY
        for back in range(2 * WEEK + 2):
            one = day - back * DAY
            if rhythm is Rhythm.DAILY or one.isoweekday() == self.weekday:
                yield one, self.at(one, self.hour)

    def is_quiet(self, moment: datetime) -> bool:
        if self.quiet_from is None or self.quiet_until is None:
            return False
        hour = moment.astimezone(self.zone).hour
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until

    def after_quiet(self, moment: datetime) -> datetime:
        """The moment, or where it is quiet then, the next one at which it is not."""
        if self.quiet_until is None or not self.is_quiet(moment):
            return moment
        ends = (self.at(self.day(moment) + days * DAY, self.quiet_until) for days in range(WEEK))
        return next(one for one in ends if one > moment and not self.is_quiet(one))
