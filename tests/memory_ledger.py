"""The same reading loop and append over the eventsourcing library's in-memory recorder: the oracle of our ledger."""

from collections.abc import Sequence

from eventsourcing.dcb.popo import InMemoryDCBRecorder

from domain.kernel import Command, DCBAppendCondition, DCBQuery, Event, Fold, Issued
from domain.visibility import as_seen
from infra.codec import from_dcb, to_dcb


class MemoryLedger:
    """One organisation's ledger in memory; `read` remembers which positions were read."""

    def __init__(self) -> None:
        self.recorder = InMemoryDCBRecorder()
        self.read: set[int] = set()

    def store(self, *events: Event) -> None:
        self.recorder.append([to_dcb(event, event.tags()) for event in events])

    def events(self) -> list[Event]:
        return [from_dcb(sequenced.event) for sequenced in self.recorder.read()]

    def execute(self, command: Command, issued: Issued) -> Sequence[Event]:
        """The events that the command appended; raises Refused. The condition is the union of all that was read."""
        head: int | None = None
        for folds in as_seen(command, issued):
            command.select(folds)
            for fold in folds:
                response = self.recorder.read(DCBQuery([fold.item()]))
                head = response.head if head is None else head
                self._fold(fold, [(s.position, from_dcb(s.event)) for s in response])
        command.execute()
        tagged = command.collect_events()
        if tagged:
            items = [fold.item() for fold in command.known]
            condition = DCBAppendCondition(DCBQuery(items), head) if items else None
            self.recorder.append([to_dcb(one.decision, one.tags) for one in tagged], condition)
        return [one.decision for one in tagged]

    def _fold(self, fold: Fold[Event], events: list[tuple[int, Event]]) -> None:
        for position, event in events:
            fold.take(event, position)
            self.read.add(position)
