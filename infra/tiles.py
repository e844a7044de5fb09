"""The stored nodes of the trees: where each stands, how they are read, and how a tree grows by further events.

A leaf is the hash that chains an event to all before it, so that a root over leaves speaks of contents and of order.
What is stored are the complete nodes, leaves too, in tiles of five levels: level 0 holds the tree's levels 0 to 4,
level 1 its levels 5 to 9. Inside a tile nodes stand in the order of their completion, so that a tile only grows at its
end.

What any two proofs of inclusion share are upper nodes, and these never change: a process reads them once. Whatever is
signed or verified is read anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.database import statements
from infra.tree import (
    LENGTH,
    Node,
    Span,
    above,
    consistency_spans,
    cover_spans,
    edge_of,
    folded,
    inclusion_nodes,
    leaf_hash,
    nodes_of,
)

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))
HEIGHT = 5
BOTTOM = 1 << (HEIGHT - 1)  # nodes of its lowest level in a full tile
BATCH = 16_384  # events
UPPER = 2 * HEIGHT  # from this level of the tree on a node is kept once it was read for a proof: one of 512 nodes
MOST_KEPT = 50_000  # nodes

Connection = Any  # asyncpg's pool hands out a proxy that its types do not name
Tile = tuple[int, int]


def place_of(node: Node) -> tuple[Tile, int]:
    """The tile of a node, and which of its nodes it is."""
    level, index = node
    high, height = divmod(level, HEIGHT)
    tile = index >> (HEIGHT - 1 - height)
    below = ((index & ((BOTTOM >> height) - 1)) + 1 << height) - 1  # nodes of the lowest level before its last one
    return (high, tile), 2 * below - below.bit_count() + height


def grown(size: int, edge: Mapping[int, bytes], leaves: Sequence[bytes]) -> list[tuple[int, list[bytes]]]:
    """Further leaves and the nodes that they complete, per level the index of the first and all of them; `edge` has by
    level the complete subtrees that the tree is made of so far."""
    levels: list[tuple[int, list[bytes]]] = []
    first, row = size, list(leaves)
    while row:
        levels.append((first, row))
        if first & 1:
            row, first = [edge[len(levels) - 1], *row], first - 1
        row, first = above(row), first >> 1
    return levels


def packed(levels: Sequence[tuple[int, list[bytes]]]) -> dict[Tile, bytes]:
    """What each tile gains by nodes, as `grown` lists them."""
    found: dict[Tile, list[bytes]] = {}
    for high in range(0, len(levels), HEIGHT):
        here = levels[high : high + HEIGHT]
        first, bottom = here[0]
        for index, node in enumerate(bottom, first):
            nodes = found.setdefault((high // HEIGHT, index // BOTTOM), [])
            nodes.append(node)
            completed, height = index + 1, 1
            while completed & 1 == 0 and height < len(here):
                completed >>= 1
                nodes.append(here[height][1][completed - 1 - here[height][0]])
                height += 1
    return {tile: b"".join(nodes) for tile, nodes in found.items()}


class NodeMissing(LookupError):
    """A stored node that ought to be there and is not."""


class Kept:
    """Upper nodes that a process has read for proofs."""

    def __init__(self) -> None:
        self._nodes: dict[UUID, dict[Node, bytes]] = {}
        self._count = 0

    async def nodes(
        self, connection: Connection, organisation_id: UUID, wanted: Iterable[Node], edge: Iterable[Node]
    ) -> dict[Node, bytes]:
        """Complete nodes, those that are not kept out of the tiles; of the right edge of a tree all are kept. Raises
        NodeMissing."""
        kept = self._nodes.get(organisation_id, {})
        every = {*wanted, *edge}
        found = {node: kept[node] for node in every if node in kept}
        if len(found) < len(every):
            read = await nodes(connection, organisation_id, every - found.keys())
            found |= read
            if upper := {node: data for node, data in read.items() if node[0] >= UPPER or node in edge}:
                self._keep(organisation_id, upper)
        return found

    def _keep(self, organisation_id: UUID, upper: dict[Node, bytes]) -> None:
        if self._count + len(upper) > MOST_KEPT:
            self._nodes.clear()
            self._count = 0
        self._nodes.setdefault(organisation_id, {}).update(upper)
        self._count += len(upper)


KEPT = Kept()
_folded = lru_cache(1_000)(folded)  # of the edge of a size: the same for every event


async def nodes(connection: Connection, organisation_id: UUID, wanted: Iterable[Node]) -> dict[Node, bytes]:
    """Complete nodes; raises NodeMissing."""
    places = {node: place_of(node) for node in wanted}
    tiles = {tile for tile, _ in places.values()}
    rows = await connection.fetch(
        STATEMENTS["nodes"], organisation_id, [level for level, _ in tiles], [index for _, index in tiles]
    )
    stored = {(level, index): data for level, index, data in rows}
    found = {node: stored.get(tile, b"")[nth * LENGTH : (nth + 1) * LENGTH] for node, (tile, nth) in places.items()}
    if missing := [node for node, data in found.items() if len(data) != LENGTH]:
        level, index = min(missing)
        raise NodeMissing(f"node {index} of level {level} is missing")
    return found


async def summed(connection: Connection, organisation_id: UUID, spans: Sequence[Span]) -> list[bytes]:
    """The hash of each span; raises NodeMissing."""
    parts = [nodes_of(span) for span in spans]
    found = await nodes(connection, organisation_id, [node for part in parts for node in part])
    return [folded([found[node] for node in part]) for part in parts]


async def root_at(connection: Connection, organisation_id: UUID, size: int) -> bytes:
    """From stored nodes; raises NodeMissing."""
    return (await summed(connection, organisation_id, [(0, size)]))[0]


async def inclusion(
    connection: Connection, organisation_id: UUID, position: int, size: int
) -> tuple[bytes, list[bytes], bytes]:
    """Leaf, proof and root: that the event at a position is among the first `size`; raises ProofWrong, NodeMissing."""
    siblings, right, left = inclusion_nodes(position - 1, size)
    own: Node = (0, position - 1)
    edge = edge_of(size)
    found = await KEPT.nodes(connection, organisation_id, [own, *siblings], edge)
    proof = [found[node] for node in siblings]
    if right:
        proof.append(_folded(tuple([found[node] for node in right])))
    proof += [found[node] for node in left]
    return found[own], proof, _folded(tuple([found[node] for node in edge]))


async def consistency(connection: Connection, organisation_id: UUID, old: int, size: int) -> list[bytes]:
    """The proof that a tree continues the older one; raises ProofWrong, NodeMissing."""
    return await summed(connection, organisation_id, consistency_spans(old, size))


async def cover(connection: Connection, organisation_id: UUID, positions: Sequence[int], size: int) -> list[bytes]:
    """What proves some events at once, beside the events; raises ProofWrong, NodeMissing."""
    return await summed(connection, organisation_id, cover_spans([one - 1 for one in positions], size))


async def size_of(connection: Connection, organisation_id: UUID) -> int:
    """How many events the stored tree covers."""
    return await connection.fetchval(STATEMENTS["size"], organisation_id) or 0


async def grow(connection: Connection, organisation_id: UUID, size: int, most: int = BATCH) -> int:
    """Adds the events after `size`, up to so many; answers how far the tree reaches now, which is `size` where somebody
    else was quicker."""
    told = await connection.fetchval(STATEMENTS["leaves"], organisation_id, size, size + most)
    if not told:
        return size
    leaves = [leaf_hash(told[n : n + LENGTH]) for n in range(0, len(told), LENGTH)]
    edge = await nodes(connection, organisation_id, edge_of(size))
    tiles = packed(grown(size, {level: data for (level, _), data in edge.items()}, leaves))
    reached = size + len(leaves)
    levels, indexes = [level for level, _ in tiles], [index for _, index in tiles]
    done = await connection.fetchval(
        STATEMENTS["grow"], organisation_id, size, reached, levels, indexes, list(tiles.values())
    )
    return reached if done else size
