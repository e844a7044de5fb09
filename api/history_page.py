"""`GET /history/{entity}.html`: the history of anything as a page to read, print and keep, with no script."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from api import asking
from api.problems import Problem
from api.review_page import HEADERS

MOST = 200  # the latest events; the page says how many came before
NAMES = """__typename
      ... on Task { title taskState: state } ... on Outcome { title outcomeState: state }
      ... on Person { name } ... on Team { name } ... on Cycle { title } ... on StrategicObjective { title }
      ... on Measure { title } ... on Indicator { title } ... on Milestone { title }
      ... on Initiative { title } ... on Celebration { title }"""
QUESTION = f"""query History($entity: ID!, $asOf: AsOf) {{
  organisation(asOf: $asOf) {{ name timeZone }}
  node(id: $entity, asOf: $asOf) {{ {NAMES} }}
  history(entity: $entity, last: {MOST}, asOf: $asOf) {{
    totalCount
    nodes {{
      position type sentence recordedAt occurredAt reason corrects correctedBy
      actor {{ name kind }} key {{ name }} command {{ name }}
    }}
  }}
}}"""
STYLE = """
:root { color-scheme: light; --ink: #1c2430; --faint: #5b6675; --line: #d5dae1; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 46rem; margin: 2.5rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .2rem; }
p.lead { color: var(--faint); margin: .3rem 0 0; }
ol { list-style: none; margin: 0; padding: 0; border-left: 2px solid var(--line); }
li { position: relative; padding: .45rem 0 .45rem 1.3rem; }
li::before { content: ""; position: absolute; left: -6px; top: 1rem; width: 10px; height: 10px; border-radius: 50%;
  background: #fff; border: 2px solid var(--faint); box-sizing: border-box; }
li p { margin: 0; overflow-wrap: anywhere; } li small { display: block; color: var(--faint); }
li.corrected > p { text-decoration: line-through; text-decoration-color: var(--faint); }
footer { margin-top: 2.5rem; color: var(--faint); font-size: .85rem; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; }
  li { break-inside: avoid; } @page { margin: 18mm; } }
"""

Row = Mapping[str, Any]
NOTHING: Row = {}


def moment(text: str, zone: ZoneInfo) -> datetime:
    """In the organisation's zone."""
    return datetime.fromisoformat(text).astimezone(zone)


def said_of(entry: Row, zone: ZoneInfo) -> Iterator[str]:
    """Under the sentence: who, how, when it was recorded where that is not when it happened, and what it puts right."""
    actor: Row = entry["actor"]
    happened, recorded = (moment(entry[one], zone) for one in ("occurredAt", "recordedAt"))
    who = actor["name"] or ("the system" if actor["kind"] == "SYSTEM" else "somebody")
    key: Row = entry["key"] or NOTHING
    by = f" by the key “{key['name']}”" if key and actor["kind"] == "PERSON" else ""
    command: str | None = entry["command"]["name"]
    yield f"{happened:%H:%M} · {who}{by}" + (f" · {command}" if command else "") + f" · no. {entry['position']}"
    if (recorded - happened).total_seconds() >= 60:  # noqa: PLR2004 - else they are the same to a reader
        yield f"Recorded on {day(recorded)} at {recorded:%H:%M}."
    if entry["corrects"] is not None:
        yield f"Puts no. {entry['corrects']} right."
    if entry["correctedBy"] is not None:
        yield f"Put right by no. {entry['correctedBy']}."


def day(at: datetime) -> str:
    """`3 March 2026`."""
    return f"{at.day} {at:%B %Y}"


def item(entry: Row, zone: ZoneInfo) -> str:
    """An event."""
    small = "".join(f"<small>{escape(one)}</small>" for one in said_of(entry, zone))
    kind = ' class="corrected"' if entry["correctedBy"] is not None else ""
    return f"<li{kind}><p>{escape(entry['sentence'])}</p>{small}</li>"


def days(entries: Iterable[Row], zone: ZoneInfo) -> str:
    """The events under the days on which they happened, in the order of the ledger."""
    return "".join(
        f"<section><h2>{day_told}</h2><ol>{''.join(item(one, zone) for one in of_day)}</ol></section>"
        for day_told, of_day in groupby(entries, lambda one: day(moment(one["occurredAt"], zone)))
    )


def page(organisation: Row, entity: Row, history: Row, said: str) -> str:
    """The whole page; whatever people wrote is escaped."""
    title = str(entity.get("title") or entity.get("name") or "Something of old")
    kind = str(entity.get("__typename") or "").lower()
    state = str(entity.get("taskState") or entity.get("outcomeState") or "").lower().replace("_", " ")
    entries: list[Row] = history["nodes"]
    earlier = history["totalCount"] - len(entries)
    lead = " · ".join(one for one in (organisation.get("name"), kind, state) if one)
    count = f"{history['totalCount']} event{'s' if history['totalCount'] > 1 else ''}"
    told = count + (f", of which the first {earlier} are not shown" if earlier else "")
    zone = ZoneInfo(organisation.get("timeZone") or "UTC")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: history</title><style>{STYLE}</style></head><body>"
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p><p class="lead">{told}.</p></header>'
        f"<main>{days(entries, zone)}</main><footer>{escape(said)}</footer></body></html>"
    )


@get("/history/{name:str}", include_in_schema=False)
async def history_page(request: Request[None, None, State], name: FromPath[str]) -> Response[str]:
    """The history of anything, as of any position or moment (`asOf`)."""
    entity_id = name.removesuffix(".html")
    try:
        UUID(entity_id)
    except ValueError:
        raise Problem(404, "NOT_FOUND", "Name something by its id: /history/<id>.html.") from None
    told = await asking.ask(request, QUESTION, entity=entity_id)
    history: Row = told.data["history"]
    if not history["totalCount"]:
        raise Problem(404, "NOT_FOUND", "Nothing is on record of this.")
    organisation: Row = told.data["organisation"] or NOTHING
    said = (
        f"As recorded by {as_of['time']}."
        if "time" in (as_of := told.moment.get("asOf", NOTHING))
        else (f"As of position {as_of.get('position', told.position)} of the ledger.")
    )
    return Response(
        page(organisation, told.data["node"] or NOTHING, history, said), media_type="text/html", headers=HEADERS
    )
