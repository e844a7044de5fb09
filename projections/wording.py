"""The table of sentences: what each event is told as, from one file a language, made ready for `told_sentence` in SQL.

A sentence is a list of segments, each a list of texts and places; a place says where its value stands and of which kind
it is, which the fields of the events know. A sentence that a language lacks is told in English, as a whole.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from domain.commands import EVENTS
from domain.kernel import Event, tag_roles
from domain.public_events import by_event
from domain.values import camel
from domain.ways import ways
from projections.history import NOT_TOLD

SHIPPED = Path(__file__).with_name("sentences")
FALLBACK = "en"
KNOWN = frozenset({"actor", "entity", "day", "changes"})
CONSTANTS = frozenset({"null", "true", "false"})
WORD = re.compile("[A-Z_]+")  # a value of an enumeration
FIGURES = frozenset({"value", "baseline", "target", "lower", "upper", "commit", "stretch"})  # told with their unit
# by the role that an id plays: the table of what bears it, where its name is looked for first
TABLES: Mapping[str, str] = {
    **dict.fromkeys(("person", "promiser", "beneficiary", "requester", "owner"), "person"),
    **dict.fromkeys(("reviewer", "delegate", "follower", "author", "contributor"), "person"),
    **dict.fromkeys(("team", "parent-team", "shared"), "team"),
    **dict.fromkeys(("outcome", "higher", "successor"), "outcome"),
    **dict.fromkeys(("objective", "drives"), "objective"),
    **dict.fromkeys(("cycle", "parent-cycle"), "cycle"),
    **dict.fromkeys(("measure", "input"), "measure"),
    **dict.fromkeys(("task", "former-task"), "task"),
    "milestone": "milestone",
    "indicator": "indicator",
}
SEGMENT = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
PLACE = re.compile(r"\{([^{}]*)\}|([^{}]+)")
SECTIONS = frozenset({"general", "words", "fields", "sentences"})
Told = Mapping[str, Any]


class WordingWrong(ValueError):
    """A file of sentences that cannot be meant; the sentence names what to correct."""


def languages(*folders: Path) -> dict[str, Told]:
    """Language → key → what is told, the words that it lacks in English; of two folders the later one counts.

    Raises WordingWrong."""
    told: dict[str, dict[str, Any]] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.toml"))):
        told.setdefault(path.stem.lower(), {}).update(_of_file(path))
    if lacking := EVENTS.keys() - {key.removeprefix("sentence:") for key in told[FALLBACK]}:
        raise WordingWrong(f"Write an English sentence for {', '.join(sorted(lacking))}.")
    words = {key: said for key, said in told[FALLBACK].items() if not key.startswith("sentence:")}
    return {language: {**words, **own} for language, own in told.items()}


def commands() -> Told:
    """Event type → names of the commands that can record it."""
    return {f"commands:{kind}": names for kind, names in ways().items()}


def _of_file(path: Path) -> dict[str, Any]:
    try:
        said: dict[str, dict[str, Any]] = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise WordingWrong(f"Correct {path.name}: {error}.") from None
    if unknown := said.keys() - SECTIONS:
        raise WordingWrong(f"Leave {min(unknown)} out of {path.name}: its sections are {', '.join(sorted(SECTIONS))}.")
    told: dict[str, Any] = {f"general:{key}": value for key, value in said.get("general", {}).items()}
    told |= {f"word:{key}": value for key, value in said.get("words", {}).items()}
    told |= {f"field:{key}": value for key, value in said.get("fields", {}).items()}
    for kind, text in said.get("sentences", {}).items():
        event = EVENTS.get(kind)
        if event is None:
            raise WordingWrong(f"Leave {kind} out of {path.name}: there is no such event.")
        try:
            told[f"sentence:{kind}"] = list(_segments(event, text))
        except LookupError as error:
            raise WordingWrong(f"Correct {kind} in {path.name}: it has no {error.args[0]!r} to tell.") from None
    return told


def public() -> Told:
    """Event type → the public events that it is told as."""
    return {
        f"public:{event.stored_type()}": [
            {
                "name": kind.name,
                "subject": camel(kind.subject),
                "facts": [camel(one) for one in kind.facts],
                "stating": sorted(kind.stating),
            }
            for kind in told
        ]
        for event, told in by_event().items()
    }


def kinds() -> Told:
    """Event type → field → the kind of its value."""
    return {
        f"kinds:{name}": {camel(one): _kind(event, (camel(one),)) for one in _told_fields(event)}
        for name, event in EVENTS.items()
    }


def _segments(event: type[Event], text: str) -> Iterator[dict[str, Any]]:
    if SEGMENT.sub("", text):
        raise LookupError("end of a bracket")
    for match in SEGMENT.finditer(text):
        optional = match[1] is not None
        yield {"optional": optional, "parts": list(_parts(event, match[1] if optional else match[2]))}


def _parts(event: type[Event], text: str) -> Iterator[str | dict[str, Any]]:
    if PLACE.sub("", text):
        raise LookupError("end of a brace")
    for match in PLACE.finditer(text):
        yield match[2] if match[1] is None else _place(event, match[1])


def _place(event: type[Event], said: str) -> dict[str, Any]:
    for sign, name in (("<>", "differs"), ("==", "same")):
        one, found, other = said.partition(sign)
        if found:
            return {"is": name, "one": _reference(event, one), "other": _reference(event, other)}
    name, _, forms = said.partition(":")
    place = _reference(event, name)
    return {**place, "forms": forms.split("|")} if forms else place


def _reference(event: type[Event], name: str) -> dict[str, Any]:
    """Where a value stands: in the event, in what told it before, in the last event of another type."""
    if name in CONSTANTS:
        return {"is": "constant", "value": name}
    if WORD.fullmatch(name):
        return {"is": "constant", "value": encoded(name)}
    if name == "entity":
        return {"is": name, "kind": _name_kind(_hints(event)[camel(event.__struct_fields__[0])])}
    if name in KNOWN:
        return {"is": name}
    kind, stroke, path = name.partition("/")
    if stroke:
        return {"is": "last", "type": kind, **_where(EVENTS[kind], path)}
    if name.startswith("former."):
        return {"is": "former", **_former(event, name.removeprefix("former."))}
    return {"is": "said", **_where(event, name)}


def _former(event: type[Event], path: str) -> dict[str, Any]:
    """In an earlier event of whatever type about the same entity."""
    subject = event.__struct_fields__[0]
    for one in (event, *EVENTS.values()):
        if one.__struct_fields__[0] == subject and path.partition(".")[0] in map(camel, _told_fields(one)):
            return _where(one, path)
    raise LookupError(path)


def _where(event: type[Event], path: str) -> dict[str, Any]:
    names = tuple(path.split("."))
    return {"path": f"{{{','.join(names)}}}", "kind": _kind(event, names)}


def _told_fields(event: type[Event]) -> tuple[str, ...]:
    return tuple(name for name in event.__struct_fields__[1:] if name not in NOT_TOLD)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return {camel(name): hint for name, hint in get_type_hints(kind, include_extras=True).items()}


def _kind(event: type[Event], path: tuple[str, ...]) -> str:
    """Raises LookupError where there is nothing to tell."""
    if path[0] not in map(camel, _told_fields(event)):
        raise LookupError(path[0])
    hint: Any = event
    for name in path:
        hint = _hints(_plain(hint))[name]
    plain = _plain(hint)
    if plain is UUID:
        return _name_kind(hint)
    if plain is Decimal and path[-1] in FIGURES:
        return "figure"
    named = {date: "date", datetime: "date", bool: "word", Decimal: "number", int: "number"}
    return named.get(plain) or ("word" if isinstance(plain, type) and issubclass(plain, Enum) else "text")


def _name_kind(hint: Any) -> str:
    """`name:person` where the role of the id tells the table, else `name`."""
    table = next((TABLES[role] for role in tag_roles(hint) if role in TABLES), "")
    return f"name:{table}".rstrip(":")


def _plain(hint: Any) -> Any:
    """The type inside an optional, a list or an annotation."""
    if get_origin(hint) is Annotated:
        return _plain(get_args(hint)[0])
    if get_origin(hint) in {Union, UnionType, tuple}:
        return _plain(next(one for one in get_args(hint) if one not in {type(None), Ellipsis}))
    return hint


def encoded(told: Any) -> str:
    """As JSON."""
    return msgspec.json.encode(told).decode()
