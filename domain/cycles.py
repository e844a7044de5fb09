"""Cycles: the periods that outcomes are set for."""

from datetime import date
from uuid import UUID

from domain.codes import ALREADY_EXISTS, CYCLE_NOT_PLANNED, CYCLE_OUTSIDE_PARENT, NOT_FOUND
from domain.kernel import Command, CycleId, Event, Fold, ParentCycleId, Reads, Refused
from domain.references import check_mentions, mentioned
from domain.values import Role, Title, checked_span


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


class Cycle(Fold[CyclePlanned | CycleStarted]):
    """A cycle as it was planned, and whether it is running."""

    def __init__(self, cycle_id: UUID) -> None:
        super().__init__(cycle=cycle_id)
        self.planned: CyclePlanned | None = None
        self.started = False

    def fold(self, event: CyclePlanned | CycleStarted) -> None:
        match event:
            case CyclePlanned():
                self.planned = event
            case CycleStarted():
                self.started = True

    def check(self, field: str) -> None:
        """Refuses the mention of a cycle that nobody planned."""
        if self.planned is None:
            raise Refused(NOT_FOUND, "There is no such cycle: plan it first.", field)


class PlanCycle(Command):
    """Lay out a period that outcomes are set for, perhaps inside a longer one.

    Refused where the id is used already, the parent is unknown, or the cycle would reach beyond it.
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


class StartCycle(Command):
    """Let a planned cycle run.

    Refused where it runs already.
    """

    entity = "cycle_id"
    role = Role.LEAD

    cycle_id: CycleId

    def reads(self) -> Reads:
        self.cycle = Cycle(self.cycle_id)
        yield [self.cycle]

    def execute(self) -> None:
        self.cycle.check("cycleId")
        if self.cycle.started:
            raise Refused(CYCLE_NOT_PLANNED, "Go on with the cycle: it has been started already.", "cycleId")
        self.emit(CycleStarted(cycle_id=self.cycle_id))
