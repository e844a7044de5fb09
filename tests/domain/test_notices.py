"""By which way a person is told what waits for them."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ADDRESS_MISSING, NOT_ALLOWED, PERSON_REQUIRED
from domain.kernel import Event
from domain.notices import (
    Channel,
    DutyKind,
    NoteNoticeFailed,
    NoteNoticesStopped,
    NoticeFailed,
    NoticeProblem,
    Notices,
    NoticesSet,
    NoticesStopped,
    Rhythm,
    SetNotices,
)
from domain.people import PersonRegistered
from tests.given import ANA, TODAY, given, named
from tests.stories import BusyLedger, person

SECRET, OTHER_SECRET = named("secret"), named("another secret")
CHAT = "https://chat.example/hooks/T0/B0/xyz"
ADDRESSED = PersonRegistered(person_id=ANA, name="Ana", email="ana@harbour.example")
DAILY = NoticesSet(person_id=ANA, channel=Channel.EMAIL, rhythm=Rhythm.DAILY)
PROGRAM = NoticesSet(
    person_id=ANA, channel=Channel.WEBHOOK, urgent=(DutyKind.DELIVER,), receiver=CHAT, secret_id=SECRET
)


def say(channel: Channel, secret_id: UUID = OTHER_SECRET, **more: Any) -> SetNotices:
    return SetNotices(channel=channel, secret_id=secret_id, **more)


def test_a_digest_by_e_mail_goes_to_the_address_that_a_person_is_known_by() -> None:
    given(ADDRESSED).when(say(Channel.EMAIL, rhythm=Rhythm.DAILY)).then(DAILY)
    given(person()).when(say(Channel.EMAIL, rhythm=Rhythm.DAILY)).then_refused(ADDRESS_MISSING, "channel")


def test_a_chat_needs_an_address_once() -> None:
    given(person()).when(say(Channel.SLACK, rhythm=Rhythm.WEEKLY)).then_refused(ADDRESS_MISSING, "receiver")
    slack = NoticesSet(person_id=ANA, channel=Channel.SLACK, rhythm=Rhythm.WEEKLY, receiver=CHAT)
    given(person()).when(say(Channel.SLACK, rhythm=Rhythm.WEEKLY, receiver=CHAT)).then(slack)
    given(person(), slack).when(say(Channel.SLACK, rhythm=Rhythm.DAILY)).then(
        msgspec.structs.replace(slack, rhythm=Rhythm.DAILY)
    )


def test_a_program_keeps_its_secret_until_it_moves() -> None:
    given(person()).when(say(Channel.WEBHOOK, urgent=(DutyKind.DELIVER,), receiver=CHAT, secret_id=SECRET)).then(
        PROGRAM
    )
    given(person(), PROGRAM).when(say(Channel.WEBHOOK, urgent=(DutyKind.DELIVER,))).then_nothing()
    given(person(), PROGRAM).when(say(Channel.WEBHOOK, urgent=(DutyKind.DELIVER,), receiver=CHAT)).then(
        msgspec.structs.replace(PROGRAM, secret_id=OTHER_SECRET)
    )


def test_kinds_are_told_once_each_and_in_the_inboxs_order() -> None:
    given(ADDRESSED).when(
        say(Channel.EMAIL, urgent=(DutyKind.DELIVER, DutyKind.ACCEPT_DELIVERY, DutyKind.DELIVER))
    ).then(NoticesSet(person_id=ANA, channel=Channel.EMAIL, urgent=(DutyKind.ACCEPT_DELIVERY, DutyKind.DELIVER)))


def test_a_channel_that_is_off_forgets_its_address_and_is_off_once() -> None:
    given(person(), PROGRAM).when(say(Channel.WEBHOOK)).then(NoticesSet(person_id=ANA, channel=Channel.WEBHOOK))
    given(person()).when(say(Channel.WEBHOOK)).then_nothing()


def test_notices_are_somebodys() -> None:
    given().when(say(Channel.EMAIL, rhythm=Rhythm.DAILY), by=None).then_refused(PERSON_REQUIRED)


@pytest.mark.parametrize(
    "said",
    [
        {"channel": "EMAIL", "rhythm": "DAILY", "receiver": CHAT},
        {"channel": "SLACK", "receiver": CHAT},
        {"channel": "SLACK", "rhythm": "DAILY", "receiver": "ftp://chat.example/x"},
        {"channel": "SLACK", "rhythm": "HOURLY", "receiver": CHAT},
        {"channel": "SLACK", "urgent": ["ANYTHING"], "receiver": CHAT},
        {"channel": "PIGEON", "rhythm": "DAILY"},
    ],
)
def test_what_cannot_be_meant_is_not_read(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"secretId": SECRET} | said, SetNotices)


def test_the_link_in_a_notice_stops_its_channel_once() -> None:
    stop = NoteNoticesStopped(person_id=ANA, channel=Channel.EMAIL)
    stopped = NoticesStopped(person_id=ANA, channel=Channel.EMAIL)
    given(DAILY, PROGRAM).when(stop, by=None).then(stopped)
    given(DAILY, stopped).when(stop, by=None).then_nothing()
    given().when(stop, by=None).then_nothing()
    given(DAILY).when(stop, by=ANA).then_refused(NOT_ALLOWED)
    given(ADDRESSED, DAILY, stopped).when(say(Channel.EMAIL, rhythm=Rhythm.DAILY)).then(DAILY)


def test_what_did_not_arrive_is_noted_once_a_day() -> None:
    note = NoteNoticeFailed(person_id=ANA, channel=Channel.EMAIL, problem=NoticeProblem.REFUSED)
    failed = NoticeFailed(person_id=ANA, channel=Channel.EMAIL, problem=NoticeProblem.REFUSED, failed_on=TODAY)
    given(DAILY).when(note, by=None).then(failed)
    given(DAILY, failed).when(note, by=None).then_nothing()
    given().when(note, by=None).then_nothing()
    given(DAILY).when(note, by=ANA).then_refused(NOT_ALLOWED)


channels = st.sampled_from([Channel.SLACK, Channel.WEBHOOK])
sayings = st.builds(
    say,
    channels,
    rhythm=st.sampled_from([None, *Rhythm]),
    receiver=st.none(),
    urgent=st.sampled_from([(), (DutyKind.GRADE,)]),
)


@for_all(st.lists(st.tuples(sayings, sayings), max_size=6))
def test_no_two_at_once_say_the_same_twice(pairs: list[tuple[SetNotices, SetNotices]]) -> None:
    begun: list[Event] = [
        NoticesSet(person_id=ANA, channel=Channel.SLACK, rhythm=Rhythm.DAILY, receiver=CHAT),
        PROGRAM,
    ]
    ledger = BusyLedger(*begun)
    for first, second in pairs:
        ledger.interleave(first, second)
    notices = Notices(ANA)
    for position, event in enumerate(ledger.events(), start=1):
        assert isinstance(event, NoticesSet)
        assert event.channel not in notices.told or notices.told[event.channel] != event
        notices.take(event, position)
