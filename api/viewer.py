"""Who is looking: what the organisation, the role and the scopes of a key come to for one request."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.values import Role
from domain.zones import quarter_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A caller whose key has been looked up; every statement of the request is scoped to its organisation."""

    organisation_id: UUID
    role: Role
    person_id: UUID | None = None
    api_key_id: UUID | None = None
    scopes: tuple[str, ...] = ("read", "write")
    time_zone: str = "UTC"

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden from them (R15): who owns the organisation, and who audits it."""
        return self.role in {Role.OWNER, Role.AUDITOR}

    @property
    def actor(self) -> str:
        """As the ledger names who recorded something: a person by their key, a key, or the system."""
        parts = {"person": self.person_id, "key": self.api_key_id}
        return "/".join(f"{kind}:{one}" for kind, one in parts.items() if one is not None) or "system"

    def now(self) -> datetime:
        return datetime.now(UTC)

    def today(self) -> date:
        return self.now().astimezone(ZoneInfo(self.time_zone)).date()

    def quarter(self) -> datetime:
        """The quarter of an hour that has begun: an answer by whose day it is holds until the next, and can be kept."""
        return quarter_of(self.now())
