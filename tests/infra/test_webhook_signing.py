"""Signatures of webhooks: against the specification, against other people's libraries and against forgers."""

import json
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from time import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.explorer_setup import SetupFailed, install, node
from infra.webhook_signing import (
    MOST_SIGNATURES,
    KeyMalformed,
    NotVerified,
    new_secret,
    read_private_key,
    read_public_key,
    sign,
    verify,
    write_private_key,
    write_public_key,
)

RECEIVER = Path(__file__).parent / "receiver_packages"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1_614_265_330
BODY = b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = new_secret()
KEY = read_private_key("whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
PUBLIC = write_public_key(KEY.public_key())
STRANGE = write_public_key(Ed25519PrivateKey.generate().public_key())
BY_SECRET = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
BY_KEY = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
HEADERS = sign(ID, AT, BODY, [SECRET], KEY)


def refused(headers: dict[str, str], body: bytes = BODY, *, now: float = AT) -> str:
    with pytest.raises(NotVerified) as caught:
        verify(headers, body, [SECRET], [PUBLIC], now)
    return caught.value.reason


def test_the_specifications_own_vectors() -> None:
    assert {
        "webhook-id": ID,
        "webhook-timestamp": str(AT),
        "webhook-signature": f"{BY_SECRET} {BY_KEY}",
    } == HEADERS


def test_every_secret_that_is_alive_signs_before_the_key() -> None:
    headers = sign(ID, AT, BODY, [OTHER, SECRET], KEY)
    assert headers["webhook-signature"].split(" ")[1:] == [BY_SECRET, BY_KEY]
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    "trusted", [([SECRET], []), ([OTHER, SECRET], []), ([], [PUBLIC]), ([OTHER], [STRANGE, PUBLIC])]
)
def test_one_secret_or_key_suffices(trusted: tuple[list[str], list[str]]) -> None:
    verify(HEADERS, BODY, *trusted, now=AT)


@pytest.mark.parametrize("trusted", [([], []), ([OTHER], []), ([], [STRANGE]), ([OTHER], [STRANGE])])
def test_no_signature_by_anybody_who_is_known(trusted: tuple[list[str], list[str]]) -> None:
    with pytest.raises(NotVerified) as caught:
        verify(HEADERS, BODY, *trusted, now=AT)
    assert caught.value.reason == "wrong_signature"


def test_the_names_of_headers_are_read_in_any_case() -> None:
    verify({name.title(): value for name, value in HEADERS.items()}, BODY, [SECRET], [], AT)


def test_a_rotation_is_not_noticed_by_the_receiver() -> None:
    during = sign(ID, AT, BODY, [OTHER, SECRET], None)
    verify(during, BODY, [SECRET], [], AT)
    verify(during, BODY, [OTHER], [], AT)


@pytest.mark.parametrize(("apart", "reason"), [(301, "too_old"), (300, ""), (0, ""), (-300, ""), (-301, "too_new")])
def test_a_message_holds_five_minutes_both_ways(apart: int, reason: str) -> None:
    if reason:
        assert refused(HEADERS, now=AT + apart) == reason
    else:
        verify(HEADERS, BODY, [SECRET], [PUBLIC], AT + apart)


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_may_lack(name: str) -> None:
    assert refused(HEADERS | {name: ""}) == "missing_header"
    assert refused({other: value for other, value in HEADERS.items() if other != name}) == "missing_header"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("webhook-id", "msg_other", "wrong_signature"),
        ("webhook-id", f"{ID}.1", "malformed_header"),
        ("webhook-id", "a b", "malformed_header"),
        ("webhook-id", "ü", "malformed_header"),
        ("webhook-timestamp", str(AT + 1), "wrong_signature"),
        ("webhook-timestamp", f"0{AT}", "wrong_signature"),
        ("webhook-timestamp", f" {AT}", "malformed_header"),
        ("webhook-timestamp", f"{AT}.0", "malformed_header"),
        ("webhook-timestamp", "-1", "malformed_header"),
        ("webhook-timestamp", "NaN", "malformed_header"),
        ("webhook-timestamp", "١", "malformed_header"),
        ("webhook-timestamp", "9" * 5_000, "malformed_header"),
        ("webhook-signature", "v1", "wrong_signature"),
        ("webhook-signature", "v1,", "wrong_signature"),
        ("webhook-signature", "v1a,", "wrong_signature"),
        ("webhook-signature", ",", "wrong_signature"),
        ("webhook-signature", " ", "wrong_signature"),
        ("webhook-signature", BY_SECRET.replace("v1,", "v1a,"), "wrong_signature"),
        ("webhook-signature", BY_KEY.replace("v1a,", "v1,"), "wrong_signature"),
        ("webhook-signature", BY_SECRET.replace("v1,", "v2,"), "wrong_signature"),
        ("webhook-signature", BY_SECRET[:-5], "wrong_signature"),
        ("webhook-signature", BY_SECRET.replace("+", "-"), "wrong_signature"),
        ("webhook-signature", "v1,ü", "malformed_header"),
        ("webhook-signature", "v1,\udcff", "malformed_header"),
        ("webhook-signature", " ".join(["v1,AAAA"] * MOST_SIGNATURES + [BY_SECRET]), "malformed_header"),
    ],
)
def test_a_header_that_was_changed_is_refused(name: str, value: str, reason: str) -> None:
    assert refused(HEADERS | {name: value}) == reason


def test_strange_signatures_beside_the_right_one_do_no_harm() -> None:
    among = " ".join(["v1,AAAA", "v2,AAAA", "nothing", "v1a,AAAA", "v1,***", BY_SECRET, "v1,BBBB"])
    verify(HEADERS | {"webhook-signature": among}, BODY, [SECRET], [PUBLIC], AT)


@given(st.binary(max_size=200), st.data())
def test_whoever_changes_a_byte_is_found(body: bytes, data: st.DataObject) -> None:
    headers = sign(ID, AT, body, [SECRET], KEY)
    verify(headers, body, [SECRET], [], AT)
    verify(headers, body, [], [PUBLIC], AT)
    changed = bytearray(body or b"x")
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    assert refused(headers, bytes(changed)) == "wrong_signature"
    assert refused(headers, body + b"\n") == "wrong_signature"


@given(
    st.dictionaries(st.sampled_from(sorted(HEADERS)) | st.text(max_size=8), st.text(max_size=60) | st.just(str(AT))),
    st.binary(max_size=50),
)
def test_nothing_that_is_sent_does_anything_but_fail(headers: dict[str, str], body: bytes) -> None:
    assert refused(headers, body)


@given(st.text(st.sampled_from("v1a2, =+/AZaz09\t\x00é"), max_size=120))
def test_no_header_of_signatures_does_anything_but_fail(signature: str) -> None:
    assert refused(HEADERS | {"webhook-signature": signature})


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nx: y", "ü", "a" * 256])
def test_an_id_that_would_be_read_otherwise_is_not_signed(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        sign(message_id, AT, BODY, [SECRET], None)


def test_nothing_is_sent_unsigned_or_before_its_time() -> None:
    with pytest.raises(ValueError, match="Nothing to sign with"):
        sign(ID, AT, BODY, [], None)
    with pytest.raises(ValueError, match="whole seconds"):
        sign(ID, -1, BODY, [SECRET], None)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA", "whsec_***", "whsec_ü", PUBLIC]
    + [f"whsec_{b64encode(bytes(length)).decode()}" for length in (23, 65)],
)
def test_what_is_no_secret_signs_nothing_and_is_not_told(secret: str) -> None:
    for use in (lambda: sign(ID, AT, BODY, [secret], None), lambda: verify(HEADERS, BODY, [secret], [], AT)):
        with pytest.raises(KeyMalformed) as caught:
            use()
        assert len(secret) < 8 or secret not in str(caught.value)


@pytest.mark.parametrize("key", ["", "whpk_", "whpk_AAAA", SECRET, "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="])
def test_what_is_no_public_key_verifies_nothing(key: str) -> None:
    with pytest.raises(KeyMalformed, match="Give whpk_ and 32 bytes"):
        verify(HEADERS, BODY, [], [key], AT)


def test_secrets_are_new_each_time_and_keys_come_back_as_they_were_written() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert all(len(new_secret()) == len("whsec_") + 44 for _ in range(10))
    key = Ed25519PrivateKey.generate()
    assert read_private_key(write_private_key(key)).private_bytes_raw() == key.private_bytes_raw()
    public = write_public_key(key.public_key())
    assert public.startswith("whpk_")
    assert read_public_key(public).public_bytes_raw() == key.public_key().public_bytes_raw()


def test_the_public_library_for_python_verifies_what_we_sign() -> None:
    headers = sign(ID, int(time()), BODY, [OTHER, SECRET], KEY)
    for secret in (OTHER, SECRET):
        Webhook(secret).verify(BODY, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_we_verify_what_the_public_library_for_python_signs() -> None:
    signature = Webhook(SECRET).sign(ID, datetime.fromtimestamp(AT, UTC), BODY.decode())
    verify({"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": signature}, BODY, [SECRET], [], AT)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the locked packages, or a skip that says what is missing."""
    folder = tmp_path_factory.mktemp("receiver")
    try:
        install(RECEIVER, folder)
    except SetupFailed as failure:
        pytest.skip(f"npm's standardwebhooks can't be had here: {failure}")
    (folder / "verify.mjs").write_text((RECEIVER / "verify.mjs").read_text())
    return folder


def test_the_public_library_of_npm_verifies_what_we_sign(receiver: Path) -> None:
    now = int(time())
    body = '{"type":"webhook.test","data":{"title":"Grüße, 東京 🚀"}}'
    headers = sign(ID, now, body.encode(), [OTHER, SECRET], KEY)
    asked = [
        {"secret": secret, "headers": headers, "body": sent}
        for secret in (OTHER, SECRET, new_secret())
        for sent in (body, f"{body} ")
    ]
    done = subprocess.run(
        [node(), "verify.mjs"],
        cwd=receiver,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert json.loads(done.stdout) == [True, False, True, False, False, False]
