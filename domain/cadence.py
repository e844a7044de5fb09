"""Cadences: how often, on which weekday and with how much grace check-ins are due; the nearest one counts (R13)."""

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.kernel import Command, Event, Fold, OrganisationId, OutcomeId, Reads, TeamId
from domain.outcomes import Outcome
from domain.people import Team
from domain.references import check_mentions, mentioned
from domain.values import Invalid, Role, Weekday

Every = Annotated[int, msgspec.Meta(ge=1, le=366)]
Grace = Annotated[int, msgspec.Meta(ge=0, le=60)]


class CadenceUnit(StrEnum):
    """What a cadence is counted in."""

    DAYS = "DAYS"
    WEEKS = "WEEKS"
    MONTHS = "MONTHS"


class Cadence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every so many days, weeks or months, on a weekday where one is given, and how many days late is not yet late."""

    every: Every
    unit: CadenceUnit
    weekday: Weekday | None = None
    grace_days: Grace = 7


USUAL = Cadence(every=30, unit=CadenceUnit.DAYS)


def later(day: date, many: int, unit: CadenceUnit) -> date:
    """So many days, weeks or months later; a day that the month lacks is its last.

    >>> later(date(2023, 1, 31), 2, CadenceUnit.MONTHS), later(date(2023, 1, 31), 1, CadenceUnit.MONTHS)
    (datetime.date(2023, 3, 31), datetime.date(2023, 2, 28))
    """
    match unit:
        case CadenceUnit.DAYS:
            return day + timedelta(days=many)
        case CadenceUnit.WEEKS:
            return day + timedelta(weeks=many)
        case CadenceUnit.MONTHS:
            year, month = divmod(day.year * 12 + day.month - 1 + many, 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def due_after(cadence: Cadence, day: date) -> date:
    """The day on which the next check-in is due after one; a month's end is clamped, then the weekday on or after.

    >>> due_after(Cadence(every=1, unit=CadenceUnit.MONTHS), date(2024, 1, 31))
    datetime.date(2024, 2, 29)
    >>> due_after(Cadence(every=1, unit=CadenceUnit.WEEKS, weekday=5), date(2024, 1, 1))
    datetime.date(2024, 1, 12)
    """
    due = later(day, cadence.every, cadence.unit)
    if cadence.weekday is None:
        return due
    return due + timedelta(days=(cadence.weekday - due.isoweekday()) % 7)


class CadenceSet(Event, frozen=True, tag="cadence.set"):
    """How often check-ins are due changed, for an outcome, a team and those below it, or all; null: by the next one."""

    holder_id: UUID  # the outcome, team or organisation that one of the next three names
    cadence: Cadence | None
    organisation_id: OrganisationId | None = None
    team_id: TeamId | None = None
    outcome_id: OutcomeId | None = None


class CadenceOf(Fold[CadenceSet]):
    """The cadence that was set for an outcome, a team or the organisation itself."""

    def __init__(self, **holder: UUID | None) -> None:
        super().__init__(**holder)
        self.cadence: Cadence | None = None

    def fold(self, event: CadenceSet) -> None:
        self.cadence = event.cadence


class SetCadence(Command):
    """Say how often check-ins are due: for an outcome, a team and those below it, or the organisation.

    The nearest counts; `none` takes it off again, so that the next nearest does. Refused where one is unknown.
    """

    role = Role.LEAD

    every: Every | None = None
    unit: CadenceUnit | None = None
    weekday: Weekday | None = None
    grace_days: Grace = 7
    none: bool = False
    team_id: TeamId | None = None
    outcome_id: OutcomeId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.team_id is not None and self.outcome_id is not None:
            raise Invalid("Give a team or an outcome; neither for the organisation.", "teamId")
        if self.none is (self.every is not None) or (self.every is None) is not (self.unit is None):
            raise Invalid("Say every how many of which unit, or that there is none.", "every")

    def reads(self) -> Reads:
        holder = {"outcome": self.outcome_id} if self.outcome_id else {"team": self.team_id}
        if not (self.outcome_id or self.team_id):
            holder = {"organisation": self.issued.organisation_id}
        self.was = CadenceOf(**holder)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id), outcomeId=self.outcome_id and Outcome(self.outcome_id)
        )
        yield [self.was, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        cadence: Cadence | None = None
        if self.every is not None and self.unit is not None:
            cadence = Cadence(every=self.every, unit=self.unit, weekday=self.weekday, grace_days=self.grace_days)
        if cadence == self.was.cadence:
            return
        organisation_id = None if self.team_id or self.outcome_id else self.issued.organisation_id
        self.emit(
            CadenceSet(
                holder_id=self.outcome_id or self.team_id or self.issued.organisation_id,
                cadence=cadence,
                organisation_id=organisation_id,
                team_id=self.team_id,
                outcome_id=self.outcome_id,
            )
        )
