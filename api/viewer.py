"""Who is looking: what the organisation, the role and the scopes of a key come to for one request."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.values import Role


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
        if self.person_id is not None:
            return f"person:{self.person_id}"
        return f"key:{self.api_key_id}" if self.api_key_id is not None else "system"

    def today(self) -> date:
        return datetime.now(UTC).astimezone(ZoneInfo(self.time_zone)).date()
