"""Given events, when a command, then events: over the library's in-memory recorder, through the real codec."""

from datetime import UTC, date, datetime
from typing import Self
from uuid import UUID, uuid5

from domain.codes import Code
from domain.kernel import Command, Event, Issued, Refused
from domain.values import Role
from tests.memory_ledger import MemoryLedger

NAMES = UUID("6f3b7a52-1c8e-4d1f-9a55-1f0f6d0c7e11")
ORGANISATION = uuid5(NAMES, "organisation")
TODAY = date(2022, 6, 15)


def named(name: str) -> UUID:
    """The same id for the same name, in every story."""
    return uuid5(NAMES, name)


ANA, BEN, CAT = named("Ana"), named("Ben"), named("Cat")


def issued(by: UUID | None = ANA, on: date = TODAY, role: Role = Role.OWNER) -> Issued:
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    one = named("command")
    return Issued(
        organisation_id=ORGANISATION,
        by=f"person:{by}" if by else "system",
        person_id=by,
        role=role,
        at=at,
        occurred_at=at,
        today=on,
        command_id=one,
        correlation_id=one,
        causation_id=one,
    )


class Given:
    """A story: what had happened, what was asked, what came of it."""

    def __init__(self, *events: Event, ornaments: bool = False) -> None:
        self.ledger = MemoryLedger()
        self.given = events
        self.ornaments = ornaments
        if events:
            self.ledger.store(*events)
        self.emitted: list[Event] = []
        self.refused: Refused | None = None

    def when(self, command: Command, by: UUID | None = ANA, on: date = TODAY, role: Role = Role.OWNER) -> Self:
        try:
            self.emitted = list(self.ledger.execute(command, issued(by, on, role)))
        except Refused as refused:
            self.refused = refused
        unread = [event for p, event in enumerate(self.given, start=1) if p not in self.ledger.read]
        assert self.ornaments or not unread, f"given, and never read by the command: {unread}"
        return self

    def then(self, *events: Event) -> None:
        assert self.refused is None, f"refused: {self.refused}"
        assert self.emitted == list(events)
        assert all(event.tags() for event in self.emitted)

    def then_nothing(self) -> None:
        self.then()

    def then_refused(self, code: Code, *fields: str) -> None:
        assert self.refused is not None, f"not refused, but {self.emitted}"
        assert self.refused.code == code, str(self.refused)
        assert self.refused.sentence
        if fields:
            assert self.refused.fields == fields


def given(*events: Event) -> Given:
    """Strict: fails when a given event was never read by the command."""
    return Given(*events)


def given_loosely(*events: Event) -> Given:
    """For stories whose refusal comes before everything is read."""
    return Given(*events, ornaments=True)
