"""The organisation, its calendar, roles and keys."""

from contextlib import nullcontext
from datetime import date
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, INVALID, NOT_ALLOWED, NOT_FOUND
from domain.kernel import Command, Refused
from domain.organisation import (
    ApiKeyIssued,
    ApiKeyRevoked,
    CalendarSet,
    FoundOrganisation,
    GrantRole,
    IssueApiKey,
    Organisation,
    OrganisationFounded,
    OrganisationRenamed,
    RenameOrganisation,
    RevokeApiKey,
    RevokeRole,
    RoleRevoked,
    Roles,
    Scope,
    SetCalendar,
)
from domain.values import Role
from tests.given import ANA, BEN, ORGANISATION, TODAY, given, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories import KEY, BusyLedger, founded, granted, key_issued, person

DIGEST = "0" * 64


def calendar(*holidays: date, time_zone: str = "Europe/Lisbon") -> CalendarSet:
    return CalendarSet(
        organisation_id=ORGANISATION,
        time_zone=time_zone,
        first_day_of_week=1,
        fiscal_year_starts_month=1,
        holidays=holidays,
    )


def issue(role: Role = Role.MEMBER, person_id: UUID | None = None, expires_on: date | None = None) -> IssueApiKey:
    return IssueApiKey(
        api_key_id=KEY,
        name="robot",
        key_role=role,
        lookup="k1",
        digest=DIGEST,
        scopes=(Scope.READ, Scope.READ),
        person_id=person_id,
        expires_on=expires_on,
    )


def test_an_organisation_is_founded_once() -> None:
    found = FoundOrganisation(organisation_id=ORGANISATION, name="Harbour")
    given().when(found).then(founded())
    given(founded()).when(found).then_refused(ALREADY_EXISTS)


def test_a_ledger_holds_one_organisation() -> None:
    other = FoundOrganisation(organisation_id=named("other"), name="Other")
    given().when(other).then_refused(NOT_ALLOWED, "organisationId")
    given(founded()).when(other).then_refused(ALREADY_EXISTS)


@for_all(st.lists(st.sampled_from([ORGANISATION, named("other")]), min_size=2, max_size=4))
def test_no_two_at_once_found_an_organisation_twice(ids: list[UUID]) -> None:
    ledger = BusyLedger()
    for first, second in pairwise(ids):
        ledger.interleave(
            FoundOrganisation(organisation_id=first, name="Harbour"),
            FoundOrganisation(organisation_id=second, name="Harbour"),
        )
    assert [type(event) for event in ledger.events()] == [OrganisationFounded] * (ORGANISATION in ids)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Lisbon", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_a_time_zone_is_an_area_and_a_city(zone: str) -> None:
    assert msgspec.convert({"timeZone": zone}, SetCalendar).time_zone == zone


@pytest.mark.parametrize(
    "zone", ["", "utc", "Lisbon", "Europe/", "../etc/passwd", "UTC\n", "Europe/Lisbon\n", "Mars/Base"]
)
def test_what_is_no_time_zone_is_not_read(zone: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"timeZone": zone}, SetCalendar)


def test_the_calendar_is_set_with_each_holiday_once_and_in_order() -> None:
    may, june = date(2022, 5, 1), date(2022, 6, 10)
    given(founded()).when(SetCalendar(time_zone="Europe/Lisbon", holidays=(june, may, june))).then(calendar(may, june))


def test_an_organisation_is_renamed_once() -> None:
    rename, renamed = RenameOrganisation(name="Port"), OrganisationRenamed(organisation_id=ORGANISATION, name="Port")
    given(founded()).when(rename).then(renamed)
    given(founded(), renamed).when(rename).then_nothing()
    given(founded()).when(RenameOrganisation(name="Harbour")).then_nothing()


def test_an_organisation_has_a_name_once_it_is_founded() -> None:
    given().when(RenameOrganisation(name="Port")).then_refused(NOT_FOUND)


def test_the_same_calendar_is_set_once() -> None:
    given(founded(), calendar()).when(SetCalendar(time_zone="Europe/Lisbon")).then_nothing()


def test_an_organisation_has_a_calendar_once_it_is_founded() -> None:
    given().when(SetCalendar(time_zone="UTC")).then_refused(NOT_FOUND)


def test_the_latest_calendar_counts() -> None:
    organisation = Organisation(ORGANISATION)
    organisation.take(founded("Europe/Paris"), 1)
    assert (organisation.time_zone, organisation.holidays) == ("Europe/Paris", ())
    organisation.take(calendar(TODAY), 2)
    assert (organisation.time_zone, organisation.holidays) == ("Europe/Lisbon", (TODAY,))


def test_a_role_is_granted_once() -> None:
    grant = GrantRole(person_id=BEN, granted_role=Role.LEAD)
    given(person(BEN)).when(grant).then(granted(Role.LEAD, BEN))
    given(person(BEN), granted(Role.LEAD, BEN)).when(grant).then_nothing()
    given(person(BEN), granted(Role.OWNER, BEN)).when(grant).then(granted(Role.LEAD, BEN))


def test_a_role_is_granted_to_a_person_who_exists() -> None:
    given().when(GrantRole(person_id=BEN, granted_role=Role.LEAD)).then_refused(NOT_FOUND, "personId")


def test_a_role_is_revoked_once() -> None:
    revoke, revoked = RevokeRole(person_id=BEN, reason="left"), RoleRevoked(person_id=BEN, reason="left")
    given(person(BEN), granted(Role.LEAD, BEN)).when(revoke).then(revoked)
    given(person(BEN)).when(revoke).then_nothing()
    given(person(BEN), granted(Role.LEAD, BEN), revoked).when(revoke).then_nothing()


def test_a_revoked_role_can_be_granted_again() -> None:
    story = given(person(BEN), granted(Role.LEAD, BEN), RoleRevoked(person_id=BEN))
    story.when(GrantRole(person_id=BEN, granted_role=Role.LEAD)).then(granted(Role.LEAD, BEN))


def test_a_role_is_revoked_from_a_person_who_exists() -> None:
    given().when(RevokeRole(person_id=BEN)).then_refused(NOT_FOUND, "personId")


role_commands = st.one_of(
    st.builds(GrantRole, person_id=st.just(BEN), granted_role=st.sampled_from(Role)),
    st.just(RevokeRole(person_id=BEN)),
)


@for_all(st.lists(st.tuples(role_commands, role_commands), max_size=6))
def test_no_two_at_once_grant_or_revoke_what_is_so_already(pairs: list[tuple[Command, Command]]) -> None:
    ledger = BusyLedger(person(BEN))
    for first, second in pairs:
        ledger.interleave(first, second)
    roles, before = Roles(BEN), None
    for position, event in enumerate(ledger.events(), start=1):
        if roles.selects(event, event.tags()):
            roles.take(event, position)
            assert roles.role != before
            before = roles.role


def test_a_granted_role_is_called_role_outside() -> None:
    assert msgspec.convert({"personId": str(ANA), "role": "LEAD"}, GrantRole).granted_role is Role.LEAD
    assert GrantRole.role is IssueApiKey.role is Role.OWNER


def test_a_key_is_issued() -> None:
    given().when(issue()).then(key_issued())


def test_a_key_stands_for_a_person_who_exists_until_a_day_that_has_not_passed() -> None:
    event = ApiKeyIssued(
        api_key_id=KEY,
        name="robot",
        role=Role.MEMBER,
        scopes=(Scope.READ,),
        lookup="k1",
        digest=DIGEST,
        person_id=ANA,
        expires_on=TODAY,
    )
    given(person(ANA)).when(issue(person_id=ANA, expires_on=TODAY)).then(event)
    given().when(issue(person_id=ANA)).then_refused(NOT_FOUND, "personId")
    given().when(issue(expires_on=date(2022, 6, 14))).then_refused(INVALID, "expiresOn")


def test_an_id_stands_for_one_key() -> None:
    given(key_issued()).when(issue()).then_refused(ALREADY_EXISTS, "apiKeyId")


@pytest.mark.parametrize("own", list(Role))
@pytest.mark.parametrize("wished", list(Role))
def test_a_key_is_never_stronger_than_its_issuer(own: Role, wished: Role) -> None:
    stronger = list(Role).index(wished) < list(Role).index(own)
    with pytest.raises(Refused, match=NOT_ALLOWED.name) if stronger else nullcontext():
        MemoryLedger().execute(issue(wished), issued(role=own))


def test_a_key_is_revoked_once() -> None:
    revoke = RevokeApiKey(api_key_id=KEY, reason="Lost.")
    revoked = ApiKeyRevoked(api_key_id=KEY, reason="Lost.")
    given(key_issued()).when(revoke).then(revoked)
    given(key_issued(), revoked).when(revoke).then_nothing()
    given().when(revoke).then_refused(NOT_FOUND, "apiKeyId")


def test_the_secret_of_a_key_is_kept_only_as_its_digest() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {"apiKeyId": str(KEY), "name": "robot", "role": "MEMBER", "lookup": "k1", "digest": "secret"}, IssueApiKey
        )
