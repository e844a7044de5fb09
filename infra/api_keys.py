"""API keys, feed tokens and keys of sources: `hw_live_`, `hw_feed_` or `hw_src_`, eight characters to look up, 32
random bytes, a checksum. Only their SHA-256 is kept."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

PREFIX, FEED_PREFIX, SOURCE_PREFIX = "hw_live_", "hw_feed_", "hw_src_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LOOKUP, SECRET, CHECKSUM = 8, 43, 6
LENGTH = LOOKUP + 1 + SECRET + CHECKSUM  # after the prefix


@dataclass(frozen=True, slots=True)
class ApiKeyMade:
    """A fresh key or token: `text` is shown once, the rest recorded."""

    text: str
    lookup: str
    digest: str


def _base62(number: int, width: int) -> str:
    digits: list[str] = []
    for _ in range(width):
        number, rest = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))


def checksum(text: str) -> str:
    """Of what stands before it: a key that was cut or mistyped is known as such without a look."""
    return _base62(crc32(text.encode()), CHECKSUM)


def digest_of(text: str) -> str:
    """What is kept of a key: SHA-256 as hex; a slow hash would buy nothing against 256 random bits."""
    return sha256(text.encode()).hexdigest()


def make(prefix: str = PREFIX) -> ApiKeyMade:
    """From the system's randomness."""
    lookup = "".join(secrets.choice(ALPHABET) for _ in range(LOOKUP))
    stem = f"{prefix}{lookup}_{_base62(int.from_bytes(secrets.token_bytes(32)), SECRET)}"
    text = stem + checksum(stem)
    return ApiKeyMade(text, lookup, digest_of(text))


def lookup_of(text: str, prefix: str = PREFIX) -> str | None:
    """The part to look up by, or None where the text is no key or token of ours (cut, lengthened, mistyped)."""
    if len(text) != len(prefix) + LENGTH or not text.isascii() or not text.startswith(prefix):
        return None
    if not secrets.compare_digest(checksum(text[:-CHECKSUM]), text[-CHECKSUM:]):
        return None
    return text[len(prefix) : len(prefix) + LOOKUP]
