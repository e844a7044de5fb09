"""The strategy and its map: no objective drives itself (R3)."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, CAUSE_CIRCLE, NOT_FOUND
from domain.strategy import (
    CauseLinked,
    CauseUnlinked,
    LinkCause,
    SetStrategicObjective,
    StateStrategy,
    StrategicObjectiveSet,
    StrategyStated,
    UnlinkCause,
)
from domain.values import Invalid
from tests.given import ORGANISATION, given, named
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
    reaches,
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
    given(team()).when(asked).then(
        StrategicObjectiveSet(
            objective_id=GROWTH,
            title="Clean water",
            perspective="PLANET",
            team_id=TEAM,
            reference=TICKET,
            reference_id=asked.mentions["reference"].tags and given_key(),
        )
    )


def given_key() -> UUID | None:
    return None
