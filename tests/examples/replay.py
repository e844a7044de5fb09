"""Lines run as commands over a ledger in memory that looks events up by tag, so that thousands of them are fast."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from domain.commands import COMMANDS
from domain.kernel import Command, Event, Fold, Issued
from examples.lines import Line
from infra.codec import from_dcb, to_dcb
from tests.given import issued


class Replay:
    """What the ledger would have recorded; raises Refused at the first line that a rule forbids."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.events: list[Event] = []
        self.silent: list[str] = []  # keys of the lines that changed nothing
        self.tags: list[frozenset[str]] = []
        self.tagged: defaultdict[str, list[int]] = defaultdict(list)
        self.lines = list(lines)
        self.zone = ZoneInfo(str(self.lines[0]["input"]["timeZone"]))
        for line in self.lines:
            self.apply(line)

    def apply(self, line: Line) -> None:
        """Decoded as the edge does, decided, and kept through the real codec."""
        command = decoded(line)
        for folds in command.begin(self.issued(line)):
            command.select(folds)
            for fold in folds:
                self._fold(fold)
        command.execute()
        emitted = list(command.collect_events())
        if not emitted:
            self.silent.append(line["key"])
        for one in emitted:
            event = from_dcb(to_dcb(one.decision, one.tags))
            assert one.tags, f"{line['key']} emitted {event} without a tag"
            for tag in set(one.tags):
                self.tagged[tag].append(len(self.events))
            self.tags.append(frozenset(one.tags))
            self.events.append(event)

    def issued(self, line: Line) -> Issued:
        moment = datetime.fromisoformat(line["occurredAt"]) if "occurredAt" in line else None
        assert moment is not None, f"{line['key']} is not dated"
        by = UUID(line["by"].removeprefix("person:")) if "by" in line else None
        one = issued(by, moment.astimezone(self.zone).date())
        organisation = UUID(str(self.lines[0]["input"]["organisationId"]))
        return msgspec.structs.replace(one, organisation_id=organisation, at=moment, occurred_at=moment)

    def of(self, *types: str) -> list[Event]:
        """The events of these stored types."""
        return [event for event in self.events if event.stored_type() in types]

    def _fold(self, fold: Fold[Event]) -> None:
        for at in self.tagged[fold.tags[0]]:
            if fold.selects(self.events[at], self.tags[at]):
                fold.take(self.events[at], at + 1)


def decoded(line: Line) -> Command:
    return msgspec.json.decode(msgspec.json.encode(line["input"]), type=COMMANDS[line["command"]])
