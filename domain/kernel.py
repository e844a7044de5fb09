"""What events, folds and commands are made of: the one door to the eventsourcing library.

A command says what it must know (`reads` yields folds), and decides (`execute` emits events or raises Refused).
What was read is its consistency boundary: the ledger appends only if nothing inside it came in between.
"""

from abc import ABCMeta
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition as DCBAppendCondition
from eventsourcing.dcb.api import DCBEvent as DCBEvent
from eventsourcing.dcb.api import DCBQuery as DCBQuery
from eventsourcing.dcb.api import DCBQueryItem as DCBQueryItem
from eventsourcing.dcb.api import DCBRecorder as DCBRecorder
from eventsourcing.dcb.api import DCBSequencedEvent as DCBSequencedEvent
from eventsourcing.dcb.domain import Decision, MetaSlice, Selector, Slice, Tagged

from domain.codes import Code
from domain.values import Role, camel, cleaned


class Tag(msgspec.Struct, frozen=True):
    """The role that an id plays; the tag of an event is `role:id`."""

    role: str


class Personal(msgspec.Struct, frozen=True):
    """A text of an event that is a person's: about the one whom the field `of` names, or, without one, by whoever
    issued the command. It is forgotten with that person (R11).

    `begins`: the event brings that person into being, so that nothing is known of them yet.
    """

    of: str = ""
    begins: bool = False


OWN = Personal()
OF_PERSON = Personal("person_id")
OF_NEW_PERSON = Personal("person_id", begins=True)
OF_AUTHOR = Personal("author_id")
OF_FORMER_OWNER = Personal("from_owner_id")
OF_FORMER_PROMISER = Personal("from_promiser_id")
OF_FORMER_BENEFICIARY = Personal("from_beneficiary_id")

OrganisationId = Annotated[UUID, Tag("organisation")]
PersonId = Annotated[UUID, Tag("person")]
TeamId = Annotated[UUID, Tag("team")]
ParentTeamId = Annotated[UUID, Tag("parent-team")]
ApiKeyId = Annotated[UUID, Tag("api-key")]
FeedTokenId = Annotated[UUID, Tag("feed-token")]
ObjectiveId = Annotated[UUID, Tag("objective")]
DrivesId = Annotated[UUID, Tag("drives")]
PerspectiveId = Annotated[UUID, Tag("perspective")]  # made of the organisation and the perspective's key
CycleId = Annotated[UUID, Tag("cycle")]
ParentCycleId = Annotated[UUID, Tag("parent-cycle")]
OutcomeId = Annotated[UUID, Tag("outcome")]
HigherId = Annotated[UUID, Tag("higher")]
OwnerId = Annotated[UUID, Tag("owner")]
ReviewerId = Annotated[UUID, Tag("reviewer")]
MeasureId = Annotated[UUID, Tag("measure")]
ReadingId = Annotated[UUID, Tag("reading")]
TaskId = Annotated[UUID, Tag("task")]
PromiserId = Annotated[UUID, Tag("promiser")]
BeneficiaryId = Annotated[UUID, Tag("beneficiary")]
FormerTaskId = Annotated[UUID, Tag("former-task")]
ContributorId = Annotated[UUID, Tag("contributor")]
RequesterId = Annotated[UUID, Tag("requester")]
CheckId = Annotated[UUID, Tag("check")]  # an item of the checklist of a task
AwaitedId = Annotated[UUID, Tag("awaited")]  # a task or a milestone that another one waits for
InitiativeId = Annotated[UUID, Tag("initiative")]
MilestoneId = Annotated[UUID, Tag("milestone")]
AwaitedOutcomeId = Annotated[UUID, Tag("awaited-outcome")]  # whose milestone it is, so that it is hidden with it
CheckInId = Annotated[UUID, Tag("check-in")]
ReferenceId = Annotated[UUID, Tag("reference")]
TagId = Annotated[UUID, Tag("tag")]
TagNameId = Annotated[UUID, Tag("tag-name")]  # the same for the same name, whatever its case
LinkId = Annotated[UUID, Tag("link")]
EntityId = Annotated[UUID, Tag("entity")]  # of whatever kind: what is tagged, linked, followed, commented on
IdentityId = Annotated[UUID, Tag("identity")]
DelegateId = Annotated[UUID, Tag("delegate")]
FollowerId = Annotated[UUID, Tag("follower")]
IndicatorId = Annotated[UUID, Tag("indicator")]
ExternalReadingId = Annotated[UUID, Tag("external-reading")]  # of a reading in the system that it comes from
BoundaryId = Annotated[UUID, Tag("boundary")]
InputId = Annotated[UUID, Tag("input")]  # a measure that another one is computed from
SuccessorId = Annotated[UUID, Tag("successor")]  # the outcome that takes up what another one leaves
SharedId = Annotated[UUID, Tag("shared")]  # a team that shares an outcome with its owner
DeclinedWorkId = Annotated[UUID, Tag("declined-work")]
DecisionId = Annotated[UUID, Tag("decision")]
CelebrationId = Annotated[UUID, Tag("celebration")]
CommentId = Annotated[UUID, Tag("comment")]
AuthorId = Annotated[UUID, Tag("author")]
WebhookId = Annotated[UUID, Tag("webhook")]
SourceId = Annotated[UUID, Tag("source")]
RosterId = Annotated[UUID, Tag("roster")]  # all of a kind that an organisation has, so that they can be counted


class Refused(Exception):
    """A rule says no; nothing was recorded. `sentence` says what to do, `fields` are in the caller's spelling."""

    def __init__(self, code: Code, sentence: str, *fields: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.fields = fields


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """Who issued a command and when: all that a decision may know beside what it reads."""

    organisation_id: UUID
    by: str  # person:<uuid>, key:<uuid>, both with a stroke between them, or system
    at: datetime
    occurred_at: datetime
    today: date  # the day of occurred_at in the organisation's zone
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID
    person_id: UUID | None = None
    role: Role = Role.OWNER
    key: str | None = None
    digest: bytes = b""
    expected: int | None = None


def _tag_roles(hints: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(field, role) of every field whose type bears a Tag, in an optional or a list too."""
    return tuple((name, role) for name, hint in hints.items() for role in tag_roles(hint))


def tag_roles(hint: Any) -> Iterator[str]:
    """The roles in a type: of an id, an optional one, or a list of them."""
    return (mark.role for mark in _marks(hint, Tag))


M = TypeVar("M")


def _marks(hint: Any, kind: type[M]) -> Iterator[M]:
    """Of one kind, in a type, an optional one, or a list of them."""
    if get_origin(hint) is Annotated:
        yield from (mark for mark in hint.__metadata__ if isinstance(mark, kind))
    elif get_origin(hint) in {Union, UnionType, tuple}:
        for part in get_args(hint):
            yield from _marks(part, kind)


class Event(msgspec.Struct, Decision, frozen=True, kw_only=True, tag_field="type"):
    """A fact in the past. Its tags are the roles of the ids it bears, so whoever emits it forgets none."""

    version: ClassVar[int] = 1
    _roles: ClassVar[tuple[tuple[str, str], ...] | None] = None
    _personal: ClassVar[Mapping[str, Personal] | None] = None

    @classmethod
    def stored_type(cls) -> str:
        return cast(str, cls.__struct_config__.tag)

    def as_dict(self) -> dict[str, Any]:
        return msgspec.structs.asdict(self)

    def mutate(self, obj: Any) -> Any:
        """The library's hook: what a fold makes of the event."""
        obj.fold(self)
        return obj

    @classmethod
    def personal(cls) -> Mapping[str, Personal]:
        """Field → whose text it is."""
        if cls.__dict__.get("_personal") is None:
            hints = get_type_hints(cls, include_extras=True)
            cls._personal = {name: mark for name, hint in hints.items() for mark in _marks(hint, Personal)}
        return cls._personal or {}

    def tags(self) -> list[str]:
        """Roles in the order of the fields, each once; an absent id gives none."""
        cls = type(self)
        if "_roles" not in cls.__dict__:
            cls._roles = _tag_roles(get_type_hints(cls, include_extras=True))
        tags: dict[str, None] = {}
        for name, role in cls._roles or ():
            value: object = getattr(self, name)
            if isinstance(value, UUID):
                tags[f"{role}:{value}"] = None
            elif isinstance(value, tuple):
                tags.update((f"{role}:{one}", None) for one in cast(tuple[object, ...], value))
        return list(tags)


E = TypeVar("E", bound=Event)


class Fold(Generic[E]):
    """What one decision must know about one thing: `Fold[Union]` says which events, the constructor whose."""

    types: ClassVar[tuple[type[Event], ...]] = ()
    stored: ClassVar[tuple[str, ...]] = ()
    rare: ClassVar[bool] = False  # whether it hardly ever selects anything, so that reading first seldom pays

    def __init_subclass__(cls) -> None:
        if "__orig_bases__" not in vars(cls):  # a fold of a fold: the same events
            return
        union = get_args(vars(cls)["__orig_bases__"][0])[0]
        cls.types = get_args(union) or (union,)
        cls.stored = tuple(sorted(kind.stored_type() for kind in cls.types))

    def __init__(self, **ids: UUID | None) -> None:
        """Tags in the order given: the most selective first, for it alone is probed."""
        self.tags = tuple(f"{role.replace('_', '-')}:{one}" for role, one in ids.items() if one is not None)
        self.key: FoldKey = (type(self), self.tags)
        self.first: Event | None = None  # what brought it into being
        self.last = 0  # position of the last event folded
        self.seen = 0  # how many were folded

    def fold(self, event: E) -> None:
        raise NotImplementedError

    def take(self, event: Event, position: int) -> None:
        """Folds an event of its kind that stands at the position."""
        if self.first is None:
            self.first = event
        self.fold(cast(E, event))
        self.last = position
        self.seen += 1

    def selects(self, event: Event, tags: Iterable[str]) -> bool:
        return isinstance(event, self.types) and set(self.tags) <= set(tags)

    def item(self) -> DCBQueryItem:
        return DCBQueryItem(types=list(self.stored), tags=list(self.tags))


FoldKey = tuple[type[Fold[Any]], tuple[str, ...]]
Folds = list[Fold[Any]]
Reads = Iterator[Folds]


class CommandMeta(MetaSlice, msgspec.StructMeta):
    """Joins the metaclasses of the library's Slice and of msgspec's Struct."""

    def __new__(mcls, name: str, bases: tuple[type, ...], ns: dict[str, Any], /, **kw: Any) -> Any:
        return super(ABCMeta, mcls).__new__(mcls, name, bases, ns, **kw)  # past ABCMeta, to msgspec

    def __init__(cls, name: str, bases: tuple[type, ...], ns: dict[str, Any], /, **_: Any) -> None:
        super().__init__(name, bases, ns)  # the library's own takes no keywords


class Command(
    msgspec.Struct,
    Slice[Event],
    metaclass=CommandMeta,
    kw_only=True,
    dict=True,
    forbid_unknown_fields=True,
    rename="camel",
):
    """An imperative: its fields are the input, `reads` what it must know, `execute` the decision."""

    entity: ClassVar[str] = ""  # the field that names what the command is about
    creates: ClassVar[bool] = False  # the edge makes the entity's id where the caller gives none
    role: ClassVar[Role] = Role.MEMBER  # the weakest role that may issue it

    def __post_init__(self) -> None:
        # msgspec skips __new__, so the library's state is made here; texts and numbers are checked on every way in.
        for name in self.__struct_fields__:
            was: object = getattr(self, name)
            now = cleaned(was, camel(name))
            if now is not was:
                setattr(self, name, now)
        self.last_known_position: int | None = None
        self.new_decisions: list[Tagged[Event]] = []
        self.known: list[Fold[Any]] = []  # every fold that was read: together they are the boundary
        self.own: int | None = None  # how many of these it reads itself; the rest say what its issuer may see
        self.issued: Issued

    def reads(self) -> Reads:
        """Yields what must be known, together what does not depend on each other; made anew at each call."""
        yield []

    def execute(self) -> None:
        """Emits all or nothing; raises Refused and nothing else."""
        raise NotImplementedError

    def emit(self, event: Event) -> None:
        self.new_decisions.append(Tagged(event.tags(), event))

    def consistency_boundary(self) -> list[Selector]:
        """Everything that was read."""
        return [Selector(types=list(fold.types), tags=list(fold.tags)) for fold in self.known]

    def begin(self, issued: Issued) -> Reads:
        """Forgets an earlier decision, so that the command can be decided on fresh events."""
        self.issued = issued
        self.new_decisions = []
        self.known = []
        self.own = None
        return self.reads()

    @property
    def last_read(self) -> int:
        """Position of the last event among what the command itself must know."""
        return max((fold.last for fold in self.known[: self.own]), default=0)

    def presumes_none(self, fold: Fold[Any]) -> bool:
        """Whether to decide as if nothing had happened to it: what a command brings into being is hardly ever there
        already, and the append will know."""
        return fold.rare or (self.creates and fold.tags[0].endswith(f":{getattr(self, self.entity)}"))

    def select(self, folds: Iterable[Fold[Any]]) -> None:
        """Notes what was read as part of the boundary; a fold without a tag would span the organisation."""
        for fold in folds:
            if not fold.tags:
                raise TypeError(f"{type(fold).__name__} selects without a tag")
            self.known.append(fold)


@cache  # every command on a task asks
def wire_name(command: type[Command]) -> str:
    """`CommitTask` → `commit-task`."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in command.__name__).removeprefix("-")
