"""Who came in, who was kept out, and what was taken along: noted by the system, never a secret of a key nor where
anybody called from."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import NOT_FOUND
from domain.kernel import (
    ApiKeyId,
    Command,
    EntityId,
    Event,
    Fold,
    IndicatorId,
    MeasureId,
    OrganisationId,
    OutcomeId,
    PersonId,
    Reads,
    Refused,
    SourceId,
)
from domain.organisation import ApiKey, Organisation
from domain.preferences import Hour
from domain.sources import Source
from domain.timekeeping import check_timekeeper
from domain.values import Role

Times = Annotated[int, msgspec.Meta(ge=1)]


class Mistake(StrEnum):
    """What was wrong with a key that did not open, or a signature that did not hold."""

    OTHER_SECRET = "OTHER_SECRET"  # noqa: S105 - a word for it, and none itself
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class KeyUsed(Event, frozen=True, tag="access.key-used"):
    """A key was used on a day, for the first time on that day."""

    api_key_id: ApiKeyId
    used_on: date


class KeyRefused(Event, frozen=True, tag="access.key-refused"):
    """Somebody called by a key that does not open; told once an hour, with how often it was by then."""

    api_key_id: ApiKeyId
    refused_on: date
    hour: Hour
    mistake: Mistake
    times: Times


class SourceRefused(Event, frozen=True, tag="access.source-refused"):
    """Somebody sent as a source, by a key or a signature that does not hold; told once an hour, with how often it was
    by then."""

    source_id: SourceId
    refused_on: date
    hour: Hour
    mistake: Mistake
    times: Times
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None


class Export(StrEnum):
    """What was written into files for somebody."""

    AUDIT = "AUDIT"
    PERSON = "PERSON"


class Exported(Event, frozen=True, tag="access.exported"):
    """Events were written into files: with their proof for an auditor, or all that is held about a person, for them."""

    organisation_id: OrganisationId
    export: Export
    count: Annotated[int, msgspec.Meta(ge=0)]
    first: Annotated[int, msgspec.Meta(ge=1)] | None = None
    last: Annotated[int, msgspec.Meta(ge=1)] | None = None
    concerning_id: EntityId | None = None  # an auditor chose its events
    person_id: PersonId | None = None


class Accesses(Fold[KeyUsed | KeyRefused]):
    """The last days on which a key was used, and the hours in which it was refused."""

    def __init__(self, api_key_id: UUID) -> None:
        super().__init__(api_key=api_key_id)
        self.used: set[date] = set()
        self.refused: set[tuple[date, int, Mistake]] = set()

    def fold(self, event: KeyUsed | KeyRefused) -> None:
        match event:
            case KeyUsed():
                self.used.add(event.used_on)
            case KeyRefused():
                self.refused.add((event.refused_on, event.hour, event.mistake))


class SourceRefusals(Fold[SourceRefused]):
    """The hours in which what was sent as a source was refused."""

    def __init__(self, source_id: UUID) -> None:
        super().__init__(source=source_id)
        self.refused: set[tuple[date, int, Mistake]] = set()

    def fold(self, event: SourceRefused) -> None:
        self.refused.add((event.refused_on, event.hour, event.mistake))


class NoteKeyUsed(Command):
    """Note that a key was used on a day; once for that day, whoever notes it again."""

    entity = "api_key_id"
    role = Role.OWNER

    api_key_id: ApiKeyId
    used_on: date

    def reads(self) -> Reads:
        self.api_key, self.accesses = ApiKey(self.api_key_id), Accesses(self.api_key_id)
        yield [self.api_key, self.accesses]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        check_key(self.api_key)
        if self.used_on not in self.accesses.used:
            self.emit(KeyUsed(api_key_id=self.api_key_id, used_on=self.used_on))


class NoteKeyRefused(Command):
    """Note that somebody called by a key that does not open; once an hour for each mistake."""

    entity = "api_key_id"
    role = Role.OWNER

    api_key_id: ApiKeyId
    refused_on: date
    hour: Hour
    mistake: Mistake
    times: Times = 1

    def reads(self) -> Reads:
        self.api_key, self.accesses = ApiKey(self.api_key_id), Accesses(self.api_key_id)
        yield [self.api_key, self.accesses]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        check_key(self.api_key)
        if (self.refused_on, self.hour, self.mistake) not in self.accesses.refused:
            self.emit(
                KeyRefused(
                    api_key_id=self.api_key_id,
                    refused_on=self.refused_on,
                    hour=self.hour,
                    mistake=self.mistake,
                    times=self.times,
                )
            )


class NoteSourceRefused(Command):
    """Note that somebody sent as a source by what does not hold; once an hour for each mistake."""

    entity = "source_id"
    role = Role.OWNER

    source_id: SourceId
    refused_on: date
    hour: Hour
    mistake: Mistake
    times: Times = 1

    def reads(self) -> Reads:
        self.source, self.refusals = Source(self.source_id), SourceRefusals(self.source_id)
        yield [self.source, self.refusals]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        was = self.source.known()
        if (self.refused_on, self.hour, self.mistake) not in self.refusals.refused:
            self.emit(
                SourceRefused(
                    source_id=self.source_id,
                    refused_on=self.refused_on,
                    hour=self.hour,
                    mistake=self.mistake,
                    times=self.times,
                    measure_id=was.measure_id,
                    indicator_id=was.indicator_id,
                    outcome_id=was.outcome_id,
                )
            )


class NoteExported(Command):
    """Note that events were written into files, by whom the machine obeys."""

    role = Role.OWNER

    export: Export
    count: Annotated[int, msgspec.Meta(ge=0)]
    first: Annotated[int, msgspec.Meta(ge=1)] | None = None
    last: Annotated[int, msgspec.Meta(ge=1)] | None = None
    concerning_id: EntityId | None = None
    person_id: PersonId | None = None

    def reads(self) -> Reads:
        self.organisation = Organisation(self.issued.organisation_id)
        yield [self.organisation]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        if self.organisation.founded is None:
            raise Refused(NOT_FOUND, "Found the organisation first.")
        self.emit(
            Exported(
                organisation_id=self.issued.organisation_id,
                export=self.export,
                count=self.count,
                first=self.first,
                last=self.last,
                concerning_id=self.concerning_id,
                person_id=self.person_id,
            )
        )


def check_key(api_key: ApiKey) -> None:
    """Refuses what is no key."""
    if api_key.issued is None:
        raise Refused(NOT_FOUND, "There is no such key: look at the list of keys.", "apiKeyId")
