"""Celebrations: recognised wins, with the people named, and cheers from others."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from domain.checkins import check_author
from domain.codes import ALREADY_EXISTS, CELEBRATION_WITHDRAWN, NOT_FOUND, NOT_YET_WON, PERSON_REQUIRED
from domain.kernel import (
    OF_AUTHOR,
    OWN,
    AuthorId,
    CelebrationId,
    Command,
    Event,
    Fold,
    MilestoneId,
    OutcomeId,
    PersonId,
    Reads,
    Refused,
    TaskId,
)
from domain.milestones import Milestone
from domain.milestones import State as MilestoneState
from domain.outcomes import Outcome
from domain.people import Person
from domain.promises import Promise, State
from domain.references import check_mentions, mentioned
from domain.values import Reason, Text, Title, checked_choice

People = Annotated[tuple[PersonId, ...], msgspec.Meta(max_length=100)]


class Celebrated(Event, frozen=True, tag="celebration.made"):
    """A win was recognised: an outcome's, a milestone reached, or a commitment kept."""

    celebration_id: CelebrationId
    author_id: AuthorId
    title: Title
    text: Annotated[Text, OF_AUTHOR] | None
    celebrated_on: date
    about_id: UUID  # the milestone or the task where one is given, else the outcome
    person_ids: tuple[PersonId, ...]
    outcome_id: OutcomeId | None = None  # whose milestone it is, or which the task serves
    milestone_id: MilestoneId | None = None
    task_id: TaskId | None = None


class CelebrationWithdrawn(Event, frozen=True, tag="celebration.withdrawn"):
    """A celebration was a mistake; what was said about it stays."""

    celebration_id: CelebrationId
    outcome_id: OutcomeId | None = None
    reason: Annotated[Reason, OWN] | None = None


class Cheered(Event, frozen=True, tag="celebration.cheered"):
    """Somebody cheered."""

    celebration_id: CelebrationId
    person_id: PersonId
    outcome_id: OutcomeId | None = None


class CheerWithdrawn(Event, frozen=True, tag="celebration.cheer-withdrawn"):
    """Somebody took their cheer back."""

    celebration_id: CelebrationId
    person_id: PersonId
    outcome_id: OutcomeId | None = None


class Celebration(Fold[Celebrated | CelebrationWithdrawn]):
    """A celebration as it was made, and whether it was withdrawn."""

    def __init__(self, celebration_id: UUID) -> None:
        super().__init__(celebration=celebration_id)
        self.made: Celebrated | None = None
        self.withdrawn = False

    def fold(self, event: Celebrated | CelebrationWithdrawn) -> None:
        match event:
            case Celebrated():
                self.made = event
            case CelebrationWithdrawn():
                self.withdrawn = True

    def known(self) -> Celebrated:
        """The celebration; refuses the mention of one that nobody made."""
        if self.made is None:
            raise Refused(NOT_FOUND, "There is no such celebration: celebrate first.", "celebrationId")
        return self.made


class WithdrawCelebration(Command):
    """Take back a celebration that was made by mistake; what it recognised can be celebrated anew, and what was said
    about it stays.

    Refused where there is no such celebration, or neither who made it nor a lead asks for it.
    """

    entity = "celebration_id"

    celebration_id: CelebrationId
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.celebration = Celebration(self.celebration_id)
        yield [self.celebration]

    def execute(self) -> None:
        made = self.celebration.known()
        check_author(made.author_id, self.issued)
        if not self.celebration.withdrawn:
            self.emit(
                CelebrationWithdrawn(celebration_id=self.celebration_id, outcome_id=made.outcome_id, reason=self.reason)
            )


class Cheering(Fold[Cheered | CheerWithdrawn]):
    """Whether a person cheers."""

    def __init__(self, celebration_id: UUID, person_id: UUID) -> None:
        super().__init__(celebration=celebration_id, person=person_id)
        self.given = False

    def fold(self, event: Cheered | CheerWithdrawn) -> None:
        match event:
            case Cheered():
                self.given = True
            case CheerWithdrawn():
                self.given = False


class Celebrate(Command):
    """Recognise a win of an outcome, a milestone that was reached or a commitment that was kept, and whose it is.

    Refused where what is celebrated is unknown or has not come about, or a person is unknown or has left.
    """

    entity = "celebration_id"
    creates = True

    celebration_id: CelebrationId
    title: Title
    text: Text | None = None
    outcome_id: OutcomeId | None = None
    milestone_id: MilestoneId | None = None
    task_id: TaskId | None = None
    person_ids: People = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.outcome_id, "outcomeId"), (self.milestone_id, "milestoneId"), (self.task_id, "taskId"))

    def reads(self) -> Reads:
        self.celebration = Celebration(self.celebration_id)
        self.milestone = self.milestone_id and Milestone(self.milestone_id)
        self.promise = self.task_id and Promise(self.task_id)
        self.mentions = mentioned(outcomeId=self.outcome_id and Outcome(self.outcome_id))
        self.people = [Person(one) for one in dict.fromkeys(self.person_ids)]
        about = (self.milestone, self.promise)
        yield [self.celebration, *(fold for fold in about if fold), *self.mentions.values(), *self.people]

    def execute(self) -> None:
        if self.issued.person_id is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: it is somebody who celebrates.")
        if self.celebration.made:
            raise Refused(ALREADY_EXISTS, "Choose another id: a celebration has this one.", "celebrationId")
        check_mentions(self.mentions)
        about_id, outcome_id = self._won()
        for person in self.people:
            person.check("personIds")
        self.emit(
            Celebrated(
                celebration_id=self.celebration_id,
                author_id=self.issued.person_id,
                title=self.title,
                text=self.text,
                celebrated_on=self.issued.today,
                about_id=about_id,
                person_ids=tuple(dict.fromkeys(self.person_ids)),
                outcome_id=outcome_id,
                milestone_id=self.milestone_id,
                task_id=self.task_id,
            )
        )

    def _won(self) -> tuple[UUID, UUID | None]:
        """What is celebrated, and the outcome that it is of; refuses what has not come about."""
        if self.milestone:
            was, _ = self.milestone.known()
            if self.milestone.state is not MilestoneState.REACHED:
                raise Refused(NOT_YET_WON, "Mark the milestone reached first.", "milestoneId")
            return was.milestone_id, was.outcome_id
        if self.promise:
            if self.promise.state is None:
                raise Refused(NOT_FOUND, "There is no such task: request it or commit to it first.", "taskId")
            if self.promise.state is not State.KEPT:
                raise Refused(NOT_YET_WON, "Celebrate it once the commitment is kept.", "taskId")
            return self.promise.task_id, self.promise.outcome_id
        assert self.outcome_id is not None  # noqa: S101 - one of the three is given
        return self.outcome_id, self.outcome_id


class CheerCommand(Command):
    """What giving a cheer and taking it back read."""

    entity = "celebration_id"

    celebration_id: CelebrationId

    def reads(self) -> Reads:
        self.celebration = Celebration(self.celebration_id)
        self.cheer: Cheering | None = None
        if self.issued.person_id is None:
            yield [self.celebration]
        else:
            self.cheer = Cheering(self.celebration_id, self.issued.person_id)
            yield [self.celebration, self.cheer]

    def checked(self) -> tuple[Celebrated, UUID, bool]:
        """The celebration, who cheers, and whether they do already."""
        if self.issued.person_id is None or self.cheer is None:
            raise Refused(PERSON_REQUIRED, "Use the key of a person: a cheer is somebody's.")
        return self.celebration.known(), self.issued.person_id, self.cheer.given


class Cheer(CheerCommand):
    """Cheer at a celebration; everybody does so once.

    Refused where there is no such celebration, it was withdrawn, or the key stands for no person.
    """

    def execute(self) -> None:
        made, person_id, given = self.checked()
        if self.celebration.withdrawn:
            raise Refused(
                CELEBRATION_WITHDRAWN, "Cheer at another celebration: this one was withdrawn.", "celebrationId"
            )
        if not given:
            self.emit(Cheered(celebration_id=self.celebration_id, person_id=person_id, outcome_id=made.outcome_id))


class WithdrawCheer(CheerCommand):
    """Take your cheer back.

    Refused where there is no such celebration, or the key stands for no person.
    """

    def execute(self) -> None:
        made, person_id, given = self.checked()
        if given:
            self.emit(
                CheerWithdrawn(celebration_id=self.celebration_id, person_id=person_id, outcome_id=made.outcome_id)
            )
