"""Nobody leaves duties behind (R14): who leaves says who takes what, and nothing comes to them afterwards."""

from contextlib import nullcontext
from uuid import UUID

import msgspec
import pytest

from domain.codes import (
    DUTIES_LEFT,
    FOCUS_LIMIT_REACHED,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON_LEFT,
    REVIEWER_IS_OWNER,
    TEAM_DISBANDED,
)
from domain.duties import MOST_DUTIES
from domain.focus import (
    ActivateOutcome,
    OutcomePaused,
)
from domain.kernel import Command, Event, Refused
from domain.leaving import DeactivatePerson, DisbandTeam, PersonHandover, TeamHandover
from domain.organisation import ApiKeyIssued, ApiKeyRevoked, GrantRole, RoleRevoked, Scope
from domain.outcomes import OutcomeAssigned, ReviewerNamed, SetOutcome
from domain.people import (
    FormTeam,
    JoinTeam,
    MoveTeam,
    PersonDeactivated,
    TeamDisbanded,
    TeamFormed,
    TeamJoined,
    TeamLeft,
    TeamMoved,
)
from domain.promises import (
    BeneficiaryReplaced,
    DeliveryAccepted,
    DeliveryReturned,
    TaskAccepted,
    TaskDelivered,
    TaskReassigned,
)
from domain.tasks import (
    AcceptDelivery,
    AcceptTask,
    CommitTask,
    DeliverTask,
    RequestTask,
    ReturnDelivery,
)
from domain.values import Invalid, Role
from domain.visibility import Visibility, VisibilitySet
from tests.given import ANA, BEN, CAT, given, given_loosely, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories import (
    OTHER_TEAM,
    QUARTER,
    TEAM,
    A,
    B,
    BusyLedger,
    C,
    active,
    assigned,
    cycle,
    focus_limit,
    granted,
    joined,
    measured,
    outcome,
    paused,
    person,
    team,
)
from tests.stories_work import DUE, TASK, promise, promise_of, proposal, request

WHY = "Moves abroad."
ANA_HERE, BEN_HERE, CAT_HERE = person(ANA), person(BEN, "Ben"), person(CAT, "Cat")
ANA_LEAVES = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=BEN)
ANA_LEFT = PersonDeactivated(person_id=ANA, reason=WHY)
TEAM_ENDS = DisbandTeam(team_id=TEAM, reason=WHY, successor_id=OTHER_TEAM)
TEAM_ENDED = TeamDisbanded(team_id=TEAM, reason=WHY)


def reviewed(outcome_id: UUID, by: UUID = ANA, former: UUID | None = None) -> ReviewerNamed:
    return ReviewerNamed(outcome_id=outcome_id, from_reviewer_id=former, reviewer_id=by)


def handed(outcome_id: UUID, to: UUID, active: bool, team_id: UUID | None = None) -> OutcomeAssigned:
    return OutcomeAssigned(
        outcome_id=outcome_id,
        cycle_id=QUARTER,
        from_team_id=team_id,
        team_id=team_id,
        from_owner_id=ANA,
        owner_id=to,
        active=active,
        reason=WHY,
    )


def reassigned(to: UUID, requester: UUID, lapsed: bool = False) -> TaskReassigned:
    return TaskReassigned(
        task_id=TASK,
        from_promiser_id=ANA,
        promiser_id=to,
        requester_id=requester,
        reason=WHY,
        terms_lapsed=lapsed,
        outcome_id=named("outcome"),
    )


def replaced(to: UUID, former: UUID = ANA, asks: UUID | None = None, lapsed: bool = False) -> BeneficiaryReplaced:
    return BeneficiaryReplaced(
        task_id=TASK,
        from_beneficiary_id=former,
        beneficiary_id=to,
        reason=WHY,
        from_requester_id=ANA if asks else None,
        requester_id=asks,
        terms_lapsed=lapsed,
        outcome_id=named("outcome"),
    )


def test_who_has_no_duties_leaves_once() -> None:
    leaves = DeactivatePerson(person_id=ANA, reason=WHY)
    given(ANA_HERE).when(leaves, by=BEN).then(ANA_LEFT)
    given(ANA_HERE, ANA_LEFT).when(leaves, by=BEN).then_nothing()
    given().when(leaves).then_refused(NOT_FOUND, "personId")


@pytest.mark.parametrize(
    "duty",
    [
        [outcome(A, None, ANA), active(A, None, ANA)],
        [outcome(A, TEAM, ANA), active(A, TEAM, ANA)],
        [outcome(A, None, ANA), active(A, None, ANA), OutcomePaused(outcome_id=A, reason="Not now.")],
        [outcome(A), reviewed(A)],
        [promise(by=ANA, to=BEN)],
        [request(by=BEN, of=ANA)],
        [promise(by=BEN, to=ANA)],
        [request(by=ANA, of=BEN, to=CAT)],
        [promise(by=BEN, to=ANA), TaskDelivered(task_id=TASK, delivered_on=DUE)],
        [team(leads=[ANA])],
        [team(), joined(ANA, lead=True)],
    ],
)
def test_r14_nobody_leaves_a_duty_behind(duty: list[Event]) -> None:
    given(ANA_HERE, *duty).when(DeactivatePerson(person_id=ANA, reason=WHY)).then_refused(
        DUTIES_LEFT, "handovers", "successorId"
    )


@pytest.mark.parametrize(
    "done",
    [
        [outcome(A, None, ANA)],
        [outcome(A, None, ANA), active(A, None, ANA), handed(A, BEN, True)],
        [promise(by=ANA, to=BEN), TaskDelivered(task_id=TASK, delivered_on=DUE)],
        [promise(by=BEN, to=ANA), TaskDelivered(task_id=TASK, delivered_on=DUE), DeliveryAccepted(task_id=TASK)],
        [team(leads=[ANA]), TeamLeft(team_id=TEAM, person_id=ANA)],
    ],
)
def test_r14_what_has_ended_or_is_not_worked_on_is_no_duty(done: list[Event]) -> None:
    given(ANA_HERE, *done).when(DeactivatePerson(person_id=ANA, reason=WHY)).then(ANA_LEFT)


def test_r14_the_refusal_lists_ten_duties_and_how_many_more() -> None:
    several = [named(f"many {nth}") for nth in range(MOST_DUTIES + 2)]
    led = [TeamFormed(team_id=one, name="Crew", lead_ids=(ANA,)) for one in several]
    story = given(ANA_HERE, *led).when(DeactivatePerson(person_id=ANA, reason=WHY))
    assert story.refused
    assert story.refused.sentence.count("leads team Crew") == MOST_DUTIES
    assert "and 2 more" in story.refused.sentence


def test_r14_whoever_takes_an_outcome_owns_it_and_whoever_takes_a_review_reviews() -> None:
    story = given(
        ANA_HERE,
        BEN_HERE,
        CAT_HERE,
        outcome(A, None, ANA),
        active(A, None, ANA),
        outcome(B, TEAM, ANA),
        active(B, TEAM, ANA),
        outcome(C, TEAM),
        reviewed(C),
    )
    handovers = (PersonHandover(entity_id=C, person_id=CAT),)
    leaves = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=BEN, handovers=handovers)
    story.when(leaves)
    assert story.refused is None
    assert set(map(str, story.emitted)) == set(
        map(str, [handed(A, BEN, True), handed(B, BEN, True, TEAM), reviewed(C, CAT, ANA), ANA_LEFT])
    )
    assert story.emitted[-1] == ANA_LEFT


def test_r14_handovers_alone_will_do() -> None:
    handovers = (PersonHandover(entity_id=TEAM, person_id=BEN), PersonHandover(entity_id=TASK, person_id=CAT))
    leaves = DeactivatePerson(person_id=ANA, reason=WHY, handovers=handovers)
    given(ANA_HERE, BEN_HERE, CAT_HERE, team(leads=[ANA]), promise(by=BEN, to=ANA)).when(leaves).then(
        replaced(CAT),
        TeamJoined(team_id=TEAM, person_id=BEN, lead=True),
        TeamLeft(team_id=TEAM, person_id=ANA),
        ANA_LEFT,
    )


def test_r14_who_leads_already_takes_the_lead_without_joining_and_members_leave() -> None:
    given(ANA_HERE, BEN_HERE, team(leads=[ANA, BEN])).when(ANA_LEAVES).then(
        TeamLeft(team_id=TEAM, person_id=ANA), ANA_LEFT
    )
    given(ANA_HERE, team(), joined(ANA)).when(DeactivatePerson(person_id=ANA, reason=WHY)).then(
        TeamLeft(team_id=TEAM, person_id=ANA), ANA_LEFT
    )


def test_r2_a_place_is_free_for_each_outcome_that_a_successor_takes() -> None:
    two = [outcome(A, None, ANA), active(A, None, ANA), outcome(B, None, ANA), active(B, None, ANA)]
    bens = [outcome(C, None, BEN), active(C, None, BEN), focus_limit(2, None, BEN)]
    given(ANA_HERE, BEN_HERE, *two, *bens).when(ANA_LEAVES).then_refused(FOCUS_LIMIT_REACHED, "successorId")
    room = given_loosely(ANA_HERE, BEN_HERE, *two, focus_limit(2, None, BEN)).when(ANA_LEAVES)
    assert [type(one) for one in room.emitted] == [OutcomeAssigned, OutcomeAssigned, PersonDeactivated]
    story = [ANA_HERE, BEN_HERE, CAT_HERE, *two, *bens]
    handovers = (PersonHandover(entity_id=A, person_id=CAT),)
    split = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=BEN, handovers=handovers)
    assert len(given_loosely(*story).when(split).emitted) == 3


def test_nobody_owns_what_they_review_by_a_handover() -> None:
    owns = [outcome(A, TEAM, ANA), active(A, TEAM, ANA), reviewed(A, BEN)]
    given(ANA_HERE, BEN_HERE, *owns).when(ANA_LEAVES).then_refused(REVIEWER_IS_OWNER, "successorId")
    reviews = [outcome(A, TEAM, BEN), reviewed(A)]
    handovers = (PersonHandover(entity_id=A, person_id=BEN),)
    leaves = DeactivatePerson(person_id=ANA, reason=WHY, handovers=handovers)
    given(ANA_HERE, BEN_HERE, *reviews).when(leaves).then_refused(REVIEWER_IS_OWNER, "handovers")


def test_r5_whoever_takes_a_promise_is_asked_for_it_anew() -> None:
    story = [ANA_HERE, CAT_HERE]
    leaves = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=CAT)
    given(*story, promise(by=ANA, to=BEN)).when(leaves).then(reassigned(CAT, BEN), ANA_LEFT)
    given(*story, request(by=BEN, of=ANA)).when(leaves).then(reassigned(CAT, BEN), ANA_LEFT)
    given(*story, promise(by=ANA, to=BEN), proposal(by=ANA)).when(leaves).then(reassigned(CAT, BEN, True), ANA_LEFT)
    given(promise(by=ANA, to=BEN), reassigned(CAT, BEN)).when(AcceptTask(task_id=TASK), by=CAT).then(
        TaskAccepted(task_id=TASK, promiser_id=CAT, outcome_id=named("outcome"))
    )
    taken = given(promise(by=ANA, to=BEN), reassigned(CAT, BEN)).when(DeliverTask(task_id=TASK), by=CAT)
    assert taken.refused is not None


def test_r14_a_promise_to_oneself_goes_over_with_both_its_sides() -> None:
    given(ANA_HERE, BEN_HERE, promise(by=ANA, to=ANA)).when(ANA_LEAVES).then(
        replaced(BEN), reassigned(BEN, BEN), ANA_LEFT
    )


def test_r14_whoever_takes_what_was_promised_to_them_may_accept_it() -> None:
    story = [promise(by=BEN, to=ANA), TaskDelivered(task_id=TASK, delivered_on=DUE)]
    leaves = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=CAT)
    given(ANA_HERE, CAT_HERE, *story).when(leaves).then(replaced(CAT), ANA_LEFT)
    given(*story, replaced(CAT)).when(AcceptDelivery(task_id=TASK), by=CAT).then(
        DeliveryAccepted(task_id=TASK, outcome_id=named("outcome"))
    )
    given(ANA_HERE, CAT_HERE, request(by=ANA, of=BEN)).when(leaves).then(replaced(CAT, asks=CAT), ANA_LEFT)
    given(ANA_HERE, CAT_HERE, request(by=ANA, of=BEN, to=BEN)).when(leaves).then(
        replaced(BEN, former=BEN, asks=CAT), ANA_LEFT
    )


def test_r14_whoever_promises_does_not_ask_for_it_on_behalf_of_another() -> None:
    given(ANA_HERE, BEN_HERE, request(by=ANA, of=BEN, to=CAT)).when(ANA_LEAVES).then(
        replaced(CAT, former=CAT, asks=CAT), ANA_LEFT
    )
    given(ANA_HERE, BEN_HERE, request(by=BEN, of=ANA, to=CAT)).when(ANA_LEAVES).then(reassigned(BEN, CAT), ANA_LEFT)


def test_r5_open_terms_lapse_where_the_promiser_takes_the_other_side() -> None:
    story = [promise(by=BEN, to=ANA), proposal(by=BEN)]
    given(ANA_HERE, BEN_HERE, *story).when(ANA_LEAVES).then(replaced(BEN, lapsed=True), ANA_LEFT)
    ledger = MemoryLedger()
    ledger.store(*story, replaced(BEN, lapsed=True))
    assert promise_of(ledger, TASK).proposed is None
    ledger = MemoryLedger()
    ledger.store(*story, replaced(CAT))
    assert promise_of(ledger, TASK).proposed is not None


def test_who_leaves_loses_their_role_and_their_keys() -> None:
    key = named("key of Ana")
    issued_key = ApiKeyIssued(
        api_key_id=key,
        name="robot",
        role=Role.MEMBER,
        scopes=(Scope.READ,),
        lookup="k1",
        digest="0" * 64,
        person_id=ANA,
    )
    revoked = ApiKeyRevoked(api_key_id=key)
    leaves = DeactivatePerson(person_id=ANA, reason=WHY)
    given(ANA_HERE, issued_key, granted(Role.LEAD)).when(leaves).then(
        revoked, RoleRevoked(person_id=ANA, reason=WHY), ANA_LEFT
    )
    given(ANA_HERE, issued_key, revoked).when(leaves).then(ANA_LEFT)


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.LEAD, False)])
def test_nobody_deactivates_a_person_of_a_stronger_role(role: Role, may: bool) -> None:
    ledger = BusyLedger(ANA_HERE, granted(Role.OWNER))
    with nullcontext() if may else pytest.raises(Refused, match=str(NOT_ALLOWED)):
        ledger.execute(DeactivatePerson(person_id=ANA, reason=WHY), issued(BEN, role=role))


def test_a_handover_names_somebody_else_who_is_here_and_a_duty_once() -> None:
    to_herself = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=ANA)
    given(ANA_HERE).when(to_herself).then_refused(INVALID, "successorId")
    given(ANA_HERE).when(ANA_LEAVES).then_refused(NOT_FOUND, "successorId")
    gone = PersonDeactivated(person_id=BEN, reason=WHY)
    given(ANA_HERE, BEN_HERE, gone).when(ANA_LEAVES).then_refused(PERSON_LEFT, "successorId")
    one = PersonHandover(entity_id=A, person_id=BEN)
    none_of_hers = DeactivatePerson(person_id=ANA, reason=WHY, handovers=(one,))
    given(ANA_HERE, BEN_HERE).when(none_of_hers).then_refused(INVALID, "handovers")
    with pytest.raises(Invalid):
        DeactivatePerson(person_id=ANA, reason=WHY, handovers=(one, one))
    with pytest.raises(Invalid):
        DisbandTeam(team_id=TEAM, reason=WHY, handovers=(TeamHandover(entity_id=A, team_id=OTHER_TEAM),) * 2)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (SetOutcome(outcome_id=A, title="Less", owner_id=ANA), "ownerId"),
        (SetOutcome(outcome_id=A, title="Less", reviewer_id=ANA), "reviewerId"),
        (RequestTask(task_id=TASK, title="Mend", due_on=DUE, promiser_id=ANA, serves_nothing="Dull."), "promiserId"),
        (
            CommitTask(task_id=TASK, title="Mend", due_on=DUE, beneficiary_id=ANA, serves_nothing="Dull."),
            "beneficiaryId",
        ),
        (FormTeam(team_id=TEAM, name="Crew", lead_ids=(ANA,)), "leadIds"),
        (GrantRole(person_id=ANA, granted_role=Role.LEAD), "personId"),
    ],
)
def test_r14_nothing_is_given_to_somebody_who_has_left(command: Command, field: str) -> None:
    given_loosely(ANA_HERE, ANA_LEFT).when(command, by=BEN).then_refused(PERSON_LEFT, field)


@pytest.mark.parametrize(
    "command",
    [
        RequestTask(task_id=TASK, title="Mend", due_on=DUE, promiser_id=BEN, serves_nothing="Dull."),
        CommitTask(task_id=TASK, title="Mend", due_on=DUE, serves_nothing="Dull."),
    ],
)
def test_r14_who_has_left_neither_promises_nor_asks(command: Command) -> None:
    given_loosely(BEN_HERE, ANA_LEFT).when(command, by=ANA).then_refused(PERSON_LEFT)


def test_r14_a_draft_of_somebody_who_has_left_waits_for_another_owner() -> None:
    draft = [cycle(), outcome(A, TEAM, ANA), measured(A)]
    given(*draft, ANA_LEFT).when(ActivateOutcome(outcome_id=A)).then_refused(PERSON_LEFT, "ownerId")
    given(*draft, TEAM_ENDED).when(ActivateOutcome(outcome_id=A)).then_refused(TEAM_DISBANDED, "teamId")


def test_r14_a_delivery_of_somebody_who_has_left_is_not_returned() -> None:
    story = [promise(by=ANA, to=BEN), TaskDelivered(task_id=TASK, delivered_on=DUE)]
    returns = ReturnDelivery(task_id=TASK, reason="Half of it.")
    given(*story, ANA_LEFT).when(returns, by=BEN).then_refused(PERSON_LEFT, "taskId")
    given(*story).when(returns, by=BEN).then(
        DeliveryReturned(task_id=TASK, reason="Half of it.", outcome_id=named("outcome"))
    )


def test_a_team_without_outcomes_is_disbanded_once() -> None:
    ends = DisbandTeam(team_id=TEAM, reason=WHY)
    given(team(leads=[ANA]), joined(BEN), TeamLeft(team_id=TEAM, person_id=ANA)).when(ends).then(
        TeamLeft(team_id=TEAM, person_id=BEN), TEAM_ENDED
    )
    given(team(), TEAM_ENDED).when(ends).then_nothing()
    given().when(ends).then_refused(NOT_FOUND, "teamId")


def test_r14_a_team_leaves_no_outcome_behind() -> None:
    story = [team(), outcome(A), active(A), outcome(B), active(B), paused(B), outcome(C)]
    given(*story).when(DisbandTeam(team_id=TEAM, reason=WHY)).then_refused(DUTIES_LEFT, "handovers", "successorId")
    taken = given(team(OTHER_TEAM), *story).when(TEAM_ENDS)
    assert set(map(str, taken.emitted)) == set(
        map(
            str,
            [
                msgspec.structs.replace(assigned(A, OTHER_TEAM), reason=WHY),
                msgspec.structs.replace(assigned(B, OTHER_TEAM, active=False), reason=WHY),
                TEAM_ENDED,
            ],
        )
    )


def test_r2_the_team_that_takes_outcomes_has_places_for_them() -> None:
    story = [team(), team(OTHER_TEAM), outcome(A), active(A), outcome(B), active(B), focus_limit(1, OTHER_TEAM)]
    given(*story).when(TEAM_ENDS).then_refused(FOCUS_LIMIT_REACHED, "successorId")
    handovers = (TeamHandover(entity_id=A, team_id=named("Crew")),)
    ends = DisbandTeam(team_id=TEAM, reason=WHY, successor_id=OTHER_TEAM, handovers=handovers)
    assert len(given(team(named("Crew")), *story).when(ends).emitted) == 3


def test_r14_what_lies_inside_a_disbanded_team_moves_up() -> None:
    inside, above = named("inside"), named("above")
    given(team(TEAM, parent=above), team(inside, parent=TEAM)).when(DisbandTeam(team_id=TEAM, reason=WHY)).then(
        TeamMoved(team_id=inside, from_parent_id=TEAM, parent_id=above), TEAM_ENDED
    )
    away = TeamMoved(team_id=inside, from_parent_id=TEAM)
    given(team(TEAM), team(inside, parent=TEAM), away).when(DisbandTeam(team_id=TEAM, reason=WHY)).then(TEAM_ENDED)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (SetOutcome(outcome_id=A, title="Less", team_id=TEAM), "teamId"),
        (FormTeam(team_id=OTHER_TEAM, name="Crew", parent_id=TEAM), "parentId"),
        (JoinTeam(team_id=TEAM, person_id=ANA), "teamId"),
        (MoveTeam(team_id=TEAM), "teamId"),
    ],
)
def test_r14_nothing_is_given_to_a_disbanded_team(command: Command, field: str) -> None:
    given_loosely(ANA_HERE, team(), TEAM_ENDED).when(command).then_refused(TEAM_DISBANDED, field)


SECRET = [outcome(A, TEAM, ANA, title="Secret"), active(A, TEAM, ANA)]
HIDDEN = VisibilitySet(outcome_id=A, visibility=Visibility.OWNER_AND_LEADS)
SECRETLY = "1 that you may not see, for a successor to take"


@pytest.mark.parametrize(
    ("ends", "others", "told"),
    [
        (DeactivatePerson(person_id=ANA, reason=WHY), [ANA_HERE], SECRETLY),
        (
            DeactivatePerson(person_id=ANA, reason=WHY),
            [ANA_HERE, promise(by=ANA, to=BEN)],
            f"promised Mend it; and {SECRETLY}",
        ),
        (DisbandTeam(team_id=TEAM, reason=WHY), [team()], SECRETLY),
        (
            DisbandTeam(team_id=TEAM, reason=WHY),
            [team(), outcome(B, title="Answer"), active(B)],
            f"owns outcome Answer; and {SECRETLY}",
        ),
    ],
)
def test_r15_duties_that_are_hidden_are_left_behind_by_nobody_and_named_by_no_refusal(
    ends: Command, others: list[Event], told: str
) -> None:
    refused = given_loosely(*SECRET, HIDDEN, *others).when(ends, by=CAT, role=Role.LEAD).refused
    assert refused
    assert refused.code == DUTIES_LEFT
    assert refused.sentence == f"Say who takes what is left, all of it or one by one: {told}."
    seen = given_loosely(*SECRET, HIDDEN, *others).when(ends, by=CAT).refused
    assert seen
    assert "owns outcome Secret" in seen.sentence


def test_r15_a_successor_takes_what_who_asks_may_not_see() -> None:
    given(ANA_HERE, BEN_HERE, *SECRET, HIDDEN).when(ANA_LEAVES, by=CAT, role=Role.LEAD).then(
        handed(A, BEN, True, TEAM), ANA_LEFT
    )
    one_by_one = DeactivatePerson(person_id=ANA, reason=WHY, handovers=(PersonHandover(entity_id=A, person_id=BEN),))
    given_loosely(ANA_HERE, BEN_HERE, *SECRET, HIDDEN).when(one_by_one, by=CAT, role=Role.LEAD).then_refused(
        INVALID, "handovers"
    )


def test_r15_a_refused_successor_learns_no_hidden_title() -> None:
    refused = (
        given_loosely(ANA_HERE, BEN_HERE, *SECRET, reviewed(A, BEN), HIDDEN)
        .when(ANA_LEAVES, by=CAT, role=Role.LEAD)
        .refused
    )
    assert refused
    assert refused.code == REVIEWER_IS_OWNER
    assert refused.sentence.endswith("what they own: an outcome that you may not see.")
