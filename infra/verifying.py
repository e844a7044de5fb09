"""`headway verify`: chain, tree, stored nodes, checkpoints and what was kept outside, compared with each other.

The tree is made anew here leaf by leaf, in another way than the one that grew it.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import asyncpg

from infra.chain import Walk, walk
from infra.checkpoints import keys_of
from infra.database import statements
from infra.notes import Checkpoint, Key, Note, NoteWrong, read_checkpoint, read_note
from infra.tiles import BATCH, Tile, place_of
from infra.tiles import STATEMENTS as TREE
from infra.tree import EMPTY, LENGTH, Node

STATEMENTS = statements(Path(__file__).with_suffix(".sql"))


@dataclass(slots=True)
class Verified:
    """What was found of an organisation: its chain, and everything that differs, a sentence each."""

    chain: Walk
    wrong: list[str] = field(default_factory=list[str])
    checkpoints: int = 0
    size: int = 0

    @property
    def holds(self) -> bool:
        return self.chain.broken_at is None and not self.wrong

    @property
    def sentences(self) -> list[str]:
        who = self.chain.organisation_id
        told = [self.chain.sentence, *(f"{who}: {one}" for one in self.wrong)]
        if self.size and not self.wrong:
            told.append(f"{who}: the tree of {self.size} events and {self.checkpoints} checkpoints hold.")
        return told


class Growing:
    """A tree made leaf by leaf: the complete subtrees at its right edge, smallest last."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[tuple[int, bytes]] = []

    def add(self, hashed: bytes) -> Iterator[tuple[Node, bytes]]:
        """The nodes that an event completes, in their order."""
        level, data = 0, sha256(b"\x00" + hashed).digest()
        yield (0, self.size), data
        while self.edge and self.edge[-1][0] == level:
            data = sha256(b"\x01" + self.edge.pop()[1] + data).digest()
            level += 1
            yield (level, self.size >> level), data
        self.edge.append((level, data))
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self.edge:
            return EMPTY
        found = self.edge[-1][1]
        for _, data in self.edge[-2::-1]:
            found = sha256(b"\x01" + data + found).digest()
        return found


async def verify(
    connection: asyncpg.Connection,
    organisation_id: UUID | None = None,
    since: int = 1,
    kept: Sequence[Note] = (),
) -> list[Verified]:
    """Every organisation, or one; the connection must see all of them. Raises NoteWrong where what was kept is no
    checkpoint."""
    found = [Verified(one) for one in await walk(connection, organisation_id, since)]
    outside = [read_checkpoint(note.text) for note in kept]
    for one in found:
        theirs = [point for point in outside if _is_of(point, one.chain.organisation_id)]
        try:
            await _Comparison(connection, one, theirs).run()
        except asyncpg.PostgresError as error:
            one.wrong.append(f"tree and checkpoints can't be read ({type(error).__name__}).")
    known = {str(one.chain.organisation_id) for one in found}
    lost = {_organisation(point): point for point in outside if _organisation(point) not in known}
    for name, point in lost.items() if organisation_id is None else ():
        walked = Walk(_id(name), 0, None)
        found.append(Verified(walked, [f"the ledger is gone: what was kept outside knows {point.size} events."]))
    return found


def _organisation(point: Checkpoint) -> str:
    return point.origin.rpartition("/")[2]


def _is_of(point: Checkpoint, organisation_id: UUID) -> bool:
    return _organisation(point) == str(organisation_id)


def _id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NoteWrong(f"The origin of what was kept names no organisation: {name}.") from None


class _Comparison:
    """One organisation's tree against its stored nodes, its checkpoints and what was kept outside."""

    def __init__(self, connection: asyncpg.Connection, found: Verified, outside: Sequence[Checkpoint]) -> None:
        self.connection = connection
        self.found = found
        self.organisation_id = found.chain.organisation_id
        self.outside = sorted(outside, key=lambda point: point.size)
        self.tree = Growing()
        self.differing: set[Tile] = set()

    async def run(self) -> None:
        connection = self.connection
        row = await connection.fetchrow(STATEMENTS["tree"], self.organisation_id)
        size, stored = (row[0], row[1]) if row is not None else (0, 0)
        self.found.size = size
        keys = await self._keys()
        points = [*self.outside, *[point async for point in self._points(keys)]]
        waiting = sorted(points, key=lambda point: point.size, reverse=True)
        # asked last: what has come meanwhile takes nothing from what is compared
        head: int = await connection.fetchval(STATEMENTS["head"], self.organisation_id) or 0
        self._compare(waiting)
        async for hashes in self._hashes(head):
            tiles: dict[Tile, list[tuple[int, bytes]]] = {}
            for hashed in hashes:
                for node, data in self.tree.add(hashed):
                    if self.tree.size < size:  # which counts the leaf only after its nodes
                        tile, nth = place_of(node)
                        tiles.setdefault(tile, []).append((nth, data))
                self._compare(waiting)
            await self._compare_tiles(tiles)
        if size > head:
            self._say(f"the tail was cut off: the tree covers {size} events, and the ledger has {head}.")
        for point in reversed(waiting):
            outside = " that was kept outside" if point in self.outside else ""
            self._say(
                f"the tail was cut off: the checkpoint{outside} knows {point.size} events, and the ledger has {head}."
            )
        self._compare_amount(size, stored)

    def _say(self, sentence: str) -> None:
        self.found.wrong.append(sentence)

    async def _keys(self) -> list[Key]:
        try:
            return await keys_of(self.connection, self.organisation_id)
        except NoteWrong as error:
            self._say(f"a signing key is damaged: {error}")
            return []

    async def _points(self, keys: Sequence[Key]) -> AsyncIterator[Checkpoint]:
        """Checkpoints that are what they say and were signed; says what is wrong with the others."""
        for size, text in await self.connection.fetch(STATEMENTS["checkpoints"], self.organisation_id):
            self.found.checkpoints += 1
            try:
                note = read_note(text)
                point = read_checkpoint(note.text)
            except NoteWrong as error:
                self._say(f"the checkpoint of {size} events is damaged: {error}")
                continue
            if point.size != size or not _is_of(point, self.organisation_id):
                self._say(f"the checkpoint of {size} events is another's: {point.origin}, {point.size} events.")
            elif not note.signers(keys):
                self._say(f"the checkpoint of {size} events was altered: none of the known keys has signed it.")
            else:
                yield point

    async def _hashes(self, head: int) -> AsyncIterator[list[bytes]]:
        while self.tree.size < head:
            at = self.tree.size
            told = await self.connection.fetchval(TREE["leaves"], self.organisation_id, at, min(at + BATCH, head))
            if not told:
                return
            yield [told[n : n + LENGTH] for n in range(0, len(told), LENGTH)]

    def _compare(self, waiting: list[Checkpoint]) -> None:
        """With the checkpoints of the size that the tree has now, which are the last of those that wait."""
        while waiting and waiting[-1].size == self.tree.size:
            point = waiting.pop()
            if point.root == self.tree.root:
                continue
            if point in self.outside:
                self._say(
                    f"history was rewritten: at {point.size} events the ledger has another root than the checkpoint"
                    " that was kept outside."
                )
            else:
                self._say(f"history was rewritten: the checkpoint of {point.size} events was signed over another.")

    async def _compare_tiles(self, tiles: dict[Tile, list[tuple[int, bytes]]]) -> None:
        wanted = sorted(tiles)
        rows = await self.connection.fetch(
            TREE["nodes"],
            self.organisation_id,
            [level for level, _ in wanted],
            [index for _, index in wanted],
        )
        stored = {(row[0], row[1]): row[2] for row in rows}
        for tile in wanted:
            nodes = stored.get(tile, b"")
            if tile in self.differing or all(
                nodes[nth * LENGTH : (nth + 1) * LENGTH] == data for nth, data in tiles[tile]
            ):
                continue
            self.differing.add(tile)
            self._say(f"stored nodes of the tree differ from the events: tile {tile[1]} of level {tile[0]}.")

    def _compare_amount(self, size: int, stored: int) -> None:
        """A tree of n leaves has 2n - popcount(n) complete nodes; more or fewer are nobody's."""
        expected = LENGTH * (2 * size - size.bit_count())
        if stored != expected and not self.differing:
            self._say(f"the tree has {stored // LENGTH} stored nodes where {size} events make {expected // LENGTH}.")
