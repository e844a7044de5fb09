"""The organisation, its people, teams and cycles, and the external references of whatever bears one."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from domain.cycles import CycleClosed, CyclePlanned, CycleReopened, CycleStarted, ReviewStarted
from domain.delegation import DutiesDelegated
from domain.organisation import CalendarSet, OrganisationFounded, OrganisationRenamed
from domain.people import (
    PersonDeactivated,
    PersonForgotten,
    PersonRegistered,
    PersonRevised,
    TeamDisbanded,
    TeamFormed,
    TeamJoined,
    TeamLeft,
    TeamMoved,
    TeamRevised,
)
from domain.policy import PolicySet
from domain.preferences import PreferencesSet
from domain.references import Reference, ReferenceSet
from projections.rows import Recorded, Revision, Table, end, insert, link_id, revise

ORGANISATION = Table(
    "organisation",
    (
        "name",
        "time_zone",
        "first_day_of_week",
        "fiscal_year_starts_month",
        "holidays",
        "cadence_days",
        "grace_days",
        "on_track_from",
        "at_risk_from",
        "too_early_share",
        "acknowledgement_days",
        "focus_limit",
        "green_from",
        "amber_from",
        "aspirational_success",
        "small_number",
        "default_roll_up",
        "block_days",
        "effort_unit",
    ),
)
PERSON = Table("person", ("name", "email", "left_on", "forgotten_on"))
TEAM = Table("team", ("name", "parent_id", "disbanded_on"))
MEMBERSHIP = Table("membership", ("team_id", "person_id", "lead"))
CYCLE = Table("cycle", ("title", "starts_on", "ends_on", "parent_id", "state", "review_started_on", "closed_on"))
REFERENCE = Table("reference", ("entity_id", "system", "external_id", "url"))
DELEGATION = Table("delegation", ("person_id", "delegate_id", "starts_on", "ends_on", "reason"))
PREFERENCES = Table(
    "preferences", ("digest_weekday", "digest_hour", "quiet_from_hour", "quiet_until_hour", "language", "time_zone")
)
TABLES = (ORGANISATION, PERSON, TEAM, MEMBERSHIP, CYCLE, REFERENCE, DELEGATION, PREFERENCES)
CADENCE_DAYS, GRACE_DAYS = 30, 7  # until the organisation says otherwise


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What the organisation, its people, teams, cycles and references become."""
    for part in (_organisation, _cycles, _people, _teams, _references):
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
                **_policy(PolicySet(organisation_id=event.organisation_id)),
            )
        case OrganisationRenamed() as event:
            yield revise(ORGANISATION, event.organisation_id, name=event.name)
        case PolicySet() as event:
            yield revise(ORGANISATION, event.organisation_id, **_policy(event))
        case CalendarSet() as event:
            yield revise(
                ORGANISATION,
                event.organisation_id,
                time_zone=event.time_zone,
                first_day_of_week=event.first_day_of_week,
                fiscal_year_starts_month=event.fiscal_year_starts_month,
                holidays=msgspec.json.encode(event.holidays).decode(),
            )
        case _:
            return


def _cycles(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
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
        case ReviewStarted() as event:
            yield revise(CYCLE, event.cycle_id, state="IN_REVIEW", review_started_on=recorded.day)
        case CycleClosed() as event:
            yield revise(CYCLE, event.cycle_id, state="CLOSED", closed_on=event.closed_on)
        case CycleReopened() as event:
            yield revise(CYCLE, event.cycle_id, state="IN_REVIEW", closed_on=None)
        case _:
            return


def _policy(event: PolicySet) -> dict[str, Any]:
    return {
        "on_track_from": event.on_track_from,
        "at_risk_from": event.at_risk_from,
        "too_early_share": event.too_early_share,
        "acknowledgement_days": event.acknowledgement_days,
        "focus_limit": event.focus_limit,
        "green_from": event.green_from,
        "amber_from": event.amber_from,
        "aspirational_success": event.aspirational_success,
        "small_number": event.small_number,
        "default_roll_up": event.default_roll_up.value if event.default_roll_up else None,
        "block_days": event.block_days,
        "effort_unit": event.effort_unit.value,
    }


def _people(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case PersonRegistered() as event:
            yield insert(PERSON, event.person_id, name=event.name, email=event.email)
        case PersonRevised() as event:
            yield revise(PERSON, event.person_id, name=event.name, email=event.email)
        case PersonDeactivated() as event:
            yield revise(PERSON, event.person_id, left_on=recorded.day)
        case PersonForgotten() as event:
            yield revise(PERSON, event.person_id, forgotten_on=recorded.day)
        case DutiesDelegated() as event:
            yield insert(
                DELEGATION,
                link_id("delegation", event.person_id, event.delegate_id, event.starts_on.isoformat()),
                person_id=event.person_id,
                delegate_id=event.delegate_id,
                starts_on=event.starts_on,
                ends_on=event.ends_on,
                reason=event.reason,
            )
        case PreferencesSet() as event:
            yield insert(
                PREFERENCES,
                event.person_id,
                digest_weekday=event.digest_weekday,
                digest_hour=event.digest_hour,
                quiet_from_hour=event.quiet_from_hour,
                quiet_until_hour=event.quiet_until_hour,
                language=event.language,
                time_zone=event.time_zone,
            )
        case _:
            return


def _teams(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case TeamFormed() as event:
            yield insert(TEAM, event.team_id, name=event.name, parent_id=event.parent_id)
            for lead_id in event.lead_ids:
                yield _membership(event.team_id, lead_id, lead=True)
        case TeamRevised() as event:
            yield revise(TEAM, event.team_id, name=event.name)
        case TeamMoved() as event:
            yield revise(TEAM, event.team_id, parent_id=event.parent_id)
        case TeamDisbanded() as event:
            yield revise(TEAM, event.team_id, disbanded_on=recorded.day)
        case TeamJoined() as event:
            yield _membership(event.team_id, event.person_id, lead=event.lead)
        case TeamLeft() as event:
            yield end(MEMBERSHIP, link_id(event.team_id, event.person_id))
        case _:
            return


def _membership(team_id: UUID, person_id: UUID, *, lead: bool) -> Revision:
    return insert(MEMBERSHIP, link_id(team_id, person_id), team_id=team_id, person_id=person_id, lead=lead)


def _references(recorded: Recorded) -> Iterator[Revision]:
    """Any event that gives an entity an external reference; its first field names the entity."""
    event = recorded.event
    reference: Reference | None = getattr(event, "reference", None)
    if reference is None:
        return
    if isinstance(event, ReferenceSet) and event.former_reference is not None:
        yield end(REFERENCE, _borne(event.former_reference))
    entity_id: UUID = getattr(event, event.__struct_fields__[0])
    yield insert(
        REFERENCE,
        _borne(reference),
        entity_id=entity_id,
        system=reference.system,
        external_id=reference.id,
        url=reference.url,
    )


def _borne(reference: Reference) -> UUID:
    return link_id("reference", reference.system, reference.id)
