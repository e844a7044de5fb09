"""A mutation for each command, made from its class: input, field and payload; and its way to the desk."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from inspect import getdoc
from types import ModuleType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import strawberry
from strawberry import ID, UNSET

from api.desk import MADE_AT_THE_EDGE, Desk, Envelope
from api.graphql.mapping import NotCompiled, Relation, mapped, stands_on
from api.graphql.mutating import Issued
from api.graphql.scalars import Position
from api.graphql.types import (
    accountability,
    alignment,
    asked,
    cadence,
    celebrations,
    decisions,
    declining,
    finding,
    indicators,
    initiatives,
    labels,
    milestones,
    notices,
    organisation,
    practice,
    progress,
    reviews,
    sources,
)
from api.graphql.types.payload import mutation_name, payload
from domain.commands import COMMANDS
from domain.kernel import Command, Refused
from domain.values import Invalid, camel
from infra.telemetry import COMMANDS as COUNTED

MODULES: tuple[ModuleType, ...] = (
    organisation,
    asked,
    alignment,
    progress,
    indicators,
    practice,
    cadence,
    decisions,
    reviews,
    accountability,
    milestones,
    notices,
    celebrations,
    finding,
    declining,
    sources,
)
# The field that names a command's entity → the payload's field, and the type it is of.
ENTITIES: Mapping[str, tuple[str, Any]] = {
    "organisation_id": ("organisation", organisation.Organisation),
    "person_id": ("person", organisation.Person),
    "team_id": ("team", organisation.Team),
    "cycle_id": ("cycle", alignment.Cycle),
    "objective_id": ("objective", alignment.StrategicObjective),
    "outcome_id": ("outcome", alignment.Outcome),
    "measure_id": ("measure", progress.Measure),
    "reading_id": ("reading", progress.Reading),
    "check_in_id": ("checkIn", practice.CheckIn),
    "comment_id": ("comment", practice.Comment),
    "decision_id": ("decision", decisions.Decision),
    "declined_work_id": ("declinedWork", declining.DeclinedWork),
    "indicator_id": ("indicator", indicators.Indicator),
    "boundary_id": ("boundary", indicators.Boundary),
    "task_id": ("task", accountability.Task),
    "milestone_id": ("milestone", milestones.Milestone),
    "celebration_id": ("celebration", celebrations.Celebration),
    "initiative_id": ("initiative", initiatives.Initiative),
    "tag_id": ("tag", labels.Tag),
}
SECRETS = frozenset(MADE_AT_THE_EDGE)


@strawberry.input(description="What travels beside a command's fields; all of it may be left out.")
class Meta:
    """In HTTP, headers."""

    idempotency_key: str | None = UNSET
    expected_position: Position | None = UNSET
    occurred_at: datetime | None = UNSET
    correlation_id: ID | None = UNSET


class Inputs:
    """The input types, each made once."""

    def __init__(self) -> None:
        self.made: dict[type, Any] = {}

    def of(self, hint: Any) -> Any:
        """The GraphQL type of a field's type."""
        origin = get_origin(hint)
        if origin is Annotated:
            return self.of(get_args(hint)[0])
        if origin in {Union, UnionType}:
            inner = [one for one in get_args(hint) if one is not type(None)]
            return self.of(inner[0]) | None
        if origin is tuple:
            return list[self.of(get_args(hint)[0])]
        if hint is UUID:
            return ID
        if hint in {str, int, bool, float, date, datetime, Decimal}:
            return hint
        if issubclass(hint, Enum):
            return self._enum(hint)
        return self.struct(hint, f"{hint.__name__}Input")

    def _enum(self, kind: type[Enum]) -> Any:
        """The schema's own where it has the same members, else one of the domain's name with `Stated` before it."""
        if kind not in self.made:
            members = [one.name for one in kind]
            found = [getattr(module, kind.__name__, None) for module in MODULES]
            same = next((one for one in found if one is not None and [m.name for m in one] == members), None)
            name = kind.__name__ if not any(found) else f"Stated{kind.__name__}"
            self.made[kind] = same or strawberry.enum(kind, name=name, description=getdoc(kind))
        return self.made[kind]

    def struct(self, kind: type[Any], name: str) -> Any:
        """An input object; what has a default, and what the edge makes, may be left out."""
        if kind in self.made:
            return self.made[kind]
        hints = get_type_hints(kind, include_extras=True)
        fields = {one.name: one for one in msgspec.structs.fields(kind)}
        left_out: frozenset[str] = frozenset()
        optional: set[str] = set()
        if issubclass(kind, Command):
            left_out = MADE_AT_THE_EDGE.get(_wire(kind), frozenset())
            optional = {kind.entity} if kind.creates else set()
        annotations: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for field, info in fields.items():
            if field in left_out:
                continue
            typed = self.of(hints[field])
            may_be_left_out = not info.required or field in optional
            default = UNSET if may_be_left_out else MISSING
            values[field] = strawberry.field(name=info.encode_name, default=default)
            annotations[field] = typed | None if may_be_left_out else typed
        cls = type(name, (), {"__annotations__": annotations, "__doc__": getdoc(kind), **values})
        setattr(sys.modules[__name__], name, cls)
        self.made[kind] = strawberry.input(cls, description=getdoc(kind))
        return self.made[kind]


def _wire(kind: type[Command]) -> str:
    return next(name for name, one in COMMANDS.items() if one is kind)


def mutation_type() -> type[Any]:
    """The root type of all commands."""
    inputs = Inputs()
    fields: dict[str, Any] = {}
    for name, kind in COMMANDS.items():
        fields[_field_name(kind)] = _field(kind, inputs.struct(kind, f"{kind.__name__}Input"), secret=name in SECRETS)
    description = "Every command; what it came to is answered as of its position."
    cls = type("Mutation", (), {"__doc__": description, **fields})
    return stands_on(None)(cls)


def _field_name(kind: type[Command]) -> str:
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__)
    return snake.removeprefix("_")


def _field(kind: type[Command], input_type: Any, *, secret: bool) -> Any:
    entity = ENTITIES.get(kind.entity)
    field, of = entity if entity is not None else (None, None)
    payload_type = payload(kind.__name__, field, of, secret=secret)

    def resolver(self: Any, input: Any, meta: Any = UNSET) -> Any:  # noqa: ARG001 - the words of the schema
        raise NotCompiled

    resolver.__annotations__ = {"input": input_type, "meta": Meta | None, "return": payload_type}
    resolver.__doc__ = getdoc(kind)
    resolver.__name__ = _field_name(kind)
    wrap: Callable[[Any], Any] = mapped(Relation())
    return wrap(resolver)


def plain(value: Any) -> Any:
    """A coerced value as the desk's JSON has it; what was left out is left out."""
    match value:
        case dict():
            return {camel(str(name)): plain(one) for name, one in value.items() if one is not UNSET}  # pyright: ignore
        case list():
            return [plain(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
        case Enum():
            return value.name
        case Decimal():
            return format(value, "f")
        case _:
            return value


class Desks:
    """The write side, as mutations see it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.names = {mutation_name(kind.__name__): name for name, kind in COMMANDS.items()}

    async def issue(self, field: str, arguments: Mapping[str, Any], viewer: Any) -> Issued:
        """Refusals and values that cannot be meant are data."""
        name = self.names[field]
        given = {key: value for key, value in plain(arguments["input"]).items() if value is not None}
        outcome = "failed"
        try:
            envelope = envelope_of(arguments.get("meta") or {})
            done = await self.desk.issue(name, msgspec.json.encode(given), viewer, envelope)
            outcome = "repeated" if done.repeated else "accepted"
        except Refused as refusal:
            outcome = "refused"
            code = refusal.code
            return Issued(code=code.name, rule=code.rule or None, message=refusal.sentence, fields=refusal.fields)
        except Invalid as error:
            outcome = "invalid"
            return Issued(code="INVALID", message=error.sentence, fields=(error.field,) if error.field else ())
        finally:
            COUNTED.labels(name, outcome).inc()
        return Issued(position=done.position, entity_id=done.id, secret=done.secret)


def envelope_of(meta: Mapping[str, Any]) -> Envelope:
    """Raises Invalid for a correlation id that is no UUID."""
    correlation = meta.get("correlationId")
    try:
        correlation_id = UUID(correlation) if correlation else None
    except ValueError:
        raise Invalid("Give the correlation id as a UUID.", "correlationId") from None
    return Envelope(
        key=meta.get("idempotencyKey"),
        expected=meta.get("expectedPosition"),
        occurred_at=meta.get("occurredAt"),
        correlation_id=correlation_id,
    )
