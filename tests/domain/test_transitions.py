"""R6: every transition of the table is made, and every other one is refused, by whomever it is tried."""

from collections.abc import Callable, Iterator
from itertools import product
from uuid import UUID

import pytest

from domain.blocks import BlockTask, UnblockTask
from domain.codes import NO_TERMS_OPEN, NOT_A_PARTY, TASK_NOT_IN_STATE
from domain.commands import COMMANDS
from domain.kernel import Command, Event, wire_name
from domain.promises import (
    BlockKind,
    CommitmentBroken,
    DeliveryAccepted,
    RequestWithdrawn,
    State,
    TaskAccepted,
    TaskBlocked,
    TaskDeclined,
    TaskDelivered,
    TaskReleased,
)
from domain.reassigning import ReassignTask, RelinkTask
from domain.tasks import (
    AcceptDelivery,
    AcceptTask,
    AgreeTerms,
    BreakCommitment,
    CommitTask,
    CounterTask,
    DeclineTask,
    DeliverTask,
    RefuseTerms,
    ReleaseTask,
    RenegotiateTask,
    RequestTask,
    ReturnDelivery,
    WithdrawRequest,
)
from domain.transitions import BESIDE, CODES, ENDS, MOVES, OPEN, TABLE, Party, Row
from tests.given import ANA, BEN, CAT, TODAY, given_loosely, named
from tests.stories import TEAM, joined, team
from tests.stories_work import DUE, LATER, OUTCOME, TASK, counter, person, promise_of, proposal, request

DAN, LED, HEAD, NEW = (named(name) for name in ("Dan", "Led", "Head", "New"))
ABOVE = named("team above")
# CAT asks ANA for a promise to BEN; LED leads CAT's team, HEAD the one above it; DAN leads a team of nobody's.
TEAMS = (
    team(ABOVE, leads=[HEAD]),
    team(TEAM, parent=ABOVE, leads=[LED]),
    joined(CAT, TEAM),
    team(named("elsewhere"), leads=[DAN]),
    person(NEW),
)
ASKING = frozenset({Party.REQUESTER, Party.BENEFICIARY})
WHO: dict[UUID, frozenset[Party]] = {
    ANA: frozenset({Party.PROMISER}),
    BEN: ASKING,
    CAT: ASKING,
    DAN: frozenset(),
    LED: frozenset({Party.LEAD}),
    HEAD: frozenset({Party.LEAD}),
}
NAMES = {ANA: "promiser", BEN: "beneficiary", CAT: "requester", DAN: "stranger", LED: "lead", HEAD: "lead-above"}
ASKED = request(by=CAT, of=ANA, to=BEN)
OWN = request(by=CAT, of=ANA, to=ANA)
ACCEPTED = TaskAccepted(task_id=TASK, promiser_id=ANA, outcome_id=OUTCOME)
DELIVERED = TaskDelivered(task_id=TASK, delivered_on=TODAY, outcome_id=OUTCOME)
BLOCKED = TaskBlocked(
    task_id=TASK, kind=BlockKind.ACCESS, next_action="Ask for the key", act_by=DUE, waiting_for="the landlord"
)
STORIES: dict[State, tuple[Event, ...]] = {
    State.REQUESTED: (),
    State.COUNTERED: (counter(),),
    State.COMMITTED: (ACCEPTED,),
    State.DELIVERED: (ACCEPTED, DELIVERED),
    State.KEPT: (ACCEPTED, DELIVERED, DeliveryAccepted(task_id=TASK)),
    State.DECLINED: (TaskDeclined(task_id=TASK, reason="no"),),
    State.WITHDRAWN: (RequestWithdrawn(task_id=TASK),),
    State.RELEASED: (ACCEPTED, TaskReleased(task_id=TASK, reason="no")),
    State.BROKEN: (ACCEPTED, CommitmentBroken(task_id=TASK, reason="no")),
}
MAKERS: dict[str, Callable[[], Command]] = {
    wire_name(type(make())): make
    for make in (
        lambda: AcceptTask(task_id=TASK),
        lambda: CounterTask(task_id=TASK, due_on=LATER),
        lambda: DeclineTask(task_id=TASK, reason="no"),
        lambda: WithdrawRequest(task_id=TASK),
        lambda: AgreeTerms(task_id=TASK),
        lambda: RefuseTerms(task_id=TASK),
        lambda: RenegotiateTask(task_id=TASK, due_on=LATER, reason="ill"),
        lambda: BlockTask(
            task_id=TASK, kind=BlockKind.ACCESS, next_action="Ask", act_by=DUE, waiting_for="the landlord"
        ),
        lambda: UnblockTask(task_id=TASK),
        lambda: DeliverTask(task_id=TASK),
        lambda: AcceptDelivery(task_id=TASK),
        lambda: ReturnDelivery(task_id=TASK, reason="torn"),
        lambda: ReleaseTask(task_id=TASK, reason="no"),
        lambda: BreakCommitment(task_id=TASK, reason="no"),
        lambda: ReassignTask(task_id=TASK, promiser_id=NEW, reason="ill"),
    )
}


def test_r6_every_state_and_every_command_of_the_table_is_tried() -> None:
    assert set(STORIES) == set(State)
    assert {*MAKERS, *BEGINNING} == {row.command for row in TABLE}
    assert {*MAKERS, *BEGINNING, *BESIDE} <= set(COMMANDS)


def test_r6_an_end_is_an_end_and_every_state_is_reached() -> None:
    assert not {source for _, source in MOVES} & set(ENDS)
    reached = {State.REQUESTED, State.COMMITTED}
    while more := {row.to for (_, source), row in MOVES.items() if source in reached} - reached:
        reached |= more
    assert reached == set(State)


def tried(state: State, command: str) -> Iterator[tuple[tuple[Event, ...], UUID | None]]:
    """What happened besides, so that nothing but the table stands in the way; and who proposed the terms that wait."""
    if state is State.COMMITTED and command in {"agree-terms", "refuse-terms"}:
        yield from ((((proposal(by=one)),), one) for one in (ANA, BEN, CAT))
    elif state is State.COMMITTED and command == "unblock-task":
        yield (BLOCKED,), None
    else:
        yield (), ANA if state is State.COUNTERED else None


def expected(row_by: tuple[Party, ...], who: UUID, proposer: UUID | None) -> bool:
    other = bool(WHO[who] & (ASKING if proposer == ANA else {Party.PROMISER})) if proposer else False
    return bool(WHO[who] & {*row_by}) or (Party.OTHER in row_by and other)


CASES = [
    (state, command, besides, proposer, who)
    for state, command, who in product(State, MAKERS, WHO)
    for besides, proposer in tried(state, command)
]


@pytest.mark.parametrize(
    ("state", "command", "besides", "proposer", "who"),
    CASES,
    ids=[
        f"{state.value}-{command}-{NAMES[who]}-{len(besides)}{NAMES.get(p or who)}"
        for state, command, besides, p, who in CASES
    ],
)
def test_r6_a_task_moves_only_as_the_table_says(
    state: State, command: str, besides: tuple[Event, ...], proposer: UUID | None, who: UUID
) -> None:
    story = given_loosely(*TEAMS, ASKED, *STORIES[state], *besides).when(MAKERS[command](), by=who)
    row = MOVES.get((command, state))
    if row is None:
        story.then_refused(TASK_NOT_IN_STATE, "taskId")
    elif not expected(row.by, who, proposer):
        codes = {CODES.get(row.by, NOT_A_PARTY), NOT_A_PARTY if who == proposer else None}
        assert story.refused, story.emitted
        assert story.refused.code in codes
    else:
        assert story.refused is None, str(story.refused)
        assert promise_of(story.ledger, TASK).state is row.to


@pytest.mark.parametrize(("command", "state"), [one for one, row in MOVES.items() if row.own])
def test_r6_what_one_promised_oneself_needs_nobody_else(command: str, state: State) -> None:
    story = given_loosely(OWN, *STORIES[state]).when(MAKERS[command](), by=ANA)
    assert story.refused is None, str(story.refused)
    assert promise_of(story.ledger, TASK).state is MOVES[command, state].own


BEGINNING: dict[str, Command] = {
    "request-task": RequestTask(task_id=TASK, title="Mend", due_on=DUE, promiser_id=NEW, serves_nothing="Dull."),
    "commit-task": CommitTask(task_id=TASK, title="Mend", due_on=DUE, serves_nothing="Dull."),
}


@pytest.mark.parametrize("row", [row for row in TABLE if not row.sources], ids=lambda row: row.command)
def test_r6_a_task_begins_as_the_table_says(row: Row) -> None:
    story = given_loosely(*TEAMS).when(BEGINNING[row.command], by=CAT)
    assert promise_of(story.ledger, TASK).state is row.to


@pytest.mark.parametrize("command", ["agree-terms", "refuse-terms"])
@pytest.mark.parametrize("who", [ANA, BEN, CAT], ids=NAMES.get)
def test_r5_nobody_answers_terms_that_nobody_proposed(command: str, who: UUID) -> None:
    story = given_loosely(ASKED, ACCEPTED).when(MAKERS[command](), by=who)
    story.then_refused(NO_TERMS_OPEN, "taskId")


@pytest.mark.parametrize("who", WHO, ids=NAMES.get)
@pytest.mark.parametrize("state", State)
def test_r4_a_task_is_linked_anew_by_its_parties_while_it_is_open(state: State, who: UUID) -> None:
    command = RelinkTask(task_id=TASK, serves_nothing="The outcome was dropped.")
    story = given_loosely(*TEAMS, ASKED, *STORIES[state]).when(command, by=who)
    if state not in OPEN:
        story.then_refused(TASK_NOT_IN_STATE, "taskId")
    elif who not in {ANA, BEN, CAT}:
        story.then_refused(NOT_A_PARTY, "taskId")
    else:
        assert story.refused is None, str(story.refused)
        assert promise_of(story.ledger, TASK).state is state
        assert promise_of(story.ledger, TASK).outcome_id is None
