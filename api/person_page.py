"""What is held about a person, for that person: as JSON, and as a page to read and print; no script, nothing loaded."""

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from infra.person_export import Held

STYLE = """
:root { color-scheme: light; --ink: #1c2430; --faint: #5b6675; --line: #d5dae1; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 54rem; margin: 2.5rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p.lead, time, small { color: var(--faint); } p.lead { margin: .3rem 0 0; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem 1.5rem .3rem 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
ol { list-style: none; padding: 0; } li { border-top: 1px solid var(--line); padding: .8rem 0; break-inside: avoid; }
li strong { display: block; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; margin: .4rem 0 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; } @page { margin: 18mm; } }
"""


def write_export(folder: Path, name: str, organisation: str, events: Sequence[Held]) -> None:
    """`person.json` and `person.html`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    told = {"person": name, "organisation": organisation, "records": events}
    (folder / "person.json").write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    (folder / "person.html").write_text(page(name, organisation, events), encoding="utf-8")


def page(name: str, organisation: str, events: Sequence[Held]) -> str:
    """Newest last, as it was recorded."""
    counts = Counter(words(one.type) for one in events)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>What is held about {escape(name)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main>"
        f"<h1>What is held about {escape(name)}</h1>"
        f'<p class="lead">{escape(organisation)} · {len(events)} records that you issued, that name you, or that hold'
        " a text of yours. What others wrote is left out; others stand as numbers.</p>"
        f"<h2>In short</h2><table><tbody>{''.join(_counted(counts))}</tbody></table>"
        f"<h2>Each record</h2><ol>{''.join(_listed(events))}</ol></main></body></html>\n"
    )


def _counted(counts: Counter[str]) -> Iterable[str]:
    for kind, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f'<tr><th scope="row">{escape(kind)}</th><td class="number">{count}</td></tr>'


def _listed(events: Iterable[Held]) -> Iterable[str]:
    for one in events:
        said = "".join(
            f"<dt>{escape(words(field))}</dt><dd>{escape(_value(value))}</dd>" for field, value in one.fields.items()
        )
        moment = one.occurred_at.isoformat(timespec="minutes")
        yield (
            f'<li id="p{one.position}"><strong>{escape(words(one.type).capitalize())}</strong>'
            f'<time datetime="{moment}">{one.occurred_at:%d %B %Y, %H:%M} UTC</time>'
            f" <small>· issued by {escape(one.issued_by)} · here because {escape(one.why_here)}</small>"
            f"<dl>{said}</dl></li>"
        )


def words(name: str) -> str:
    """`outcome.checked-in` → `outcome checked in`."""
    return name.replace(".", " ").replace("-", " ").replace("_", " ")


def _value(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case list() | dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
