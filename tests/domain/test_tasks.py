"""Tasks: R4, R5 and R6, the table of R6 as data."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.codes import (
    ALREADY_EXISTS,
    DAY_IN_FUTURE,
    INVALID,
    NO_TERMS_OPEN,
    NOT_A_PARTY,
    NOT_FOUND,
    NOT_THE_BENEFICIARY,
    NOT_THE_PROMISER,
    PERSON_REQUIRED,
    SERVES_NOTHING_SAID,
    TASK_NOT_IN_STATE,
    TERMS_OPEN,
)
from domain.evidence import Evidence
from domain.kernel import Command, Refused
from domain.preferences import PreferencesSet
from domain.promises import (
    CommitmentBroken,
    CounterAgreed,
    CounterRefused,
    DeliveryAccepted,
    DeliveryReturned,
    RequestWithdrawn,
    TaskAccepted,
    TaskCommitted,
    TaskDeclined,
    TaskDelivered,
    TaskReleased,
    TermsAgreed,
    TermsLapsed,
    TermsRefused,
)
from domain.tasks import (
    AcceptDelivery,
    AcceptTask,
    AgreeTerms,
    BreakCommitment,
    CommitTask,
    CounterTask,
    DeclineTask,
    DeliverTask,
    RefuseTerms,
    ReleaseTask,
    RenegotiateTask,
    RequestTask,
    ReturnDelivery,
    WithdrawRequest,
)
from tests.given import ANA, BEN, CAT, TODAY, given, given_loosely, issued
from tests.memory_ledger import MemoryLedger
from tests.stories_work import DUE, LATER, OUTCOME, TASK, an_outcome, counter, person, promise, proposal, request

DAN = UUID(int=4)
EVEN_LATER = date(2022, 9, 1)


def test_r4_a_task_that_serves_an_outcome_is_promised() -> None:
    command = CommitTask(task_id=TASK, title="Mend it", due_on=DUE, beneficiary_id=BEN, outcome_id=OUTCOME)
    given(person(BEN), an_outcome()).when(command, by=ANA).then(promise())


def test_r4_a_task_that_serves_nothing_says_why() -> None:
    command = CommitTask(task_id=TASK, title="Tidy", due_on=DUE, serves_nothing="The inspector comes.")
    given().when(command).then(
        TaskCommitted(
            task_id=TASK,
            title="Tidy",
            due_on=DUE,
            promiser_id=ANA,
            beneficiary_id=ANA,
            serves_nothing="The inspector comes.",
        )
    )


@pytest.mark.parametrize("said", [{}, {"outcome_id": OUTCOME, "serves_nothing": "both"}])
def test_r4_there_is_no_silent_third_way(said: dict[str, object]) -> None:
    command = CommitTask(task_id=TASK, title="Tidy", due_on=DUE, **said)  # pyright: ignore[reportArgumentType]
    given_loosely(an_outcome()).when(command).then_refused(
        SERVES_NOTHING_SAID, "outcomeId", "initiativeId", "servesNothing"
    )


def test_r5_a_request_binds_nobody_until_it_is_accepted() -> None:
    command = RequestTask(task_id=TASK, title="Mend it", due_on=DUE, promiser_id=ANA, outcome_id=OUTCOME)
    given(person(ANA), an_outcome()).when(command, by=BEN).then(request())
    given(request()).when(DeliverTask(task_id=TASK), by=ANA).then_refused(TASK_NOT_IN_STATE)


def test_r5_only_the_promiser_promises() -> None:
    given(request()).when(AcceptTask(task_id=TASK), by=BEN).then_refused(NOT_THE_PROMISER)
    accepted = TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
    given(request()).when(AcceptTask(task_id=TASK), by=ANA).then(accepted)


def test_r5_one_accept_per_request() -> None:
    accepted = TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
    given(request(), accepted).when(AcceptTask(task_id=TASK), by=ANA).then_refused(TASK_NOT_IN_STATE)


def test_r5_a_proposed_date_waits_for_consent() -> None:
    later = RenegotiateTask(task_id=TASK, due_on=LATER, reason="ill")
    given(promise()).when(later, by=ANA).then(proposal())


def test_r5_nobody_consents_to_their_own_proposal() -> None:
    given(promise(), proposal(by=ANA)).when(AgreeTerms(task_id=TASK), by=ANA).then_refused(NOT_A_PARTY)
    given(promise(), proposal(by=BEN)).when(AgreeTerms(task_id=TASK), by=BEN).then_refused(NOT_A_PARTY)


def test_r5_agreed_terms_keep_the_former_date_visible() -> None:
    agreed = TermsAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    given(promise(), proposal()).when(AgreeTerms(task_id=TASK), by=BEN).then(agreed)


def test_r5_refused_terms_leave_the_old_ones() -> None:
    refused = TermsRefused(task_id=TASK, reason="too late", outcome_id=OUTCOME)
    given(promise(), proposal()).when(RefuseTerms(task_id=TASK, reason="too late"), by=BEN).then(refused)


def test_r5_one_proposal_at_a_time() -> None:
    again = RenegotiateTask(task_id=TASK, due_on=LATER, reason="worse")
    given(promise(), proposal()).when(again, by=BEN).then_refused(TERMS_OPEN)
    given(promise()).when(AgreeTerms(task_id=TASK), by=BEN).then_refused(NO_TERMS_OPEN)


def test_r6_a_promise_to_oneself_changes_and_is_kept_at_once() -> None:
    mine = promise(by=ANA, to=ANA)
    later = RenegotiateTask(task_id=TASK, due_on=LATER, reason="ill")
    agreed = TermsAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    given(mine).when(later, by=ANA).then(proposal(), agreed)
    delivered = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
    kept = DeliveryAccepted(task_id=TASK, outcome_id=OUTCOME)
    given(mine).when(DeliverTask(task_id=TASK), by=ANA).then(delivered, kept)


def test_r6_a_delivery_links_what_shows_it() -> None:
    pages = (Evidence(url="https://pages.example/1", title="Photos"), Evidence(url="https://pages.example/2"))
    delivered = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME, links=pages)
    given(promise()).when(DeliverTask(task_id=TASK, links=pages), by=ANA).then(delivered)


def test_r6_who_asked_on_anothers_behalf_may_do_what_the_beneficiary_may() -> None:
    asked = request(by=CAT, of=ANA, to=BEN)
    accepted = TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
    delivered = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
    for one in (BEN, CAT):
        story = given(asked, accepted, delivered)
        story.when(AcceptDelivery(task_id=TASK), by=one).then(DeliveryAccepted(task_id=TASK, outcome_id=OUTCOME))


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Auckland", 16), ("America/Los_Angeles", 15)])
def test_r6_a_delivery_is_of_the_promisers_day(zone: str, day: int) -> None:
    where, today = PreferencesSet(person_id=ANA, time_zone=zone), date(2022, 6, day)
    delivered = TaskDelivered(task_id=TASK, delivered_on=today, outcome_id=OUTCOME)
    given(promise(), where).when(DeliverTask(task_id=TASK), by=ANA).then(delivered)
    given(promise(), where).when(DeliverTask(task_id=TASK, delivered_on=today), by=ANA).then(delivered)
    tomorrow = DeliverTask(task_id=TASK, delivered_on=date(2022, 6, day + 1))
    given(promise(), where).when(tomorrow, by=ANA).then_refused(DAY_IN_FUTURE, "deliveredOn")


def test_a_delivery_of_tomorrow_is_refused() -> None:
    command = DeliverTask(task_id=TASK, delivered_on=date(2022, 6, 16))
    given(promise()).when(command, by=ANA).then_refused(DAY_IN_FUTURE, "deliveredOn")


def test_a_key_of_nobody_promises_nothing() -> None:
    given_loosely(promise()).when(DeliverTask(task_id=TASK), by=None).then_refused(PERSON_REQUIRED)


def test_an_id_is_used_once_and_what_is_mentioned_is_there() -> None:
    again = CommitTask(task_id=TASK, title="Again", due_on=DUE, outcome_id=OUTCOME)
    given(promise(), an_outcome()).when(again).then_refused(ALREADY_EXISTS, "taskId")
    given().when(again).then_refused(NOT_FOUND, "outcomeId")
    given().when(AcceptTask(task_id=TASK)).then_refused(NOT_FOUND, "taskId")


def test_r6_a_counter_waits_for_whoever_asks_and_binds_nobody_before() -> None:
    countered = counter()
    given(request()).when(CounterTask(task_id=TASK, due_on=LATER, reason="ill"), by=ANA).then(countered)
    given(request(), countered).when(DeliverTask(task_id=TASK), by=ANA).then_refused(TASK_NOT_IN_STATE)
    given(request(), countered).when(AgreeTerms(task_id=TASK), by=ANA).then_refused(NOT_A_PARTY)
    agreed = CounterAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    given(request(), countered).when(AgreeTerms(task_id=TASK), by=BEN).then(agreed)
    refused = CounterRefused(task_id=TASK, reason="too late", outcome_id=OUTCOME)
    given(request(), countered).when(RefuseTerms(task_id=TASK, reason="too late"), by=BEN).then(refused)


def test_r6_a_counter_says_something_else() -> None:
    given(request()).when(CounterTask(task_id=TASK, due_on=DUE), by=ANA).then_refused(INVALID, "dueOn")


def test_r6_a_counter_of_a_promise_to_oneself_is_agreed_at_once() -> None:
    asked = request(by=BEN, of=ANA, to=ANA)
    agreed = CounterAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    given(asked).when(CounterTask(task_id=TASK, due_on=LATER, reason="ill"), by=ANA).then(counter(), agreed)


def test_r5_who_asked_for_a_promise_to_oneself_does_not_change_its_terms_alone() -> None:
    asked, accepted = request(by=BEN, of=ANA, to=ANA), TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
    sooner = RenegotiateTask(task_id=TASK, due_on=LATER, reason="ill")
    given(asked, accepted).when(sooner, by=BEN).then(proposal(by=BEN))
    agreed = TermsAgreed(task_id=TASK, title="Mend it", due_on=LATER, former_due_on=DUE, outcome_id=OUTCOME)
    given(asked, accepted, proposal(by=BEN)).when(AgreeTerms(task_id=TASK), by=ANA).then(agreed)


def test_r6_nobody_accepts_what_they_promised_to_another_themself() -> None:
    asked = request(by=ANA, of=ANA, to=BEN)
    accepted = TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
    delivered = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
    given(asked, accepted, delivered).when(AcceptDelivery(task_id=TASK), by=ANA).then_refused(NOT_THE_BENEFICIARY)


LAPSED = TermsLapsed(task_id=TASK, outcome_id=OUTCOME)


def test_r6_what_waits_for_consent_lapses_with_what_is_done() -> None:
    declined = TaskDeclined(task_id=TASK, reason="no", outcome_id=OUTCOME)
    given(request(), counter()).when(DeclineTask(task_id=TASK, reason="no"), by=ANA).then(LAPSED, declined)
    withdrawn = RequestWithdrawn(task_id=TASK, outcome_id=OUTCOME)
    given(request(), counter()).when(WithdrawRequest(task_id=TASK), by=BEN).then(LAPSED, withdrawn)
    delivered = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
    given(promise(), proposal()).when(DeliverTask(task_id=TASK), by=ANA).then(LAPSED, delivered)
    released = TaskReleased(task_id=TASK, reason="no", outcome_id=OUTCOME)
    given(promise(), proposal()).when(ReleaseTask(task_id=TASK, reason="no"), by=BEN).then(LAPSED, released)
    broken = CommitmentBroken(task_id=TASK, reason="no", outcome_id=OUTCOME)
    given(promise(), proposal()).when(BreakCommitment(task_id=TASK, reason="no"), by=ANA).then(LAPSED, broken)


ANY_COMMAND = st.sampled_from(
    [
        lambda: AcceptTask(task_id=TASK),
        lambda: DeclineTask(task_id=TASK, reason="no"),
        lambda: CounterTask(task_id=TASK, due_on=LATER),
        lambda: WithdrawRequest(task_id=TASK),
        lambda: RenegotiateTask(task_id=TASK, due_on=EVEN_LATER, reason="ill"),
        lambda: AgreeTerms(task_id=TASK),
        lambda: RefuseTerms(task_id=TASK),
        lambda: DeliverTask(task_id=TASK),
        lambda: AcceptDelivery(task_id=TASK),
        lambda: ReturnDelivery(task_id=TASK, reason="torn"),
        lambda: ReleaseTask(task_id=TASK, reason="no"),
        lambda: BreakCommitment(task_id=TASK, reason="no"),
    ]
)


@drawn(st.lists(st.tuples(ANY_COMMAND, st.sampled_from([ANA, BEN, DAN])), max_size=25))
def test_r5_whatever_is_tried_terms_change_by_consent_and_dates_stay_visible(
    tries: list[tuple[Callable[[], Command], UUID]],
) -> None:
    ledger = MemoryLedger()
    ledger.store(request())
    for make, who in tries:
        try:
            emitted = ledger.execute(make(), issued(who))
        except Refused:
            continue
        assert who != DAN, "a stranger moved the task"
        assert emitted
    events = ledger.events()
    assert sum(isinstance(event, TaskAccepted | CounterAgreed) for event in events) <= 1
    agreements = [event for event in events if isinstance(event, TermsAgreed | CounterAgreed)]
    dates = [DUE, *(event.due_on for event in agreements)]
    assert [event.former_due_on for event in agreements] == dates[:-1]
    returned = sum(isinstance(event, DeliveryReturned) for event in events)
    delivered = sum(isinstance(event, TaskDelivered) for event in events)
    assert returned <= delivered
