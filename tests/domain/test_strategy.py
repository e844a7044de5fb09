"""The strategy and its map: no objective drives itself (R3)."""

from datetime import date

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, CAUSE_CIRCLE, NOT_FOUND
from domain.references import key_of
from domain.strategy import (
    CauseLinked,
    CauseUnlinked,
    LinkCause,
    SetStrategicObjective,
    StateStrategy,
    StrategicObjectiveSet,
    StrategyStated,
    UnlinkCause,
    perspective_id,
)
from domain.values import Invalid
from tests.given import ORGANISATION, given, given_loosely, named
from tests.stories import (
    GROWTH,
    LOYALTY,
    SPEED,
    TEAM,
    TICKET,
    BusyLedger,
    Edges,
    cause,
    circular,
    objective,
    perspectives,
    reaches,
    retired,
    team,
)

SKILL = named("Skill")
OBJECTIVES = [GROWTH, LOYALTY, SPEED, SKILL]

ends = {"objective_id": st.sampled_from(OBJECTIVES), "drives_id": st.sampled_from(OBJECTIVES)}
links = st.one_of(st.builds(LinkCause, **ends), st.builds(LinkCause, **ends), st.builds(UnlinkCause, **ends))


def test_a_strategy_is_stated() -> None:
    until = date(2024, 12, 31)
    given().when(StateStrategy(statement="Nearest harbour for everybody", ends_on=until)).then(
        StrategyStated(organisation_id=ORGANISATION, statement="Nearest harbour for everybody", ends_on=until)
    )


def test_a_strategy_ends_after_it_starts() -> None:
    with pytest.raises(Invalid):
        StateStrategy(statement="Back", starts_on=date(2023, 1, 1), ends_on=date(2022, 1, 1))


def test_an_objective_is_set_in_a_perspective_of_ones_own() -> None:
    asked = SetStrategicObjective(
        objective_id=GROWTH, title="Clean water", perspective="PLANET", team_id=TEAM, reference=TICKET
    )
    event = StrategicObjectiveSet(
        objective_id=GROWTH,
        title="Clean water",
        perspective="PLANET",
        team_id=TEAM,
        reference=TICKET,
        reference_id=key_of(TICKET),
        perspective_id=perspective_id(ORGANISATION, "PLANET"),
    )
    given(team(), perspectives("PLANET")).when(asked).then(event)
    given(perspectives("PLANET")).when(asked).then_refused(NOT_FOUND, "teamId")


def test_an_id_stands_for_one_objective() -> None:
    again = SetStrategicObjective(objective_id=GROWTH, title="Shrink", perspective="FINANCIAL")
    given(objective()).when(again).then_refused(ALREADY_EXISTS, "objectiveId")


def test_a_cause_is_linked_once() -> None:
    link = LinkCause(objective_id=LOYALTY, drives_id=GROWTH)
    given(objective(LOYALTY), objective(GROWTH)).when(link).then(cause(LOYALTY, GROWTH))
    given(objective(LOYALTY), objective(GROWTH), cause(LOYALTY, GROWTH)).when(link).then_nothing()


def test_a_cause_is_unlinked_once() -> None:
    unlink = UnlinkCause(objective_id=LOYALTY, drives_id=GROWTH)
    story = [objective(LOYALTY), objective(GROWTH), cause(LOYALTY, GROWTH)]
    unlinked = CauseUnlinked(objective_id=LOYALTY, drives_id=GROWTH)
    given(*story).when(unlink).then(unlinked)
    given(*story, unlinked).when(unlink).then_nothing()


@pytest.mark.parametrize("kind", [LinkCause, UnlinkCause])
def test_causes_join_objectives_that_exist(kind: type[LinkCause | UnlinkCause]) -> None:
    command = kind(objective_id=LOYALTY, drives_id=GROWTH)
    given(objective(GROWTH)).when(command).then_refused(NOT_FOUND, "objectiveId")
    given(objective(LOYALTY)).when(command).then_refused(NOT_FOUND, "drivesId")


def test_r3_an_objective_does_not_drive_itself() -> None:
    given(objective()).when(LinkCause(objective_id=GROWTH, drives_id=GROWTH)).then_refused(CAUSE_CIRCLE, "drivesId")


def test_r3_an_objective_does_not_drive_itself_by_way_of_others() -> None:
    story = [objective(SPEED), objective(GROWTH), cause(SPEED, LOYALTY), cause(LOYALTY, GROWTH)]
    given(*story).when(LinkCause(objective_id=GROWTH, drives_id=SPEED)).then_refused(CAUSE_CIRCLE, "drivesId")


def test_r3_an_unlinked_cause_makes_no_circle() -> None:
    unlinked = CauseUnlinked(objective_id=SPEED, drives_id=GROWTH)
    story = [objective(SPEED), objective(GROWTH), cause(SPEED, GROWTH), unlinked]
    given(*story).when(LinkCause(objective_id=GROWTH, drives_id=SPEED)).then(cause(GROWTH, SPEED))


def test_r3_a_way_by_a_retired_objective_is_no_circle() -> None:
    way = [objective(SPEED), objective(LOYALTY), objective(GROWTH), cause(SPEED, LOYALTY), cause(LOYALTY, GROWTH)]
    back = LinkCause(objective_id=GROWTH, drives_id=SPEED)
    given(*way).when(back).then_refused(CAUSE_CIRCLE, "drivesId")
    given_loosely(*way, retired(LOYALTY)).when(back).then(cause(GROWTH, SPEED))
    beside = [cause(SPEED, GROWTH)]
    given(*way, *beside, retired(LOYALTY)).when(back).then_refused(CAUSE_CIRCLE, "drivesId")


def map_of(ledger: BusyLedger) -> Edges:
    edges: Edges = set()
    for event in ledger.events():
        match event:
            case CauseLinked():
                edges.add((event.objective_id, event.drives_id))
            case CauseUnlinked():
                edges.discard((event.objective_id, event.drives_id))
            case _:
                continue
    return edges


@for_all(st.lists(links, max_size=15))
def test_r3_no_order_of_causes_forms_a_circle(commands: list[LinkCause | UnlinkCause]) -> None:
    ledger = BusyLedger(*map(objective, OBJECTIVES))
    plain: Edges = set()
    for command in commands:
        edge = (command.objective_id, command.drives_id)
        back = isinstance(command, LinkCause) and reaches(plain, command.drives_id, command.objective_id)
        assert ledger.attempt(command) is not back
        plain = plain - {edge} if isinstance(command, UnlinkCause) or back else plain | {edge}
    assert map_of(ledger) == plain


@for_all(st.lists(st.tuples(links, links), max_size=8))
def test_r3_no_two_causes_at_once_form_a_circle(
    pairs: list[tuple[LinkCause | UnlinkCause, LinkCause | UnlinkCause]],
) -> None:
    ledger = BusyLedger(*map(objective, OBJECTIVES))
    for first, second in pairs:
        ledger.interleave(first, second)
        assert not circular(map_of(ledger))
