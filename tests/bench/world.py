"""A large organisation: people, outcomes in trees of four levels, measures, and readings over two years.

The same shape at a hundredth of the size, so that what an answer costs a row can be compared.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4

from domain.alignment import OutcomeAligned, OutcomeAlignedToObjective
from domain.checkins import CheckedIn, Status
from domain.cycles import CyclePlanned, CycleStarted, ReviewStarted
from domain.kernel import Event
from domain.measures import Direction, MeasureSet
from domain.organisation import ApiKeyIssued, OrganisationFounded, Scope
from domain.outcomes import OutcomeSet, RollUp
from domain.people import PersonRegistered, TeamFormed
from domain.promises import TaskCommitted
from domain.readings import ReadingTaken
from domain.standing import OutcomeActivated, OutcomeGraded
from domain.strategy import StrategicObjectiveSet
from domain.values import Role
from infra import api_keys

PEOPLE, OUTCOMES, MEASURES, READINGS = 10_000, 5_000, 20_000, 1_000_000
SMALLER = 100  # the hundredth
TREE = (1, 3, 9, 27)  # outcomes of a tree by level: forty
CYCLES = 10
LAST = date(2026, 10, 31)
FIRST = LAST - timedelta(days=730)

Dated = tuple[datetime, Event]


class World:
    """Ids that questions are asked of, and the events in the order in which they came."""

    def __init__(self, share: int = 1) -> None:
        self.people, self.outcomes = PEOPLE // share, OUTCOMES // share
        self.measures_each, self.readings_each = MEASURES // OUTCOMES, READINGS // MEASURES
        self.organisation_id = uuid4()
        self.key = api_keys.make()
        self.person_ids = [uuid4() for _ in range(self.people)]
        self.team_ids = [uuid4() for _ in range(max(1, self.people // 20))]
        self.objective_ids = [uuid4() for _ in range(12)]
        self.cycle_ids = [uuid4() for _ in range(CYCLES)]
        self.outcome_ids = [uuid4() for _ in range(self.outcomes)]
        self.measure_ids = [[uuid4() for _ in range(self.measures_each)] for _ in range(self.outcomes)]
        self.task_ids = [uuid4() for _ in range(self.people)]

    def events(self) -> Iterator[Dated]:
        """What was set up on the first day, then readings day by day, and the review on the last."""
        first = datetime.combine(FIRST, time(8), UTC)
        for event in (*self._founded(), *self._strategy(), *self._outcomes(), *self._tasks()):
            yield first, event
        yield from self._readings()
        last = datetime.combine(LAST, time(18), UTC)
        for event in self._review():
            yield last, event

    def _founded(self) -> Iterator[Event]:
        yield OrganisationFounded(organisation_id=self.organisation_id, name="World", time_zone="UTC")
        for nth, one in enumerate(self.person_ids):
            yield PersonRegistered(person_id=one, name=f"Person {nth:05}")
        for nth, one in enumerate(self.team_ids):
            yield TeamFormed(team_id=one, name=f"Team {nth:03}", lead_ids=(self.person_ids[nth],))
        yield ApiKeyIssued(
            api_key_id=uuid4(),
            name="bench",
            role=Role.OWNER,
            scopes=(Scope.READ, Scope.WRITE),
            person_id=self.person_ids[0],
            lookup=self.key.lookup,
            digest=self.key.digest,
        )

    def _strategy(self) -> Iterator[Event]:
        for nth, one in enumerate(self.objective_ids):
            yield StrategicObjectiveSet(objective_id=one, title=f"Objective {nth:02}", perspective="CUSTOMER")
        for nth, one in enumerate(self.cycle_ids):
            starts = FIRST + timedelta(days=73 * nth)
            ends = starts + timedelta(days=72)
            yield CyclePlanned(cycle_id=one, title=f"Cycle {nth}", starts_on=starts, ends_on=ends)
            yield CycleStarted(cycle_id=one)

    def _outcomes(self) -> Iterator[Event]:
        for nth, one in enumerate(self.outcome_ids):
            cycle = self.cycle_ids[nth % CYCLES]
            team, owner = self.team_ids[nth % len(self.team_ids)], self.person_ids[nth % self.people]
            yield OutcomeSet(
                outcome_id=one,
                title=f"Outcome {nth:04}",
                team_id=team,
                owner_id=owner,
                cycle_id=cycle,
                roll_up=RollUp.MEASURES,
            )
            for number, measure in enumerate(self.measure_ids[nth]):
                yield MeasureSet(
                    measure_id=measure,
                    outcome_id=one,
                    title=f"Measure {number}",
                    direction=Direction.INCREASE,
                    baseline=Decimal(0),
                    target=Decimal(100),
                )
            yield from self._aligned(nth)
            yield OutcomeActivated(outcome_id=one, cycle_id=cycle, team_id=team, owner_id=owner)

    def _aligned(self, nth: int) -> Iterator[Event]:
        """The first of forty serves an objective, the others the outcome a third of the way to them."""
        tree, place = divmod(nth, sum(TREE))
        one = self.outcome_ids[nth]
        if place == 0:
            objective = self.objective_ids[tree % len(self.objective_ids)]
            yield OutcomeAlignedToObjective(outcome_id=one, objective_id=objective, weight=Decimal(1))
        else:
            higher = self.outcome_ids[nth - place + (place - 1) // 3]
            yield OutcomeAligned(outcome_id=one, higher_id=higher, weight=Decimal(1))

    def _tasks(self) -> Iterator[Event]:
        """A promise of each person, which the outcomes are served by in turn."""
        for nth, one in enumerate(self.task_ids):
            yield TaskCommitted(
                task_id=one,
                title=f"Task {nth:05}",
                due_on=FIRST + timedelta(days=nth % 730),
                promiser_id=self.person_ids[nth],
                beneficiary_id=self.person_ids[(nth + 1) % self.people],
                outcome_id=self.outcome_ids[nth % self.outcomes],
            )

    def _readings(self) -> Iterator[Dated]:
        """Each measure is read as often, evenly over the days; the day before yesterday is recorded after yesterday."""
        for turn in range(self.readings_each):
            day = FIRST + timedelta(days=729 * turn // self.readings_each)
            at = datetime.combine(day, time(17), UTC)
            for nth, measures in enumerate(self.measure_ids):
                for number, measure in enumerate(measures):
                    yield (
                        at,
                        ReadingTaken(
                            reading_id=uuid4(),
                            measure_id=measure,
                            outcome_id=self.outcome_ids[nth],
                            value=Decimal((turn * 2 + nth + number * 7) % 120),
                            taken_on=day,
                        ),
                    )

    def _review(self) -> Iterator[Event]:
        """Of the last cycle: two thirds of its outcomes are graded."""
        cycle = self.cycle_ids[-1]
        yield ReviewStarted(cycle_id=cycle)
        for nth, one in enumerate(self.outcome_ids):
            yield CheckedIn(check_in_id=uuid4(), outcome_id=one, on=LAST, status=Status.ON_TRACK, author_id=None)
            if self.cycle_ids[nth % CYCLES] == cycle and nth % 3:
                grade = Decimal(nth % 11) / 10
                yield OutcomeGraded(
                    outcome_id=one,
                    grade=grade,
                    suggested=grade,
                    success=nth % 11 > 6,
                    graded_on=LAST,
                    cycle_id=cycle,
                    team_id=self.team_ids[nth % len(self.team_ids)],
                    owner_id=self.person_ids[nth % self.people],
                )
