"""Comments: what people say to each other about anything, and take back."""

from typing import Annotated, ClassVar
from uuid import UUID

from domain.celebrations import Celebration
from domain.checkins import SaidOf, check_author
from domain.codes import ALREADY_EXISTS, COMMENT_RETRACTED, INVALID, NOT_FOUND, PERSON_REQUIRED
from domain.decisions import Decision
from domain.initiatives import Initiative
from domain.kernel import (
    OF_AUTHOR,
    OWN,
    AuthorId,
    CelebrationId,
    CheckInId,
    Command,
    CommentId,
    DecisionId,
    Event,
    Fold,
    InitiativeId,
    OutcomeId,
    Reads,
    Refused,
    TaskId,
)
from domain.outcomes import Outcome
from domain.promises import Promise
from domain.values import Reason, Text, checked_choice


class Commented(Event, frozen=True, tag="comment.made"):
    """Somebody said something about an outcome, a task, a check-in, a decision, a celebration or an initiative."""

    version: ClassVar[int] = 3

    comment_id: CommentId
    author_id: AuthorId
    text: Annotated[Text, OF_AUTHOR]
    about_id: UUID  # the one of the others that it is about; of a celebration or an initiative its outcome is told too
    outcome_id: OutcomeId | None = None
    task_id: TaskId | None = None
    check_in_id: CheckInId | None = None
    decision_id: DecisionId | None = None
    reply_to_id: CommentId | None = None
    celebration_id: CelebrationId | None = None
    initiative_id: InitiativeId | None = None


class CommentRetracted(Event, frozen=True, tag="comment.retracted"):
    """A comment was taken back; it stays in the history."""

    comment_id: CommentId
    reason: Annotated[Reason, OWN] | None = None


class Said(Fold[Commented | CommentRetracted]):
    """A comment, and whether it was taken back; replies bear its tag as well."""

    def __init__(self, comment_id: UUID) -> None:
        super().__init__(comment=comment_id)
        self.comment_id = comment_id
        self.made: Commented | None = None
        self.retracted = False

    def fold(self, event: Commented | CommentRetracted) -> None:
        if event.comment_id != self.comment_id:
            return  # a reply
        match event:
            case Commented():
                self.made = event
            case CommentRetracted():
                self.retracted = True


class Comment(Command):
    """Say something about an outcome, a task, a check-in, a decision, a celebration or an initiative, perhaps in reply
    to another comment.

    Refused where what it is about is unknown, or the comment that it replies to was taken back or is about something
    else.
    """

    entity = "comment_id"
    creates = True

    comment_id: CommentId
    text: Text
    outcome_id: OutcomeId | None = None
    task_id: TaskId | None = None
    check_in_id: CheckInId | None = None
    decision_id: DecisionId | None = None
    celebration_id: CelebrationId | None = None
    initiative_id: InitiativeId | None = None
    reply_to_id: CommentId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        about = (self.outcome_id, "outcomeId"), (self.task_id, "taskId"), (self.check_in_id, "checkInId")
        checked_choice(
            *about,
            (self.decision_id, "decisionId"),
            (self.celebration_id, "celebrationId"),
            (self.initiative_id, "initiativeId"),
        )

    def reads(self) -> Reads:
        self.said = Said(self.comment_id)
        self.replied = self.reply_to_id and Said(self.reply_to_id)
        self.outcome = self.outcome_id and Outcome(self.outcome_id)
        self.task = self.task_id and Promise(self.task_id)
        self.check_in = self.check_in_id and SaidOf(self.check_in_id)
        self.decision = self.decision_id and Decision(self.decision_id)
        self.celebration = self.celebration_id and Celebration(self.celebration_id)
        self.initiative = self.initiative_id and Initiative(self.initiative_id)
        about = (self.replied, self.outcome, self.task, self.check_in, self.decision, self.celebration, self.initiative)
        yield [self.said, *(fold for fold in about if fold)]

    def execute(self) -> None:
        if self.issued.person_id is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: a comment is somebody's.")
        if self.said.made:
            raise Refused(ALREADY_EXISTS, "Choose another id: a comment has this one.", "commentId")
        about = (self.outcome_id, self.task_id, self.check_in_id, self.decision_id, self.celebration_id)
        about_id = next(one for one in (*about, self.initiative_id) if one)  # one of them is given
        self._check_about(about_id)
        self.emit(
            Commented(
                comment_id=self.comment_id,
                author_id=self.issued.person_id,
                text=self.text,
                about_id=about_id,
                outcome_id=self._outcome_id(),
                task_id=self.task_id,
                check_in_id=self.check_in_id,
                decision_id=self.decision_id,
                reply_to_id=self.reply_to_id,
                celebration_id=self.celebration_id,
                initiative_id=self.initiative_id,
            )
        )

    def _outcome_id(self) -> UUID | None:
        """The outcome that it is about, or whose celebration or initiative it is about."""
        if self.celebration and self.celebration.made:
            return self.celebration.made.outcome_id
        return self.initiative.outcome_id if self.initiative else self.outcome_id

    def _check_about(self, about_id: UUID) -> None:
        if self.outcome:
            self.outcome.check("outcomeId")
        if self.task and self.task.state is None:
            raise Refused(NOT_FOUND, "There is no such task: request it or commit to it first.", "taskId")
        if self.check_in:
            self.check_in.standing()
        if self.decision:
            self.decision.check("decisionId")
        if self.celebration:
            self.celebration.known()
        if self.initiative:
            self.initiative.known("initiativeId")
        if self.replied and check_stands(self.replied, "replyToId").about_id != about_id:
            raise Refused(INVALID, "Reply where the comment stands: it is about something else.", "replyToId")


def check_stands(said: Said, field: str) -> Commented:
    """The comment; refuses one that nobody made, and one that was taken back."""
    if said.made is None:
        raise Refused(NOT_FOUND, "There is no such comment.", field)
    if said.retracted:
        raise Refused(COMMENT_RETRACTED, "Choose another comment: this one was taken back.", field)
    return said.made


class RetractComment(Command):
    """Take a comment back; it is shown no longer, and stays in the history (R9).

    Refused where somebody else made it.
    """

    entity = "comment_id"

    comment_id: CommentId
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.said = Said(self.comment_id)
        yield [self.said]

    def execute(self) -> None:
        if self.said.retracted:
            return
        made = check_stands(self.said, "commentId")
        check_author(made.author_id, self.issued)
        self.emit(CommentRetracted(comment_id=self.comment_id, reason=self.reason))
