"""Where the organisation is going, and what serves what."""

from collections.abc import Iterator

from domain.alignment import (
    OutcomeAligned,
    OutcomeAlignedToObjective,
    OutcomeUnaligned,
    OutcomeUnalignedFromObjective,
)
from domain.focus import FocusLimitSet, OutcomeAbandoned, OutcomeActivated
from domain.outcomes import OutcomeSet, VisibilitySet
from domain.strategy import CauseLinked, CauseUnlinked, StrategicObjectiveSet, StrategyStated
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

STRATEGY = Table("strategy", ("statement", "starts_on", "ends_on"))
OBJECTIVE = Table("objective", ("title", "description", "perspective", "team_id"))
CAUSE = Table("cause", ("objective_id", "drives_id"))
OUTCOME = Table(
    "outcome",
    (
        "title",
        "description",
        "cycle_id",
        "team_id",
        "owner_id",
        "reviewer_id",
        "ambition",
        "starts_on",
        "due_on",
        "roll_up",
        "state",
        "visibility",
    ),
)
OUTCOME_READER = Table("outcome_reader", ("outcome_id", "person_id"))
ALIGNMENT = Table("alignment", ("outcome_id", "higher_id", "objective_id", "measure_id", "weight"))
FOCUS_LIMIT = Table("focus_limit", ("team_id", "person_id", "cycle_id", "most", "reason"))
TABLES = (STRATEGY, OBJECTIVE, CAUSE, OUTCOME, OUTCOME_READER, ALIGNMENT, FOCUS_LIMIT)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What the strategy, its outcomes and their links become."""
    for part in (_strategy, _outcomes, _links):
        yield from part(recorded)


def _strategy(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case StrategyStated() as event:
            yield insert(
                STRATEGY,
                event.organisation_id,
                statement=event.statement,
                starts_on=event.starts_on,
                ends_on=event.ends_on,
            )
        case StrategicObjectiveSet() as event:
            yield insert(
                OBJECTIVE,
                event.objective_id,
                title=event.title,
                description=event.description,
                perspective=event.perspective,
                team_id=event.team_id,
            )
        case CauseLinked() as event:
            cause_id = link_id(event.objective_id, event.drives_id)
            yield insert(CAUSE, cause_id, objective_id=event.objective_id, drives_id=event.drives_id)
        case CauseUnlinked() as event:
            yield end(CAUSE, link_id(event.objective_id, event.drives_id))
        case _:
            return


def _outcomes(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OutcomeSet() as event:
            yield insert(
                OUTCOME,
                event.outcome_id,
                title=event.title,
                description=event.description,
                cycle_id=event.cycle_id,
                team_id=event.team_id,
                owner_id=event.owner_id,
                reviewer_id=event.reviewer_id,
                ambition=event.ambition.value,
                starts_on=event.starts_on,
                due_on=event.due_on,
                roll_up=event.roll_up.value if event.roll_up is not None else None,
                state="DRAFT",
                visibility="ORGANISATION",
            )
        case VisibilitySet() as event:
            yield revise(OUTCOME, event.outcome_id, visibility=event.visibility.value)
            for person_id in event.person_ids:
                reader = link_id("reader", event.outcome_id, person_id)
                yield insert(OUTCOME_READER, reader, outcome_id=event.outcome_id, person_id=person_id)
        case OutcomeActivated() as event:
            yield revise(OUTCOME, event.outcome_id, state="ACTIVE")
        case OutcomeAbandoned() as event:
            yield revise(OUTCOME, event.outcome_id, state="ABANDONED")
        case FocusLimitSet() as event:
            holder = event.team_id or event.person_id
            yield insert(
                FOCUS_LIMIT,
                link_id(str(holder), event.cycle_id),
                team_id=event.team_id,
                person_id=event.person_id,
                cycle_id=event.cycle_id,
                most=event.limit,
                reason=event.reason,
            )
        case _:
            return


def _links(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OutcomeAligned() as event:
            yield insert(
                ALIGNMENT,
                link_id(event.outcome_id, event.higher_id),
                outcome_id=event.outcome_id,
                higher_id=event.higher_id,
                measure_id=event.measure_id,
                weight=event.weight,
            )
        case OutcomeAlignedToObjective() as event:
            yield insert(
                ALIGNMENT,
                link_id(event.outcome_id, event.objective_id),
                outcome_id=event.outcome_id,
                objective_id=event.objective_id,
                weight=event.weight,
            )
        case OutcomeUnaligned() as event:
            yield end(ALIGNMENT, link_id(event.outcome_id, event.higher_id))
        case OutcomeUnalignedFromObjective() as event:
            yield end(ALIGNMENT, link_id(event.outcome_id, event.objective_id))
        case _:
            return
