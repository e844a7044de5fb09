"""What neither the type checker nor the import contracts can say."""

import re
from pathlib import Path
from typing import Any

import pytest

from domain import codes
from domain.codes import Code
from domain.commands import COMMANDS, EVENTS, NOTES, SEEN
from domain.kernel import Command, Fold

ROOT = Path(__file__).parent.parent
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
RULES = ("r1", "r2", "r3", "r4", "r5", "r6", "r7", "r9", "r12", "r13", "r14")
RESERVED = {"issued", "known", "new_decisions", "last_known_position"}
LONGEST = 500


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_proofs_that_name_it(rule: str) -> None:
    assert len(re.findall(rf"def test_{rule}_", TESTS)) >= 2


@pytest.mark.parametrize("name", codes.ALL)
def test_every_refusal_code_is_proven(name: str) -> None:
    assert name in TESTS, f"no test names {name}"


@pytest.mark.parametrize("command", (COMMANDS | NOTES | SEEN).values(), ids=lambda command: command.__name__)
def test_every_command_is_proven_documented_and_hides_nothing(command: type[Command]) -> None:
    assert command.__name__ in TESTS
    assert command.__doc__
    assert not RESERVED & set(command.__struct_fields__)
    assert not command.entity or command.entity in command.__struct_fields__


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.__name__)
def test_every_event_says_what_happened(event: type) -> None:
    assert event.__doc__


def test_every_fold_selects_by_types() -> None:
    kinds: list[type[Fold[Any]]] = list(Fold.__subclasses__())  # pyright: ignore[reportUnknownArgumentType]
    assert all(kind.types for kind in kinds)


def test_a_rule_of_a_code_is_a_rule() -> None:
    assert all(isinstance(code, Code) and re.fullmatch(r"(R\d+)?", code.rule) for code in codes.ALL.values())


def test_nobody_but_the_timekeeper_is_given_its_commands() -> None:
    assert not COMMANDS.keys() & (NOTES.keys() | SEEN.keys())


def test_no_file_is_two_subjects() -> None:
    folders = ("domain", "projections", "infra", "api", "examples")
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long
