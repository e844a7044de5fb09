"""R5 and R6 once more, plainly, by somebody who has not seen the product: what the state machine holds it against."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from tests.projections.plain_promises import Part

ANSWERED_WITHIN = timedelta(5)  # as the machine sets the policy
BLOCKED_FOR = timedelta(3)
NOBODY = UUID(int=0)  # yet
OPEN = ("REQUESTED", "COUNTERED", "COMMITTED", "DELIVERED")


@dataclass(frozen=True)
class Terms:
    """What, until when, and at what effort."""

    title: str
    due: date
    effort: Decimal | None = None

    def other(self, due: date, effort: Decimal | None) -> "Terms":
        """With another day, and another effort if one is named."""
        return replace(self, due=due, effort=self.effort if effort is None else effort)


@dataclass(frozen=True)
class Series:
    """The days of a standing promise, counted from the first; `scheduled` is the one of the task at hand."""

    every: int  # of its unit
    every_days: int
    first: date
    scheduled: date
    last: date | None

    def following(self, today: date) -> date | None:
        day = self.first
        while day <= self.scheduled or day < today:
            day += timedelta(self.every_days)
        return None if self.last and day > self.last else day


@dataclass
class Block:
    """What stands in the way, until when something is done about it."""

    on: date
    act_by: date
    aged: bool = False


@dataclass
class Plain:
    """A promise, or what is asked to become one."""

    state: str
    terms: Terms
    beneficiary: UUID
    requester: UUID | None
    serves_nothing: str
    begun: date
    series: Series | None = None
    team: UUID | None = None
    members: frozenset[UUID] = frozenset()  # of the team that is asked, while nobody has taken it
    former_task: UUID | None = None
    former: list[date] = field(default_factory=list[date])
    waiting: tuple[UUID, Terms] | None = None  # who proposed terms, and which
    terms_became: str | None = None  # of the last that were proposed
    blocked: Block | None = None
    contributors: set[UUID] = field(default_factory=set[UUID])
    ended_on: date | None = None
    delivered_on: date | None = None
    unanswered: bool = False
    returns: int = 0
    renegotiations: int = 0
    passed: list[date] = field(default_factory=list[date])
    parts: list[Part] = field(default_factory=list[Part])

    def __post_init__(self) -> None:
        """Asked of nobody yet."""
        self.first_due = self.terms.due
        self.promiser: UUID | None = None
        self.first_promiser: UUID | None = None
        self.asked_on: date | None = self.begun
        self.committed_on: date | None = None

    def asked_of(self, whom: UUID) -> "Plain":
        self.promiser = self.first_promiser = whom
        self._pass_to(whom, None)
        return self

    def asked_of_team(self, team: UUID, members: Iterable[UUID]) -> "Plain":
        self.team, self.members = team, frozenset(members)
        self._pass_to(None, None)
        return self

    def promised_by(self, whom: UUID) -> "Plain":
        """Unasked."""
        self.asked_of(whom)
        self.requester = self.asked_on = None
        self._commit(self.begun)
        return self

    def copy(self) -> "Plain":
        """As it stands, whatever becomes of it."""
        same = copy(self)
        same.former, same.passed, same.contributors = [*self.former], [*self.passed], {*self.contributors}
        same.blocked, same.parts = copy(self.blocked), [copy(one) for one in self.parts]
        for one in same.parts:
            one.dues = [*one.dues]
        return same

    def again(self, day: date) -> "Plain | None":
        """The same once more, where it was kept and recurs."""
        due = self.series.following(day) if self.state == "KEPT" and self.series else None
        if due is None or self.series is None or self.promiser is None:
            return None
        series, terms = replace(self.series, scheduled=due), replace(self.terms, due=due)
        begun = Plain("", terms, self.beneficiary, None, self.serves_nothing, day, series)
        return begun.promised_by(self.promiser)

    def asks(self, who: UUID) -> bool:
        """On the side of whoever gets it: the beneficiary, or who asked for them and does not promise it."""
        return who == self.beneficiary or (who == self.requester and who != self.promiser)

    def asked(self, who: UUID) -> bool:
        """By whom it can be promised: who is asked for it, or any of the team."""
        return who == self.promiser if self.promiser else who in self.members

    def _pass_to(self, whom: UUID | None, day: date | None) -> None:
        self.parts.append(Part(whom or NOBODY, day, [(self.terms.due, None)]))

    def _commit(self, day: date) -> None:
        """Who answers for all of it contributes to nobody's promise."""
        assert self.promiser
        self.state, self.committed_on, self.parts[-1].promised = "COMMITTED", day, True
        self.contributors.discard(self.promiser)

    def _lapse(self) -> None:
        if self.waiting:
            self.waiting, self.terms_became = None, "LAPSED"
        self.blocked = None

    def _end(self, state: str, day: date) -> None:
        self.state, self.ended_on = state, day
        self.parts[-1].ended = (state, day)

    def _now(self, terms: Terms, day: date) -> None:
        was, dues = self.terms.due, self.parts[-1].dues
        if terms.due != was:
            self.former.append(was)
            dues[-1:] = [(was, day), (terms.due, None)]
        self.terms, self.waiting, self.terms_became = terms, None, "AGREED"

    def accept(self, who: UUID, day: date) -> bool:
        if self.state != "REQUESTED" or not self.asked(who):
            return False
        if not self.promiser:
            self.promiser = self.first_promiser = self.parts[-1].promiser = who
        self._commit(day)
        return True

    def decline(self, who: UUID, day: date) -> bool:
        if self.state not in ("REQUESTED", "COUNTERED") or not self.asked(who):
            return False
        self._lapse()
        self._end("DECLINED", day)
        return True

    def counter(self, who: UUID, due: date, effort: Decimal | None, day: date) -> bool:
        terms = self.terms.other(due, effort)
        if self.state != "REQUESTED" or who != self.promiser or terms == self.terms:
            return False
        self.state, self.waiting, self.terms_became = "COUNTERED", (who, terms), "OPEN"
        if self.promiser == self.beneficiary:
            self._counter_stands(day)
        return True

    def _counter_stands(self, day: date) -> None:
        """What was asked for was never promised: the days begin with the countered one."""
        assert self.waiting
        self._now(self.waiting[1], day)
        self.first_due = self.terms.due
        self.parts[-1].dues[:] = [(self.terms.due, None)]
        self.series = self.series and replace(self.series, first=self.terms.due, scheduled=self.terms.due)
        self._commit(day)

    def withdraw(self, who: UUID, day: date) -> bool:
        if self.state not in ("REQUESTED", "COUNTERED") or who not in (self.requester, self.beneficiary):
            return False
        self._lapse()
        self._end("WITHDRAWN", day)
        return True

    def renegotiate(self, who: UUID, due: date, effort: Decimal | None, day: date) -> bool:
        if self.state != "COMMITTED" or self.waiting or not (who == self.promiser or self.asks(who)):
            return False
        self.waiting, self.terms_became = (who, self.terms.other(due, effort)), "OPEN"
        if who == self.promiser == self.beneficiary:
            self._renegotiated(day)
        return True

    def _renegotiated(self, day: date) -> None:
        assert self.waiting
        self._now(self.waiting[1], day)
        self.renegotiations += 1
        self.parts[-1].renegotiations += 1

    def answers(self, who: UUID) -> bool:
        """Whoever stands on the other side than the terms that wait; nobody answers their own."""
        if self.state not in ("COUNTERED", "COMMITTED") or not self.waiting or who == self.waiting[0]:
            return False
        return self.asks(who) if self.waiting[0] == self.promiser else who == self.promiser

    def agree(self, who: UUID, day: date) -> bool:
        if not self.answers(who):
            return False
        if self.state == "COUNTERED":
            self._counter_stands(day)
        else:
            self._renegotiated(day)
        return True

    def refuse(self, who: UUID) -> bool:
        if not self.answers(who):
            return False
        self.waiting, self.terms_became = None, "REFUSED"
        self.state = "REQUESTED" if self.state == "COUNTERED" else self.state
        return True

    def block(self, who: UUID, act_by: date, day: date) -> bool:
        if self.state != "COMMITTED" or who != self.promiser or self.blocked:
            return False
        self.blocked = Block(day, act_by)
        return True

    def unblock(self, who: UUID) -> bool:
        if self.state != "COMMITTED" or who != self.promiser or not self.blocked:
            return False
        self.blocked = None
        return True

    def deliver(self, who: UUID, delivered_on: date, today: date, day: date) -> bool:
        """On a day that has come where they are."""
        if self.state != "COMMITTED" or who != self.promiser or delivered_on > today:
            return False
        self._lapse()
        self.state, self.unanswered = "DELIVERED", False
        self.delivered_on = self.parts[-1].delivered = delivered_on
        if self.promiser == self.beneficiary:
            self._end("KEPT", day)
        return True

    def take(self, who: UUID, day: date) -> bool:
        if self.state != "DELIVERED" or not self.asks(who):
            return False
        self._end("KEPT", day)
        return True

    def hand_back(self, who: UUID) -> bool:
        if self.state != "DELIVERED" or not self.asks(who):
            return False
        self.state, self.unanswered = "COMMITTED", False
        self.delivered_on = self.parts[-1].delivered = None
        self.returns += 1
        self.parts[-1].returns += 1
        return True

    def release(self, who: UUID, day: date) -> bool:
        if self.state not in ("COMMITTED", "DELIVERED") or not self.asks(who):
            return False
        self._lapse()
        self._end("RELEASED", day)
        return True

    def give_up(self, who: UUID, day: date) -> bool:
        if self.state != "COMMITTED" or who != self.promiser:
            return False
        self._lapse()
        self._end("BROKEN", day)
        return True

    def reassign(self, who: UUID, to: UUID, leads: Mapping[UUID, UUID], day: date) -> bool:
        asks = self.requester or self.beneficiary
        may = who in (self.requester, self.beneficiary) or leads.get(asks) == who
        if self.state not in ("REQUESTED", "COUNTERED", "COMMITTED") or not may or to == self.promiser:
            return False
        self._lapse()
        self.parts[-1].handed = day
        self._pass_to(to, day if self.promiser else None)
        self.state, self.promiser, self.requester = "REQUESTED", to, self.beneficiary if asks == to else asks
        self.asked_on, self.committed_on, self.team, self.series = day, None, None, None
        return True

    def relink(self, who: UUID, why: str) -> bool:
        parties = (self.promiser, self.requester, self.beneficiary)
        if self.state not in OPEN or who not in parties:
            return False
        self.serves_nothing = why
        return True

    def contribute(self, who: UUID) -> bool:
        if self.state != "COMMITTED" or who == self.promiser:
            return False
        self.contributors.add(who)
        return True

    def stop(self, who: UUID) -> bool:
        if self.state not in OPEN or who not in self.contributors:
            return False
        self.contributors.remove(who)
        return True

    def over(self, days: Mapping[UUID, date]) -> bool:
        """Whether its day has ended for both, each in their own zone."""
        if self.state != "COMMITTED" or self.promiser is None:
            return False
        return self.terms.due < min(days[self.promiser], days[self.beneficiary])

    def days_that_matter(self) -> list[date]:
        """By which something has to be done."""
        if self.state not in OPEN:
            return []
        answer = [self.delivered_on + ANSWERED_WITHIN] if self.state == "DELIVERED" and self.delivered_on else []
        block = [self.blocked.on + BLOCKED_FOR, self.blocked.act_by] if self.blocked else []
        return [self.terms.due, *answer, *block]

    def pass_time(self, day: date, days: Mapping[UUID, date]) -> None:
        """What there is to be noted on a day of the organisation's, which is another one for some."""
        if self.over(days) and self.terms.due not in self.passed:
            self.passed.append(self.terms.due)
        if self.state == "DELIVERED" and self.delivered_on and day > self.delivered_on + ANSWERED_WITHIN:
            self.unanswered = True
        if self.blocked and day > self.blocked.on + BLOCKED_FOR:
            self.blocked.aged = True
