"""Work that was declined, and reconsidered (R9)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, INVALID, NOT_FOUND
from domain.declining import DeclineWork, ReconsiderWork, WorkDeclined, WorkReconsidered
from domain.kernel import Command
from domain.values import Invalid
from tests.given import ANA, BEN, TODAY, given, given_loosely, named
from tests.stories import QUARTER, TEAM, BusyLedger, cycle, person, team

WORK, OTHER = named("work"), named("other work")
NO = DeclineWork(declined_work_id=WORK, title="A shop", reason="Not this quarter.", team_id=TEAM)
SAID_NO = WorkDeclined(declined_work_id=WORK, title="A shop", reason="Not this quarter.", team_id=TEAM)
AGAIN = ReconsiderWork(declined_work_id=WORK, reason="Now we can.")
SAID_AGAIN = WorkReconsidered(declined_work_id=WORK, reason="Now we can.", team_id=TEAM)


def anas(until_on: date) -> dict[str, Any]:
    return {
        "declined_work_id": WORK,
        "title": "A shop",
        "reason": "Not now.",
        "until_on": until_on,
        "person_id": ANA,
        "cycle_id": QUARTER,
        "asked_by_id": BEN,
    }


def test_a_team_says_no_and_why() -> None:
    given(team()).when(NO).then(SAID_NO)
    given(team(), SAID_NO).when(NO).then_refused(ALREADY_EXISTS, "declinedWorkId")
    given().when(NO).then_refused(NOT_FOUND, "teamId")


def test_a_person_says_not_now_to_somebody_until_a_day() -> None:
    not_now = anas(TODAY)
    given(person(ANA), person(BEN), cycle()).when(DeclineWork(**not_now)).then(WorkDeclined(**not_now))
    given_loosely(person(ANA), cycle()).when(DeclineWork(**not_now)).then_refused(NOT_FOUND, "askedById")
    given_loosely(person(ANA), person(BEN)).when(DeclineWork(**not_now)).then_refused(NOT_FOUND, "cycleId")
    given_loosely(person(BEN), cycle()).when(DeclineWork(**not_now)).then_refused(NOT_FOUND, "personId")
    passed = DeclineWork(**anas(TODAY - timedelta(days=1)))
    given_loosely(person(ANA), person(BEN), cycle()).when(passed).then_refused(INVALID, "untilOn")


@pytest.mark.parametrize("whose", [{}, {"team_id": TEAM, "person_id": ANA}])
def test_either_a_team_or_a_person_declines(whose: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        DeclineWork(declined_work_id=WORK, title="A shop", reason="No.", **whose)


def test_r9_what_was_declined_is_reconsidered_once_and_stays_on_record() -> None:
    given(SAID_NO).when(AGAIN).then(SAID_AGAIN)
    given(SAID_NO, SAID_AGAIN).when(AGAIN).then_nothing()
    given().when(AGAIN).then_refused(NOT_FOUND, "declinedWorkId")


ids = st.sampled_from([WORK, OTHER])
commands = st.one_of(
    st.builds(DeclineWork, declined_work_id=ids, title=st.just("A"), reason=st.just("No."), team_id=st.just(TEAM)),
    st.builds(ReconsiderWork, declined_work_id=ids, reason=st.just("Now.")),
)


@for_all(st.lists(st.tuples(commands, commands), max_size=6))
def test_r9_whatever_comes_at_once_each_is_declined_and_reconsidered_once_in_this_order(
    pairs: list[tuple[Command, Command]],
) -> None:
    ledger = BusyLedger(team())
    for first, second in pairs:
        ledger.interleave(first, second)
    for one in (WORK, OTHER):
        about = [e for e in ledger.events() if isinstance(e, WorkDeclined | WorkReconsidered)]
        told = [type(e) for e in about if e.declined_work_id == one]
        assert told in ([], [WorkDeclined], [WorkDeclined, WorkReconsidered])
