"""The organisation's own rows, as its commands leave them."""

from decimal import Decimal

from domain.organisation import RenameOrganisation
from domain.outcomes import RollUp
from domain.policy import SetPolicy
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
