"""What a command mentions: other entities, which must exist, and external references, which are borne once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Protocol, TypeVar
from uuid import UUID, uuid5

import msgspec

from domain.codes import REFERENCE_TAKEN
from domain.kernel import EntityId, Event, Fold, ReferenceId, Refused
from domain.values import Link

NAMES = UUID("a7a3c8d2-63f5-4a0e-8b53-0f7f5f2f4d11")

Mentioned = TypeVar("Mentioned")
Bearer = TypeVar("Bearer", bound=Event)


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an entity is called in another system, and where to look at it there."""

    system: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    url: Link | None = None


@lru_cache(1_000)  # every command that bears one asks twice
def key_of(reference: Reference | None) -> ReferenceId | None:
    """The same for the same id in the same system; NUL stands between them, for no recorded text bears one."""
    return uuid5(NAMES, f"{reference.system}\0{reference.id}") if reference else None


class Referenced(Fold[Event]):
    """Whether an entity bears the reference already: told by every event that `bears_reference` has marked."""

    rare = True

    def __init__(self, reference: Reference) -> None:
        self.reference_id = key_of(reference)
        super().__init__(reference=self.reference_id)
        self.taken = False

    def fold(self, event: Event) -> None:
        freed = event.former_reference_id if isinstance(event, ReferenceSet) else None
        self.taken = freed != self.reference_id

    def check(self, field: str) -> None:
        """Refuses a reference that is borne already."""
        if self.taken:
            raise Refused(REFERENCE_TAKEN, "Give another reference: this one stands for another entity.", field)


Referenced.types = Referenced.stored = ()  # filled by the subjects above, which this file can't know


def bears_reference(kind: type[Bearer]) -> type[Bearer]:
    """Marks an event that gives its entity a reference, so that uniqueness is judged by it."""
    Referenced.types = (*Referenced.types, kind)
    Referenced.stored = tuple(sorted(one.stored_type() for one in Referenced.types))
    return kind


@bears_reference
class ReferenceSet(Event, frozen=True, tag="reference.set"):
    """An entity is known by another reference in a system; the one that it bore there before is free again."""

    entity_id: EntityId
    reference: Reference
    reference_id: ReferenceId
    former_reference: Reference | None = None
    former_reference_id: ReferenceId | None = None


class References(Fold[ReferenceSet]):
    """The references that an entity was given after it had come to be, by system."""

    def __init__(self, entity_id: UUID) -> None:
        super().__init__(entity=entity_id)
        self.by_system: dict[str, Reference] = {}

    def fold(self, event: ReferenceSet) -> None:
        self.by_system[event.reference.system] = event.reference


class Mention(Protocol):
    """A fold that knows whether something that a command mentions may be mentioned."""

    def check(self, field: str) -> None: ...


def mentioned(**folds: Mentioned | None) -> dict[str, Mentioned]:
    """The folds of what a command mentions, by the caller's spelling of the field; what is left out is not read."""
    return {field: fold for field, fold in folds.items() if fold is not None}


def check_mentions(mentions: Mapping[str, Mention]) -> None:
    """Refuses the first mention that can't stand."""
    for field, mention in mentions.items():
        mention.check(field)
