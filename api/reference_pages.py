"""The reference in docs/reference, written from the code: commands, events, codes, settings, tasks, webhook events.
Never edited by hand."""

import json
import sys
from collections.abc import Iterator, Mapping
from inspect import getdoc
from pathlib import Path
from typing import Any

import msgspec

from api.reference import openapi
from api.webhooks import envelope, example
from domain import codes
from domain.commands import COMMANDS, EVENTS
from domain.public_events import CATALOGUE, PUBLIC
from domain.transitions import BESIDE, ENDS, TABLE, Row
from infra.settings import Settings, described

HEAD = "<!-- Written by `make docs` from the code. -->\n\n"


def commands() -> str:
    """One section a command: what it is for, and its fields."""
    schemas: dict[str, Any] = openapi()["components"]["schemas"]
    parts = ["# Commands\n\n`POST /commands/<name>` with a JSON object, or the GraphQL mutation of the same name.\n"]
    for name, kind in COMMANDS.items():
        schema = schemas[kind.__name__]
        parts.append(f"\n## {name}\n\n{getdoc(kind)}\n\nRole: {kind.role.value} or stronger.\n\n")
        parts.append("| field | |\n| --- | --- |\n")
        required = set(schema.get("required", ()))
        parts += [f"| `{field}` | {'required' if field in required else ''} |\n" for field in schema["properties"]]
    return "".join(parts)


def events() -> str:
    """One line an event: its stored type, version, fields and meaning."""
    rows = [
        f"| `{kind.stored_type()}` | {kind.version} | {', '.join(kind.__struct_fields__)} | {getdoc(kind)} |\n"
        for kind in sorted(EVENTS.values(), key=lambda kind: kind.stored_type())
    ]
    return "# Events\n\n| type | version | fields | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


def _line(row: Row) -> str:
    sources = ", ".join(f"`{one}`" for one in row.sources) or "–"
    says = f" ({row.says})" if row.says else ""
    own = f"; `{row.own}` at once, where promised to oneself" if row.own else ""
    return f"| {sources} | `{row.command}`{says} | {' or '.join(row.by)} | `{row.to}`{own} |\n"


def transitions() -> str:
    """How a task moves (R6): the drawing and the table, both of the rows that the commands are checked against."""
    drawn: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        for source in row.sources or ("[*]",):
            drawn.setdefault((source, row.to), []).append(row.command)
            if row.own:
                drawn.setdefault((source, row.own), []).append(f"{row.command} (to oneself)")
    arrows = [f"    {source} --> {to}: {', '.join(names)}\n" for (source, to), names in drawn.items()]
    arrows += [f"    {state} --> [*]\n" for state in ENDS]
    beside = [
        f"`{name}` ({', '.join(f'`{state}`' for state in one.states)}): {' or '.join(one.by)}.\n"
        for name, one in BESIDE.items()
    ]
    return (
        "# How a task moves\n\nEvery other move is refused (R6). Whoever asked on a beneficiary's behalf may do what"
        " the\ntable gives to either of the two.\n\n"
        "```mermaid\nstateDiagram-v2\n"
        + "".join(arrows)
        + "```\n\n| from | command | by whom | to |\n| --- | --- | --- | --- |\n"
        + "".join(_line(row) for row in TABLE)
        + "\nWhile a task is open, and without moving it:\n\n"
        + "\n".join(beside)
    )


def refusals() -> str:
    """One line a code."""
    rows = [f"| `{code.name}` | {code.rule} | {code.meaning} |\n" for code in codes.ALL.values()]
    return "# Refusal codes\n\n| code | rule | what is the case |\n| --- | --- | --- |\n" + "".join(rows)


def settings() -> str:
    """One line a setting, with its default."""
    defaults = msgspec.structs.replace(Settings(), home="the platform's data folder")
    rows = [f"| `{one.name}` | {one.value} | {one.sentence} |\n" for one in described(defaults, {})]
    return "# Settings\n\n| name | default | what it is |\n| --- | --- | --- |\n" + "".join(rows)


def _told(field: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """What a field of a public event's data holds, in a few words."""
    if "$ref" in field:
        return _told(parts[field["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in field:
        return " or ".join(_told(one, parts) for one in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    if field["type"] == "array":
        return f"list of {_told(field['items'], parts)}"
    return field.get("format") or field["type"]


def webhook_events() -> str:
    """One section a public event: what it tells, and the fields of its data."""
    parts = [
        "# Webhook events\n\nWhat is sent to [webhooks](../howto/webhooks.md). New ones are added, and fields to those"
        " that are there; none is taken away or\nmeans something else one day. `GET /webhooks/events` answers all of"
        " this as JSON. A whole delivery, as an example:\n\n```jsonc\n"
        f"{_indented(example(CATALOGUE['milestone.reached']))}```\n"
    ]
    for one in PUBLIC:
        schema = envelope(one)
        data = schema["properties"]["data"]
        required = set(data.get("required", ()))
        parts.append(f"\n## {one.name}\n\n{one.sentence} [Schema](webhook-events/{one.name}.json).\n\n")
        parts.append("| data | | |\n| --- | --- | --- |\n")
        parts += [
            f"| `{name}` | {_told(field, schema.get('$defs', {}))} | {'always' if name in required else ''} |\n"
            for name, field in data["properties"].items()
        ]
    return "".join(parts)


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """(file, text) of the whole reference."""
    for name, write in (
        ("commands", commands),
        ("events", events),
        ("codes", refusals),
        ("settings", settings),
        ("tasks", transitions),
        ("webhook-events", webhook_events),
    ):
        yield f"{name}.md", HEAD + write()
    for one in PUBLIC:
        yield f"webhook-events/{one.name}.json", _indented(envelope(one))


def main(folder: Path) -> None:
    """Writes the pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
