"""How a person wants to be told: when the digest comes, when nothing comes, in which language, and by which clock."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.codes import PERSON_REQUIRED
from domain.kernel import Command, Event, Fold, Issued, PersonId, Reads, Refused
from domain.values import Invalid, TimeZone, Weekday
from domain.zones import checked_zone, day_in

Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
Language = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$(?!\n)", description="A language, perhaps of a country: pt-BR")
]


class PreferencesSet(Event, frozen=True, tag="preferences.set"):
    """How a person wants to be told changed."""

    version: ClassVar[int] = 2

    person_id: PersonId
    digest_weekday: Weekday | None = None
    digest_hour: Hour | None = None
    quiet_from_hour: Hour | None = None
    quiet_until_hour: Hour | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None


class Preferences(Fold[PreferencesSet]):
    """How a person wants to be told; nothing in particular where they never said."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.latest = PreferencesSet(person_id=person_id)

    def fold(self, event: PreferencesSet) -> None:
        self.latest = event

    def day(self, issued: Issued) -> date:
        """On which the command is issued, as they have it: in their own zone, or else in the organisation's."""
        zone = self.latest.time_zone
        return day_in(zone, issued.occurred_at) if zone else issued.today


class SetPreferences(Command):
    """Say how you want to be told: digest, quiet hours, language, and your own time zone; what is left out is unsaid.

    Your days are then those of that zone: by them you deliver, and what you promised, or were promised, is overdue once
    its day has ended there too. Refused where the key stands for no person.
    """

    digest_weekday: Weekday | None = None
    digest_hour: Hour | None = None
    quiet_from_hour: Hour | None = None
    quiet_until_hour: Hour | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.digest_weekday is None) != (self.digest_hour is None):
            raise Invalid("Give the digest both a weekday and an hour, or neither.", "digestHour")
        if (self.quiet_from_hour is None) != (self.quiet_until_hour is None):
            raise Invalid("Give the quiet hours both a beginning and an end, or neither.", "quietUntilHour")
        if self.quiet_from_hour is not None and self.quiet_from_hour == self.quiet_until_hour:
            raise Invalid("Let the quiet hours end at another hour than they begin.", "quietUntilHour")
        if self.time_zone is not None:
            checked_zone(self.time_zone, "timeZone")

    def reads(self) -> Reads:
        self.preferences: Preferences | None = None
        if self.issued.person_id:
            self.preferences = Preferences(self.issued.person_id)
            yield [self.preferences]

    def execute(self) -> None:
        if self.issued.person_id is None or self.preferences is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: preferences are somebody's.")
        said = PreferencesSet(
            person_id=self.issued.person_id,
            digest_weekday=self.digest_weekday,
            digest_hour=self.digest_hour,
            quiet_from_hour=self.quiet_from_hour,
            quiet_until_hour=self.quiet_until_hour,
            language=self.language,
            time_zone=self.time_zone,
        )
        if said != self.preferences.latest:
            self.emit(said)
