"""Milestones that are called otherwise, or weighed anew."""

from domain.codes import REASON_MISSING
from domain.kernel import Refused
from domain.milestones import MOST_WEIGHT, UNDER_WAY, MilestoneCommand, MilestoneRevised
from domain.values import Reason, Title, Weight, checked_between


class ReviseMilestone(MilestoneCommand):
    """Give a milestone another title, or another weight and say why; what it was stays in the history.

    Once it was moved, a reason is asked for whatever is revised. Refused once it has been reached or withdrawn, without
    the reason, or where the cycle of its outcome is closed (R8).
    """

    title: Title | None = None
    weight: Weight | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weight is not None:
            checked_between(self.weight, 0, MOST_WEIGHT, "weight")

    def execute(self) -> None:
        was, _ = self.demand(*UNDER_WAY)
        now = self.milestone
        title = self.title or now.title
        weight = now.weight if self.weight is None else self.weight
        if (title, weight) == (now.title, now.weight):
            return
        if self.reason is None and (now.moved or weight != now.weight):
            raise Refused(REASON_MISSING, "Say why: it was moved before, or is weighed anew.", "reason")
        self.emit(
            MilestoneRevised(
                milestone_id=self.milestone_id,
                outcome_id=was.outcome_id,
                former_title=now.title,
                title=title,
                former_weight=now.weight,
                weight=weight,
                reason=self.reason,
            )
        )
