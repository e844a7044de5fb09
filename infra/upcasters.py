"""What turns the body of an older event shape into the next one; an entry is never edited after its release."""

from collections.abc import Callable, Mapping

TypeAndVersion = tuple[str, int]


def widened(body: dict[str, object]) -> dict[str, object]:
    """Nothing to do: the newer shape has fields more, all of them optional, or knows more kinds."""
    return body


def with_unit(body: dict[str, object]) -> dict[str, object]:
    """A unit was a text before it became symbol, currency and precision."""
    unit = body.get("unit")
    return {**body, "unit": {"symbol": unit} if isinstance(unit, str) else unit}


UPCASTERS: Mapping[TypeAndVersion, Callable[[dict[str, object]], dict[str, object]]] = {
    ("strategic-objective.set", 1): widened,
    ("organisation.policy-set", 1): widened,
    ("organisation.policy-set", 2): widened,
    ("preferences.set", 1): widened,
    ("outcome.set", 1): widened,
    ("outcome.graded", 1): widened,
    ("measure.set", 1): with_unit,
    ("measure.revised", 1): with_unit,
    ("task.requested", 1): widened,
    ("task.requested", 2): widened,
    ("task.committed", 1): widened,
    ("task.committed", 2): widened,
    ("task.delivered", 1): widened,
    ("task.reassigned", 1): widened,
    ("reading.taken", 1): widened,
    ("reading.taken", 2): widened,
    ("reading.corrected", 1): widened,
    ("following.begun", 1): widened,
    ("entity.tagged", 1): widened,
    ("entity.untagged", 1): widened,
    ("comment.made", 1): widened,
    ("comment.made", 2): widened,
    ("milestone.set", 1): widened,
    ("milestone.set", 2): widened,
    ("milestone.reached", 1): widened,
    ("webhook.subscribed", 1): widened,
    ("webhook.removed", 1): widened,
    ("source.connected", 1): widened,
    ("source.disconnected", 1): widened,
}


def upcast(stored_type: str, version: int, current: int, body: dict[str, object]) -> dict[str, object]:
    """The body in the current version's shape; raises KeyError where a step is missing."""
    for step in range(version, current):
        body = UPCASTERS[stored_type, step](body)
    return body
