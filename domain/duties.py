"""What a person or a team has to do: the duties that nobody leaves behind (R14)."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from domain.codes import DUTIES_LEFT
from domain.focus import Place
from domain.initiatives import Initiative, InitiativeAssigned, InitiativePlanned, InitiativeRevised
from domain.kernel import Fold, Reads, Refused
from domain.milestones import UNDER_WAY, Milestone, MilestoneAssigned, MilestoneSet
from domain.outcomes import Outcome, OutcomeAssigned, OutcomeSet, ReviewerNamed
from domain.people import Membership, TeamFormed, TeamJoined, TeamLeft, TeamMoved, TeamName
from domain.promises import (
    AskedTeamReplaced,
    BeneficiaryReplaced,
    Promise,
    State,
    TaskCommitted,
    TaskReassigned,
    TaskRequested,
    TaskTaken,
)
from domain.sources import Source, SourceAssigned, SourceConnected, SourceState
from domain.standing import Standing
from domain.standing import State as Life
from domain.visibility import Told

MOST_DUTIES = 10  # that a refusal tells
UNFINISHED = frozenset({Life.DRAFT, Life.ACTIVE, Life.PAUSED})
WORKED_ON = frozenset({Life.ACTIVE, Life.PAUSED})
OWED = frozenset({State.REQUESTED, State.COUNTERED, State.COMMITTED})
AWAITED = frozenset({*OWED, State.DELIVERED})


class DutyKind(StrEnum):
    """What somebody is there for."""

    OWNS_OUTCOME = "OWNS_OUTCOME"
    REVIEWS_OUTCOME = "REVIEWS_OUTCOME"
    PROMISED = "PROMISED"
    IS_PROMISED = "IS_PROMISED"
    LEADS_TEAM = "LEADS_TEAM"
    OWNS_INITIATIVE = "OWNS_INITIATIVE"
    ANSWERS_FOR_MILESTONE = "ANSWERS_FOR_MILESTONE"
    ANSWERS_FOR_SOURCE = "ANSWERS_FOR_SOURCE"
    IS_ASKED = "IS_ASKED"  # as a team


class Duty(msgspec.Struct, frozen=True):
    """Something that somebody has to take; without a title where who asks may not see it (R15)."""

    kind: DutyKind
    entity_id: UUID
    title: str | None

    def __str__(self) -> str:
        return f"{self.kind.value.lower().replace('_', ' ')} {self.title}"


def check_taken(left: Iterable[Duty], *fields: str) -> None:
    """Refuses to leave duties behind, and lists them; those that may not be seen are counted."""
    duties = list(left)
    if not duties:
        return
    names = [str(duty) for duty in duties if duty.title is not None]
    told = names[:MOST_DUTIES]
    if more := len(names) - len(told):
        told.append(f"and {more} more")
    if hidden := len(duties) - len(names):
        told.append(f"{'and ' if told else ''}{hidden} that you may not see, for a successor to take")
    raise Refused(DUTIES_LEFT, f"Say who takes what is left, all of it or one by one: {'; '.join(told)}.", *fields)


class Owned(Fold[OutcomeSet | OutcomeAssigned]):
    """The outcomes that a person ever owned."""

    def __init__(self, owner_id: UUID) -> None:
        super().__init__(owner=owner_id)
        self.outcome_ids: set[UUID] = set()

    def fold(self, event: OutcomeSet | OutcomeAssigned) -> None:
        match event:
            case OutcomeSet() | OutcomeAssigned():
                self.outcome_ids.add(event.outcome_id)


class Held(Fold[OutcomeSet | OutcomeAssigned]):
    """The outcomes that a team ever had."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.outcome_ids: set[UUID] = set()

    def fold(self, event: OutcomeSet | OutcomeAssigned) -> None:
        match event:
            case OutcomeSet() | OutcomeAssigned():
                self.outcome_ids.add(event.outcome_id)


class Reviewed(Fold[OutcomeSet | ReviewerNamed]):
    """The outcomes that a person was ever to review."""

    def __init__(self, reviewer_id: UUID) -> None:
        super().__init__(reviewer=reviewer_id)
        self.outcome_ids: set[UUID] = set()

    def fold(self, event: OutcomeSet | ReviewerNamed) -> None:
        match event:
            case OutcomeSet() | ReviewerNamed():
                self.outcome_ids.add(event.outcome_id)


class Asked(Fold[TaskRequested | AskedTeamReplaced]):
    """The tasks that a team was ever asked for."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.task_ids: dict[UUID, None] = {}

    def fold(self, event: TaskRequested | AskedTeamReplaced) -> None:
        match event:
            case TaskRequested() | AskedTeamReplaced():
                self.task_ids[event.task_id] = None


Beginning = TaskRequested | TaskCommitted | TaskTaken | TaskReassigned | BeneficiaryReplaced


class Part(Fold[Beginning]):
    """The tasks that a person ever had a part in: as promiser, as beneficiary or as requester."""

    def __init__(self, **person_id: UUID) -> None:
        super().__init__(**person_id)
        self.task_ids: set[UUID] = set()

    def fold(self, event: Beginning) -> None:
        match event:
            case TaskRequested() | TaskCommitted() | TaskTaken() | TaskReassigned() | BeneficiaryReplaced():
                self.task_ids.add(event.task_id)


Seen = InitiativePlanned | InitiativeRevised | InitiativeAssigned


class SeenTo(Fold[Seen | MilestoneSet | MilestoneAssigned]):
    """The initiatives and the milestones that a person was ever the owner of."""

    def __init__(self, owner_id: UUID) -> None:
        super().__init__(owner=owner_id)
        self.initiative_ids: set[UUID] = set()
        self.milestone_ids: set[UUID] = set()

    def fold(self, event: Seen | MilestoneSet | MilestoneAssigned) -> None:
        match event:
            case InitiativePlanned() | InitiativeRevised() | InitiativeAssigned():
                self.initiative_ids.add(event.initiative_id)
            case MilestoneSet() | MilestoneAssigned():
                self.milestone_ids.add(event.milestone_id)


class Ways:
    """The open initiatives and milestones that a person sees to, and how to call them."""

    def __init__(self, owner_id: UUID) -> None:
        self.owner_id = owner_id
        self.seen_to = SeenTo(owner_id)
        self.initiatives: dict[UUID, Initiative] = {}
        self.milestones: dict[UUID, Milestone] = {}
        self.told: dict[UUID, Told] = {}

    def reads(self) -> Reads:
        """How each of it stands, and whether the outcome that it is of may be seen."""
        initiatives = {one: Initiative(one) for one in sorted(self.seen_to.initiative_ids)}
        milestones = {one: Milestone(one) for one in sorted(self.seen_to.milestone_ids)}
        yield [*initiatives.values(), *milestones.values()]
        me = self.owner_id
        self.initiatives = {
            one: it for one, it in initiatives.items() if it.now and it.now.owner_id == me and not it.ended
        }
        self.milestones = {
            one: it for one, it in milestones.items() if it.set and it.owner_id == me and it.state in UNDER_WAY
        }
        outcome_ids = {it.outcome_id for it in (*self.initiatives.values(), *self.milestones.values())} - {None}
        self.told = {one: Told(one) for one in sorted(filter(None, outcome_ids))}
        yield [*self.told.values()]

    def duties(self) -> Iterator[Duty]:
        for one, initiative in self.initiatives.items():
            title = initiative.now.title if initiative.now else ""
            yield Duty(DutyKind.OWNS_INITIATIVE, one, self._as_seen(initiative.outcome_id, title))
        for one, milestone in self.milestones.items():
            yield Duty(DutyKind.ANSWERS_FOR_MILESTONE, one, self._as_seen(milestone.outcome_id, milestone.title))

    def _as_seen(self, outcome_id: UUID | None, title: str) -> str | None:
        told = self.told.get(outcome_id) if outcome_id else None
        return title if told and told.title is not None else None


class AnsweredFor(Fold[SourceConnected | SourceAssigned]):
    """The sources that a person ever answered for."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.source_ids: set[UUID] = set()

    def fold(self, event: SourceConnected | SourceAssigned) -> None:
        self.source_ids.add(event.source_id)


class Feeds:
    """The sources that a person answers for: they would be told of a silence."""

    def __init__(self, person_id: UUID) -> None:
        self.person_id = person_id
        self.answered_for = AnsweredFor(person_id)
        self.sources: dict[UUID, SourceConnected] = {}
        self.titles: dict[UUID, str] = {}
        self.told: dict[UUID, Told] = {}

    def reads(self) -> Reads:
        """How each of them stands, and whether the outcome of what it feeds may be seen."""
        sources = {one: Source(one) for one in sorted(self.answered_for.source_ids)}
        yield [*sources.values()]
        for one, source in sources.items():
            if source.connected and source.person_id == self.person_id and source.state is not SourceState.DISCONNECTED:
                self.sources[one] = source.connected
                called = source.told.title if source.told else None
                self.titles[one] = called or source.connected.kind.value.lower().replace("_", " ")
        outcome_ids = {source.outcome_id for source in self.sources.values() if source.outcome_id is not None}
        self.told = {one: Told(one) for one in sorted(outcome_ids)}
        yield [*self.told.values()]

    def duties(self) -> Iterator[Duty]:
        for one, source in self.sources.items():
            seen = source.outcome_id is None or self.told[source.outcome_id].title is not None
            yield Duty(DutyKind.ANSWERS_FOR_SOURCE, one, self.titles[one] if seen else None)


class Teams(Fold[TeamFormed | TeamJoined | TeamLeft]):
    """The teams that a person ever belonged to."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.team_ids: set[UUID] = set()

    def fold(self, event: TeamFormed | TeamJoined | TeamLeft) -> None:
        match event:
            case TeamFormed() | TeamJoined() | TeamLeft():
                self.team_ids.add(event.team_id)


class Members(Fold[TeamFormed | TeamJoined | TeamLeft]):
    """Who belongs to a team."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.person_ids: dict[UUID, None] = {}

    def fold(self, event: TeamFormed | TeamJoined | TeamLeft) -> None:
        match event:
            case TeamFormed():
                self.person_ids = dict.fromkeys(event.lead_ids)
            case TeamJoined():
                self.person_ids[event.person_id] = None
            case TeamLeft():
                self.person_ids.pop(event.person_id, None)


class TeamsInside(Fold[TeamFormed | TeamMoved]):
    """The teams that lie right inside a team."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(parent_team=team_id)
        self.team_id = team_id
        self.team_ids: dict[UUID, None] = {}

    def fold(self, event: TeamFormed | TeamMoved) -> None:
        match event:
            case TeamFormed() | TeamMoved():
                self.team_ids.pop(event.team_id, None)
                if event.parent_id == self.team_id:
                    self.team_ids[event.team_id] = None


class Work:
    """The outcomes among which those are that somebody works on, what they stand at, and how to call them."""

    def __init__(self, outcome_ids: Iterable[UUID]) -> None:
        self.outcomes = {one: Outcome(one) for one in sorted(outcome_ids)}
        self.standings = {one: Standing(one) for one in self.outcomes}
        self.told = {one: Told(one) for one in self.outcomes}

    def folds(self) -> list[Fold[Any]]:
        return [*self.outcomes.values(), *self.standings.values(), *self.told.values()]

    def duty(self, kind: DutyKind, outcome: OutcomeSet) -> Duty:
        """A duty out of an outcome."""
        return Duty(kind, outcome.outcome_id, self.told[outcome.outcome_id].title)

    def now(self, *, within: frozenset[Life]) -> Iterator[tuple[OutcomeSet, Life]]:
        """What stands at one of these."""
        for one, outcome in self.outcomes.items():
            if outcome.now and self.standings[one].state in within:
                yield outcome.now, self.standings[one].state


class PersonsDuties:
    """What a person has to do: the outcomes they own and review, their promises on both sides, the teams they lead, the
    initiatives and milestones that they see to, the sources that they answer for."""

    def __init__(self, person_id: UUID) -> None:
        self.person_id = person_id
        self.owned: list[tuple[OutcomeSet, Life]] = []
        self.reviewed: list[OutcomeSet] = []
        self.promised: list[Promise] = []
        self.awaited: list[Promise] = []
        self.member_of: list[UUID] = []
        self.led: list[UUID] = []
        self.ways = Ways(person_id)
        self.feeds = Feeds(person_id)
        self.duties: list[Duty] = []
        self.titles: dict[UUID, str | None] = {}  # of the outcomes; none for those that may not be seen (R15)

    def reads(self, *beside: Fold[Any]) -> Reads:
        """First what they ever had a part in, then how each of it stands."""
        owned, reviewed, teams = Owned(self.person_id), Reviewed(self.person_id), Teams(self.person_id)
        parts = [Part(promiser=self.person_id), Part(beneficiary=self.person_id), Part(requester=self.person_id)]
        yield [*beside, owned, reviewed, teams, *parts, self.ways.seen_to, self.feeds.answered_for]
        work = Work(owned.outcome_ids | reviewed.outcome_ids)
        promises = {one: Promise(one) for one in sorted({one for part in parts for one in part.task_ids})}
        memberships = {one: Membership(self.person_id, one) for one in sorted(teams.team_ids)}
        names = {one: TeamName(one) for one in memberships}
        yield [*work.folds(), *promises.values(), *memberships.values(), *names.values()]
        yield from self.ways.reads()
        yield from self.feeds.reads()
        self.titles = {one: told.title for one, told in work.told.items()}
        me = self.person_id
        self.owned = [(one, life) for one, life in work.now(within=WORKED_ON) if one.owner_id == me]
        self.reviewed = [one for one, _ in work.now(within=UNFINISHED) if one.reviewer_id == me]
        self.promised = [one for one in promises.values() if one.promiser_id == me and one.state in OWED]
        self.awaited = [one for one in promises.values() if one.is_beneficiary(me) and one.state in AWAITED]
        self.member_of = [one for one, membership in memberships.items() if membership.joined]
        self.led = [one for one, membership in memberships.items() if membership.lead]
        self.duties = [
            *(work.duty(DutyKind.OWNS_OUTCOME, one) for one, _ in self.owned),
            *(work.duty(DutyKind.REVIEWS_OUTCOME, one) for one in self.reviewed),
            *(duty_of(DutyKind.PROMISED, one) for one in self.promised),
            *(duty_of(DutyKind.IS_PROMISED, one) for one in self.awaited),
            *(Duty(DutyKind.LEADS_TEAM, one, names[one].name or "") for one in self.led),
            *self.ways.duties(),
            *self.feeds.duties(),
        ]


def duty_of(kind: DutyKind, promise: Promise) -> Duty:
    """A duty out of a promise."""
    return Duty(kind, promise.task_id, promise.terms.title if promise.terms else "")


class Places:
    """The places in the focus of those who take outcomes: each focus once, with as many as would come (R2)."""

    def __init__(self, organisation_id: UUID, taken: Iterable[tuple[OutcomeSet, UUID | None, UUID | None]]) -> None:
        wanted: dict[tuple[UUID, UUID | None, UUID | None], int] = {}
        for outcome, team_id, owner_id in taken:
            if outcome.cycle_id:
                key = (outcome.cycle_id, team_id, owner_id)
                wanted[key] = wanted.get(key, 0) + 1
        self.places = [Place(organisation_id, *key, wanted=many) for key, many in wanted.items()]

    def reads(self) -> Reads:
        for place in self.places:
            yield from place.reads()

    def check(self, field: str) -> None:
        """Refuses to go past the limit of anybody who takes an outcome."""
        for place in self.places:
            place.check(field)
