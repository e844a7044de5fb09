"""Who there is, where the organisation is going, and what serves what."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from domain.alignment import (
    OutcomeAligned,
    OutcomeAlignedToObjective,
    OutcomeUnaligned,
    OutcomeUnalignedFromObjective,
)
from domain.cycles import CyclePlanned, CycleStarted
from domain.focus import FocusLimitSet, OutcomeAbandoned, OutcomeActivated
from domain.organisation import CalendarSet, OrganisationFounded
from domain.outcomes import OutcomeSet
from domain.people import PersonRegistered, TeamFormed, TeamJoined, TeamLeft, TeamMoved
from domain.references import Reference
from domain.strategy import CauseLinked, CauseUnlinked, StrategicObjectiveSet, StrategyStated
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

ORGANISATION = Table(
    "organisation",
    ("name", "time_zone", "first_day_of_week", "fiscal_year_starts_month", "holidays", "cadence_days", "grace_days"),
)
PERSON = Table("person", ("name", "email"))
TEAM = Table("team", ("name", "parent_id"))
MEMBERSHIP = Table("membership", ("team_id", "person_id", "lead"))
STRATEGY = Table("strategy", ("statement", "starts_on", "ends_on"))
OBJECTIVE = Table("objective", ("title", "description", "perspective", "team_id"))
CAUSE = Table("cause", ("objective_id", "drives_id"))
CYCLE = Table("cycle", ("title", "starts_on", "ends_on", "parent_id", "state"))
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
    ),
)
ALIGNMENT = Table("alignment", ("outcome_id", "higher_id", "objective_id", "measure_id", "weight"))
FOCUS_LIMIT = Table("focus_limit", ("team_id", "person_id", "cycle_id", "most", "reason"))
REFERENCE = Table("reference", ("entity_id", "system", "external_id", "url"))
TABLES = (
    ORGANISATION,
    PERSON,
    TEAM,
    MEMBERSHIP,
    STRATEGY,
    OBJECTIVE,
    CAUSE,
    CYCLE,
    OUTCOME,
    ALIGNMENT,
    FOCUS_LIMIT,
    REFERENCE,
)
CADENCE_DAYS, GRACE_DAYS = 30, 7  # until the organisation says otherwise


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What the organisation, its people, its strategy and its outcomes become."""
    for part in (_organisation, _people, _strategy, _outcomes, _links, _references):
        yield from part(recorded)


def _organisation(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case OrganisationFounded() as event:
            yield insert(
                ORGANISATION,
                event.organisation_id,
                name=event.name,
                time_zone=event.time_zone,
                first_day_of_week=1,
                fiscal_year_starts_month=1,
                holidays="[]",
                cadence_days=CADENCE_DAYS,
                grace_days=GRACE_DAYS,
            )
        case CalendarSet() as event:
            yield revise(
                ORGANISATION,
                event.organisation_id,
                time_zone=event.time_zone,
                first_day_of_week=event.first_day_of_week,
                fiscal_year_starts_month=event.fiscal_year_starts_month,
                holidays=msgspec.json.encode(event.holidays).decode(),
            )
        case CyclePlanned() as event:
            yield insert(
                CYCLE,
                event.cycle_id,
                title=event.title,
                starts_on=event.starts_on,
                ends_on=event.ends_on,
                parent_id=event.parent_id,
                state="PLANNED",
            )
        case CycleStarted() as event:
            yield revise(CYCLE, event.cycle_id, state="RUNNING")
        case _:
            return


def _people(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case PersonRegistered() as event:
            yield insert(PERSON, event.person_id, name=event.name, email=event.email)
        case TeamFormed() as event:
            yield insert(TEAM, event.team_id, name=event.name, parent_id=event.parent_id)
            for lead_id in event.lead_ids:
                yield _membership(event.team_id, lead_id, lead=True)
        case TeamMoved() as event:
            yield revise(TEAM, event.team_id, parent_id=event.parent_id)
        case TeamJoined() as event:
            yield _membership(event.team_id, event.person_id, lead=event.lead)
        case TeamLeft() as event:
            yield end(MEMBERSHIP, link_id(event.team_id, event.person_id))
        case _:
            return


def _membership(team_id: UUID, person_id: UUID, *, lead: bool) -> Revision:
    return insert(MEMBERSHIP, link_id(team_id, person_id), team_id=team_id, person_id=person_id, lead=lead)


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
            )
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


def _references(recorded: Recorded) -> Iterator[Revision]:
    """Any event that gives an entity an external reference; its first field names the entity."""
    event = recorded.event
    reference: Reference | None = getattr(event, "reference", None)
    if reference is not None:
        entity_id: UUID = getattr(event, event.__struct_fields__[0])
        yield insert(
            REFERENCE,
            link_id("reference", reference.system, reference.id),
            entity_id=entity_id,
            system=reference.system,
            external_id=reference.id,
            url=reference.url,
        )
