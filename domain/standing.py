"""Where an outcome stands in its life, from a draft to its end."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from domain.codes import OUTCOME_ENDED
from domain.kernel import CycleId, Event, Fold, OutcomeId, OwnerId, PersonId, Refused, SuccessorId, TeamId
from domain.values import Reason, Text


class OutcomeActivated(Event, frozen=True, tag="outcome.activated"):
    """An outcome is one that its team, or else its owner, works on now."""

    outcome_id: OutcomeId
    cycle_id: CycleId
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class OutcomeAbandoned(Event, frozen=True, tag="outcome.abandoned"):
    """Nobody goes on with an outcome; there is room for another one."""

    outcome_id: OutcomeId
    reason: Reason
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class OutcomePaused(Event, frozen=True, tag="outcome.paused"):
    """An outcome rests for a while; there is room for another one."""

    outcome_id: OutcomeId
    reason: Reason
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class OutcomeResumed(Event, frozen=True, tag="outcome.resumed"):
    """A paused outcome is worked on again."""

    outcome_id: OutcomeId
    reason: Reason
    cycle_id: CycleId
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class OutcomeWithdrawn(Event, frozen=True, tag="outcome.withdrawn"):
    """An outcome was set by mistake; it counts nowhere."""

    outcome_id: OutcomeId
    reason: Reason
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class MissCause(StrEnum):
    """Why an outcome was missed."""

    AMBITION = "AMBITION"
    WRONG_MEASURE = "WRONG_MEASURE"
    DEPENDENCY = "DEPENDENCY"
    CAPACITY = "CAPACITY"
    PRIORITY_SHIFTED = "PRIORITY_SHIFTED"
    EXTERNAL = "EXTERNAL"
    FOCUS = "FOCUS"
    CADENCE = "CADENCE"


class NextStep(StrEnum):
    """What is to become of the change after its grade."""

    KEEP = "KEEP"
    MODIFY = "MODIFY"
    ABANDON = "ABANDON"


class OutcomeGraded(Event, frozen=True, tag="outcome.graded"):
    """The closing review told how much of an outcome was reached; graded again, it is a correction."""

    version: ClassVar[int] = 2

    outcome_id: OutcomeId
    grade: Decimal
    suggested: Decimal | None
    success: bool
    graded_on: date
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    reason: Reason | None = None
    cause: MissCause | None = None
    lesson: Text | None = None
    next: NextStep | None = None
    grader_id: PersonId | None = None


class OutcomeReopened(Event, frozen=True, tag="outcome.reopened"):
    """An outcome that had been graded or abandoned is worked on again."""

    outcome_id: OutcomeId
    reason: Reason
    cycle_id: CycleId
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class OutcomeCarriedOver(Event, frozen=True, tag="outcome.carried-over"):
    """Another outcome, of a later cycle, takes up the change where this one leaves it."""

    outcome_id: OutcomeId
    successor_id: SuccessorId
    graded: bool  # then it stays graded
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    reason: Reason | None = None


class State(StrEnum):
    """Where an outcome stands in its life."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    GRADED = "GRADED"
    CARRIED_OVER = "CARRIED_OVER"
    ABANDONED = "ABANDONED"
    WITHDRAWN = "WITHDRAWN"


ENDED = frozenset({State.GRADED, State.CARRIED_OVER, State.ABANDONED, State.WITHDRAWN})
LEFT_OUT = frozenset({State.PAUSED, State.ABANDONED, State.WITHDRAWN})  # of every roll-up
GIVEN_UP = frozenset({State.ABANDONED, State.WITHDRAWN})
UNDER_WAY = frozenset({State.ACTIVE, State.PAUSED})

StandingEvent = (
    OutcomeActivated
    | OutcomePaused
    | OutcomeResumed
    | OutcomeGraded
    | OutcomeReopened
    | OutcomeCarriedOver
    | OutcomeAbandoned
    | OutcomeWithdrawn
)


class Standing(Fold[StandingEvent]):
    """Where an outcome stands in its life."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.state = State.DRAFT
        self.graded: OutcomeGraded | None = None
        self.successors: list[UUID] = []

    def fold(self, event: StandingEvent) -> None:
        match event:
            case OutcomeActivated() | OutcomeResumed() | OutcomeReopened():
                self.state, self.graded = State.ACTIVE, None
            case OutcomePaused():
                self.state = State.PAUSED
            case OutcomeGraded():
                self.state, self.graded = State.GRADED, event
            case OutcomeCarriedOver():
                self.successors.append(event.successor_id)
                if not event.graded:
                    self.state = State.CARRIED_OVER
            case OutcomeAbandoned():
                self.state = State.ABANDONED
            case OutcomeWithdrawn():
                self.state = State.WITHDRAWN

    def check_goes_on(self, field: str) -> None:
        """Refuses what can't be done with an outcome that has ended."""
        self._check_none_of(ENDED, field)

    def check_counts(self, field: str) -> None:
        """Refuses what can't be done with an outcome that was abandoned or withdrawn."""
        self._check_none_of(GIVEN_UP, field)

    def _check_none_of(self, ends: frozenset[State], field: str) -> None:
        if self.state in ends:
            sentence = f"Set a new outcome: this one has been {self.state.value.lower().replace('_', ' ')}."
            raise Refused(OUTCOME_ENDED, sentence, field)
