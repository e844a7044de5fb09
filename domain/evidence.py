"""Evidence: pages that show what is said."""

from typing import Annotated

import msgspec

from domain.values import Link, Title


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that shows it, and what the page is called."""

    url: Link
    title: Title | None = None


Shown = Annotated[tuple[Evidence, ...], msgspec.Meta(max_length=20)]
