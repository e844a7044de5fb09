"""What is personal in an event is stored sealed under its person's key: the ledger's hashes are of what is stored, so
that they hold when the key is gone and the text with it (R11).

A sealed text is `sealed:1:` person `.` key `.` nonce and ciphertext, in base64 without padding, after a control
character that no text from outside can bear. It opens only in the organisation, kind of event and field that it was
sealed for, with AES-256-GCM.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.kernel import Event
from infra.codec import UnknownEvent, converted, decode, encode, event_class
from infra.vault import NONCE, Vault, VaultUnavailable

MARK = "\x01sealed:1:"
MARKED = '"\\u0001sealed:1:'  # as a JSON text
FORGOTTEN = "(forgotten)"
Tell = Callable[[str, str, str], str | None]  # (kind of event, field, sealed) → the text; None: it is no more


class Seals:
    """Seals and opens with the keys of a vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def sealed(self, organisation_id: UUID, event: Event, issuer_id: UUID | None) -> tuple[str, str | None]:
        """Body and reason as the ledger stores them; raises VaultUnavailable."""
        reason: str | None = getattr(event, "reason", None)
        personal = event.personal()
        if not personal:
            return encode(event), reason
        kind, texts = event.stored_type(), dict[str, str | None]()
        keys: dict[UUID, tuple[UUID, AESGCM] | None] = {}
        for field, mark in personal.items():
            text: str | None = getattr(event, field)
            person_id: UUID | None = getattr(event, mark.of) if mark.of else issuer_id
            if text is None or person_id is None:
                continue
            if person_id not in keys:
                keys[person_id] = self.vault.key_of(organisation_id, person_id, new=mark.begins)
            found = keys[person_id]
            if found is None:
                texts[field] = _no_more(type(event), field)
            else:
                texts[field] = _sealed(*found, text, person_id, _bound_to(organisation_id, kind, field, person_id))
        if not texts:
            return encode(event), reason
        body = msgspec.json.decode(encode(event), type=dict[str, Any]) | texts
        return msgspec.json.encode(body).decode(), texts.get("reason", reason)

    def open(self, organisation_id: UUID, kind: str, version: int, body: str) -> Event:
        """The event, with what is forgotten told as such; raises what `decode` does, and VaultUnavailable."""
        if MARKED not in body:
            return decode(kind, version, body)
        return opened(kind, version, body, partial(self.text, organisation_id))

    def text(self, organisation_id: UUID, kind: str, field: str, sealed: str) -> str | None:
        """None where its person is forgotten; raises VaultUnavailable where the key is missing all the same, or the
        text was put where it does not belong."""
        person_id, key_id, cipher = parted(sealed)
        key = self.vault.key(key_id)
        if key is None:
            if self.vault.has_forgotten(organisation_id, person_id):
                return None
            raise VaultUnavailable(f"The vault {self.vault.path} lacks a key; restore it from its backup.")
        try:
            bound = _bound_to(organisation_id, kind, field, person_id)
            return key.decrypt(cipher[:NONCE], cipher[NONCE:], bound).decode()
        except InvalidTag:
            raise UnknownEvent(
                f"A sealed text in {field} of {kind!r} does not open: it was altered or moved."
            ) from None

    def reason(self, organisation_id: UUID, kind: str, reason: str | None) -> str | None:
        """A reason as it is stored beside the body."""
        if reason is None or not reason.startswith(MARK):
            return reason
        told = self.text(organisation_id, kind, "reason", reason)
        return FORGOTTEN if told is None else told


def opened(kind: str, version: int, body: str, tell: Tell) -> Event:
    """The event with each sealed text as `tell` tells it; what is no more is left out where it may be, else told so."""
    event = event_class(kind)
    fields: dict[str, Any] = msgspec.json.decode(body)
    for field in event.personal():
        sealed = fields.get(field)
        if isinstance(sealed, str) and sealed.startswith(MARK):
            text = tell(kind, field, sealed)
            fields[field] = text if text is not None else _no_more(event, field)
    return converted(kind, version, fields)


def _no_more(event: type[Event], field: str) -> str | None:
    info = next(one for one in msgspec.structs.fields(event) if one.name == field)
    return FORGOTTEN if info.required else None


def mark_of(person_id: UUID) -> str:
    """How every text begins that is sealed under a key of this person."""
    return MARK + _written(person_id.bytes)


def parted(sealed: str) -> tuple[UUID, UUID, bytes]:
    """Person, key, and nonce with ciphertext; raises UnknownEvent."""
    try:
        person, key, cipher = (_read(part) for part in sealed.removeprefix(MARK).split("."))
        return UUID(bytes=person), UUID(bytes=key), cipher
    except ValueError:
        raise UnknownEvent("A sealed text is damaged.") from None


def _sealed(key_id: UUID, key: AESGCM, text: str, person_id: UUID, bound: bytes) -> str:
    nonce = os.urandom(NONCE)
    cipher = key.encrypt(nonce, text.encode(), bound)
    return f"{mark_of(person_id)}.{_written(key_id.bytes)}.{_written(nonce + cipher)}"


def _bound_to(organisation_id: UUID, kind: str, field: str, person_id: UUID) -> bytes:
    return f"{organisation_id}|{kind}|{field}|{person_id}".encode()


def _written(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sealed_texts(kind: str, body: str) -> Mapping[str, str]:
    """Field → sealed text, of an event as stored."""
    if MARKED not in body:
        return {}
    fields: dict[str, Any] = msgspec.json.decode(body)
    told = {field: fields.get(field) for field in event_class(kind).personal()}
    return {field: text for field, text in told.items() if isinstance(text, str) and text.startswith(MARK)}
