"""Ledger rows as the projections take them."""

from datetime import UTC
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.organisation import CalendarSet, OrganisationFounded
from infra.seals import Seals
from projections.rows import Recorded

LedgerRow = Any  # a record or tuple, as the statement `events` lists it
EVENT = 13  # columns that are an event's, before what `ahead_of_…` tell beside


class Reader:
    """Decodes one organisation's events in order, each once however many projections ask for it, and keeps to the
    organisation's time zone as they change it."""

    def __init__(self, organisation_id: UUID, time_zone: str | None, seals: Seals) -> None:
        self.organisation_id = organisation_id
        self.seals = seals
        self.zone = ZoneInfo(time_zone) if time_zone else UTC
        self._decoded: dict[int, Recorded] = {}

    def recorded(self, row: LedgerRow) -> Recorded:
        """Raises what the codec raises where the event is damaged or unknown, and VaultUnavailable."""
        found = self._decoded.get(row[0])
        if found is None:
            found = self._decoded[row[0]] = self.decoded(row)
        return found

    def decoded(self, row: LedgerRow) -> Recorded:
        """As `recorded`, for who asks once."""
        position, event_id, version, kind, command_id, correlation_id, causation_id, actor, tags, reason, *rest = row
        recorded_at, occurred_at, body = rest
        event = self.seals.open(self.organisation_id, kind, version, body)
        if isinstance(event, OrganisationFounded | CalendarSet):
            self.zone = ZoneInfo(event.time_zone)
        return Recorded(
            organisation_id=self.organisation_id,
            position=position,
            event_id=event_id,
            event=event,
            type=kind,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_id=causation_id,
            actor=actor,
            tags=tuple(tags),
            reason=self.seals.reason(self.organisation_id, kind, reason),
            recorded_at=recorded_at,
            occurred_at=occurred_at,
            day=occurred_at.astimezone(self.zone).date(),
        )
