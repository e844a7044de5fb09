"""What measures told on a day: their terms and readings, read as far as they reach, for the rules that decide by it."""

from datetime import date
from fractions import Fraction
from uuid import UUID

from domain.arithmetic import attainment, clamped, combined, period_start, weighted_mean
from domain.kernel import Fold, Reads
from domain.measures import Computation, Direction, MeasureRetired, MeasureRevised, MeasureSet, Terms, terms_of
from domain.milestones import MilestoneReached, MilestoneRevised, MilestoneSet, MilestoneWithdrawn
from domain.organisation import Organisation
from domain.readings import ReadingCorrected, ReadingTaken, ReadingVoided

ALWAYS = date(1900, 1, 1)


class Agreed(Fold[MeasureSet | MeasureRevised | MeasureRetired]):
    """All that was ever agreed of a measure, by the day from which it holds."""

    def __init__(self, measure_id: UUID) -> None:
        super().__init__(measure=measure_id)
        self.set: MeasureSet | None = None
        self.latest: MeasureSet | MeasureRevised | None = None
        self.terms: list[tuple[date, Terms]] = []
        self.retired = False

    def fold(self, event: MeasureSet | MeasureRevised | MeasureRetired) -> None:
        match event:
            case MeasureSet():
                self.set = self.latest = event
                self.terms.append((ALWAYS, terms_of(event)))
            case MeasureRevised():
                self.latest = event
                self.terms.append((event.effective_on, terms_of(event)))
            case MeasureRetired():
                self.retired = True

    def terms_on(self, day: date) -> Terms | None:
        """The latest effective by the day; of equal days the last recorded."""
        held = [(on, nth) for nth, (on, _) in enumerate(self.terms) if on <= day]
        return self.terms[max(held)[1]][1] if held else None


class Series(Fold[ReadingTaken | ReadingCorrected | ReadingVoided]):
    """The readings of a measure, or of an indicator, as they stand, in the order in which they were taken."""

    def __init__(self, *, measure: UUID | None = None, indicator: UUID | None = None) -> None:
        super().__init__(measure=measure, indicator=indicator)
        self.readings: dict[UUID, tuple[date, Fraction]] = {}

    def fold(self, event: ReadingTaken | ReadingCorrected | ReadingVoided) -> None:
        match event:
            case ReadingTaken() | ReadingCorrected():
                self.readings[event.reading_id] = (event.taken_on, Fraction(event.value))
            case ReadingVoided():
                self.readings.pop(event.reading_id, None)

    def on(self, day: date) -> Fraction | None:
        """Of the readings up to a day the latest; of equal days the last taken."""
        by_then = [(on, nth, value) for nth, (on, value) in enumerate(self.readings.values()) if on <= day]
        return max(by_then)[2] if by_then else None

    def added(self, first: date, day: date) -> Fraction | None:
        """The sum of the readings from one day to another."""
        values = [value for on, value in self.readings.values() if first <= on <= day]
        return sum(values, Fraction(0)) if values else None


class Milestones(Fold[MilestoneSet | MilestoneRevised | MilestoneReached | MilestoneWithdrawn]):
    """An outcome's own milestones that were not withdrawn: what each counts for, and on which day it was reached."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.weights: dict[UUID, Fraction] = {}
        self.reached: dict[UUID, date] = {}

    def fold(self, event: MilestoneSet | MilestoneRevised | MilestoneReached | MilestoneWithdrawn) -> None:
        match event:
            case MilestoneSet():
                if event.initiative_id is None:
                    self.weights[event.milestone_id] = Fraction(event.weight)
            case MilestoneRevised():
                if event.milestone_id in self.weights:
                    self.weights[event.milestone_id] = Fraction(event.weight)
            case MilestoneReached():
                self.reached[event.milestone_id] = event.reached_on
            case MilestoneWithdrawn():
                self.weights.pop(event.milestone_id, None)

    def share(self, day: date) -> Fraction | None:
        """Of what they count for together, the share that was reached by a day; None where they count for nothing."""
        return weighted_mean(
            (Fraction(one in self.reached and self.reached[one] <= day), weight) for one, weight in self.weights.items()
        )


class Figures:
    """Measures, all that they are computed from, and the readings of each."""

    def __init__(self, organisation_id: UUID) -> None:
        self.organisation = Organisation(organisation_id)
        self.agreed: dict[UUID, Agreed] = {}
        self.series: dict[UUID, Series] = {}
        self.milestones: dict[UUID, Milestones] = {}

    def reads(self, measure_ids: set[UUID]) -> Reads:
        """Level by level: what is agreed of the measures, then their readings and what they are computed from."""
        yield [self.organisation]
        wanted = measure_ids
        while wanted:
            generation = {one: Agreed(one) for one in sorted(wanted)}
            yield [*generation.values()]
            self.agreed |= generation
            yield self._sources(generation)
            inputs = {one for each in generation.values() if each.latest for one in each.latest.input_ids}
            wanted = inputs - self.agreed.keys()

    def _sources(self, generation: dict[UUID, Agreed]) -> list[Fold[ReadingTaken | ReadingCorrected | ReadingVoided]]:
        sources: list[Fold[ReadingTaken | ReadingCorrected | ReadingVoided]] = []
        for measure_id, agreed in generation.items():
            if agreed.set is None or agreed.set.computation is not None:
                continue
            indicator_id = agreed.set.indicator_id
            series = Series(indicator=indicator_id) if indicator_id else Series(measure=measure_id)
            self.series[measure_id] = series
            sources.append(series)
        return sources

    def read_milestones(self) -> Reads:
        """Of the outcomes whose measures count them."""
        sets = [one.set for one in self.agreed.values() if one.set and one.set.direction is Direction.CHECKLIST]
        self.milestones = {one.outcome_id: Milestones(one.outcome_id) for one in sets}
        yield [*self.milestones.values()]

    def value(self, measure_id: UUID, day: date) -> Fraction | None:
        """What was read on the day or before, what was added up or computed; None where there is no reading."""
        agreed = self.agreed[measure_id]
        if agreed.set is None or agreed.latest is None:
            return None
        if agreed.set.direction is Direction.CHECKLIST:
            return self.milestones[agreed.set.outcome_id].share(day)
        if agreed.latest.computation is not None:
            return self._computed(agreed.latest.computation, agreed.latest.input_ids, day)
        series = self.series[measure_id]
        if not agreed.set.accumulates:
            return series.on(day)
        calendar = self.organisation.calendar
        week, year = (calendar.first_day_of_week, calendar.fiscal_year_starts_month) if calendar else (1, 1)
        added = series.added(period_start(agreed.set.resets, day, week, year), day)
        terms = agreed.terms_on(day)
        return None if added is None or terms is None else added + Fraction(terms.baseline or 0)

    def _computed(self, computation: Computation, inputs: tuple[UUID, ...], day: date) -> Fraction | None:
        counted = [one for one in inputs if not self.agreed[one].retired]
        if all(self.value(one, day) is None for one in counted):
            return None
        return combined(computation, [self.current(one, day) if one in counted else None for one in inputs])

    def current(self, measure_id: UUID, day: date) -> Fraction | None:
        """Its value; the baseline while it has none."""
        value, agreed = self.value(measure_id, day), self.agreed[measure_id]
        if value is not None:
            return value
        terms = agreed.terms_on(day)
        if terms is not None and terms.baseline is not None:
            return Fraction(terms.baseline)
        plain = agreed.set is not None and agreed.set.direction in {Direction.YES_NO, Direction.ORDINAL}
        return Fraction(0) if plain else None

    def progress(self, measure_id: UUID, day: date) -> tuple[Fraction | None, Fraction]:
        """Attainment between 0 and 1, and the weight."""
        agreed = self.agreed[measure_id]
        terms = agreed.terms_on(day)
        if agreed.set is None or terms is None:
            return None, Fraction(0)
        attained = attainment(agreed.set.direction, terms, self.current(measure_id, day))
        return clamped(attained), Fraction(terms.weight)
