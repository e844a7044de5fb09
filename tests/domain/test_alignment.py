"""What outcomes serve; none serves itself, directly, by way of others or of their measures (R3)."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.alignment import (
    AlignOutcome,
    OutcomeAligned,
    OutcomeUnaligned,
    OutcomeUnalignedFromObjective,
    UnalignOutcome,
)
from domain.codes import ALIGNMENT_CIRCLE, NOT_FOUND
from domain.kernel import Event
from domain.values import Invalid
from tests.given import given
from tests.stories import (
    GROWTH,
    A,
    B,
    BusyLedger,
    C,
    D,
    Edges,
    aligned,
    aligned_to_objective,
    circular,
    measure_named,
    measured,
    objective,
    outcome,
    reaches,
)

OUTCOMES = [A, B, C, D]
HALF = Decimal("0.5")

some = st.sampled_from(OUTCOMES)
alignments = st.one_of(
    st.builds(AlignOutcome, outcome_id=some, higher_id=some),
    st.builds(AlignOutcome, outcome_id=some, measure_id=some.map(measure_named)),
)
steps = st.one_of(alignments, alignments, st.builds(UnalignOutcome, outcome_id=some, higher_id=some))
Step = AlignOutcome | UnalignOutcome


def test_r3_an_outcome_serves_a_higher_one() -> None:
    given(outcome(A), outcome(B)).when(AlignOutcome(outcome_id=A, higher_id=B)).then(aligned(A, B))


def test_an_outcome_serves_several_each_by_its_weight() -> None:
    story = [outcome(A), outcome(C), aligned(A, B)]
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=C, weight=Decimal(0))).then(
        aligned(A, C, weight=Decimal(0))
    )


def test_an_outcome_serves_a_measure_of_a_higher_one() -> None:
    align = AlignOutcome(outcome_id=A, measure_id=measure_named(B))
    given(outcome(A), measured(B)).when(align).then(aligned(A, B, measure_named(B)))


def test_an_outcome_serves_a_strategic_objective() -> None:
    align = AlignOutcome(outcome_id=A, objective_id=GROWTH, weight=HALF)
    event = aligned_to_objective(A, GROWTH, HALF)
    given(outcome(A), objective()).when(align).then(event)
    given(outcome(A), objective(), event).when(align).then_nothing()
    given(outcome(A), objective(), aligned_to_objective(A)).when(align).then(event)


def test_aligning_again_changes_the_weight() -> None:
    story = [outcome(A), outcome(B), aligned(A, B)]
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=B)).then_nothing()
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=B, weight=HALF)).then(aligned(A, B, weight=HALF))


def test_aligning_again_by_a_measure_changes_the_way() -> None:
    align = AlignOutcome(outcome_id=A, measure_id=measure_named(B))
    given(outcome(A), measured(B), aligned(A, B)).when(align).then(aligned(A, B, measure_named(B)))


def test_r3_an_outcome_does_not_serve_itself() -> None:
    given(outcome(A)).when(AlignOutcome(outcome_id=A, higher_id=A)).then_refused(ALIGNMENT_CIRCLE, "higherId")


def test_r3_an_outcome_does_not_serve_a_measure_of_its_own() -> None:
    align = AlignOutcome(outcome_id=A, measure_id=measure_named(A))
    given(outcome(A), measured(A)).when(align).then_refused(ALIGNMENT_CIRCLE, "measureId")


def test_r3_an_outcome_does_not_serve_itself_by_way_of_three_others() -> None:
    story = [outcome(A), outcome(D), aligned(D, C), aligned(C, B), aligned(B, A)]
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=D)).then_refused(ALIGNMENT_CIRCLE, "higherId")


def test_r3_an_outcome_does_not_serve_itself_by_way_of_a_measure() -> None:
    story = [outcome(A), outcome(B), aligned(B, A, measure_named(A))]
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=B)).then_refused(ALIGNMENT_CIRCLE, "higherId")
    story = [outcome(A), measured(B), aligned(B, A)]
    given(*story).when(AlignOutcome(outcome_id=A, measure_id=measure_named(B))).then_refused(
        ALIGNMENT_CIRCLE, "measureId"
    )


def test_r3_two_ways_up_to_one_outcome_are_no_circle() -> None:
    story = [outcome(A), outcome(C), aligned(A, D), aligned(C, D)]
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=C)).then(aligned(A, C))


def test_r3_an_alignment_that_was_taken_back_makes_no_circle() -> None:
    story: list[Event] = [outcome(A), outcome(B), aligned(B, A), OutcomeUnaligned(outcome_id=B, higher_id=A)]
    given(*story).when(AlignOutcome(outcome_id=A, higher_id=B)).then(aligned(A, B))


def test_an_outcome_is_unaligned_once() -> None:
    unalign = UnalignOutcome(outcome_id=A, higher_id=B)
    unaligned = OutcomeUnaligned(outcome_id=A, higher_id=B)
    given(outcome(A), outcome(B), aligned(A, B)).when(unalign).then(unaligned)
    given(outcome(A), outcome(B), aligned(A, B), unaligned).when(unalign).then_nothing()


def test_an_outcome_is_unaligned_from_an_objective_once() -> None:
    unalign = UnalignOutcome(outcome_id=A, objective_id=GROWTH)
    unaligned = OutcomeUnalignedFromObjective(outcome_id=A, objective_id=GROWTH)
    given(outcome(A), objective(), aligned_to_objective(A)).when(unalign).then(unaligned)
    given(outcome(A), objective(), aligned_to_objective(A), unaligned).when(unalign).then_nothing()


def test_alignment_joins_what_exists() -> None:
    given(outcome(B)).when(AlignOutcome(outcome_id=A, higher_id=B)).then_refused(NOT_FOUND, "outcomeId")
    given(outcome(A)).when(AlignOutcome(outcome_id=A, higher_id=B)).then_refused(NOT_FOUND, "higherId")
    given(outcome(A)).when(AlignOutcome(outcome_id=A, objective_id=GROWTH)).then_refused(NOT_FOUND, "objectiveId")
    given(outcome(A)).when(AlignOutcome(outcome_id=A, measure_id=GROWTH)).then_refused(NOT_FOUND, "measureId")
    given(outcome(A)).when(UnalignOutcome(outcome_id=A, higher_id=B)).then_refused(NOT_FOUND, "higherId")
    given(outcome(A)).when(UnalignOutcome(outcome_id=A, objective_id=GROWTH)).then_refused(NOT_FOUND, "objectiveId")


def test_one_thing_is_served_at_a_time() -> None:
    with pytest.raises(Invalid):
        AlignOutcome(outcome_id=A)
    with pytest.raises(Invalid):
        AlignOutcome(outcome_id=A, higher_id=B, objective_id=GROWTH)
    with pytest.raises(Invalid):
        UnalignOutcome(outcome_id=A)


@pytest.mark.parametrize("weight", [Decimal("-0.1"), Decimal(1001), Decimal("NaN")])
def test_a_weight_has_limits(weight: Decimal) -> None:
    with pytest.raises(Invalid):
        AlignOutcome(outcome_id=A, higher_id=B, weight=weight)


MEASURED = {measure_named(one): one for one in OUTCOMES}


def edge(step: Step) -> tuple[UUID, UUID]:
    by_measure = isinstance(step, AlignOutcome) and step.measure_id
    higher = MEASURED[by_measure] if by_measure else step.higher_id
    assert higher
    return step.outcome_id, higher


def graph(ledger: BusyLedger) -> Edges:
    edges: Edges = set()
    for event in ledger.events():
        match event:
            case OutcomeAligned():
                edges.add((event.outcome_id, event.higher_id))
            case OutcomeUnaligned():
                edges.discard((event.outcome_id, event.higher_id))
            case _:
                continue
    return edges


def ledger_of_four() -> BusyLedger:
    return BusyLedger(*map(outcome, OUTCOMES), *map(measured, OUTCOMES))


@for_all(st.lists(steps, max_size=15))
def test_r3_no_order_of_alignments_forms_a_circle(commands: list[Step]) -> None:
    ledger = ledger_of_four()
    plain: Edges = set()
    for step in commands:
        lower, higher = edge(step)
        back = isinstance(step, AlignOutcome) and reaches(plain, higher, lower)
        assert ledger.attempt(step) is not back
        plain = plain - {(lower, higher)} if isinstance(step, UnalignOutcome) or back else plain | {(lower, higher)}
    assert graph(ledger) == plain


@for_all(st.lists(st.tuples(steps, steps), max_size=8))
def test_r3_no_two_alignments_at_once_form_a_circle(pairs: list[tuple[Step, Step]]) -> None:
    ledger = ledger_of_four()
    for first, second in pairs:
        ledger.interleave(first, second)
        assert not circular(graph(ledger))
