"""The federal government's goals of fiscal years 2022 and 2023, as commands; README.md says what becomes of what."""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from examples.lines import Line, end_of, present, wire, write
from examples.us_federal.indicators import UNDEFINED, Indicator, contradiction, indicators, is_number, reported, terms
from examples.us_federal.report import Report
from examples.us_federal.source import Goal, Row, Source, read

SYSTEM = "performance.gov"
NAMESPACE = uuid5(NAMESPACE_URL, "https://www.performance.gov")
ZONE = ZoneInfo("America/New_York")
BEGINS, ENDS = date(2021, 10, 1), date(2023, 9, 30)
QUARTER_BEGINS = {1: date(2021, 10, 1), 2: date(2022, 1, 1), 3: date(2022, 4, 1), 4: date(2022, 7, 1)}
QUARTER_ENDS = {1: date(2021, 12, 31), 2: date(2022, 3, 31), 3: date(2022, 6, 30), 4: date(2022, 9, 30)}
LAST_QUARTER = 4
PRIORITY_GOAL = "agency-priority-goal"
PERSPECTIVES = {"strategic-objective": "MISSION", "management-agenda": "MANAGEMENT"}
MAP = [{"key": "MISSION", "title": "Mission"}, {"key": "MANAGEMENT", "title": "Management"}]
STATUSES = {"On Track": "ON_TRACK", "Ahead": "ON_TRACK", "Delayed": "AT_RISK", "Blocked": "OFF_TRACK"}
FOCUS_LIMIT, TITLE_LENGTH = 5, 300
STATEMENT = "What the federal government set out to reach in fiscal years 2022 and 2023. Source: "

Dated = tuple[date, Line]


def entity(kind: str, *source: str) -> str:
    """The id of what the source calls so: the same in every run."""
    return str(uuid5(NAMESPACE, "/".join((kind, *source))))


ORGANISATION = entity("organisation")
CYCLE = entity("cycle", "2022", "2023")


def ignore(_: Report) -> None:
    """For callers who do not ask what became of it."""


def lines(on_report: Callable[[Report], None] = ignore, source: Source | None = None) -> Iterator[Line]:
    """Every command in the order of what happened; the report is handed over before the first line."""
    telling = Telling(source or read())
    facts = sorted(telling.facts(), key=lambda fact: fact[0])  # stable: within a day as told
    for _, line in facts:
        telling.report.count("lines", line["command"])
    on_report(telling.report)
    yield from (line for _, line in facts)


class Telling:
    """One run over the source: the facts it tells, and the report of what became of the rest."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.report = Report()
        self.indicators: defaultdict[str, list[Indicator]] = defaultdict(list)
        for indicator in indicators(source.indicators, self.report):
            self.indicators[indicator.goal_id].append(indicator)

    def facts(self) -> Iterator[Dated]:
        for goal in self.source.goals:
            self.report.count("goals", goal.kind)
        self._count_texts()
        yield from self._organisation()
        yield from self._strategy_map()
        yield from self._outcomes()
        yield from self._measures()
        yield from self._activations()
        yield from self._check_ins()

    # What was there on the first day

    def _organisation(self) -> Iterator[Dated]:
        name, zone = "United States Federal Government", str(ZONE)
        yield fact("found-organisation", ORGANISATION, organisationId=ORGANISATION, name=name, timeZone=zone)
        yield fact("set-calendar", ORGANISATION, timeZone=zone, firstDayOfWeek=7, fiscalYearStartsMonth=10, holidays=[])
        statement = STATEMENT + self.source.source + "."
        yield fact("state-strategy", ORGANISATION, statement=statement, startsOn=str(BEGINS), endsOn=str(ENDS))
        for agency, agency_name in sorted({(goal.agency, goal.agency_name) for goal in self.source.goals}):
            self.report.count("agencies", "became teams")
            team = entity("team", agency)
            yield fact("form-team", team, teamId=team, name=agency_name, reference=reference(agency))

    def _strategy_map(self) -> Iterator[Dated]:
        """A strategic goal has no id of its own: it is told by agency, number and words."""
        yield fact("set-perspectives", ORGANISATION, perspectives=MAP)
        goals: defaultdict[tuple[str, str, str, str], list[Goal]] = defaultdict(list)
        for goal in self.source.goals:
            if goal.kind != PRIORITY_GOAL:
                goals[goal.agency, goal.kind, goal.strategic_goal, goal.name].append(goal)
        for (agency, kind, number, name), under in goals.items():
            self.report.count("strategy map", "strategic goals, told by agency, number and words")
            higher, team = entity("strategic-goal", agency, number, name), entity("team", agency)
            place: dict[str, object] = {"perspective": PERSPECTIVES[kind], "teamId": team}
            titled = self._titled(name, "")
            yield fact("set-strategic-objective", higher, objectiveId=higher, **titled, **place)
            for goal in under:
                self.report.count("strategy map", "strategic objectives and strategies, linked to their goal")
                objective, named = entity("objective", goal.id), reference(goal.id)
                fields = {"objectiveId": objective, **self._titled(goal.description, words_of(goal)), **place}
                yield fact("set-strategic-objective", objective, **fields, reference=named)
                yield fact("link-cause", objective, objectiveId=objective, drivesId=higher)

    def _titled(self, words: str, more: str) -> dict[str, object]:
        """A title, and a description of what it leaves out and what else is told."""
        title = self._title(words)
        description = "\n\n".join(part for part in (words if title != words else "", more) if part)
        return present(title=title, description=description or None)

    def _outcomes(self) -> Iterator[Dated]:
        yield fact(
            "plan-cycle", CYCLE, cycleId=CYCLE, title="Fiscal years 2022–2023", startsOn=str(BEGINS), endsOn=str(ENDS)
        )
        yield fact("start-cycle", CYCLE, cycleId=CYCLE)
        goals = [goal for goal in self.source.goals if goal.kind == PRIORITY_GOAL]
        for goal in goals:
            self.report.count("priority goals: their cycle", "stated" if goal.starts_fiscal_year else "taken as stated")
            outcome = entity("outcome", goal.id)
            yield fact(
                "set-outcome",
                outcome,
                outcomeId=outcome,
                title=self._title(goal.name),
                description=self._description(goal),
                cycleId=CYCLE,
                teamId=entity("team", goal.agency),
                startsOn=str(BEGINS),
                dueOn=str(ENDS),
                reference=reference(goal.id),
            )
        for goal in goals:
            yield from self._alignment(goal, goals)

    def _description(self, goal: Goal) -> str:
        told = [f"{one.title}: {one.first.target_statement}{left_out(one.first)}" for one in self.indicators[goal.id]]
        return "\n\n".join([goal.description, words_of(goal), *(["Targets:\n" + "\n".join(told)] if told else [])])

    def _alignment(self, goal: Goal, goals: Sequence[Goal]) -> Iterator[Dated]:
        """A joint goal stands twice in the source; the one that reports serves the other, which shows its progress."""
        section = "priority goals: what they serve"
        if not goal.joint_with:
            self.report.count(section, "not told by the source")
        elif goal.starts_fiscal_year:
            self.report.count(section, "the same goal of the other agency")
        elif reporting := joint_twin(goal, goals):
            self.report.count(section, "nothing higher: served by the same goal of the other agency")
            outcome, higher = entity("outcome", reporting.id), entity("outcome", goal.id)
            yield fact("align-outcome", outcome, higher, outcomeId=outcome, higherId=higher)
        else:
            self.report.count(section, "joint with a goal that was not found")

    def _activations(self) -> Iterator[Dated]:
        active = Counter(
            goal.agency for goal in self.source.goals if any(is_clear(one) for one in self.indicators.get(goal.id, ()))
        )
        for agency, several in active.items():
            if several > FOCUS_LIMIT:
                team, reason = entity("team", agency), f"The agency set {several} priority goals for these two years."
                yield fact("set-focus-limit", team, teamId=team, cycleId=CYCLE, limit=several, reason=reason)
        for goal in self.source.goals:
            if goal.kind == PRIORITY_GOAL:
                yield from self._activation(goal)

    def _activation(self, goal: Goal) -> Iterator[Dated]:
        section, known = "priority goals: their state", self.indicators.get(goal.id, [])
        if any(is_clear(one) for one in known):
            self.report.count(section, "active")
            outcome = entity("outcome", goal.id)
            yield fact("activate-outcome", outcome, outcomeId=outcome)
        elif known:
            self.report.count(section, "draft: no indicator has both start and target (R1)")
        else:
            self.report.count(section, "draft: no indicator published (R1)")

    # Measures and what was published about them

    def _measures(self) -> Iterator[Dated]:
        for goal in self.source.goals:
            for indicator in self.indicators.get(goal.id, ()):
                yield from self._measure(indicator)

    def _measure(self, indicator: Indicator) -> Iterator[Dated]:
        if indicator.first.indicator_type == UNDEFINED:
            self.report.count("measures that show as unclear", unclear_because(indicator.first))
        measure, first = entity("measure", indicator.key), terms(indicator.first, self.report)
        yield fact(
            "set-measure",
            measure,
            measureId=measure,
            outcomeId=entity("outcome", indicator.goal_id),
            title=self._title(indicator.title),
            unit=indicator.unit and {"symbol": indicator.unit},
            direction=indicator.direction,
            **first.fields(),
            startsOn=str(BEGINS),
            dueOn=str(ENDS),
        )
        yield from self._revisions(indicator, measure)
        for _, rows in indicator.quarters():
            reading, words = reported(rows, self.report)
            if reading is not None:
                yield take_reading(measure, reading)
            for row in words:
                yield self._kept(row)

    def _revisions(self, indicator: Indicator, measure: str) -> Iterator[Dated]:
        """A later quarter that states other terms revises them from its first day; a blank says nothing."""
        in_force = terms(indicator.first).fields()
        for quarter, rows in indicator.quarters():
            stated = terms(rows[0]).fields()
            changed = {name: value for name, value in stated.items() if in_force.get(name) != value}
            if not changed:
                continue
            then = in_force | changed
            if refusal := contradiction(indicator.direction, then.get("baseline"), then.get("target")):
                self.report.count("terms", f"not revised: {refusal}")
                continue
            in_force = then
            self.report.count("terms", "revised between quarters")
            on = QUARTER_BEGINS[quarter]
            reason = f"Performance.gov states these terms for fiscal quarter {quarter} of {rows[0].fiscal_year}."
            terms_now = {"measureId": measure, "effectiveOn": str(on), "reason": reason, **changed}
            yield fact_of(on, "revise-measure", measure, str(on), **terms_now)

    def _kept(self, row: Row) -> Dated:
        said = f"{row.indicator or row.target_statement}: {row.current}"
        check_in = entity("check-in", row.goal_id, str(row.fiscal_quarter), said)
        outcome, on = entity("outcome", row.goal_id), QUARTER_ENDS[row.fiscal_quarter]
        return fact_of(on, "check-in", check_in, checkInId=check_in, outcomeId=outcome, moved=said, on=str(on))

    def _check_ins(self) -> Iterator[Dated]:
        for goal in self.source.goals:
            if goal.kind != PRIORITY_GOAL:
                continue
            status = STATUSES.get(goal.status)
            self.report.count("priority goals: stated status", f"{goal.status or 'blank'} → {status or 'no check-in'}")
            if status is None:
                continue
            day, when = self._stated_on(goal)
            self.report.count("check-ins: their day", when)
            check_in, outcome = entity("check-in", goal.id), entity("outcome", goal.id)
            said = f"Status as published: {goal.status}."
            fields = {"checkInId": check_in, "outcomeId": outcome, "status": status, "moved": said, "on": str(day)}
            yield fact_of(day, "check-in", check_in, **fields)

    def _stated_on(self, goal: Goal) -> tuple[date, str]:
        rows = [row for indicator in self.indicators.get(goal.id, ()) for row in indicator.rows]
        with_figures = [row.fiscal_quarter for row in rows if row.current]
        if with_figures:
            return QUARTER_ENDS[max(with_figures)], "the end of the goal's latest quarter with a figure"
        if rows:
            return QUARTER_ENDS[max(row.fiscal_quarter for row in rows)], "the end of the goal's latest quarter"
        return QUARTER_ENDS[LAST_QUARTER], "the end of the year: the goal has no quarterly rows"

    # Words

    def _title(self, words: str) -> str:
        if len(words) <= TITLE_LENGTH:
            return words
        self.report.count("titles", "cut at a word, in full in the description")
        return words[: TITLE_LENGTH - 1].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"

    def _count_texts(self) -> None:
        for row in self.source.indicators:
            for field in ("start", "target", "current"):
                self.report.count(f"rows: {field}", kind_of(getattr(row, field)))
            if "\ufffd" in row.indicator + row.target_statement:
                self.report.count("rows: letters lost before publication", "kept as published (U+FFFD)")


def fact(command: str, /, *key: str, **fields: object) -> Dated:
    """A line of the first day, and the day to order it by."""
    return fact_of(BEGINS, command, *key, **fields)


def fact_of(day: date, command: str, /, *key: str, **fields: object) -> Dated:
    """A line of that day, and the day to order it by."""
    named = "/".join(("us-federal", command, *key))
    moment = wire(end_of(day, ZONE))
    return day, {"command": command, "key": named, "occurredAt": moment, "input": present(**fields)}


def reference(external: str) -> dict[str, object]:
    """What the source calls it."""
    return {"system": SYSTEM, "id": external}


def take_reading(measure: str, row: Row) -> Dated:
    """Dated at the quarter's end, with the row's own figures as its note."""
    on, quarter = QUARTER_ENDS[row.fiscal_quarter], f"Fiscal quarter {row.fiscal_quarter} of {row.fiscal_year}"
    figures = [f"{name} {text}" for name in ("start", "target", "current") if (text := getattr(row, name))]
    reading = entity("reading", measure, str(row.fiscal_year), str(row.fiscal_quarter))
    return fact_of(
        on,
        "take-reading",
        reading,
        readingId=reading,
        measureId=measure,
        value=row.current,
        takenOn=str(on),
        note=f"{quarter}: {', '.join(figures)}.",
        origin="IMPORT",
    )


def words_of(goal: Goal) -> str:
    """What the source says of a goal that no field of ours is for."""
    years = f"{goal.starts_fiscal_year} to {goal.ends_fiscal_year}" if goal.starts_fiscal_year else ""
    told = {
        "number": goal.strategic_objective,
        "status": goal.status,
        "fiscal years": years,
        "joint with agency": goal.joint_with,
        "leaders": str(goal.leaders),
        "tags": ", ".join(goal.tags),
    }
    return "Published with " + "; ".join(f"{name} {text}" for name, text in told.items() if text) + "."


def joint_twin(goal: Goal, goals: Sequence[Goal]) -> Goal | None:
    """The same goal of the agency that `joint_with` names by number: its only joint goal, or the one so titled."""
    joint = [
        one
        for one in goals
        if one.joint_with and one.starts_fiscal_year and one.id.startswith(goal.joint_with.zfill(3))
    ]
    if len(joint) == 1:
        return joint[0]
    return next((one for one in joint if plain(one.name) == plain(goal.name)), None)


def plain(title: str) -> str:
    """The title without the word of whom it is joint with."""
    return title.partition(" (Joint with ")[0]


def is_clear(indicator: Indicator) -> bool:
    """Whether progress can be told by it (R1)."""
    stated = terms(indicator.first)
    return stated.baseline is not None and (stated.target or stated.lower or stated.upper) is not None


def kind_of(text: str) -> str:
    """For the report: what stands in a field for a figure."""
    if not text.strip():
        return "blank"
    return "a number" if is_number(text) else "words"


def left_out(row: Row) -> str:
    """What the row states beside the terms of the measure: words, and a target that tells no progress."""
    kept = terms(row).fields().values()
    stated = (("start", row.start.strip()), ("target", row.target.strip()))
    others = [f"{name} {text}" for name, text in stated if text and text not in kept]
    return f" ({', '.join(others)})" if others else ""


def unclear_because(row: Row) -> str:
    """For the report: what the source gives of an indicator whose target it calls undefined."""
    given = [name for name in ("start", "target") if getattr(row, name)]
    return f"target undefined, {' and '.join(given) or 'neither start nor target'} given"


def account(source: Source | None = None) -> Report:
    """The report of a run, without its lines."""
    reports: list[Report] = []
    next(lines(reports.append, source))
    return reports[0]


def main() -> int:
    """Writes the lines to OUT or stdout, or with --report what became of the source."""
    parser = argparse.ArgumentParser(prog="python -m examples.us_federal", description=main.__doc__)
    parser.add_argument("out", metavar="OUT", nargs="?", type=Path, help="a file for the NDJSON; stdout by default")
    parser.add_argument("--report", action="store_true", help="print the account of every row instead")
    asked = parser.parse_args()
    if asked.report:
        sys.stdout.write(account().table())
    else:
        write(lines(), asked.out)
    return 0
