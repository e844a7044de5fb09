"""Indicators: evergreen figures of the organisation, outside cycles, that measures and boundaries read."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import ALREADY_EXISTS, INDICATOR_RETIRED, NOT_FOUND, TERMS_MISSING
from domain.kernel import Command, Event, Fold, IndicatorId, OwnerId, Reads, ReferenceId, Refused, TeamId
from domain.people import Person, Team
from domain.references import Reference, Referenced, bears_reference, check_mentions, key_of, mentioned
from domain.values import Currency, Invalid, Name, Reason, Symbol, Text, Title

Days = Annotated[int, msgspec.Meta(ge=1, le=3_660)]


class Period(StrEnum):
    """After which something that accumulates starts anew."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class UnitOfMeasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a value is counted in, and to how many digits after the point it is shown."""

    symbol: Symbol | None = None
    currency: Currency | None = None
    precision: Annotated[int, msgspec.Meta(ge=0, le=12)] | None = None


@bears_reference
class IndicatorDefined(Event, frozen=True, tag="indicator.defined"):
    """An evergreen figure was defined."""

    indicator_id: IndicatorId
    title: Title
    description: Text | None = None
    unit: UnitOfMeasure | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    accumulates: bool = False
    resets: Period | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: int | None = None
    reference: Reference | None = None
    reference_id: ReferenceId | None = None


class IndicatorRevised(Event, frozen=True, tag="indicator.revised"):
    """An indicator is called otherwise, lies in another band, or is kept by somebody else; all of it is told."""

    indicator_id: IndicatorId
    title: Title
    description: Text | None
    unit: UnitOfMeasure | None
    lower: Decimal | None
    upper: Decimal | None
    team_id: TeamId | None
    owner_id: OwnerId | None
    source: Name | None
    stale_after_days: int | None
    reason: Reason


class IndicatorRetired(Event, frozen=True, tag="indicator.retired"):
    """An indicator is kept no longer; what it told stays on record."""

    indicator_id: IndicatorId
    reason: Reason


IndicatorEvent = IndicatorDefined | IndicatorRevised | IndicatorRetired


class Indicator(Fold[IndicatorEvent]):
    """An indicator as it stands, and whether it is retired."""

    def __init__(self, indicator_id: UUID) -> None:
        super().__init__(indicator=indicator_id)
        self.latest: IndicatorDefined | IndicatorRevised | None = None
        self.retired = False

    def fold(self, event: IndicatorEvent) -> None:
        match event:
            case IndicatorDefined() | IndicatorRevised():
                self.latest = event
            case IndicatorRetired():
                self.retired = True

    def check(self, field: str) -> None:
        """Refuses the mention of an indicator that nobody defined, or that is retired."""
        if self.latest is None:
            raise Refused(NOT_FOUND, "There is no such indicator: define it first.", field)
        if self.retired:
            raise Refused(INDICATOR_RETIRED, "Define a new indicator: this one is retired.", field)


def check_band(lower: Decimal | None, upper: Decimal | None) -> None:
    """Refuses a band without room."""
    if lower is not None and upper is not None and lower >= upper:
        raise Refused(TERMS_MISSING, "Give a lower bound that lies below the upper one.", "lower", "upper")


class DefineIndicator(Command):
    """Define an evergreen figure, so that one reading moves every measure and boundary that reads it.

    Refused where the id or the external reference is used already, or a person or team is unknown.
    """

    entity = "indicator_id"
    creates = True

    indicator_id: IndicatorId
    title: Title
    description: Text | None = None
    unit: UnitOfMeasure | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    accumulates: bool = False
    resets: Period | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: Days | None = None
    reference: Reference | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.resets is not None and not self.accumulates:
            raise Invalid("Only an indicator that accumulates starts anew each period.", "resets")

    def reads(self) -> Reads:
        self.indicator = Indicator(self.indicator_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id),
            ownerId=self.owner_id and Person(self.owner_id),
            reference=self.reference and Referenced(self.reference),
        )
        yield [self.indicator, *self.mentions.values()]

    def execute(self) -> None:
        if self.indicator.latest:
            raise Refused(ALREADY_EXISTS, "Choose another id: an indicator has this one.", "indicatorId")
        check_mentions(self.mentions)
        check_band(self.lower, self.upper)
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        self.emit(IndicatorDefined(**fields, reference_id=key_of(self.reference)))


class ReviseIndicator(Command):
    """Call an indicator otherwise, or put another band around it; what is left out stays as it is (R9).

    Refused where there is no such indicator, or it is retired.
    """

    entity = "indicator_id"

    indicator_id: IndicatorId
    reason: Reason
    title: Title | None = None
    description: Text | None = None
    unit: UnitOfMeasure | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    source: Name | None = None
    stale_after_days: Days | None = None

    def reads(self) -> Reads:
        self.indicator = Indicator(self.indicator_id)
        self.mentions = mentioned(
            indicatorId=self.indicator,
            teamId=self.team_id and Team(self.team_id),
            ownerId=self.owner_id and Person(self.owner_id),
        )
        yield [*self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        names = [name for name in IndicatorRevised.__struct_fields__ if name not in {"indicator_id", "reason"}]
        kept = {name: getattr(self.indicator.latest, name) for name in names}
        said = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        event = IndicatorRevised(indicator_id=self.indicator_id, reason=self.reason, **{**kept, **said})
        check_band(event.lower, event.upper)
        if {**kept, **said} != kept:
            self.emit(event)


class RetireIndicator(Command):
    """Keep an indicator no longer, and say why; what it told stays on record, and measures keep reading that (R9).

    Refused where there is no such indicator.
    """

    entity = "indicator_id"

    indicator_id: IndicatorId
    reason: Reason

    def reads(self) -> Reads:
        self.indicator = Indicator(self.indicator_id)
        yield [self.indicator]

    def execute(self) -> None:
        if self.indicator.latest is None:
            raise Refused(NOT_FOUND, "There is no such indicator: define it first.", "indicatorId")
        if not self.indicator.retired:
            self.emit(IndicatorRetired(indicator_id=self.indicator_id, reason=self.reason))
