"""What became of every goal, row and field: the account that a run gives of itself."""

from collections import Counter
from collections.abc import Iterator


class Report:
    """Counts by section and sentence, in the order in which they were first counted."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def count(self, section: str, what: str, by: int = 1) -> None:
        self.counts[section, what] += by

    def section(self, section: str) -> dict[str, int]:
        return {what: n for (of, what), n in self.counts.items() if of == section}

    def total(self, section: str) -> int:
        return sum(self.section(section).values())

    def table(self) -> str:
        """Plain text: a heading for each section, a number and a sentence a line."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        for section in dict.fromkeys(of for of, _ in self.counts):
            yield f"{section} ({self.total(section)})"
            yield from (f"{n:>8}  {what}" for what, n in self.section(section).items())
