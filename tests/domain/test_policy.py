"""The organisation's policy: its thresholds, and that they stand in order."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import NOT_FOUND
from domain.outcomes import RollUp
from domain.policy import EffortUnit, Policy, PolicySet, SetPolicy
from tests.given import ORGANISATION, given
from tests.stories import BusyLedger, founded

STRICT = PolicySet(
    organisation_id=ORGANISATION, green_from=Decimal("0.8"), focus_limit=3, default_roll_up=RollUp.CHILDREN
)
BE_STRICT = SetPolicy(green_from=Decimal("0.80"), focus_limit=3, default_roll_up=RollUp.CHILDREN)


def test_a_policy_says_every_threshold() -> None:
    given(founded()).when(BE_STRICT).then(STRICT)


def test_the_same_policy_is_set_once() -> None:
    given(founded(), STRICT).when(BE_STRICT).then_nothing()


def test_effort_is_told_in_points_unless_the_policy_says_hours() -> None:
    in_hours = PolicySet(organisation_id=ORGANISATION, effort_unit=EffortUnit.HOURS)
    given(founded()).when(SetPolicy(effort_unit=EffortUnit.HOURS)).then(in_hours)
    assert PolicySet(organisation_id=ORGANISATION).effort_unit is EffortUnit.POINTS


def test_the_usual_policy_need_not_be_set() -> None:
    given(founded()).when(SetPolicy()).then_nothing()
    given(founded(), STRICT).when(SetPolicy()).then(PolicySet(organisation_id=ORGANISATION))


def test_an_organisation_has_a_policy_once_it_is_founded() -> None:
    given().when(BE_STRICT).then_refused(NOT_FOUND)


@pytest.mark.parametrize(
    "said",
    [
        {"onTrackFrom": "-0.25"},
        {"atRiskFrom": "-0.1"},
        {"onTrackFrom": "1.1"},
        {"atRiskFrom": "-1.01"},
        {"greenFrom": "0.4"},
        {"amberFrom": "0.7"},
        {"greenFrom": "1.01"},
        {"amberFrom": "-0.1"},
        {"tooEarlyShare": "1.5"},
        {"aspirationalSuccess": "-0.2"},
        {"acknowledgementDays": -1},
        {"focusLimit": 0},
        {"smallNumber": 0},
        {"defaultRollUp": "MEDIAN"},
    ],
)
def test_thresholds_out_of_order_or_limits_are_not_read(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, SetPolicy)


shares = st.integers(0, 100).map(lambda percent: Decimal(percent) / 100)
pairs = st.lists(shares, min_size=2, max_size=2, unique=True).map(lambda pair: (min(pair), max(pair)))


def set_to(grades: tuple[Decimal, Decimal], paces: tuple[Decimal, Decimal]) -> SetPolicy:
    return SetPolicy(amber_from=grades[0], green_from=grades[1], at_risk_from=-paces[1], on_track_from=-paces[0])


policies = st.builds(set_to, pairs, pairs)


@for_all(st.lists(st.tuples(policies, policies), max_size=4))
def test_whatever_policies_come_at_once_the_one_that_stands_is_in_order(
    asked: list[tuple[SetPolicy, SetPolicy]],
) -> None:
    ledger = BusyLedger(founded())
    policy = Policy(ORGANISATION)
    for first, second in asked:
        ledger.interleave(first, second)
    told = [event for event in ledger.events() if isinstance(event, PolicySet)]
    for position, event in enumerate(told, start=1):
        policy.take(event, position)
        assert event.amber_from < event.green_from
        assert event.at_risk_from < event.on_track_from
    assert all(a != b for a, b in pairwise(told))
    assert not asked or policy.latest in {_set(command) for pair in asked for command in pair} | {_set(SetPolicy())}


def _set(command: SetPolicy) -> PolicySet:
    return PolicySet(
        organisation_id=ORGANISATION,
        amber_from=command.amber_from,
        green_from=command.green_from,
        at_risk_from=command.at_risk_from,
        on_track_from=command.on_track_from,
    )
