"""What a team or a person works on now: ready outcomes only (R1), and no more than the focus limit (R2)."""

from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import FOCUS_LIMIT_REACHED, NOT_FOUND, OUTCOME_ENDED, OUTCOME_NOT_IN_STATE, OUTCOME_NOT_READY
from domain.focus import (
    AbandonOutcome,
    ActivateOutcome,
    FocusLimitSet,
    PauseOutcome,
    ResumeOutcome,
    SetFocusLimit,
    WithdrawOutcome,
)
from domain.kernel import Event
from domain.outcomes import OutcomeAssigned
from domain.policy import FOCUS_LIMIT, PolicySet, SetPolicy
from domain.revising import AssignOutcome
from domain.standing import OutcomeAbandoned, OutcomeActivated, OutcomePaused, OutcomeResumed, OutcomeWithdrawn
from domain.values import Invalid, Role
from domain.visibility import Visibility, VisibilitySet
from tests.given import ANA, BEN, ORGANISATION, given, given_loosely, named
from tests.stories import (
    OTHER_TEAM,
    QUARTER,
    TEAM,
    A,
    B,
    BusyLedger,
    C,
    abandoned,
    active,
    assigned,
    cycle,
    focus_limit,
    founded,
    measured,
    outcome,
    paused,
    person,
    ranked,
    resumed,
    started,
    team,
    withdrawn,
)

ACTIVATE_A, ACTIVATE_B = ActivateOutcome(outcome_id=A), ActivateOutcome(outcome_id=B)


def ready(outcome_id: UUID, team_id: UUID | None = TEAM, owner: UUID | None = None) -> list[Event]:
    """An outcome that may be activated."""
    return [outcome(outcome_id, team_id, owner), measured(outcome_id)]


def test_r1_an_outcome_with_owner_cycle_and_measure_becomes_active() -> None:
    given(cycle(), *ready(A)).when(ACTIVATE_A).then(active(A))
    given(cycle(), started(), *ready(A)).when(ACTIVATE_A).then(active(A))
    given(cycle(), *ready(A, team_id=None, owner=ANA)).when(ACTIVATE_A).then(active(A, team_id=None, owner=ANA))


def test_r1_an_outcome_without_an_owner_stays_a_draft() -> None:
    given(cycle(), *ready(A, team_id=None)).when(ACTIVATE_A).then_refused(OUTCOME_NOT_READY, "ownerId")


def test_r1_an_outcome_without_a_cycle_stays_a_draft() -> None:
    given(outcome(A, cycle_id=None), measured(A)).when(ACTIVATE_A).then_refused(OUTCOME_NOT_READY, "cycleId")


def test_r1_an_outcome_without_a_complete_measure_stays_a_draft() -> None:
    given(cycle(), outcome(A)).when(ACTIVATE_A).then_refused(OUTCOME_NOT_READY, "measureId")
    given(cycle(), outcome(A), measured(A, target=None)).when(ACTIVATE_A).then_refused(OUTCOME_NOT_READY, "measureId")


def test_r1_all_that_lacks_is_told_at_once() -> None:
    story = given(outcome(A, team_id=None, cycle_id=None)).when(ACTIVATE_A)
    story.then_refused(OUTCOME_NOT_READY, "ownerId", "cycleId", "measureId")
    assert story.refused
    assert story.refused.sentence == (
        "First give the outcome a team or a person that owns it, a cycle that is not closed, "
        "a measure with baseline and target."
    )


@for_all(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_r1_an_outcome_is_active_only_with_all_that_it_needs(
    has_team: bool, has_owner: bool, has_cycle: bool, has_measure: bool
) -> None:
    team_id, owner = TEAM if has_team else None, ANA if has_owner else None
    ledger = BusyLedger(cycle(), outcome(A, team_id, owner, QUARTER if has_cycle else None))
    if has_measure:
        ledger.store(measured(A))
    assert ledger.attempt(ACTIVATE_A) is ((has_team or has_owner) and has_cycle and has_measure)


def test_an_outcome_that_nobody_set_is_neither_activated_nor_abandoned() -> None:
    given().when(ACTIVATE_A).then_refused(NOT_FOUND, "outcomeId")
    given().when(AbandonOutcome(outcome_id=A, reason="Gone.")).then_refused(NOT_FOUND, "outcomeId")


def test_an_active_outcome_is_activated_once() -> None:
    given(cycle(), *ready(A), active(A), focus_limit(1)).when(ACTIVATE_A).then_nothing()


def test_an_abandoned_outcome_does_not_come_back() -> None:
    given(cycle(), *ready(A), active(A), abandoned(A)).when(ACTIVATE_A).then_refused(OUTCOME_ENDED, "outcomeId")


def test_a_draft_can_be_abandoned_and_an_outcome_only_once() -> None:
    abandon = AbandonOutcome(outcome_id=A, reason="The market moved.")
    given(outcome(A)).when(abandon).then(abandoned(A))
    given(outcome(A), active(A)).when(abandon).then(abandoned(A))
    given(outcome(A), active(A), abandoned(A)).when(abandon).then_nothing()
    given(outcome(A, cycle_id=None)).when(abandon).then(
        OutcomeAbandoned(outcome_id=A, reason="The market moved.", cycle_id=None, team_id=TEAM)
    )


def test_r2_a_team_below_its_focus_limit_activates_another_outcome() -> None:
    given(cycle(), *ready(B), active(A), focus_limit(2)).when(ACTIVATE_B).then(active(B))


def test_r2_a_team_at_its_focus_limit_activates_no_further_outcome() -> None:
    story = given(cycle(), *ready(B), active(A), focus_limit(1)).when(ACTIVATE_B)
    story.then_refused(FOCUS_LIMIT_REACHED, "outcomeId")


def test_r2_a_team_without_a_limit_of_its_own_has_five() -> None:
    others = [active(named(f"other {number}")) for number in range(FOCUS_LIMIT)]
    given(cycle(), *ready(A), *others[1:]).when(ACTIVATE_A).then(active(A))
    given(cycle(), *ready(A), *others).when(ACTIVATE_A).then_refused(FOCUS_LIMIT_REACHED, "outcomeId")


def test_r2_an_abandoned_outcome_makes_room() -> None:
    given(cycle(), *ready(B), active(A), focus_limit(1), abandoned(A)).when(ACTIVATE_B).then(active(B))


def test_r2_a_raised_limit_makes_room() -> None:
    given(cycle(), *ready(B), active(A), focus_limit(1), focus_limit(2)).when(ACTIVATE_B).then(active(B))


def test_r2_what_a_person_owns_for_a_team_counts_for_the_team_alone() -> None:
    theirs = [active(A, TEAM, owner=ANA), focus_limit(1, team_id=None, person_id=ANA)]
    mine = active(B, team_id=None, owner=ANA)
    given(cycle(), *ready(B, team_id=None, owner=ANA), *theirs).when(ACTIVATE_B).then(mine)
    given(cycle(), *ready(C, team_id=None, owner=ANA), *theirs, mine).when(ActivateOutcome(outcome_id=C)).then_refused(
        FOCUS_LIMIT_REACHED, "outcomeId"
    )


def test_r2_a_limit_is_set_for_a_team_or_a_person_with_a_reason() -> None:
    asked = SetFocusLimit(cycle_id=QUARTER, team_id=TEAM, limit=3, reason="We are many.")
    given(cycle(), team()).when(asked).then(focus_limit(3))
    given(cycle(), team(), focus_limit(3)).when(asked).then_nothing()
    asked = SetFocusLimit(cycle_id=QUARTER, person_id=BEN, limit=3, reason="We are many.")
    given(cycle(), person(BEN)).when(asked).then(focus_limit(3, team_id=None, person_id=BEN))


def test_r2_a_limit_below_the_present_number_ends_nothing_and_lets_nothing_in() -> None:
    lower = SetFocusLimit(cycle_id=QUARTER, team_id=TEAM, limit=1, reason="We are many.")
    given(cycle(), team(), active(A), active(C)).when(lower).then(focus_limit(1))
    given(cycle(), *ready(B), active(A), active(C), focus_limit(1), abandoned(A)).when(ACTIVATE_B).then_refused(
        FOCUS_LIMIT_REACHED, "outcomeId"
    )


PAUSE, RESUME = PauseOutcome(outcome_id=A, reason="Not now."), ResumeOutcome(outcome_id=A, reason="Now.")
WITHDRAW = WithdrawOutcome(outcome_id=A, reason="Set twice.")


def test_an_active_outcome_is_paused_and_resumed() -> None:
    given(outcome(A), active(A)).when(PAUSE).then(paused(A))
    given(outcome(A), active(A), paused(A)).when(PAUSE).then_nothing()
    given(outcome(A), active(A), paused(A)).when(RESUME).then(resumed(A))
    given(outcome(A), active(A), paused(A), resumed(A)).when(RESUME).then_nothing()


def test_only_an_active_outcome_is_paused_and_only_a_paused_one_resumed() -> None:
    given(outcome(A)).when(PAUSE).then_refused(OUTCOME_NOT_IN_STATE, "outcomeId")
    given(outcome(A)).when(RESUME).then_refused(OUTCOME_NOT_IN_STATE, "outcomeId")
    given(cycle(), *ready(A), active(A), paused(A)).when(ACTIVATE_A).then_refused(OUTCOME_NOT_IN_STATE, "outcomeId")
    given(outcome(A), abandoned(A)).when(PAUSE).then_refused(OUTCOME_ENDED, "outcomeId")
    given(outcome(A), abandoned(A)).when(RESUME).then_refused(OUTCOME_ENDED, "outcomeId")
    given().when(PAUSE).then_refused(NOT_FOUND, "outcomeId")
    given().when(RESUME).then_refused(NOT_FOUND, "outcomeId")


def test_what_was_set_by_mistake_is_withdrawn_once_and_does_not_come_back() -> None:
    given(outcome(A)).when(WITHDRAW).then(withdrawn(A))
    given(outcome(A), withdrawn(A)).when(WITHDRAW).then_nothing()
    given(outcome(A), abandoned(A)).when(WITHDRAW).then_refused(OUTCOME_ENDED, "outcomeId")
    given(outcome(A), withdrawn(A)).when(AbandonOutcome(outcome_id=A, reason="Gone.")).then_refused(
        OUTCOME_ENDED, "outcomeId"
    )
    given(cycle(), *ready(A), withdrawn(A)).when(ACTIVATE_A).then_refused(OUTCOME_ENDED, "outcomeId")
    given().when(WITHDRAW).then_refused(NOT_FOUND, "outcomeId")


def test_r2_pausing_and_withdrawing_make_room_and_resuming_takes_it() -> None:
    given(cycle(), *ready(B), active(A), focus_limit(1), paused(A)).when(ACTIVATE_B).then(active(B))
    given(cycle(), *ready(B), active(A), focus_limit(1), withdrawn(A)).when(ACTIVATE_B).then(active(B))
    given(outcome(A), active(A), paused(A), focus_limit(1), active(B)).when(RESUME).then_refused(
        FOCUS_LIMIT_REACHED, "outcomeId"
    )


def test_r2_an_active_outcome_takes_its_place_along() -> None:
    give = AssignOutcome(outcome_id=A, team_id=OTHER_TEAM)
    other = active(B, OTHER_TEAM)
    given(team(OTHER_TEAM), outcome(A), active(A)).when(give).then(assigned(A, OTHER_TEAM))
    given(team(OTHER_TEAM), outcome(A)).when(give).then(assigned(A, OTHER_TEAM, active=False))
    given(team(OTHER_TEAM), outcome(A), active(A), other, focus_limit(1, OTHER_TEAM)).when(give).then_refused(
        FOCUS_LIMIT_REACHED, "teamId"
    )
    given(cycle(), *ready(B), active(A), focus_limit(1), assigned(A, OTHER_TEAM)).when(ACTIVATE_B).then(active(B))


def test_r2_a_refusal_names_what_would_free_a_place_the_lowest_rank_first() -> None:
    named_so = [outcome(one, title=title) for one, title in ((A, "Answer"), (C, "Ship"))]
    story = [*ready(B), *named_so, active(A), active(C), ranked(C, A), focus_limit(2)]
    told = given(cycle(), *story).when(ACTIVATE_B)
    told.then_refused(FOCUS_LIMIT_REACHED, "outcomeId")
    assert told.refused
    assert told.refused.sentence == (
        "Pause or abandon an outcome, or raise the limit with a reason: the team has 2 active and may have 2."
        " Of the lowest rank: Answer; Ship."
    )


def test_r15_a_refusal_at_the_limit_names_no_outcome_that_is_hidden_and_counts_it() -> None:
    named_so = [outcome(one, title=title) for one, title in ((A, "Secret"), (C, "Ship"))]
    hidden = VisibilitySet(outcome_id=A, visibility=Visibility.OWNER_AND_LEADS)
    story = [cycle(), *ready(B), *named_so, active(A), active(C), focus_limit(2), hidden]
    sentence = "Pause or abandon an outcome, or raise the limit with a reason: the team has 2 active and may have 2."
    for by, role, told in (
        (BEN, Role.MEMBER, " Of the lowest rank: Ship. You may not see 1 of them."),
        (BEN, Role.OWNER, " Of the lowest rank: Secret; Ship."),
    ):
        refused = given_loosely(*story).when(ACTIVATE_B, by=by, role=role).refused
        assert refused
        assert refused.sentence == sentence + told
    none = given_loosely(*story, VisibilitySet(outcome_id=C, visibility=Visibility.NAMED))
    refused = none.when(ACTIVATE_B, by=BEN, role=Role.MEMBER).refused
    assert refused
    assert refused.sentence == f"{sentence} You may not see 2 of them."


def test_a_limit_is_set_for_what_exists() -> None:
    asked = SetFocusLimit(cycle_id=QUARTER, team_id=TEAM, limit=3, reason="Many.")
    given(team()).when(asked).then_refused(NOT_FOUND, "cycleId")
    given(cycle()).when(asked).then_refused(NOT_FOUND, "teamId")
    asked = SetFocusLimit(cycle_id=QUARTER, person_id=BEN, limit=3, reason="Many.")
    given(cycle()).when(asked).then_refused(NOT_FOUND, "personId")


def test_a_limit_is_of_one_team_or_one_person_and_set_by_a_lead() -> None:
    with pytest.raises(Invalid):
        SetFocusLimit(cycle_id=QUARTER, limit=3, reason="Many.")
    with pytest.raises(Invalid):
        SetFocusLimit(cycle_id=QUARTER, team_id=TEAM, person_id=BEN, limit=3, reason="Many.")
    assert SetFocusLimit.role is Role.LEAD


Change = ActivateOutcome | AbandonOutcome | PauseOutcome | ResumeOutcome | WithdrawOutcome | AssignOutcome
Step = Change | SetFocusLimit | SetPolicy
Whose = tuple[UUID | None, UUID | None]

# Ten outcomes: four of a team that Ana owns two of, two of another team, four of Ana alone.
WHOSE: dict[UUID, Whose] = {
    named(f"one {number}"): whose
    for number, whose in enumerate(
        [(TEAM, None)] * 2 + [(TEAM, ANA)] * 2 + [(OTHER_TEAM, None)] * 2 + [(None, ANA)] * 4,
    )
}
some = st.sampled_from(list(WHOSE))
limits = st.integers(1, 3)
activations = st.builds(ActivateOutcome, outcome_id=some)
steps = st.one_of(
    activations,
    activations,
    activations,
    st.builds(AbandonOutcome, outcome_id=some, reason=st.just("The market moved.")),
    st.builds(WithdrawOutcome, outcome_id=some, reason=st.just("Set twice.")),
    st.builds(PauseOutcome, outcome_id=some, reason=st.just("Not now.")),
    st.builds(ResumeOutcome, outcome_id=some, reason=st.just("Now.")),
    st.builds(AssignOutcome, outcome_id=some, team_id=st.sampled_from([TEAM, OTHER_TEAM])),
    st.builds(AssignOutcome, outcome_id=some, owner_id=st.sampled_from([ANA, BEN])),
    st.builds(
        SetFocusLimit,
        cycle_id=st.just(QUARTER),
        team_id=st.sampled_from([TEAM, OTHER_TEAM]),
        limit=limits,
        reason=st.just("Many."),
    ),
    st.builds(SetPolicy, focus_limit=limits),
    st.builds(SetFocusLimit, cycle_id=st.just(QUARTER), person_id=st.just(ANA), limit=limits, reason=st.just("Many.")),
)


class PlainFocus:
    """The rule in the plainest words: who has what active, and how many they may have."""

    def __init__(self) -> None:
        self.of = dict(WHOSE)
        self.active: set[UUID] = set()
        self.paused: set[UUID] = set()
        self.ended: dict[UUID, type[Step]] = {}
        self.limit: dict[UUID, int] = {}
        self.usual = FOCUS_LIMIT

    def room(self, whose: Whose) -> bool:
        holder = whose[0] or whose[1]
        assert holder
        taken = [one for one in self.active if (self.of[one][0] or self.of[one][1]) == holder]
        return len(taken) < self.limit.get(holder, self.usual)

    def lets(self, step: Step) -> bool:
        if isinstance(step, SetFocusLimit | SetPolicy):
            return True
        one = step.outcome_id
        if one in self.ended:
            return self.ended[one] is type(step)
        match step:
            case ActivateOutcome():
                return one in self.active or (one not in self.paused and self.room(self.of[one]))
            case ResumeOutcome():
                return one in self.active or (one in self.paused and self.room(self.of[one]))
            case PauseOutcome():
                return one in self.active | self.paused
            case AssignOutcome():
                was = self.of[one]
                now = (step.team_id or was[0], step.owner_id or was[1])
                return one not in self.active or (now[0] or now[1]) == (was[0] or was[1]) or self.room(now)
            case AbandonOutcome() | WithdrawOutcome():
                return True

    def take(self, event: Event) -> None:
        match event:
            case OutcomeActivated() | OutcomeResumed():
                assert self.room(self.of[event.outcome_id]), "active past the focus limit"
                assert event.outcome_id not in self.ended
                self.paused.discard(event.outcome_id)
                self.active.add(event.outcome_id)
            case OutcomePaused():
                self.active.discard(event.outcome_id)
                self.paused.add(event.outcome_id)
            case OutcomeAssigned():
                was, now = self.of[event.outcome_id], (event.team_id, event.owner_id)
                assert event.active is (event.outcome_id in self.active)
                moved = (was[0] or was[1]) != (now[0] or now[1])
                assert not event.active or not moved or self.room(now), "moved past the focus limit"
                self.of[event.outcome_id] = now
            case OutcomeAbandoned() | OutcomeWithdrawn():
                self.active.discard(event.outcome_id)
                self.paused.discard(event.outcome_id)
                ended = AbandonOutcome if isinstance(event, OutcomeAbandoned) else WithdrawOutcome
                self.ended[event.outcome_id] = ended
            case FocusLimitSet():
                whose = event.team_id or event.person_id
                assert whose
                self.limit[whose] = event.limit
            case PolicySet():
                self.usual = event.focus_limit
            case _:
                return


def ledger_of_ten() -> BusyLedger:
    story = [event for one, whose in WHOSE.items() for event in ready(one, *whose)]
    return BusyLedger(founded(), cycle(), team(TEAM), team(OTHER_TEAM), person(ANA), person(BEN), *story)


@for_all(st.lists(steps, max_size=20))
def test_r2_no_order_of_commands_goes_past_the_limit_and_none_is_refused_below_it(commands: list[Step]) -> None:
    ledger, plain = ledger_of_ten(), PlainFocus()
    known = len(ledger.events())
    for step in commands:
        assert ledger.attempt(step) is plain.lets(step)
        for event in ledger.events()[known:]:
            plain.take(event)
        known = len(ledger.events())


@for_all(st.lists(st.tuples(steps, steps), max_size=10))
def test_r2_no_two_commands_at_once_go_past_the_limit(pairs: list[tuple[Step, Step]]) -> None:
    ledger, plain = ledger_of_ten(), PlainFocus()
    for first, second in pairs:
        ledger.interleave(first, second)
    for event in ledger.events():
        plain.take(event)


def test_r2_the_organisations_policy_is_the_limit_where_none_was_set() -> None:
    policy = PolicySet(organisation_id=ORGANISATION, focus_limit=1)
    story = [policy, cycle(), outcome(A), *ready(B), active(A)]
    given(*story).when(ACTIVATE_B).then_refused(FOCUS_LIMIT_REACHED, "outcomeId")
    given_loosely(*story, focus_limit(2)).when(ACTIVATE_B).then(active(B))


def test_r2_of_two_at_once_one_takes_the_last_place() -> None:
    ledger = BusyLedger(cycle(), *ready(A), *ready(B), focus_limit(1))
    ledger.interleave(ACTIVATE_A, ACTIVATE_B)
    assert [event for event in ledger.events() if isinstance(event, OutcomeActivated)] == [active(B)]
