"""The link in a notice by which its channel is stopped without a key: it bears whose and which, sealed under the
installation's secret, so that it can be neither made nor read by anybody else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from domain.notices import Channel

CHANNELS = (Channel.EMAIL, Channel.SLACK, Channel.TEAMS, Channel.WEBHOOK)  # in this order for ever
IDS = 16
LENGTH = 66  # of 16 bytes of proof, two ids and a channel, in base64


class Stopping(NamedTuple):
    """What a link stops."""

    organisation_id: UUID
    person_id: UUID
    channel: Channel


def stop_token(installation: bytes, stopping: Stopping) -> str:
    """The same each time: a link in an old notice stops what one in a new notice does."""
    channel = bytes([CHANNELS.index(stopping.channel)])
    said = stopping.organisation_id.bytes + stopping.person_id.bytes + channel
    return urlsafe_b64encode(_cipher(installation).encrypt(said, None)).rstrip(b"=").decode()


def read_token(installation: bytes, token: str) -> Stopping | None:
    """None for what is no token of this installation."""
    if len(token) != LENGTH:
        return None
    try:
        said = _cipher(installation).decrypt(urlsafe_b64decode(token + "=="), None)
    except (ValueError, InvalidTag):
        return None
    return Stopping(UUID(bytes=said[:IDS]), UUID(bytes=said[IDS : 2 * IDS]), CHANNELS[said[2 * IDS]])


def _cipher(installation: bytes) -> AESSIV:
    return AESSIV(hmac.digest(installation, b"link that stops notices", "sha256"))
