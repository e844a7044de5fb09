"""The file as the source writes it: every field is named here, and an unknown one stops the reading."""

import gzip
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("us-federal-goals-fy2022.json.gz")


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A priority goal, a strategic objective or a strategy of the management agenda."""

    id: str
    kind: str
    agency: str
    agency_name: str
    strategic_goal: str
    strategic_objective: str
    name: str
    description: str
    status: str
    starts_fiscal_year: str
    ends_fiscal_year: str
    joint_with: str
    tags: list[str]
    leaders: int


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was published about one indicator of a priority goal for one fiscal quarter."""

    goal_id: str
    fiscal_year: int
    fiscal_quarter: int
    target_statement: str
    indicator: str
    indicator_type: str
    start: str
    target: str
    current: str


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    source: str
    goals: list[Goal]
    indicators: list[Row]


def read() -> Source:
    """The file beside this module."""
    return msgspec.json.decode(gzip.decompress(FILE.read_bytes()), type=Source)
