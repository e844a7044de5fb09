"""Facts that time alone brings about: noted once each, by the timekeeper and by nobody else."""

from datetime import date
from uuid import UUID

from domain.boundaries import Boundary
from domain.checkins import SaidOf
from domain.codes import NOT_ALLOWED, NOT_FOUND
from domain.kernel import BoundaryId, CheckInId, Command, Event, Fold, Issued, OutcomeId, Reads, Refused
from domain.outcomes import Outcome
from domain.values import Role

TIMEKEEPER = "system"


class BoundaryBreached(Event, frozen=True, tag="boundary.breached"):
    """A figure has been outside a boundary since a day."""

    boundary_id: BoundaryId
    outcome_id: OutcomeId
    breached_on: date


class Breaches(Fold[BoundaryBreached]):
    """The breaches of a boundary that have been noted, by the days on which they began."""

    def __init__(self, boundary_id: UUID) -> None:
        super().__init__(boundary=boundary_id)
        self.began: set[date] = set()

    def fold(self, event: BoundaryBreached) -> None:
        self.began.add(event.breached_on)


class CheckInMissed(Event, frozen=True, tag="check-in.missed"):
    """A check-in was due, and its grace has passed without one."""

    outcome_id: OutcomeId
    due_on: date


class AcknowledgementPassed(Event, frozen=True, tag="acknowledgement.passed"):
    """A check-in has waited longer for its reviewer than it should."""

    check_in_id: CheckInId
    outcome_id: OutcomeId
    waiting_since: date


class Missed(Fold[CheckInMissed]):
    """The check-ins of an outcome that were noted as missed, by their due days."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.due: set[date] = set()

    def fold(self, event: CheckInMissed) -> None:
        self.due.add(event.due_on)


class Passed(Fold[AcknowledgementPassed]):
    """Whether it was noted that a check-in waits for its reviewer."""

    def __init__(self, check_in_id: UUID) -> None:
        super().__init__(check_in=check_in_id)
        self.noted = False

    def fold(self, event: AcknowledgementPassed) -> None:
        del event  # that there is one is all that counts
        self.noted = True


def check_timekeeper(issued: Issued) -> None:
    """Refuses whoever is not the timekeeper."""
    if issued.by != TIMEKEEPER:
        raise Refused(NOT_ALLOWED, "Leave this to the timekeeper: it notes what time brings about.")


class NoteBoundaryBreached(Command):
    """Note that a figure has been outside a boundary since a day; once for that day, whoever notes it again."""

    entity = "boundary_id"
    role = Role.OWNER

    boundary_id: BoundaryId
    breached_on: date

    def reads(self) -> Reads:
        self.boundary = Boundary(self.boundary_id)
        self.breaches = Breaches(self.boundary_id)
        yield [self.boundary, self.breaches]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        if self.boundary.set is None:
            raise Refused(NOT_FOUND, "There is no such boundary: set it first.", "boundaryId")
        if self.breached_on not in self.breaches.began:
            self.emit(
                BoundaryBreached(
                    boundary_id=self.boundary_id, outcome_id=self.boundary.set.outcome_id, breached_on=self.breached_on
                )
            )


class NoteCheckInMissed(Command):
    """Note that the check-in due on a day was missed; once for that day (R13)."""

    entity = "outcome_id"
    role = Role.OWNER

    outcome_id: OutcomeId
    due_on: date

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.missed = Missed(self.outcome_id)
        yield [self.outcome, self.missed]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        self.outcome.check("outcomeId")
        if self.due_on not in self.missed.due:
            self.emit(CheckInMissed(outcome_id=self.outcome_id, due_on=self.due_on))


class NoteAcknowledgementPassed(Command):
    """Note that a check-in has waited longer for its reviewer than it should; once."""

    entity = "check_in_id"
    role = Role.OWNER

    check_in_id: CheckInId

    def reads(self) -> Reads:
        self.said = SaidOf(self.check_in_id)
        self.passed = Passed(self.check_in_id)
        yield [self.said, self.passed]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        made, _ = self.said.standing()
        if not self.passed.noted and not self.said.acknowledged:
            self.emit(
                AcknowledgementPassed(check_in_id=self.check_in_id, outcome_id=made.outcome_id, waiting_since=made.on)
            )
