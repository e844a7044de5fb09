"""Grades, the close of cycles, and what is carried over (R8, R9, R16)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from msgspec import structs

from domain.alignment import OutcomeAligned, OutcomeAlignedToObjective
from domain.carrying import CarriedMeasure, CarryOverOutcome
from domain.codes import (
    ALREADY_EXISTS,
    CYCLE_CLOSED,
    CYCLE_ENDS_EARLIER,
    CYCLE_NOT_IN_STATE,
    FOCUS_LIMIT_REACHED,
    GRADE_MISSING,
    GRADE_NEEDS_REASON,
    INNER_CYCLES_OPEN,
    LESSON_MISSING,
    NOT_FOUND,
    OUTCOME_ENDED,
    OUTCOME_NOT_IN_STATE,
    OUTCOME_NOT_READY,
    OUTCOMES_UNGRADED,
)
from domain.cycles import (
    Cycle,
    CycleClosed,
    CyclePlanned,
    CycleReopened,
    CycleStarted,
    PlanCycle,
    ReopenCycle,
    ReviewStarted,
    StartCycle,
    StartReview,
)
from domain.focus import ActivateOutcome, FocusLimitSet, PauseOutcome, ResumeOutcome
from domain.grading import OPEN, CloseCycle, GradeOutcome, ReopenOutcome
from domain.kernel import Event, Refused
from domain.measures import Computation, Direction, MeasureSet
from domain.outcomes import Ambition, OutcomeSet, RollUp, SetOutcome
from domain.readings import CorrectReading, ReadingCorrected, ReadingTaken
from domain.standing import (
    MissCause,
    NextStep,
    OutcomeAbandoned,
    OutcomeActivated,
    OutcomeCarriedOver,
    OutcomeGraded,
    OutcomePaused,
    OutcomeReopened,
    OutcomeResumed,
    OutcomeWithdrawn,
    State,
)
from domain.taking import TakeReading
from domain.values import Role
from domain.visibility import Visibility, VisibilitySet
from tests.given import ANA, BEN, TODAY, given, given_loosely, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories import BusyLedger, objective, retired

CYCLE, NEXT, OUTCOME, OTHER, MEASURE, NEW = (named(n) for n in ("cycle", "next", "outcome", "other", "measure", "new"))
PLANNED = CyclePlanned(cycle_id=CYCLE, title="Spring", starts_on=date(2022, 4, 1), ends_on=date(2022, 6, 30))
RUNNING = (PLANNED, CycleStarted(cycle_id=CYCLE))
REVIEWED = (*RUNNING, ReviewStarted(cycle_id=CYCLE))
CLOSED = (*REVIEWED, CycleClosed(cycle_id=CYCLE, closed_on=TODAY))
SET = OutcomeSet(outcome_id=OUTCOME, title="Bread", cycle_id=CYCLE, owner_id=ANA)
LOAVES = MeasureSet(
    measure_id=MEASURE, outcome_id=OUTCOME, title="Loaves", direction=Direction.INCREASE, baseline=Decimal(0),
    target=Decimal(100),
)  # fmt: skip
ACTIVE = OutcomeActivated(outcome_id=OUTCOME, cycle_id=CYCLE, owner_id=ANA)
GRADING = GradeOutcome(outcome_id=OUTCOME)
MISSED: dict[str, Any] = {"cause": MissCause.CAPACITY, "lesson": "Ask for help earlier"}


def read(value: int, nth: int = 0, taken_on: date = TODAY) -> ReadingTaken:
    return ReadingTaken(
        reading_id=named(f"reading {nth}"), measure_id=MEASURE, outcome_id=OUTCOME, value=Decimal(value),
        taken_on=taken_on,
    )  # fmt: skip


def graded(grade: str, suggested: str | None = None, success: bool = False, **said: Any) -> OutcomeGraded:
    return OutcomeGraded(
        outcome_id=OUTCOME, grade=Decimal(grade), suggested=None if suggested is None else Decimal(suggested),
        success=success, graded_on=TODAY, cycle_id=CYCLE, owner_id=ANA, **said,
        grader_id=ANA,
    )  # fmt: skip


def world(*events: Event, cycle: Sequence[Event] = REVIEWED) -> tuple[Event, ...]:
    return (SET, LOAVES, *cycle, ACTIVE, *events)


def test_r8_the_measures_suggest_the_grade() -> None:
    given(*world(read(120))).when(GRADING).then(graded("1.0000", "1.0000", success=True))
    given(*world(read(60))).when(GRADING).then_refused(LESSON_MISSING, "cause", "lesson")
    grading = GradeOutcome(outcome_id=OUTCOME, next=NextStep.MODIFY, **MISSED)
    given(*world(read(60))).when(grading).then(graded("0.6000", "0.6000", next=NextStep.MODIFY, **MISSED))


def test_r8_another_grade_needs_a_reason() -> None:
    given(*world(read(60))).when(GradeOutcome(outcome_id=OUTCOME, grade=Decimal("0.8"), **MISSED)).then_refused(
        GRADE_NEEDS_REASON, "reason"
    )
    said = GradeOutcome(outcome_id=OUTCOME, grade=Decimal("0.8"), reason="sold out at noon", **MISSED)
    given(*world(read(60))).when(said).then(graded("0.8", "0.6000", reason="sold out at noon", **MISSED))


@pytest.mark.parametrize("said", [{}, {"grade": Decimal(1)}], ids=["suggested", "stated"])
def test_r8_success_is_judged_before_the_grade_is_rounded(said: dict[str, Any]) -> None:
    many = structs.replace(LOAVES, target=Decimal(100_000))
    nearly = (SET, many, *REVIEWED, ACTIVE, read(99_996))
    given(*nearly).when(GradeOutcome(outcome_id=OUTCOME, **said)).then_refused(LESSON_MISSING, "cause", "lesson")
    missed = GradeOutcome(outcome_id=OUTCOME, **said, **MISSED)
    given(*nearly).when(missed).then(graded(str(said.get("grade", "1.0000")), "1.0000", **MISSED))
    granted = GradeOutcome(outcome_id=OUTCOME, grade=Decimal(1), reason="Four burnt with the oven")
    given(*nearly).when(granted).then(graded("1", "1.0000", success=True, reason="Four burnt with the oven"))


def test_r8_an_aspirational_outcome_just_short_of_seven_tenths_does_not_succeed() -> None:
    hopeful = structs.replace(SET, ambition=Ambition.ASPIRATIONAL)
    many = structs.replace(LOAVES, target=Decimal(100_000))
    for value, success in ((69_996, False), (70_000, True)):
        grading = GradeOutcome(outcome_id=OUTCOME, **MISSED)
        story = given(hopeful, many, *REVIEWED, ACTIVE, read(value)).when(grading)
        story.then(graded("0.7000", "0.7000", success=success, **MISSED))


def test_r8_an_aspirational_outcome_succeeds_at_seven_tenths() -> None:
    hopeful = OutcomeSet(
        outcome_id=OUTCOME, title="Bread", cycle_id=CYCLE, owner_id=ANA, ambition=Ambition.ASPIRATIONAL
    )
    events = (hopeful, LOAVES, *REVIEWED, ACTIVE, read(70))
    given(*events).when(GRADING).then(graded("0.7000", "0.7000", success=True))


def test_r8_before_the_review_a_grade_needs_a_reason() -> None:
    given(*world(read(100), cycle=RUNNING)).when(GRADING).then_refused(GRADE_NEEDS_REASON, "reason")
    early = GradeOutcome(outcome_id=OUTCOME, reason="reached early")
    given(*world(read(100), cycle=RUNNING)).when(early).then(
        graded("1.0000", "1.0000", success=True, reason="reached early")
    )


def test_r8_only_what_is_worked_on_or_was_is_graded() -> None:
    given(SET, LOAVES, *REVIEWED).when(GRADING).then_refused(OUTCOME_NOT_IN_STATE, "outcomeId")
    given().when(GRADING).then_refused(NOT_FOUND, "outcomeId")
    paused = OutcomePaused(outcome_id=OUTCOME, reason="no flour", cycle_id=CYCLE, owner_id=ANA)
    given(*world(paused, read(100))).when(GRADING).then(graded("1.0000", "1.0000", success=True))


def test_r8_without_a_suggestion_a_grade_is_stated() -> None:
    bare = (SET, *REVIEWED, ACTIVE)
    given(*bare).when(GRADING).then_refused(GRADE_MISSING, "grade")
    stated = GradeOutcome(outcome_id=OUTCOME, grade=Decimal(1), reason="all agreed")
    given(*bare).when(stated).then(graded("1", None, success=True, reason="all agreed"))


def test_r8_the_grades_of_what_serves_it_suggest_the_grade_of_a_higher_outcome() -> None:
    higher = OutcomeSet(outcome_id=OUTCOME, title="Bread", cycle_id=CYCLE, owner_id=ANA, roll_up=RollUp.CHILDREN)
    children = [named("rolls"), named("cakes"), named("tarts")]
    links = [OutcomeAligned(outcome_id=one, higher_id=OUTCOME, weight=Decimal(nth)) for nth, one in enumerate(children)]
    grades = [
        OutcomeGraded(outcome_id=one, grade=Decimal(grade), suggested=None, success=True, graded_on=TODAY)
        for one, grade in zip(children, ("1", "0.4", "1"), strict=True)
    ]
    events = (higher, *REVIEWED, ACTIVE, *links, *grades)
    given(*events).when(GradeOutcome(outcome_id=OUTCOME, **MISSED)).then(graded("0.8000", "0.8000", **MISSED))


@pytest.mark.parametrize("end", [None, OutcomePaused, OutcomeAbandoned, OutcomeWithdrawn])
def test_r8_a_grade_that_no_longer_holds_suggests_nothing(end: Any) -> None:
    higher = OutcomeSet(outcome_id=OUTCOME, title="Bread", cycle_id=CYCLE, owner_id=ANA, roll_up=RollUp.CHILDREN)
    rolls, cakes = named("rolls"), named("cakes")
    links = [OutcomeAligned(outcome_id=one, higher_id=OUTCOME) for one in (rolls, cakes)]
    grades = [
        OutcomeGraded(outcome_id=one, grade=Decimal(grade), suggested=None, success=True, graded_on=TODAY)
        for one, grade in ((rolls, "1"), (cakes, "0.2"))
    ]
    reopened = OutcomeReopened(outcome_id=cakes, reason="not yet", cycle_id=CYCLE, owner_id=ANA)
    ended = [] if end is None else [end(outcome_id=cakes, reason="set twice", cycle_id=CYCLE, owner_id=ANA)]
    story = given(higher, *REVIEWED, ACTIVE, *links, *grades, reopened, *ended).when(GRADING)
    story.then(graded("1.0000", "1.0000", success=True))


def test_r9_a_regrade_is_a_correction_with_a_reason_even_in_a_closed_cycle() -> None:
    was = graded("1.0000", "1.0000", success=True)
    given(*world(read(100), was, cycle=CLOSED)).when(GRADING).then_refused(GRADE_NEEDS_REASON, "reason")
    again = GradeOutcome(outcome_id=OUTCOME, grade=Decimal("0.9"), reason="counted twice", **MISSED)
    given(*world(read(100), was, cycle=CLOSED)).when(again).then(
        graded("0.9", "1.0000", reason="counted twice", **MISSED)
    )


def test_r8_a_cycle_is_closed_when_everything_is_graded_carried_over_or_abandoned() -> None:
    closing = CloseCycle(cycle_id=CYCLE)
    given(*REVIEWED, ACTIVE, SET).when(closing).then_refused(OUTCOMES_UNGRADED, "cycleId")
    for end in (
        graded("1", success=True),
        OutcomeAbandoned(outcome_id=OUTCOME, reason="enough", cycle_id=CYCLE, owner_id=ANA),
        OutcomeCarriedOver(outcome_id=OUTCOME, successor_id=NEW, graded=False, cycle_id=CYCLE, owner_id=ANA),
    ):
        given(*REVIEWED, ACTIVE, end).when(closing).then(CycleClosed(cycle_id=CYCLE, closed_on=TODAY))
    given(*RUNNING).when(closing).then_refused(CYCLE_NOT_IN_STATE, "cycleId")
    given(*CLOSED).when(closing).then_nothing()
    given().when(closing).then_refused(NOT_FOUND, "cycleId")


def inner(cycle_id: UUID = NEXT, title: str = "April") -> CyclePlanned:
    return CyclePlanned(
        cycle_id=cycle_id, title=title, starts_on=PLANNED.starts_on, ends_on=date(2022, 4, 30), parent_id=CYCLE
    )


def test_r8_a_cycle_is_closed_after_those_inside_it() -> None:
    closing = CloseCycle(cycle_id=CYCLE)
    running = (inner(), CycleStarted(cycle_id=NEXT))
    given(*REVIEWED, inner()).when(closing).then(CycleClosed(cycle_id=CYCLE, closed_on=TODAY))
    for still in (running, (*running, ReviewStarted(cycle_id=NEXT))):
        story = given(*REVIEWED, *still).when(closing)
        story.then_refused(INNER_CYCLES_OPEN, "cycleId")
        assert "April" in str(story.refused)
    ended = (*running, ReviewStarted(cycle_id=NEXT), CycleClosed(cycle_id=NEXT, closed_on=TODAY))
    given(*REVIEWED, *ended).when(closing).then(CycleClosed(cycle_id=CYCLE, closed_on=TODAY))


def test_r8_no_cycle_is_planned_started_or_reopened_inside_a_closed_one() -> None:
    planning = PlanCycle(
        cycle_id=OTHER, title="May", starts_on=date(2022, 5, 1), ends_on=date(2022, 5, 31), parent_id=CYCLE
    )
    given(*CLOSED).when(planning).then_refused(CYCLE_CLOSED, "parentId")
    given(*CLOSED, inner()).when(StartCycle(cycle_id=NEXT)).then_refused(CYCLE_CLOSED, "cycleId")
    ended = (inner(), CycleStarted(cycle_id=NEXT), CycleClosed(cycle_id=NEXT, closed_on=TODAY))
    reopening = ReopenCycle(cycle_id=NEXT, reason="forgotten")
    given(*CLOSED, *ended).when(reopening).then_refused(CYCLE_CLOSED, "cycleId")
    given(*REVIEWED, *ended).when(reopening).then(CycleReopened(cycle_id=NEXT, reason="forgotten"))


LIFE = {
    "start": StartCycle(cycle_id=NEXT),
    "review": StartReview(cycle_id=NEXT),
    "close": CloseCycle(cycle_id=NEXT),
    "reopen": ReopenCycle(cycle_id=NEXT, reason="forgotten"),
    "review the longer": StartReview(cycle_id=CYCLE),
    "close the longer": CloseCycle(cycle_id=CYCLE),
    "reopen the longer": ReopenCycle(cycle_id=CYCLE, reason="forgotten"),
}


@drawn(st.lists(st.tuples(st.sampled_from(sorted(LIFE)), st.sampled_from(sorted(LIFE))), max_size=12))
def test_r8_no_order_of_commands_leaves_a_cycle_open_inside_a_closed_one(pairs: list[tuple[str, str]]) -> None:
    ledger = BusyLedger(*RUNNING, inner())
    for first, second in pairs:
        ledger.interleave(LIFE[first], LIFE[second])
        states = {CYCLE: Cycle(CYCLE), NEXT: Cycle(NEXT)}
        for event in ledger.events():
            if isinstance(event, CycleStarted | ReviewStarted | CycleClosed | CycleReopened):
                states[event.cycle_id].fold(event)
        assert not (states[CYCLE].closed and states[NEXT].state in OPEN)


def test_a_cycle_is_reviewed_after_it_ran_and_reopened_with_a_reason() -> None:
    given(*RUNNING).when(StartReview(cycle_id=CYCLE)).then(ReviewStarted(cycle_id=CYCLE))
    given(*REVIEWED).when(StartReview(cycle_id=CYCLE)).then_nothing()
    given(PLANNED).when(StartReview(cycle_id=CYCLE)).then_refused(CYCLE_NOT_IN_STATE, "cycleId")
    reopening = ReopenCycle(cycle_id=CYCLE, reason="a figure was wrong")
    given(*CLOSED).when(reopening).then(CycleReopened(cycle_id=CYCLE, reason="a figure was wrong"))
    given(*REVIEWED).when(reopening).then_refused(CYCLE_NOT_IN_STATE, "cycleId")


def test_r8_a_closed_cycle_takes_corrections_only() -> None:
    taking = TakeReading(reading_id=named("late"), measure_id=MEASURE, value=Decimal(5))
    given_loosely(*world(cycle=CLOSED)).when(taking).then_refused(CYCLE_CLOSED, "takenOn")
    after = TakeReading(reading_id=named("late"), measure_id=MEASURE, value=Decimal(5), taken_on=date(2022, 7, 1))
    story = given_loosely(*world(cycle=CLOSED)).when(after, on=date(2022, 7, 2))
    assert story.refused is None, "what is dated after the cycle is no part of it"
    correcting = CorrectReading(reading_id=named("reading 0"), value=Decimal(6), reason="misread")
    given_loosely(*world(read(5), cycle=CLOSED)).when(correcting).then(
        ReadingCorrected(
            reading_id=named("reading 0"), value=Decimal(6), taken_on=TODAY, reason="misread", measure_id=MEASURE,
            outcome_id=OUTCOME,
        )
    )  # fmt: skip
    setting = SetOutcome(outcome_id=NEW, title="Late", cycle_id=CYCLE)
    given(*CLOSED).when(setting).then_refused(CYCLE_CLOSED, "cycleId")
    given(SET, LOAVES, *CLOSED).when(ActivateOutcome(outcome_id=OUTCOME)).then_refused(OUTCOME_NOT_READY, "cycleId")
    paused = OutcomePaused(outcome_id=OUTCOME, reason="no flour", cycle_id=CYCLE, owner_id=ANA)
    given(SET, *CLOSED, ACTIVE, paused).when(ResumeOutcome(outcome_id=OUTCOME, reason="flour")).then_refused(
        CYCLE_CLOSED, "outcomeId"
    )


def test_r8_a_graded_outcome_is_reopened_within_the_limit_while_its_cycle_is_open() -> None:
    was = graded("1.0000", "1.0000", success=True)
    reopening = ReopenOutcome(outcome_id=OUTCOME, reason="not yet")
    reopened = OutcomeReopened(outcome_id=OUTCOME, reason="not yet", cycle_id=CYCLE, owner_id=ANA)
    given(SET, *REVIEWED, ACTIVE, was).when(reopening).then(reopened)
    given(SET, *REVIEWED, ACTIVE, was, reopened).when(reopening).then_nothing()
    given(SET, *CLOSED, ACTIVE, was).when(reopening).then_refused(CYCLE_CLOSED, "outcomeId")
    given(SET, *REVIEWED).when(reopening).then_refused(OUTCOME_NOT_IN_STATE, "outcomeId")
    limit = FocusLimitSet(cycle_id=CYCLE, limit=1, reason="focus", person_id=ANA)
    other = OutcomeSet(outcome_id=OTHER, title="Cakes", cycle_id=CYCLE, owner_id=ANA)
    active = OutcomeActivated(outcome_id=OTHER, cycle_id=CYCLE, owner_id=ANA)
    given(SET, other, *REVIEWED, limit, ACTIVE, was, active).when(reopening).then_refused(
        FOCUS_LIMIT_REACHED, "outcomeId"
    )


def test_r8_what_is_graded_takes_no_place_and_is_not_paused() -> None:
    was = graded("1.0000", "1.0000", success=True)
    given(SET, ACTIVE, was).when(PauseOutcome(outcome_id=OUTCOME, reason="rest")).then_refused(OUTCOME_ENDED)


COMING = CyclePlanned(cycle_id=NEXT, title="Summer", starts_on=date(2022, 7, 1), ends_on=date(2022, 9, 30))


def carrying(**fields: Any) -> CarryOverOutcome:
    return CarryOverOutcome(outcome_id=NEW, former_id=OUTCOME, cycle_id=NEXT, **fields)


def carried(was_graded: bool = False) -> OutcomeCarriedOver:
    return OutcomeCarriedOver(outcome_id=OUTCOME, successor_id=NEW, graded=was_graded, cycle_id=CYCLE, owner_id=ANA)


def test_r16_a_carried_over_outcome_starts_anew_from_its_last_reading() -> None:
    taken = CarriedMeasure(former_measure_id=MEASURE, measure_id=named("loaves anew"), target=Decimal(150))
    link = OutcomeAligned(outcome_id=OUTCOME, higher_id=OTHER, weight=Decimal(2))
    anew = OutcomeSet(outcome_id=NEW, title="Bread", cycle_id=NEXT, owner_id=ANA)
    loaves = MeasureSet(
        measure_id=named("loaves anew"), outcome_id=NEW, title="Loaves", direction=Direction.INCREASE,
        baseline=Decimal(60), target=Decimal(150),
    )  # fmt: skip
    again = OutcomeAligned(outcome_id=NEW, higher_id=OTHER, weight=Decimal(2))
    events = (SET, LOAVES, COMING, ACTIVE, read(60), link)
    given(*events).when(carrying(measures=(taken,))).then(anew, loaves, again, carried())


def test_r16_a_measure_is_computed_from_what_is_carried_over_with_it() -> None:
    total, other = named("total"), named("other input")
    sums = MeasureSet(
        measure_id=total, outcome_id=OUTCOME, title="Total", direction=Direction.INCREASE, baseline=Decimal(0),
        target=Decimal(100), computation=Computation.SUM, input_ids=(MEASURE, other),
    )  # fmt: skip
    elsewhere = structs.replace(LOAVES, measure_id=other, outcome_id=OTHER)
    new = {one: named(f"{one} anew") for one in (MEASURE, total)}
    taken = tuple(CarriedMeasure(former_measure_id=one, measure_id=new[one]) for one in (total, MEASURE))
    story = given(SET, LOAVES, elsewhere, sums, COMING, ACTIVE, read(60)).when(carrying(measures=taken))
    carried_over = {event.measure_id: event for event in story.emitted if isinstance(event, MeasureSet)}
    assert carried_over[new[total]].input_ids == (new[MEASURE], other)
    assert carried_over[new[total]].baseline == Decimal(60)


def test_r16_a_stated_baseline_counts_and_links_may_stay_behind() -> None:
    taken = CarriedMeasure(former_measure_id=MEASURE, measure_id=named("loaves anew"), baseline=Decimal(55))
    link = OutcomeAligned(outcome_id=OUTCOME, higher_id=OTHER, weight=Decimal(2))
    story = given(SET, LOAVES, COMING, ACTIVE, read(60), link).when(carrying(measures=(taken,), alignments=False))
    kinds = [type(event) for event in story.emitted]
    assert kinds == [OutcomeSet, MeasureSet, OutcomeCarriedOver]
    assert story.emitted[1].as_dict()["baseline"] == Decimal(55)


def test_r16_the_new_outcome_is_joined_to_nothing_that_has_left_the_map() -> None:
    fed, healthy = named("fed"), named("healthy")
    on_map = [objective(one, title="Fed") for one in (fed, healthy)]
    links = [OutcomeAlignedToObjective(outcome_id=OUTCOME, objective_id=one) for one in (fed, healthy)]
    story = given(SET, COMING, ACTIVE, *on_map, *links, retired(fed)).when(carrying())
    assert story.emitted[1:] == [OutcomeAlignedToObjective(outcome_id=NEW, objective_id=healthy), carried()]


def test_r16_the_new_outcome_is_joined_to_nothing_of_a_closed_cycle() -> None:
    higher = OutcomeSet(outcome_id=OTHER, title="Meals", cycle_id=CYCLE, owner_id=ANA)
    link = OutcomeAligned(outcome_id=OUTCOME, higher_id=OTHER)
    story = given(SET, higher, link, COMING, *REVIEWED, ACTIVE).when(carrying())
    assert story.emitted[1] == OutcomeAligned(outcome_id=NEW, higher_id=OTHER)
    story = given(SET, higher, link, COMING, *CLOSED, ACTIVE, graded("1", success=True)).when(carrying(reason="late"))
    assert [type(event) for event in story.emitted] == [OutcomeSet, OutcomeCarriedOver]


def test_r15_the_new_outcome_is_for_those_whom_the_former_one_was_for() -> None:
    hidden = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.NAMED, added_ids=(BEN,))
    story = given(SET, COMING, ACTIVE, hidden).when(carrying())
    assert VisibilitySet(outcome_id=NEW, visibility=Visibility.NAMED, added_ids=(BEN,)) in story.emitted


def test_r15_a_cycle_that_cannot_be_closed_tells_no_hidden_title() -> None:
    hidden = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)
    closing, ledger = CloseCycle(cycle_id=CYCLE), MemoryLedger()
    ledger.store(*REVIEWED, ACTIVE, SET, hidden)
    for role, told in ((Role.LEAD, "1 more"), (Role.OWNER, "Bread")):
        with pytest.raises(Refused) as refusal:
            ledger.execute(closing, issued(BEN, role=role))
        assert refusal.value.code == OUTCOMES_UNGRADED
        assert told in refusal.value.sentence
        assert ("Bread" in refusal.value.sentence) is (role is Role.OWNER)


def test_r16_what_was_graded_stays_graded() -> None:
    was = graded("0.6", "0.6", **MISSED)
    story = given(SET, COMING, ACTIVE, was).when(carrying())
    assert story.emitted[-1] == carried(was_graded=True)


def test_r16_what_has_ended_or_is_there_already_is_not_carried_over() -> None:
    ended = OutcomeAbandoned(outcome_id=OUTCOME, reason="enough", cycle_id=CYCLE, owner_id=ANA)
    given(SET, COMING, ACTIVE, ended).when(carrying()).then_refused(OUTCOME_ENDED, "formerId")
    given(COMING).when(carrying()).then_refused(NOT_FOUND, "formerId")
    anew = OutcomeSet(outcome_id=NEW, title="Bread", cycle_id=NEXT, owner_id=ANA)
    given(SET, COMING, anew).when(carrying()).then_refused(ALREADY_EXISTS, "outcomeId")
    closed = CycleClosed(cycle_id=NEXT, closed_on=TODAY)
    given(SET, COMING, closed).when(carrying()).then_refused(CYCLE_CLOSED, "cycleId")
    strange = CarriedMeasure(former_measure_id=named("strange"))
    given(SET, COMING).when(carrying(measures=(strange,))).then_refused(NOT_FOUND, "measures")


def test_r16_nothing_is_carried_over_into_a_cycle_that_ends_earlier() -> None:
    former = structs.replace(COMING, ends_on=PLANNED.ends_on - timedelta(days=1), starts_on=date(2022, 1, 1))
    given(SET, PLANNED, former).when(carrying()).then_refused(CYCLE_ENDS_EARLIER, "cycleId")
    shorter = structs.replace(COMING, starts_on=date(2022, 6, 1), ends_on=PLANNED.ends_on)
    assert given(SET, PLANNED, shorter).when(carrying()).refused is None


TURNS = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(["activate", "pause", "resume", "grade", "reopen", "close", "review"])
    ),
    max_size=25,
)


AFTER: dict[type[Event], State] = {
    OutcomeActivated: State.ACTIVE,
    OutcomeResumed: State.ACTIVE,
    OutcomeReopened: State.ACTIVE,
    OutcomePaused: State.PAUSED,
    OutcomeGraded: State.GRADED,
}


@drawn(TURNS)
def test_r8_no_order_of_commands_closes_a_cycle_over_what_is_under_way(turns: list[tuple[int, str]]) -> None:
    ledger = MemoryLedger()
    ids = [named(f"outcome {nth}") for nth in range(3)]
    ledger.store(*RUNNING)
    for one in ids:
        ledger.store(
            OutcomeSet(outcome_id=one, title="One", cycle_id=CYCLE, owner_id=ANA),
            MeasureSet(
                measure_id=named(f"measure of {one}"), outcome_id=one, title="Count", direction=Direction.YES_NO
            ),
        )
    states: dict[UUID, State] = dict.fromkeys(ids, State.DRAFT)
    closed = False
    for nth, turn in turns:
        one = ids[nth]
        command = {
            "activate": ActivateOutcome(outcome_id=one),
            "pause": PauseOutcome(outcome_id=one, reason="rest"),
            "resume": ResumeOutcome(outcome_id=one, reason="go on"),
            "grade": GradeOutcome(outcome_id=one, grade=Decimal(1), reason="done"),
            "reopen": ReopenOutcome(outcome_id=one, reason="not yet"),
            "review": StartReview(cycle_id=CYCLE),
            "close": CloseCycle(cycle_id=CYCLE),
        }[turn]
        events: list[Event] = []
        with suppress(Refused):
            events = list(ledger.execute(command, issued()))
        for event in events:
            closed = closed or isinstance(event, CycleClosed)
            states[one] = AFTER.get(type(event), states[one])
        under_way = [state for state in states.values() if state in {State.ACTIVE, State.PAUSED}]
        assert not (closed and under_way)


@pytest.mark.parametrize("days", [0, 30])
def test_the_grade_is_told_by_what_was_read_inside_the_cycle(days: int) -> None:
    late = read(100, 1, taken_on=PLANNED.ends_on + timedelta(days=days))
    events = world(read(60), late)
    story = given(*events).when(GradeOutcome(outcome_id=OUTCOME, **MISSED), on=date(2022, 8, 1))
    grade = story.emitted[0].as_dict()["grade"] if story.emitted else None
    assert grade == (Decimal("1.0000") if days == 0 else Decimal("0.6000"))
