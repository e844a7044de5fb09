"""What a team or a person said no or not now to: part of focus, kept, and looked at again when its time comes."""

from datetime import date
from uuid import UUID

from domain.codes import ALREADY_EXISTS, INVALID, NOT_FOUND
from domain.cycles import Cycle
from domain.kernel import (
    Command,
    CycleId,
    DeclinedWorkId,
    Event,
    Fold,
    PersonId,
    Reads,
    Refused,
    RequesterId,
    TeamId,
)
from domain.people import Person, Team
from domain.references import check_mentions, mentioned
from domain.values import Reason, Title, checked_choice


class WorkDeclined(Event, frozen=True, tag="work.declined"):
    """A team or a person said no to some work, or not now."""

    declined_work_id: DeclinedWorkId
    title: Title
    reason: Reason
    until_on: date | None = None
    team_id: TeamId | None = None
    person_id: PersonId | None = None
    cycle_id: CycleId | None = None
    asked_by_id: RequesterId | None = None


class WorkReconsidered(Event, frozen=True, tag="work.reconsidered"):
    """What had been declined was looked at again."""

    declined_work_id: DeclinedWorkId
    reason: Reason
    team_id: TeamId | None = None
    person_id: PersonId | None = None
    cycle_id: CycleId | None = None


class DeclinedWork(Fold[WorkDeclined | WorkReconsidered]):
    """Work that was declined, and whether it has been reconsidered."""

    def __init__(self, declined_work_id: UUID) -> None:
        super().__init__(declined_work=declined_work_id)
        self.declined: WorkDeclined | None = None
        self.reconsidered = False

    def fold(self, event: WorkDeclined | WorkReconsidered) -> None:
        match event:
            case WorkDeclined():
                self.declined = event
            case WorkReconsidered():
                self.reconsidered = True


class DeclineWork(Command):
    """Say no to some work, or not now, for a team or a person, and why; until a day, or for the cycle named.

    It comes up again on that day, or with the end of the cycle. Refused where the id is used already, the day has
    passed, the team, the person, the cycle or whoever asked is unknown, or the cycle is closed (R8).
    """

    entity = "declined_work_id"
    creates = True

    declined_work_id: DeclinedWorkId
    title: Title
    reason: Reason
    until_on: date | None = None
    team_id: TeamId | None = None
    person_id: PersonId | None = None
    cycle_id: CycleId | None = None
    asked_by_id: RequesterId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.team_id, "teamId"), (self.person_id, "personId"))

    def reads(self) -> Reads:
        self.work = DeclinedWork(self.declined_work_id)
        self.cycle = self.cycle_id and Cycle(self.cycle_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id),
            personId=self.person_id and Person(self.person_id),
            cycleId=self.cycle,
            askedById=self.asked_by_id and Person(self.asked_by_id),
        )
        yield [self.work, *self.mentions.values()]

    def execute(self) -> None:
        if self.work.declined:
            raise Refused(ALREADY_EXISTS, "Choose another id: declined work has this one.", "declinedWorkId")
        if self.until_on and self.until_on < self.issued.today:
            raise Refused(INVALID, "Let it rest until a day that has not passed.", "untilOn")
        check_mentions(self.mentions)
        if self.cycle:
            self.cycle.check_open("cycleId")
        self.emit(
            WorkDeclined(
                declined_work_id=self.declined_work_id,
                title=self.title,
                reason=self.reason,
                until_on=self.until_on,
                team_id=self.team_id,
                person_id=self.person_id,
                cycle_id=self.cycle_id,
                asked_by_id=self.asked_by_id,
            )
        )


class ReconsiderWork(Command):
    """Look again at what was declined, and say what came of it; it comes up no more, and stays in the history (R9).

    Refused where no work was declined under this id.
    """

    entity = "declined_work_id"

    declined_work_id: DeclinedWorkId
    reason: Reason

    def reads(self) -> Reads:
        self.work = DeclinedWork(self.declined_work_id)
        yield [self.work]

    def execute(self) -> None:
        was = self.work.declined
        if was is None:
            raise Refused(NOT_FOUND, "There is no such work: decline it first.", "declinedWorkId")
        if not self.work.reconsidered:
            self.emit(
                WorkReconsidered(
                    declined_work_id=self.declined_work_id,
                    reason=self.reason,
                    team_id=was.team_id,
                    person_id=was.person_id,
                    cycle_id=was.cycle_id,
                )
            )
