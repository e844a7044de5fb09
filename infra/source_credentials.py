"""What addresses want to be shown before they answer a source: named by the operator, and shown there alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from infra.addresses import PLAIN_PORT, SECURE_PORT
from infra.settings import Settings, SettingsInvalid

NAMED = re.compile(r"([a-z][a-z0-9_]{0,62})=(https?://[^\s/?#@]+)/?#([A-Za-z][A-Za-z0-9-]{0,63}):(\S+)")
LEAST = 8  # characters: shorter ones can't be told from what an address answers by chance
SENT = re.compile(rf"[ -~]{{{LEAST},4096}}")
PORTS = {"https": SECURE_PORT, "http": PLAIN_PORT}
OURS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"}
)


def origin_of(address: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port. Raises ValueError."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


@dataclass(frozen=True, slots=True)
class Credential:
    """A header for one origin."""

    origin: tuple[str, str | None, int | None]
    header: str
    value: str

    @classmethod
    def read(cls, origin: str, header: str, value: str) -> Self | None:
        """None for what no server would take."""
        if header.lower() in OURS or SENT.fullmatch(value) is None:
            return None
        try:
            return cls(origin_of(origin), header, value)
        except ValueError:
            return None

    def fits(self, address: str) -> bool:
        """Whether it is meant for an address."""
        try:
            return origin_of(address) == self.origin
        except ValueError:
            return False

    def is_echoed(self, body: bytes) -> bool:
        """Whether an answer tells it, whole or a word of it."""
        told = (self.value, *self.value.split(" "))
        return any(one.encode() in body for one in told if len(one) >= LEAST)


def credentials_of(settings: Settings) -> Mapping[str, Credential]:
    """By their names. Raises SettingsInvalid, which tells none of them."""
    found: dict[str, Credential] = {}
    for one in settings.source_credentials.split():
        match = NAMED.fullmatch(one)
        credential = Credential.read(match[2], match[3], unquote(match[4])) if match else None
        if match is None or credential is None or match[1] in found:
            raise SettingsInvalid(
                "Correct HEADWAY_SOURCE_CREDENTIALS: write name=https://host#Header:value, the value of eight"
                " characters or more with %20 for a space, each name once, separated by spaces."
            )
        found[match[1]] = credential
    return found
