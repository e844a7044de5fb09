"""Where the boxes and arrows of a strategy map stand: the layout library's doing, for all but one thing.

Ours is which layers belong to a perspective: the library takes the layer of a box as given, orders the boxes of each
layer, gives them room and leads the arrows between. It draws downwards and a map reads upwards, so its picture is
turned upside down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import pairwise
from math import ceil

import graphlay

BOX_WIDTH, BOX_HEIGHT = 230.0, 112.0
EMPTY_WIDTH, EMPTY_HEIGHT = 160.0, 24.0
WIDEST = 8  # boxes side by side, before a perspective gets another row
LEFT, PADDING, RIGHT = 230.0, 26.0, 54.0
LEAST_WIDTH = 1080.0
CAREFUL_UP_TO = 100  # boxes; beyond, the library is asked to be quick
OPTIONS = {
    "direction": "topbottom",
    "spacing": {"node_gap": 22.0, "layer_gap": 40.0, "isolated_gap": 22.0, "dummy_gap": 11.0, "port_gap": 13.0},
    "routing": {"port_sides": "facing_only"},
}

Point = tuple[float, float]
Edge = tuple[str, str]  # from the driver to what it drives


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Placed:
    """Boxes by id, bands from top to bottom as (top, bottom), arrows as polylines."""

    boxes: dict[str, Box] = field(default_factory=dict[str, Box])
    bands: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    arrows: dict[Edge, list[Point]] = field(default_factory=dict[Edge, list[Point]])
    width: float = LEAST_WIDTH
    height: float = 0.0


def rows_of(band: Sequence[str], edges: Iterable[Edge]) -> list[list[str]]:
    """The rows of a band from the lowest up: a driver stands below what it drives, and none is much fuller than the
    others."""
    most = ceil(len(band) / max(ceil(len(band) / WIDEST), 1))
    drivers: dict[str, list[str]] = {one: [] for one in band}
    for driver, driven in edges:
        if driver in drivers and driven in drivers:
            drivers[driven].append(driver)
    rows: list[list[str]] = [[]]
    at: dict[str, int] = {}
    for one in TopologicalSorter(drivers).static_order():
        row = max((at[driver] + 1 for driver in drivers[one]), default=0)
        while row < len(rows) and len(rows[row]) >= most:
            row += 1
        rows += [[] for _ in range(row + 1 - len(rows))]
        rows[row].append(one)
        at[one] = row
    return rows


def place_of(band: int) -> str:
    """The id of what holds an empty band open; no objective has one like it."""
    return f"empty {band}"


def placed(bands: Sequence[Sequence[str]], edges: Sequence[Edge]) -> Placed:
    """The bands from top to bottom, each with the ids of its boxes."""
    if not bands:
        return Placed()
    graph = graphlay.Graph()
    members: list[list[str]] = []
    layer = 0
    for nth, band in reversed(list(enumerate(bands))):
        for row in rows_of(band, edges):
            for one in row:
                graph.node(one, width=BOX_WIDTH, height=BOX_HEIGHT, rank={"fixed": layer})
            layer += 1
        if not band:
            graph.node(place_of(nth), width=EMPTY_WIDTH, height=EMPTY_HEIGHT, rank={"fixed": layer - 1})
        members.insert(0, [*band] or [place_of(nth)])
    for driver, driven in edges:
        graph.edge(driver, driven)
    effort = "thorough" if len(graph.nodes) <= CAREFUL_UP_TO else "fast"
    return turned(graphlay.layout(graph, options={**OPTIONS, "effort": effort}), members, edges)


def turned(drawing: graphlay.Layout, members: list[list[str]], edges: Sequence[Edge]) -> Placed:
    """The library's picture, the last layer on top."""
    least, most = drawing.bounds["min"], drawing.bounds["max"]

    needed = LEFT + most["x"] - least["x"] + RIGHT
    width = max(LEAST_WIDTH, needed)
    left = LEFT - least["x"] + (width - needed) / 2

    def turn(point: dict[str, float]) -> Point:
        return left + point["x"], most["y"] + PADDING - point["y"]

    boxes: dict[str, Box] = {}
    for one, node in zip(drawing.ids, drawing.nodes, strict=True):
        (x, y), size = turn(node["center"]), node["size"]
        boxes[one] = Box(x - size["width"] / 2, y - size["height"] / 2, size["width"], size["height"])
    tops = [min(boxes[one].y for one in band) for band in members]
    bottoms = [max(boxes[one].y + boxes[one].height for one in band) for band in members]
    height = most["y"] - least["y"] + 2 * PADDING
    between = [0.0, *((above + below) / 2 for above, below in zip(bottoms, tops[1:], strict=False)), height]
    return Placed(
        boxes,
        list(pairwise(between)),
        {edge: [*map(turn, route["points"])] for edge, route in zip(edges, drawing.edges, strict=True)},
        width,
        height,
    )
