"""Check-ins: what is said of an outcome, and when (R13)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.codes import ALREADY_EXISTS, DAY_IN_FUTURE, NOT_FOUND
from domain.practice import CheckedIn, CheckIn, Status
from domain.values import Invalid
from tests.given import ANA, TODAY, given, named
from tests.stories_work import OUTCOME, an_outcome

CHECK_IN = named("check-in")
SAYING = CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, status=Status.AT_RISK)
SAID = CheckedIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, on=TODAY, author_id=ANA, status=Status.AT_RISK)


def test_r13_what_is_stated_is_kept_with_its_day_and_author() -> None:
    given(an_outcome()).when(SAYING).then(SAID)


def test_r13_saying_nothing_is_no_check_in() -> None:
    with pytest.raises(Invalid):
        CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME)


@pytest.mark.parametrize("confidence", [Decimal("-0.1"), Decimal("1.1")])
def test_confidence_lies_between_0_and_1(confidence: Decimal) -> None:
    with pytest.raises(Invalid):
        CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, confidence=confidence)


def test_nobody_checks_in_from_tomorrow() -> None:
    tomorrow = CheckIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, moved="much", on=TODAY + timedelta(days=1))
    given(an_outcome()).when(tomorrow).then_refused(DAY_IN_FUTURE, "on")


def test_a_check_in_is_of_an_outcome_that_is_there_and_its_id_is_new() -> None:
    given().when(SAYING).then_refused(NOT_FOUND, "outcomeId")
    given(an_outcome(), SAID).when(SAYING).then_refused(ALREADY_EXISTS, "checkInId")
