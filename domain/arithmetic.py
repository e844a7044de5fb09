"""The arithmetic that rules decide by, exact; what readers are shown is reckoned in SQL by the same formulas."""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from domain.indicators import Period
from domain.measures import Computation, Direction, Terms

NONE, WHOLE = Fraction(0), Fraction(1)


def attainment(direction: Direction, terms: Terms, current: Fraction | None) -> Fraction | None:  # noqa: C901 - an arm a direction
    """Unclamped; None where the terms do not suffice.

    >>> from decimal import Decimal
    >>> terms = Terms(baseline=Decimal(80), target=Decimal(40), lower=None, upper=None, weight=Decimal(1), due_on=None)
    >>> attainment(Direction.DECREASE, terms, Fraction(50))
    Fraction(3, 4)
    """
    if current is None:
        return None
    lower = terms.target if terms.lower is None else terms.lower
    upper = terms.target if terms.upper is None else terms.upper
    match direction:
        case Direction.INCREASE | Direction.DECREASE:
            if terms.baseline is None or terms.target is None or terms.baseline == terms.target:
                return None
            baseline, target = Fraction(terms.baseline), Fraction(terms.target)
            return (current - baseline) / (target - baseline)
        case Direction.KEEP_ABOVE:
            return None if lower is None else Fraction(current >= lower)
        case Direction.KEEP_BELOW:
            return None if upper is None else Fraction(current <= upper)
        case Direction.KEEP_WITHIN:
            if terms.lower is None or terms.upper is None:
                return None
            return Fraction(terms.lower <= current <= terms.upper)
        case Direction.YES_NO | Direction.ORDINAL | Direction.CHECKLIST:
            return current


def clamped(value: Fraction | None) -> Fraction | None:
    """Between 0 and 1."""
    return None if value is None else min(max(value, NONE), WHOLE)


def weighted_mean(parts: Iterable[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """Nulls are left out of numerator and denominator; nothing left, or all weights 0: None.

    >>> weighted_mean([(Fraction(1), Fraction(1)), (None, Fraction(9)), (Fraction(0), Fraction(1))])
    Fraction(1, 2)
    """
    counted = [(value, weight) for value, weight in parts if value is not None]
    total = sum((weight for _, weight in counted), NONE)
    return sum((value * weight for value, weight in counted), NONE) / total if total else None


def combined(computation: Computation, values: list[Fraction | None]) -> Fraction | None:
    """What a computed measure makes of its inputs; those without a value are left out."""
    known = [value for value in values if value is not None]
    match computation:
        case Computation.RATIO:
            first, second = values
            return first / second if first is not None and second else None
        case Computation.SUM:
            return sum(known, NONE) if known else None
        case Computation.MEAN:
            return sum(known, NONE) / len(known) if known else None
        case Computation.MINIMUM:
            return min(known, default=None)
        case Computation.MAXIMUM:
            return max(known, default=None)


def period_start(period: Period | None, day: date, first_day_of_week: int, fiscal_year_starts_month: int) -> date:
    """The first day of the period that a day lies in, by the organisation's calendar.

    >>> period_start(Period.QUARTER, date(2024, 3, 2), 1, 2)
    datetime.date(2024, 2, 1)
    """
    match period:
        case None:
            return date.min
        case Period.WEEK:
            return day - timedelta(days=(day.isoweekday() - first_day_of_week) % 7)
        case Period.MONTH:
            return day.replace(day=1)
        case Period.QUARTER | Period.YEAR:
            months = 3 if period is Period.QUARTER else 12
            back = (day.month - fiscal_year_starts_month) % months
            first = day.year * 12 + day.month - 1 - back
            return date(first // 12, first % 12 + 1, 1)
