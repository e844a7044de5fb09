"""The bakery: every line is one that the domain accepts, and what a reader may look for is there."""

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from functools import cache

from domain.commands import COMMANDS
from domain.values import Role
from examples.demo.commands import lines
from examples.demo.story import NAMESPACE, entity
from examples.lines import Line
from tests.examples.replay import Replay

TODAY = date(2026, 3, 30)  # in Britain, the day after the clocks went forward
ENDS = {
    "task.requested": "REQUESTED",
    "task.committed": "COMMITTED",
    "task.accepted": "COMMITTED",
    "task.delivered": "DELIVERED",
    "task.delivery-accepted": "KEPT",
    "task.delivery-returned": "COMMITTED",
    "task.declined": "DECLINED",
    "task.request-withdrawn": "WITHDRAWN",
    "task.broken": "BROKEN",
}


@cache
def told() -> tuple[Line, ...]:
    return tuple(lines(TODAY))


@cache
def replay() -> Replay:
    return Replay(told())


def of(command: str) -> list[Line]:
    return [line for line in told() if line["command"] == command]


def stored_by_task() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for event in replay().events:
        if event.stored_type().startswith("task."):
            found[str(event.as_dict()["task_id"])].append(event.stored_type())
    return found


def test_every_line_is_accepted_by_the_domain() -> None:
    assert len(replay().events) >= len(told())


def test_the_organisation_comes_first_and_its_people_before_anybody_acts() -> None:
    assert told()[0]["command"] == "found-organisation"
    assert told()[0]["input"]["organisationId"] == str(NAMESPACE)
    known: set[str] = set()
    for line in told():
        if line["command"] == "register-person":
            known.add(f"person:{line['input']['personId']}")
        assert "by" not in line or line["by"] in known


def test_ids_and_keys_are_the_same_on_another_day() -> None:
    later = list(lines(date(2027, 11, 2)))
    assert [line["key"] for line in told()] == [line["key"] for line in later]
    assert len({line["key"] for line in told()}) == len(told())
    ids = [{name: value for name, value in line["input"].items() if name.endswith("Id")} for line in told()]
    assert ids == [{name: value for name, value in line["input"].items() if name.endswith("Id")} for line in later]


def test_nothing_lies_in_the_future_and_all_stands_in_its_order() -> None:
    moments = [datetime.fromisoformat(line["occurredAt"]) for line in told() if "occurredAt" in line]
    assert len(moments) == len(told())
    assert moments == sorted(moments)
    assert moments[-1] < datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)


def test_one_day_tells_one_story() -> None:
    assert list(lines(TODAY)) == list(told())


def test_tasks_are_in_every_state() -> None:
    last = [[ENDS[kind] for kind in kinds if kind in ENDS][-1] for kinds in stored_by_task().values()]
    assert set(last) == set(ENDS.values())


def test_tasks_show_every_turn_that_a_promise_can_take() -> None:
    by_task = stored_by_task()
    once = Counter(kind for kinds in by_task.values() for kind in set(kinds))
    assert all(once[kind] for kind in ("task.terms-proposed", "task.terms-agreed", "task.terms-refused"))
    proposed = [kinds for kinds in by_task.values() if kinds[-1] == "task.terms-proposed"]
    assert len(proposed) == 1, "one task has terms that wait for consent"
    assert by_task[entity("task", "recipe")].count("task.terms-agreed") == 2
    assert by_task[entity("task", "ledger")][-2:] == ["task.terms-proposed", "task.terms-agreed"]
    assert by_task[entity("task", "permit")][-2:] == ["task.delivered", "task.delivery-accepted"]
    assert by_task[entity("task", "order")][-1] == "task.delivery-returned"
    assert any(line["input"].get("servesNothing") for line in of("commit-task"))
    due = {str(line["input"]["taskId"]): str(line["input"]["dueOn"]) for line in of("request-task")}
    assert due[entity("task", "seal")] < str(TODAY)
    assert by_task[entity("task", "seal")] == ["task.requested", "task.accepted"], "committed, and overdue"


def test_milestones_are_planned_moved_reached_in_time_and_late() -> None:
    late = [event.as_dict()["days_late"] for event in replay().of("milestone.reached")]
    assert any(days > 0 for days in late)
    assert any(days <= 0 for days in late)
    assert len(replay().of("milestone.moved")) == 1
    due = {str(line["input"]["milestoneId"]): str(line["input"]["dueOn"]) for line in of("set-milestone")}
    marked = {str(line["input"]["milestoneId"]) for line in of("mark-milestone")}
    waiting = [day for one, day in due.items() if one not in marked]
    assert min(waiting) < str(TODAY) < max(waiting)


def test_measures_point_in_every_direction_and_readings_come_late_and_corrected() -> None:
    assert {str(line["input"]["direction"]) for line in of("set-measure")} == {
        "INCREASE",
        "DECREASE",
        "KEEP_ABOVE",
        "KEEP_BELOW",
        "KEEP_WITHIN",
        "YES_NO",
        "CHECKLIST",
        "ORDINAL",
    }
    late = [line for line in of("take-reading") if line.get("occurredAt", "")[:10] > str(line["input"]["takenOn"])]
    assert len(late) == 2
    assert len(of("correct-reading")) == len(of("revise-measure")) == 1


def test_outcomes_align_in_three_levels_and_one_serves_nothing_and_one_is_a_draft() -> None:
    ends = {
        str(line["input"]["outcomeId"]): line["input"] for line in of("align-outcome") if "higherId" in line["input"]
    }
    assert ends[entity("outcome", "ovens")]["higherId"] == entity("outcome", "doors")
    assert ends[entity("outcome", "doors")]["higherId"] == entity("outcome", "weekly")
    all_set = {str(line["input"]["outcomeId"]) for line in of("set-outcome")}
    aligned = {str(line["input"]["outcomeId"]) for line in of("align-outcome")}
    active = {str(line["input"]["outcomeId"]) for line in of("activate-outcome")}
    assert all_set - aligned == {entity("outcome", "stall"), entity("outcome", "quay")}
    assert all_set - active == {entity("outcome", "quay")}


def test_what_only_a_person_may_do_is_done_by_one() -> None:
    theirs = re.compile(r"task|terms|delivery|request|commitment|milestone|check-in")
    assert [line["key"] for line in told() if theirs.search(line["command"]) and "by" not in line] == []


def test_nobody_does_what_their_role_does_not_reach() -> None:
    granted = {f"person:{line['input']['personId']}": Role(str(line["input"]["role"])) for line in of("grant-role")}
    acting = [(granted[line["by"]], COMMANDS[line["command"]].role, line["key"]) for line in told() if "by" in line]
    assert [key for role, needed, key in acting if not role.reaches(needed)] == []


def test_every_line_changes_something() -> None:
    assert replay().silent == []
