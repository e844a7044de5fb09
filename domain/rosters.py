"""Rosters: what an organisation has of a kind, by an id of their own under which all of them are found and counted. The
organisation's id would not do: its history would tell each of them to everybody."""

from enum import StrEnum
from uuid import UUID, uuid5

from domain.references import NAMES


class Rostered(StrEnum):
    """What is counted."""

    WEBHOOKS = "WEBHOOKS"
    SOURCES = "SOURCES"


def roster_of(organisation_id: UUID, of: Rostered) -> UUID:
    """The same each time."""
    return uuid5(NAMES, f"{organisation_id}\0{of.value}")
