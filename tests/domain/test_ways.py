"""Which commands can record which event is read from their code; the demonstration says whether that is true."""

from datetime import date

import pytest

from domain.commands import COMMANDS, EVENTS, NOTES, SEEN
from domain.milestones import MoveMilestone
from domain.ways import events_of, ways
from examples.demo.commands import lines
from examples.lines import Line
from tests.examples.replay import Replay


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_has_a_way_into_the_ledger(kind: str) -> None:
    assert ways()[kind]


@pytest.mark.parametrize("command", (COMMANDS | NOTES | SEEN).values(), ids=lambda command: command.__name__)
def test_every_command_can_record_something(command: type) -> None:
    assert events_of(command)


def test_what_a_command_only_reads_it_cannot_record() -> None:
    assert events_of(MoveMilestone) == {"milestone.moved"}


class Noted(Replay):
    """What each line recorded."""

    def apply(self, line: Line) -> None:
        before = len(self.events)
        super().apply(line)
        types = [event.stored_type() for event in self.events[before:]]
        assert set(types) <= events_of(COMMANDS[line["command"]]), line["command"]
        if types:
            told = next(name for name in ways()[types[0]] if set(types) <= events_of((COMMANDS | NOTES | SEEN)[name]))
            assert told == line["command"]


def test_the_plainest_command_that_explains_what_was_recorded_is_the_one_that_was_issued() -> None:
    assert Noted(lines(date(2026, 6, 15))).events
