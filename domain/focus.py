"""What a team or a person works on now: activate and abandon outcomes (R1) within a focus limit (R2)."""

from collections.abc import Iterator
from uuid import UUID

from domain.codes import FOCUS_LIMIT_REACHED, OUTCOME_ENDED, OUTCOME_NOT_READY
from domain.cycles import Cycle
from domain.kernel import Command, CycleId, Event, Fold, OutcomeId, OwnerId, PersonId, Reads, Refused, TeamId
from domain.measures import Measures
from domain.outcomes import Outcome
from domain.people import Person, Team
from domain.references import check_mentions, mentioned
from domain.values import Limit, Reason, Role, checked_choice

DEFAULT_FOCUS_LIMIT = 5


class OutcomeActivated(Event, frozen=True, tag="outcome.activated"):
    """An outcome is one that its team, or else its owner, works on now."""

    outcome_id: OutcomeId
    cycle_id: CycleId
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class OutcomeAbandoned(Event, frozen=True, tag="outcome.abandoned"):
    """Nobody goes on with an outcome; there is room for another one."""

    outcome_id: OutcomeId
    reason: Reason
    cycle_id: CycleId | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None


class FocusLimitSet(Event, frozen=True, tag="focus-limit.set"):
    """How many outcomes a team, or a person, may have active at once in a cycle changed."""

    cycle_id: CycleId
    limit: Limit
    reason: Reason
    team_id: TeamId | None = None
    person_id: OwnerId | None = None  # found by the role in which a person has outcomes


class Standing(Fold[OutcomeActivated | OutcomeAbandoned]):
    """Whether an outcome is active, or has been abandoned."""

    def __init__(self, outcome_id: UUID) -> None:
        super().__init__(outcome=outcome_id)
        self.active = False
        self.abandoned = False

    def fold(self, event: OutcomeActivated | OutcomeAbandoned) -> None:
        match event:
            case OutcomeActivated():
                self.active = True
            case OutcomeAbandoned():
                self.active, self.abandoned = False, True


FocusEvent = OutcomeActivated | OutcomeAbandoned | FocusLimitSet


class Focus(Fold[FocusEvent]):
    """The active outcomes in a cycle of a team, or of a person without one, and how many there may be (R2)."""

    def __init__(self, cycle_id: UUID, team_id: UUID | None, owner_id: UUID | None) -> None:
        whose = {"team": team_id} if team_id else {"owner": owner_id}
        super().__init__(**whose, cycle=cycle_id)
        self.team_id = team_id
        self.active: set[UUID] = set()
        self.limit = DEFAULT_FOCUS_LIMIT

    def fold(self, event: FocusEvent) -> None:
        match event:
            case OutcomeActivated():
                if event.team_id == self.team_id:  # what a person owns for a team is in the team's focus
                    self.active.add(event.outcome_id)
            case OutcomeAbandoned():
                self.active.discard(event.outcome_id)
            case FocusLimitSet():
                self.limit = event.limit


class ActivateOutcome(Command):
    """Make an outcome one that its team, or else its owner, works on now (R1, R2).

    Refused without an owner, a cycle or a measure that is complete, at the focus limit, or once it is abandoned.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.measures = Measures(self.outcome_id)
        yield [self.outcome, self.standing, self.measures]
        self.focus: Focus | None = None
        self.cycle: Cycle | None = None
        was = self.outcome.set
        if was and was.cycle_id:
            self.cycle = Cycle(was.cycle_id)
            if was.team_id or was.owner_id:
                self.focus = Focus(was.cycle_id, was.team_id, was.owner_id)
            yield [self.cycle, self.focus] if self.focus else [self.cycle]

    def execute(self) -> None:
        self.outcome.check("outcomeId")
        if self.standing.abandoned:
            raise Refused(OUTCOME_ENDED, "Set a new outcome: this one has been abandoned.", "outcomeId")
        if self.standing.active:
            return
        was, focus = self.outcome.set, self.focus
        lacks = dict(self.lacks())
        if lacks or was is None or was.cycle_id is None or focus is None:
            raise Refused(OUTCOME_NOT_READY, f"First give the outcome {', '.join(lacks.values())}.", *lacks)
        if len(focus.active) >= focus.limit:
            whose = "team" if was.team_id else "owner"
            sentence = f"Abandon an outcome, or raise the limit with a reason: the {whose} has {focus.limit} active."
            raise Refused(FOCUS_LIMIT_REACHED, sentence, "outcomeId")
        self.emit(
            OutcomeActivated(
                outcome_id=self.outcome_id, cycle_id=was.cycle_id, team_id=was.team_id, owner_id=was.owner_id
            )
        )

    def lacks(self) -> Iterator[tuple[str, str]]:
        """What an active outcome needs and this one has not (R1): the field, and the words for it.

        A measure without a due date of its own is due with its outcome, and that with the cycle; so the cycle will do.
        """
        was = self.outcome.set
        if was is None or not (was.team_id or was.owner_id):
            yield "ownerId", "a team or a person that owns it"
        if self.cycle is None or self.cycle.planned is None:
            yield "cycleId", "a cycle"
        if not self.measures.complete:
            yield "measureId", "a measure with baseline and target"


class AbandonOutcome(Command):
    """Go on with an outcome no longer, and say why; this makes room for another one (R2).

    Refused where there is no such outcome.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reason: Reason

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        yield [self.outcome, self.standing]

    def execute(self) -> None:
        self.outcome.check("outcomeId")
        was = self.outcome.set
        if was and not self.standing.abandoned:
            self.emit(
                OutcomeAbandoned(
                    outcome_id=self.outcome_id,
                    reason=self.reason,
                    cycle_id=was.cycle_id,
                    team_id=was.team_id,
                    owner_id=was.owner_id,
                )
            )


class SetFocusLimit(Command):
    """Say how many outcomes a team or a person may have active at once in a cycle, and why (R2).

    A limit below the present number ends nothing, but lets nothing new in. Refused where one of them is unknown.
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
        self.mentions = mentioned(
            cycleId=Cycle(self.cycle_id),
            teamId=self.team_id and Team(self.team_id),
            personId=self.person_id and Person(self.person_id),
        )
        yield [self.focus, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
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
