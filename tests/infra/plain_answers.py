"""What somebody is told of some promises, plainly: what waits for them, what is overdue, what they have to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.infra.plain_promises import ANSWERED_WITHIN, Plain
from tests.projections.plain_promises import follow_through

SMALL_NUMBER = 2  # as the machine sets the policy


@dataclass(frozen=True)
class Away:
    """Somebody whose duties another one takes, from a day to a day."""

    person: UUID
    delegate: UUID
    first: date
    last: date


@dataclass(frozen=True)
class Asking:
    """Who asks, on which day, and on which it is for everybody then; where a day is named, it is everybody's."""

    viewer: UUID
    day: date
    days: Mapping[UUID, date]
    away: Away

    @property
    def acting(self) -> list[UUID]:
        """Whose duties they are told: their own before those of others."""
        away = self.away
        stands_in = self.viewer == away.delegate and away.first <= self.day <= away.last
        return [self.viewer, *([away.person] if stands_in else [])]


Duty = tuple[str, UUID, date, UUID]


def waiting(tasks: Mapping[UUID, Plain], asking: Asking) -> list[Duty]:
    """Kind, task, by when, and whose it is."""
    return sorted(duty for one, plain in tasks.items() for duty in _of(one, plain, asking))


def _of(task: UUID, plain: Plain, asking: Asking) -> Iterable[Duty]:
    mine = asking.acting

    def first(*people: UUID | None) -> UUID | None:
        """The viewer, if they are among these; else the first of them whose duties they take."""
        theirs = [one for one in people if one in mine]
        return asking.viewer if asking.viewer in theirs else (theirs or [None])[0]

    promiser = first(plain.promiser)
    asks = first(*(one for one in (plain.beneficiary, plain.requester) if one and plain.asks(one)))
    if plain.state == "REQUESTED" and (who := first(*[one for one in mine if plain.asked(one)])):
        assert plain.asked_on
        yield "ANSWER_REQUEST", task, min(plain.terms.due, plain.asked_on + ANSWERED_WITHIN), who
    if plain.state == "DELIVERED" and asks:
        assert plain.delivered_on
        yield "ACCEPT_DELIVERY", task, plain.delivered_on + ANSWERED_WITHIN, asks
    if promiser and plain.over(asking.days):
        yield "DELIVER", task, plain.terms.due, promiser
    if promiser and plain.blocked and plain.blocked.act_by < asking.day:
        yield "CLEAR_BLOCK", task, plain.blocked.act_by, promiser
    if plain.waiting and (who := asks if plain.waiting[0] == plain.promiser else promiser):
        yield "ANSWER_TERMS", task, plain.terms.due, who


def overdue(tasks: Mapping[UUID, Plain], asking: Asking) -> set[UUID]:
    return {one for one, plain in tasks.items() if plain.over(asking.days)}


def kept(tasks: Mapping[UUID, Plain], person: UUID, first: date, last: date, on: date) -> dict[str, Any]:
    """How somebody kept what was due in a window, as it stood on a day."""
    parts = [part for plain in tasks.values() for part in plain.parts]
    return follow_through(parts, [person], first, last, on, SMALL_NUMBER)


def load(tasks: Mapping[UUID, Plain], person: UUID, on: date) -> dict[str, Any]:
    """What somebody has to do in the fortnight from a day on, the overdue included."""
    theirs = [one for one in tasks.values() if one.promiser == person and one.terms.due < on + timedelta(14)]
    still = [one for one in theirs if not any(day and day <= on for day in (one.delivered_on, one.ended_on))]
    promised = [one for one in still if one.committed_on and one.committed_on <= on]
    requested = [one for one in still if one not in promised and one.asked_on and one.asked_on <= on]

    def effort(some: Sequence[Plain]) -> Decimal | int:
        return sum(one.terms.effort or 0 for one in some)

    return {
        "promised": effort(promised),
        "overdue": effort([one for one in promised if one.terms.due < on]),
        "requested": effort(requested),
        "promises": len(promised),
        "requests": len(requested),
        "withoutEffort": sum(one.terms.effort is None for one in (*promised, *requested)),
    }
