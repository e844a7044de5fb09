"""Carrying an outcome over into another cycle: it starts anew, and the lineage reads both ways (R16)."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated
from uuid import UUID, uuid5

import msgspec

from domain.alignment import Serves, ServesObjectives
from domain.codes import ALREADY_EXISTS, CYCLE_CLOSED, CYCLE_ENDS_EARLIER, NOT_FOUND
from domain.cycles import Cycle
from domain.figures import Figures
from domain.grading import rounded
from domain.kernel import Command, CycleId, OutcomeId, Reads, Refused
from domain.measures import Measure, Measures, MeasureSet, check_terms, terms_of
from domain.outcomes import CycleOf, Outcome, OutcomeSet, cycles_of
from domain.standing import OutcomeCarriedOver, Standing, State
from domain.strategy import Objective
from domain.values import Reason, Title
from domain.visibility import Sight, Visibility, VisibilitySet


class CarriedMeasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A measure to take along: from its last reading, or a stated baseline, to its target or another."""

    former_measure_id: UUID
    measure_id: UUID | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None


class CarryOverOutcome(Command):
    """Take an outcome up anew in another cycle, with chosen measures from where they stand (R16).

    Readings, check-ins and grades stay with the former one. Out of a closed cycle it needs a reason (R8). Refused where
    it was withdrawn or abandoned, the other cycle is closed or ends earlier, or a measure is none of its own.

    Whoever could see the former one sees the new one, and nobody else (R15). It starts anew: what it could not be
    aligned to today, a retired objective or an outcome of a closed cycle, it does not serve; and a measure is computed
    from what is carried over with it, else from what it was computed from.
    """

    entity = "outcome_id"
    creates = True

    outcome_id: OutcomeId
    former_id: UUID  # the outcome that is carried over
    cycle_id: CycleId
    title: Title | None = None
    measures: Annotated[tuple[CarriedMeasure, ...], msgspec.Meta(max_length=50)] = ()
    alignments: bool = True
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.former = Outcome(self.former_id)
        self.standing = Standing(self.former_id)
        self.sight = Sight(self.former_id)
        self.measured = Measures(self.former_id)
        self.cycle = Cycle(self.cycle_id)
        self.serves, self.objectives = Serves(self.former_id), ServesObjectives(self.former_id)
        yield [
            self.outcome,
            self.former,
            self.standing,
            self.sight,
            self.measured,
            self.cycle,
            self.serves,
            self.objectives,
        ]
        self.taken = {
            one.measure_id or uuid5(self.issued.command_id, str(one.former_measure_id)): one for one in self.measures
        }
        self.anew = {carried.former_measure_id: one for one, carried in self.taken.items()}
        self.new = [Measure(one) for one in self.taken]
        yield [*self.new]
        self.left = CycleOf(self.former)
        yield from self.left.reads()
        yield from self._ends()
        self.figures = Figures(self.issued.organisation_id)
        chosen = {one.former_measure_id for one in self.measures} & self.measured.set.keys()
        yield from self.figures.reads(chosen)
        yield from self.figures.read_milestones()

    def _ends(self) -> Reads:
        """What the former outcome serves: whether the new one still can."""
        taken = self.alignments
        self.ends = {one: CycleOf(Outcome(one)) for one in sorted(self.serves.higher) if taken}
        self.on_map = {one: Objective(one) for one in sorted(self.objectives.objectives) if taken}
        yield [*(end.outcome for end in self.ends.values()), *self.on_map.values()]
        yield from cycles_of(self.ends.values())

    def execute(self) -> None:
        was = self._checked()
        self.emit(
            OutcomeSet(
                outcome_id=self.outcome_id,
                title=self.title or was.title,
                description=was.description,
                cycle_id=self.cycle_id,
                team_id=was.team_id,
                owner_id=was.owner_id,
                reviewer_id=was.reviewer_id,
                ambition=was.ambition,
                roll_up=was.roll_up,
            )
        )
        if self.sight.visibility is not Visibility.ORGANISATION:
            self.emit(
                VisibilitySet(
                    outcome_id=self.outcome_id,
                    visibility=self.sight.visibility,
                    added_ids=tuple(sorted(self.sight.named)),
                )
            )
        for measure_id, carried in self.taken.items():
            self.emit(self._measure(measure_id, carried))
        self._align()
        self.emit(
            OutcomeCarriedOver(
                outcome_id=self.former_id,
                successor_id=self.outcome_id,
                graded=self.standing.state is State.GRADED,
                cycle_id=was.cycle_id,
                team_id=was.team_id,
                owner_id=was.owner_id,
                reason=self.reason,
            )
        )

    def _checked(self) -> OutcomeSet:
        if self.outcome.set or self.outcome_id == self.former_id:
            raise Refused(ALREADY_EXISTS, "Choose another id: an outcome has this one.", "outcomeId")
        was = self.former.known("formerId")
        self.standing.check_counts("formerId")
        self.left.check_correction(self.reason)
        self.cycle.check_open("cycleId")
        if self.cycle_id == was.cycle_id:
            raise Refused(CYCLE_CLOSED, "Choose another cycle: it is in this one already.", "cycleId")
        former, later = (one.planned if one else None for one in (self.left.cycle, self.cycle))
        if former and later and later.ends_on < former.ends_on:
            sentence = f"Choose a cycle that ends on {former.ends_on} or later: this one is over before the former."
            raise Refused(CYCLE_ENDS_EARLIER, sentence, "cycleId")
        for one in self.measures:
            if one.former_measure_id not in self.measured.set:
                raise Refused(NOT_FOUND, "Choose measures of the outcome that still count.", "measures")
        if any(one.set for one in self.new):
            raise Refused(ALREADY_EXISTS, "Choose another id: a measure has this one.", "measures")
        return was

    def _measure(self, measure_id: UUID, carried: CarriedMeasure) -> MeasureSet:
        former = self.figures.agreed[carried.former_measure_id]
        was, latest = former.set, former.latest
        assert was is not None and latest is not None  # noqa: S101, PT018 - checked against the outcome's measures
        current = self.figures.current(carried.former_measure_id, self.issued.today)
        last = _decimal(current) if current is not None and latest.baseline is not None else latest.baseline
        event = msgspec.structs.replace(
            was,
            measure_id=measure_id,
            outcome_id=self.outcome_id,
            title=latest.title,
            unit=latest.unit,
            baseline=last if carried.baseline is None else carried.baseline,
            target=latest.target if carried.target is None else carried.target,
            lower=latest.lower,
            upper=latest.upper,
            commit=None,
            stretch=None,
            weight=latest.weight,
            starts_on=None,
            due_on=None,
            checkpoints=(),
            reference=None,
            reference_id=None,
            computation=latest.computation,
            input_ids=tuple(self.anew.get(one, one) for one in latest.input_ids),
            owner_id=latest.owner_id,
            source=latest.source,
            stale_after_days=latest.stale_after_days,
        )
        check_terms(event.direction, terms_of(event))
        return event

    def _align(self) -> None:
        """Nothing new is joined to what has left the map, or to what a closed cycle tells."""
        for one, end in self.ends.items():
            if not end.closed:
                link = self.serves.higher[one]
                self.emit(msgspec.structs.replace(link, outcome_id=self.outcome_id))
        for one, objective in self.on_map.items():
            if not objective.retired:
                link = self.objectives.objectives[one]
                self.emit(msgspec.structs.replace(link, outcome_id=self.outcome_id))


def _decimal(value: Fraction) -> Decimal | None:
    """Exact where it can be; a mean or a ratio is rounded to four places."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact if Fraction(exact) == value else rounded(value)
