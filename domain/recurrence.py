"""Standing promises: on which days what was promised is due again."""

from datetime import date

import msgspec

from domain.cadence import CadenceUnit, Every, later
from domain.values import LAST_DAY, checked_span


class Recurrence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, and until which day; without one, for as long as it is kept."""

    every: Every
    unit: CadenceUnit
    until: date | None = None


def check_recurs(recurs: Recurrence | None, due_on: date) -> None:
    """Raises Invalid where it would be over before it begins."""
    if recurs:
        checked_span(due_on, recurs.until, "recurs.until")


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """The days on which a standing promise is due, counted from the first one, so that a month's end stays one.

    `scheduled_on` is the one that the task at hand was due on, before anybody agreed to another.
    """

    recurs: Recurrence
    first_due_on: date
    scheduled_on: date

    def following(self, today: date) -> date | None:
        """The next of the days that has not passed; none once they are over.

        >>> monthly = Recurrence(every=1, unit=CadenceUnit.MONTHS)
        >>> first, second = date(2023, 1, 31), date(2023, 2, 28)
        >>> Series(recurs=monthly, first_due_on=first, scheduled_on=first).following(first)
        datetime.date(2023, 2, 28)
        >>> Series(recurs=monthly, first_due_on=first, scheduled_on=second).following(second)
        datetime.date(2023, 3, 31)
        """
        last = min(self.recurs.until or LAST_DAY, LAST_DAY)
        times, day = 0, self.first_due_on
        while day <= last and (day <= self.scheduled_on or day < today):
            times += 1
            day = later(self.first_due_on, self.recurs.every * times, self.recurs.unit)
        return day if day <= last else None
