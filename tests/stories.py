"""Makers of events with sound defaults, a ledger on which two decide at once, and plain graphs to compare with."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import IntegrityError

from domain.alignment import OutcomeAligned, OutcomeAlignedToObjective
from domain.cycles import CyclePlanned, CycleStarted
from domain.focus import FocusLimitSet, OutcomesRanked
from domain.indicators import UnitOfMeasure
from domain.kernel import Command, DCBAppendCondition, DCBEvent, Event, Refused
from domain.measures import Direction, MeasureSet
from domain.organisation import ApiKeyIssued, OrganisationFounded, RoleGranted, Scope
from domain.outcomes import OutcomeAssigned, OutcomeSet
from domain.people import PersonRegistered, TeamFormed, TeamJoined
from domain.references import Reference, key_of
from domain.standing import OutcomeAbandoned, OutcomeActivated, OutcomePaused, OutcomeResumed, OutcomeWithdrawn
from domain.strategy import (
    CauseLinked,
    Perspective,
    PerspectivesSet,
    StrategicObjectiveRetired,
    StrategicObjectiveRevised,
    StrategicObjectiveSet,
    perspective_id,
)
from domain.values import Role
from tests.given import ANA, ORGANISATION, issued, named
from tests.memory_ledger import MemoryLedger

TEAM, OTHER_TEAM = named("Platform"), named("Sales")
QUARTER, YEAR = named("second quarter"), named("year")
A, B, C, D = named("outcome A"), named("outcome B"), named("outcome C"), named("outcome D")
GROWTH, LOYALTY, SPEED = named("Growth"), named("Loyalty"), named("Speed")
KEY = named("key")
TICKET = Reference(system="tracker", id="T-1", url="https://tracker.example/T-1")


def founded(time_zone: str = "UTC") -> OrganisationFounded:
    return OrganisationFounded(organisation_id=ORGANISATION, name="Harbour", time_zone=time_zone)


def person(person_id: UUID = ANA, name: str = "Ana", reference: Reference | None = None) -> PersonRegistered:
    return PersonRegistered(person_id=person_id, name=name, reference=reference, reference_id=key_of(reference))


def team(team_id: UUID = TEAM, parent: UUID | None = None, leads: Iterable[UUID] = ()) -> TeamFormed:
    return TeamFormed(team_id=team_id, name="Platform", parent_id=parent, lead_ids=tuple(leads))


def joined(person_id: UUID = ANA, team_id: UUID = TEAM, lead: bool = False) -> TeamJoined:
    return TeamJoined(team_id=team_id, person_id=person_id, lead=lead)


def granted(role: Role, person_id: UUID = ANA) -> RoleGranted:
    return RoleGranted(person_id=person_id, role=role)


def key_issued(api_key_id: UUID = KEY) -> ApiKeyIssued:
    return ApiKeyIssued(
        api_key_id=api_key_id, name="robot", role=Role.MEMBER, scopes=(Scope.READ,), lookup="k1", digest="0" * 64
    )


def objective(
    objective_id: UUID = GROWTH, perspective: str = "FINANCIAL", title: str = "Grow", team_id: UUID | None = None
) -> StrategicObjectiveSet:
    return StrategicObjectiveSet(
        objective_id=objective_id,
        title=title,
        perspective=perspective,
        team_id=team_id,
        perspective_id=perspective_id(ORGANISATION, perspective),
    )


def perspectives(*keys: str, dropped: tuple[UUID, ...] = ()) -> PerspectivesSet:
    """The first on top."""
    named_so = tuple(Perspective(key=key, title=key.capitalize()) for key in keys)
    return PerspectivesSet(organisation_id=ORGANISATION, perspectives=named_so, dropped_ids=dropped)


def moved(objective_id: UUID = GROWTH, former: str = "FINANCIAL", now: str = "CUSTOMER") -> StrategicObjectiveRevised:
    return StrategicObjectiveRevised(
        objective_id=objective_id,
        title="Grow",
        perspective=now,
        from_perspective_id=perspective_id(ORGANISATION, former),
        perspective_id=perspective_id(ORGANISATION, now),
    )


def retired(objective_id: UUID = GROWTH, perspective: str = "FINANCIAL") -> StrategicObjectiveRetired:
    return StrategicObjectiveRetired(
        objective_id=objective_id, perspective_id=perspective_id(ORGANISATION, perspective), reason="Done."
    )


def cause(objective_id: UUID, drives: UUID) -> CauseLinked:
    return CauseLinked(objective_id=objective_id, drives_id=drives)


def cycle(cycle_id: UUID = QUARTER, parent: UUID | None = None) -> CyclePlanned:
    return CyclePlanned(
        cycle_id=cycle_id,
        title="Second quarter",
        starts_on=date(2022, 4, 1),
        ends_on=date(2022, 6, 30),
        parent_id=parent,
    )


def started(cycle_id: UUID = QUARTER) -> CycleStarted:
    return CycleStarted(cycle_id=cycle_id)


def outcome(
    outcome_id: UUID = A,
    team_id: UUID | None = TEAM,
    owner: UUID | None = None,
    cycle_id: UUID | None = QUARTER,
    reference: Reference | None = None,
    title: str = "Customers get an answer within the day",
) -> OutcomeSet:
    return OutcomeSet(
        outcome_id=outcome_id,
        title=title,
        team_id=team_id,
        owner_id=owner,
        cycle_id=cycle_id,
        reference=reference,
        reference_id=key_of(reference),
    )


def measure_named(outcome_id: UUID) -> UUID:
    """The id of the measure that `measured` gives an outcome."""
    return named(f"measure of {outcome_id}")


def measured(outcome_id: UUID = A, target: Decimal | None = Decimal(90)) -> MeasureSet:
    return MeasureSet(
        measure_id=measure_named(outcome_id),
        outcome_id=outcome_id,
        title="Answered within the day",
        direction=Direction.INCREASE,
        unit=UnitOfMeasure(symbol="%"),
        baseline=Decimal(40),
        target=target,
    )


def active(outcome_id: UUID, team_id: UUID | None = TEAM, owner: UUID | None = None) -> OutcomeActivated:
    return OutcomeActivated(outcome_id=outcome_id, cycle_id=QUARTER, team_id=team_id, owner_id=owner)


def abandoned(outcome_id: UUID, team_id: UUID | None = TEAM, owner: UUID | None = None) -> OutcomeAbandoned:
    return OutcomeAbandoned(
        outcome_id=outcome_id, reason="The market moved.", cycle_id=QUARTER, team_id=team_id, owner_id=owner
    )


def paused(outcome_id: UUID, team_id: UUID | None = TEAM) -> OutcomePaused:
    return OutcomePaused(outcome_id=outcome_id, reason="Not now.", cycle_id=QUARTER, team_id=team_id)


def resumed(outcome_id: UUID, team_id: UUID | None = TEAM) -> OutcomeResumed:
    return OutcomeResumed(outcome_id=outcome_id, reason="Now.", cycle_id=QUARTER, team_id=team_id)


def withdrawn(outcome_id: UUID, team_id: UUID | None = TEAM) -> OutcomeWithdrawn:
    return OutcomeWithdrawn(outcome_id=outcome_id, reason="Set twice.", cycle_id=QUARTER, team_id=team_id)


def ranked(*outcome_ids: UUID, unranked: tuple[UUID, ...] = ()) -> OutcomesRanked:
    return OutcomesRanked(team_id=TEAM, cycle_id=QUARTER, outcome_ids=outcome_ids, unranked_ids=unranked)


def assigned(
    outcome_id: UUID,
    team_id: UUID | None = None,
    owner: UUID | None = None,
    former: tuple[UUID | None, UUID | None] = (TEAM, None),
    active: bool = True,
) -> OutcomeAssigned:
    return OutcomeAssigned(
        outcome_id=outcome_id,
        cycle_id=QUARTER,
        from_team_id=former[0],
        team_id=team_id,
        from_owner_id=former[1],
        owner_id=owner,
        active=active,
    )


def focus_limit(limit: int, team_id: UUID | None = TEAM, person_id: UUID | None = None) -> FocusLimitSet:
    return FocusLimitSet(cycle_id=QUARTER, limit=limit, reason="We are many.", team_id=team_id, person_id=person_id)


def aligned(
    outcome_id: UUID, higher_id: UUID, measure_id: UUID | None = None, weight: Decimal = Decimal(1)
) -> OutcomeAligned:
    return OutcomeAligned(outcome_id=outcome_id, higher_id=higher_id, measure_id=measure_id, weight=weight)


def aligned_to_objective(
    outcome_id: UUID, objective_id: UUID = GROWTH, weight: Decimal = Decimal(1)
) -> OutcomeAlignedToObjective:
    return OutcomeAlignedToObjective(outcome_id=outcome_id, objective_id=objective_id, weight=weight)


class BusyRecorder(InMemoryDCBRecorder):
    """Lets something else be recorded between a decision and its append, once."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def let_in(self) -> None:
        """Does what waits, each once."""
        while self.meanwhile:
            self.meanwhile.pop()()

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        self.let_in()
        return super().append(events, condition)


class BusyLedger(MemoryLedger):
    """A ledger on which two decide at once."""

    def __init__(self, *events: Event) -> None:
        super().__init__()
        self.recorder = self.busy = BusyRecorder()
        if events:
            self.store(*events)

    def attempt(self, command: Command, by: UUID = ANA) -> bool:
        """Whether the command was carried out; decided anew where others came in between."""
        while True:
            try:
                self.execute(command, issued(by))
            except Refused:
                return False
            except IntegrityError:
                continue
            return True

    def interleave(self, first: Command, second: Command, by_first: UUID = ANA, by_second: UUID = ANA) -> None:
        """Decides the first, then decides and records the second, then records the first if it still may be."""
        self.busy.meanwhile.append(lambda: self.attempt(second, by_second))
        self.attempt(first, by_first)
        self.busy.let_in()  # where the first recorded nothing


Edges = set[tuple[UUID, UUID]]


def reaches(edges: Edges, start: UUID, end: UUID) -> bool:
    """Whether one or no step or several lead from start to end: plainly, by walking everything."""
    seen, open_ends = {start}, [start]
    while open_ends:
        here = open_ends.pop()
        for there in {b for a, b in edges if a == here} - seen:
            seen.add(there)
            open_ends.append(there)
    return end in seen


def circular(edges: Edges) -> bool:
    """Whether some way leads back to where it began."""
    return any(reaches(edges, b, a) for a, b in edges)
