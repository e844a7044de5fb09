"""What waits for the viewer, and for whoever has delegated their duties to them."""

from datetime import timedelta
from typing import Any

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import FIRST_DAY, id_of
from tests.api.graphql.sight import viewer

ASK = """
query ($on: Date!) {
  inbox(on: $on, first: 50) { nodes { kind due settledBy person { id } task { id } outcome { id } checkIn { id } } }
}
"""
WHO, DELEGATE, THIRD = 0, 1, 2  # the first has delegated for a fortnight from the first day on


async def inbox(asker: Asker, person: int | None, days: int) -> list[Any]:
    asker.viewer = viewer(person)
    return (await asker.data(ASK, on=(FIRST_DAY + timedelta(days)).isoformat()))["inbox"]["nodes"]


def of(person: int, nodes: list[Any]) -> list[Any]:
    return [one for one in nodes if one["person"]["id"] == str(id_of("alpha", "person", person))]


async def test_a_delegate_has_the_duties_that_were_delegated_beside_their_own(asker: Asker) -> None:
    theirs = await inbox(asker, WHO, 14)
    assert theirs == of(WHO, theirs) != []
    taken = await inbox(asker, DELEGATE, 14)
    assert of(WHO, taken) == theirs
    assert of(DELEGATE, taken)
    assert len(taken) == len(of(WHO, taken)) + len(of(DELEGATE, taken))


async def test_a_delegation_ends_with_its_last_day_and_is_of_nobody_else(asker: Asker) -> None:
    assert of(WHO, await inbox(asker, DELEGATE, 15)) == []
    for person in (THIRD, None):
        assert of(WHO, await inbox(asker, person, 14)) == []
