"""What notices say: every duty in every language, on one line, and no more than a mail or a chat should hold."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from string import Formatter
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from api.graphql.types import inbox
from api.notice_chat import slack, teams
from api.notice_mail import AddressUnfit, html, mail_of, plain
from api.notice_texts import LONGEST_TITLE, chosen, languages, told
from domain.notices import Channel, DutyKind, Rhythm
from domain.values import Role
from infra.notifier import Addressee, Duty, Notice

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
TODAY = date(2026, 6, 10)
STOP = "https://headway.example/notices/stop?token=abc"
ANA = Addressee(
    organisation_id=UUID(int=1),
    organisation="Harbour",
    person_id=UUID(int=2),
    name="Ana",
    email="ana@harbour.example",
    role=Role.MEMBER,
    channel=Channel.EMAIL,
    rhythm=Rhythm.DAILY,
    urgent=frozenset(),
    receiver=None,
    secret_id=None,
    set_at=NOON,
    time_zone="Europe/Berlin",
    organisation_zone="UTC",
    digest_weekday=None,
    digest_hour=None,
    quiet_from_hour=None,
    quiet_until_hour=None,
    language=None,
)


def duty(
    kind: str = "DELIVER", due: date = TODAY, title: str = "The list", other: str | None = "Ben", of: str | None = None
) -> Duty:
    return Duty(kind=kind, about_id="x", due=due, title=title, other=other, of=of)


def notice(*duties: Duty, to: Addressee = ANA, total: int | None = None) -> Notice:
    count = len(duties) if total is None else total
    return Notice(to=to, id=UUID(int=3), at=NOON, whole=True, duties=duties, total=count)


def test_notices_know_the_kinds_that_the_inbox_knows() -> None:
    assert [one.value for one in DutyKind] == [one.value for one in inbox.DutyKind]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", DutyKind)
def test_every_duty_has_a_sentence_in_every_language(language: str, kind: DutyKind) -> None:
    for other in ("Ben", None):
        for of in ("Dora", None):
            one = duty(kind.value, other=other, of=of)
            (item,) = told(notice(one, to=replace(ANA, language=language))).items
            assert "The list" in item.sentence
            assert ("Dora" in item.sentence) is (of is not None)
            assert "{" not in item.sentence
            assert "None" not in item.sentence


def test_every_language_says_the_same_things() -> None:
    english = languages()["en"]
    for words in languages().values():
        assert words.keys() == english.keys()
        for key, text in words.items():
            if isinstance(text, str) and ":" not in str(english[key]).partition("}")[0]:
                assert places(text) == places(english[key])


def places(text: str) -> set[str]:
    return {name.partition(":")[0] for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("asked", "found"), [("de-AT", "de"), ("DE", "de"), ("fr", "en"), (None, "en"), ("../x", "en")]
)
def test_the_nearest_language_is_chosen(asked: str | None, found: str) -> None:
    assert chosen(asked)[0] == found


@pytest.mark.parametrize(
    ("due", "when", "late"),
    [
        (TODAY, "due today", False),
        (TODAY - timedelta(days=1), "was due Tuesday, 9 June", True),
        (date(2027, 1, 4), "due 4 January 2027", False),
    ],
)
def test_a_day_is_told_as_one_says_it(due: date, when: str, late: bool) -> None:
    assert told(notice(duty(due=due))).items[0][1:] == (when, late)


def test_the_day_is_that_of_their_clock() -> None:
    late = replace(notice(duty(due=TODAY)), at=datetime(2026, 6, 9, 23, tzinfo=UTC))
    assert told(late).items[0].when == "due today"


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


@for_all(texts, texts, texts)
def test_whatever_people_write_stays_on_its_line_and_is_text(title: str, other: str, name: str) -> None:
    words = told(notice(duty(title=title, other=other), to=replace(ANA, name=name)))
    for line in (words.greeting, words.subject, words.items[0].sentence):
        assert len(line.splitlines()) == 1
    assert len(words.items[0].sentence) < 3 * LONGEST_TITLE
    page = html(words, STOP)
    assert page.count("<") == html(told(notice(duty())), STOP).count("<")
    assert STOP in plain(words, STOP)
    for block in json.loads(slack(words, STOP))["blocks"][:-1]:
        assert block["text"]["type"] == "plain_text"
        assert len(block["text"]["text"]) <= 3_000
    for block in json.loads(teams(words, STOP))["attachments"][0]["content"]["body"]:
        assert all(run["type"] == "TextRun" for run in block["inlines"])


@for_all(texts)
def test_no_name_adds_a_header(name: str) -> None:
    to = replace(ANA, name=name)
    mail = mail_of(
        notice(duty(), to=to), told(notice(duty(), to=to)), "h@here.example", STOP, "https://headway.example"
    )
    raw = mail.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0].lower()
    plain_head = (
        mail_of(notice(duty()), told(notice(duty())), "h@here.example", STOP, "https://headway.example")
        .as_bytes()
        .partition(b"\r\n\r\n")[0]
        .lower()
    )
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert names == [line.partition(b":")[0] for line in plain_head.split(b"\r\n") if line[:1] not in b" \t"]


@pytest.mark.parametrize("email", ["ana@harbour..example", "änä@harbour.example", "@harbour.example", None])
def test_an_address_that_no_server_takes_is_told_at_once(email: str | None) -> None:
    to = replace(ANA, email=email)
    with pytest.raises(AddressUnfit):
        mail_of(notice(duty(), to=to), told(notice(duty(), to=to)), "h@here.example", STOP, "https://headway.example")


def test_the_link_that_stops_is_not_folded_or_encoded() -> None:
    link = "https://headway.a-rather-long-name-of-a-server.example/in/some/folder/notices/stop?token=" + "x" * 66
    mail = mail_of(notice(duty()), told(notice(duty())), "h@here.example", link, "https://headway.example")
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in mail.as_bytes()
