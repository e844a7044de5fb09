"""How a person wants to be told: when the digest comes, when nothing comes, and in which language."""

from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import PERSON_REQUIRED
from domain.kernel import Command, Event, Fold, PersonId, Reads, Refused
from domain.values import Invalid, Weekday

Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
Language = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$(?!\n)", description="A language, perhaps of a country: pt-BR")
]


class PreferencesSet(Event, frozen=True, tag="preferences.set"):
    """How a person wants to be told changed."""

    person_id: PersonId
    digest_weekday: Weekday | None = None
    digest_hour: Hour | None = None
    quiet_from_hour: Hour | None = None
    quiet_until_hour: Hour | None = None
    language: Language | None = None


class Preferences(Fold[PreferencesSet]):
    """How a person wants to be told; nothing in particular where they never said."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.latest = PreferencesSet(person_id=person_id)

    def fold(self, event: PreferencesSet) -> None:
        self.latest = event


class SetPreferences(Command):
    """Say how you want to be told: weekday and hour of the digest, quiet hours, language; what is left out is unsaid.

    Refused where the key stands for no person.
    """

    digest_weekday: Weekday | None = None
    digest_hour: Hour | None = None
    quiet_from_hour: Hour | None = None
    quiet_until_hour: Hour | None = None
    language: Language | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.digest_weekday is None) != (self.digest_hour is None):
            raise Invalid("Give the digest both a weekday and an hour, or neither.", "digestHour")
        if (self.quiet_from_hour is None) != (self.quiet_until_hour is None):
            raise Invalid("Give the quiet hours both a beginning and an end, or neither.", "quietUntilHour")
        if self.quiet_from_hour is not None and self.quiet_from_hour == self.quiet_until_hour:
            raise Invalid("Let the quiet hours end at another hour than they begin.", "quietUntilHour")

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
        )
        if said != self.preferences.latest:
            self.emit(said)
