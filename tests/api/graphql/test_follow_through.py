"""Who is told how promises were kept (R15), and that the trend is the same question of other windows."""

from typing import Any

import asyncpg

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import Rows, id_of
from tests.api.graphql.sight import viewer

ASK = """
query ($person: ID, $team: ID, $from: Date!, $to: Date!) {
  followThrough(person: $person, team: $team, from: $from, to: $to, on: "2023-03-01") {
    person { id } team { id } window { ...figures } trend(windows: 3) { ...figures }
    misses { miss agreedOn daysLate promiser { id } task { id } }
  }
}
fragment figures on PromisesKept { startsOn endsOn promises counted kept late overdue broken unanswered rate }
"""
LEADER, MEMBER = 0, 2  # the first leads the team of the second
WINDOW = {"from": "2023-01-30", "to": "2023-02-08"}


def of(kind: str, nth: int) -> str:
    return str(id_of("alpha", kind, nth))


async def asked(asker: Asker, who: int | None, **what: Any) -> Any:
    asker.viewer = viewer(who)
    return (await asker.data(ASK, **(WINDOW | what)))["followThrough"]


async def test_r15_a_persons_is_for_them_and_their_leads(asker: Asker) -> None:
    own = await asked(asker, MEMBER, person=of("person", MEMBER))
    assert own == await asked(asker, LEADER, person=of("person", MEMBER))
    assert own["person"] == {"id": of("person", MEMBER)}
    assert own["window"]["promises"] > 0
    for who in (1, 3, None):
        assert await asked(asker, who, person=of("person", MEMBER)) is None
    assert await asked(asker, MEMBER, person=of("person", LEADER)) is None


async def test_r15_a_small_teams_is_for_its_leads_and_a_larger_ones_for_all(
    asker: Asker, writer: asyncpg.Connection
) -> None:
    team = of("team", 0)
    theirs = await asked(asker, LEADER, team=team)
    assert theirs["window"]["promises"] - theirs["window"]["kept"] == len(theirs["misses"]) > 0
    for who in (MEMBER, 1, None):
        assert await asked(asker, who, team=team) is None
    rows = Rows(writer, "alpha")
    more = [rows.of("membership", f"more {nth}") for nth in (9, 8, 7)]  # people who have promised nothing
    for nth, one in enumerate(more):
        person_id = rows.of("person", 9 - nth)
        await rows.add("membership", one, 49, team_id=rows.of("team", 4), person_id=person_id, lead=False)
    try:
        for who in (MEMBER, 1, None):
            told = await asked(asker, who, team=team)
            assert told["window"] == theirs["window"]
            mine = [one for one in theirs["misses"] if who and one["promiser"]["id"] == of("person", who)]
            assert told["misses"] == mine
    finally:
        await writer.execute("delete from read.membership where id = any($1)", more)


async def test_a_trend_is_the_same_question_of_the_windows_before(asker: Asker) -> None:
    told = await asked(asker, LEADER, team=of("team", 0), **{"from": "2023-02-02", "to": "2023-02-03"})
    assert [one["startsOn"] for one in told["trend"]] == ["2023-01-29", "2023-01-31", "2023-02-02"]
    for one in told["trend"]:
        window = {"from": one["startsOn"], "to": one["endsOn"]}
        assert one == (await asked(asker, LEADER, team=of("team", 0), **window))["window"]
    assert told["trend"][1]["promises"] != told["trend"][0]["promises"]


async def test_fewer_than_five_are_told_as_counts(asker: Asker) -> None:
    few = await asked(asker, LEADER, person=of("person", MEMBER))
    assert few["window"]["counted"] < 5
    assert few["window"]["rate"] is None
    many = await asked(asker, LEADER, team=of("team", 0))
    assert many["window"]["counted"] >= 5
    assert many["window"]["rate"] == many["window"]["kept"] / many["window"]["counted"]
