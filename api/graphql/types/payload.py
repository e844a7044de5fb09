"""What a mutation answers: the position and the entity as of it, or a refusal."""

from typing import Annotated, Any

from api.graphql.mapping import Here, Relation, stands_on
from api.graphql.scalars import Position


@stands_on(None)
class Refusal:
    """A rule said no, and nothing was recorded."""

    code: Annotated[str, "Stable: programs may rely on it."]
    rule: str | None
    message: Annotated[str, "What a person can do about it."]
    fields: Annotated[list[str], "What it is about, in the spelling of the input."]


def payload(name: str, entity: str | None = None, entity_type: Any = None, *, secret: bool = False) -> type:
    """`payload("CommitTask", "task", Task)` makes CommitTaskPayload with the fields position, task and refusal."""
    hints: dict[str, Any] = {
        "position": Annotated[Position | None, "Where it is recorded; queries may ask for it as minPosition."],
        "refusal": Annotated[Refusal | None, Here(null="{t}.code is null")],
    }
    if entity is not None:
        hints[entity] = Annotated[entity_type | None, Relation(on="entity_id")]
    if secret:
        hints["secret"] = Annotated[str | None, "Shown this once."]
    cls = type(f"{name}Payload", (), {"__annotations__": hints, "__doc__": f"What {mutation_name(name)} came to."})
    return stands_on(None)(cls)


def mutation_name(name: str) -> str:
    """As the schema spells the mutation."""
    return name[0].lower() + name[1:]
