"""Outcomes are written down for people, teams and cycles that exist."""

from datetime import date
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, NOT_FOUND
from domain.outcomes import Ambition, OutcomeSet, RollUp, SetOutcome
from domain.references import key_of
from domain.values import Invalid
from tests.given import ANA, BEN, given, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories import QUARTER, TEAM, TICKET, A, B, BusyLedger, cycle, outcome, person, team

TITLE = "Customers get an answer within the day"


def test_an_outcome_is_set_with_all_that_is_known_of_it() -> None:
    asked = SetOutcome(
        outcome_id=A,
        title=TITLE,
        description="Also on Sundays.",
        cycle_id=QUARTER,
        team_id=TEAM,
        owner_id=ANA,
        reviewer_id=BEN,
        ambition=Ambition.ASPIRATIONAL,
        starts_on=date(2022, 4, 1),
        due_on=date(2022, 6, 30),
        roll_up=RollUp.BOTH,
        reference=TICKET,
    )
    fields = {name: getattr(asked, name) for name in asked.__struct_fields__}
    event = OutcomeSet(**fields, reference_id=key_of(TICKET))
    given(cycle(), team(), person(ANA), person(BEN)).when(asked).then(event)


def test_r1_who_owns_an_outcome_may_be_left_open_until_it_is_activated() -> None:
    given().when(SetOutcome(outcome_id=A, title=TITLE)).then(outcome(A, team_id=None, cycle_id=None))


def test_an_id_stands_for_one_outcome() -> None:
    given(outcome(A)).when(SetOutcome(outcome_id=A, title="Other")).then_refused(ALREADY_EXISTS, "outcomeId")


@pytest.mark.parametrize("field", ["cycleId", "teamId", "ownerId", "reviewerId"])
def test_what_an_outcome_names_exists(field: str) -> None:
    asked = msgspec.convert({"outcomeId": str(A), "title": TITLE, field: str(named("nobody"))}, SetOutcome)
    given().when(asked).then_refused(NOT_FOUND, field)


def test_an_outcome_is_due_after_it_starts() -> None:
    with pytest.raises(Invalid):
        SetOutcome(outcome_id=A, title=TITLE, starts_on=date(2022, 6, 30), due_on=date(2022, 4, 1))


@pytest.mark.parametrize("title", ["", " ", "\u200b", "a\0b", "\ud800"])
def test_a_title_can_be_read(title: str) -> None:
    with pytest.raises((msgspec.ValidationError, Invalid)):
        msgspec.convert({"outcomeId": str(A), "title": title}, SetOutcome)


@for_all(st.lists(st.sampled_from([A, B]), min_size=2, max_size=6))
def test_no_two_at_once_set_an_outcome_twice(ids: list[UUID]) -> None:
    ledger = BusyLedger()
    for first, second in pairwise(ids):
        ledger.interleave(SetOutcome(outcome_id=first, title=TITLE), SetOutcome(outcome_id=second, title=TITLE))
    outcomes = [event.outcome_id for event in ledger.events() if isinstance(event, OutcomeSet)]
    assert sorted(outcomes) == sorted(set(ids))


def test_an_outcome_bears_the_roles_of_its_people() -> None:
    ledger = MemoryLedger()
    ledger.store(cycle(), person(ANA))
    (event,) = ledger.execute(
        SetOutcome(outcome_id=A, title=TITLE, cycle_id=QUARTER, owner_id=ANA, reviewer_id=ANA), issued()
    )
    assert event.tags() == [f"outcome:{A}", f"cycle:{QUARTER}", f"owner:{ANA}", f"reviewer:{ANA}"]
