"""What another process has hidden is not reached, though nobody here has read that it is (R15)."""

from uuid import UUID, uuid4

import msgspec
import pytest

from domain.checkins import CheckIn
from domain.codes import NOT_FOUND
from domain.kernel import Refused
from domain.outcomes import SetOutcome
from domain.values import Role
from domain.visibility import SetVisibility, Visibility
from infra.database import Database
from infra.ledger import Ledger
from infra.sequencer import Accepted
from infra.telemetry import REGISTRY
from tests.infra.at_work import Telling, founded


async def said(telling: Telling, outcome_id: UUID) -> Accepted:
    """By a member who owns and leads nothing."""
    by = msgspec.structs.replace(telling.issued(by=uuid4()), role=Role.MEMBER)
    return await telling.ledger.execute(CheckIn(check_in_id=uuid4(), outcome_id=outcome_id, next="Go on"), by)


@pytest.mark.parametrize("warm", [False, True])
async def test_r15_who_sees_an_outcome_is_presumed_and_looked_at_by_the_append(database: Database, warm: bool) -> None:
    telling = await founded(Ledger(database))
    other = Telling(Ledger(database), telling.organisation_id, telling.person_id)
    outcome_id = uuid4()
    await telling.tell(SetOutcome(outcome_id=outcome_id, title="Bread"))
    if warm:
        assert await said(other, outcome_id)
    hidden = await telling.tell(SetVisibility(outcome_id=outcome_id, visibility=Visibility.OWNER_AND_LEADS))
    with pytest.raises(Refused) as refusal:
        await said(other, outcome_id)
    assert refusal.value.code == NOT_FOUND
    again = await telling.tell(SetVisibility(outcome_id=outcome_id, visibility=Visibility.ORGANISATION))
    assert again.position == hidden.position + 1  # nothing in between
    assert (await said(other, outcome_id)).position == again.position + 1


async def test_r15_where_nothing_is_restricted_who_sees_it_is_never_read(database: Database) -> None:
    telling = await founded(Ledger(database))
    outcome_id = uuid4()
    await telling.tell(SetOutcome(outcome_id=outcome_id, title="Bread"))
    await telling.tell(CheckIn(check_in_id=uuid4(), outcome_id=outcome_id, next="Go on"))  # by one who sees all
    read = REGISTRY.get_sample_value("headway_folds_total", {"source": "read"})
    assert read is not None
    await said(telling, outcome_id)
    assert REGISTRY.get_sample_value("headway_folds_total", {"source": "read"}) == read
