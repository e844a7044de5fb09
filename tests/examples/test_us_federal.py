"""The federal goals: every row of the source is accounted for, and every line is one that the domain accepts."""

import hashlib
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from functools import cache

import msgspec
import pytest

from domain.commands import COMMANDS
from examples.lines import Line
from examples.us_federal.commands import PRIORITY_GOAL, QUARTER_ENDS, ZONE, account, entity, joint_twin, lines
from examples.us_federal.indicators import indicators, terms
from examples.us_federal.report import Report
from examples.us_federal.source import Goal, Row, Source, read
from tests.examples.replay import Replay

LONGEST_TITLE, LONGEST_TEXT = 300, 10_000


@cache
def told() -> tuple[Report, tuple[Line, ...]]:
    reports: list[Report] = []
    found = tuple(lines(reports.append))
    return reports[0], found


def of(command: str) -> list[Line]:
    return [line for line in told()[1] if line["command"] == command]


def test_every_line_is_accepted_by_the_domain() -> None:
    replay = Replay(told()[1])
    assert replay.silent == []
    assert len(replay.of("reading.taken")) == told()[0].counts["rows", "a reading was taken"]
    assert len(replay.of("outcome.activated")) == told()[0].counts["priority goals: their state", "active"]


def test_every_line_is_a_command_with_a_key_of_its_own_and_a_moment() -> None:
    keys = Counter(line["key"] for line in told()[1])
    assert [key for key, n in keys.items() if n > 1] == []
    assert {line["command"] for line in told()[1]} <= COMMANDS.keys()
    assert told()[1][0]["command"] == "found-organisation"
    assert all("by" not in line for line in told()[1])


def test_two_runs_write_the_same_bytes() -> None:
    once, again = (hashlib.sha256(msgspec.json.encode(list(lines()))).hexdigest() for _ in range(2))
    assert once == again


def test_lines_stand_in_the_order_of_what_happened_at_the_close_of_its_day() -> None:
    moments = [datetime.fromisoformat(line["occurredAt"]) for line in told()[1] if "occurredAt" in line]
    assert len(moments) == len(told()[1])
    assert moments == sorted(moments)
    assert {moment.astimezone(ZONE).hour for moment in moments} == {17}
    days = {moment.astimezone(ZONE).date() for moment in moments}
    assert days == {date(2021, 10, 1), *QUARTER_ENDS.values()}


def test_every_goal_and_every_row_of_the_source_is_accounted_for() -> None:
    source, report = read(), told()[0]
    assert report.section("goals") == {PRIORITY_GOAL: 90, "strategic-objective": 351, "management-agenda": 19}
    assert report.total("goals") == len(source.goals) == 460
    assert report.total("rows") == len(source.indicators) == 756
    for field in ("start", "target", "current"):
        assert report.total(f"rows: {field}") == len(source.indicators)
    assert report.counts["rows: current", "a number"] == sum(
        n for what, n in report.section("rows").items() if "without a figure" not in what
    )
    for section in ("their cycle", "what they serve", "their state", "stated status"):
        assert report.total(f"priority goals: {section}") == 90
    assert report.total("indicators became measures") == len(of("set-measure")) == report.total("names of measures")
    assert report.total("check-ins: their day") == len(of("check-in"))
    assert report.section("lines") == dict(Counter(line["command"] for line in told()[1]))


def test_every_word_of_the_source_is_kept() -> None:
    texts = "\n".join(
        str(line["input"].get(name, "")) for line in told()[1] for name in ("title", "name", "description")
    )
    source = read()
    assert [goal.id for goal in source.goals if goal.description not in texts] == []
    assert [goal.id for goal in source.goals if goal.kind == PRIORITY_GOAL and goal.name not in texts] == []
    assert [goal.agency for goal in source.goals if goal.agency_name not in texts] == []
    assert [goal.id for goal in source.goals if goal.tags and ", ".join(goal.tags) not in texts] == []
    assert [row.goal_id for row in source.indicators if row.target_statement not in texts] == []
    assert [row.indicator for row in source.indicators if row.indicator not in texts] == []


def test_texts_and_figures_keep_the_limits_of_the_domain() -> None:
    for line in told()[1]:
        assert len(str(line["input"].get("title", ""))) <= LONGEST_TITLE
        assert all(len(text) <= LONGEST_TEXT for text in line["input"].values() if isinstance(text, str))


def test_figures_are_read_as_they_stand_and_dated_at_the_end_of_their_quarter() -> None:
    taken = Counter(
        (str(line["input"]["takenOn"]), Decimal(str(line["input"]["value"]))) for line in of("take-reading")
    )
    given = Counter(
        (str(QUARTER_ENDS[row.fiscal_quarter]), Decimal(row.current)) for row in read().indicators if row.current
    )
    assert sum((given - taken).values()) == told()[0].counts["rows", "a repetition of the same figure"]
    assert not taken - given


def test_the_agencies_with_more_than_five_active_goals_have_room_for_them() -> None:
    limits = {str(line["input"]["teamId"]): line["input"]["limit"] for line in of("set-focus-limit")}
    active = {str(line["input"]["outcomeId"]) for line in of("activate-outcome")}
    teams = Counter(
        str(line["input"]["teamId"]) for line in of("set-outcome") if str(line["input"]["outcomeId"]) in active
    )
    assert {team: n for team, n in teams.items() if n > 5} == limits


def test_a_joint_goal_without_indicators_is_served_by_the_one_that_reports() -> None:
    ends = {(str(line["input"]["outcomeId"]), str(line["input"]["higherId"])) for line in of("align-outcome")}
    assert (entity("outcome", "006APG2201"), entity("outcome", "005APG2203")) in ends
    assert (entity("outcome", "014APG2202"), entity("outcome", "184APG2205")) in ends
    assert len(ends) == 5
    goals = [goal for goal in read().goals if goal.kind == PRIORITY_GOAL]
    lonely = msgspec.structs.replace(goals[0], joint_with="999")
    assert joint_twin(lonely, goals) is None


def row(quarter: int = 1, **changed: str) -> Row:
    stated = {
        "indicator": "Miles",
        "indicator_type": "Measurable increase",
        "start": "0",
        "target": "10",
        "current": "1",
    }
    return Row(goal_id="G1", fiscal_year=2022, fiscal_quarter=quarter, target_statement="Go on.", **(stated | changed))


def run(*rows: Row) -> tuple[Report, list[Line]]:
    goal = Goal("G1", PRIORITY_GOAL, "A", "Agency", "", "", "Walk", "Walk far.", "Blocked", "2022", "2023", "", [], 1)
    source = Source("Nowhere", [goal], list(rows))
    report = account(source)
    assert report.total("rows") == len(rows)
    return report, list(lines(source=source))


def test_a_target_that_changed_between_quarters_is_revised_from_the_first_day_of_the_later_one() -> None:
    report, found = run(row(), row(2, target="20"), row(3, target="20"), row(4, target=""))
    (revised,) = [line for line in found if line["command"] == "revise-measure"]
    assert revised["input"]["effectiveOn"] == "2022-01-01"
    assert revised["input"]["target"] == "20"
    assert "baseline" not in revised["input"]
    assert report.counts["terms", "revised between quarters"] == 1
    Replay(found)


def test_terms_that_would_contradict_each_other_revise_nothing_and_are_counted() -> None:
    report, found = run(row(), row(2, start="10"), row(3, start="20", target="15"))
    assert report.section("terms") == {
        "not revised: target equals start": 1,
        "not revised: target lies against the direction": 1,
    }
    Replay(found)


def test_rows_side_by_side_with_other_terms_are_measures_of_their_own() -> None:
    found = indicators([row(), row(target="20"), row(2), row(2, target="20")], Report())
    assert [one.title for one in found] == ["Miles (target 10)", "Miles (target 20)"]
    assert all(len(one.rows) == 2 for one in found)


def test_rows_that_differ_in_white_space_and_case_are_one_measure() -> None:
    (one,) = indicators([row(), row(2, indicator=" miles ")], Report())
    assert len(one.rows) == 2


def test_what_is_no_number_is_kept_as_the_text_of_a_check_in() -> None:
    report, found = run(row(current="about a third"), row(2, current="2"), row(2, current="3"), row(3), row(3))
    said = [str(line["input"]["moved"]) for line in found if line["command"] == "check-in"]
    assert said == ["Miles: about a third", "Miles: 3", "Status as published: Blocked."]
    assert report.counts["rows", "a repetition of the same figure"] == 1
    Replay(found)


@pytest.mark.parametrize(
    ("kind", "start", "target", "kept"),
    [
        ("Measurable increase", "5", "5", {"baseline": "5"}),
        ("Measurable increase", "5", "4", {"baseline": "5"}),
        ("Measurable decrease", "4", "5", {"baseline": "4"}),
        ("Measurable decrease", "5", "-2", {"baseline": "5", "target": "-2"}),
        ("Maintain at or above threshold", "86", "80", {"baseline": "86", "lower": "80"}),
        ("Maintain at or below threshold", "0.2", "1", {"baseline": "0.2", "upper": "1"}),
        ("Target undefined", "", "90", {"target": "90"}),
        ("Target undefined", "26.3", "", {"baseline": "26.3"}),
        ("Complete milestone", "0", "1", {"baseline": "0", "target": "1"}),
        ("Measurable increase", "some", "1e9", {}),
    ],
)
def test_terms_are_what_the_source_states(kind: str, start: str, target: str, kept: dict[str, str]) -> None:
    assert terms(row(indicator_type=kind, start=start, target=target)).fields() == kept


def test_a_target_that_tells_no_progress_or_is_no_number_is_kept_in_words_and_counted() -> None:
    report, found = run(row(target="-1"), row(indicator="Feet", start="a few", target="many"))
    (said,) = [str(line["input"]["description"]) for line in found if line["command"] == "set-outcome"]
    assert said.endswith("Targets:\nMiles: Go on. (target -1)\nFeet: Go on. (start a few, target many)")
    assert report.section("targets left out") == {"target lies against the direction": 1}
    assert report.counts["rows: target", "words"] == 1
    assert report.section("priority goals: their state") == {"draft: no indicator has both start and target (R1)": 1}
    Replay(found)
