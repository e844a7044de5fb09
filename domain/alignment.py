"""What an outcome serves: higher outcomes, one of their measures, strategic objectives; never itself (R3)."""

from decimal import Decimal
from uuid import UUID

from domain.codes import ALIGNMENT_CIRCLE, UNITS_MIXED
from domain.kernel import Command, Event, Fold, HigherId, MeasureId, ObjectiveId, OutcomeId, Reads, Refused
from domain.measures import Measure, Measures
from domain.outcomes import CycleOf, Outcome, RollUp, cycles_of
from domain.references import check_mentions, mentioned
from domain.strategy import Objective, ObjectiveOnMap
from domain.values import Weight, checked_between, checked_choice


class OutcomeAligned(Event, frozen=True, tag="outcome.aligned"):
    """An outcome serves a higher one, perhaps by way of one of its measures, by a share."""

    outcome_id: OutcomeId
    higher_id: HigherId  # the same kind of id in another role: outcomes that serve the same one don't conflict
    measure_id: MeasureId | None = None
    weight: Weight = Decimal(1)


class OutcomeUnaligned(Event, frozen=True, tag="outcome.unaligned"):
    """An outcome serves a higher one no longer."""

    outcome_id: OutcomeId
    higher_id: HigherId


class OutcomeAlignedToObjective(Event, frozen=True, tag="outcome.aligned-to-objective"):
    """An outcome serves a strategic objective, by a share."""

    outcome_id: OutcomeId
    objective_id: ObjectiveId
    weight: Weight = Decimal(1)


class OutcomeUnalignedFromObjective(Event, frozen=True, tag="outcome.unaligned-from-objective"):
    """An outcome serves a strategic objective no longer."""

    outcome_id: OutcomeId
    objective_id: ObjectiveId


class Serves(Fold[OutcomeAligned | OutcomeUnaligned]):
    """The higher outcomes that an outcome serves, each with the link as it stands."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.higher: dict[UUID, OutcomeAligned] = {}

    def fold(self, event: OutcomeAligned | OutcomeUnaligned) -> None:
        match event:
            case OutcomeAligned():
                self.higher[event.higher_id] = event
            case OutcomeUnaligned():
                self.higher.pop(event.higher_id, None)


ObjectiveLink = OutcomeAlignedToObjective | OutcomeUnalignedFromObjective


class ServesObjectives(Fold[ObjectiveLink]):
    """The strategic objectives that an outcome serves, each with the link as it stands."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.objectives: dict[UUID, OutcomeAlignedToObjective] = {}

    def fold(self, event: ObjectiveLink) -> None:
        match event:
            case OutcomeAlignedToObjective():
                self.objectives[event.objective_id] = event
            case OutcomeUnalignedFromObjective():
                self.objectives.pop(event.objective_id, None)


def check_units(lower: Measures, higher: Measures) -> None:
    """Refuses to add up values that are counted in different units."""
    if len({units_of(measures) for measures in (lower, higher)} - {()}) > 1:
        sentence = "Let both have one and the same unit, or roll up by CHILDREN: the higher outcome adds up values."
        raise Refused(UNITS_MIXED, sentence, "higherId")


def units_of(measures: Measures) -> tuple[tuple[str, str], ...]:
    """What the measures of an outcome are counted in, each once."""
    known = [unit for unit in measures.units.values() if unit is not None]
    return tuple(sorted({(unit.currency or "", unit.symbol or "") for unit in known}))


class AlignOutcome(Command):
    """Let an outcome serve a higher outcome, one of its measures, or a strategic objective, by a weight (R3).

    Weight 0 supports without counting; aligning again changes the link. Refused where the outcome would serve itself,
    its values would be added to those in another unit, the objective is retired, or the cycle of one of the two
    outcomes is closed (R8).
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    higher_id: HigherId | None = None
    objective_id: ObjectiveId | None = None
    measure_id: MeasureId | None = None
    weight: Weight = Decimal(1)

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.higher_id, "higherId"), (self.objective_id, "objectiveId"), (self.measure_id, "measureId"))
        checked_between(self.weight, 0, 1_000, "weight")

    def reads(self) -> Reads:
        self.measure = self.measure_id and Measure(self.measure_id)
        self.lower = Outcome(self.outcome_id)
        self.mentions = mentioned(
            outcomeId=self.lower,
            higherId=self.higher_id and Outcome(self.higher_id),
            objectiveId=self.objective_id and ObjectiveOnMap(self.objective_id),
            measureId=self.measure,
        )
        self.served = Serves(self.outcome_id)
        self.objectives = ServesObjectives(self.outcome_id)
        yield [self.objectives if self.objective_id else self.served, *self.mentions.values()]
        self.higher = self.measure.outcome_id if self.measure else self.higher_id
        self.added: tuple[Measures, Measures] | None = None
        self.cycles = {"outcomeId": CycleOf(self.lower)}
        if self.higher:
            above = Outcome(self.higher)
            yield [above]
            self.cycles["measureId" if self.measure_id else "higherId"] = CycleOf(above)
            if above.set and above.set.roll_up is RollUp.SUM and self.weight > 0:
                self.added = (Measures(self.outcome_id), Measures(self.higher))
                yield [*self.added]
        yield from cycles_of(self.cycles.values())
        self.above: set[UUID] = set()
        rising: set[UUID] = {self.higher} if self.higher else set()
        while rising:
            self.above |= rising
            generation = [Serves(outcome_id) for outcome_id in sorted(rising)]
            yield [*generation]
            rising = {higher for serves in generation for higher in serves.higher} - self.above

    def execute(self) -> None:
        check_mentions(self.mentions)
        for field, cycle in self.cycles.items():
            cycle.check_open(field)
        if self.outcome_id in self.above:
            sentence = "Unalign an outcome first: what this outcome would serve serves it already, by way of others."
            raise Refused(ALIGNMENT_CIRCLE, sentence, "measureId" if self.measure_id else "higherId")
        if self.added is not None:
            check_units(*self.added)
        if self.objective_id:
            link = OutcomeAlignedToObjective(
                outcome_id=self.outcome_id, objective_id=self.objective_id, weight=self.weight
            )
            if self.objectives.objectives.get(self.objective_id) != link:
                self.emit(link)
        if self.higher:
            link = OutcomeAligned(
                outcome_id=self.outcome_id, higher_id=self.higher, measure_id=self.measure_id, weight=self.weight
            )
            if self.served.higher.get(self.higher) != link:
                self.emit(link)


class UnalignOutcome(Command):
    """Let an outcome serve a higher outcome or a strategic objective no longer.

    Refused where one of them is unknown, or the cycle of one of the two outcomes is closed (R8).
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    higher_id: HigherId | None = None
    objective_id: ObjectiveId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.higher_id, "higherId"), (self.objective_id, "objectiveId"))

    def reads(self) -> Reads:
        ends = mentioned(outcomeId=Outcome(self.outcome_id), higherId=self.higher_id and Outcome(self.higher_id))
        self.mentions = ends | mentioned(objectiveId=self.objective_id and Objective(self.objective_id))
        self.served = Serves(self.outcome_id)
        self.objectives = ServesObjectives(self.outcome_id)
        yield [self.objectives if self.objective_id else self.served, *self.mentions.values()]
        self.cycles = {field: CycleOf(outcome) for field, outcome in ends.items()}
        yield from cycles_of(self.cycles.values())

    def execute(self) -> None:
        check_mentions(self.mentions)
        for field, cycle in self.cycles.items():
            cycle.check_open(field)
        if self.higher_id and self.higher_id in self.served.higher:
            self.emit(OutcomeUnaligned(outcome_id=self.outcome_id, higher_id=self.higher_id))
        if self.objective_id and self.objective_id in self.objectives.objectives:
            self.emit(OutcomeUnalignedFromObjective(outcome_id=self.outcome_id, objective_id=self.objective_id))
