"""Sources as they are connected: what they feed, where their readings stand, and whether they are silent."""

from collections.abc import Iterator

from domain.connecting import TERMS
from domain.sources import (
    SourceAssigned,
    SourceConnected,
    SourceDisconnected,
    SourceHeardAgain,
    SourceKeyRotated,
    SourcePaused,
    SourceResumed,
    SourceRevised,
    SourceSilent,
    SourceState,
)
from projections.rows import Recorded, Revision, Table, insert, revise

SOURCE = Table(
    "source",
    (
        "kind",
        *TERMS,
        "series_id",
        "measure_id",
        "indicator_id",
        "outcome_id",
        "person_id",
        "state",
        "because",
        "expected_since",
        "silent_since",
        "lookup",
        "digest",
        "former_digest",
        "secret_id",
        "former_secret_id",
        "former_until",
    ),
)
TABLES = (SOURCE,)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What a source becomes."""
    for part in (_connected, _heard):
        yield from part(recorded)


def _connected(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case SourceConnected() as event:
            yield insert(
                SOURCE,
                event.source_id,
                kind=event.kind.value,
                **_terms(event),
                series_id=event.measure_id or event.indicator_id,
                measure_id=event.measure_id,
                indicator_id=event.indicator_id,
                outcome_id=event.outcome_id,
                person_id=event.person_id,
                state=SourceState.CONNECTED.value,
                expected_since=recorded.recorded_at,
                lookup=event.lookup,
                digest=event.digest,
                secret_id=event.secret_id,
            )
        case SourceRevised() as event:
            yield revise(SOURCE, event.source_id, **_terms(event))
        case SourceAssigned() as event:
            yield revise(SOURCE, event.source_id, person_id=event.person_id)
        case SourceKeyRotated() as event:
            yield revise(
                SOURCE,
                event.source_id,
                lookup=event.lookup,
                digest=event.digest,
                former_digest=event.former_digest,
                secret_id=event.secret_id,
                former_secret_id=event.former_secret_id,
                former_until=event.former_until,
            )
        case _:
            return


def _heard(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case SourcePaused() as event:
            paused = SourceState.PAUSED.value
            yield revise(SOURCE, event.source_id, state=paused, because=event.reason, silent_since=None)
        case SourceResumed() | SourceHeardAgain() as event:
            yield revise(
                SOURCE,
                event.source_id,
                state=SourceState.CONNECTED.value,
                because=None,
                expected_since=recorded.recorded_at,
                silent_since=None,
            )
        case SourceDisconnected() as event:
            gone = SourceState.DISCONNECTED.value
            yield revise(SOURCE, event.source_id, state=gone, because=event.reason, silent_since=None)
        case SourceSilent() as event:
            yield revise(SOURCE, event.source_id, silent_since=event.silent_since)
        case _:
            return


def _terms(event: SourceConnected | SourceRevised) -> dict[str, object]:
    return {name: getattr(event, name) for name in TERMS}
