"""R5 and R6 once more, plainly, by somebody who has not seen the product: what the state machine holds it against."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

GRACE = timedelta(7)  # for answers and for blocks, as the policy has it unless told otherwise


@dataclass(frozen=True)
class Terms:
    """What, and until when."""

    title: str
    due: date


@dataclass
class Plain:
    """A promise, or what is asked to become one."""

    state: str
    terms: Terms
    promiser: UUID
    beneficiary: UUID
    requester: UUID | None
    serves_nothing: str
    first_promiser: UUID
    first_due: date
    former: list[date] = field(default_factory=list[date])
    waiting: tuple[UUID, Terms] | None = None  # who proposed terms, and which
    terms_became: str | None = None  # of the last that were proposed
    blocked_on: date | None = None
    block_aged: bool = False
    delivered_on: date | None = None
    unanswered: bool = False
    returns: int = 0
    renegotiations: int = 0
    passed: list[date] = field(default_factory=list[date])

    def copy(self) -> "Plain":
        return replace(self, former=[*self.former], passed=[*self.passed])

    def _asks(self, who: UUID) -> bool:
        """On the side of whoever gets it: the beneficiary, or who asked for them and does not promise it."""
        return who == self.beneficiary or (who == self.requester and who != self.promiser)

    def _lapse(self) -> None:
        if self.waiting:
            self.waiting, self.terms_became = None, "LAPSED"
        self.blocked_on, self.block_aged = None, False

    def _now(self, terms: Terms) -> None:
        if terms.due != self.terms.due:
            self.former.append(self.terms.due)
        self.terms, self.waiting, self.terms_became = terms, None, "AGREED"

    def accept(self, who: UUID) -> bool:
        if self.state != "REQUESTED" or who != self.promiser:
            return False
        self.state = "COMMITTED"
        return True

    def decline(self, who: UUID) -> bool:
        if self.state not in ("REQUESTED", "COUNTERED") or who != self.promiser:
            return False
        self._lapse()
        self.state = "DECLINED"
        return True

    def counter(self, who: UUID, due: date) -> bool:
        if self.state != "REQUESTED" or who != self.promiser or due == self.terms.due:
            return False
        self.state, self.waiting, self.terms_became = "COUNTERED", (who, replace(self.terms, due=due)), "OPEN"
        if self.promiser == self.beneficiary:
            self._counter_stands()
        return True

    def _counter_stands(self) -> None:
        assert self.waiting
        self._now(self.waiting[1])
        self.state, self.first_due = "COMMITTED", self.terms.due

    def withdraw(self, who: UUID) -> bool:
        if self.state not in ("REQUESTED", "COUNTERED") or who not in (self.requester, self.beneficiary):
            return False
        self._lapse()
        self.state = "WITHDRAWN"
        return True

    def renegotiate(self, who: UUID, due: date) -> bool:
        if self.state != "COMMITTED" or self.waiting or not (who == self.promiser or self._asks(who)):
            return False
        self.waiting, self.terms_became = (who, replace(self.terms, due=due)), "OPEN"
        if who == self.promiser == self.beneficiary:
            self._now(self.waiting[1])
            self.renegotiations += 1
        return True

    def _answers(self, who: UUID) -> bool:
        """Whoever stands on the other side than the terms that wait; nobody answers their own."""
        if self.state not in ("COUNTERED", "COMMITTED") or not self.waiting or who == self.waiting[0]:
            return False
        return self._asks(who) if self.waiting[0] == self.promiser else who == self.promiser

    def agree(self, who: UUID) -> bool:
        if not self._answers(who) or not self.waiting:
            return False
        if self.state == "COUNTERED":
            self._counter_stands()
        else:
            self._now(self.waiting[1])
            self.renegotiations += 1
        return True

    def refuse(self, who: UUID) -> bool:
        if not self._answers(who):
            return False
        self.waiting, self.terms_became = None, "REFUSED"
        self.state = "REQUESTED" if self.state == "COUNTERED" else self.state
        return True

    def block(self, who: UUID, day: date) -> bool:
        if self.state != "COMMITTED" or who != self.promiser or self.blocked_on:
            return False
        self.blocked_on = day
        return True

    def unblock(self, who: UUID) -> bool:
        if self.state != "COMMITTED" or who != self.promiser or not self.blocked_on:
            return False
        self.blocked_on, self.block_aged = None, False
        return True

    def deliver(self, who: UUID, day: date) -> bool:
        if self.state != "COMMITTED" or who != self.promiser:
            return False
        self._lapse()
        self.delivered_on, self.unanswered = day, False
        self.state = "KEPT" if self.promiser == self.beneficiary else "DELIVERED"
        return True

    def take(self, who: UUID) -> bool:
        if self.state != "DELIVERED" or not self._asks(who):
            return False
        self.state = "KEPT"
        return True

    def hand_back(self, who: UUID) -> bool:
        if self.state != "DELIVERED" or not self._asks(who):
            return False
        self.state, self.delivered_on, self.unanswered = "COMMITTED", None, False
        self.returns += 1
        return True

    def release(self, who: UUID) -> bool:
        if self.state not in ("COMMITTED", "DELIVERED") or not self._asks(who):
            return False
        self._lapse()
        self.state = "RELEASED"
        return True

    def give_up(self, who: UUID) -> bool:
        if self.state != "COMMITTED" or who != self.promiser:
            return False
        self._lapse()
        self.state = "BROKEN"
        return True

    def reassign(self, who: UUID, to: UUID, leads: Mapping[UUID, UUID]) -> bool:
        asks = self.requester or self.beneficiary
        may = who in (self.requester, self.beneficiary) or leads.get(asks) == who
        if self.state not in ("REQUESTED", "COUNTERED", "COMMITTED") or not may or to == self.promiser:
            return False
        self._lapse()
        self.state, self.promiser, self.requester = "REQUESTED", to, self.beneficiary if asks == to else asks
        return True

    def relink(self, who: UUID, why: str) -> bool:
        parties = (self.promiser, self.requester, self.beneficiary)
        if self.state not in ("REQUESTED", "COUNTERED", "COMMITTED", "DELIVERED") or who not in parties:
            return False
        self.serves_nothing = why
        return True

    def pass_time(self, day: date) -> None:
        """What there is to be noted on a day."""
        if self.state == "COMMITTED" and self.terms.due < day and self.terms.due not in self.passed:
            self.passed.append(self.terms.due)
        if self.state == "DELIVERED" and self.delivered_on and day > self.delivered_on + GRACE:
            self.unanswered = True
        if self.blocked_on and day > self.blocked_on + GRACE:
            self.block_aged = True
