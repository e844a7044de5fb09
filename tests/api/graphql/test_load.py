"""Who is told how much people have to do (R15)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import asyncpg

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import FIRST_DAY, Rows, id_of
from tests.api.graphql.sight import viewer

ASK = """
query ($person: ID, $team: ID) {
  load(person: $person, team: $team, on: "2023-01-28") {
    person { id } team { id } people withoutCapacity capacity promised measured promises ratio overloaded
    each { person { id } promised capacity } because { promiser { id } effort promised task { id } }
  }
}
"""
LEADER, MEMBER = 0, 2  # the first leads the team of the second
TEAM = 0
RECKONED = ("capacity", "measured", "ratio", "overloaded")


def of(kind: str, nth: int) -> str:
    return str(id_of("alpha", kind, nth))


async def asked(asker: Asker, who: int | None, **what: Any) -> Any:
    asker.viewer = viewer(who)
    return (await asker.data(ASK, **what))["load"]


@asynccontextmanager
async def grown(writer: asyncpg.Connection, stated: int) -> AsyncGenerator[None]:
    """Eight more in the team, who have promised nothing, and of whom so many stated their capacity."""
    rows = Rows(writer, "alpha")
    people = [rows.of("person", f"more {nth}") for nth in range(8)]
    for nth, person_id in enumerate(people):
        await rows.add("membership", person_id, 49, team_id=rows.of("team", 4), person_id=person_id, lead=False)
        if nth < stated:
            await rows.add(
                "capacity", person_id, 49, person_id=person_id, effective_on=FIRST_DAY, per_week=Decimal(5),
                unit="POINTS", reason=None,
            )  # fmt: skip
    try:
        yield
    finally:
        for table in ("membership", "capacity"):
            await writer.execute(f"delete from read.{table} where id = any($1)", people)


async def test_r15_a_persons_is_for_them_and_their_leads(asker: Asker) -> None:
    own = await asked(asker, MEMBER, person=of("person", MEMBER))
    assert own == await asked(asker, LEADER, person=of("person", MEMBER))
    assert own["person"] == {"id": of("person", MEMBER)}
    assert own["promises"] == len([one for one in own["because"] if one["promised"]]) > 0
    assert float(own["promised"]) == sum(float(one["effort"] or 0) for one in own["because"] if one["promised"]) > 0
    assert own["each"] == [{"person": own["person"], "promised": own["promised"], "capacity": own["capacity"]}]
    for who in (1, 3, None):
        assert await asked(asker, who, person=of("person", MEMBER)) is None
    assert await asked(asker, MEMBER, person=of("person", LEADER)) is None


async def test_r15_a_small_teams_is_for_its_leads(asker: Asker) -> None:
    theirs = await asked(asker, LEADER, team=of("team", TEAM))
    assert {one["person"]["id"] for one in theirs["each"]} == {of("person", LEADER), of("person", MEMBER)}
    assert float(theirs["promised"]) == sum(float(one["promised"]) for one in theirs["each"])
    for who in (MEMBER, 1, None):
        assert await asked(asker, who, team=of("team", TEAM)) is None


async def test_r15_a_larger_teams_is_a_sum_for_others_with_nobody_in_it(
    asker: Asker, writer: asyncpg.Connection
) -> None:
    async with grown(writer, stated=8):
        theirs = await asked(asker, LEADER, team=of("team", TEAM))
        assert (theirs["people"], theirs["withoutCapacity"]) == (10, 0)
        for who in (MEMBER, 1, None):
            told = await asked(asker, who, team=of("team", TEAM))
            mine = [one for one in theirs["because"] if who == MEMBER and one["promiser"]["id"] == of("person", who)]
            assert told.pop("because") == mine
            assert [one["person"]["id"] for one in told.pop("each")] == ([of("person", who)] if who == MEMBER else [])
            assert told == {name: value for name, value in theirs.items() if name not in {"because", "each"}}


async def test_r15_what_is_of_fewer_than_five_alone_is_told_to_leads_only(
    asker: Asker, writer: asyncpg.Connection
) -> None:
    for stated, told in ((2, False), (3, True), (5, False), (8, True)):  # two more stated theirs, of ten
        async with grown(writer, stated=stated):
            theirs = await asked(asker, LEADER, team=of("team", TEAM))
            others = await asked(asker, 1, team=of("team", TEAM))
            assert [theirs[name] for name in RECKONED].count(None) == 0
            expected = [theirs[name] if told else None for name in RECKONED]
            assert [others[name] for name in RECKONED] == expected
            assert others["promised"] == theirs["promised"]
