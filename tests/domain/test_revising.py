"""What becomes of an outcome after it was set: terms, team and owner, reviewer, sharing, rank."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import (
    INVALID,
    NOT_FOUND,
    NOT_THEIR_OUTCOME,
    OUTCOME_ENDED,
    OUTCOME_NOT_IN_STATE,
    REASON_MISSING,
    REVIEWER_IS_OWNER,
)
from domain.kernel import Command
from domain.outcomes import Ambition, Outcome, OutcomeRevised, OutcomeShared, ReviewerNamed
from domain.revising import AssignOutcome, NameReviewer, RankOutcomes, ReviseOutcome, ShareOutcome
from domain.values import Invalid
from tests.given import ANA, BEN, CAT, given, given_loosely, issued
from tests.memory_ledger import MemoryLedger
from tests.stories import (
    OTHER_TEAM,
    QUARTER,
    TEAM,
    YEAR,
    A,
    B,
    C,
    abandoned,
    active,
    assigned,
    cycle,
    outcome,
    paused,
    person,
    ranked,
    team,
    withdrawn,
)

TITLE = "Customers get an answer within the day"


def revised(title: str = TITLE, cycle_id: UUID | None = QUARTER, reason: str | None = None) -> OutcomeRevised:
    return OutcomeRevised(
        outcome_id=A,
        title=title,
        description=None,
        cycle_id=cycle_id,
        ambition=Ambition.COMMITTED,
        starts_on=None,
        due_on=None,
        roll_up=None,
        reason=reason,
    )


def test_r9_a_draft_is_revised_and_what_is_left_out_stays() -> None:
    given(outcome(A)).when(ReviseOutcome(outcome_id=A, title="Sooner")).then(revised("Sooner"))
    given(outcome(A), revised("Sooner")).when(ReviseOutcome(outcome_id=A, title="Sooner")).then_nothing()
    given(outcome(A)).when(ReviseOutcome(outcome_id=A)).then_nothing()


@pytest.mark.parametrize("standing", [[active(A)], [active(A), paused(A)]])
def test_r9_what_is_worked_on_is_revised_with_a_reason_only(standing: list[object]) -> None:
    story = given(outcome(A), *standing)  # pyright: ignore[reportArgumentType]
    story.when(ReviseOutcome(outcome_id=A, title="Sooner")).then_refused(REASON_MISSING, "reason")
    story = given(outcome(A), *standing)  # pyright: ignore[reportArgumentType]
    told = ReviseOutcome(outcome_id=A, title="Sooner", reason="Rivals.")
    story.when(told).then(revised("Sooner", reason="Rivals."))


def test_an_outcome_without_a_cycle_is_given_one_and_moves_to_no_other() -> None:
    give = ReviseOutcome(outcome_id=A, cycle_id=YEAR)
    given(outcome(A, cycle_id=None), cycle(YEAR)).when(give).then(revised(cycle_id=YEAR))
    given(outcome(A), cycle(YEAR)).when(give).then_refused(OUTCOME_NOT_IN_STATE, "cycleId")
    given(outcome(A, cycle_id=None)).when(give).then_refused(NOT_FOUND, "cycleId")


def test_a_revised_outcome_is_due_after_it_starts() -> None:
    backwards = ReviseOutcome(outcome_id=A, starts_on=date(2022, 6, 1), due_on=date(2022, 5, 1))
    given(outcome(A)).when(backwards).then_refused(INVALID, "dueOn")


COMMANDS: list[Command] = [
    ReviseOutcome(outcome_id=A, title="Sooner"),
    AssignOutcome(outcome_id=A, team_id=OTHER_TEAM),
    NameReviewer(outcome_id=A, reviewer_id=BEN),
    ShareOutcome(outcome_id=A, team_ids=(OTHER_TEAM,)),
    RankOutcomes(team_id=TEAM, cycle_id=QUARTER, outcome_ids=(A,)),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_nothing_becomes_of_an_outcome_that_is_unknown_or_has_ended(command: Command) -> None:
    there = (team(TEAM), team(OTHER_TEAM), person(BEN), cycle())
    given_loosely(*there).when(command).then_refused(NOT_FOUND)
    given_loosely(*there, outcome(A), abandoned(A)).when(command).then_refused(OUTCOME_ENDED)
    given_loosely(*there, outcome(A), withdrawn(A)).when(command).then_refused(OUTCOME_ENDED)


def test_an_outcome_is_given_to_a_team_a_person_or_both() -> None:
    given(outcome(A), team(OTHER_TEAM)).when(AssignOutcome(outcome_id=A, team_id=OTHER_TEAM)).then(
        assigned(A, OTHER_TEAM, active=False)
    )
    given(outcome(A), person(BEN)).when(AssignOutcome(outcome_id=A, owner_id=BEN)).then(
        assigned(A, TEAM, BEN, active=False)
    )
    given(outcome(A), team(TEAM)).when(AssignOutcome(outcome_id=A, team_id=TEAM)).then_nothing()
    given(outcome(A)).when(AssignOutcome(outcome_id=A, team_id=OTHER_TEAM)).then_refused(NOT_FOUND, "teamId")
    given(outcome(A)).when(AssignOutcome(outcome_id=A, owner_id=BEN)).then_refused(NOT_FOUND, "ownerId")
    with pytest.raises(Invalid):
        AssignOutcome(outcome_id=A)


def test_whoever_owns_an_outcome_does_not_review_it() -> None:
    named = ReviewerNamed(outcome_id=A, from_reviewer_id=None, reviewer_id=BEN)
    given(outcome(A, owner=ANA), person(BEN)).when(NameReviewer(outcome_id=A, reviewer_id=BEN)).then(named)
    given(outcome(A), named, person(BEN)).when(NameReviewer(outcome_id=A, reviewer_id=BEN)).then_nothing()
    given(outcome(A, owner=ANA), person(ANA)).when(NameReviewer(outcome_id=A, reviewer_id=ANA)).then_refused(
        REVIEWER_IS_OWNER, "reviewerId"
    )
    given(outcome(A), named, person(BEN)).when(AssignOutcome(outcome_id=A, owner_id=BEN)).then_refused(
        REVIEWER_IS_OWNER, "ownerId"
    )
    given(outcome(A)).when(NameReviewer(outcome_id=A, reviewer_id=CAT)).then_refused(NOT_FOUND, "reviewerId")


def test_an_outcome_is_shared_with_exactly_the_teams_named() -> None:
    share = OutcomeShared(outcome_id=A, added_ids=(OTHER_TEAM,), removed_ids=())
    end = OutcomeShared(outcome_id=A, added_ids=(), removed_ids=(OTHER_TEAM,))
    with_other = ShareOutcome(outcome_id=A, team_ids=(OTHER_TEAM, OTHER_TEAM))
    given(outcome(A), team(OTHER_TEAM)).when(with_other).then(share)
    given(outcome(A), team(OTHER_TEAM), share).when(with_other).then_nothing()
    given(outcome(A), share).when(ShareOutcome(outcome_id=A, team_ids=())).then(end)
    given(outcome(A)).when(with_other).then_refused(NOT_FOUND, "teamIds")


def test_a_team_puts_its_outcomes_in_order() -> None:
    there = (team(), cycle(), outcome(A), outcome(B))
    both = RankOutcomes(team_id=TEAM, cycle_id=QUARTER, outcome_ids=(B, A))
    given(*there).when(both).then(ranked(B, A))
    given(*there, ranked(B, A)).when(both).then_nothing()
    given(*there[:3], ranked(B, A)).when(RankOutcomes(team_id=TEAM, cycle_id=QUARTER, outcome_ids=(A,))).then(
        ranked(A, unranked=(B,))
    )
    gone = assigned(B, OTHER_TEAM, active=False)
    given(*there[:3], ranked(B, A), gone).when(
        RankOutcomes(team_id=TEAM, cycle_id=QUARTER, outcome_ids=(A,))
    ).then_nothing()
    with pytest.raises(Invalid):
        RankOutcomes(team_id=TEAM, cycle_id=QUARTER, outcome_ids=(A, A))


def test_a_team_ranks_only_its_own_outcomes_of_the_cycle() -> None:
    asked = RankOutcomes(team_id=TEAM, cycle_id=QUARTER, outcome_ids=(C,))
    given(team(), cycle(), outcome(C, OTHER_TEAM)).when(asked).then_refused(NOT_THEIR_OUTCOME, "outcomeIds")
    given(team(), cycle(), outcome(C, cycle_id=YEAR)).when(asked).then_refused(NOT_THEIR_OUTCOME, "outcomeIds")
    given(cycle(), outcome(C)).when(asked).then_refused(NOT_FOUND, "teamId")
    given(team(), outcome(C)).when(asked).then_refused(NOT_FOUND, "cycleId")


@for_all(st.lists(st.sets(st.sampled_from([TEAM, OTHER_TEAM])), max_size=6))
def test_an_outcome_is_shared_as_was_last_said(said: list[set[UUID]]) -> None:
    ledger = MemoryLedger()
    ledger.store(team(TEAM), team(OTHER_TEAM), outcome(A))
    for teams in said:
        ledger.execute(ShareOutcome(outcome_id=A, team_ids=tuple(teams)), issued())
    fold = Outcome(A)
    for position, event in enumerate(ledger.events(), start=1):
        if fold.selects(event, event.tags()):
            fold.take(event, position)
    assert fold.shared == (said[-1] if said else set())
