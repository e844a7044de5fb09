"""What a team or a person works on, whatever the cycle stands at."""

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import id_of

ASK = """
query ($team: ID, $person: ID, $cycle: ID) {
  focus(team: $team, person: $person, cycle: $cycle) { cycle { id state } activeCount active { id } limit }
}
"""


async def test_the_focus_of_a_planned_cycle_is_told_where_it_is_named(asker: Asker) -> None:
    running, planned = (str(id_of("alpha", "cycle", nth)) for nth in (0, 1))
    person = str(id_of("alpha", "person", 3))
    (focus,) = (await asker.data(ASK, person=person, cycle=planned))["focus"]
    assert focus["cycle"] == {"id": planned, "state": "PLANNED"}
    assert focus["activeCount"] == len(focus["active"]) > 0
    (now,) = (await asker.data(ASK, person=person))["focus"]
    assert now["cycle"] == {"id": running, "state": "RUNNING"}
    assert (await asker.data(ASK, team=str(id_of("alpha", "team", 0)), cycle=planned))["focus"][0]["limit"] == 5
    assert (await asker.data(ASK, person=person, cycle=person))["focus"] == []
