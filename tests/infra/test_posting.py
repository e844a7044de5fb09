"""The guarded sender against receivers that misbehave and names that lie, on real sockets."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from time import perf_counter

import pytest
import uvloop
from aiohttp import ClientConnectorError, ClientSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from infra.addresses import Reach
from infra.posting import LONGEST_WAIT, Answer, Names, NotAllowed, Post, Result, retry_after
from tests.infra.hostile_receiver import Answering, HostileReceiver, receiving

HERE = Reach(allowed=(ip_network("127.0.0.1/32"),), plain_http=True)
INTERNET = Reach(ports=range(1, 65_536), plain_http=True)  # the guard as it stands, but for ports and TLS
BODY = b'{"type":"webhook.test"}'
HEADERS = {"webhook-id": "msg_1"}
SECONDS = 0.6
MOST_UNDER_WAY = 20_000_000  # what the kernel takes from a receiver before it waits for us; it has a gigabyte


def to(address: str, reach: Reach = HERE, *, tls: ssl.SSLContext | None = None) -> Post:
    """A post of little patience, to whom every name stands for that address."""
    return Post(reach, connect=0.3, first_byte=0.3, total=SECONDS, names=Answering([address]), tls=tls)


@pytest.fixture
async def receiver() -> AsyncIterator[HostileReceiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with to("127.0.0.1") as one:
        yield one


@pytest.mark.parametrize(
    ("path", "result", "status", "excerpt"),
    [
        ("/ok", "accepted", 200, "thank you"),
        ("/accepted", "accepted", 204, ""),
        ("/gone", "answered", 410, "no more"),
        ("/failed", "answered", 500, "<b>oh</b> \ufffd\ufffd\ufffd[31m"),
        ("/to-metadata", "answered", 301, ""),
        ("/to-itself", "answered", 307, ""),
        ("/never-closing", "accepted", 200, "well"),
        ("/bad-chunks", "accepted", 200, "hi"),
        ("/cut-body", "answered", 500, "half"),
        ("/hang", "timed_out", None, ""),
        ("/drip", "timed_out", None, ""),
        ("/continue", "timed_out", None, ""),
        ("/headers", "refused", None, ""),
        ("/one-header", "refused", None, ""),
        ("/bad-http", "refused", None, ""),
        ("/bad-length", "refused", None, ""),
        ("/bad-at-once", "refused", None, ""),
        ("/close", "refused", None, ""),
        ("/reset", "refused", None, ""),
    ],
)
async def test_whatever_a_receiver_does_is_told_in_one_word(
    receiver: HostileReceiver, post: Post, path: str, result: Result, status: int | None, excerpt: str
) -> None:
    answer = await post.post(receiver.url(path), BODY, HEADERS)
    assert (answer.result, answer.status, answer.excerpt) == (result, status, excerpt)
    assert len(receiver.received) == 1
    assert answer.milliseconds < SECONDS * 1_000 + 500
    assert (answer.first_byte is None) == (status is None)
    assert receiver.written < MOST_UNDER_WAY


async def test_a_change_of_protocol_is_an_answer_like_any_other(receiver: HostileReceiver, post: Post) -> None:
    answer = await post.post(receiver.url("/switch"), BODY, HEADERS)
    assert (answer.result, answer.status) == ("answered", 101)
    assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).excerpt == "thank you"
    assert receiver.connections == 2


@pytest.mark.parametrize("path", ["/huge", "/bomb", "/long"])
async def test_of_a_long_answer_a_thousand_characters_are_kept(
    receiver: HostileReceiver, post: Post, path: str
) -> None:
    answer = await post.post(receiver.url(path), BODY, HEADERS)
    assert answer.result == "accepted"
    assert 0 < len(answer.excerpt) <= 1_024
    assert receiver.written < MOST_UNDER_WAY
    assert "AAAA" not in answer.excerpt  # the bomb stays packed


async def test_a_body_that_drips_holds_nothing_longer_than_the_whole_time(
    receiver: HostileReceiver, post: Post
) -> None:
    answer = await post.post(receiver.url("/drip-body"), BODY, HEADERS)
    assert answer.result == "accepted"
    assert set(answer.excerpt) == {"z"}
    assert answer.first_byte is not None
    assert answer.first_byte < answer.milliseconds < SECONDS * 1_000 + 500


async def test_what_is_sent_is_plain_and_says_who_sends(receiver: HostileReceiver, post: Post) -> None:
    await post.post(receiver.url("/ok?token=x"), BODY, HEADERS)
    sent = receiver.received[0]
    assert sent.line == "POST /ok?token=x HTTP/1.1"
    assert sent.body == BODY
    assert sent.all_of("content-length") == [str(len(BODY))]
    assert sent.all_of("user-agent") == ["Headway-Webhooks/1"]
    assert sent.all_of("content-type") == ["application/json"]
    assert sent.all_of("webhook-id") == ["msg_1"]
    assert sent.all_of("accept-encoding") == ["identity"]
    assert not sent.all_of("transfer-encoding")


async def test_no_receiver_is_given_the_cookie_that_it_set(receiver: HostileReceiver, post: Post) -> None:
    for _ in range(2):
        await post.post(receiver.url("/cookie"), BODY, HEADERS)
    assert [sent.all_of("cookie") for sent in receiver.received] == [[], []]


@pytest.mark.parametrize(
    ("path", "seconds"),
    [("/wait/seconds", 120), ("/wait/date", LONGEST_WAIT), ("/wait/garbage", None), ("/wait/huge", LONGEST_WAIT)],
)
async def test_a_receiver_may_say_when_to_come_again(
    receiver: HostileReceiver, post: Post, path: str, seconds: float | None
) -> None:
    answer = await post.post(receiver.url(path), BODY, HEADERS)
    assert (answer.result, answer.retry_after) == ("answered", seconds)


@pytest.mark.parametrize("many", [1, 5])
async def test_a_connection_that_is_used_again_was_dialled_once(
    receiver: HostileReceiver, post: Post, many: int
) -> None:
    for _ in range(many):
        assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).result == "accepted"
    assert (receiver.connections, len(receiver.received)) == (1, many)


async def test_a_connection_that_the_receiver_closed_meanwhile_is_dialled_anew(
    receiver: HostileReceiver, post: Post
) -> None:
    for _ in range(3):
        assert (await post.post(receiver.url("/close-unsaid"), BODY, HEADERS)).result == "accepted"
        async with asyncio.timeout(1):
            await asyncio.gather(*(task for task in receiver.answering if task))
        await asyncio.sleep(0.01)
    assert receiver.connections == 3


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "fd00::1"])
async def test_a_public_name_that_stands_for_a_private_address_is_not_dialled(
    receiver: HostileReceiver, address: str
) -> None:
    async with to(address, INTERNET) as post:
        answer = await post.post(receiver.url("/ok"), BODY, HEADERS)
    assert answer.result == "not_allowed"
    assert receiver.connections == 0


async def test_a_name_that_stands_for_private_addresses_only_is_told_apart_from_one_that_refuses() -> None:
    async with receiving() as receiver:
        names = Answering(["127.0.0.1", "10.0.0.1", "::1"])
        async with Post(INTERNET, connect=0.3, names=names) as post:
            assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).result == "not_allowed"
        assert receiver.connections == 0


@asynccontextmanager
async def beside_a_secret(*answers: list[str]) -> AsyncGenerator[tuple[HostileReceiver, HostileReceiver, Post]]:
    """A receiver where one may dial, a service of ours at the same port where one may not, and a name that changes."""
    async with receiving("127.0.0.2") as outside:
        secret = HostileReceiver("127.0.0.1", outside.port)
        server = await asyncio.start_server(secret.serve, "127.0.0.1", outside.port)
        reach = Reach(allowed=(ip_network("127.0.0.2/32"),), plain_http=True)
        try:
            async with Post(reach, connect=0.5, total=1, names=Answering(*answers), name_seconds=0) as post:
                yield outside, secret, post
        finally:
            server.close()
            await server.wait_closed()


async def test_a_name_that_changes_between_two_look_ups_is_not_followed() -> None:
    async with beside_a_secret(["127.0.0.2"], ["127.0.0.1"]) as (outside, secret, post):
        first = await post.post(outside.url("/close-after"), BODY, HEADERS)
        second = await post.post(outside.url("/ok"), BODY, HEADERS)
    assert [first.result, second.result] == ["accepted", "not_allowed"]
    assert (outside.connections, secret.connections) == (1, 0)


async def test_a_kept_connection_stays_with_the_address_that_was_checked() -> None:
    async with beside_a_secret(["127.0.0.2"], ["127.0.0.1"]) as (outside, secret, post):
        results = [(await post.post(outside.url("/ok"), BODY, HEADERS)).result for _ in range(3)]
    assert results == ["accepted"] * 3
    assert (outside.connections, secret.connections) == (1, 0)


async def test_of_several_addresses_only_those_within_reach_are_dialled() -> None:
    async with beside_a_secret(["127.0.0.1", "::1", "127.0.0.2"]) as (outside, secret, post):
        assert (await post.post(outside.url("/ok"), BODY, HEADERS)).result == "accepted"
    assert (outside.connections, secret.connections) == (1, 0)


LITERALS = (
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "127.1",
    "127。0。0。1",
    "１２７.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::1%lo]",
    "[::1%251]",
    "0.0.0.0",  # noqa: S104
    "[::]",
    "localhost",
    "localhost.",
)


@pytest.mark.parametrize("host", LITERALS)
async def test_no_way_of_writing_an_address_gets_through(receiver: HostileReceiver, host: str) -> None:
    async with Post(INTERNET, connect=1, total=2) as post:
        assert (await post.post(receiver.url("/ok", host), BODY, HEADERS)).result == "not_allowed"
    assert receiver.connections == 0


@pytest.mark.parametrize("host", LITERALS)
async def test_nor_where_only_the_socket_is_guarded(receiver: HostileReceiver, host: str) -> None:
    """The check of the URL is for whoever subscribes; the socket has to hold alone."""
    async with ClientSession(connector=Post(INTERNET)._connector(Names())) as session:
        with pytest.raises((ClientConnectorError, ValueError)) as caught:
            await session.post(receiver.url("/ok", host), data=BODY)
        if isinstance(caught.value, ClientConnectorError) and host.startswith("127"):
            assert isinstance(caught.value.os_error, NotAllowed)
    assert receiver.connections == 0


async def test_without_the_guard_the_same_address_is_reached(receiver: HostileReceiver) -> None:
    """Or the tests above would prove nothing."""
    async with to("127.0.0.1") as post:
        assert (await post.post(receiver.url("/ok", "127.0.0.1"), BODY, HEADERS)).result == "accepted"
    assert receiver.connections == 1


async def test_plain_http_and_other_ports_are_not_dialled_for_a_url_of_old(receiver: HostileReceiver) -> None:
    for reach in (Reach(allowed=HERE.allowed), Reach(allowed=HERE.allowed, ports=(443,), plain_http=True)):
        async with to("127.0.0.1", reach) as post:
            assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).result == "not_allowed"
    assert receiver.connections == 0


async def test_a_proxy_in_the_environment_is_not_asked(
    receiver: HostileReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with to("127.0.0.1") as post:
            assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).result == "accepted"
        async with to("127.0.0.1", INTERNET) as post:
            assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).result == "not_allowed"
        assert proxy.connections == 0


async def test_nobody_listening_and_a_name_that_is_none_are_refusals() -> None:
    async with receiving() as gone:
        url = gone.url("/ok")
    async with to("127.0.0.1") as post:
        assert (await post.post(url, BODY, HEADERS)).result == "refused"
    async with Post(HERE, connect=5, total=5) as post:
        assert (await post.post("http://no-such-name.invalid:9999/", BODY, HEADERS)).result == "refused"


async def test_a_name_server_that_never_answers_is_given_up() -> None:
    class Silent(Answering):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[object]:  # pyright: ignore[reportIncompatibleMethodOverride]
            await asyncio.Event().wait()
            return []

    async with Post(HERE, connect=0.2, total=1, names=Silent([])) as post:
        started = perf_counter()
        assert (await post.post("http://receiver.example:9999/", BODY, HEADERS)).result == "timed_out"
    assert perf_counter() - started < 1


async def test_more_requests_than_sockets_wait_and_their_waiting_is_nobodys_fault(receiver: HostileReceiver) -> None:
    async with Post(HERE, first_byte=0.2, total=0.4, sockets=2, names=Answering(["127.0.0.1"])) as post:
        hanging = [post.post(receiver.url("/hang"), BODY, HEADERS) for _ in range(6)]
        answers = await asyncio.gather(*hanging, post.post(receiver.url("/ok"), BODY, HEADERS))
    assert [answer.result for answer in answers] == ["timed_out"] * 6 + ["accepted"]
    assert answers[-1].milliseconds < 400


async def test_it_is_opened_before_use_and_may_be_opened_again(receiver: HostileReceiver) -> None:
    post = to("127.0.0.1")
    with pytest.raises(RuntimeError, match="Open the post"):
        await post.post(receiver.url("/ok"), BODY, HEADERS)
    for _ in range(2):
        await post.open()
        assert (await post.post(receiver.url("/ok"), BODY, HEADERS)).result == "accepted"
        await post.close()


async def test_no_header_of_ours_can_become_two(receiver: HostileReceiver, post: Post) -> None:
    with pytest.raises(ValueError, match="header"):
        await post.post(receiver.url("/ok"), BODY, {"webhook-id": "a\r\nx: y"})
    assert not receiver.received


def test_the_guard_holds_on_the_loop_that_serves() -> None:
    """uvloop dials in a way of its own."""

    async def both() -> list[Answer]:
        async with receiving() as receiver, to("127.0.0.1") as within, to("127.0.0.1", INTERNET) as without:
            paths = ("/ok", "/reset", "/hang", "/bad-http")
            answers = [await within.post(receiver.url(path), BODY, HEADERS) for path in paths]
            dialled = receiver.connections
            answers += [await without.post(receiver.url("/ok", host), BODY, HEADERS) for host in ("a.example", "127.1")]
            assert receiver.connections == dialled
            return answers

    results = [answer.result for answer in uvloop.run(both())]
    assert results == ["accepted", "refused", "timed_out", "refused", "not_allowed", "not_allowed"]


# TLS


def certificate(folder: Path, name: str, *, days: int = 1) -> ssl.SSLContext:
    """A server's context with a certificate that nobody but itself vouches for."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.9"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.{days}.pem"
    file.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize(
    ("name", "days", "trusted", "result"),
    [
        ("receiver.example", 1, True, "accepted"),
        ("receiver.example", 1, False, "tls"),
        ("other.example", 1, True, "tls"),
        ("receiver.example", -1, True, "tls"),
    ],
)
async def test_a_certificate_is_of_the_name_in_its_time_and_by_somebody_trusted(
    tmp_path: Path, name: str, days: int, *, trusted: bool, result: Result
) -> None:
    async with receiving(tls=certificate(tmp_path, name, days=days)) as receiver:
        trust = ssl.create_default_context(cafile=tmp_path / f"{name}.{days}.pem") if trusted else None
        async with to("127.0.0.1", tls=trust) as post:
            answer = await post.post(receiver.url("/ok", scheme="https"), BODY, HEADERS)
    assert answer.result == result
    assert bool(receiver.received) == (result == "accepted")


async def test_a_receiver_that_says_nothing_to_a_handshake_is_given_up(receiver: HostileReceiver, post: Post) -> None:
    answer = await post.post(receiver.url("/ok", scheme="https"), BODY, HEADERS)
    assert answer.result == "timed_out"
    assert not receiver.received


async def test_a_receiver_that_speaks_no_tls_is_a_fault_of_tls(post: Post) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert (await post.post(f"https://receiver.example:{port}/", BODY, HEADERS)).result == "tls"
    server.close()
    await server.wait_closed()


# Retry-After


NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("000000000000120", LONGEST_WAIT),
        ("9" * 5_000, LONGEST_WAIT),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("١", None),
        ("soon", None),
        ("Mon, 01 Jun 2026 12:01:00 GMT", 60),
        ("Monday, 01-Jun-26 12:01:00 GMT", 60),
        ("Mon Jun  1 12:01:00 2026", 60),
        ("Mon, 01 Jun 2026 14:01:00 +0200", 60),
        ("Mon, 01 Jun 2026 11:00:00 GMT", 0),
        ("Mon, 01 Jun 9999 12:00:00 GMT", LONGEST_WAIT),
        ("Mon, 01 Jun 99999 12:00:00 GMT", None),
        ("Mon, 31 Feb 2026 12:00:00 GMT", None),
        ("Mon, 01 Jun 2026 12:00:00 +99999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text() | st.text(st.sampled_from("0123456789 ,:+-MonJuGT"), max_size=70))
def test_nothing_in_retry_after_does_any_harm(value: str) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


@given(st.integers(-1_000, 600_000).map(lambda seconds: NOW + timedelta(seconds=seconds)))
def test_a_date_is_waited_for(date: datetime) -> None:
    assert retry_after(format_datetime(date, usegmt=True), NOW) == max((date - NOW).total_seconds(), 0)
