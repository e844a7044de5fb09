"""When a digest is due and quiet hours end, by somebody's own clock, on the days too when it is put forward or back."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.notices import Rhythm
from infra.notice_times import Clock

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Cairo",  # at midnight
    "America/Santiago",
    "Asia/Kathmandu",
    "Pacific/Apia",  # which left a day out
    "Pacific/Kiritimati",
]
hours = st.integers(0, 23)
around_changes = st.sampled_from(
    [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),
        datetime(2026, 4, 23, 22, tzinfo=UTC),
        datetime(2011, 12, 30, 10, tzinfo=UTC),
    ]
)


def moved(at: datetime, minutes: int) -> datetime:
    return at + timedelta(minutes=minutes)


moments = st.one_of(
    st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(moved, around_changes, st.integers(-1_500, 1_500)),
)
clocks = st.builds(
    Clock,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    weekday=st.integers(1, 7),
    hour=hours,
    quiet_from=hours,
    quiet_until=hours,
).filter(lambda clock: clock.quiet_from != clock.quiet_until)


@pytest.mark.parametrize(
    ("day", "hour", "at"),
    [
        (date(2026, 3, 28), 2, "2026-03-28T01:00"),
        (date(2026, 3, 29), 2, "2026-03-29T01:00"),  # the clock goes from 2 to 3: the moment at which it does
        (date(2026, 3, 29), 8, "2026-03-29T06:00"),
        (date(2026, 10, 25), 2, "2026-10-25T00:00"),  # shown twice: the first
        (date(2026, 10, 25), 8, "2026-10-25T07:00"),
    ],
)
def test_an_hour_is_the_hour_of_their_clock(day: date, hour: int, at: str) -> None:
    assert Clock(BERLIN).at(day, hour) == datetime.fromisoformat(at).replace(tzinfo=UTC)


def test_a_weekly_digest_is_due_on_its_weekday() -> None:
    clock = Clock(BERLIN, weekday=3, hour=9)
    wednesday = datetime(2026, 6, 10, 7, tzinfo=UTC)
    assert clock.last_due(Rhythm.WEEKLY, wednesday) == (date(2026, 6, 10), wednesday)
    before = wednesday - timedelta(seconds=1)
    assert clock.last_due(Rhythm.WEEKLY, before) == (date(2026, 6, 3), wednesday - timedelta(days=7))


def test_quiet_hours_run_past_midnight() -> None:
    clock = Clock(BERLIN, quiet_from=22, quiet_until=7)
    night, morning = datetime(2026, 6, 10, 21, 30, tzinfo=UTC), datetime(2026, 6, 11, 5, tzinfo=UTC)
    assert clock.after_quiet(night) == morning
    assert clock.after_quiet(morning) == morning
    assert Clock(BERLIN).after_quiet(night) == night


@for_all(clocks, moments, st.sampled_from(Rhythm))
def test_one_digest_a_day_or_week_is_due_and_none_is_left_out(clock: Clock, moment: datetime, rhythm: Rhythm) -> None:
    """Walked minute by minute in steps, the day of the last one never goes back, and each of them is met."""
    days = 15
    seen: list[date] = []
    for step in range(days * 24 * 2):
        at = moment + timedelta(minutes=30 * step)
        day, due = clock.last_due(rhythm, at)
        assert due <= at
        assert not seen or day >= seen[-1]
        if not seen or day != seen[-1]:
            seen.append(day)
    every = 1 if rhythm is Rhythm.DAILY else 7
    gaps = {(later - one).days for one, later in pairwise(seen)}
    left_out = date(2011, 12, 30) if clock.zone.key == "Pacific/Apia" else None
    assert gaps <= ({every} if left_out is None or rhythm is Rhythm.WEEKLY else {1, 2})


@for_all(clocks, moments)
@example(Clock(BERLIN, quiet_from=3, quiet_until=2), datetime(2026, 3, 28, 12, tzinfo=UTC))
def test_quiet_ends_at_the_first_moment_that_is_not(clock: Clock, moment: datetime) -> None:
    after = clock.after_quiet(moment)
    assert after >= moment
    assert not clock.is_quiet(after)
    minute = moment
    while minute < after - timedelta(minutes=30):
        assert clock.is_quiet(minute) or clock.zone.key in {"Africa/Cairo", "America/Santiago", "Australia/Lord_Howe"}
        minute += timedelta(minutes=30)
