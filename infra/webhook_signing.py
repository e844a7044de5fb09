"""Signatures after Standard Webhooks 1.0: `v1`, HMAC-SHA256 by a secret that both sides know, and `v1a`, Ed25519."""

import hmac
import re
import secrets as random
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SECRET = "whsec_"  # noqa: S105  (the mark of a secret, none itself)
PUBLIC_KEY = "whpk_"
PRIVATE_KEY = "whsk_"
SECRET_BYTES = 32
SECRET_LENGTHS = range(24, 65)  # the specification's
KEY_LENGTHS = range(32, 33)
TOLERANCE = 300
MOST_SIGNATURES = 16  # each costs a verification for each key, and whoever sends them need not be who he says
MESSAGE_ID = re.compile(r"[!-\-/-~]{1,255}")  # no full stop: it divides what is signed
TIMESTAMP = re.compile(r"[0-9]{1,12}")

Reason = Literal["missing_header", "malformed_header", "too_old", "too_new", "wrong_signature"]


class NotVerified(Exception):
    """What came is not what the sender signed, or not now; the reason is stable, the sentence says what is wrong."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason: Reason = reason


class KeyMalformed(ValueError):
    """A secret or key that is none; the sentence says how one looks, never what was given."""


def new_secret() -> str:
    """Of 32 random bytes."""
    return SECRET + b64encode(random.token_bytes(SECRET_BYTES)).decode()


def write_public_key(key: Ed25519PublicKey) -> str:
    """As receivers are given it."""
    return PUBLIC_KEY + b64encode(key.public_bytes_raw()).decode()


def read_public_key(text: str) -> Ed25519PublicKey:
    """Raises KeyMalformed."""
    return Ed25519PublicKey.from_public_bytes(_decoded(text, PUBLIC_KEY, KEY_LENGTHS))


def write_private_key(key: Ed25519PrivateKey) -> str:
    """As the sender keeps it: the seed alone."""
    return PRIVATE_KEY + b64encode(key.private_bytes_raw()).decode()


def read_private_key(text: str) -> Ed25519PrivateKey:
    """Raises KeyMalformed."""
    return Ed25519PrivateKey.from_private_bytes(_decoded(text, PRIVATE_KEY, KEY_LENGTHS))


def sign(
    message_id: str, timestamp: int, body: bytes, secrets: Sequence[str], key: Ed25519PrivateKey | None
) -> dict[str, str]:
    """The headers of one attempt, signed by every secret that is alive. Raises ValueError, KeyMalformed."""
    if not MESSAGE_ID.fullmatch(message_id) or not TIMESTAMP.fullmatch(str(timestamp)):
        raise ValueError("A message id is printed ASCII without a full stop, and its time whole seconds since 1970.")
    if not secrets and key is None:
        raise ValueError("Nothing to sign with: give a secret or a key.")
    content = _content(message_id, str(timestamp), body)
    signatures = [f"v1,{b64encode(_hmac(secret, content)).decode()}" for secret in secrets]
    if key is not None:
        signatures.append(f"v1a,{b64encode(key.sign(content)).decode()}")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    public_keys: Sequence[str],
    now: float,
    tolerance: float = TOLERANCE,
) -> None:
    """One signature by any of the secrets (`whsec_…`) or public keys (`whpk_…`) suffices.

    Raises NotVerified, and KeyMalformed for what the receiver itself has set up wrongly.
    """
    message_id, timestamp, signature = _read(headers)
    _check_time(int(timestamp), now, tolerance)
    content = _content(message_id, timestamp, body)
    expected = [_hmac(secret, content) for secret in secrets]
    keys = [read_public_key(key) for key in public_keys]
    for version, given in _given(signature):
        if version == "v1" and any([hmac.compare_digest(one, given) for one in expected]):  # noqa: C419  (all of them)
            return
        if version == "v1a" and any(_signed_by(key, given, content) for key in keys):
            return
    raise NotVerified("wrong_signature", "No signature is by a secret or key that is known; compare the secret.")


def _read(headers: Mapping[str, str]) -> tuple[str, str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    found = [lower.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")]
    if not all(found):
        raise NotVerified("missing_header", "Send webhook-id, webhook-timestamp and webhook-signature.")
    message_id, timestamp, signature = found
    if not (MESSAGE_ID.fullmatch(message_id) and TIMESTAMP.fullmatch(timestamp) and signature.isascii()):
        raise NotVerified(
            "malformed_header", "webhook-id is printed ASCII without a full stop, webhook-timestamp whole seconds."
        )
    if signature.count(" ") >= MOST_SIGNATURES:
        raise NotVerified("malformed_header", f"webhook-signature holds more than {MOST_SIGNATURES} signatures.")
    return message_id, timestamp, signature


def _check_time(timestamp: int, now: float, tolerance: float) -> None:
    if timestamp < now - tolerance:
        raise NotVerified("too_old", "The message was signed too long ago; it may be a replay, or a clock is wrong.")
    if timestamp > now + tolerance:
        raise NotVerified("too_new", "The message was signed in the future; a clock is wrong.")


def _given(signature: str) -> Iterator[tuple[str, bytes]]:
    for one in signature.split(" "):
        version, _, text = one.partition(",")
        try:
            yield version, b64decode(text, validate=True)
        except NotBase64:
            continue


def _signed_by(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _hmac(secret: str, content: bytes) -> bytes:
    made = _keyed(secret).copy()
    made.update(content)
    return made.digest()


@lru_cache(maxsize=10_000)
def _keyed(secret: str) -> hmac.HMAC:
    """To be copied: a key takes longer to set up than a message to sign."""
    return hmac.new(_decoded(secret, SECRET, SECRET_LENGTHS), digestmod="sha256")


def _decoded(text: str, prefix: str, lengths: range) -> bytes:
    try:
        found = b64decode(text.removeprefix(prefix), validate=True) if text.startswith(prefix) else b""
    except (NotBase64, ValueError):  # ValueError: not ASCII
        found = b""
    if len(found) not in lengths:
        size = f"{lengths.start}" if len(lengths) == 1 else f"{lengths.start} to {lengths[-1]}"
        raise KeyMalformed(f"Give {prefix} and {size} bytes in base64 after it.")
    return found
