"""The reference in docs/reference, written from the code: commands, events, codes, settings. Never edited by hand."""

import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Any

import msgspec

from api.reference import openapi
from domain import codes
from domain.commands import COMMANDS, EVENTS
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


def pages() -> Iterator[tuple[str, str]]:
    """(file, text) of the whole reference."""
    for name, write in (
        ("commands", commands),
        ("events", events),
        ("codes", refusals),
        ("settings", settings),
        ("tasks", transitions),
    ):
        yield f"{name}.md", HEAD + write()


def main(folder: Path) -> None:
    """Writes the pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
