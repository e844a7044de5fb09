"""What was asked and what was answered, kept outside the product: a line each, on the disk before the next is asked."""

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from uuid import UUID


class Outcome(Enum):
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # it may have been recorded, or not


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told."""

    outcome: Outcome
    position: int = 0
    event_ids: tuple[UUID, ...] = ()
    code: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Entry:
    """A command under its key, with every answer that it was given."""

    organisation_id: UUID
    name: str
    correlation_id: UUID
    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def acknowledged(self) -> list[Answer]:
        return [one for one in self.answers if one.outcome is Outcome.ACKNOWLEDGED]

    @property
    def refused(self) -> list[Answer]:
        return [one for one in self.answers if one.outcome is Outcome.REFUSED]


class Journal:
    """Of one run. `violations` are answers that nobody should ever be given (I9)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        self.violations: list[str] = []
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def asked(self, key: str, organisation_id: UUID, name: str, correlation_id: UUID) -> None:
        if key not in self.entries:
            self.entries[key] = Entry(organisation_id, name, correlation_id)
        self._write("asked", key, str(organisation_id), name)

    def answered(self, key: str, answer: Answer) -> None:
        self.entries[key].answers.append(answer)
        self._write(answer.outcome.value, key, answer.position, answer.code)

    def _write(self, *line: object) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)

    def codes(self) -> set[str]:
        """Of every answer."""
        return {answer.code for entry in self.entries.values() for answer in entry.answers}

    def counts(self) -> dict[str, int]:
        """Keys by the last answer; `unknown` counts answers, for every one was asked again."""
        counts: defaultdict[str, int] = defaultdict(int)
        for entry in self.entries.values():
            last = entry.answers[-1].outcome if entry.answers else Outcome.UNKNOWN
            counts[last.value if last is not Outcome.UNKNOWN else "unresolved"] += 1
            counts["unknown"] += sum(one.outcome is Outcome.UNKNOWN for one in entry.answers)
        return dict(counts)
