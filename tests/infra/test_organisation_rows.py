"""The organisation's own rows, as its commands leave them."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from domain.delegation import DelegateDuties
from domain.identities import LinkIdentity
from domain.organisation import GrantRole, RenameOrganisation, RevokeRole
from domain.outcomes import RollUp
from domain.people import FormTeam, RegisterPerson, RevisePerson, ReviseTeam
from domain.policy import SetPolicy
from domain.preferences import SetPreferences
from domain.values import Role
from infra.database import Database
from tests.infra.at_work import founded, projecting

SECONDS = 10


async def test_a_name_and_a_policy_are_told_as_of_then_and_now(database: Database) -> None:
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        await telling.tell(RenameOrganisation(name="Port"))
        done = await telling.tell(SetPolicy(green_from=Decimal("0.8"), default_roll_up=RollUp.BOTH))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    async with database.read.of(telling.organisation_id) as connection:
        told = await connection.fetch(
            "select name, green_from, at_risk_from, acknowledgement_days, focus_limit, small_number, default_roll_up"
            " from organisation order by since"
        )
    usual = (Decimal("0.7"), Decimal("-0.25"), 7, 5, 5, None)
    strict = (Decimal("0.8"), Decimal("-0.25"), 7, 5, 5, "BOTH")
    assert [tuple(row) for row in told] == [("Harbour", *usual), ("Port", *usual), ("Port", *strict)]


async def test_names_roles_duties_and_preferences_are_told_as_they_stand(database: Database) -> None:
    ben, crew = uuid4(), uuid4()
    begins, ends, later = date(2022, 7, 1), date(2022, 7, 14), date(2022, 7, 21)
    async with projecting(database) as (ledger, _, positions):
        telling = await founded(ledger)
        ana, tell = telling.person_id, telling.tell
        await tell(RegisterPerson(person_id=ben, name="Ben"))
        await tell(RevisePerson(person_id=ben, email="ben@example.org"))
        await tell(FormTeam(team_id=crew, name="Crew"))
        await tell(ReviseTeam(team_id=crew, name="Watch"))
        await tell(GrantRole(person_id=ben, granted_role=Role.LEAD))
        await tell(RevokeRole(person_id=ben))
        await tell(LinkIdentity(person_id=ben, issuer="https://sign-on.example", subject="ben"))
        for day in (ends, later):
            await tell(DelegateDuties(person_id=ana, delegate_id=ben, starts_on=begins, ends_on=day, reason="leave"))
        await tell(SetPreferences(language="de"))
        done = await tell(SetPreferences(digest_weekday=1, digest_hour=8))
        assert await positions.wait(telling.organisation_id, done.position, SECONDS)
    async with database.read.of(telling.organisation_id) as connection:
        people = await connection.fetch("select name, email from person where id = $1 order by since", ben)
        assert [tuple(row) for row in people] == [("Ben", None), ("Ben", "ben@example.org")]
        assert await connection.fetchval("select name from team where until is null") == "Watch"
        roles = await connection.fetch("select role, until - since from person_role")
        assert [tuple(row) for row in roles] == [("LEAD", 1)]
        delegations = await connection.fetch("select delegate_id, ends_on from delegation where until is null")
        assert [tuple(row) for row in delegations] == [(ben, later)]
        told = await connection.fetchrow("select id, digest_weekday, language from preferences where until is null")
        assert told is not None
        assert tuple(told) == (ana, 1, None)
