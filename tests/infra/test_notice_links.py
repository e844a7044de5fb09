"""Links that stop notices, and the mail server that notices go out by."""

from base64 import urlsafe_b64encode
from uuid import UUID, uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.notices import Channel
from infra.mailing import Mailer, mailer_of
from infra.notice_links import CHANNELS, Stopping, read_token, stop_token
from infra.settings import Settings, SettingsInvalid, public_url_of, read_settings

HERE, THERE = b"h" * 32, b"t" * 32
stoppings = st.builds(Stopping, st.uuids(), st.uuids(), st.sampled_from(Channel))


@for_all(stoppings)
def test_a_link_is_read_as_it_was_made_and_shows_no_id(stopping: Stopping) -> None:
    token = stop_token(HERE, stopping)
    assert read_token(HERE, token) == stopping
    assert read_token(THERE, token) is None
    for one in stopping[:2]:
        assert isinstance(one, UUID)
        assert urlsafe_b64encode(one.bytes).decode().strip("=")[:8] not in token


@for_all(stoppings, st.integers(0, 65), st.sampled_from("AZaz09-_"))
def test_a_link_that_was_changed_stops_nothing(stopping: Stopping, place: int, character: str) -> None:
    token = stop_token(HERE, stopping)
    changed = token[:place] + character + token[place + 1 :]
    assert read_token(HERE, changed) is None or read_token(HERE, changed) == stopping


@for_all(st.text(max_size=100))
def test_what_is_no_link_is_read_as_none(text: str) -> None:
    assert read_token(HERE, text) is None


def test_every_channel_has_its_place() -> None:
    assert set(CHANNELS) == set(Channel)
    assert len({stop_token(HERE, Stopping(UUID(int=1), UUID(int=2), one)) for one in Channel}) == len(Channel)
    assert stop_token(HERE, Stopping(uuid4(), uuid4(), Channel.EMAIL))


@pytest.mark.parametrize(
    ("url", "mailer"),
    [
        ("smtp://mail.example", Mailer("mail.example", 25)),
        ("smtp://mail.example:587?starttls", Mailer("mail.example", 587, start_tls=True)),
        (
            "smtps://me%40here:p%2Fw@mail.example",
            Mailer("mail.example", 465, user="me@here", password="p/w", tls=True),
        ),
        ("smtp://me:pw@localhost:1025", Mailer("localhost", 1025, user="me", password="pw")),
    ],
)
def test_a_mail_server_is_named_by_its_address(url: str, mailer: Mailer) -> None:
    assert mailer_of(Settings(smtp_url=url, mail_from="Headway <h@here.example>")) == mailer


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("smtp://me:pw@mail.example", "h@here.example"),  # a password in the open
        ("smtp://", "h@here.example"),
        ("smtp://mail.example:99999", "h@here.example"),
        ("smtp://mail.example?tls=yes", "h@here.example"),
        ("smtp://mail.example/inbox", "h@here.example"),
        ("smtp://mail.example", None),
    ],
)
def test_a_mail_server_that_cannot_be_meant_stops_the_start(url: str, sender: str | None) -> None:
    with pytest.raises(SettingsInvalid):
        mailer_of(Settings(smtp_url=url, mail_from=sender))


def test_without_a_mail_server_there_is_none() -> None:
    assert mailer_of(Settings()) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWAY_SMTP_URL", "http://mail.example"),
        ("HEADWAY_MAIL_FROM", "Headway"),
        ("HEADWAY_MAIL_FROM", "a@b.example\r\nBcc: c@d.example"),
        ("HEADWAY_PUBLIC_URL", "headway.example"),
        ("HEADWAY_PUBLIC_URL", "https://headway.example/?a=b"),
    ],
)
def test_settings_of_notices_have_limits(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid):
        read_settings({name: value})


def test_links_lead_to_where_people_reach_the_server() -> None:
    assert public_url_of(Settings()) == "http://127.0.0.1:8000"
    assert public_url_of(Settings(host="::1", port=81)) == "http://[::1]:81"
    assert public_url_of(Settings(public_url="https://headway.example/")) == "https://headway.example"
