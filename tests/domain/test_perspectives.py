"""The perspectives of the strategy map, and the objectives that stand in them, are revised, and are retired."""

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.alignment import AlignOutcome, OutcomeUnalignedFromObjective, UnalignOutcome
from domain.codes import NOT_FOUND, OBJECTIVE_RETIRED, PERSPECTIVE_IN_USE, PERSPECTIVE_UNKNOWN
from domain.kernel import Command
from domain.strategy import (
    USUAL,
    CauseUnlinked,
    LinkCause,
    PerspectivesSet,
    RetireStrategicObjective,
    ReviseStrategicObjective,
    SetPerspectives,
    SetStrategicObjective,
    StrategicObjectiveRetired,
    StrategicObjectiveRevised,
    StrategicObjectiveSet,
    UnlinkCause,
    perspective_id,
)
from domain.values import Invalid
from tests.given import ORGANISATION, given
from tests.stories import (
    GROWTH,
    LOYALTY,
    SPEED,
    TEAM,
    A,
    BusyLedger,
    aligned_to_objective,
    cause,
    moved,
    objective,
    outcome,
    perspectives,
    retired,
    team,
)

FINANCIAL, CUSTOMER = (perspective_id(ORGANISATION, key) for key in ("FINANCIAL", "CUSTOMER"))


def named(*keys: str) -> SetPerspectives:
    return SetPerspectives(perspectives=perspectives(*keys).perspectives)


def test_an_organisation_names_its_perspectives_in_order_and_drops_the_usual_ones() -> None:
    dropped = tuple(perspective_id(ORGANISATION, one.key) for one in USUAL)
    event = PerspectivesSet(
        organisation_id=ORGANISATION, perspectives=perspectives("PLANET", "PEOPLE").perspectives, dropped_ids=dropped
    )
    given().when(named("PLANET", "PEOPLE")).then(event)
    given(event).when(named("PLANET", "PEOPLE")).then_nothing()
    turned = perspectives("PEOPLE", "PLANET")
    given(event).when(named("PEOPLE", "PLANET")).then(turned)
    given(event).when(SetPerspectives(perspectives=event.perspectives)).then_nothing()


def test_the_usual_perspectives_need_not_be_named() -> None:
    given().when(SetPerspectives(perspectives=USUAL)).then_nothing()


def test_a_perspective_is_named_once() -> None:
    with pytest.raises(Invalid):
        named("PLANET", "PLANET")


def test_a_perspective_in_use_is_not_dropped() -> None:
    asked = named("CUSTOMER")
    given(objective()).when(asked).then_refused(PERSPECTIVE_IN_USE, "perspectives")
    given(objective(), retired()).when(asked).then(
        PerspectivesSet(
            organisation_id=ORGANISATION,
            perspectives=perspectives("CUSTOMER").perspectives,
            dropped_ids=tuple(perspective_id(ORGANISATION, one.key) for one in USUAL if one.key != "CUSTOMER"),
        )
    )


def test_a_perspective_that_its_objectives_have_left_is_dropped() -> None:
    story = [objective(), moved()]
    dropped = tuple(perspective_id(ORGANISATION, one.key) for one in USUAL if one.key != "CUSTOMER")
    given(*story).when(named("CUSTOMER")).then(perspectives("CUSTOMER", dropped=dropped))
    given(moved()).when(named("FINANCIAL")).then_refused(PERSPECTIVE_IN_USE, "perspectives")


def test_an_objective_stands_in_a_perspective_of_the_map() -> None:
    asked = SetStrategicObjective(objective_id=GROWTH, title="Clean water", perspective="PLANET")
    given().when(asked).then_refused(PERSPECTIVE_UNKNOWN, "perspective")
    usual = SetStrategicObjective(objective_id=GROWTH, title="Grow", perspective="FINANCIAL")
    given().when(usual).then(objective())
    given(perspectives("PLANET")).when(usual).then_refused(PERSPECTIVE_UNKNOWN, "perspective")


def test_r9_an_objective_is_revised_and_what_is_left_out_stays() -> None:
    asked = ReviseStrategicObjective(objective_id=GROWTH, perspective="CUSTOMER", team_id=TEAM)
    event = StrategicObjectiveRevised(
        objective_id=GROWTH,
        title="Grow",
        perspective="CUSTOMER",
        from_perspective_id=FINANCIAL,
        perspective_id=CUSTOMER,
        team_id=TEAM,
    )
    given(team(), objective()).when(asked).then(event)
    given(team(), objective(), event).when(asked).then_nothing()
    worded = ReviseStrategicObjective(objective_id=GROWTH, title="Thrive", description="Not only grow.")
    given(objective(), event).when(worded).then(
        StrategicObjectiveRevised(
            objective_id=GROWTH,
            title="Thrive",
            perspective="CUSTOMER",
            from_perspective_id=CUSTOMER,
            perspective_id=CUSTOMER,
            description="Not only grow.",
            from_team_id=TEAM,
            team_id=TEAM,
        )
    )


def test_r9_an_objective_from_before_perspectives_had_ids_is_revised() -> None:
    before = StrategicObjectiveSet(objective_id=GROWTH, title="Grow", perspective="FINANCIAL")
    given(before).when(ReviseStrategicObjective(objective_id=GROWTH, perspective="CUSTOMER")).then(moved())
    given(before).when(RetireStrategicObjective(objective_id=GROWTH, reason="Done.")).then(retired())


def test_an_objective_is_revised_within_the_map() -> None:
    asked = ReviseStrategicObjective(objective_id=GROWTH, perspective="PLANET", team_id=TEAM)
    given().when(asked).then_refused(NOT_FOUND, "objectiveId")
    given(objective()).when(asked).then_refused(NOT_FOUND, "teamId")
    given(objective(), team()).when(asked).then_refused(PERSPECTIVE_UNKNOWN, "perspective")
    given(objective(), retired(), team()).when(asked).then_refused(OBJECTIVE_RETIRED, "objectiveId")


def test_an_objective_is_retired_once_with_a_reason() -> None:
    asked = RetireStrategicObjective(objective_id=GROWTH, reason="Done.")
    given().when(asked).then_refused(NOT_FOUND, "objectiveId")
    given(objective()).when(asked).then(retired())
    given(objective(), retired()).when(asked).then_nothing()
    given(objective(), moved()).when(asked).then(
        StrategicObjectiveRetired(objective_id=GROWTH, perspective_id=CUSTOMER, reason="Done.")
    )


def test_nothing_new_is_joined_to_a_retired_objective() -> None:
    align = AlignOutcome(outcome_id=A, objective_id=GROWTH)
    given(outcome(), objective(), retired()).when(align).then_refused(OBJECTIVE_RETIRED, "objectiveId")
    story = [objective(GROWTH), objective(LOYALTY), retired(GROWTH)]
    up, down = (LinkCause(objective_id=a, drives_id=b) for a, b in ((LOYALTY, GROWTH), (GROWTH, LOYALTY)))
    given(*story).when(up).then_refused(OBJECTIVE_RETIRED, "drivesId")
    given(*story).when(down).then_refused(OBJECTIVE_RETIRED, "objectiveId")


def test_what_was_joined_to_a_retired_objective_can_be_parted() -> None:
    unalign = UnalignOutcome(outcome_id=A, objective_id=GROWTH)
    given(outcome(), objective(), aligned_to_objective(A), retired()).when(unalign).then(
        OutcomeUnalignedFromObjective(outcome_id=A, objective_id=GROWTH)
    )
    story = [objective(GROWTH), objective(LOYALTY), cause(LOYALTY, GROWTH), retired(GROWTH)]
    given(*story).when(UnlinkCause(objective_id=LOYALTY, drives_id=GROWTH)).then(
        CauseUnlinked(objective_id=LOYALTY, drives_id=GROWTH)
    )


KEYS = ["FINANCIAL", "CUSTOMER", "PLANET"]
objectives = st.sampled_from([GROWTH, LOYALTY, SPEED])
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(SetStrategicObjective, objective_id=objectives, title=st.just("Grow"), perspective=st.sampled_from(KEYS)),
    st.builds(ReviseStrategicObjective, objective_id=objectives, perspective=st.sampled_from(KEYS)),
    st.builds(RetireStrategicObjective, objective_id=objectives, reason=st.just("Done.")),
    st.lists(st.sampled_from(KEYS), min_size=1, unique=True).map(lambda keys: named(*keys)),
)


def every_objective_has_its_band(ledger: BusyLedger) -> bool:
    bands, places, gone = {one.key for one in USUAL}, dict[object, str](), set[object]()
    for event in ledger.events():
        match event:
            case PerspectivesSet():
                bands = {one.key for one in event.perspectives}
            case StrategicObjectiveSet() | StrategicObjectiveRevised():
                assert event.objective_id not in gone
                places[event.objective_id] = event.perspective
            case StrategicObjectiveRetired():
                gone.add(event.objective_id)
            case _:
                continue
        if not {band for one, band in places.items() if one not in gone} <= bands:
            return False
    return True


@for_all(st.lists(st.tuples(commands, commands), max_size=10))
def test_no_order_of_commands_leaves_an_objective_without_its_perspective(pairs: list[tuple[Command, Command]]) -> None:
    ledger = BusyLedger()
    for first, second in pairs:
        ledger.interleave(first, second)
        assert every_objective_has_its_band(ledger)
