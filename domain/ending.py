"""How an initiative ends, and what becomes of its milestones."""

from collections.abc import Iterator
from uuid import UUID

from domain.codes import MILESTONES_OPEN, REASON_MISSING
from domain.initiatives import Ending, Initiative, InitiativeEnded
from domain.kernel import Command, Fold, InitiativeId, Reads, Refused
from domain.milestones import UNDER_WAY, Milestone, MilestoneSet, MilestoneWithdrawn
from domain.values import Reason

MOST_TOLD = 10  # open milestones that a refusal names


class MilestonesOf(Fold[MilestoneSet]):
    """The milestones that were ever set for an initiative."""

    def __init__(self, initiative_id: UUID) -> None:
        super().__init__(initiative=initiative_id)
        self.milestone_ids: set[UUID] = set()

    def fold(self, event: MilestoneSet) -> None:
        self.milestone_ids.add(event.milestone_id)


class EndInitiative(Command):
    """Say that an initiative is done, or dropped and why; promises that it bundles stand, for they are between people.

    With what is dropped, its open milestones are withdrawn for the same reason. Refused where it has ended already, is
    dropped without a reason, or is said to be done while a milestone of it is open: these are named.
    """

    entity = "initiative_id"

    initiative_id: InitiativeId
    ending: Ending
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.initiative, milestones = Initiative(self.initiative_id), MilestonesOf(self.initiative_id)
        yield [self.initiative, milestones]
        self.milestones = [Milestone(one) for one in sorted(milestones.milestone_ids)]
        yield [*self.milestones]

    def execute(self) -> None:
        was = self.initiative.standing("initiativeId")
        if self.ending is Ending.DROPPED:
            if self.reason is None:
                raise Refused(REASON_MISSING, "Say why it is dropped.", "reason")
            self._withdraw(self.reason)
        elif titles := sorted(milestone.title for milestone in self._open()):
            told = titles[:MOST_TOLD]
            if more := len(titles) - len(told):
                told.append(f"and {more} more")
            sentence = f"Mark or withdraw the milestones of it that are open: {'; '.join(told)}."
            raise Refused(MILESTONES_OPEN, sentence, "initiativeId")
        self.emit(
            InitiativeEnded(
                initiative_id=self.initiative_id, outcome_id=was.outcome_id, ending=self.ending, reason=self.reason
            )
        )

    def _open(self) -> Iterator[Milestone]:
        return (one for one in self.milestones if one.state in UNDER_WAY)

    def _withdraw(self, reason: Reason) -> None:
        for one in self._open():
            was, _ = one.known()
            self.emit(MilestoneWithdrawn(milestone_id=was.milestone_id, outcome_id=was.outcome_id, reason=reason))
