"""The arithmetic of the read models in plain Python, exact: the oracle of the SQL that serves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

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

    def terms_on(self, day: date) -> Terms:
        """The latest effective by the day; of equal days the last recorded."""
        return max(
            (one for one in enumerate(self.terms) if one[1].effective_on <= day),
            key=lambda one: (one[1].effective_on, one[0]),
        )[1]

    def current(self, day: date) -> Fraction | None:
        read = [(taken, nth, value) for nth, (taken, value) in enumerate(self.readings) if taken <= day]
        if read:
            return max(read)[2]
        baseline = self.terms_on(day).baseline
        if baseline is None and self.direction in {Direction.YES_NO, Direction.ORDINAL}:
            return Fraction(0)
        return baseline

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

    def progress(self, day: date) -> Fraction | None:
        policy = self.roll_up or ("MEASURES" if self.measures else "CHILDREN")
        parts: list[tuple[Fraction | None, Fraction]] = []
        if policy in {"MEASURES", "BOTH"}:
            parts += [(one.progress(day), one.terms_on(day).weight) for one in self.measures]
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
            for one in self.measures
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


def share_of(starts_on: date, due_on: date, day: date) -> Fraction:
    """How much of the time has run, 0…1."""
    return min(max(Fraction((day - starts_on).days, (due_on - starts_on).days), Fraction(0)), Fraction(1))


def weighted_mean(parts: Iterable[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """Nulls are left out of numerator and denominator; nothing left, or all weights 0: None."""
    counted = [(value, weight) for value, weight in parts if value is not None]
    total = sum((weight for _, weight in counted), Fraction(0))
    return sum((value * weight for value, weight in counted), Fraction(0)) / total if total else None
