"""Check-ins and who has read them, cadences, comments."""

from datetime import date
from typing import Annotated

from strawberry import ID, UNSET

from api.graphql.mapping import Column, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.asked import Status
from api.graphql.types.common import Connection, Node
from api.graphql.types.organisation import Person

COMMENT_ORDER = order("made_at int8")


@stands_on("comment")
class Comment(Node):
    """What somebody said about something."""

    id: ID
    text: str
    day: Annotated[date, Column("made_on")]
    author: Annotated[Person | None, Relation(on="author_id")]
    reply_to: Annotated[ID | None, Column("reply_to_id")]


@stands_on("acknowledgement")
class Acknowledgement:
    """Who has read a check-in, a grade, or the review of a cycle, and when."""

    day: Annotated[date, Column("acknowledged_on")]
    note: str | None
    person: Annotated[Person | None, Relation(on="person_id")]


@stands_on("check_in")
class CheckIn(Node):
    """A dated statement about an outcome."""

    id: ID
    day: Annotated[date, Column("dated")]
    confidence: float | None
    status: Status | None
    moved: str | None
    set_back: str | None
    next: str | None
    revisions: Annotated[int, "How often it was revised."]
    author: Annotated[Person | None, Relation(on="author_id")]
    outcome: Annotated[Node | None, Relation(on="outcome_id", to="alignment.Outcome")]
    acknowledgements: Annotated[
        list[Acknowledgement], Relation(on="check_in_id", order=order("acknowledged_on date"), typical=1)
    ]

    @mapped(Relation(on="about_id", order=COMMENT_ORDER, typical=3))
    def comments(
        self,
        *,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
    ) -> Connection[Comment]:
        """What was said about it, the oldest first."""
        raise NotCompiled


@stands_on(None)
class ConfidencePoint:
    """The confidence that a check-in stated, and how it changed since the one before."""

    day: Annotated[date, Column("dated")]
    confidence: float
    change: float | None
