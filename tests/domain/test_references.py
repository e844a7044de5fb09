"""An external reference is borne by one entity of the organisation, whatever its kind."""

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import REFERENCE_TAKEN
from domain.kernel import Command
from domain.outcomes import OutcomeSet, SetOutcome
from domain.people import FormTeam, PersonRegistered, RegisterPerson, TeamFormed
from domain.references import Reference, Referenced, key_of
from domain.strategy import SetStrategicObjective, StrategicObjectiveSet
from tests.given import ANA, given, given_loosely, named
from tests.stories import TICKET, A, BusyLedger, outcome, person

Bearing = PersonRegistered | TeamFormed | OutcomeSet | StrategicObjectiveSet


def test_a_second_entity_with_the_same_reference_is_refused() -> None:
    story = given(outcome(reference=TICKET))
    story.when(RegisterPerson(person_id=ANA, name="Ana", reference=TICKET)).then_refused(REFERENCE_TAKEN, "reference")


def test_the_same_id_in_another_system_is_another_reference() -> None:
    elsewhere = Reference(system="wiki", id=TICKET.id)
    story = given_loosely(outcome(reference=TICKET))
    story.when(RegisterPerson(person_id=ANA, name="Ana", reference=elsewhere)).then(person(reference=elsewhere))


def test_the_address_is_no_part_of_what_is_borne_once() -> None:
    assert key_of(TICKET) == key_of(Reference(system=TICKET.system, id=TICKET.id))


def test_a_reference_does_not_run_over_from_system_to_id() -> None:
    assert key_of(Reference(system="a\nb", id="c")) != key_of(Reference(system="a", id="b\nc"))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "tracker/T-1", "https://tracker.example/T 1", "https://x\n"])
def test_a_reference_leads_to_a_page(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"system": "tracker", "id": "T-1", "url": url}, Reference)


def test_every_event_that_bears_a_reference_is_asked() -> None:
    assert {"person.registered", "team.formed", "strategic-objective.set", "outcome.set"} <= set(Referenced.stored)
    assert {"measure.set"} <= set(Referenced.stored)
    assert Referenced(TICKET).selects(outcome(A, reference=TICKET), outcome(A, reference=TICKET).tags())


def bearing(number: int, kind: int, reference: Reference) -> Command:
    one = named(f"entity {number}")
    match kind:
        case 0:
            return RegisterPerson(person_id=one, name="Ana", reference=reference)
        case 1:
            return FormTeam(team_id=one, name="Platform", reference=reference)
        case 2:
            return SetOutcome(outcome_id=one, title="Answer soon", reference=reference)
        case _:
            return SetStrategicObjective(objective_id=one, title="Grow", perspective="CUSTOMER", reference=reference)


references = st.sampled_from([Reference(system=system, id=one) for system in ("tracker", "wiki") for one in "12"])
bearers = st.builds(bearing, st.integers(0, 9), st.integers(0, 3), references)


@for_all(st.lists(st.tuples(bearers, bearers), max_size=8))
def test_no_two_entities_at_once_bear_the_same_reference(pairs: list[tuple[Command, Command]]) -> None:
    ledger = BusyLedger()
    for first, second in pairs:
        ledger.interleave(first, second)
    borne = [event.reference_id for event in ledger.events() if isinstance(event, Bearing)]
    assert len(borne) == len(set(borne))
