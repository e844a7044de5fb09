"""What any entity may bear: tags from a vocabulary, links, and references to other systems."""

from typing import ClassVar
from uuid import UUID, uuid5

from domain.codes import NOT_FOUND, TAG_NAME_TAKEN
from domain.entities import EntityKind, existing
from domain.kernel import Command, EntityId, Event, Fold, LinkId, Reads, Refused, TagId, TagNameId
from domain.references import NAMES, Reference, Referenced, References, ReferenceSet, key_of
from domain.values import Link, Name, Role, Text, Title


class TagNamed(Event, frozen=True, tag="tag.named"):
    """The vocabulary has a tag of this name; the one that it had before is free again."""

    tag_id: TagId
    name: Name
    name_id: TagNameId
    description: Text | None = None
    former_name_id: TagNameId | None = None


class EntityTagged(Event, frozen=True, tag="entity.tagged"):
    """An entity bears a tag."""

    version: ClassVar[int] = 2

    entity_id: EntityId
    tag_id: TagId
    kind: EntityKind


class EntityUntagged(Event, frozen=True, tag="entity.untagged"):
    """An entity bears a tag no longer."""

    version: ClassVar[int] = 2

    entity_id: EntityId
    tag_id: TagId
    kind: EntityKind


class LinkAttached(Event, frozen=True, tag="link.attached"):
    """An entity bears a link to a page."""

    entity_id: EntityId
    link_id: LinkId
    url: Link
    title: Title | None = None


class Vocabulary(Fold[TagNamed]):
    """A tag as it is named now."""

    def __init__(self, tag_id: UUID) -> None:
        super().__init__(tag=tag_id)
        self.latest: TagNamed | None = None

    def fold(self, event: TagNamed) -> None:
        self.latest = event

    def check(self, field: str) -> None:
        """Refuses the mention of a tag that the vocabulary lacks."""
        if self.latest is None:
            raise Refused(NOT_FOUND, "There is no such tag: name it first.", field)


class TagName(Fold[TagNamed]):
    """Which tag has a name; none where nobody gave it, or it was given up."""

    def __init__(self, name_id: UUID) -> None:
        super().__init__(tag_name=name_id)
        self.name_id = name_id
        self.tag_id: UUID | None = None

    def fold(self, event: TagNamed) -> None:
        self.tag_id = event.tag_id if event.name_id == self.name_id else None


class Tagging(Fold[EntityTagged | EntityUntagged]):
    """Whether an entity bears a tag."""

    def __init__(self, entity_id: UUID, tag_id: UUID) -> None:
        super().__init__(entity=entity_id, tag=tag_id)
        self.holds = False

    def fold(self, event: EntityTagged | EntityUntagged) -> None:
        match event:
            case EntityTagged():
                self.holds = True
            case EntityUntagged():
                self.holds = False


class Attached(Fold[LinkAttached]):
    """A link of an entity, as it was attached last."""

    def __init__(self, link_id: UUID) -> None:
        super().__init__(link=link_id)
        self.latest: LinkAttached | None = None

    def fold(self, event: LinkAttached) -> None:
        self.latest = event


def name_key(name: str) -> TagNameId:
    """The same for the same name, whatever its case."""
    return uuid5(NAMES, f"tag\0{name.casefold()}")


class NameTag(Command):
    """Have a tag of this name in the vocabulary; to name a tag again is to rename it.

    Refused where another tag has the name already, whatever its case.
    """

    entity = "tag_id"
    creates = True
    role = Role.LEAD

    tag_id: TagId
    name: Name
    description: Text | None = None

    def reads(self) -> Reads:
        self.name_id = name_key(self.name)
        self.tag = Vocabulary(self.tag_id)
        self.named = TagName(self.name_id)
        yield [self.tag, self.named]

    def execute(self) -> None:
        if self.named.tag_id not in {None, self.tag_id}:
            raise Refused(TAG_NAME_TAKEN, "Use the tag that has this name, or choose another name.", "name")
        was = self.tag.latest
        if was is not None and (was.name, was.description) == (self.name, self.description):
            return
        self.emit(
            TagNamed(
                tag_id=self.tag_id,
                name=self.name,
                name_id=self.name_id,
                description=self.description,
                former_name_id=was.name_id if was is not None and was.name_id != self.name_id else None,
            )
        )


class TagCommand(Command):
    """What tagging and untagging read."""

    entity = "entity_id"

    entity_id: EntityId
    kind: EntityKind
    tag_id: TagId

    def reads(self) -> Reads:
        self.tagged = existing(self.kind, self.entity_id)
        self.tag = Vocabulary(self.tag_id)
        self.tagging = Tagging(self.entity_id, self.tag_id)
        yield [self.tagged, self.tag, self.tagging]

    def check(self) -> None:
        """Refuses what is not there."""
        self.tagged.check("entityId")
        self.tag.check("tagId")


class Tag(TagCommand):
    """Let an entity bear a tag of the vocabulary.

    Refused where there is no such entity or no such tag.
    """

    def execute(self) -> None:
        self.check()
        if not self.tagging.holds:
            self.emit(EntityTagged(entity_id=self.entity_id, tag_id=self.tag_id, kind=self.kind))


class Untag(TagCommand):
    """Let an entity bear a tag no longer.

    Refused where there is no such entity or no such tag.
    """

    def execute(self) -> None:
        self.check()
        if self.tagging.holds:
            self.emit(EntityUntagged(entity_id=self.entity_id, tag_id=self.tag_id, kind=self.kind))


class AttachLink(Command):
    """Let an entity bear a link to a page; the same page attached again has its title revised.

    Refused where there is no such entity.
    """

    entity = "entity_id"

    entity_id: EntityId
    kind: EntityKind
    url: Link
    title: Title | None = None

    def reads(self) -> Reads:
        self.link_id: LinkId = uuid5(NAMES, f"link\0{self.entity_id}\0{self.url}")
        self.bearer = existing(self.kind, self.entity_id)
        self.attached = Attached(self.link_id)
        yield [self.bearer, self.attached]

    def execute(self) -> None:
        self.bearer.check("entityId")
        said = LinkAttached(entity_id=self.entity_id, link_id=self.link_id, url=self.url, title=self.title)
        if said != self.attached.latest:
            self.emit(said)


class SetReference(Command):
    """Say what an entity is called in another system; what it was called there before is free again.

    Refused where there is no such entity, or another one bears the reference.
    """

    entity = "entity_id"

    entity_id: EntityId
    kind: EntityKind
    reference: Reference

    def reads(self) -> Reads:
        self.bearer = existing(self.kind, self.entity_id)
        self.references = References(self.entity_id)
        self.referenced = Referenced(self.reference)
        yield [self.bearer, self.references, self.referenced]

    def execute(self) -> None:
        self.bearer.check("entityId")
        former = self.references.by_system.get(self.reference.system) or self._first()
        if former == self.reference:
            return
        reference_id, former_id = key_of(self.reference), key_of(former)
        if reference_id is None:
            return
        if reference_id != former_id:
            self.referenced.check("reference")
        replaced = former_id != reference_id
        self.emit(
            ReferenceSet(
                entity_id=self.entity_id,
                reference=self.reference,
                reference_id=reference_id,
                former_reference=former if replaced else None,
                former_reference_id=former_id if replaced else None,
            )
        )

    def _first(self) -> Reference | None:
        """The one that the entity was brought into being with, if it is of the same system."""
        first = self.bearer.reference
        return first if first is not None and first.system == self.reference.system else None
