"""Event ↔ JSON text, exactly as stored and hashed."""

import msgspec

from domain.commands import EVENTS
from domain.kernel import DCBEvent, Event
from infra.upcasters import upcast

_DECODERS: dict[type[Event], msgspec.json.Decoder[Event]] = {}
_ENCODER = msgspec.json.Encoder()


class UnknownEvent(ValueError):
    """A stored type that this release does not know; a newer one may have written it."""


def encode(event: Event) -> str:
    """The body: compact JSON in the order of the fields, decimals as text."""
    return _ENCODER.encode(event).decode()


def event_class(stored_type: str) -> type[Event]:
    """Raises UnknownEvent."""
    try:
        return EVENTS[stored_type]
    except KeyError:
        raise UnknownEvent(f"This release knows no event {stored_type!r}; upgrade before reading on.") from None


def decode(stored_type: str, version: int, body: str | bytes) -> Event:
    """The event in its current shape; raises UnknownEvent and msgspec.ValidationError."""
    kind = event_class(stored_type)
    if version != kind.version:
        return converted(stored_type, version, msgspec.json.decode(body, type=dict[str, object]))
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    return decoder.decode(body)


def converted(stored_type: str, version: int, fields: dict[str, object]) -> Event:
    """As `decode`, from what the body's JSON says."""
    kind = event_class(stored_type)
    if version > kind.version:
        raise UnknownEvent(f"This release knows no version {version} of {stored_type!r}; upgrade before reading on.")
    return msgspec.convert(upcast(stored_type, version, kind.version, fields), kind)


def to_dcb(event: Event, tags: list[str]) -> DCBEvent:
    """The library's own form, for its recorders."""
    return DCBEvent(type=event.stored_type(), data=encode(event).encode(), tags=tags)


def from_dcb(event: DCBEvent) -> Event:
    """Back from the library's own form, which knows no versions."""
    return decode(event.type, event_class(event.type).version, event.data)
