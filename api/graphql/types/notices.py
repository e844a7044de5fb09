"""How the viewer is told what waits for them."""

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.mapping import order, stands_on
from api.graphql.types.inbox import DutyKind

CHANNEL_ORDER = order("channel text", unique="id uuid")


@strawberry.enum
class Channel(Enum):
    """The way on which notices go out: to the person's own address, to a chat, or to a program."""

    EMAIL = "EMAIL"
    SLACK = "SLACK"
    TEAMS = "TEAMS"
    WEBHOOK = "WEBHOOK"


@strawberry.enum
class Rhythm(Enum):
    """How often a digest comes."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"


@strawberry.enum
class NoticeProblem(Enum):
    """Why a notice could not be brought to somebody."""

    NOT_REACHED = "NOT_REACHED"
    REFUSED = "REFUSED"
    NOT_ALLOWED = "NOT_ALLOWED"


@stands_on("notice_channel")
class NoticeChannel:
    """What the viewer is told on a channel; neither a digest nor anything at once: nothing. The address of a chat or a
    program is told to nobody."""

    channel: Channel
    rhythm: Annotated[
        Rhythm | None,
        "How often a digest comes: at the hour of their preferences, on Mondays at 8 where they name none.",
    ]
    urgent: Annotated[list[DutyKind], "What they are told of at once, outside their quiet hours."]
    stopped_on: Annotated[
        date | None, "The day on which the link in a notice was followed; null since it was set anew."
    ]
    failed_on: Annotated[date | None, "The last day on which a notice did not arrive, however often it was tried."]
    problem: Annotated[NoticeProblem | None, "Why it did not."]


__all__ = ["CHANNEL_ORDER", "Channel", "DutyKind", "NoticeChannel", "NoticeProblem", "Rhythm"]
