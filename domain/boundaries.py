"""Boundaries: bands that a figure must stay within while a team decides freely inside them."""

from decimal import Decimal
from uuid import UUID

from domain.codes import NOT_FOUND, TERMS_MISSING
from domain.indicators import Indicator, check_band
from domain.kernel import BoundaryId, Command, Event, Fold, IndicatorId, MeasureId, OutcomeId, Reads, Refused
from domain.measures import Measure
from domain.outcomes import CycleOf, Outcome
from domain.references import check_mentions, mentioned
from domain.values import Reason, Title, checked_choice


class BoundarySet(Event, frozen=True, tag="boundary.set"):
    """A figure has to stay within a band for the sake of an outcome."""

    boundary_id: BoundaryId
    outcome_id: OutcomeId
    title: Title
    lower: Decimal | None
    upper: Decimal | None
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    reason: Reason | None = None


class Boundary(Fold[BoundarySet]):
    """A boundary as it was last set."""

    def __init__(self, boundary_id: UUID) -> None:
        super().__init__(boundary=boundary_id)
        self.set: BoundarySet | None = None

    def fold(self, event: BoundarySet) -> None:
        self.set = event


class SetBoundary(Command):
    """Set the band that a measure or an indicator has to stay within for an outcome; setting it again moves the band.

    Refused where the outcome, measure or indicator is unknown, or the band has no room; another band needs a reason.
    Once the cycle of the outcome is closed, a boundary that stands is moved with a reason, and no other is set (R8).
    """

    entity = "boundary_id"
    creates = True

    boundary_id: BoundaryId
    outcome_id: OutcomeId
    title: Title
    lower: Decimal | None = None
    upper: Decimal | None = None
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.measure_id, "measureId"), (self.indicator_id, "indicatorId"))

    def reads(self) -> Reads:
        self.boundary = Boundary(self.boundary_id)
        outcome = Outcome(self.outcome_id)
        self.mentions = mentioned(
            outcomeId=outcome,
            measureId=self.measure_id and Measure(self.measure_id),
            indicatorId=self.indicator_id and Indicator(self.indicator_id),
        )
        yield [self.boundary, *self.mentions.values()]
        self.cycle = CycleOf(outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.lower is None and self.upper is None:
            raise Refused(TERMS_MISSING, "Give a lower bound, an upper one, or both.", "lower", "upper")
        check_band(self.lower, self.upper)
        was = self.boundary.set
        event = BoundarySet(**{name: getattr(self, name) for name in self.__struct_fields__})
        if was is None:
            self.cycle.check_open("outcomeId")
        else:
            self._check_move(was)
            if (was.title, was.lower, was.upper) == (self.title, self.lower, self.upper):
                return
            self.cycle.check_correction(self.reason)
        self.emit(event)

    def _check_move(self, was: BoundarySet) -> None:
        about = (was.outcome_id, was.measure_id, was.indicator_id)
        if about != (self.outcome_id, self.measure_id, self.indicator_id):
            raise Refused(NOT_FOUND, "Choose another id: a boundary of something else has this one.", "boundaryId")
        if (was.lower, was.upper) != (self.lower, self.upper) and self.reason is None:
            raise Refused(TERMS_MISSING, "Say why the band moves.", "reason")
