"""Root questions: what a team says of its outcomes, in its rhythm."""

from datetime import date

from strawberry import ID, UNSET

from api.graphql.mapping import BY_ID, NotCompiled, Relation, mapped, order, stands_on
from api.graphql.types.alignment import OverdueCheckIn
from api.graphql.types.common import AsOf, Connection
from api.graphql.types.decisions import DECISION_FILTERS, DECISION_ORDER, Decision, DecisionFilter
from api.graphql.types.declining import DECLINED_WORK_FILTERS, DECLINED_WORK_ORDER, DeclinedWork, DeclinedWorkFilter

OVERDUE = (
    "(select o.id as outcome_id, d.due_on, d.grace_days from {rows:outcome} o"
    " cross join lateral check_in_due({org}, o.id, {pos}, {on}) d"
    " where o.state = 'ACTIVE' and d.due_on < {on}"
    " and ({a.team} is null or o.team_id in (select b.id from teams_below({org}, {a.team}, {pos}) b)))"
)


@stands_on(None)
class PracticeQuestions:
    """What a team says of its outcomes, in its rhythm."""

    @mapped(Relation(where=BY_ID))
    def decision(self, id: ID, as_of: AsOf | None = UNSET, on: date | None = UNSET) -> Decision | None:
        """One decision."""
        raise NotCompiled

    @mapped(Relation(order=DECISION_ORDER, filters=DECISION_FILTERS, typical=20))
    def decisions(
        self,
        *,
        filter: DecisionFilter | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[Decision]:
        """What was decided, the latest first."""
        raise NotCompiled

    @mapped(Relation(order=DECLINED_WORK_ORDER, filters=DECLINED_WORK_FILTERS, typical=20))
    def declined_work(
        self,
        *,
        filter: DeclinedWorkFilter | None = UNSET,
        for_cycle: ID | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[DeclinedWork]:
        """What was said no or not now to, the latest first. `filter.upForReview` asks for what has come up again by the
        day asked, or comes up by the end of the cycle `forCycle`: what its planning has to look at."""
        raise NotCompiled

    @mapped(Relation(source=OVERDUE, order=order("due_on date", unique="outcome_id uuid"), typical=20))
    def overdue_check_ins(
        self,
        *,
        team: ID | None = UNSET,
        first: int | None = UNSET,
        after: str | None = UNSET,
        last: int | None = UNSET,
        before: str | None = UNSET,
        as_of: AsOf | None = UNSET,
        on: date | None = UNSET,
    ) -> Connection[OverdueCheckIn]:
        """Active outcomes whose check-in was due before the day, of a team and those below it or of all."""
        raise NotCompiled
