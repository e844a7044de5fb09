"""Where the organisation is going, and what serves what."""

from collections.abc import Iterator
from uuid import UUID

from domain.alignment import (
    OutcomeAligned,
    OutcomeAlignedToObjective,
    OutcomeUnaligned,
    OutcomeUnalignedFromObjective,
)
from domain.focus import FocusLimitSet, OutcomesRanked
from domain.organisation import OrganisationFounded
from domain.outcomes import OutcomeAssigned, OutcomeRevised, OutcomeSet, OutcomeShared, ReviewerNamed
from domain.standing import (
    OutcomeAbandoned,
    OutcomeActivated,
    OutcomeCarriedOver,
    OutcomeGraded,
    OutcomePaused,
    OutcomeReopened,
    OutcomeResumed,
    OutcomeWithdrawn,
)
from domain.strategy import (
    USUAL,
    CauseLinked,
    CauseUnlinked,
    Perspective,
    PerspectivesSet,
    StrategicObjectiveRetired,
    StrategicObjectiveRevised,
    StrategicObjectiveSet,
    StrategyStated,
    perspective_id,
)
from domain.visibility import VisibilitySet
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

STRATEGY = Table("strategy", ("statement", "starts_on", "ends_on"))
PERSPECTIVE = Table("perspective", ("key", "title", "place"))
OBJECTIVE = Table("objective", ("title", "description", "perspective", "team_id", "is_retired", "retired_reason"))
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
        "state_reason",
        "rank",
        "visibility",
    ),
)
OUTCOME_READER = Table("outcome_reader", ("outcome_id", "person_id"))
ALIGNMENT = Table("alignment", ("outcome_id", "higher_id", "objective_id", "measure_id", "weight"))
FOCUS_LIMIT = Table("focus_limit", ("team_id", "person_id", "cycle_id", "most", "reason"))
OUTCOME_SHARE = Table("outcome_share", ("outcome_id", "team_id"))
TABLES = (STRATEGY, PERSPECTIVE, OBJECTIVE, CAUSE, OUTCOME, OUTCOME_READER, ALIGNMENT, FOCUS_LIMIT, OUTCOME_SHARE)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What the strategy, its outcomes and their links become."""
    for part in (_strategy, _perspectives, _objectives, _outcomes, _held, _seen, _standing, _focus, _links):
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
        case CauseLinked() as event:
            cause_id = link_id(event.objective_id, event.drives_id)
            yield insert(CAUSE, cause_id, objective_id=event.objective_id, drives_id=event.drives_id)
        case CauseUnlinked() as event:
            yield end(CAUSE, link_id(event.objective_id, event.drives_id))
        case _:
            return


def _perspectives(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OrganisationFounded() as event:
            yield from _ordered(event.organisation_id, USUAL)
        case PerspectivesSet() as event:
            for one in event.dropped_ids:
                yield end(PERSPECTIVE, one)
            yield from _ordered(event.organisation_id, event.perspectives)
        case _:
            return


def _ordered(organisation_id: UUID, perspectives: tuple[Perspective, ...]) -> Iterator[Revision]:
    for place, one in enumerate(perspectives, start=1):
        row = perspective_id(organisation_id, one.key)
        yield insert(PERSPECTIVE, row, key=one.key, title=one.title, place=place)


def _objectives(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case StrategicObjectiveSet() as event:
            yield insert(
                OBJECTIVE,
                event.objective_id,
                title=event.title,
                description=event.description,
                perspective=event.perspective,
                team_id=event.team_id,
                is_retired=False,
            )
        case StrategicObjectiveRevised() as event:
            yield revise(
                OBJECTIVE,
                event.objective_id,
                title=event.title,
                description=event.description,
                perspective=event.perspective,
                team_id=event.team_id,
            )
        case StrategicObjectiveRetired() as event:
            yield revise(OBJECTIVE, event.objective_id, is_retired=True, retired_reason=event.reason)
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
        case OutcomeRevised() as event:
            yield revise(
                OUTCOME,
                event.outcome_id,
                title=event.title,
                description=event.description,
                cycle_id=event.cycle_id,
                ambition=event.ambition.value,
                starts_on=event.starts_on,
                due_on=event.due_on,
                roll_up=event.roll_up.value if event.roll_up is not None else None,
            )
        case _:
            return


def _held(recorded: Recorded) -> Iterator[Revision]:
    """Who has an outcome, shares and reviews it."""
    match recorded.event:
        case OutcomeAssigned() as event:
            moved = {} if event.team_id == event.from_team_id else {"rank": None}  # ranks are a team's
            yield revise(OUTCOME, event.outcome_id, team_id=event.team_id, owner_id=event.owner_id, **moved)
        case ReviewerNamed() as event:
            yield revise(OUTCOME, event.outcome_id, reviewer_id=event.reviewer_id)
        case OutcomeShared() as event:
            for team_id in event.added_ids:
                share_id = link_id(event.outcome_id, team_id)
                yield insert(OUTCOME_SHARE, share_id, outcome_id=event.outcome_id, team_id=team_id)
            for team_id in event.removed_ids:
                yield end(OUTCOME_SHARE, link_id(event.outcome_id, team_id))
        case _:
            return


def _seen(recorded: Recorded) -> Iterator[Revision]:
    """Who may see an outcome."""
    match recorded.event:
        case VisibilitySet() as event:
            yield revise(OUTCOME, event.outcome_id, visibility=event.visibility.value)
            for person_id in event.removed_ids:
                yield end(OUTCOME_READER, link_id("reader", event.outcome_id, person_id))
            for person_id in event.added_ids:
                reader = link_id("reader", event.outcome_id, person_id)
                yield insert(OUTCOME_READER, reader, outcome_id=event.outcome_id, person_id=person_id)
        case _:
            return


def _standing(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OutcomeActivated() as event:
            yield revise(OUTCOME, event.outcome_id, state="ACTIVE")
        case OutcomeResumed() | OutcomeReopened() as event:
            yield revise(OUTCOME, event.outcome_id, state="ACTIVE", state_reason=None)
        case OutcomeGraded() as event:
            yield revise(OUTCOME, event.outcome_id, state="GRADED", state_reason=event.reason)
        case OutcomeCarriedOver() as event if not event.graded:
            yield revise(OUTCOME, event.outcome_id, state="CARRIED_OVER", state_reason=event.reason)
        case OutcomePaused() as event:
            yield revise(OUTCOME, event.outcome_id, state="PAUSED", state_reason=event.reason)
        case OutcomeAbandoned() as event:
            yield revise(OUTCOME, event.outcome_id, state="ABANDONED", state_reason=event.reason)
        case OutcomeWithdrawn() as event:
            yield revise(OUTCOME, event.outcome_id, state="WITHDRAWN", state_reason=event.reason)
        case _:
            return


def _focus(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OutcomesRanked() as event:
            for rank, outcome_id in enumerate(event.outcome_ids, start=1):
                yield revise(OUTCOME, outcome_id, rank=rank)
            for outcome_id in event.unranked_ids:
                yield revise(OUTCOME, outcome_id, rank=None)
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
