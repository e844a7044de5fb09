"""Cycles: the periods that outcomes are set for."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from domain.codes import ALREADY_EXISTS, CYCLE_CLOSED, CYCLE_NOT_IN_STATE, CYCLE_OUTSIDE_PARENT, NOT_FOUND
from domain.kernel import Command, CycleId, Event, Fold, ParentCycleId, Reads, Refused
from domain.references import check_mentions, mentioned
from domain.values import Reason, Role, Title, checked_span


class CyclePlanned(Event, frozen=True, tag="cycle.planned"):
    """A period for outcomes was laid out, perhaps inside a longer one."""

    cycle_id: CycleId
    title: Title
    starts_on: date
    ends_on: date
    parent_id: ParentCycleId | None = None


class CycleStarted(Event, frozen=True, tag="cycle.started"):
    """The cycle is running."""

    cycle_id: CycleId


class ReviewStarted(Event, frozen=True, tag="cycle.review-started"):
    """The cycle is being reviewed: its outcomes get their grades."""

    cycle_id: CycleId


class CycleClosed(Event, frozen=True, tag="cycle.closed"):
    """The cycle takes corrections only from now on."""

    cycle_id: CycleId
    closed_on: date


class CycleReopened(Event, frozen=True, tag="cycle.reopened"):
    """A closed cycle is in review again."""

    cycle_id: CycleId
    reason: Reason


REOPEN = "Reopen the cycle with a reason: it is closed, and takes corrections only."
CycleEvent = CyclePlanned | CycleStarted | ReviewStarted | CycleClosed | CycleReopened


class CycleState(StrEnum):
    """Where a cycle stands in its life."""

    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    IN_REVIEW = "IN_REVIEW"
    CLOSED = "CLOSED"


class Cycle(Fold[CycleEvent]):
    """A cycle as it was planned, and where it stands."""

    def __init__(self, cycle_id: UUID) -> None:
        super().__init__(cycle=cycle_id)
        self.planned: CyclePlanned | None = None
        self.state = CycleState.PLANNED

    def fold(self, event: CycleEvent) -> None:
        match event:
            case CyclePlanned():
                self.planned = event
            case CycleStarted():
                self.state = CycleState.RUNNING
            case ReviewStarted() | CycleReopened():
                self.state = CycleState.IN_REVIEW
            case CycleClosed():
                self.state = CycleState.CLOSED

    @property
    def closed(self) -> bool:
        return self.state is CycleState.CLOSED

    def check(self, field: str) -> None:
        """Refuses the mention of a cycle that nobody planned."""
        if self.planned is None:
            raise Refused(NOT_FOUND, "There is no such cycle: plan it first.", field)

    def check_open(self, field: str) -> None:
        """Refuses the mention of a cycle that nobody planned, and of one that takes corrections only (R8)."""
        self.check(field)
        if self.closed:
            raise Refused(CYCLE_CLOSED, REOPEN, field)

    def demand(self, *states: CycleState) -> None:
        """Refuses a cycle that stands elsewhere."""
        self.check("cycleId")
        if self.state not in states:
            wanted = " or ".join(state.value.lower().replace("_", " ") for state in states)
            is_now = self.state.value.lower().replace("_", " ")
            raise Refused(
                CYCLE_NOT_IN_STATE, f"This is done to a cycle that is {wanted}; this one is {is_now}.", "cycleId"
            )


class Inside(Fold[CyclePlanned]):
    """The cycles that were planned inside a longer one."""

    def __init__(self, cycle_id: UUID) -> None:
        super().__init__(parent_cycle=cycle_id)
        self.cycle_ids: list[UUID] = []

    def fold(self, event: CyclePlanned) -> None:
        self.cycle_ids.append(event.cycle_id)


class Opening(Command):
    """What it takes to let a cycle run or be reviewed again: that the longer one, if it lies in one, is not closed."""

    entity = "cycle_id"
    role = Role.LEAD

    cycle_id: CycleId

    def reads(self) -> Reads:
        self.cycle = Cycle(self.cycle_id)
        yield [self.cycle]
        self.parent: Cycle | None = None
        if self.cycle.planned and self.cycle.planned.parent_id:
            self.parent = Cycle(self.cycle.planned.parent_id)
            yield [self.parent]

    def check_parent(self) -> None:
        """Refuses to open a cycle inside a closed one (R8)."""
        if self.parent and self.parent.closed:
            raise Refused(CYCLE_CLOSED, "Reopen the longer cycle first, with a reason: it is closed.", "cycleId")


class PlanCycle(Command):
    """Lay out a period that outcomes are set for, perhaps inside a longer one.

    Refused where the id is used already, the parent is unknown or closed (R8), or the cycle would reach beyond it.
    """

    entity = "cycle_id"
    creates = True
    role = Role.LEAD

    cycle_id: CycleId
    title: Title
    starts_on: date
    ends_on: date
    parent_id: ParentCycleId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_span(self.starts_on, self.ends_on, "endsOn")

    def reads(self) -> Reads:
        self.cycle = Cycle(self.cycle_id)
        self.parent = Cycle(self.parent_id) if self.parent_id else None
        self.mentions = mentioned(parentId=self.parent)
        yield [self.cycle, *self.mentions.values()]

    def execute(self) -> None:
        if self.cycle.planned:
            raise Refused(ALREADY_EXISTS, "Choose another id: a cycle has this one.", "cycleId")
        check_mentions(self.mentions)
        if self.parent:
            self.parent.check_open("parentId")
        above = self.parent.planned if self.parent else None
        if above and not above.starts_on <= self.starts_on <= self.ends_on <= above.ends_on:
            sentence = f"Give days from {above.starts_on} to {above.ends_on}: those of the longer cycle."
            raise Refused(CYCLE_OUTSIDE_PARENT, sentence, "startsOn", "endsOn")
        self.emit(
            CyclePlanned(
                cycle_id=self.cycle_id,
                title=self.title,
                starts_on=self.starts_on,
                ends_on=self.ends_on,
                parent_id=self.parent_id,
            )
        )


class StartCycle(Opening):
    """Let a planned cycle run.

    Refused where it runs already, or lies inside a cycle that is closed (R8).
    """

    def execute(self) -> None:
        self.cycle.demand(CycleState.PLANNED)
        self.check_parent()
        self.emit(CycleStarted(cycle_id=self.cycle_id))


class StartReview(Command):
    """Begin the closing review of a cycle: its outcomes are graded or carried over (R8).

    Refused where it is not running.
    """

    entity = "cycle_id"
    role = Role.LEAD

    cycle_id: CycleId

    def reads(self) -> Reads:
        self.cycle = Cycle(self.cycle_id)
        yield [self.cycle]

    def execute(self) -> None:
        if self.cycle.state is not CycleState.IN_REVIEW:
            self.cycle.demand(CycleState.RUNNING)
            self.emit(ReviewStarted(cycle_id=self.cycle_id))


class ReopenCycle(Opening):
    """Open a closed cycle again, and say why: it is in review again (R8).

    Refused where it is not closed, or lies inside a cycle that is.
    """

    reason: Reason

    def execute(self) -> None:
        self.cycle.demand(CycleState.CLOSED)
        self.check_parent()
        self.emit(CycleReopened(cycle_id=self.cycle_id, reason=self.reason))
