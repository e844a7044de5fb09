"""`GET /strategy-map.svg`: the map as a picture, to hang up or to put into a page."""

import asyncio
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State

from api import asking
from api.problems import Problem
from api.viewer import Viewer

QUESTION = """query StrategyMap($asOf: AsOf, $on: Date) {
  organisation(asOf: $asOf) { name }
  strategyMap(asOf: $asOf, on: $on) {
    strategies { statement }
    perspectives { title objectives { id title progress unserved health { worst } } }
    causes { objective { id } drives { id } }
  }
}"""
ROOT = Path(__file__).parent.parent
SECONDS = 20.0
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    **asking.HEADERS,
}


class Pictures:
    """The last few pictures, by what they were drawn from."""

    def __init__(self, most: int = 20) -> None:
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._most = most
        self._turn = asyncio.Semaphore(2)

    async def of(self, order: bytes) -> bytes:
        """Raises a Problem for a map that can't be drawn in time."""
        picture = self._kept.get(order)
        if picture is None:
            async with self._turn:
                picture = await draw(order)
            self._kept[order] = picture
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(order)
        return picture


PICTURES = Pictures()


async def draw(order: bytes, seconds: float = SECONDS) -> bytes:
    """By a process of its own, which is ended where it takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api.strategy_map",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,  # where `-m` looks first
    )
    try:
        picture, _ = await asyncio.wait_for(process.communicate(order), seconds)
    except TimeoutError:
        sentence = "Ask for strategyMap over GraphQL; the map is too large to be drawn in time."
        raise Problem(422, "TOO_COMPLEX", sentence) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"drawing the map ended with {process.returncode}")
    return picture


def caption(given: dict[str, Any], viewer: Viewer, position: int | None) -> str:
    """Of which day the picture is, and as of when it was on record; of a past moment the day is not told."""
    day = given.get("on") or (None if "asOf" in given else viewer.today().isoformat())
    as_of = given.get("asOf", {"position": position})
    recorded = as_of.get("time") or f"position {as_of['position']}"
    return f"Strategy map{f' of {day}' if day else ''}, as recorded up to {recorded}"


@get("/strategy-map.svg", include_in_schema=False)
async def strategy_map(request: Request[None, None, State]) -> Response[bytes]:
    """The strategy map, as of any position or moment (`asOf`) and on any day (`on`)."""
    told = await asking.ask(request, QUESTION)
    order = {"data": told.data, "caption": caption(told.moment, told.viewer, told.position)}
    picture = await PICTURES.of(msgspec.json.encode(order))
    return Response(picture, media_type="image/svg+xml", headers=HEADERS)
