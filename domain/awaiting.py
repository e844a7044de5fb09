"""Which milestone waits for which: that is what R3 knows of them."""

from uuid import UUID

from domain.codes import MILESTONE_CIRCLE
from domain.kernel import AwaitedId, Reads, Refused
from domain.milestones import (
    UNDER_WAY,
    Awaits,
    Milestone,
    MilestoneCommand,
    MilestoneLinked,
    MilestoneUnlinked,
    State,
)


class LinkMilestone(MilestoneCommand):
    """Say that a milestone waits for another one, perhaps of another outcome: it is reached after that.

    Refused where one of the two is unknown, has been reached or was withdrawn, the other waits for it already, by way
    of whatever others (R3), or the cycle of its outcome is closed (R8).
    """

    awaited_id: AwaitedId

    def reads(self) -> Reads:
        yield from super().reads()
        self.awaited, self.awaits = Milestone(self.awaited_id), Awaits(self.milestone_id)
        yield [self.awaited, self.awaits]
        self.chain: set[UUID] = set()
        rising: set[UUID] = {self.awaited_id}
        while rising:
            self.chain |= rising
            generation = [Awaits(one) for one in sorted(rising)]
            yield [*generation]
            rising = {one for awaits in generation for one in awaits.awaited} - self.chain

    def execute(self) -> None:
        was, _ = self.demand(*UNDER_WAY)
        awaited, _ = self.awaited.demand(*UNDER_WAY, field="awaitedId")
        if self.milestone_id in self.chain:
            sentence = "Unlink a milestone first: what it would wait for waits for it already, by way of others."
            raise Refused(MILESTONE_CIRCLE, sentence, "awaitedId")
        if self.awaited_id not in self.awaits.awaited:
            self.emit(
                MilestoneLinked(
                    milestone_id=self.milestone_id,
                    outcome_id=was.outcome_id,
                    awaited_id=self.awaited_id,
                    awaited_outcome_id=awaited.outcome_id,
                )
            )


class UnlinkMilestone(MilestoneCommand):
    """Let a milestone wait for another one no longer.

    Refused where one of the two is unknown, or the cycle of its outcome is closed (R8).
    """

    awaited_id: AwaitedId

    def reads(self) -> Reads:
        yield from super().reads()
        self.awaited, self.awaits = Milestone(self.awaited_id), Awaits(self.milestone_id)
        yield [self.awaited, self.awaits]

    def execute(self) -> None:
        was, _ = self.demand(*State)
        awaited, _ = self.awaited.known("awaitedId")
        if self.awaited_id in self.awaits.awaited:
            self.emit(
                MilestoneUnlinked(
                    milestone_id=self.milestone_id,
                    outcome_id=was.outcome_id,
                    awaited_id=self.awaited_id,
                    awaited_outcome_id=awaited.outcome_id,
                )
            )
