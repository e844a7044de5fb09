"""Which quarterly rows are one measure, what its terms are, and what each row says of it."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import msgspec

from examples.us_federal.report import Report
from examples.us_federal.source import Row

UNDEFINED = "Target undefined"
MILESTONE = "Complete milestone"
DIRECTIONS = {
    "Measurable increase": "INCREASE",
    "Measurable decrease": "DECREASE",
    "Maintain at or above threshold": "KEEP_ABOVE",
    "Maintain at or below threshold": "KEEP_BELOW",
    MILESTONE: "YES_NO",
    UNDEFINED: "INCREASE",  # it says nothing of a direction, and without a baseline and a target none is used
}
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?")
_PERCENT = re.compile(r"^(%|percent)|%$", re.IGNORECASE)


class Terms(msgspec.Struct, frozen=True):
    """What attainment is told by, in the source's digits."""

    baseline: str | None = None
    target: str | None = None
    lower: str | None = None
    upper: str | None = None

    def fields(self) -> dict[str, str]:
        named = {"baseline": self.baseline, "target": self.target, "lower": self.lower, "upper": self.upper}
        return {name: value for name, value in named.items() if value is not None}


class Indicator(msgspec.Struct, frozen=True):
    """One measure: its rows in the order of their quarters, and what tells it from a namesake."""

    rows: tuple[Row, ...]
    apart: str = ""

    @property
    def first(self) -> Row:
        return self.rows[0]

    @property
    def goal_id(self) -> str:
        return self.first.goal_id

    @property
    def key(self) -> str:
        """Stable as long as the source calls it the same."""
        return "/".join((self.goal_id, name_of(self.first), self.first.indicator_type, self.apart))

    @property
    def title(self) -> str:
        title = self.first.indicator or self.first.target_statement
        return f"{title} ({self.apart})" if self.apart else title

    @property
    def unit(self) -> str | None:
        return "%" if _PERCENT.search(self.first.indicator.strip()) else None

    @property
    def direction(self) -> str:
        return DIRECTIONS[self.first.indicator_type]

    def quarters(self) -> Iterator[tuple[int, list[Row]]]:
        by_quarter: defaultdict[int, list[Row]] = defaultdict(list)
        for row in self.rows:
            by_quarter[row.fiscal_quarter].append(row)
        yield from sorted(by_quarter.items())


def name_of(row: Row) -> str:
    """What rows are matched by: white space and case do not count; where the name is blank, the target's words."""
    words = row.indicator.strip() or row.target_statement
    return " ".join(unicodedata.normalize("NFC", words).split()).casefold()


def is_number(text: str) -> bool:
    """Whether it is a figure, and one that the ledger can keep."""
    return _NUMBER.fullmatch(text) is not None


def is_reading(row: Row) -> bool:
    """Whether the figure is one that the measure can have: a milestone is complete or it is not."""
    return row.current in {"0", "1"} if row.indicator_type == MILESTONE else is_number(row.current)


def indicators(rows: Iterable[Row], report: Report) -> list[Indicator]:
    """Rows of one goal, name and type are one measure; a quarter that tells two apart makes two of it."""
    named: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        named[row.goal_id, name_of(row), row.indicator_type].append(row)
    found = [one for group in named.values() for one in _apart(sorted(group, key=lambda row: row.fiscal_quarter))]
    for one in found:
        report.count("indicators became measures", one.first.indicator_type)
        if one.apart:
            report.count("names of measures", "told apart from a namesake by target or words")
        elif not one.first.indicator:
            report.count("names of measures", "blank: called after the words of the target")
        else:
            report.count("names of measures", "as published")
    return found


def _apart(rows: Sequence[Row]) -> Iterator[Indicator]:
    variants: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        variants[row.target_statement, row.start, row.target].append(row)
    if not _side_by_side(variants.values()):
        yield Indicator(tuple(rows))
        return
    by_target = len({row.target for row in rows}) == len(variants)
    for (words, _, target), group in variants.items():
        yield Indicator(tuple(group), f"target {target}" if by_target else words)


def _side_by_side(variants: Iterable[Sequence[Row]]) -> bool:
    """Whether two variants stand in one quarter: then neither is the other's revision."""
    quarters = [quarter for rows in variants for quarter in {row.fiscal_quarter for row in rows}]
    return len(quarters) != len(set(quarters))


def terms(row: Row, report: Report | None = None) -> Terms:
    """The terms that the row states; a target that tells no progress is left out, and counted."""
    start, target = (text if is_number(text) else None for text in (row.start, row.target))
    match DIRECTIONS[row.indicator_type]:
        case "KEEP_ABOVE":
            return Terms(baseline=start, lower=target)
        case "KEEP_BELOW":
            return Terms(baseline=start, upper=target)
        case direction:
            if refusal := contradiction(direction, start, target):
                if report is not None:
                    report.count("targets left out", refusal)
                return Terms(baseline=start)
            return Terms(baseline=start, target=target)


def contradiction(direction: str, start: str | None, target: str | None) -> str:
    """Why no progress can be told between the two; empty where it can."""
    if start is None or target is None:
        return ""
    way = Decimal(target) - Decimal(start)
    if not way:
        return "target equals start"
    if (direction == "DECREASE") == (way > 0):
        return "target lies against the direction"
    return ""


def reported(rows: Sequence[Row], report: Report) -> tuple[Row | None, list[Row]]:
    """Of one quarter's rows: the one whose figure is the reading, and those whose words are kept beside it."""
    reading: Row | None = None
    words: list[Row] = []
    for nth, row in enumerate(sorted(rows, key=lambda row: not row.current.strip())):
        if not row.current.strip():
            report.count("rows", "a repetition without a figure" if nth else "without a figure")
        elif reading is not None and row.current == reading.current:
            report.count("rows", "a repetition of the same figure")
        elif reading is None and is_reading(row):
            report.count("rows", "a reading was taken")
            reading = row
        else:
            report.count("rows", "words, or a second figure, kept as the text of a check-in")
            words.append(row)
    return reading, words
