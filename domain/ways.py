"""Which commands can record which event: read from the commands' own code, so that nobody has to keep a list."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

from domain.carrying import CarryOverOutcome
from domain.commands import COMMANDS, NOTES, SEEN
from domain.kernel import Command, Event, Fold
from domain.taking import TakeReading

# what a command copies of events that it read, which its code does not name
COPIED: Mapping[type[Command], frozenset[str]] = {
    CarryOverOutcome: frozenset({"measure.set", "outcome.aligned", "outcome.aligned-to-objective"})
}

# what a command records beside only where it is asked to: it is the plainest way to the rest all the same
BESIDE: Mapping[type[Command], frozenset[str]] = {TakeReading: frozenset({"source.paused"})}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _methods(kind: type) -> Iterator[FunctionType]:
    """Its own and inherited ones, as far as they are the domain's; each name once."""
    found: dict[str, FunctionType] = {}
    for one in reversed(kind.__mro__):
        if one.__module__.startswith("domain.") and one is not Command:
            found |= {name: value for name, value in vars(one).items() if isinstance(value, FunctionType)}
    yield from found.values()


def _recorded(function: FunctionType, seen: set[Any]) -> Iterator[type[Event]]:
    """Events that the function names, or a function that it calls."""
    if function in seen:
        return
    seen.add(function)
    names = set(_names(function.__code__))
    named: list[Any] = [function.__globals__.get(name) for name in names]
    for module in [one for one in named if isinstance(one, ModuleType)]:
        named += [getattr(module, name, None) for name in names]
    for one in named:
        yield from _of(one, seen)


def _of(one: Any, seen: set[Any]) -> Iterator[type[Event]]:
    if isinstance(one, FunctionType) and one.__module__.startswith("domain."):
        yield from _recorded(one, seen)
    elif isinstance(one, type):
        yield from _of_class(cast(type[object], one), seen)


def _of_class(kind: type[object], seen: set[Any]) -> Iterator[type[Event]]:
    """The event that it is, or those that an object of it can make."""
    if issubclass(kind, Event):
        yield kind
    elif kind.__module__.startswith("domain.") and not issubclass(kind, (Fold, Command)):
        for method in _methods(kind):
            yield from _recorded(method, seen)


@cache
def events_of(command: type[Command]) -> frozenset[str]:
    """The stored types of what a command can record."""
    seen: set[Any] = set()
    return frozenset(
        event.stored_type() for method in _methods(command) for event in _recorded(method, seen) if event is not Event
    ) | COPIED.get(command, frozenset())


@cache
def ways() -> dict[str, tuple[str, ...]]:
    """Event type → names of the commands that can record it, those first that can record the fewest others."""
    told: dict[str, list[tuple[int, str]]] = {}
    for name, command in (COMMANDS | NOTES | SEEN).items():
        events = events_of(command)
        for event in events:
            told.setdefault(event, []).append((len(events - BESIDE.get(command, frozenset())), name))
    return {event: tuple(name for _, name in sorted(found)) for event, found in told.items()}
