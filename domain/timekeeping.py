"""Facts that time alone brings about: noted once each, by the timekeeper and by nobody else."""

from datetime import date
from uuid import UUID

from domain.boundaries import Boundary
from domain.codes import NOT_ALLOWED, NOT_FOUND
from domain.kernel import BoundaryId, Command, Event, Fold, Issued, OutcomeId, Reads, Refused
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
