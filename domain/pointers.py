"""Where something stands in a JSON document: by JSON Pointer (RFC 6901), or by names with full stops between them."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, cast

import msgspec

from domain.values import Invalid

ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
STRAY_TILDE = re.compile(r"~(?![01])")
MOST_SHOWN = 100

# `/data/0/value` or `data.0.value`; the empty one is the whole document.
Pointer = Annotated[str, msgspec.Meta(max_length=500)]


class Absent(LookupError):
    """Nothing stands there."""


def steps_of(pointer: str) -> tuple[str, ...]:
    """The names and places on the way. Raises ValueError where the pointer is none."""
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        steps = tuple(pointer.split("."))
        if not all(steps):
            raise ValueError("a name between full stops is empty")
        return steps
    if STRAY_TILDE.search(pointer):
        raise ValueError("a tilde is written ~0, and a stroke in a name ~1")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def checked_pointer(pointer: str | None, field: str) -> None:
    """Raises Invalid for what is no pointer."""
    if pointer is None:
        return
    try:
        steps_of(pointer)
    except ValueError as error:
        raise Invalid(f"Write a JSON Pointer such as /data/value, or data.value: {error}.", field) from None


def found_at(document: Any, pointer: str) -> Any:
    """What stands there. Raises Absent."""
    here = document
    for step in steps_of(pointer):
        if isinstance(here, dict) and step in here:
            here = cast(dict[str, Any], here)[step]
        elif isinstance(here, list) and ARRAY_INDEX.fullmatch(step) and int(step) < len(cast(Sequence[Any], here)):
            here = cast(list[Any], here)[int(step)]
        else:
            raise Absent(pointer)
    return here


def shown(found: Any) -> str:
    """What was found, in few words: a value as it was written, of anything larger only what it is."""
    if isinstance(found, dict):
        return "an object"
    if isinstance(found, list):
        return "a list"
    if found is None or isinstance(found, bool):
        return {None: "null", True: "true", False: "false"}[found]
    text = str(found)
    short = text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"
    return f"“{short}”" if isinstance(found, str) else short
