"""The organisation: its founding and calendar, who may do what, and the keys that programs call with."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import ALREADY_EXISTS, INVALID, NOT_ALLOWED, NOT_FOUND
from domain.kernel import OF_PERSON, ApiKeyId, Command, Event, Fold, OrganisationId, PersonId, Reads, Refused
from domain.people import Person
from domain.references import check_mentions, mentioned
from domain.values import Name, Reason, Role, TimeZone, Weekday
from domain.zones import checked_zone

Month = Annotated[int, msgspec.Meta(ge=1, le=12)]
Holidays = Annotated[tuple[date, ...], msgspec.Meta(max_length=1_000)]
Lookup = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256 of the secret, in hex")]


class Scope(StrEnum):
    """What a key is good for."""

    READ = "read"
    WRITE = "write"


class OrganisationFounded(Event, frozen=True, tag="organisation.founded"):
    """The organisation came to be, and its ledger began."""

    organisation_id: OrganisationId
    name: Name
    time_zone: TimeZone


class OrganisationRenamed(Event, frozen=True, tag="organisation.renamed"):
    """The organisation goes by another name."""

    organisation_id: OrganisationId
    name: Name


class CalendarSet(Event, frozen=True, tag="organisation.calendar-set"):
    """By which days and years the organisation reckons from now on."""

    organisation_id: OrganisationId
    time_zone: TimeZone
    first_day_of_week: Weekday
    fiscal_year_starts_month: Month
    holidays: Holidays


class RoleGranted(Event, frozen=True, tag="role.granted"):
    """What a person may do changed."""

    person_id: PersonId
    role: Role


class RoleRevoked(Event, frozen=True, tag="role.revoked"):
    """A person has no role any more."""

    person_id: PersonId
    reason: Annotated[Reason, OF_PERSON] | None = None


class ApiKeyIssued(Event, frozen=True, tag="api-key.issued"):
    """A program may call with a new key, in a role, perhaps for a person."""

    api_key_id: ApiKeyId
    name: Name
    role: Role
    scopes: tuple[Scope, ...]
    lookup: Lookup
    digest: Digest
    person_id: PersonId | None = None
    expires_on: date | None = None


class ApiKeyRevoked(Event, frozen=True, tag="api-key.revoked"):
    """A key opens nothing any more."""

    api_key_id: ApiKeyId
    reason: Reason | None = None


class Organisation(Fold[OrganisationFounded | CalendarSet]):
    """Whether the organisation has been founded, and its calendar."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(organisation=organisation_id)
        self.founded: OrganisationFounded | None = None
        self.calendar: CalendarSet | None = None
        self.time_zone = "UTC"
        self.holidays: tuple[date, ...] = ()

    def fold(self, event: OrganisationFounded | CalendarSet) -> None:
        match event:
            case OrganisationFounded():
                self.founded = event
                self.time_zone = event.time_zone
            case CalendarSet():
                self.calendar = event
                self.time_zone = event.time_zone
                self.holidays = event.holidays


class OrganisationName(Fold[OrganisationFounded | OrganisationRenamed]):
    """What the organisation is called; nothing before it has been founded."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(organisation=organisation_id)
        self.name: str | None = None

    def fold(self, event: OrganisationFounded | OrganisationRenamed) -> None:
        match event:
            case OrganisationFounded() | OrganisationRenamed():
                self.name = event.name


class Roles(Fold[RoleGranted | RoleRevoked]):
    """What a person may do; nothing yet where nobody granted a role."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.role: Role | None = None

    def fold(self, event: RoleGranted | RoleRevoked) -> None:
        match event:
            case RoleGranted():
                self.role = event.role
            case RoleRevoked():
                self.role = None


class ApiKey(Fold[ApiKeyIssued | ApiKeyRevoked]):
    """A key as it was issued, and whether it has been revoked."""

    def __init__(self, api_key_id: UUID) -> None:
        super().__init__(api_key=api_key_id)
        self.issued: ApiKeyIssued | None = None
        self.revoked = False

    def fold(self, event: ApiKeyIssued | ApiKeyRevoked) -> None:
        match event:
            case ApiKeyIssued():
                self.issued = event
            case ApiKeyRevoked():
                self.revoked = True


class FoundOrganisation(Command):
    """Found the organisation, in the time zone that its days are reckoned in.

    Refused where it has been founded already.
    """

    entity = "organisation_id"
    role = Role.OWNER

    organisation_id: OrganisationId
    name: Name
    time_zone: TimeZone = "UTC"

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_zone(self.time_zone, "timeZone")

    def reads(self) -> Reads:
        # A ledger holds one organisation, so its id comes from the ledger and not from the request.
        self.organisation = Organisation(self.issued.organisation_id)
        yield [self.organisation]

    def execute(self) -> None:
        if self.organisation.founded:
            raise Refused(ALREADY_EXISTS, "The organisation has been founded: go on with its own commands.")
        if self.organisation_id != self.issued.organisation_id:
            raise Refused(NOT_ALLOWED, "Found an organisation in a ledger of its own.", "organisationId")
        self.emit(
            OrganisationFounded(organisation_id=self.organisation_id, name=self.name, time_zone=self.time_zone),
        )


class RenameOrganisation(Command):
    """Give the organisation another name.

    Refused before the organisation has been founded.
    """

    role = Role.OWNER

    name: Name

    def reads(self) -> Reads:
        self.called = OrganisationName(self.issued.organisation_id)
        yield [self.called]

    def execute(self) -> None:
        if self.called.name is None:
            raise Refused(NOT_FOUND, "Found the organisation first.")
        if self.name != self.called.name:
            self.emit(OrganisationRenamed(organisation_id=self.issued.organisation_id, name=self.name))


class SetCalendar(Command):
    """Set the time zone, the first day of the week, the month in which the fiscal year starts, and the holidays.

    Refused before the organisation has been founded.
    """

    role = Role.OWNER

    time_zone: TimeZone
    first_day_of_week: Weekday = 1
    fiscal_year_starts_month: Month = 1
    holidays: Holidays = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_zone(self.time_zone, "timeZone")

    def reads(self) -> Reads:
        self.organisation = Organisation(self.issued.organisation_id)
        yield [self.organisation]

    def execute(self) -> None:
        if self.organisation.founded is None:
            raise Refused(NOT_FOUND, "Found the organisation first.")
        calendar = CalendarSet(
            organisation_id=self.issued.organisation_id,
            time_zone=self.time_zone,
            first_day_of_week=self.first_day_of_week,
            fiscal_year_starts_month=self.fiscal_year_starts_month,
            holidays=tuple(sorted(set(self.holidays))),
        )
        if calendar != self.organisation.calendar:
            self.emit(calendar)


class GrantRole(Command):
    """Say what a person may do; the role they had ends.

    Refused where the person is unknown.
    """

    entity = "person_id"
    role = Role.OWNER

    person_id: PersonId
    granted_role: Role = msgspec.field(name="role")  # `role` is who may issue the command

    def reads(self) -> Reads:
        self.roles = Roles(self.person_id)
        self.mentions = mentioned(personId=Person(self.person_id))
        yield [self.roles, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.roles.role != self.granted_role:
            self.emit(RoleGranted(person_id=self.person_id, role=self.granted_role))


class RevokeRole(Command):
    """Take a person's role from them; the keys that were issued for them stay as they are.

    Refused where the person is unknown.
    """

    entity = "person_id"
    role = Role.OWNER

    person_id: PersonId
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.roles = Roles(self.person_id)
        self.mentions = mentioned(personId=Person(self.person_id))
        yield [self.roles, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.roles.role is not None:
            self.emit(RoleRevoked(person_id=self.person_id, reason=self.reason))


class IssueApiKey(Command):
    """Issue a key for a program, in a role, perhaps for a person and until a day.

    Refused where the role is stronger than the issuer's own, the person is unknown, or the day has passed.
    """

    entity = "api_key_id"
    creates = True
    role = Role.OWNER

    api_key_id: ApiKeyId
    name: Name
    lookup: Lookup
    digest: Digest
    key_role: Role = msgspec.field(name="role")  # `role` is who may issue the command
    scopes: tuple[Scope, ...] = (Scope.READ, Scope.WRITE)
    person_id: PersonId | None = None
    expires_on: date | None = None

    def reads(self) -> Reads:
        self.api_key = ApiKey(self.api_key_id)
        self.mentions = mentioned(personId=self.person_id and Person(self.person_id))
        yield [self.api_key, *self.mentions.values()]

    def execute(self) -> None:
        if not self.issued.role.reaches(self.key_role):
            raise Refused(NOT_ALLOWED, f"Issue a key of at most your own role, {self.issued.role}.", "role")
        if self.api_key.issued:
            raise Refused(ALREADY_EXISTS, "Choose another id: a key has this one.", "apiKeyId")
        if self.expires_on and self.expires_on < self.issued.today:
            raise Refused(INVALID, "Let the key expire on a day that has not passed.", "expiresOn")
        check_mentions(self.mentions)
        self.emit(
            ApiKeyIssued(
                api_key_id=self.api_key_id,
                name=self.name,
                role=self.key_role,
                scopes=tuple(dict.fromkeys(self.scopes)),
                lookup=self.lookup,
                digest=self.digest,
                person_id=self.person_id,
                expires_on=self.expires_on,
            )
        )


class RevokeApiKey(Command):
    """Let a key open nothing any more.

    Refused where there is no such key.
    """

    entity = "api_key_id"
    role = Role.OWNER

    api_key_id: ApiKeyId
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.api_key = ApiKey(self.api_key_id)
        yield [self.api_key]

    def execute(self) -> None:
        if self.api_key.issued is None:
            raise Refused(NOT_FOUND, "There is no such key: look at the list of keys.", "apiKeyId")
        if not self.api_key.revoked:
            self.emit(ApiKeyRevoked(api_key_id=self.api_key_id, reason=self.reason))
