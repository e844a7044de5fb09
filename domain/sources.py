"""Sources: what a measure or an indicator gets its readings from without anybody's hand. No key, secret or password is
ever recorded: of a key its digest, of a database the name that the operator has given it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

import msgspec

from domain.codes import NOT_FOUND, SOURCE_DISCONNECTED
from domain.kernel import (
    OWN,
    Event,
    Fold,
    IndicatorId,
    MeasureId,
    OutcomeId,
    PersonId,
    ReadingId,
    Refused,
    RosterId,
    SourceId,
)
from domain.organisation import Digest, Lookup
from domain.pointers import Pointer
from domain.rosters import Rostered, roster_of
from domain.values import Name, Reason

Address = Annotated[str, msgspec.Meta(min_length=8, max_length=2_000, pattern=r"^https?://[^\s/]\S*$(?!\n)")]
Connection = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$(?!\n)")]
Query = Annotated[str, msgspec.Meta(min_length=8, max_length=10_000)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=43_200)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=8_784)]


MOST_SOURCES = 1_000  # of an organisation, so that whoever connects one waits for no long count


class SourceKind(StrEnum):
    """How readings come: somebody sends JSON or CSV, or we fetch JSON from an address or rows from a database."""

    PUSH_JSON = "PUSH_JSON"
    PUSH_CSV = "PUSH_CSV"
    PULL_HTTP = "PULL_HTTP"
    PULL_SQL = "PULL_SQL"

    @property
    def pulls(self) -> bool:
        return self in {SourceKind.PULL_HTTP, SourceKind.PULL_SQL}

    @property
    def reads_json(self) -> bool:
        return self in {SourceKind.PUSH_JSON, SourceKind.PULL_HTTP}


class SourceState(StrEnum):
    """Whether what a source tells counts."""

    CONNECTED = "CONNECTED"
    PAUSED = "PAUSED"
    DISCONNECTED = "DISCONNECTED"


class SourceConnected(Event, frozen=True, tag="source.connected"):
    """A measure or an indicator gets its readings from a source from now on."""

    version: ClassVar[int] = 2

    source_id: SourceId
    kind: SourceKind
    value_at: Pointer
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None
    person_id: PersonId | None = None  # who connected it, answers for it, and is told of its silence
    title: Name | None = None
    day_at: Pointer | None = None
    id_at: Pointer | None = None
    items_at: Pointer | None = None
    address: Address | None = None
    connection: Connection | None = None
    query: Query | None = None
    every_minutes: Minutes | None = None
    expect_every_hours: Hours | None = None
    lookup: Lookup | None = None
    digest: Digest | None = None
    secret_id: UUID | None = None  # where it signs what it sends
    roster_id: RosterId | None = None


class SourceRevised(Event, frozen=True, tag="source.revised"):
    """All of where a source's readings stand, and how often they are to come, as it is from now on."""

    source_id: SourceId
    value_at: Pointer
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None
    title: Name | None = None
    day_at: Pointer | None = None
    id_at: Pointer | None = None
    items_at: Pointer | None = None
    address: Address | None = None
    connection: Connection | None = None
    query: Query | None = None
    every_minutes: Minutes | None = None
    expect_every_hours: Hours | None = None


class SourceKeyRotated(Event, frozen=True, tag="source.key-rotated"):
    """A source sends with another key, or signs with another secret; the former one holds until a moment."""

    source_id: SourceId
    former_until: datetime
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None
    lookup: Lookup | None = None
    digest: Digest | None = None
    former_digest: Digest | None = None
    secret_id: UUID | None = None
    former_secret_id: UUID | None = None


class SourcePaused(Event, frozen=True, tag="source.paused"):
    """What a source tells is held back; with a reading, because somebody took one by hand that is to stand."""

    source_id: SourceId
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None
    reading_id: ReadingId | None = None
    reason: Annotated[Reason, OWN] | None = None


class SourceResumed(Event, frozen=True, tag="source.resumed"):
    """What a source tells from now on counts again."""

    source_id: SourceId
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None


class SourceDisconnected(Event, frozen=True, tag="source.disconnected"):
    """A source feeds nothing any more; what it told stays on record."""

    version: ClassVar[int] = 2

    source_id: SourceId
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None
    reason: Annotated[Reason, OWN] | None = None
    roster_id: RosterId | None = None


class SourceAssigned(Event, frozen=True, tag="source.assigned"):
    """Somebody else answers for a source from now on, and is told of its silence (R14)."""

    source_id: SourceId
    from_person_id: PersonId
    person_id: PersonId
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None


class SourceSilent(Event, frozen=True, tag="source.silent"):
    """A source has told nothing for longer than it should."""

    source_id: SourceId
    silent_since: datetime
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None


class SourceHeardAgain(Event, frozen=True, tag="source.heard-again"):
    """A source that was silent has told something."""

    source_id: SourceId
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    outcome_id: OutcomeId | None = None


SourceEvent = (
    SourceConnected
    | SourceRevised
    | SourceKeyRotated
    | SourcePaused
    | SourceResumed
    | SourceDisconnected
    | SourceAssigned
    | SourceSilent
    | SourceHeardAgain
)


class Source(Fold[SourceEvent]):
    """A source as it stands."""

    def __init__(self, source_id: UUID) -> None:
        super().__init__(source=source_id)
        self.connected: SourceConnected | None = None
        self.told: SourceConnected | SourceRevised | None = None
        self.state = SourceState.CONNECTED
        self.digest: str | None = None
        self.secret_id: UUID | None = None
        self.silent_since: datetime | None = None
        self.person_id: UUID | None = None  # who answers for it

    def fold(self, event: SourceEvent) -> None:
        match event:
            case SourceConnected():
                self.connected = self.told = event
                self.digest, self.secret_id, self.person_id = event.digest, event.secret_id, event.person_id
            case SourceAssigned():
                self.person_id = event.person_id
            case SourceRevised():
                self.told = event
            case SourceKeyRotated():
                self.digest, self.secret_id = event.digest, event.secret_id
            case SourceSilent() | SourcePaused() | SourceResumed() | SourceHeardAgain() | SourceDisconnected():
                self._stands(event)

    def _stands(
        self, event: SourceSilent | SourcePaused | SourceResumed | SourceHeardAgain | SourceDisconnected
    ) -> None:
        match event:
            case SourceSilent():
                self.silent_since = event.silent_since
            case SourcePaused():
                self.state, self.silent_since = SourceState.PAUSED, None
            case SourceResumed() | SourceHeardAgain():  # only what is connected can be silent
                self.state, self.silent_since = SourceState.CONNECTED, None
            case SourceDisconnected():
                self.state = SourceState.DISCONNECTED

    def known(self) -> SourceConnected:
        """How it was connected; refuses a source that nobody connected."""
        if self.connected is None:
            raise Refused(NOT_FOUND, "There is no such source: connect one first.", "sourceId")
        return self.connected

    def standing(self) -> SourceConnected:
        """How it was connected; refuses one that feeds nothing any more as well."""
        was = self.known()
        if self.state is SourceState.DISCONNECTED:
            raise Refused(SOURCE_DISCONNECTED, "Connect another source: this one is disconnected.", "sourceId")
        return was


class Feeding(Fold[SourceConnected | SourcePaused | SourceResumed | SourceDisconnected]):
    """The source that a measure or an indicator gets its readings from, and whether what it tells is held back."""

    def __init__(self, measure_id: UUID | None, indicator_id: UUID | None) -> None:
        super().__init__(measure=measure_id, indicator=indicator_id)
        self.source: SourceConnected | None = None
        self.paused = False

    def fold(self, event: SourceConnected | SourcePaused | SourceResumed | SourceDisconnected) -> None:
        match event:
            case SourceConnected():
                self.source, self.paused = event, False
            case SourceDisconnected():
                self.source = None
            case SourcePaused():
                self.paused = True
            case SourceResumed():
                self.paused = False


class Sources(Fold[SourceConnected | SourceDisconnected]):
    """The sources that an organisation has."""

    def __init__(self, organisation_id: UUID) -> None:
        super().__init__(roster=roster_of(organisation_id, Rostered.SOURCES))
        self.source_ids: set[UUID] = set()

    def fold(self, event: SourceConnected | SourceDisconnected) -> None:
        match event:
            case SourceConnected():
                self.source_ids.add(event.source_id)
            case SourceDisconnected():
                self.source_ids.discard(event.source_id)
