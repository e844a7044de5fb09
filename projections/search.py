"""What can be found by its words: a row an entity, with its title and what else it says of itself."""

from collections.abc import Iterator
from uuid import UUID

from domain.celebrations import Celebrated, CelebrationWithdrawn
from domain.cycles import CyclePlanned
from domain.indicators import IndicatorDefined, IndicatorRevised
from domain.initiatives import InitiativePlanned, InitiativeRevised
from domain.measures import MeasureRevised, MeasureSet
from domain.milestones import MilestoneRevised, MilestoneSet
from domain.outcomes import OutcomeRevised, OutcomeSet
from domain.people import PersonForgotten, PersonRegistered, PersonRevised, TeamFormed, TeamRevised
from domain.promises import CounterAgreed, TaskCommitted, TaskRequested, TermsAgreed
from domain.strategy import StrategicObjectiveRevised, StrategicObjectiveSet
from projections.rows import Recorded, Revision, Table, end, insert

FINDABLE = Table("findable", ("kind", "title", "description"))
TABLES = (FINDABLE,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """The words of an entity as they are from here on; every event that tells them tells all of them."""
    for part in (_worth_making, _promised, _named):
        yield from part(recorded)


def _worth_making(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OutcomeSet() | OutcomeRevised() as event:
            yield _findable("OUTCOME", event.outcome_id, event.title, event.description)
        case StrategicObjectiveSet() | StrategicObjectiveRevised() as event:
            yield _findable("OBJECTIVE", event.objective_id, event.title, event.description)
        case MeasureSet() | MeasureRevised() as event:
            yield _findable("MEASURE", event.measure_id, event.title)
        case IndicatorDefined() | IndicatorRevised() as event:
            yield _findable("INDICATOR", event.indicator_id, event.title, event.description)
        case _:
            return


def _promised(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case TaskRequested() | TaskCommitted() | TermsAgreed() | CounterAgreed() as event:
            yield _findable("TASK", event.task_id, event.title, event.conditions)
        case MilestoneSet() | MilestoneRevised() as event:
            yield _findable("MILESTONE", event.milestone_id, event.title)
        case InitiativePlanned() | InitiativeRevised() as event:
            yield _findable("INITIATIVE", event.initiative_id, event.title, event.description)
        case Celebrated() as event:
            yield _findable("CELEBRATION", event.celebration_id, event.title)
        case CelebrationWithdrawn() as event:
            yield end(FINDABLE, event.celebration_id)
        case _:
            return


def _named(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case PersonRegistered() | PersonRevised() as event:
            yield _findable("PERSON", event.person_id, event.name)
        case PersonForgotten() as event:
            yield end(FINDABLE, event.person_id)
        case TeamFormed() | TeamRevised() as event:
            yield _findable("TEAM", event.team_id, event.name)
        case CyclePlanned() as event:
            yield _findable("CYCLE", event.cycle_id, event.title)
        case _:
            return


def _findable(kind: str, entity_id: UUID, title: str, description: str | None = None) -> Revision:
    return insert(FINDABLE, entity_id, kind=kind, title=title, description=description)
