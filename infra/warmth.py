"""Folds that this process has read before: a hint that saves a round trip, never an authority.

Every fold kept is true up to one position of the organisation's ledger, `known`. The append's condition says whether
it still is.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from domain.kernel import Event, Fold, FoldKey


class Warmth:
    """The warm folds of one organisation, the least recently used dropped first."""

    def __init__(self, most: int = 5_000) -> None:
        self.known: int | None = None
        self.most = most
        self.folds: OrderedDict[FoldKey, Fold[Any]] = OrderedDict()
        self.by_tag: dict[str, dict[FoldKey, Fold[Any]]] = {}
        self.pending: dict[FoldKey, set[int]] = {}  # which undecided commands of the batch a fold stands upon

    def lend(self, fold: Fold[Any]) -> bool:
        """Gives a fold the state of its warm twin; false where there is none. The state is shared, not copied:
        decisions only look."""
        warm = self.folds.get(fold.key)
        if warm is None:
            return False
        self.folds.move_to_end(fold.key)
        fold.__dict__ = warm.__dict__
        return True

    def keep(self, fold: Fold[Any]) -> None:
        """A fold that has been read up to `known`."""
        self.folds[fold.key] = fold
        self.by_tag.setdefault(fold.tags[0], {})[fold.key] = fold

    def presume(self, fold: Fold[Any], ordinal: int) -> None:
        """A fold that a command of the batch took for untouched: whoever else uses it stands upon that command."""
        self.keep(fold)
        self.pending.setdefault(fold.key, set()).add(ordinal)

    def take(self, event: Event, tags: Iterable[str], position: int, ordinal: int | None = None) -> None:
        """Folds an event into every warm fold that selects it; `ordinal` marks an event not yet appended."""
        tags = list(tags)
        for tag in tags:
            for key, fold in self.by_tag.get(tag, {}).items():
                if fold.last < position and fold.selects(event, tags):
                    fold.take(event, position)
                    if ordinal is not None:
                        self.pending.setdefault(key, set()).add(ordinal)

    def stands_upon(self, folds: Iterable[Fold[Any]]) -> set[int]:
        """Ordinals of the batch's commands whose events these folds include already."""
        if not self.pending:
            return set()
        return set[int]().union(*(self.pending.get(fold.key, ()) for fold in folds))

    def forget(self) -> None:
        """Everything: what was thought known is not so."""
        self.known = None
        self.folds.clear()
        self.by_tag.clear()
        self.pending.clear()

    def trim(self) -> None:
        while len(self.folds) > self.most:
            key, fold = self.folds.popitem(last=False)
            twins = self.by_tag[fold.tags[0]]
            del twins[key]
            if not twins:
                del self.by_tag[fold.tags[0]]
