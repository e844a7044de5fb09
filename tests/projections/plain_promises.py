"""Follow-through once more, told plainly: a promise is told as it went, and each promiser's part of it judged alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from uuid import UUID

import msgspec

from domain.kernel import Event
from domain.promises import (
    BlockKind,
    CommitmentBroken,
    CounterAgreed,
    DeliveryAccepted,
    DeliveryReturned,
    TaskAccepted,
    TaskBlocked,
    TaskCommitted,
    TaskCountered,
    TaskDelivered,
    TaskReassigned,
    TaskReleased,
    TaskRequested,
    TermsAgreed,
    TermsProposed,
)

START = date(2024, 1, 1)
WHY = "So it is."
# act, days since the last one, a number that the act may need
Act = tuple[str, int, int]


@dataclass
class Part:
    """What one person had promised, while it was theirs."""

    promiser: UUID
    began: date | None  # where it was handed to them
    dues: list[tuple[date, date | None]]  # with the day on which each was replaced
    delivered: date | None = None
    ended: tuple[str, date] | None = None
    handed: date | None = None
    renegotiations: int = 0
    returns: int = 0
    promised: bool = False

    def agreed(self) -> date:
        """The first day that was still agreed on when it was over."""
        for due, replaced in self.dues:
            if replaced is None or (replaced > due and (self.began is None or due >= self.began)):
                return due
        raise AssertionError("the last due date is never replaced")

    def given(self, on: date) -> date | None:
        """When it was delivered, if it was by then; what has ended had been."""
        known = [day for day in (self.delivered, self.ended and self.ended[1]) if day]
        return self.delivered if known and min(known) <= on else None

    def ending(self, on: date) -> str | None:
        """None: it was nobody's to keep, or not due yet."""
        due = self.agreed()
        theirs = self.promised and not (self.began and due < self.began) and not (self.handed and due >= self.handed)
        if not theirs or due >= on:
            return None
        if given := self.given(on):
            return "IN_TIME" if given <= due else "LATE"
        if self.handed and self.handed <= on:
            return "HANDED_OVER"
        if self.ended and self.ended[1] <= on:
            how, day = self.ended
            return "BROKEN" if how == "BROKEN" else "RELEASED_IN_TIME" if day <= due else "RELEASED_LATE"
        return "OVERDUE"


@dataclass
class Story:
    """A task as it goes on: the events, and the parts of its promisers."""

    task_id: UUID
    people: Sequence[UUID]
    day: date = START
    state: str = ""
    told: list[tuple[date, Event]] = field(default_factory=list[tuple[date, Event]])
    parts: list[Part] = field(default_factory=list[Part])

    def go(self, act: Act) -> None:
        """On by one act, where the rules allow it (R6)."""
        name, gap, number = act
        allowed = {
            "": {"commit", "ask"},
            "REQUESTED": {"accept", "counter", "hand over"},
            "COMMITTED": {"renegotiate", "block", "deliver", "release", "break", "hand over"},
            "DELIVERED": {"take", "return", "release"},
        }
        if name in allowed.get(self.state, set()):
            self.day += timedelta(gap)
            getattr(self, "_" + name.replace(" ", "_"))(number)

    def _tell(self, event: Event) -> None:
        self.told.append((self.day, event))

    @property
    def now(self) -> Part:
        return self.parts[-1]

    def _begin(self, number: int, kind: type[TaskCommitted | TaskRequested], state: str) -> None:
        due, who = self.day + timedelta(number), self.people[number % len(self.people)]
        to, task_id = self.people[0], self.task_id
        terms = {"task_id": task_id, "title": "T", "due_on": due, "promiser_id": who, "beneficiary_id": to}
        self._tell(msgspec.convert(terms | ({"requester_id": to} if kind is TaskRequested else {}), kind))
        self.state, self.parts = state, [Part(who, None, [(due, None)], promised=state == "COMMITTED")]

    def _commit(self, number: int) -> None:
        self._begin(number, TaskCommitted, "COMMITTED")

    def _ask(self, number: int) -> None:
        self._begin(number, TaskRequested, "REQUESTED")

    def _accept(self, number: int) -> None:
        del number
        self._tell(TaskAccepted(task_id=self.task_id, promiser_id=self.now.promiser))
        self.state, self.now.promised = "COMMITTED", True

    def _counter(self, number: int) -> None:
        former, due = self.now.dues[-1][0], self.day + timedelta(number)
        self._tell(TaskCountered(task_id=self.task_id, proposer_id=self.now.promiser, title="T", due_on=due))
        self._tell(CounterAgreed(task_id=self.task_id, title="T", due_on=due, former_due_on=former))
        self.state, self.now.promised, self.now.dues = "COMMITTED", True, [(due, None)]

    def _renegotiate(self, number: int) -> None:
        former, due = self.now.dues[-1][0], self.day + timedelta(number)
        self._tell(
            TermsProposed(task_id=self.task_id, proposer_id=self.now.promiser, title="T", due_on=due, reason=WHY)
        )
        self._tell(TermsAgreed(task_id=self.task_id, title="T", due_on=due, former_due_on=former))
        self.now.renegotiations += 1
        if due != former:
            self.now.dues[-1:] = [(former, self.day), (due, None)]

    def _block(self, number: int) -> None:
        act_by = self.day + timedelta(number)
        self._tell(TaskBlocked(task_id=self.task_id, kind=BlockKind.OTHER, next_action="Wait", act_by=act_by))

    def _deliver(self, number: int) -> None:
        self.now.delivered = self.day + timedelta((0, -1, 1)[number % 3])  # where they are it may be tomorrow already
        self._tell(TaskDelivered(task_id=self.task_id, delivered_on=self.now.delivered))
        self.state = "DELIVERED"

    def _take(self, number: int) -> None:
        del number
        self._tell(DeliveryAccepted(task_id=self.task_id))
        self.state, self.now.ended = "KEPT", ("KEPT", self.day)

    def _return(self, number: int) -> None:
        del number
        self._tell(DeliveryReturned(task_id=self.task_id, reason=WHY))
        self.state, self.now.delivered = "COMMITTED", None
        self.now.returns += 1

    def _release(self, number: int) -> None:
        del number
        self._tell(TaskReleased(task_id=self.task_id, reason=WHY))
        self.state, self.now.ended = "RELEASED", ("RELEASED", self.day)

    def _break(self, number: int) -> None:
        del number
        self._tell(CommitmentBroken(task_id=self.task_id, reason=WHY))
        self.state, self.now.ended = "BROKEN", ("BROKEN", self.day)

    def _hand_over(self, number: int) -> None:
        was = self.now
        others = [one for one in self.people if one != was.promiser]
        to, due = others[number % len(others)], was.dues[-1][0]
        self._tell(
            TaskReassigned(
                task_id=self.task_id, from_promiser_id=was.promiser, promiser_id=to, requester_id=self.people[0],
                reason=WHY,
            )
        )  # fmt: skip
        was.handed = self.day
        self.state = "REQUESTED"
        self.parts.append(Part(to, self.day, [(due, None)]))


def follow_through(
    parts: Sequence[Part], people: Sequence[UUID], first: date, last: date, on: date, small: int
) -> dict[str, object]:
    """As it is told of some people in a window."""
    mine = [(one, ending) for one in parts if one.promiser in people and (ending := one.ending(on))]
    mine = [(one, ending) for one, ending in mine if first <= one.agreed() <= last]
    counted = [(one, ending) for one, ending in mine if ending != "RELEASED_IN_TIME"]
    given = [(one, one.given(on)) for one, _ in counted]

    def count(ending: str) -> int:
        return sum(was == ending for _, was in mine)

    kept_first = sum(day is not None and day <= one.dues[0][0] for one, day in given)
    renegotiations, returns = (sum(getattr(one, what) for one, _ in mine) for what in ("renegotiations", "returns"))
    late = [(one.delivered - one.agreed()).days for one, ending in mine if ending == "LATE" and one.delivered]
    many = len(counted) >= small
    return {
        "promises": len(mine),
        "counted": len(counted),
        "kept": count("IN_TIME"),
        "late": count("LATE"),
        "overdue": count("OVERDUE"),
        "broken": count("BROKEN"),
        "released_in_time": count("RELEASED_IN_TIME"),
        "released_late": count("RELEASED_LATE"),
        "handed_over": count("HANDED_OVER"),
        "unanswered": sum(day is not None and not (one.ended and one.ended[1] <= on) for one, day in given),
        "kept_first": kept_first,
        "renegotiations": renegotiations,
        "returns": returns,
        "rate": count("IN_TIME") / len(counted) if many else None,
        "first_date_rate": kept_first / len(counted) if many else None,
        "renegotiations_each": renegotiations / len(mine) if many else None,
        "returns_each": returns / len(mine) if many else None,
        "median_days_late": median(late) if many and late else None,
    }
