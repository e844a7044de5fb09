"""The teller of the demo: commands dated by how many days ago they were issued, in the order of their days."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from examples.lines import Line, end_of, person, present, wire

NAMESPACE = uuid5(NAMESPACE_URL, "https://headway.invalid/examples/harbour-bakery")
ZONE = ZoneInfo("Europe/London")


def entity(kind: str, name: str) -> str:
    """The same id for the same name, on whatever day the story is told."""
    return str(uuid5(NAMESPACE, f"{kind}/{name}"))


class Story:
    """Lines as they are told; a day is given as how many days before today it lies."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._told: list[tuple[int, Line]] = []
        self._times: Counter[str] = Counter()

    def day(self, ago: int) -> str:
        """The day so many days ago; a negative number lies ahead."""
        return str(self.today - timedelta(days=ago))

    def tell(self, ago: int, by: str | None, command: str, subject: str, **fields: object) -> None:
        """`by` did this to `subject` so many days ago; nothing is told of today, whose business is not closed."""
        if ago < 1:
            raise ValueError(f"{command} of {subject} has not happened yet")
        self._times[f"{command}/{subject}"] += 1
        line: Line = {
            "command": command,
            "key": f"demo/{command}/{subject}/{self._times[f'{command}/{subject}']}",
            "occurredAt": wire(end_of(self.today - timedelta(days=ago), ZONE)),
            "input": present(**fields),
        }
        if by is not None:
            line["by"] = person(entity("person", by))
        self._told.append((ago, line))

    def lines(self) -> Iterator[Line]:
        """Oldest first; within a day as told."""
        yield from (line for _, line in sorted(self._told, key=lambda told: -told[0]))
