"""The organisation's policy: by which thresholds progress, grades and focus are judged."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.codes import NOT_FOUND
from domain.kernel import Command, Event, Fold, OrganisationId, Reads, Refused
from domain.organisation import OrganisationFounded
from domain.outcomes import RollUp
from domain.values import Invalid, Limit, Role, camel, checked_between

Pace = Annotated[Decimal, msgspec.Meta(description="-1 … 1")]
Share = Annotated[Decimal, msgspec.Meta(description="0 … 1")]
Days = Annotated[int, msgspec.Meta(ge=0, le=365)]

ON_TRACK_FROM, AT_RISK_FROM = Decimal("-0.10"), Decimal("-0.25")
TOO_EARLY_SHARE = Decimal("0.10")
ACKNOWLEDGEMENT_DAYS = 7
BLOCK_DAYS = 7
FOCUS_LIMIT = 5
GREEN_FROM, AMBER_FROM = Decimal("0.7"), Decimal("0.4")
ASPIRATIONAL_SUCCESS = Decimal("0.7")
SMALL_NUMBER = 5


class EffortUnit(StrEnum):
    """What effort is told in."""

    POINTS = "POINTS"
    HOURS = "HOURS"


class PolicySet(Event, frozen=True, tag="organisation.policy-set"):
    """By which thresholds the organisation judges changed."""

    version: ClassVar[int] = 3

    organisation_id: OrganisationId
    on_track_from: Pace = ON_TRACK_FROM
    at_risk_from: Pace = AT_RISK_FROM
    too_early_share: Share = TOO_EARLY_SHARE
    acknowledgement_days: Days = ACKNOWLEDGEMENT_DAYS
    focus_limit: Limit = FOCUS_LIMIT
    green_from: Share = GREEN_FROM
    amber_from: Share = AMBER_FROM
    aspirational_success: Share = ASPIRATIONAL_SUCCESS
    small_number: Limit = SMALL_NUMBER
    default_roll_up: RollUp | None = None
    block_days: Days = BLOCK_DAYS
    effort_unit: EffortUnit = EffortUnit.POINTS


class Policy(Fold[OrganisationFounded | PolicySet]):
    """By which thresholds the organisation judges; the usual ones until it says otherwise."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(organisation=organisation_id)
        self.founded = False
        self.latest = PolicySet(organisation_id=organisation_id)

    def fold(self, event: OrganisationFounded | PolicySet) -> None:
        match event:
            case OrganisationFounded():
                self.founded = True
            case PolicySet():
                self.latest = event


class SetPolicy(Command):
    """Set the thresholds that the organisation judges by, and what effort is told in; what is left out is as usual.

    Refused before the organisation has been founded.
    """

    role = Role.OWNER

    on_track_from: Pace = ON_TRACK_FROM
    at_risk_from: Pace = AT_RISK_FROM
    too_early_share: Share = TOO_EARLY_SHARE
    acknowledgement_days: Days = ACKNOWLEDGEMENT_DAYS
    focus_limit: Limit = FOCUS_LIMIT
    green_from: Share = GREEN_FROM
    amber_from: Share = AMBER_FROM
    aspirational_success: Share = ASPIRATIONAL_SUCCESS
    small_number: Limit = SMALL_NUMBER
    default_roll_up: RollUp | None = None
    block_days: Days = BLOCK_DAYS
    effort_unit: EffortUnit = EffortUnit.POINTS

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("on_track_from", "at_risk_from"):
            checked_between(getattr(self, name), -1, 1, camel(name))
        for name in ("too_early_share", "green_from", "amber_from", "aspirational_success"):
            checked_between(getattr(self, name), 0, 1, camel(name))
        if self.at_risk_from >= self.on_track_from:
            raise Invalid("Let at risk begin below on track.", "atRiskFrom")
        if self.amber_from >= self.green_from:
            raise Invalid("Let amber begin below green.", "amberFrom")

    def reads(self) -> Reads:
        self.policy = Policy(self.issued.organisation_id)
        yield [self.policy]

    def execute(self) -> None:
        if not self.policy.founded:
            raise Refused(NOT_FOUND, "Found the organisation first.")
        policy = PolicySet(
            organisation_id=self.issued.organisation_id,
            on_track_from=self.on_track_from,
            at_risk_from=self.at_risk_from,
            too_early_share=self.too_early_share,
            acknowledgement_days=self.acknowledgement_days,
            focus_limit=self.focus_limit,
            green_from=self.green_from,
            amber_from=self.amber_from,
            aspirational_success=self.aspirational_success,
            small_number=self.small_number,
            default_roll_up=self.default_roll_up,
            block_days=self.block_days,
            effort_unit=self.effort_unit,
        )
        if policy != self.policy.latest:
            self.emit(policy)
