"""What a team or a person works on now: activate, pause and end outcomes (R1) within a focus limit (R2)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.codes import FOCUS_LIMIT_REACHED, OUTCOME_NOT_IN_STATE, OUTCOME_NOT_READY
from domain.cycles import Cycle
from domain.kernel import Command, CycleId, Event, Fold, OutcomeId, OwnerId, PersonId, Reads, Refused, TeamId
from domain.measures import Measures
from domain.outcomes import CycleOf, Outcome, OutcomeAssigned
from domain.people import Departure, Disbanding, Person, Team
from domain.policy import Policy
from domain.references import check_mentions, mentioned
from domain.standing import (
    OutcomeAbandoned,
    OutcomeActivated,
    OutcomeCarriedOver,
    OutcomeGraded,
    OutcomePaused,
    OutcomeReopened,
    OutcomeResumed,
    OutcomeWithdrawn,
    Standing,
    StandingEvent,
    State,
)
from domain.values import Limit, Reason, Role, checked_choice
from domain.visibility import Told

MOST_TITLES = 5  # that a refusal tells


class OutcomesRanked(Event, frozen=True, tag="outcome.ranked"):
    """A team put its outcomes in a cycle in order: the first is of rank 1."""

    team_id: TeamId
    cycle_id: CycleId
    outcome_ids: tuple[OutcomeId, ...]
    unranked_ids: tuple[OutcomeId, ...] = ()  # those that had a rank and have none now


class FocusLimitSet(Event, frozen=True, tag="focus-limit.set"):
    """How many outcomes a team, or a person, may have active at once in a cycle changed."""

    cycle_id: CycleId
    limit: Limit
    reason: Reason
    team_id: TeamId | None = None
    person_id: OwnerId | None = None  # found by the role in which a person has outcomes


FocusEvent = StandingEvent | OutcomeAssigned | FocusLimitSet


class Focus(Fold[FocusEvent]):
    """The active outcomes in a cycle of a team, or of a person without one, and how many there may be (R2)."""

    def __init__(self, cycle_id: UUID, team_id: UUID | None, owner_id: UUID | None) -> None:
        whose = {"team": team_id} if team_id else {"owner": owner_id}
        super().__init__(**whose, cycle=cycle_id)
        self.whose = team_id or owner_id
        self.active: set[UUID] = set()
        self.limit: int | None = None  # where none was set, the organisation's policy says

    def fold(self, event: FocusEvent) -> None:
        match event:
            case OutcomeActivated() | OutcomeResumed() | OutcomeReopened():
                self._place(event.outcome_id, event.team_id or event.owner_id)
            case OutcomeAssigned():
                if event.active:
                    self._place(event.outcome_id, event.team_id or event.owner_id)
            case OutcomePaused() | OutcomeAbandoned() | OutcomeWithdrawn():
                self.active.discard(event.outcome_id)
            case OutcomeGraded() | OutcomeCarriedOver():
                self.active.discard(event.outcome_id)
            case FocusLimitSet():
                self.limit = event.limit

    def _place(self, outcome_id: UUID, whose: UUID | None) -> None:
        """What a person owns for a team is in the team's focus."""
        if whose == self.whose:
            self.active.add(outcome_id)
        else:
            self.active.discard(outcome_id)


class Ranking(Fold[OutcomesRanked | OutcomeAssigned]):
    """The order that a team gave its outcomes in a cycle."""

    def __init__(self, cycle_id: UUID, team_id: UUID) -> None:
        super().__init__(team=team_id, cycle=cycle_id)
        self.team_id = team_id
        self.order: tuple[UUID, ...] = ()

    def fold(self, event: OutcomesRanked | OutcomeAssigned) -> None:
        match event:
            case OutcomesRanked():
                self.order = event.outcome_ids
            case OutcomeAssigned():
                if event.team_id != self.team_id:
                    self.order = tuple(one for one in self.order if one != event.outcome_id)


class Place:
    """A place in the focus of a team, or else of a person, that a command would take, or several at once (R2)."""

    def __init__(
        self, organisation_id: UUID, cycle_id: UUID, team_id: UUID | None, owner_id: UUID | None, wanted: int = 1
    ) -> None:
        self.focus = Focus(cycle_id, team_id, owner_id)
        self.policy = Policy(organisation_id)
        self.cycle_id, self.team_id = cycle_id, team_id
        self.wanted = wanted
        self.ranking: Ranking | None = None
        self.others: dict[UUID, Told] = {}

    def reads(self, *beside: Fold[Any]) -> Reads:
        """What is active, and, where too few places are free, what takes them."""
        yield [*beside, self.focus, self.policy]
        if self.full:
            self.ranking = Ranking(self.cycle_id, self.team_id) if self.team_id else None
            self.others = {one: Told(one) for one in sorted(self.focus.active)}
            yield [*self.others.values(), *([self.ranking] if self.ranking else [])]

    @property
    def limit(self) -> int:
        """As it was set for this focus, or else by the organisation's policy."""
        return self.policy.latest.focus_limit if self.focus.limit is None else self.focus.limit

    @property
    def full(self) -> bool:
        return len(self.focus.active) + self.wanted > self.limit

    def check(self, field: str) -> None:
        """Refuses to go past the limit, and says what would free a place: the lowest rank first (R15)."""
        if not self.full:
            return
        whose = "team" if self.team_id else "owner"
        sentence = f"Pause or abandon an outcome, or raise the limit with a reason: the {whose} has"
        sentence += f" {len(self.focus.active)} active and may have {self.limit}."
        if self.wanted > 1:
            sentence += f" {self.wanted} more would come."
        titles = list(self.titles())
        if titles:
            sentence += f" Of the lowest rank: {'; '.join(titles[:MOST_TITLES])}."
        if hidden := len(self.others) - len(titles):
            sentence += f" You may not see {hidden} of them."
        raise Refused(FOCUS_LIMIT_REACHED, sentence, field)

    def titles(self) -> Iterator[str]:
        """Of what is active and may be seen: first what has no rank, then the lowest rank up to the first."""
        order = self.ranking.order if self.ranking else ()
        for one in sorted(self.others, key=lambda one: order.index(one) if one in order else len(order), reverse=True):
            if title := self.others[one].title:
                yield title


class ActivateOutcome(Command):
    """Make an outcome one that its team, or else its owner, works on now (R1, R2).

    Refused without an owner, a cycle or a measure that is complete, at the focus limit, while it is paused, once it
    has ended, or where its owner has left or its team been disbanded (R14).
    """

    entity = "outcome_id"

    outcome_id: OutcomeId

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.measures = Measures(self.outcome_id)
        yield [self.outcome, self.standing, self.measures]
        self.place: Place | None = None
        self.cycle: Cycle | None = None
        self.holders: dict[str, Departure | Disbanding] = {}
        now = self.outcome.now
        if now and now.cycle_id:
            self.cycle = Cycle(now.cycle_id)
            self.holders = mentioned(
                ownerId=now.owner_id and Departure(now.owner_id), teamId=now.team_id and Disbanding(now.team_id)
            )
            if now.team_id or now.owner_id:
                self.place = Place(self.issued.organisation_id, now.cycle_id, now.team_id, now.owner_id)
                yield from self.place.reads(self.cycle, *self.holders.values())
            else:
                yield [self.cycle]

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        self.standing.check_goes_on("outcomeId")
        if self.standing.state is State.ACTIVE:
            return
        if self.standing.state is State.PAUSED:
            raise Refused(OUTCOME_NOT_IN_STATE, "Resume the outcome: it is paused.", "outcomeId")
        lacks = dict(self.lacks())
        if lacks or now.cycle_id is None or self.place is None:
            raise Refused(OUTCOME_NOT_READY, f"First give the outcome {', '.join(lacks.values())}.", *lacks)
        check_mentions(self.holders)
        self.place.check("outcomeId")
        self.emit(
            OutcomeActivated(
                outcome_id=self.outcome_id, cycle_id=now.cycle_id, team_id=now.team_id, owner_id=now.owner_id
            )
        )

    def lacks(self) -> Iterator[tuple[str, str]]:
        """What an active outcome needs and this one has not (R1): the field, and the words for it.

        A measure without a due date of its own is due with its outcome, and that with the cycle; so the cycle will do.
        """
        now = self.outcome.now
        if now is None or not (now.team_id or now.owner_id):
            yield "ownerId", "a team or a person that owns it"
        if self.cycle is None or self.cycle.planned is None or self.cycle.closed:
            yield "cycleId", "a cycle that is not closed"
        if not self.measures.complete:
            yield "measureId", "a measure with baseline and target"


class PauseOutcome(Command):
    """Let an active outcome rest, and say why; this makes room for another one (R2).

    Refused where it is not active.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reason: Reason

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        yield [self.outcome, self.standing]

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        self.standing.check_goes_on("outcomeId")
        if self.standing.state is State.PAUSED:
            return
        if self.standing.state is not State.ACTIVE:
            raise Refused(OUTCOME_NOT_IN_STATE, "Leave it a draft: only an active outcome is paused.", "outcomeId")
        self.emit(
            OutcomePaused(
                outcome_id=self.outcome_id,
                reason=self.reason,
                cycle_id=now.cycle_id,
                team_id=now.team_id,
                owner_id=now.owner_id,
            )
        )


class ResumeOutcome(Command):
    """Go on with a paused outcome, and say why; this takes a place in the focus (R2).

    Refused where it is not paused, or the focus limit is reached.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reason: Reason

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        yield [self.outcome, self.standing]
        self.place: Place | None = None
        self.cycle: Cycle | None = None
        now = self.outcome.now
        if now and now.cycle_id and self.standing.state is State.PAUSED:
            self.cycle = Cycle(now.cycle_id)
            self.place = Place(self.issued.organisation_id, now.cycle_id, now.team_id, now.owner_id)
            yield from self.place.reads(self.cycle)

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        self.standing.check_goes_on("outcomeId")
        if self.standing.state is State.ACTIVE:
            return
        if self.place is None or now.cycle_id is None:
            raise Refused(OUTCOME_NOT_IN_STATE, "Activate the outcome: it is a draft.", "outcomeId")
        if self.cycle and self.cycle.closed:
            self.cycle.check_open("outcomeId")
        self.place.check("outcomeId")
        self.emit(
            OutcomeResumed(
                outcome_id=self.outcome_id,
                reason=self.reason,
                cycle_id=now.cycle_id,
                team_id=now.team_id,
                owner_id=now.owner_id,
            )
        )


class AbandonOutcome(Command):
    """Go on with an outcome no longer, and say why; this makes room for another one (R2).

    Refused where there is no such outcome, it has been withdrawn, or its cycle is closed (R8).
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reason: Reason

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        yield [self.outcome, self.standing]
        self.cycle = CycleOf(self.outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        if self.standing.state is State.ABANDONED:
            return
        self.standing.check_goes_on("outcomeId")
        self.cycle.check_open("outcomeId")
        self.emit(
            OutcomeAbandoned(
                outcome_id=self.outcome_id,
                reason=self.reason,
                cycle_id=now.cycle_id,
                team_id=now.team_id,
                owner_id=now.owner_id,
            )
        )


class WithdrawOutcome(Command):
    """Take back an outcome that was set by mistake, and say why; it counts nowhere, and stays in the history (R9).

    Refused where there is no such outcome, or it has been abandoned.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reason: Reason

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        yield [self.outcome, self.standing]

    def execute(self) -> None:
        now = self.outcome.known("outcomeId")
        if self.standing.state is State.WITHDRAWN:
            return
        self.standing.check_goes_on("outcomeId")
        self.emit(
            OutcomeWithdrawn(
                outcome_id=self.outcome_id,
                reason=self.reason,
                cycle_id=now.cycle_id,
                team_id=now.team_id,
                owner_id=now.owner_id,
            )
        )


class SetFocusLimit(Command):
    """Say how many outcomes a team or a person may have active at once in a cycle, and why (R2).

    A limit below the present number ends nothing, but lets nothing new in. Refused where one of them is unknown, or the
    cycle is closed (R8).
    """

    entity = "cycle_id"
    role = Role.LEAD

    cycle_id: CycleId
    limit: Limit
    reason: Reason
    team_id: TeamId | None = None
    person_id: PersonId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.team_id, "teamId"), (self.person_id, "personId"))

    def reads(self) -> Reads:
        self.focus = Focus(self.cycle_id, self.team_id, self.person_id)
        self.cycle = Cycle(self.cycle_id)
        self.mentions = mentioned(
            cycleId=self.cycle,
            teamId=self.team_id and Team(self.team_id),
            personId=self.person_id and Person(self.person_id),
        )
        yield [self.focus, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        self.cycle.check_open("cycleId")
        if self.limit != self.focus.limit:
            self.emit(
                FocusLimitSet(
                    cycle_id=self.cycle_id,
                    limit=self.limit,
                    reason=self.reason,
                    team_id=self.team_id,
                    person_id=self.person_id,
                )
            )
