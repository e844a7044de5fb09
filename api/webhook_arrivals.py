"""What arrives at a receiver, looked at: is it signed, did it come before, does something lie between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from infra.webhook_signing import NotVerified, verify

MOST_KNOWN = 10_000  # ids
MOST_MISSING = 1_000  # numbers that are told, whatever a sender claims


class Envelope(msgspec.Struct):
    """What every delivery says."""

    type: str
    organisation: str
    position: int
    sequence: int
    epoch: int
    timestamp: str


class NotADelivery(Exception):
    """A body that is none; the sentence says so."""


class Arrival(msgspec.Struct, kw_only=True):
    """A delivery as it came. `verified` is null where there is nothing to verify with; `missing` did not come yet."""

    id: str
    verified: bool | None
    problem: str | None = None
    repeated: bool = False
    late: bool = False
    missing: Sequence[int] = ()
    event: Any = None

    @property
    def welcome(self) -> bool:
        """Whether to answer that it was taken."""
        return self.problem is None


@dataclass(slots=True)
class Arrivals:
    """Of one webhook, by its secrets or its organisation's public keys."""

    secrets: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])
    missing: set[int] = field(default_factory=set[int])
    wrong: int = 0
    _known: dict[str, None] = field(default_factory=dict[str, None])
    _last: tuple[str, int, int] | None = None  # organisation, epoch, sequence

    def take(self, headers: Mapping[str, str], body: bytes, now: float) -> Arrival:
        """Raises KeyMalformed for a secret or key that is none, NotADelivery."""
        message_id = headers.get("webhook-id", "")
        verified = True if self.secrets or self.keys else None
        if verified:
            try:
                verify(headers, body, self.secrets, self.keys, now)
            except NotVerified as error:
                self.wrong += 1
                return Arrival(id=message_id, verified=False, problem=str(error))
        try:
            told, event = msgspec.json.decode(body, type=Envelope), msgspec.json.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise NotADelivery("This is no delivery of Headway's: its body is something else.") from None
        if message_id in self._known:
            return Arrival(id=message_id, verified=verified, repeated=True, event=event)
        self._known[message_id] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        late = told.sequence in self.missing
        return Arrival(id=message_id, verified=verified, late=late, missing=self._passed(told), event=event)

    def _passed(self, told: Envelope) -> list[int]:
        """Numbers between the highest that came and this one; none at the first, and where another epoch begins."""
        last = self._last
        if last is None or last[:2] != (told.organisation, told.epoch):
            self.missing.clear()
            self._last = (told.organisation, told.epoch, told.sequence)
            return []
        if told.sequence <= last[2]:
            self.missing.discard(told.sequence)
            return []
        passed = list(range(last[2] + 1, min(told.sequence, last[2] + 1 + MOST_MISSING)))
        self.missing.update(passed)
        self._last = (told.organisation, told.epoch, told.sequence)
        return passed
