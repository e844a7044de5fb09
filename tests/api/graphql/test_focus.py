"""What a team or a person works on, whatever the cycle stands at."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import asyncpg
from hypothesis import given
from hypothesis import strategies as st

from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import FIRST_DAY, Rows, id_of

HEAD = 1_000

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


@dataclass(frozen=True)
class Worked:
    """An outcome: its rank, whose it is, what it stands at, and (effort, state) of the tasks that serve it."""

    rank: int | None
    holder: str
    state: str
    tasks: tuple[tuple[int | None, str], ...]


tasks = st.tuples(st.none() | st.integers(0, 5), st.sampled_from(["COMMITTED", "COMMITTED", "KEPT"]))
outcomes = st.builds(
    Worked,
    rank=st.none() | st.integers(1, 5),
    holder=st.sampled_from(["team", "team", "person", "other"]),
    state=st.sampled_from(["ACTIVE", "ACTIVE", "PAUSED"]),
    tasks=st.lists(tasks, max_size=3).map(tuple),
)


def share(world: list[Worked], holder: str) -> Fraction | None:
    """Plainly, by the words of the field."""
    active = [one for one in world if one.holder == holder and one.state == "ACTIVE"]
    open_ = [(effort, one.rank) for one in active for effort, state in one.tasks if state == "COMMITTED"]
    if not open_ or all(one.rank is None for one in active):
        return None
    stated = sum(effort or 0 for effort, _ in open_)
    weights = [(Fraction(effort or 0) if stated else Fraction(1), rank) for effort, rank in open_]
    top = sum((weight for weight, rank in weights if rank is not None and rank <= 3), Fraction(0))
    return top / sum((weight for weight, _ in weights), Fraction(0))


async def put(rows: Rows, world: list[Worked]) -> None:
    for nth, one in enumerate(world):
        outcome_id = rows.of("outcome", nth)
        await rows.add(
            "outcome", outcome_id, 1, title="Better", cycle_id=rows.of("cycle", 0), state=one.state, rank=one.rank,
            team_id=None if one.holder == "person" else rows.of("team", 0 if one.holder == "team" else 1),
            owner_id=rows.of("person", 0), ambition="COMMITTED",
        )  # fmt: skip
        for which, (effort, state) in enumerate(one.tasks):
            await rows.add(
                "task", rows.of("task", f"{nth}.{which}"), 1, title="Do it", due_on=FIRST_DAY, first_due_on=FIRST_DAY,
                effort=None if effort is None else Decimal(effort), state=state, promiser_id=rows.of("person", 0),
                beneficiary_id=rows.of("person", 0), outcome_id=outcome_id, returns=0, renegotiations=0,
            )  # fmt: skip


@given(world=st.lists(outcomes, max_size=6))
async def test_the_share_of_the_top_ranks_is_that_of_a_plain_count(
    writer: asyncpg.Connection, world: list[Worked]
) -> None:
    rows = Rows(writer, "gamma")
    transaction = writer.transaction()
    await transaction.start()
    try:
        await put(rows, world)
        await writer.execute("set local search_path to read")
        for holder, team, person in (("team", rows.of("team", 0), None), ("person", None, rows.of("person", 0))):
            told = await writer.fetchval(
                "select focus_share($1, $2, $3, $4, $5)", rows.id, team, person, rows.of("cycle", 0), HEAD
            )
            wanted = share(world, holder)
            assert (told is None) == (wanted is None)
            assert told is None or abs(told - float(wanted or 0)) < 1e-12
    finally:
        await transaction.rollback()
