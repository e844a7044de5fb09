"""What a team says of its outcomes, in its rhythm: check-ins, cadences, comments, decisions, and what it declined."""

from collections.abc import Iterator

from domain.acknowledging import GradeAcknowledged, ReviewAcknowledged
from domain.cadence import CadenceSet
from domain.checkins import CheckedIn, CheckInAcknowledged, CheckInRetracted, CheckInRevised
from domain.comments import Commented, CommentRetracted
from domain.decisions import DecisionRecorded, DecisionReversed
from domain.declining import WorkDeclined, WorkReconsidered
from domain.standing import (
    OutcomeAbandoned,
    OutcomeActivated,
    OutcomeCarriedOver,
    OutcomeGraded,
    OutcomePaused,
    OutcomeReopened,
    OutcomeResumed,
    OutcomeWithdrawn,
)
from domain.timekeeping import AcknowledgementPassed, CheckInMissed
from projections.rows import Plus, Recorded, Revision, Table, end, insert, link_id, revise

CHECK_IN = Table(
    "check_in",
    ("outcome_id", "author_id", "confidence", "status", "moved", "set_back", "next", "dated", "made_at", "revisions"),
)
ACKNOWLEDGEMENT = Table(
    "acknowledgement", ("check_in_id", "outcome_id", "cycle_id", "person_id", "note", "acknowledged_on")
)
CADENCE = Table("cadence", ("every_count", "every_unit", "weekday", "grace_days", "team_id", "outcome_id"))
WORKED_ON = Table("worked_on", ("started_on",))
MISSED_CHECK_IN = Table("missed_check_in", ("outcome_id", "due_on"))
LATE_ACKNOWLEDGEMENT = Table("late_acknowledgement", ("check_in_id", "waiting_since"))
COMMENT = Table("comment", ("about_id", "author_id", "text", "made_on", "made_at", "reply_to_id"))
DECISION = Table(
    "decision", ("title", "why", "decided_on", "team_id", "reversed_on", "reversed_because", "recorded_at")
)
DECIDED_BY = Table("decided_by", ("decision_id", "person_id"))
DECIDED_OF = Table("decided_of", ("decision_id", "outcome_id"))
DECLINED_WORK = Table(
    "declined_work",
    (
        "title",
        "reason",
        "declined_on",
        "until_on",
        "team_id",
        "person_id",
        "cycle_id",
        "asked_by_id",
        "reconsidered_on",
        "reconsidered_because",
    ),
)
TABLES = (
    CHECK_IN,
    ACKNOWLEDGEMENT,
    CADENCE,
    WORKED_ON,
    MISSED_CHECK_IN,
    LATE_ACKNOWLEDGEMENT,
    COMMENT,
    DECISION,
    DECIDED_BY,
    DECIDED_OF,
    DECLINED_WORK,
)


def revisions(recorded: Recorded) -> Iterator[Revision]:
    """What check-ins, cadences, comments, decisions and declined work become."""
    for part in (_check_ins, _acknowledged, _rhythm, _comments, _decisions, _declined):
        yield from part(recorded)


def _check_ins(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case CheckedIn() as event:
            yield insert(
                CHECK_IN,
                event.check_in_id,
                outcome_id=event.outcome_id,
                author_id=event.author_id,
                confidence=event.confidence,
                status=event.status.value if event.status is not None else None,
                moved=event.moved,
                set_back=event.set_back,
                next=event.next,
                dated=event.on,
                made_at=recorded.position,
                revisions=0,
            )
        case CheckInRevised() as event:
            yield revise(
                CHECK_IN,
                event.check_in_id,
                confidence=event.confidence,
                status=event.status.value if event.status is not None else None,
                moved=event.moved,
                set_back=event.set_back,
                next=event.next,
                revisions=Plus(),
            )
        case CheckInRetracted() as event:
            yield end(CHECK_IN, event.check_in_id)
        case _:
            return


def _acknowledged(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case CheckInAcknowledged() as event:
            of = {"check_in_id": event.check_in_id, "outcome_id": event.outcome_id}
        case GradeAcknowledged() as event:
            of = {"outcome_id": event.outcome_id}
        case ReviewAcknowledged() as event:
            of = {"cycle_id": event.cycle_id}
        case _:
            return
    yield insert(
        ACKNOWLEDGEMENT,
        link_id("acknowledged", next(iter(of.values())), event.person_id),
        person_id=event.person_id,
        note=event.note,
        acknowledged_on=recorded.day,
        **of,
    )


def _rhythm(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case CadenceSet(cadence=None) as event:
            yield end(CADENCE, event.holder_id)
        case CadenceSet() as event if event.cadence is not None:
            yield insert(
                CADENCE,
                event.holder_id,
                every_count=event.cadence.every,
                every_unit=event.cadence.unit.value,
                weekday=event.cadence.weekday,
                grace_days=event.cadence.grace_days,
                team_id=event.team_id,
                outcome_id=event.outcome_id,
            )
        case OutcomeActivated() | OutcomeResumed() | OutcomeReopened() as event:
            yield insert(WORKED_ON, event.outcome_id, started_on=recorded.day)
        case OutcomePaused() | OutcomeAbandoned() | OutcomeWithdrawn() as event:
            yield end(WORKED_ON, event.outcome_id)
        case OutcomeGraded() | OutcomeCarriedOver() as event:
            yield end(WORKED_ON, event.outcome_id)
        case CheckInMissed() as event:
            missed = link_id("missed", event.outcome_id, str(event.due_on))
            yield insert(MISSED_CHECK_IN, missed, outcome_id=event.outcome_id, due_on=event.due_on)
        case AcknowledgementPassed() as event:
            yield insert(
                LATE_ACKNOWLEDGEMENT,
                link_id("late", event.check_in_id),
                check_in_id=event.check_in_id,
                waiting_since=event.waiting_since,
            )
        case _:
            return


def _comments(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case Commented() as event:
            yield insert(
                COMMENT,
                event.comment_id,
                about_id=event.about_id,
                author_id=event.author_id,
                text=event.text,
                made_on=recorded.day,
                made_at=recorded.position,
                reply_to_id=event.reply_to_id,
            )
        case CommentRetracted() as event:
            yield end(COMMENT, event.comment_id)
        case _:
            return


def _decisions(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case DecisionRecorded() as event:
            yield insert(
                DECISION,
                event.decision_id,
                title=event.title,
                why=event.why,
                decided_on=event.decided_on,
                team_id=event.team_id,
                recorded_at=recorded.position,
            )
            for person_id in event.decided_by_ids:
                by = link_id("decided-by", event.decision_id, person_id)
                yield insert(DECIDED_BY, by, decision_id=event.decision_id, person_id=person_id)
            for outcome_id in event.outcome_ids:
                of = link_id("decided-of", event.decision_id, outcome_id)
                yield insert(DECIDED_OF, of, decision_id=event.decision_id, outcome_id=outcome_id)
        case DecisionReversed() as event:
            yield revise(DECISION, event.decision_id, reversed_on=event.reversed_on, reversed_because=event.reason)
        case _:
            return


def _declined(recorded: Recorded) -> Iterator[Revision]:
    match recorded.event:
        case WorkDeclined() as event:
            yield insert(
                DECLINED_WORK,
                event.declined_work_id,
                title=event.title,
                reason=event.reason,
                declined_on=recorded.day,
                until_on=event.until_on,
                team_id=event.team_id,
                person_id=event.person_id,
                cycle_id=event.cycle_id,
                asked_by_id=event.asked_by_id,
            )
        case WorkReconsidered() as event:
            yield revise(
                DECLINED_WORK,
                event.declined_work_id,
                reconsidered_on=recorded.day,
                reconsidered_because=event.reason,
            )
        case _:
            return
