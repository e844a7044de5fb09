"""Two sides measured in turn, A B A B …, and told as ratios: what the machine does meanwhile it does to both."""

import os
import sys
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import msgspec

SECONDS = float(os.environ.get("HEADWAY_BENCH_SECONDS", "2"))
PAIRS = 5
# A server that answers in milliseconds is asked in many short turns: a neighbour who takes the machine for a second
# spoils one side of a long pair, and some few of the short ones.
TURNS, TURN = 31, SECONDS / 10

Side = Callable[[], Awaitable[float]]


class Skipped(Exception):
    """A bench can't be run here; the sentence says why."""


class Figure(msgspec.Struct, kw_only=True):
    """A number, what it is to reach, and the pairs that it comes from."""

    bench: str
    name: str
    value: float
    limit: float
    least: float
    most: float
    at_most: bool = False  # whether the limit is an upper one
    unit: str = ""
    first: float | None = None  # the median of each side, in the words of `sides`
    second: float | None = None
    sides: str = ""
    pairs: list[tuple[float, float]] = []

    @property
    def reached(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def line(self) -> str:
        sign = "≤" if self.at_most else "≥"
        said = "reached" if self.reached else "MISSED"
        span = f"({self.least:.2f} … {self.most:.2f})"
        text = f"{self.bench:15} {self.name:44} {self.value:8.2f}{self.unit:4} {span:20} {sign} {self.limit:g}  {said}"
        if self.first is not None and self.second is not None:
            text += f"   [{self.first:,.4g} / {self.second:,.4g} {self.sides}]"
        return text

    def as_json(self) -> dict[str, Any]:
        return {**msgspec.structs.asdict(self), "reached": self.reached}


def tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def interleaved(
    *sides: Side, pairs: int = PAIRS, warm: bool = True, before: Side | None = None
) -> list[tuple[float, ...]]:
    """The sides in turn, a round of all at a time; a first round, that counts for nothing, warms them up."""
    rounds: list[tuple[float, ...]] = []
    for number in range(pairs + warm):
        found: list[float] = []
        for side in sides:
            if before is not None:
                await before()
            found.append(await side())
        if number >= warm:
            rounds.append(tuple(found))
    return rounds


def compared(
    bench: str,
    name: str,
    pairs: list[tuple[float, float]],
    limit: float,
    *,
    at_most: bool = False,
    sides: str = "",
) -> Figure:
    """The median of the pairs' ratios, first side ÷ second side."""
    ratios = [first / second if second else float("inf") for first, second in pairs]
    figure = Figure(
        bench=bench,
        name=name,
        value=median(ratios),
        limit=limit,
        least=min(ratios),
        most=max(ratios),
        at_most=at_most,
        first=median(first for first, _ in pairs),
        second=median(second for _, second in pairs),
        sides=sides,
        pairs=pairs,
    )
    tell(figure.line())
    return figure
