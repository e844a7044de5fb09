"""Load once more, told plainly: what somebody had open, and how much they had said they can."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from domain.kernel import Event
from domain.promises import (
    DeliveryReturned,
    TaskAccepted,
    TaskCommitted,
    TaskDeclined,
    TaskDelivered,
    TaskReassigned,
    TaskReleased,
    TaskRequested,
)

START = date(2024, 1, 1)
Statement = tuple[int, int | None, str]  # from which day, how much, in which unit


@dataclass
class Piece:
    """A task as it is known at last: days on which it was asked for, promised, delivered and over."""

    task_id: UUID
    whose: UUID | None
    due: date
    effort: int | None
    asked: date | None = None
    promised: date | None = None
    delivered: date | None = None
    over: date | None = None

    def open(self, on: date) -> str:
        """PROMISED, ASKED, or nothing that counts."""
        done = any(day is not None and day <= on for day in (self.delivered, self.over))
        if done or self.due > on + timedelta(13):
            return ""
        if self.promised and self.promised <= on:
            return "PROMISED"
        return "ASKED" if self.asked and self.asked <= on else ""


def told(  # noqa: C901 - one arm an act
    piece: Piece, team: UUID, acts: Iterable[tuple[str, int, UUID]]
) -> list[tuple[date, Event]]:
    """What is recorded of a task, and its days with it: the first act begins it, others are left out where R6 does."""
    events: list[tuple[date, Event]] = []
    state, day, one = "", START, piece.task_id
    for act, gap, who in acts:
        day += timedelta(gap)
        terms: dict[str, Any] = {"task_id": one, "title": "T", "due_on": piece.due, "beneficiary_id": who}
        terms["effort"] = None if piece.effort is None else Decimal(piece.effort)
        event: Event
        match act, state:
            case "commit", "":
                event, state = TaskCommitted(**terms, promiser_id=who), "COMMITTED"
                piece.whose, piece.promised = who, day
            case "ask", "":
                event, state = TaskRequested(**terms, promiser_id=who, requester_id=who), "REQUESTED"
                piece.whose, piece.asked = who, day
            case "ask a team", "":
                event, state = TaskRequested(**terms, team_id=team, requester_id=who), "OF A TEAM"
                piece.asked = day
            case "accept", "REQUESTED" if piece.whose:
                event, state = TaskAccepted(task_id=one, promiser_id=piece.whose), "COMMITTED"
                piece.promised = day
            case "decline", "REQUESTED" | "OF A TEAM":
                event, state, piece.over = TaskDeclined(task_id=one, reason="No"), "OVER", day
            case "deliver", "COMMITTED":
                piece.delivered = day - timedelta(1)
                event, state = TaskDelivered(task_id=one, delivered_on=piece.delivered), "DELIVERED"
            case "return", "DELIVERED":
                event, state, piece.delivered = DeliveryReturned(task_id=one, reason="No"), "COMMITTED", None
            case "release", "COMMITTED" | "DELIVERED":
                event, state, piece.over = TaskReleased(task_id=one, reason="No"), "OVER", day
            case "hand over", "REQUESTED" | "COMMITTED":
                event = TaskReassigned(task_id=one, promiser_id=who, requester_id=who, reason="Busy")
                state, piece.whose, piece.asked, piece.promised = "REQUESTED", who, day, None
            case _:
                continue
        events.append((day, event))
    return events


def capacity(statements: Sequence[Statement], on: date, unit: str) -> Fraction | None:
    """Of the fortnight from a day: a seventh of the week's for each, if every day has one in this unit."""
    total = Fraction(0)
    for nth in range(14):
        day = on + timedelta(nth)
        latest: Statement | None = None
        for one in statements:  # in the order of their telling; of one day the last counts
            if START + timedelta(one[0]) <= day and (latest is None or one[0] >= latest[0]):
                latest = one
        if latest is None or latest[1] is None or latest[2] != unit:
            return None
        total += Fraction(latest[1], 7)
    return total


def load(
    pieces: Sequence[Piece], people: Sequence[UUID], statements: dict[UUID, list[Statement]], on: date, *, each: bool
) -> dict[str, Any]:
    """Of some people together, who are those of the team that was asked."""
    mine = [one for one in pieces if one.open(on) and (one.whose is None or one.whose in people)]
    promised = [one for one in mine if one.open(on) == "PROMISED"]
    requested = [one for one in mine if one.open(on) == "ASKED"]
    capacities = {one: capacity(statements.get(one, []), on, "POINTS") for one in people}
    known = {one: amount for one, amount in capacities.items() if amount is not None}
    apart = len(people) - len(known)
    shown = bool(known) and (each or (len(known) >= 5 and (apart == 0 or apart >= 5)))
    can = sum(known.values(), Fraction(0))

    def effort(tasks: Iterable[Piece]) -> int:
        return sum(one.effort or 0 for one in tasks)

    measured = effort(one for one in promised if one.whose in known)
    return {
        "people": len(people),
        "without_capacity": apart,
        "capacity": float(can) if shown else None,
        "promised": effort(promised),
        "measured": measured if shown else None,
        "overdue": effort(one for one in promised if one.due < on),
        "requested": effort(requested),
        "promises": len(promised),
        "requests": len(requested),
        "without_effort": sum(one.effort is None for one in mine),
        "ratio": float(measured / can) if shown and can else None,
        "overloaded": measured > can if shown else None,
    }
