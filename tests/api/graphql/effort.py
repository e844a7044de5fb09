"""How much work something makes, counted and not timed: the same number on a busy machine."""

import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from api.graphql.document import Documents, Limits
from api.graphql.refusals import DocumentRefused, RequestRefused
from api.graphql.schema import Built


def calls_of(work: Callable[[], object]) -> int:
    """The calls of Python and C functions that the work makes."""
    count = 0

    def told(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(told)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def calls_to_validate(built: Built, text: str) -> int:
    """The calls until the document stands or is refused, with nothing kept from before."""
    documents = Documents(built.core, Limits())

    def read() -> None:
        with suppress(RequestRefused, DocumentRefused):
            documents.get(text)

    return calls_of(read)
