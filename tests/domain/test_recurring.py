"""Standing promises: made again by the command that keeps them, for their next day (R5, R6)."""

import doctest
from datetime import date, timedelta
from typing import Any
from uuid import uuid5

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain import cadence, recurrence
from domain.cadence import CadenceUnit
from domain.initiatives import Ending, InitiativeEnded, InitiativePlanned
from domain.people import PersonDeactivated
from domain.promises import (
    CommitmentBroken,
    CounterAgreed,
    DeliveryAccepted,
    TaskAccepted,
    TaskCommitted,
    TaskDelivered,
    TaskReassigned,
    TaskRelinked,
    TermsAgreed,
)
from domain.recurrence import Recurrence, Series
from domain.tasks import AcceptDelivery, BreakCommitment, CommitTask, DeliverTask, ReleaseTask, RequestTask
from domain.values import Invalid
from tests.given import ANA, BEN, CAT, TODAY, given, given_loosely, issued, named
from tests.stories_work import DUE, OUTCOME, TASK, an_outcome, counter, person, promise, request

MONTHLY = Recurrence(every=1, unit=CadenceUnit.MONTHS)
NEXT = uuid5(issued().command_id, "next")
NEXT_DUE = date(2022, 8, 1)
BUNDLE = named("bundle")
KEPT = DeliveryAccepted(task_id=TASK, outcome_id=OUTCOME)
DELIVER, ACCEPT = DeliverTask(task_id=TASK), AcceptDelivery(task_id=TASK)


def standing(recurs: Recurrence = MONTHLY, **terms: Any) -> TaskCommitted:
    """Ana's promise to Ben, due on the first of July."""
    return msgspec.structs.replace(promise(), recurs=recurs, **terms)


def delivered(on: date = TODAY, outcome_id: Any = OUTCOME) -> TaskDelivered:
    return TaskDelivered(task_id=TASK, delivered_on=on, outcome_id=outcome_id)


def again(due_on: date = NEXT_DUE, **terms: Any) -> TaskCommitted:
    was = standing(task_id=NEXT, due_on=due_on, former_id=TASK, first_due_on=DUE)
    return msgspec.structs.replace(was, **terms)


def test_r5_what_recurs_is_promised_and_asked_for() -> None:
    said: dict[str, Any] = {"task_id": TASK, "title": "Mend it", "due_on": DUE, "outcome_id": OUTCOME}
    commit = CommitTask(**said, beneficiary_id=BEN, recurs=MONTHLY)
    given(person(BEN), an_outcome()).when(commit, by=ANA).then(standing())
    ask = RequestTask(**said, promiser_id=ANA, recurs=MONTHLY)
    asked = msgspec.structs.replace(request(), recurs=MONTHLY)
    given(person(ANA), an_outcome()).when(ask, by=BEN).then(asked)


@pytest.mark.parametrize("until", [DUE - timedelta(1), date(1999, 1, 1)])
def test_r5_nothing_recurs_until_before_it_is_due(until: date) -> None:
    recurs = Recurrence(every=1, unit=CadenceUnit.DAYS, until=until)
    with pytest.raises(Invalid):
        CommitTask(task_id=TASK, title="Mend it", due_on=DUE, serves_nothing="Fun.", recurs=recurs)
    with pytest.raises(Invalid):
        RequestTask(task_id=TASK, title="Mend it", due_on=DUE, promiser_id=ANA, serves_nothing="Fun.", recurs=recurs)


def test_r6_what_was_promised_to_oneself_is_promised_again_once_delivered() -> None:
    mine = standing(beneficiary_id=ANA)
    given(mine).when(DELIVER, by=ANA).then(delivered(), KEPT, again(beneficiary_id=ANA))


def test_r6_what_was_promised_to_another_is_promised_again_once_they_accept() -> None:
    given(standing()).when(DELIVER, by=ANA).then(delivered())
    given(standing(), delivered()).when(ACCEPT, by=BEN).then(KEPT, again())


def test_r6_so_is_what_was_asked_for() -> None:
    asked = msgspec.structs.replace(request(), recurs=MONTHLY)
    accepted = TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
    given(asked, accepted, delivered()).when(ACCEPT, by=BEN).then(KEPT, again())


def test_r5_the_next_day_is_of_the_series_whatever_was_agreed_for_once() -> None:
    agreed = TermsAgreed(
        task_id=TASK, title="Mend it well", due_on=date(2022, 7, 20), former_due_on=DUE, outcome_id=OUTCOME
    )
    given(standing(), agreed, delivered()).when(ACCEPT, by=BEN).then(KEPT, again(title="Mend it well"))


def test_r5_countered_terms_begin_the_series_for_by_them_the_promiser_is_bound() -> None:
    fifth = date(2022, 7, 5)
    asked = msgspec.structs.replace(request(), recurs=MONTHLY)
    agreed = CounterAgreed(task_id=TASK, title="Mend it", due_on=fifth, former_due_on=DUE, outcome_id=OUTCOME)
    story = given(asked, counter(due_on=fifth), agreed, delivered()).when(ACCEPT, by=BEN)
    story.then(KEPT, again(date(2022, 8, 5), first_due_on=fifth))


def test_r4_the_next_serves_what_the_former_one_served_last() -> None:
    relinked = TaskRelinked(task_id=TASK, from_outcome_id=OUTCOME, serves_nothing="Dropped.")
    kept = DeliveryAccepted(task_id=TASK)
    story = given(standing(), relinked, delivered(outcome_id=None)).when(ACCEPT, by=BEN)
    story.then(kept, again(outcome_id=None, serves_nothing="Dropped."))


def test_r6_days_that_passed_meanwhile_are_left_out() -> None:
    late = date(2022, 9, 15)
    given(standing(), delivered(late)).when(ACCEPT, by=BEN, on=late).then(KEPT, again(date(2022, 10, 1)))


def test_r6_a_day_that_has_begun_has_not_passed() -> None:
    days = Series(recurs=Recurrence(every=1, unit=CadenceUnit.DAYS), first_due_on=DUE, scheduled_on=DUE)
    today = DUE + timedelta(3)
    assert days.following(today) == today


def test_r6_it_ends_with_its_last_day() -> None:
    for until, more in ((NEXT_DUE, True), (NEXT_DUE - timedelta(1), False)):
        recurs = Recurrence(every=1, unit=CadenceUnit.MONTHS, until=until)
        story = given(standing(recurs), delivered()).when(ACCEPT, by=BEN)
        story.then(KEPT, *([again(recurs=recurs)] if more else []))


def test_r6_what_is_broken_or_released_is_not_promised_again() -> None:
    broken = BreakCommitment(task_id=TASK, reason="no")
    story = given(standing()).when(broken, by=ANA)
    story.then(CommitmentBroken(task_id=TASK, reason="no", outcome_id=OUTCOME))
    released = given(standing(), delivered()).when(ReleaseTask(task_id=TASK, reason="no"), by=BEN)
    assert [type(event).__name__ for event in released.emitted] == ["TaskReleased"]


def test_r5_whoever_takes_it_over_does_not_stand_in_for_the_series() -> None:
    handed = TaskReassigned(
        task_id=TASK, from_promiser_id=ANA, promiser_id=CAT, requester_id=BEN, reason="ill", outcome_id=OUTCOME
    )
    accepted = TaskAccepted(task_id=TASK, promiser_id=CAT, outcome_id=OUTCOME)
    given(standing(), handed, accepted, delivered()).when(ACCEPT, by=BEN).then(KEPT)


def test_r14_whoever_has_left_promises_nothing_again() -> None:
    left = PersonDeactivated(person_id=ANA, reason="Moves.")
    given(standing(), delivered(), left).when(ACCEPT, by=BEN).then(KEPT)


def test_r4_what_is_bundled_in_an_initiative_ends_with_it() -> None:
    planned = InitiativePlanned(initiative_id=BUNDLE, outcome_id=OUTCOME, title="Stall")
    bundled = standing(initiative_id=BUNDLE)
    given(bundled, planned, delivered()).when(ACCEPT, by=BEN).then(KEPT, again(initiative_id=BUNDLE))
    ended = InitiativeEnded(initiative_id=BUNDLE, outcome_id=OUTCOME, ending=Ending.DONE, reason="Built.")
    given(bundled, planned, ended, delivered()).when(ACCEPT, by=BEN).then(KEPT)


def test_r5_months_end_where_they_end_however_often() -> None:
    first, told = date(2023, 1, 31), [date(2023, 1, 31)]
    for _ in range(4):
        series = Series(recurs=MONTHLY, first_due_on=first, scheduled_on=told[-1])
        due_on = series.following(first)
        assert due_on
        told.append(due_on)
    assert told[1:] == [date(2023, 2, 28), date(2023, 3, 31), date(2023, 4, 30), date(2023, 5, 31)]


def test_r6_the_next_follows_the_first_of_all() -> None:
    """Also in the ledger, from one promise to the next."""
    second = again(date(2022, 8, 31), first_due_on=date(2022, 7, 31), task_id=TASK, former_id=named("former"))
    story = given_loosely(second, delivered()).when(ACCEPT, by=BEN)
    assert isinstance(story.emitted[1], TaskCommitted)
    assert (story.emitted[1].due_on, story.emitted[1].first_due_on) == (date(2022, 9, 30), date(2022, 7, 31))


def plainly(recurs: Recurrence, first: date, scheduled: date, today: date) -> date | None:
    """Once more, by looking at every day of some years."""
    for nth in range(1, 12_000):
        day = scheduled + timedelta(nth)
        months = (day.year - first.year) * 12 + day.month - first.month
        ends = (day + timedelta(1)).month != day.month
        of_month = day.day == first.day or (ends and day.day < first.day)
        hit = {
            CadenceUnit.DAYS: (day - first).days % recurs.every == 0,
            CadenceUnit.WEEKS: (day - first).days % (7 * recurs.every) == 0,
            CadenceUnit.MONTHS: of_month and months % recurs.every == 0,
        }[recurs.unit]
        if recurs.until and day > recurs.until:
            return None
        if hit and day >= today:
            return day
    return None


DAYS = st.dates(date(2020, 1, 1), date(2024, 12, 31))


@for_all(st.integers(1, 30), st.sampled_from(CadenceUnit), DAYS, st.integers(0, 6), DAYS, st.none() | DAYS)
def test_r5_the_next_day_is_the_one_that_a_calendar_shows(
    every: int, unit: CadenceUnit, first: date, times: int, today: date, until: date | None
) -> None:
    recurs = Recurrence(every=every, unit=unit, until=until)
    scheduled = cadence.later(first, every * times, unit)
    series = Series(recurs=recurs, first_due_on=first, scheduled_on=scheduled)
    assert series.following(today) == plainly(recurs, first, scheduled, today)


@pytest.mark.parametrize("module", [recurrence, cadence])
def test_examples_in_the_words_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
