"""Commands on sources: connect, revise, change the key, pause, resume, disconnect; and the note that one is silent."""

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from domain.codes import ALREADY_EXISTS, INVALID, NOT_ALLOWED, SOURCE_LIMIT_REACHED, SOURCE_THERE
from domain.indicators import Indicator
from domain.kernel import Command, Event, IndicatorId, Issued, MeasureId, Reads, Refused, SourceId
from domain.measures import Measure
from domain.organisation import Digest, Lookup
from domain.pointers import Pointer, checked_pointer
from domain.rosters import Rostered, roster_of
from domain.sources import (
    MOST_SOURCES,
    Address,
    Connection,
    Feeding,
    Hours,
    Minutes,
    Query,
    Source,
    SourceConnected,
    SourceDisconnected,
    SourceKeyRotated,
    SourceKind,
    SourcePaused,
    SourceResumed,
    SourceRevised,
    Sources,
    SourceSilent,
    SourceState,
)
from domain.subscribing import OverlapHours
from domain.taking import check_read_directly
from domain.timekeeping import check_timekeeper
from domain.values import Invalid, Name, Reason, Role, checked_choice

READS = re.compile(r"\s*(select|with|values)\b", re.IGNORECASE)
DEFAULT_MINUTES = 60
TERMS = (
    "value_at",
    "day_at",
    "id_at",
    "items_at",
    "title",
    "address",
    "connection",
    "query",
    "every_minutes",
    "expect_every_hours",
)
# What each kind is told beside where its values stand; without the rest it can't be meant.
NEEDED = {
    SourceKind.PULL_HTTP: frozenset({"address"}),
    SourceKind.PULL_SQL: frozenset({"connection", "query"}),
}
ALLOWED = {SourceKind.PULL_HTTP: frozenset({"connection"})}
OF_PULLING = frozenset({"address", "connection", "query", "every_minutes"})
CALLED = {"value_at": "valueAt", "day_at": "dayAt", "id_at": "idAt", "items_at": "itemsAt"}


def check_pointers(kind: SourceKind, terms: Any) -> None:
    """Raises Invalid for what leads nowhere in what a source of this kind tells."""
    for name, called in CALLED.items():
        at = getattr(terms, name)
        if kind.reads_json:
            checked_pointer(at, called)
        elif name == "items_at" and at is not None:
            raise Invalid("Leave itemsAt out: every row is a reading.", called)
        elif at == "":
            raise Invalid("Name a column.", called)


def check_terms(kind: SourceKind, terms: Any) -> None:
    """Raises Invalid for what a source of this kind can't have, or lacks."""
    needed = NEEDED.get(kind, frozenset[str]())
    allowed = needed | ALLOWED.get(kind, frozenset[str]()) | ({"every_minutes"} if kind.pulls else set[str]())
    for name in sorted(OF_PULLING):
        given = getattr(terms, name) is not None
        field = "everyMinutes" if name == "every_minutes" else name
        if given and name not in allowed:
            raise Invalid(f"Leave {field} out: a source of the kind {kind.value} has none.", field)
        if not given and name in needed:
            raise Invalid(f"Give {field}: a source of the kind {kind.value} has to have it.", field)
    check_pointers(kind, terms)
    if terms.query is not None and not READS.match(terms.query):
        raise Invalid("Write one statement that only reads: it begins with select, with or values.", "query")


def _leads(issued: Issued) -> bool:
    return issued.role.reaches(Role.LEAD)


class ConnectSource(Command):
    """Let a measure or an indicator get its readings from a source: one that sends JSON or CSV to `/ingest/{source}`,
    or an address or a database that is asked every so many minutes.

    Whoever sends gets a key this once, or with `signed` a secret to sign with; it opens nothing else. Refused where a
    source feeds it already, where it can't be read directly, where somebody who is no lead wants something fetched, or
    where the organisation has 1,000 already.
    """

    entity = "source_id"
    creates = True

    source_id: SourceId
    kind: SourceKind
    value_at: Pointer
    lookup: Lookup
    digest: Digest
    secret_id: UUID
    measure_id: MeasureId | None = None
    indicator_id: IndicatorId | None = None
    title: Name | None = None
    day_at: Pointer | None = None
    id_at: Pointer | None = None
    items_at: Pointer | None = None
    address: Address | None = None
    connection: Connection | None = None
    query: Query | None = None
    every_minutes: Minutes | None = None
    expect_every_hours: Hours | None = None
    signed: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.measure_id, "measureId"), (self.indicator_id, "indicatorId"))
        if self.kind.pulls and self.signed:
            raise Invalid("Leave signed out: what is fetched is not signed.", "signed")
        check_terms(self.kind, self)

    @property
    def sends_with_key(self) -> bool:
        return not self.kind.pulls and not self.signed

    @property
    def signs(self) -> bool:
        return self.signed

    def reads(self) -> Reads:
        self.source, self.sources = Source(self.source_id), Sources(self.issued.organisation_id)
        self.measure = self.measure_id and Measure(self.measure_id)
        self.indicator = self.indicator_id and Indicator(self.indicator_id)
        self.feeding = Feeding(self.measure_id, self.indicator_id)
        yield [
            one for one in (self.source, self.sources, self.measure, self.indicator, self.feeding) if one is not None
        ]

    def execute(self) -> None:
        if self.source.connected:
            raise Refused(ALREADY_EXISTS, "Choose another id: a source has this one.", "sourceId")
        if len(self.sources.source_ids) >= MOST_SOURCES:
            sentence = f"Disconnect a source that is needed no longer: an organisation has at most {MOST_SOURCES}."
            raise Refused(SOURCE_LIMIT_REACHED, sentence, "sourceId")
        outcome_id, accumulates = self._fed()
        if self.kind.pulls and not _leads(self.issued):
            raise Refused(NOT_ALLOWED, "Ask a lead to have something fetched: it is done with our means.", "kind")
        if self.feeding.source is not None:
            raise Refused(SOURCE_THERE, "Disconnect the source that feeds this already, or revise it.", "sourceId")
        if accumulates and self.id_at is None and not self.signed:
            sentence = "Say where the id of a reading stands (idAt): its values add up, and none is to count twice."
            raise Refused(INVALID, sentence, "idAt")
        self.emit(
            SourceConnected(
                source_id=self.source_id,
                kind=self.kind,
                measure_id=self.measure_id,
                indicator_id=self.indicator_id,
                outcome_id=outcome_id,
                person_id=self.issued.person_id,
                lookup=self.lookup if self.sends_with_key else None,
                digest=self.digest if self.sends_with_key else None,
                secret_id=self.secret_id if self.signs else None,
                roster_id=roster_of(self.issued.organisation_id, Rostered.SOURCES),
                **self._terms(),
            )
        )

    def _terms(self) -> dict[str, Any]:
        minutes = (self.every_minutes or DEFAULT_MINUTES) if self.kind.pulls else None
        return {name: getattr(self, name) for name in TERMS} | {"every_minutes": minutes}

    def _fed(self) -> tuple[UUID | None, bool]:
        """The outcome of what it feeds, and whether its values add up; refuses what can't be read directly."""
        if self.measure:
            was, _ = self.measure.standing("measureId")
            check_read_directly(was)
            return was.outcome_id, was.accumulates
        assert self.indicator  # noqa: S101 - the one or the other is given
        self.indicator.check("indicatorId")
        latest = self.indicator.first
        return None, bool(getattr(latest, "accumulates", False))


class SourceCommand(Command):
    """On a source that somebody has connected."""

    entity = "source_id"
    anybody: ClassVar[bool] = False  # whether others than who answers for it, or a lead, may do this

    source_id: SourceId

    def reads(self) -> Reads:
        self.source = Source(self.source_id)
        yield [self.source]

    def execute(self) -> None:
        self.was = self.source.standing()
        theirs = self.source.person_id is not None and self.source.person_id == self.issued.person_id
        if not (self.anybody or theirs or _leads(self.issued)):
            raise Refused(NOT_ALLOWED, "Ask whoever answers for the source, or a lead, to do this.", "sourceId")
        if event := self.become():
            self.emit(event)

    def become(self) -> Event | None:
        """What the command comes to, on a source that is there; raises Refused."""
        raise NotImplementedError

    @property
    def fed(self) -> dict[str, UUID | None]:
        """What the source feeds, as every event of it tells."""
        return {
            "measure_id": self.was.measure_id,
            "indicator_id": self.was.indicator_id,
            "outcome_id": self.was.outcome_id,
        }


class ReviseSource(SourceCommand):
    """Say otherwise where the readings of a source stand, or how often they come; what is left out stays as it is.

    Refused for what a source of its kind can't have.
    """

    value_at: Pointer | None = None
    title: Name | None = None
    day_at: Pointer | None = None
    id_at: Pointer | None = None
    items_at: Pointer | None = None
    address: Address | None = None
    connection: Connection | None = None
    query: Query | None = None
    every_minutes: Minutes | None = None
    expect_every_hours: Hours | None = None

    def become(self) -> Event | None:
        latest = self.source.told or self.was
        kept = {name: getattr(latest, name) for name in TERMS}
        said = {name: getattr(self, name) for name in TERMS if getattr(self, name) is not None}
        if self.was.kind.pulls and OF_PULLING & said.keys() and not _leads(self.issued):
            raise Refused(NOT_ALLOWED, "Ask a lead to have something else fetched.", "sourceId")
        revised = SourceRevised(source_id=self.source_id, **self.fed, **{**kept, **said})
        try:
            check_terms(self.was.kind, revised)
        except Invalid as invalid:
            raise Refused(INVALID, invalid.sentence, invalid.field) from None
        return revised if {**kept, **said} != kept else None


class RotateSourceKey(SourceCommand):
    """Let a source send with a new key, or sign with a new secret, which you get this once; the former one holds for a
    day, or the hours you say.

    Say 0 where the former one has leaked. Refused for a source that is fetched from: it has none.
    """

    lookup: Lookup
    digest: Digest
    secret_id: UUID
    overlap_hours: OverlapHours = 24

    @property
    def sends_with_key(self) -> bool:
        """Known once the command was decided."""
        return self.source.digest is not None

    @property
    def signs(self) -> bool:
        return self.source.secret_id is not None

    def become(self) -> Event | None:
        keyed, signed = self.sends_with_key, self.signs
        if not keyed and not signed:
            raise Refused(INVALID, "Leave it: what is fetched has no key of ours.", "sourceId")
        return SourceKeyRotated(
            source_id=self.source_id,
            **self.fed,
            former_until=self.issued.at + timedelta(hours=self.overlap_hours),
            lookup=self.lookup if keyed else None,
            digest=self.digest if keyed else None,
            former_digest=self.source.digest,
            secret_id=self.secret_id if signed else None,
            former_secret_id=self.source.secret_id,
        )


class PauseSource(SourceCommand):
    """Hold back what a source tells until it is resumed: it is on record, and counts nowhere; nothing is fetched."""

    anybody = True

    reason: Reason | None = None

    def become(self) -> Event | None:
        if self.source.state is SourceState.PAUSED:
            return None
        return SourcePaused(source_id=self.source_id, **self.fed, reason=self.reason)


class ResumeSource(SourceCommand):
    """Let what a source tells from now on count again; what was held back stays so."""

    anybody = True

    def become(self) -> Event | None:
        if self.source.state is SourceState.CONNECTED:
            return None
        return SourceResumed(source_id=self.source_id, **self.fed)


class DisconnectSource(SourceCommand):
    """Let a source feed nothing any more; its key opens nothing, and what it told stays on record (R9)."""

    reason: Reason | None = None

    def become(self) -> Event | None:
        roster_id = roster_of(self.issued.organisation_id, Rostered.SOURCES)
        return SourceDisconnected(source_id=self.source_id, **self.fed, reason=self.reason, roster_id=roster_id)


class NoteSourceSilent(Command):
    """Note that a source has told nothing for longer than it should; once for each silence.

    Refused where the source is disconnected; nothing comes of it while it is paused.
    """

    entity = "source_id"
    role = Role.OWNER

    source_id: SourceId
    silent_since: datetime

    def reads(self) -> Reads:
        self.source = Source(self.source_id)
        yield [self.source]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        was = self.source.standing()
        if self.source.silent_since is None and self.source.state is SourceState.CONNECTED:
            self.emit(
                SourceSilent(
                    source_id=self.source_id,
                    silent_since=self.silent_since,
                    measure_id=was.measure_id,
                    indicator_id=was.indicator_id,
                    outcome_id=was.outcome_id,
                )
            )
