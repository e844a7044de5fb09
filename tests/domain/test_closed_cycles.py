"""What a closed cycle takes: corrections with a reason, and what changes nothing of it (R8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from domain.acknowledging import Acknowledge
from domain.alignment import AlignOutcome, OutcomeAligned, OutcomeAlignedToObjective, UnalignOutcome
from domain.awaiting import LinkMilestone, UnlinkMilestone
from domain.boundaries import BoundarySet, SetBoundary
from domain.cadence import CadenceUnit, SetCadence
from domain.carrying import CarryOverOutcome
from domain.celebrations import Celebrate
from domain.checkins import CheckedIn, CheckIn, RetractCheckIn, ReviseCheckIn, Status
from domain.codes import (
    ALREADY_EXISTS,
    CYCLE_CLOSED,
    CYCLE_NOT_IN_STATE,
    OUTCOME_ENDED,
    OUTCOME_NOT_IN_STATE,
    OUTCOME_NOT_READY,
    READINGS_REFUSED,
    Code,
)
from domain.commands import COMMANDS
from domain.comments import Comment
from domain.cycles import (
    CycleClosed,
    CyclePlanned,
    CycleReopened,
    CycleStarted,
    PlanCycle,
    ReopenCycle,
    StartCycle,
    StartReview,
)
from domain.declining import DeclineWork
from domain.focus import AbandonOutcome, ActivateOutcome, PauseOutcome, ResumeOutcome, SetFocusLimit, WithdrawOutcome
from domain.grading import CloseCycle, GradeOutcome, ReopenOutcome
from domain.initiatives import PlanInitiative
from domain.kernel import Command, Event, Tag
from domain.measures import Direction, MeasureSet, RetireMeasure, ReviseMeasure, SetMeasure
from domain.milestones import (
    AssignMilestone,
    MarkMilestone,
    MilestoneLinked,
    MilestoneSet,
    MissMilestone,
    MoveMilestone,
    SetMilestone,
    WithdrawMilestone,
)
from domain.outcomes import OutcomeSet, SetOutcome
from domain.people import PersonRegistered, TeamFormed
from domain.promises import TaskCommitted
from domain.readings import CorrectReading, ReadingTaken, VoidReading
from domain.reassigning import RelinkTask
from domain.revising import AssignOutcome, NameReviewer, RankOutcomes, ReviseOutcome, ShareOutcome
from domain.standing import OutcomeActivated, OutcomeGraded
from domain.strategy import StrategicObjectiveSet
from domain.subscribing import ReviseWebhook, SubscribeWebhook
from domain.taking import ReadingGiven, TakeReading, TakeReadings
from domain.tasks import CommitTask, RequestTask
from domain.visibility import SetVisibility, Visibility
from domain.webhooks import Mode, WebhookSubscribed
from domain.weighing import ReviseMilestone
from tests.given import ANA, BEN, CAT, given_loosely, named

CLOSED, NEXT = named("closed cycle"), named("next cycle")
GRADED, DRAFT, ELSEWHERE, FREE, NEW = (named(n) for n in ("graded", "draft", "elsewhere", "free", "new"))
MEASURE, MILESTONE, READING, BOUNDARY, SAID = (named(n) for n in ("count", "half way", "last", "band", "said"))
TEAM, OBJECTIVE, TASK = named("team"), named("objective"), named("task")
ABROAD, AT_HOME = named("flour is there"), named("dough is made")
INSIDE, AFTER, TODAY = date(2022, 3, 15), date(2022, 4, 2), date(2022, 4, 5)
WHY = "It was noted wrongly."
WEBHOOK, RECEIVER = named("webhook"), "https://example.com/headway"
WORLD: tuple[Event, ...] = (
    PersonRegistered(person_id=BEN, name="Ben"),
    PersonRegistered(person_id=CAT, name="Cat"),
    TeamFormed(team_id=TEAM, name="Ovens"),
    StrategicObjectiveSet(objective_id=OBJECTIVE, title="Fed", perspective="CUSTOMER"),
    CyclePlanned(cycle_id=CLOSED, title="Winter", starts_on=date(2022, 1, 1), ends_on=date(2022, 3, 31)),
    CyclePlanned(cycle_id=NEXT, title="Spring", starts_on=date(2022, 4, 1), ends_on=date(2022, 6, 30)),
    CycleStarted(cycle_id=CLOSED),
    OutcomeSet(outcome_id=GRADED, title="Bread", cycle_id=CLOSED, owner_id=ANA, reviewer_id=BEN),
    OutcomeSet(outcome_id=DRAFT, title="Cakes", cycle_id=CLOSED, team_id=TEAM),
    OutcomeSet(outcome_id=ELSEWHERE, title="Tarts", cycle_id=NEXT, owner_id=ANA),
    OutcomeSet(outcome_id=FREE, title="Pies", owner_id=ANA),
    MeasureSet(
        measure_id=MEASURE, outcome_id=GRADED, title="Loaves", direction=Direction.INCREASE, baseline=Decimal(0),
        target=Decimal(10),
    ),
    MilestoneSet(milestone_id=MILESTONE, outcome_id=GRADED, title="Half way", due_on=INSIDE),
    MilestoneSet(milestone_id=ABROAD, outcome_id=FREE, title="Flour", due_on=AFTER),
    MilestoneSet(milestone_id=AT_HOME, outcome_id=GRADED, title="Dough", due_on=INSIDE),
    MilestoneLinked(milestone_id=AT_HOME, outcome_id=GRADED, awaited_id=ABROAD, awaited_outcome_id=FREE),
    BoundarySet(boundary_id=BOUNDARY, outcome_id=GRADED, title="Flour", lower=Decimal(1), upper=None,
                measure_id=MEASURE),
    ReadingTaken(reading_id=READING, measure_id=MEASURE, outcome_id=GRADED, value=Decimal(10), taken_on=INSIDE),
    CheckedIn(check_in_id=SAID, outcome_id=GRADED, on=INSIDE, author_id=ANA, status=Status.ON_TRACK),
    OutcomeAligned(outcome_id=GRADED, higher_id=ELSEWHERE),
    OutcomeAligned(outcome_id=ELSEWHERE, higher_id=DRAFT),
    OutcomeAlignedToObjective(outcome_id=GRADED, objective_id=OBJECTIVE),
    OutcomeActivated(outcome_id=GRADED, cycle_id=CLOSED, owner_id=ANA),
    OutcomeGraded(outcome_id=GRADED, grade=Decimal(1), suggested=Decimal(1), success=True, graded_on=INSIDE,
                  cycle_id=CLOSED, owner_id=ANA),
    TaskCommitted(task_id=TASK, title="Bake", due_on=AFTER, promiser_id=ANA, beneficiary_id=ANA, serves_nothing="Fun."),
    WebhookSubscribed(webhook_id=WEBHOOK, receiver=RECEIVER, kinds=("*",), secret_id=WEBHOOK, mode=Mode.THIN,
                      ordered=False, person_id=ANA),
    CycleClosed(cycle_id=CLOSED, closed_on=AFTER),
)  # fmt: skip


@dataclass(frozen=True)
class Refuses:
    """It is no correction; `code` where the state of the outcome or of the cycle forbids it anyway."""

    command: Command
    code: Code = CYCLE_CLOSED


@dataclass(frozen=True)
class Corrects:
    """Taken with its reason; refused without one, where it may be left out at all."""

    command: Command


@dataclass(frozen=True)
class LeavesAlone:
    """Taken, for it changes nothing of what the closed cycle tells."""

    command: Command


TELLING: dict[str, Any] = {"title": "Late", "due_on": TODAY}
DECIDED: tuple[Refuses | Corrects | LeavesAlone, ...] = (
    Refuses(SetOutcome(outcome_id=NEW, title="Late", cycle_id=CLOSED)),
    Refuses(AlignOutcome(outcome_id=DRAFT, higher_id=FREE)),
    Refuses(AlignOutcome(outcome_id=DRAFT, objective_id=OBJECTIVE)),
    Refuses(AlignOutcome(outcome_id=FREE, higher_id=GRADED)),
    Refuses(AlignOutcome(outcome_id=FREE, measure_id=MEASURE)),
    Refuses(UnalignOutcome(outcome_id=GRADED, higher_id=ELSEWHERE)),
    Refuses(UnalignOutcome(outcome_id=GRADED, objective_id=OBJECTIVE)),
    Refuses(UnalignOutcome(outcome_id=ELSEWHERE, higher_id=DRAFT)),
    Refuses(SetMeasure(measure_id=NEW, outcome_id=GRADED, title="Late", direction=Direction.YES_NO)),
    Corrects(ReviseMeasure(measure_id=MEASURE, target=Decimal(20), reason=WHY)),
    Corrects(RetireMeasure(measure_id=MEASURE, reason=WHY)),
    Refuses(TakeReading(reading_id=NEW, measure_id=MEASURE, value=Decimal(1), taken_on=INSIDE)),
    LeavesAlone(TakeReading(reading_id=NEW, measure_id=MEASURE, value=Decimal(1), taken_on=AFTER)),
    LeavesAlone(TakeReadings(readings=(ReadingGiven(measure_id=MEASURE, value=Decimal(1), taken_on=AFTER),))),
    Corrects(CorrectReading(reading_id=READING, value=Decimal(9), reason=WHY)),
    Corrects(VoidReading(reading_id=READING, reason=WHY)),
    Refuses(SetBoundary(boundary_id=NEW, outcome_id=GRADED, title="Eggs", lower=Decimal(1), measure_id=MEASURE)),
    Corrects(
        SetBoundary(
            boundary_id=BOUNDARY, outcome_id=GRADED, title="Eggs", lower=Decimal(1), measure_id=MEASURE, reason=WHY
        )
    ),
    Corrects(ReviseOutcome(outcome_id=DRAFT, title="Cake", reason=WHY)),
    Refuses(ReviseOutcome(outcome_id=GRADED, title="Loaf", reason=WHY), OUTCOME_ENDED),
    Corrects(AssignOutcome(outcome_id=DRAFT, owner_id=BEN, reason=WHY)),
    Refuses(NameReviewer(outcome_id=DRAFT, reviewer_id=CAT)),
    Refuses(ShareOutcome(outcome_id=DRAFT, team_ids=(TEAM,))),
    Refuses(RankOutcomes(team_id=TEAM, cycle_id=CLOSED, outcome_ids=(DRAFT,))),
    Refuses(ActivateOutcome(outcome_id=DRAFT), OUTCOME_NOT_READY),  # R1 has its own words for it
    Refuses(PauseOutcome(outcome_id=DRAFT, reason=WHY), OUTCOME_NOT_IN_STATE),
    Refuses(ResumeOutcome(outcome_id=DRAFT, reason=WHY), OUTCOME_NOT_IN_STATE),
    Refuses(AbandonOutcome(outcome_id=DRAFT, reason=WHY)),
    Corrects(WithdrawOutcome(outcome_id=DRAFT, reason=WHY)),
    Refuses(SetFocusLimit(cycle_id=CLOSED, limit=9, reason=WHY, team_id=TEAM)),
    Corrects(GradeOutcome(outcome_id=GRADED, grade=Decimal(1), reason=WHY)),
    Refuses(ReopenOutcome(outcome_id=GRADED, reason=WHY)),
    Corrects(CarryOverOutcome(outcome_id=NEW, former_id=GRADED, cycle_id=NEXT, reason=WHY)),
    Corrects(CarryOverOutcome(outcome_id=NEW, former_id=DRAFT, cycle_id=NEXT, reason=WHY)),
    Refuses(CarryOverOutcome(outcome_id=NEW, former_id=FREE, cycle_id=CLOSED)),
    Refuses(DeclineWork(declined_work_id=NEW, title="Pies", reason=WHY, team_id=TEAM, cycle_id=CLOSED)),
    Refuses(SetMilestone(milestone_id=NEW, outcome_id=GRADED, **TELLING)),
    Refuses(ReviseMilestone(milestone_id=MILESTONE, title="Two thirds")),
    Refuses(MoveMilestone(milestone_id=MILESTONE, due_on=AFTER, reason=WHY)),
    Refuses(AssignMilestone(milestone_id=MILESTONE, owner_id=BEN)),
    Refuses(MarkMilestone(milestone_id=MILESTONE, reached_on=INSIDE)),
    Refuses(MissMilestone(milestone_id=MILESTONE, reason=WHY)),
    Corrects(WithdrawMilestone(milestone_id=MILESTONE, reason=WHY)),
    Refuses(LinkMilestone(milestone_id=MILESTONE, awaited_id=ABROAD)),
    Refuses(UnlinkMilestone(milestone_id=AT_HOME, awaited_id=ABROAD)),
    Refuses(CheckIn(check_in_id=NEW, outcome_id=GRADED, next="More", on=INSIDE)),
    LeavesAlone(CheckIn(check_in_id=NEW, outcome_id=GRADED, next="More", on=AFTER)),
    Corrects(ReviseCheckIn(check_in_id=SAID, status=Status.AT_RISK, reason=WHY)),
    Corrects(RetractCheckIn(check_in_id=SAID, reason=WHY)),
    # Who may see it, how often it is spoken of, what is said of it, and the work that goes on are no part of the cycle.
    LeavesAlone(SetVisibility(outcome_id=GRADED, visibility=Visibility.OWNER_AND_LEADS)),
    LeavesAlone(SetCadence(outcome_id=GRADED, every=1, unit=CadenceUnit.WEEKS)),
    LeavesAlone(Acknowledge(check_in_id=SAID)),
    LeavesAlone(Acknowledge(outcome_id=GRADED)),
    LeavesAlone(Celebrate(celebration_id=NEW, title="Well done", outcome_id=GRADED)),
    LeavesAlone(Comment(comment_id=NEW, outcome_id=GRADED, text="Well done")),
    LeavesAlone(CommitTask(task_id=NEW, outcome_id=GRADED, **TELLING)),
    LeavesAlone(RelinkTask(task_id=TASK, outcome_id=GRADED)),
    LeavesAlone(PlanInitiative(initiative_id=NEW, outcome_id=GRADED, title="Ovens")),
    LeavesAlone(RequestTask(task_id=NEW, outcome_id=GRADED, promiser_id=CAT, **TELLING)),
    # The life of the cycle itself
    Refuses(PlanCycle(cycle_id=CLOSED, title="Winter", starts_on=INSIDE, ends_on=AFTER), ALREADY_EXISTS),
    Refuses(StartCycle(cycle_id=CLOSED), CYCLE_NOT_IN_STATE),
    Refuses(StartReview(cycle_id=CLOSED), CYCLE_NOT_IN_STATE),
    Corrects(ReopenCycle(cycle_id=CLOSED, reason=WHY)),
    LeavesAlone(SubscribeWebhook(webhook_id=NEW, receiver=RECEIVER, secret_id=NEW, outcome_id=DRAFT)),
    LeavesAlone(ReviseWebhook(webhook_id=WEBHOOK, outcome_id=DRAFT)),
)
OF_A_CYCLE = {"cycle", "parent-cycle", "outcome", "higher", "measure", "milestone", "reading", "boundary", "check-in"}
HAS_ENDED = CloseCycle  # closing what is closed changes nothing, and is no error


def roles(hint: Any) -> Iterator[str]:
    """The roles of the ids that a field bears, in an optional, a list or a part of the command too."""
    if get_origin(hint) is Annotated:
        yield from (mark.role for mark in hint.__metadata__ if isinstance(mark, Tag))
        yield from roles(get_args(hint)[0])
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        for inner in get_type_hints(hint, include_extras=True).values():
            yield from roles(inner)
    else:
        for part in get_args(hint):
            yield from roles(part)


def touching() -> set[type[Command]]:
    """Every command that bears the id of a cycle, of an outcome, or of what is told of an outcome."""
    return {
        command
        for command in COMMANDS.values()
        if any(
            role in OF_A_CYCLE
            for name in command.__struct_fields__
            for role in roles(get_type_hints(command, include_extras=True)[name])
        )
    }


def test_r8_of_every_command_on_a_cycle_or_an_outcome_it_is_decided_what_a_closed_cycle_does_with_it() -> None:
    beside = {COMMANDS["record-decision"]}  # what was decided touches outcomes, and changes none
    decided = {type(one.command) for one in DECIDED} | {HAS_ENDED} | beside
    assert touching() - decided == set(), "say in DECIDED what a closed cycle does with it"
    assert decided - touching() == set()


@pytest.mark.parametrize("decided", DECIDED, ids=lambda one: f"{type(one).__name__}-{type(one.command).__name__}")
def test_r8_a_closed_cycle_takes_corrections_with_a_reason_only(decided: Refuses | Corrects | LeavesAlone) -> None:
    by = BEN if isinstance(decided.command, Acknowledge) else ANA
    story = given_loosely(*WORLD).when(decided.command, by=by, on=TODAY)
    match decided:
        case Refuses():
            story.then_refused(decided.code)
        case Corrects() | LeavesAlone():
            assert story.refused is None, str(story.refused)
            assert story.emitted


def may_be_silent(decided: Refuses | Corrects | LeavesAlone) -> bool:
    """Whether it is a correction whose reason may be left out elsewhere; a grade has a code of its own for that."""
    fields = {field.name: field for field in msgspec.structs.fields(type(decided.command))}
    correction = isinstance(decided, Corrects) and not isinstance(decided.command, GradeOutcome)
    return correction and "reason" in fields and fields["reason"].default is None


@pytest.mark.parametrize(
    "command", [one.command for one in DECIDED if may_be_silent(one)], ids=lambda one: type(one).__name__
)
def test_r8_a_correction_of_a_closed_cycle_says_why(command: Command) -> None:
    silent = msgspec.structs.replace(command, reason=None)  # pyright: ignore[reportUnknownVariableType]
    given_loosely(*WORLD).when(silent, on=TODAY).then_refused(CYCLE_CLOSED, "reason")


def test_r8_closing_a_closed_cycle_changes_nothing() -> None:
    given_loosely(*WORLD).when(CloseCycle(cycle_id=CLOSED), on=TODAY).then_nothing()


def test_r8_one_of_many_readings_dated_inside_a_closed_cycle_refuses_them_all() -> None:
    given_loosely(*WORLD).when(
        TakeReadings(readings=(ReadingGiven(measure_id=MEASURE, value=Decimal(1), taken_on=INSIDE),)), on=TODAY
    ).then_refused(READINGS_REFUSED)


@pytest.mark.parametrize("refused", [one for one in DECIDED if isinstance(one, Refuses) and one.code is CYCLE_CLOSED])
def test_r8_what_a_closed_cycle_refuses_it_takes_once_it_is_reopened(refused: Refuses) -> None:
    again = CycleReopened(cycle_id=CLOSED, reason="The count of a day was found.")
    story = given_loosely(*WORLD, again).when(refused.command, on=TODAY)
    assert story.refused is None, str(story.refused)
