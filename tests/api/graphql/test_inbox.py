"""What waits for the viewer, and for whoever has delegated their duties to them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from api.graphql.types.inbox import SETTLED, DutyKind
from domain.commands import COMMANDS
from tests.api.graphql.conftest import Asker
from tests.api.graphql.rows import FIRST_DAY, id_of
from tests.api.graphql.sight import viewer

ASK = """
query ($on: Date!) {
  inbox(on: $on, first: 50) {
    nodes {
      kind due settledBy otherwise canSettle input { name value } person { id }
      task { id } outcome { id } checkIn { id } milestone { id } declinedWork { id }
    }
  }
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
    assert of(WHO, taken) == [one | {"canSettle": one["task"] is None} for one in theirs]
    assert of(DELEGATE, taken)
    assert len(taken) == len(of(WHO, taken)) + len(of(DELEGATE, taken))


async def test_a_delegation_ends_with_its_last_day_and_is_of_nobody_else(asker: Asker) -> None:
    assert of(WHO, await inbox(asker, DELEGATE, 15)) == []
    for person in (THIRD, None):
        assert of(WHO, await inbox(asker, person, 14)) == []


@pytest.mark.parametrize("kind", SETTLED)
def test_a_duty_names_a_command_and_all_that_it_has_to_be_told(kind: DutyKind) -> None:
    """Whatever else the command may be told may be left out."""
    settling = SETTLED[kind]
    fields = msgspec.structs.fields(COMMANDS[settling.command])
    needed = {one.encode_name for one in fields if one.required}
    known = {one.encode_name for one in fields}
    assert needed <= set(settling.input) <= known
    assert set(settling.otherwise) <= set(COMMANDS)


async def test_the_most_urgent_stands_first_and_of_one_day_what_others_wait_for(asker: Asker) -> None:
    ranks = {kind.value: nth for nth, kind in enumerate(DutyKind)}
    for who in (WHO, DELEGATE, THIRD):
        told = [(one["due"], ranks[one["kind"]]) for one in await inbox(asker, who, 70)]
        assert told == sorted(told) != []


async def test_a_delegate_is_told_which_of_them_they_can_settle(asker: Asker) -> None:
    taken = await inbox(asker, DELEGATE, 14)
    assert all(one["canSettle"] for one in of(DELEGATE, taken))
    assert all(one["canSettle"] is (one["task"] is None) for one in of(WHO, taken))


async def of_kind(asker: Asker, kind: str, about: str, days: int = 70) -> Mapping[int, set[str]]:
    """Person → what waits for them."""
    found: dict[int, set[str]] = {}
    for who in range(4):
        nodes = [one for one in await inbox(asker, who, days) if one["kind"] == kind]
        assert all(one["person"]["id"] == str(id_of("alpha", "person", who)) for one in nodes)
        assert all(one[about]["id"] in {part["value"] for part in one["input"]} for one in nodes)
        found[who] = {one[about]["id"] for one in nodes}
    return found


async def rows_of(writer: asyncpg.Connection, sql: str, days: int = 70) -> dict[int, set[str]]:
    """Person → ids, from the rows as they stand."""
    found = await writer.fetch(sql, id_of("alpha", "organisation", 0), FIRST_DAY + timedelta(days))
    return {
        who: {str(row["id"]) for row in found if row["person_id"] == id_of("alpha", "person", who)} for who in range(4)
    }


KINDS = {
    "CLEAR_BLOCK": (
        "task",
        "select k.id, k.promiser_id as person_id from read.task k join read.task_block b on b.task_id = k.id"
        " where k.organisation_id = $1 and k.until is null and k.state = 'COMMITTED' and b.act_by < $2",
    ),
    "DELIVER": (
        "task",
        "select k.id, k.promiser_id as person_id from read.task k where k.organisation_id = $1 and k.until is null"
        " and k.state = 'COMMITTED' and k.due_on < $2",
    ),
    "MILESTONE_PASSED": (
        "milestone",
        "select m.id, coalesce(m.owner_id, o.owner_id) as person_id from read.milestone m"
        " join read.outcome o on o.id = m.outcome_id and o.until is null and o.state in ('DRAFT', 'ACTIVE')"
        " where m.organisation_id = $1 and m.until is null and m.state = 'PLANNED' and m.due_on < $2",
    ),
    "RECONSIDER": (
        "declinedWork",
        "select c.id, coalesce(c.person_id, (select m.person_id from read.membership m where m.team_id = c.team_id"
        " and m.lead and m.until is null)) as person_id from read.declined_work c where c.organisation_id = $1"
        " and c.reconsidered_on is null and coalesce(c.until_on, (select y.ends_on from read.cycle y"
        " where y.id = c.cycle_id and y.until is null)) <= $2",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_each_has_what_is_theirs_to_do(asker: Asker, writer: asyncpg.Connection, kind: str) -> None:
    about, sql = KINDS[kind]
    days = 400 if kind == "RECONSIDER" else 70  # a cycle has to be over
    expected = await rows_of(writer, sql, days)
    assert await of_kind(asker, kind, about, days) == expected
    assert any(expected.values())


async def test_in_the_review_of_a_cycle_the_reviewer_has_its_outcomes_to_grade(
    asker: Asker, writer: asyncpg.Connection
) -> None:
    reviewed = "update read.outcome set reviewer_id = $2 where owner_id = $1 and until is null"
    owner, reviewer = (id_of("alpha", "person", who) for who in (WHO, THIRD))
    await writer.execute("update read.cycle set state = 'IN_REVIEW' where state = 'RUNNING' and until is null")
    await writer.execute(reviewed, owner, reviewer)
    try:
        expected = await rows_of(
            writer,
            "select o.id, coalesce(o.reviewer_id, o.owner_id) as person_id from read.outcome o join read.cycle y"
            " on y.id = o.cycle_id and y.until is null and y.state = 'IN_REVIEW' where o.organisation_id = $1"
            " and o.until is null and o.state in ('ACTIVE', 'PAUSED') and $2::date is not null",
        )
        assert await of_kind(asker, "GRADE", "outcome") == expected
        assert any(expected.values())
    finally:
        await writer.execute(reviewed, owner, None)
        await writer.execute("update read.cycle set state = 'RUNNING' where state = 'IN_REVIEW' and until is null")


async def test_r13_a_check_in_waits_from_the_day_it_is_due_and_not_before(asker: Asker) -> None:
    found = 0
    for who in (WHO, DELEGATE, THIRD):
        for day in range(75):
            waiting = [one["due"] for one in await inbox(asker, who, day) if one["kind"] == "CHECK_IN_DUE"]
            assert all(due <= (FIRST_DAY + timedelta(day)).isoformat() for due in waiting)
            found += len(waiting)
    assert found


async def test_r6_a_delivery_waits_for_the_beneficiary_and_for_who_asked(
    asker: Asker, writer: asyncpg.Connection
) -> None:
    task, beneficiary, requester = id_of("alpha", "task", 2), 0, 1
    change = "update read.task set requester_id = $2 where id = $1 and until is null"
    before = await of_kind(asker, "ACCEPT_DELIVERY", "task")
    await writer.execute(change, task, id_of("alpha", "person", requester))
    try:
        found = await of_kind(asker, "ACCEPT_DELIVERY", "task")
        assert str(task) in found[beneficiary]
        assert str(task) in found[requester]
        assert not any(str(task) in before[who] for who in (requester, 2, 3))
        (due,) = [one["due"] for one in await inbox(asker, requester, 70) if one["task"] == {"id": str(task)}]
        assert due == (FIRST_DAY + timedelta(32 + 7)).isoformat()
    finally:
        await writer.execute(change, task, None)


GONE = {  # of a fact, who it went to: of an overdue promise the last step, and none of one that has another due date
    0: {
        ("DUE_PASSED", 9),
        ("ACCEPTANCE_PASSED", 3),
        ("BLOCK_AGED", 3),
        ("CHECK_IN_MISSED", 3),
        ("ACKNOWLEDGEMENT_PASSED", 3),
    },
    1: {("DUE_PASSED", 9), ("CHECK_IN_MISSED", 3)},
    2: {("ACKNOWLEDGEMENT_PASSED", 3)},
    3: {("ACCEPTANCE_PASSED", 3)},
}


RULES = """query ($on: Date!, $asOf: AsOf) {
  inbox(on: $on, asOf: $asOf, first: 50) { nodes { kind rule { fact days } } }
}"""


async def gone_further(asker: Asker, person: int, days: int = 70, **moment: Any) -> set[tuple[str, int]]:
    asker.viewer = viewer(person)
    nodes = (await asker.data(RULES, on=(FIRST_DAY + timedelta(days)).isoformat(), **moment))["inbox"]["nodes"]
    assert all((one["rule"] is None) is (one["kind"] != "ESCALATED") for one in nodes)
    return {(one["rule"]["fact"], one["rule"]["days"]) for one in nodes if one["rule"]}


async def test_what_has_gone_further_stands_with_its_last_step_in_the_inbox_of_those_it_went_to(asker: Asker) -> None:
    assert {who: await gone_further(asker, who) for who in range(4)} == GONE
    before = {"position": 51}
    assert await gone_further(asker, 0, asOf=before) == {("DUE_PASSED", 9)}, "the others were not recorded yet"
    assert await gone_further(asker, 0, 44) == {("DUE_PASSED", 3)}, "on the day on which it came to the first step"


async def test_what_is_over_is_in_nobodys_inbox(asker: Asker, writer: asyncpg.Connection) -> None:
    change = "update read.task set state = $2 where id = $1 and until is null"
    task = id_of("alpha", "task", 1)
    await writer.execute(change, task, "KEPT")
    try:
        assert await gone_further(asker, 0) == GONE[0] - {("DUE_PASSED", 9)}
    finally:
        await writer.execute(change, task, "COMMITTED")
