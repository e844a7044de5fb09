"""The keys that deliveries are signed with: made of the installation's secret, so that none is kept anywhere. Whoever
has the vault can make them again."""

import hmac
from base64 import b64encode
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.webhook_signing import SECRET, write_public_key


def _made(secret: bytes, *of: object) -> bytes:
    return hmac.digest(secret, "|".join(str(one) for one in of).encode(), "sha256")


def _secret(secret: bytes, *of: object) -> str:
    return SECRET + b64encode(_made(secret, *of)).decode()


@lru_cache(maxsize=10_000)
def secret_of(installation: bytes, organisation_id: UUID, webhook_id: UUID, secret_id: UUID) -> str:
    """`whsec_` and 32 bytes in base64: what a webhook's deliveries are signed with, and its receiver checks."""
    return _secret(installation, "webhook secret", organisation_id, webhook_id, secret_id)


def source_secret_of(installation: bytes, organisation_id: UUID, source_id: UUID, secret_id: UUID) -> str:
    """Likewise: what a source signs with, and we check."""
    return _secret(installation, "source secret", organisation_id, source_id, secret_id)


@lru_cache(maxsize=1_000)
def signing_key(installation: bytes, organisation_id: UUID) -> Ed25519PrivateKey:
    """What all of an organisation's deliveries are signed with as well, for receivers that should hold no secret."""
    return Ed25519PrivateKey.from_private_bytes(_made(installation, "webhook key", organisation_id))


def public_key(installation: bytes, organisation_id: UUID) -> str:
    """As receivers are given it."""
    return write_public_key(signing_key(installation, organisation_id).public_key())
