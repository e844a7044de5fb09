"""The price of an operation: a formula over the variables, evaluated when they are known.

A field costs 1, or the price its mapping says, for each row it is told of. A list counts as many rows as are asked for,
but no more than `typical`; the plain product of what is asked for has a limit of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from api.graphql.arguments import Variables
from api.graphql.refusals import RequestRefused

MOST_ROWS = 5_000_000  # the plain product of all page sizes of a branch
FIXED_LIST = 20  # rows that a list without a page size counts at most


@dataclass(slots=True)
class Cost:
    """What one row of an object costs, and the lists below it."""

    path: str = ""
    fields: int = 0
    parts: list[tuple[Callable[[Variables], int], int, "Cost"]] = field(
        default_factory=list[tuple[Callable[[Variables], int], int, "Cost"]]
    )

    def add(self, other: "Cost") -> None:
        """One row of another object beside each of these."""
        self.fields += other.fields
        self.parts.extend(other.parts)

    def total(self, variables: Variables, product: int = 1) -> tuple[int, str]:
        """(rows × fields, the path that costs most). Raises RequestRefused where the plain product is too large."""
        total, dearest, path = self.fields, 0, self.path
        for size, typical, part in self.parts:
            asked = size(variables)
            if product * max(asked, 1) > MOST_ROWS:
                raise RequestRefused(
                    "TOO_EXPENSIVE", f"Ask for smaller pages: {part.path} could bring more than {MOST_ROWS} rows."
                )
            inner, inner_path = part.total(variables, product * max(asked, 1))
            amount = min(asked, typical) * inner
            total += amount
            if amount > dearest:
                dearest, path = amount, inner_path
        return total, path


def fixed(size: int) -> Callable[[Variables], int]:
    """A size that no variable changes."""
    return lambda _: size
