"""What the closing reviews said of outcomes, and which of them took up what others left."""

from collections.abc import Iterator

from domain.standing import OutcomeCarriedOver, OutcomeGraded, OutcomeReopened
from projections.rows import Recorded, Revision, Table, end, insert, link_id

GRADE = Table(
    "grade", ("grade", "suggested", "success", "graded_on", "reason", "cause", "lesson", "next_step", "grader_id")
)
SUCCESSION = Table("succession", ("outcome_id", "successor_id"))
TABLES = (GRADE, SUCCESSION)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """A grade bears the id of its outcome; graded again, it is another version of the row."""
    match recorded.event:
        case OutcomeGraded() as event:
            yield insert(
                GRADE,
                event.outcome_id,
                grade=event.grade,
                suggested=event.suggested,
                success=event.success,
                graded_on=event.graded_on,
                reason=event.reason,
                cause=event.cause.value if event.cause is not None else None,
                lesson=event.lesson,
                next_step=event.next.value if event.next is not None else None,
                grader_id=event.grader_id,
            )
        case OutcomeReopened() as event:
            yield end(GRADE, event.outcome_id)
        case OutcomeCarriedOver() as event:
            yield insert(
                SUCCESSION,
                link_id("carried", event.outcome_id, event.successor_id),
                outcome_id=event.outcome_id,
                successor_id=event.successor_id,
            )
        case _:
            return
