"""A standing promise that was kept is made again, by the command that kept it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid5

from domain.initiatives import Initiative
from domain.kernel import Fold, Issued
from domain.people import Departure
from domain.promises import Promise, TaskCommitted


class Again:
    """What must be known before a standing promise is made again, and the promise as it is made then.

    By the same promiser, to the same beneficiary, on the terms in force but for the day, which is the next of the
    series that has not passed; what it serves is as it stands. None where the days are over, the promiser has left, or
    the initiative has ended.
    """

    def __init__(self, promise: Promise) -> None:
        self.promise = promise
        self.departure = Departure(promise.promiser_id) if promise.series and promise.promiser_id else None
        self.initiative = Initiative(promise.initiative_id) if self.departure and promise.initiative_id else None

    def folds(self) -> list[Fold[Any]]:
        return [fold for fold in (self.departure, self.initiative) if fold is not None]

    def decide(self, issued: Issued) -> Iterator[TaskCommitted]:
        """One or none."""
        was, series = self.promise, self.promise.series
        if series is None or was.terms is None or was.promiser_id is None or was.beneficiary_id is None:
            return
        due_on = series.following(issued.today)
        left = self.departure is not None and self.departure.left
        if due_on is None or left or (self.initiative is not None and self.initiative.ended):
            return
        yield TaskCommitted(
            task_id=uuid5(issued.command_id, "next"),
            title=was.terms.title,
            due_on=due_on,
            promiser_id=was.promiser_id,
            beneficiary_id=was.beneficiary_id,
            conditions=was.terms.conditions,
            effort=was.terms.effort,
            outcome_id=was.outcome_id,
            serves_nothing=was.serves_nothing,
            initiative_id=was.initiative_id,
            recurs=series.recurs,
            former_id=was.task_id,
            first_due_on=series.first_due_on,
        )
