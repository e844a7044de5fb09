"""`python -m tests.bench [name …]`: every bench, or the named ones; the result also as JSON in bench-results.json."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import uvloop

from infra.collection import collect_seldom
from tests.bench.pairs import PAIRS, SECONDS, TURN, TURNS, Figure, Skipped, tell
from tests.bench.place import Place, placed

RESULTS = Path("bench-results.json")
Bench = Callable[[Place], Awaitable[list[Figure]]]

# Name → module and function; imported late, so that one that can't be imported keeps none of the others back.
BENCHES: Mapping[str, tuple[str, str]] = {
    "append-hot": ("append", "append_hot"),
    "append-spread": ("append", "append_spread"),
    "append-costs": ("costs", "costs"),
    "append-library": ("library", "append_library"),
    "flatness": ("flatness", "flatness"),
    "rebuild": ("rebuilding", "rebuilding"),
    "tree": ("tree", "tree"),
    "audit": ("audit", "audit"),
    "visible": ("visible", "visible"),
    "http": ("http", "over_http"),
    "reads": ("reads", "reads"),
    "reads-promises": ("promises", "reads_promises"),
    "apply": ("applying", "applying"),
    "scale": ("scale", "scale"),
    "live": ("live", "live"),
    "webhooks": ("webhooks", "webhooks"),
    "memory": ("memory", "memory"),
}


async def run(name: str, place: Place) -> dict[str, Any]:
    module, function = BENCHES[name]
    began = perf_counter()
    answer: dict[str, Any] = {"bench": name, "figures": []}
    try:
        bench: Bench = getattr(import_module(f"tests.bench.{module}"), function)
        answer["figures"] = [figure.as_json() for figure in await bench(place)]
    except (ImportError, Skipped) as error:
        answer["skipped"] = str(error)
        tell(f"{name:15} skipped: {error}")
    except Exception as error:  # the other benches' figures are not to be lost
        answer["failed"] = f"{type(error).__name__}: {error}"
        tell(f"{name:15} FAILED: {answer['failed']}")
    answer["seconds"] = round(perf_counter() - began, 1)
    return answer


async def run_all(names: list[str]) -> list[dict[str, Any]]:
    collect_seldom()
    with placed() as place:
        return [await run(name, place) for name in names]


def main(arguments: list[str]) -> int:
    unknown = [name for name in arguments if name not in BENCHES]
    if unknown:
        tell(f"There is no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}.")
        return 2
    began = perf_counter()
    turns = f"{PAIRS} pairs, about {SECONDS:g} s a side, and {TURNS} of {TURN:g} s where a server is read"
    tell(f"{turns}; ratio (least … most), limit, [median of each side].")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        benches = runner.run(run_all(arguments or list(BENCHES)))
    figures = [figure for one in benches for figure in one["figures"]]
    missed = [f"{one['bench']}: {one['name']}" for one in figures if not one["reached"]]
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds_a_side": SECONDS,
        "pairs": PAIRS,
        "turns": TURNS,
        "benches": benches,
    }
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    tell(f"{len(figures) - len(missed)} of {len(figures)} limits reached in {perf_counter() - began:.0f} s; {RESULTS}.")
    for one in missed:
        tell(f"missed: {one}")
    return 1 if any("failed" in one for one in benches) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
