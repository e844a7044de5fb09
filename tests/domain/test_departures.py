"""However commands interleave, nobody leaves duties behind (R14)."""

from uuid import UUID

from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.focus import (
    ActivateOutcome,
    OutcomeActivated,
    OutcomeResumed,
    PauseOutcome,
    ResumeOutcome,
)
from domain.kernel import Command, Event
from domain.leaving import DeactivatePerson, DisbandTeam, PersonHandover
from domain.outcomes import OutcomeAssigned, OutcomeSet, ReviewerNamed
from domain.people import (
    JoinTeam,
    PersonDeactivated,
    TeamDisbanded,
    TeamJoined,
    TeamLeft,
)
from domain.promises import (
    State,
)
from domain.revising import AssignOutcome, NameReviewer
from domain.tasks import (
    AcceptTask,
    CommitTask,
    DeliverTask,
    RequestTask,
    ReturnDelivery,
)
from tests.given import ANA, BEN, CAT, named
from tests.memory_ledger import MemoryLedger
from tests.stories import (
    OTHER_TEAM,
    TEAM,
    A,
    B,
    BusyLedger,
    C,
    D,
    cycle,
    focus_limit,
    measured,
    outcome,
    person,
    team,
)
from tests.stories_work import DUE, promise_of

WHY = "Moves abroad."
PEOPLE = [ANA, BEN, CAT]
OUTCOMES = [A, B, C, D]
TASKS = [named(f"task {nth}") for nth in range(3)]
TEAMS = [TEAM, OTHER_TEAM]
people, outcomes, tasks, teams = map(st.sampled_from, (PEOPLE, OUTCOMES, TASKS, TEAMS))
duties = st.sampled_from([*OUTCOMES, *TASKS, *TEAMS])
handovers = st.builds(PersonHandover, entity_id=duties, person_id=people)
by_whom = st.sampled_from(PEOPLE)
commands = st.one_of(
    st.builds(ActivateOutcome, outcome_id=outcomes),
    st.builds(PauseOutcome, outcome_id=outcomes, reason=st.just("Not now.")),
    st.builds(ResumeOutcome, outcome_id=outcomes, reason=st.just("Now.")),
    st.builds(AssignOutcome, outcome_id=outcomes, owner_id=people),
    st.builds(AssignOutcome, outcome_id=outcomes, team_id=teams),
    st.builds(NameReviewer, outcome_id=outcomes, reviewer_id=people),
    st.builds(JoinTeam, team_id=teams, person_id=people, lead=st.booleans()),
    st.builds(
        RequestTask,
        task_id=tasks,
        title=st.just("Mend"),
        due_on=st.just(DUE),
        promiser_id=people,
        beneficiary_id=st.none() | people,
        serves_nothing=st.just("Dull."),
    ),
    st.builds(
        CommitTask,
        task_id=tasks,
        title=st.just("Mend"),
        due_on=st.just(DUE),
        beneficiary_id=st.none() | people,
        serves_nothing=st.just("Dull."),
    ),
    st.builds(AcceptTask, task_id=tasks),
    st.builds(DeliverTask, task_id=tasks),
    st.builds(ReturnDelivery, task_id=tasks, reason=st.just("Half of it.")),
    st.builds(
        DeactivatePerson,
        person_id=people,
        reason=st.just(WHY),
        successor_id=st.none() | people,
        handovers=st.lists(handovers, max_size=1).map(tuple),
    ),
    st.builds(DeactivatePerson, person_id=people, reason=st.just(WHY), successor_id=people),
    st.builds(DisbandTeam, team_id=teams, reason=st.just(WHY), successor_id=st.none() | teams),
)


class PlainDuties:
    """The rule in the plainest words: who is gone, and what they have all the same."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.gone: set[UUID] = set()
        self.owners: dict[UUID, tuple[UUID | None, UUID | None]] = {}
        self.reviewers: dict[UUID, UUID | None] = {}
        self.worked_on: set[UUID] = set()
        self.leads: set[tuple[UUID, UUID]] = set()
        for event in ledger.events():
            self._take(event)
        self.promises = [promise_of(ledger, one) for one in TASKS]

    def _take(self, event: Event) -> None:  # noqa: C901 - one arm an event, each a line
        match event:
            case OutcomeSet() | OutcomeAssigned():
                self.owners[event.outcome_id] = (event.team_id, event.owner_id)
            case ReviewerNamed():
                self.reviewers[event.outcome_id] = event.reviewer_id
            case OutcomeActivated() | OutcomeResumed():
                self.worked_on.add(event.outcome_id)
            case TeamJoined():
                self.leads.discard((event.team_id, event.person_id))
                if event.lead:
                    self.leads.add((event.team_id, event.person_id))
            case TeamLeft():
                self.leads.discard((event.team_id, event.person_id))
            case PersonDeactivated():
                self.gone.add(event.person_id)
            case TeamDisbanded():
                self.gone.add(event.team_id)
            case _:
                return

    def left_behind(self) -> set[UUID]:
        """Whatever belongs to somebody who is gone; an outcome once worked on here goes on for ever."""
        owned = {one for one in self.worked_on if self.gone & set(self.owners[one])}
        reviewed = {one for one, reviewer in self.reviewers.items() if reviewer in self.gone}
        led = {team_id for team_id, person_id in self.leads if {team_id, person_id} & self.gone}
        open_ = [one for one in self.promises if one.state in {State.REQUESTED, State.COMMITTED}]
        promised = {one.task_id for one in open_ if one.promiser_id in self.gone}
        awaited = [*open_, *(one for one in self.promises if one.state is State.DELIVERED)]
        waiting = {one.task_id for one in awaited if {one.beneficiary_id, one.requester_id} & self.gone}
        return owned | reviewed | led | promised | waiting


def ledger_of_three() -> BusyLedger:
    whose = {A: (TEAM, ANA), B: (None, ANA), C: (OTHER_TEAM, None), D: (None, BEN)}
    story = [
        event for one, (team_id, owner) in whose.items() for event in (outcome(one, team_id, owner), measured(one))
    ]
    limits = [focus_limit(1, None, one) for one in PEOPLE]
    crews = [team(TEAM), team(OTHER_TEAM, parent=TEAM)]
    return BusyLedger(cycle(), *crews, *map(person, PEOPLE), *story, *limits)


@for_all(st.lists(st.tuples(commands, by_whom, commands, by_whom), max_size=12))
def test_r14_no_two_commands_at_once_leave_a_duty_with_somebody_who_has_left(
    pairs: list[tuple[Command, UUID, Command, UUID]],
) -> None:
    ledger = ledger_of_three()
    for first, by_first, second, by_second in pairs:
        ledger.interleave(first, second, by_first, by_second)
        assert not PlainDuties(ledger).left_behind()
