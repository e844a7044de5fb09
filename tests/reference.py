"""The arithmetic of the read models in plain Python, exact: the oracle of the SQL that serves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations

from domain.measures import Direction

ON_TRACK, AT_RISK, TOO_EARLY = Fraction(-10, 100), Fraction(-25, 100), Fraction(10, 100)


@dataclass(frozen=True)
class Terms:
    """What is agreed from a day on."""

    effective_on: date
    baseline: Fraction | None
    target: Fraction | None
    lower: Fraction | None
    upper: Fraction | None
    weight: Fraction


@dataclass(frozen=True)
class MeasureRow:
    """A measure with all its terms and readings (day, value), in the order in which they were recorded."""

    direction: Direction
    terms: Sequence[Terms]
    readings: Sequence[tuple[date, Fraction]] = ()
    accumulates: bool = False
    resets: str | None = None
    retired: bool = False
    computation: str | None = None
    inputs: Sequence["MeasureRow"] = ()

    def terms_on(self, day: date) -> Terms:
        """The latest effective by the day; of equal days the last recorded."""
        return max(
            (one for one in enumerate(self.terms) if one[1].effective_on <= day),
            key=lambda one: (one[1].effective_on, one[0]),
        )[1]

    def read(self, day: date) -> Fraction | None:
        """What readings say of the day; None where there is none."""
        if self.computation is not None:
            return self.computed(day)
        taken = [(on, nth, value) for nth, (on, value) in enumerate(self.readings) if on <= day]
        if self.accumulates:
            taken = [one for one in taken if one[0] >= period_start(self.resets, day)]
            return (self.terms_on(day).baseline or Fraction(0)) + sum(one[2] for one in taken) if taken else None
        return max(taken)[2] if taken else None

    def computed(self, day: date) -> Fraction | None:
        counted = [one for one in self.inputs if not one.retired]
        if all(one.read(day) is None for one in counted):
            return None
        values = [value for one in counted if (value := one.current(day)) is not None]
        if self.computation == "RATIO":
            first, second = (None if one.retired else one.current(day) for one in self.inputs)
            return first / second if first is not None and second else None
        if not values:
            return None
        match self.computation:
            case "SUM":
                return sum(values, Fraction(0))
            case "MEAN":
                return sum(values, Fraction(0)) / len(values)
            case "MINIMUM":
                return min(values)
            case _:
                return max(values)

    def current(self, day: date) -> Fraction | None:
        value = self.read(day)
        if value is not None:
            return value
        baseline = self.terms_on(day).baseline
        if baseline is None and self.direction in {Direction.YES_NO, Direction.ORDINAL}:
            return Fraction(0)
        return baseline

    def days(self, day: date) -> list[date]:
        """On which it, or what it is computed from, was read up to a day."""
        own = {on for on, _ in self.readings if on <= day}
        return sorted(own.union(*(one.days(day) for one in self.inputs)))

    def attainment(self, day: date) -> Fraction | None:  # noqa: C901 - one arm a direction
        terms, current = self.terms_on(day), self.current(day)
        if current is None:
            return None
        match self.direction:
            case Direction.INCREASE | Direction.DECREASE:
                if terms.baseline is None or terms.target is None or terms.target == terms.baseline:
                    return None
                return (current - terms.baseline) / (terms.target - terms.baseline)
            case Direction.KEEP_ABOVE:
                bound = terms.target if terms.lower is None else terms.lower
                return None if bound is None else Fraction(current >= bound)
            case Direction.KEEP_BELOW:
                bound = terms.target if terms.upper is None else terms.upper
                return None if bound is None else Fraction(current <= bound)
            case Direction.KEEP_WITHIN:
                if terms.lower is None or terms.upper is None:
                    return None
                return Fraction(terms.lower <= current <= terms.upper)
            case Direction.YES_NO | Direction.ORDINAL | Direction.CHECKLIST:
                return current

    def progress(self, day: date) -> Fraction | None:
        attained = self.attainment(day)
        return None if attained is None else min(max(attained, Fraction(0)), Fraction(1))


@dataclass
class OutcomeRow:
    """An outcome, what serves it (with weights), and its dates."""

    roll_up: str | None
    starts_on: date
    due_on: date
    measures: list[MeasureRow] = field(default_factory=list[MeasureRow])
    served_by: list[tuple["OutcomeRow", Fraction]] = field(default_factory=list[tuple["OutcomeRow", Fraction]])
    abandoned: bool = False

    @property
    def counted(self) -> list[MeasureRow]:
        return [one for one in self.measures if not one.retired]

    @property
    def policy(self) -> str:
        return self.roll_up or ("MEASURES" if self.counted else "CHILDREN")

    def summed(self, day: date) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
        """Values, baselines and targets added up; what is unknown is left out of each."""
        own = [one for one in self.counted if one.direction in {Direction.INCREASE, Direction.DECREASE}]
        of_own = [(one.current(day), one.terms_on(day).baseline, one.terms_on(day).target) for one in own]
        children = [one.summed(day) for one, weight in self.served_by if weight > 0 and not one.abandoned]
        if self.policy != "SUM" or not children:
            return added(one[0] for one in of_own), added(one[1] for one in of_own), added(one[2] for one in of_own)
        said = next((one for one in of_own if one[1] is not None and one[2] is not None), None)
        baseline = said[1] if said else added(one[1] for one in children)
        target = said[2] if said else added(one[2] for one in children)
        return added(one[0] for one in children), baseline, target

    def summed_progress(self, day: date) -> Fraction | None:
        value, baseline, target = self.summed(day)
        if value is None or baseline is None or target is None or target == baseline:
            return None
        return min(max((value - baseline) / (target - baseline), Fraction(0)), Fraction(1))

    def progress(self, day: date) -> Fraction | None:
        policy = self.policy
        if policy == "SUM":
            return self.summed_progress(day)
        parts: list[tuple[Fraction | None, Fraction]] = []
        if policy in {"MEASURES", "BOTH"}:
            parts += [(one.progress(day), one.terms_on(day).weight) for one in self.counted]
        if policy in {"CHILDREN", "BOTH"}:
            parts += [(one.progress(day), weight) for one, weight in self.served_by if not one.abandoned]
        return weighted_mean(parts)

    def elapsed(self, day: date) -> Fraction:
        return share_of(self.starts_on, self.due_on, day)

    def expected(self, day: date) -> Fraction:
        counted = [
            (
                Fraction(1) if one.direction.value.startswith("KEEP") else self.elapsed(day),
                one.terms_on(day).weight,
            )
            for one in self.counted
            if self.roll_up != "CHILDREN" and one.progress(day) is not None
        ]
        mean = weighted_mean(counted)
        return self.elapsed(day) if mean is None else mean

    def suggested(self, day: date) -> str | None:
        progress = self.progress(day)
        if progress is None:
            return None
        if self.elapsed(day) < TOO_EARLY:
            return "TOO_EARLY"
        pace = progress - self.expected(day)
        return "ON_TRACK" if pace >= ON_TRACK else "AT_RISK" if pace >= AT_RISK else "OFF_TRACK"


WORST_FIRST = ("OFF_TRACK", "AT_RISK", "OUTDATED", "PENDING", "TOO_EARLY", "ON_TRACK", "CLOSED")


@dataclass
class ObjectiveRow:
    """A strategic objective, and the outcomes that serve it: progress, weight of the link, state, shown status."""

    served_by: list[tuple[Fraction | None, Fraction, str, str]] = field(
        default_factory=list[tuple[Fraction | None, Fraction, str, str]]
    )

    def counted(self) -> list[tuple[Fraction | None, Fraction, str, str]]:
        return [one for one in self.served_by if one[1] and one[2] not in {"PAUSED", "ABANDONED", "WITHDRAWN"}]

    def progress(self) -> Fraction | None:
        return weighted_mean((progress, weight) for progress, weight, _, _ in self.counted())

    def health(self) -> dict[str, int]:
        shown = [status for _, _, _, status in self.counted()]
        return {status: shown.count(status) for status in WORST_FIRST}

    def worst(self) -> str | None:
        return next((status for status, count in self.health().items() if count), None)


def added(values: Iterable[Fraction | None]) -> Fraction | None:
    """The sum of those that are known; None where none is."""
    known = [one for one in values if one is not None]
    return sum(known, Fraction(0)) if known else None


def period_start(period: str | None, day: date) -> date:
    """In a calendar that begins its weeks on Monday and its years in January."""
    match period:
        case "WEEK":
            return day - timedelta(days=day.weekday())
        case "MONTH":
            return day.replace(day=1)
        case "QUARTER":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "YEAR":
            return day.replace(month=1, day=1)
        case _:
            return date.min


def quantile(values: Sequence[float], share: float) -> float:
    """Between the two nearest, linearly."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (at - low)


def forecast(points: Sequence[tuple[int, float]], due: int) -> tuple[float, float, float] | None:
    """Theil and Sen's line through (day, value), and the 10th and 90th percentile of what it leaves over."""
    points = sorted(points)[-200:]
    if len(points) < 3 or points[-1][0] - points[0][0] < due / 10:
        return None
    slope = quantile([(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2)], 0.5)
    level = quantile([value - slope * at for at, value in points], 0.5)
    rest = [value - level - slope * at for at, value in points]
    landing = level + slope * due
    return landing, landing + quantile(rest, 0.1), landing + quantile(rest, 0.9)


def share_of(starts_on: date, due_on: date, day: date) -> Fraction:
    """How much of the time has run, 0…1."""
    return min(max(Fraction((day - starts_on).days, (due_on - starts_on).days), Fraction(0)), Fraction(1))


def weighted_mean(parts: Iterable[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """Nulls are left out of numerator and denominator; nothing left, or all weights 0: None."""
    counted = [(value, weight) for value, weight in parts if value is not None]
    total = sum((weight for _, weight in counted), Fraction(0))
    return sum((value * weight for value, weight in counted), Fraction(0)) / total if total else None


@dataclass
class MilestoneRow:
    """A milestone: the day that it was set for first, the one that it is due on, what it weighs, what became of it."""

    first_due_on: date
    due_on: date
    weight: Fraction
    reached_on: date | None = None
    withdrawn: bool = False

    def reached_by(self, day: date) -> bool:
        return self.reached_on is not None and self.reached_on <= day


def reached_share(milestones: Iterable[MilestoneRow], day: date) -> Fraction | None:
    """Of what is on the way, by weight, the share that was reached by a day."""
    return weighted_mean((Fraction(one.reached_by(day)), one.weight) for one in milestones if not one.withdrawn)


def burn_up(
    milestones: Sequence[MilestoneRow], first: date, last: date, on: date
) -> list[tuple[date, Fraction, Fraction, Fraction | None]]:
    """Day by day: what was due by it at first, what is due by it now, and what was reached, as far as that is known."""
    counted = [one for one in milestones if not one.withdrawn]

    def weight(chosen: Iterable[MilestoneRow]) -> Fraction:
        return sum((one.weight for one in chosen), Fraction(0))

    days = [first + timedelta(days=nth) for nth in range((last - first).days + 1)]
    return [
        (
            day,
            weight(one for one in counted if one.first_due_on <= day),
            weight(one for one in counted if one.due_on <= day),
            weight(one for one in counted if one.reached_by(day)) if day <= on else None,
        )
        for day in days
    ]


@dataclass(frozen=True)
class DueRow:
    """A commitment: when it was due, when it was delivered, and whether that was celebrated by the day asked for."""

    due_on: date
    delivered_on: date | None
    celebrated: bool = False

    def is_delivered_by(self, day: date) -> bool:
        return self.delivered_on is not None and self.delivered_on <= day


def kept_in_a_row(commitments: Iterable[DueRow], day: date) -> int:
    """How many of the last that were due by a day were delivered in time, back to the first that was not or that was
    celebrated; one that is due on the day and open still is left out."""
    due = [one for one in commitments if one.due_on < day or (one.due_on == day and one.is_delivered_by(day))]
    kept = 0
    for one in sorted(due, key=lambda one: one.due_on, reverse=True):
        if one.celebrated or one.delivered_on is None or one.delivered_on > min(one.due_on, day):
            break
        kept += 1
    return kept
