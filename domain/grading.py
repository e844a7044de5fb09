"""Grades: what the closing review says of outcomes, suggested by their measures; and the close of a cycle (R8)."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

import msgspec

from domain.alignment import OutcomeAligned, OutcomeUnaligned
from domain.arithmetic import weighted_mean
from domain.codes import (
    GRADE_MISSING,
    GRADE_NEEDS_REASON,
    INNER_CYCLES_OPEN,
    LESSON_MISSING,
    OUTCOME_NOT_IN_STATE,
    OUTCOMES_UNGRADED,
)
from domain.cycles import Cycle, CycleClosed, CycleState, Inside
from domain.figures import Figures
from domain.focus import Place
from domain.kernel import Command, CycleId, Fold, OutcomeId, Reads, Refused
from domain.measures import Measures
from domain.outcomes import Ambition, Outcome, OutcomeSet, RollUp
from domain.people import Departure, Disbanding
from domain.policy import Policy
from domain.references import check_mentions, mentioned
from domain.standing import (
    LEFT_OUT,
    UNDER_WAY,
    MissCause,
    NextStep,
    OutcomeGraded,
    OutcomeReopened,
    Standing,
    StandingEvent,
    State,
)
from domain.values import Reason, Role, Text, checked_between
from domain.visibility import Told

PLACES = Decimal("0.0001")
MOST_TITLES = 10
OPEN = frozenset({CycleState.RUNNING, CycleState.IN_REVIEW})


class ServedBy(Fold[OutcomeAligned | OutcomeUnaligned]):
    """The outcomes that serve an outcome, with the weights of their links."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(higher=outcome_id)
        self.weights: dict[UUID, Decimal] = {}

    def fold(self, event: OutcomeAligned | OutcomeUnaligned) -> None:
        match event:
            case OutcomeAligned():
                self.weights[event.outcome_id] = event.weight
            case OutcomeUnaligned():
                self.weights.pop(event.outcome_id, None)


class UnderWay(Fold[StandingEvent]):
    """The outcomes of a cycle that are active or paused."""

    def __init__(self, cycle_id: UUID) -> None:
        super().__init__(cycle=cycle_id)
        self.standings: dict[UUID, Standing] = {}

    def fold(self, event: StandingEvent) -> None:
        self.standings.setdefault(event.outcome_id, Standing(event.outcome_id)).fold(event)

    @property
    def outcome_ids(self) -> list[UUID]:
        return sorted(one for one, standing in self.standings.items() if standing.state in UNDER_WAY)


def rounded(value: Fraction | None) -> Decimal | None:
    """To four places: what is suggested is read by people."""
    if value is None:
        return None
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(PLACES, ROUND_HALF_EVEN)


class GradeOutcome(Command):
    """Tell in the closing review how much of an outcome was reached; without a grade the suggested one counts (R8).

    Another grade than the suggested one needs a reason, what was missed a cause and a lesson; grading again is a
    correction with a reason. A suggested grade is rounded for readers, and judged exactly. Refused where the outcome is
    neither active nor paused, or before the review without a reason.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    grade: Decimal | None = None
    reason: Reason | None = None
    cause: MissCause | None = None
    lesson: Text | None = None
    next: NextStep | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.grade is not None:
            checked_between(self.grade, 0, 1, "grade")

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.measures = Measures(self.outcome_id)
        self.served_by = ServedBy(self.outcome_id)
        self.policy = Policy(self.issued.organisation_id)
        yield [self.outcome, self.standing, self.measures, self.served_by, self.policy]
        self.children = {one: Standing(one) for one in sorted(self.served_by.weights)}
        now = self.outcome.now
        self.cycle = Cycle(now.cycle_id) if now and now.cycle_id else None
        yield [*self.children.values(), *([self.cycle] if self.cycle else [])]
        self.figures = Figures(self.issued.organisation_id)
        yield from self.figures.reads(set(self.measures.set))
        yield from self.figures.read_milestones()

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        again = self.standing.graded if self.standing.state is State.GRADED else None
        if again is None and self.standing.state not in UNDER_WAY:
            sentence = "Activate the outcome first: only what is worked on, or was, is graded."
            raise Refused(OUTCOME_NOT_IN_STATE, sentence, "outcomeId")
        graded_on = self._day()
        exact = self.suggestion(graded_on)
        suggested = rounded(exact)
        grade = suggested if self.grade is None else self.grade
        if grade is None:
            raise Refused(GRADE_MISSING, "State a grade and why: its measures suggest none.", "grade")
        self._check_reason(grade, suggested, again)
        success = self._succeeds(now, grade, exact)
        if not success and (self.cause is None or self.lesson is None):
            raise Refused(LESSON_MISSING, "Say what was in the way, and what is learnt from it.", "cause", "lesson")
        event = OutcomeGraded(
            outcome_id=self.outcome_id,
            grade=grade,
            suggested=suggested,
            success=success,
            graded_on=graded_on,
            cycle_id=now.cycle_id,
            team_id=now.team_id,
            owner_id=now.owner_id,
            reason=self.reason,
            cause=self.cause,
            lesson=self.lesson,
            next=self.next,
            grader_id=self.issued.person_id,
        )
        if again is None or msgspec.structs.replace(again, grader_id=event.grader_id) != event:
            self.emit(event)

    def _succeeds(self, now: OutcomeSet, grade: Decimal, exact: Fraction | None) -> bool:
        """What was suggested is judged before it is rounded: 99,996 of 100,000 loaves are no 100,000."""
        changed = self.grade is not None and self.reason is not None
        reached = Fraction(grade) if changed or exact is None else exact
        committed = now.ambition is Ambition.COMMITTED
        return reached >= (1 if committed else Fraction(self.policy.latest.aspirational_success))

    def _day(self) -> date:
        """The day that the measures are asked for: today, at the latest the end of the cycle."""
        ends_on = self.cycle.planned.ends_on if self.cycle and self.cycle.planned else None
        return min(self.issued.today, ends_on) if ends_on else self.issued.today

    def _check_reason(self, grade: Decimal, suggested: Decimal | None, again: OutcomeGraded | None) -> None:
        if self.reason is not None:
            return
        if grade != suggested:
            told = f"the measures suggest {suggested}" if suggested is not None else "the measures suggest none"
            raise Refused(GRADE_NEEDS_REASON, f"Say why the grade is {grade}: {told}.", "reason")
        if again is not None:
            raise Refused(GRADE_NEEDS_REASON, "Say why it is graded again: the former grade stays on record.", "reason")
        if self.cycle and self.cycle.state not in {CycleState.IN_REVIEW, CycleState.CLOSED}:
            raise Refused(GRADE_NEEDS_REASON, "Start the review of the cycle, or say why now.", "reason")

    def suggestion(self, day: date) -> Fraction | None:
        """By the roll-up of the outcome: its measures, the grades of what serves it, or both; None for a sum."""
        now = self.outcome.known("outcomeId")
        policy = now.roll_up or self.policy.latest.default_roll_up
        policy = policy or (RollUp.MEASURES if self.measures.set else RollUp.CHILDREN)
        parts: list[tuple[Fraction | None, Fraction]] = []
        if policy in {RollUp.MEASURES, RollUp.BOTH}:
            parts += [self.figures.progress(one, day) for one in self.measures.set]
        if policy in {RollUp.CHILDREN, RollUp.BOTH}:
            parts += [
                (Fraction(standing.graded.grade), Fraction(self.served_by.weights[one]))
                for one, standing in self.children.items()
                if standing.graded and standing.state not in LEFT_OUT
            ]
        return weighted_mean(parts)


class ReopenOutcome(Command):
    """Work again on an outcome that was graded or abandoned, and say why; this takes a place in the focus (R2, R8).

    Refused once its cycle is closed, or where the focus limit is reached.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reason: Reason

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        yield [self.outcome, self.standing]
        self.place: Place | None = None
        self.cycle: Cycle | None = None
        self.holders: dict[str, Departure | Disbanding] = {}
        now = self.outcome.now
        if now and now.cycle_id:
            self.cycle = Cycle(now.cycle_id)
            self.place = Place(self.issued.organisation_id, now.cycle_id, now.team_id, now.owner_id)
            self.holders = mentioned(
                ownerId=now.owner_id and Departure(now.owner_id), teamId=now.team_id and Disbanding(now.team_id)
            )
            yield from self.place.reads(self.cycle, *self.holders.values())

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        if self.standing.state is State.ACTIVE:
            return
        ended = self.standing.state in {State.GRADED, State.ABANDONED}
        if not ended or self.place is None or self.cycle is None or now.cycle_id is None:
            sentence = "Only an outcome of a cycle that was graded or abandoned is opened again."
            raise Refused(OUTCOME_NOT_IN_STATE, sentence, "outcomeId")
        self.cycle.check_open("outcomeId")
        check_mentions(self.holders)
        self.place.check("outcomeId")
        self.emit(
            OutcomeReopened(
                outcome_id=self.outcome_id,
                reason=self.reason,
                cycle_id=now.cycle_id,
                team_id=now.team_id,
                owner_id=now.owner_id,
            )
        )


class CloseCycle(Command):
    """Close a cycle after its review; from then on it takes corrections with a reason only (R8).

    Refused before the review, while an outcome of it is neither graded, carried over nor abandoned, and while a cycle
    inside it is running or in review.
    """

    entity = "cycle_id"
    role = Role.LEAD

    cycle_id: CycleId

    def reads(self) -> Reads:
        self.cycle = Cycle(self.cycle_id)
        self.under_way = UnderWay(self.cycle_id)
        inside = Inside(self.cycle_id)
        yield [self.cycle, self.under_way, inside]
        self.left = [Told(one) for one in self.under_way.outcome_ids[:MOST_TITLES]]
        self.inner = [Cycle(one) for one in inside.cycle_ids]
        yield [*self.left, *self.inner]

    def execute(self) -> None:
        if self.cycle.closed:
            return
        self.cycle.demand(CycleState.IN_REVIEW)
        running = [one.planned.title for one in self.inner if one.planned and one.state in OPEN]
        if running:
            raise Refused(INNER_CYCLES_OPEN, f"Close the cycles inside it first: {'; '.join(running)}.", "cycleId")
        if self.left:
            titles = [one.title for one in self.left if one.title]
            more = len(self.under_way.outcome_ids) - len(titles)
            told = [*(["; ".join(titles)] if titles else []), *([f"{more} more"] if more else [])]
            sentence = f"Grade, carry over or abandon what is under way: {' and '.join(told)}."
            raise Refused(OUTCOMES_UNGRADED, sentence, "cycleId")
        self.emit(CycleClosed(cycle_id=self.cycle_id, closed_on=self.issued.today))
