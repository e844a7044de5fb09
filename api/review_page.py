"""`GET /reviews/{cycle}.html`: the review of a cycle as a page to read, print and keep; no script, nothing loaded."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from api import asking
from api.problems import Problem

MOST = 100  # rows of a table; the page says how many there are
QUESTION = """query Review($cycle: ID!, $asOf: AsOf, $on: Date) {
  organisation(asOf: $asOf) { name }
  cycleReview(cycle: $cycle, asOf: $asOf, on: $on) {
    day
    cycle { title state startsOn endsOn reviewStartedOn closedOn parent { title } }
    counts {
      outcomes drafts active paused graded carriedOver abandoned withdrawn
      successes green amber red meanGrade meanProgress changedGrades
    }
    effort { tasks effort unalignedTasks unalignedEffort unalignedShare }
    movers(most: 10) { outcome { title } fromProgress toProgress change }
    fallers(most: 10) { outcome { title } fromProgress toProgress change }
    graded(first: 100) {
      totalCount
      nodes {
        title state ambition progress team { name } owner { name }
        grade { grade suggested success colour reason cause lesson next }
      }
    }
    stopped(first: 100) { totalCount nodes { title state stateReason progress team { name } } }
    stale(first: 100) { totalCount nodes { title progress team { name } nextCheckInDue } }
    ungraded(first: 100) { totalCount nodes { title state progress status team { name } } }
    promises(first: 100) { totalCount nodes { title state due promiser { name } beneficiary { name } } }
  }
}"""
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    **asking.HEADERS,
}
STYLE = """
:root { color-scheme: light; --ink: #1c2430; --faint: #5b6675; --line: #d5dae1; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 62rem; margin: 2.5rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p.lead { color: var(--faint); margin: .3rem 0 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem 1.4rem; margin: 1.5rem 0; }
dt { color: var(--faint); font-size: .85rem; } dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--faint); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { font-size: .82rem; color: var(--faint); font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td small { display: block; color: var(--faint); }
.mark { display: inline-block; min-width: 5.2em; padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em;
  text-align: center; font-size: .82rem; white-space: nowrap; }
.green { color: #14693a; } .amber { color: #8a5a00; } .red { color: #a3212b; } .plain { color: var(--faint); }
footer { margin-top: 2.5rem; color: var(--faint); font-size: .85rem; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; } @page { margin: 18mm; } }
"""
MARKS = {"GREEN": ("green", "● green"), "AMBER": ("amber", "◐ amber"), "RED": ("red", "○ red")}

Row = Mapping[str, Any]
NOTHING: Row = {}


def percent(value: float | None) -> str:
    """`0.256` → `26 %`; a dash where nothing can be said."""
    return "–" if value is None else f"{value * 100:.0f} %"


def points(value: float) -> str:
    """A change of progress, with its sign."""
    return f"{value * 100:+.0f}".replace("-", "−") + " points"


def words(value: str | None) -> str:
    """`CARRIED_OVER` → `carried over`."""
    return "–" if value is None else value.lower().replace("_", " ")


def named(row: Row, field: str) -> str:
    """The name of a person or a team of a row."""
    one: Row = row.get(field) or NOTHING
    return escape(one.get("name") or "–")


def table(caption: str, head: Iterable[str], rows: list[list[str]]) -> str:
    """Cells are HTML already; a head that begins with # is of numbers."""
    heads = list(head)
    marks = [' class="number"' if one.startswith("#") else "" for one in heads]
    top = "".join(
        f'<th scope="col"{mark}>{escape(one.lstrip("#"))}</th>' for one, mark in zip(heads, marks, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(row, marks, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def section(
    title: str, rows: list[list[str]], head: Iterable[str], told: str, none: str, total: int | None = None
) -> str:
    """A table under a heading; a sentence where there is nothing to tell."""
    if not rows:
        return f"<section><h2>{escape(title)}</h2><p>{escape(none)}</p></section>"
    more = f" {total - len(rows)} more are not shown." if total and total > len(rows) else ""
    return f"<section><h2>{escape(title)}</h2>{table(told + more, head, rows)}</section>"


def mark(colour: str | None, state: str) -> str:
    """The colour of a grade, never by colour alone."""
    kind, text = MARKS.get(colour or "", ("plain", words(state)))
    return f'<span class="mark {kind}">{escape(text)}</span>'


def graded_row(row: Row) -> list[str]:
    """A graded or carried-over outcome."""
    grade: Row = row["grade"] or NOTHING
    changed = grade and grade["suggested"] is not None and grade["suggested"] != grade["grade"]
    notes = [f"Suggested {grade['suggested']:.2f}: {grade['reason']}" if changed and grade["reason"] else ""]
    notes += [f"{words(grade['cause']).capitalize()}: {grade['lesson']}" if grade and grade["lesson"] else ""]
    notes += [f"Next: {words(grade['next'])}." if grade and grade["next"] else ""]
    small = "".join(f"<small>{escape(note)}</small>" for note in notes if note)
    told = f"{grade['grade']:.2f}" if grade else "–"
    return [
        escape(row["title"]) + small,
        named(row, "team"),
        named(row, "owner"),
        escape(words(row["ambition"])),
        told,
        mark(grade.get("colour"), row["state"]),
    ]


def movement_row(row: Row) -> list[str]:
    """An outcome that moved."""
    outcome: Row = row["outcome"] or NOTHING
    title = escape(outcome.get("title") or "an outcome that is not shown")
    return [title, percent(row["fromProgress"]), percent(row["toProgress"]), points(row["change"])]


def sections(review: Row) -> Iterable[str]:
    """Every part of the page below its figures."""
    graded, stopped, stale = review["graded"], review["stopped"], review["stale"]
    yield section(
        "What was reached",
        [graded_row(row) for row in graded["nodes"]],
        ("Outcome", "Team", "Owner", "Ambition", "#Grade", ""),
        f"{graded['totalCount']} outcomes, graded or carried over.",
        "Nothing has been graded yet.",
        graded["totalCount"],
    )
    moved = ("Outcome", "#First day", "#Last day", "#Change")
    yield section(
        "Movers",
        [movement_row(row) for row in review["movers"]],
        moved,
        "Those that rose the furthest.",
        "Nothing rose.",
    )
    yield section(
        "Fallers",
        [movement_row(row) for row in review["fallers"]],
        moved,
        "Those that fell the furthest.",
        "Nothing fell.",
    )
    yield section(
        "Stopped, and why",
        [
            [escape(row["title"]), named(row, "team"), escape(words(row["state"])), escape(row["stateReason"] or "–")]
            for row in stopped["nodes"]
        ],
        ("Outcome", "Team", "State", "Reason"),
        "What was paused, abandoned or withdrawn.",
        "Nothing was stopped.",
        stopped["totalCount"],
    )
    yield from _left(review)
    yield section(
        "Gone quiet",
        [
            [escape(row["title"]), named(row, "team"), percent(row["progress"]), row["nextCheckInDue"] or "–"]
            for row in stale["nodes"]
        ],
        ("Outcome", "Team", "#Progress", "#Check-in was due"),
        "Nobody has spoken of these in time: silence is never green.",
        "Every outcome was spoken of in time.",
        stale["totalCount"],
    )


def _left(review: Row) -> Iterable[str]:
    ungraded, promises = review["ungraded"], review["promises"]
    yield section(
        "Not graded",
        [
            [escape(row["title"]), named(row, "team"), percent(row["progress"]), escape(words(row["status"]))]
            for row in ungraded["nodes"]
        ],
        ("Outcome", "Team", "#Progress", "Status"),
        "Drafts, and what is still worked on.",
        "Nothing is left over.",
        ungraded["totalCount"],
    )
    yield section(
        "Promises of the last review",
        [
            [
                escape(row["title"]),
                named(row, "promiser"),
                named(row, "beneficiary"),
                row["due"],
                escape(words(row["state"])),
            ]
            for row in promises["nodes"]
        ],
        ("Promise", "By", "To", "#Due", "Became"),
        "What was promised while the cycle before was reviewed.",
        "None were made.",
        promises["totalCount"],
    )


def figures(review: Row) -> str:
    """The figures at the head of the page."""
    counts: Row = review["counts"] or NOTHING
    effort: Row = review["effort"] or NOTHING
    mean: float | None = counts.get("meanGrade")
    told = {
        "Outcomes": str(counts.get("outcomes", 0)),
        "Graded": str(counts.get("graded", 0)),
        "Succeeded": str(counts.get("successes", 0)),
        "Green · amber · red": f"{counts.get('green', 0)} · {counts.get('amber', 0)} · {counts.get('red', 0)}",
        "Mean grade": "–" if mean is None else f"{mean:.2f}",
        "Mean progress": percent(counts.get("meanProgress")),
        "Carried over": str(counts.get("carriedOver", 0)),
        "Grades other than suggested": str(counts.get("changedGrades", 0)),
        "Effort that served no strategy": percent(effort.get("unalignedShare")),
    }
    return (
        "<dl>"
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in told.items())
        + "</dl>"
    )


def page(organisation: str, review: Row, said: str) -> str:
    """The whole page; whatever people wrote is escaped."""
    cycle = review["cycle"]
    title = f"{cycle['title']}: review"
    lead = f"{organisation} · {cycle['startsOn']} to {cycle['endsOn']} · {words(cycle['state'])}"
    if cycle["closedOn"]:
        lead += f" since {cycle['closedOn']}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p></header><main>{figures(review)}'
        + "".join(sections(review))
        + f"</main><footer>{escape(said)}</footer></body></html>"
    )


def footing(given: Row, position: int | None, day: str) -> str:
    """As of when it was on record, and of which day it is."""
    as_of = given.get("asOf", {"position": position})
    recorded = f"recorded by {as_of['time']}" if "time" in as_of else f"of position {as_of['position']} of the ledger"
    return f"As {recorded}, for the day {day}."


@get("/reviews/{name:str}", include_in_schema=False)
async def review_page(request: Request[None, None, State], name: FromPath[str]) -> Response[str]:
    """The review of a cycle, as of any position or moment (`asOf`) and on any day (`on`)."""
    cycle_id = name.removesuffix(".html")
    try:
        UUID(cycle_id)
    except ValueError:
        raise Problem(404, "NOT_FOUND", "Name a cycle by its id: /reviews/<id>.html.") from None
    told = await asking.ask(request, QUESTION, cycle=cycle_id)
    review = told.data["cycleReview"]
    if review is None:
        raise Problem(404, "NOT_FOUND", "There is no such cycle.")
    said = footing(told.moment, told.position, review["day"])
    organisation: Row = told.data["organisation"] or NOTHING
    return Response(page(organisation.get("name") or "", review, said), media_type="text/html", headers=HEADERS)
