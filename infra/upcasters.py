"""What turns the body of an older event shape into the next one; an entry is never edited after its release."""

from collections.abc import Callable, Mapping

TypeAndVersion = tuple[str, int]


def widened(body: dict[str, object]) -> dict[str, object]:
    """Nothing to do: the newer shape has fields more, all of them optional."""
    return body


UPCASTERS: Mapping[TypeAndVersion, Callable[[dict[str, object]], dict[str, object]]] = {}


def upcast(stored_type: str, version: int, current: int, body: dict[str, object]) -> dict[str, object]:
    """The body in the current version's shape; raises KeyError where a step is missing."""
    for step in range(version, current):
        body = UPCASTERS[stored_type, step](body)
    return body
