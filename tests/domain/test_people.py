"""Persons and teams: who exists, who belongs where, and that no team lies inside itself (R3)."""

from contextlib import nullcontext
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.codes import ALREADY_EXISTS, NOT_ALLOWED, NOT_FOUND, REFERENCE_TAKEN, TEAM_CIRCLE
from domain.kernel import Refused
from domain.people import (
    FormTeam,
    JoinTeam,
    LeaveTeam,
    MoveTeam,
    PersonRevised,
    RegisterPerson,
    RevisePerson,
    ReviseTeam,
    TeamJoined,
    TeamLeft,
    TeamMoved,
    TeamRevised,
)
from domain.values import Role
from tests.given import ANA, BEN, given, issued, named
from tests.stories import OTHER_TEAM, TEAM, TICKET, BusyLedger, circular, joined, person, reaches, team

CREW, WATCH = named("Crew"), named("Watch")
TEAMS = [TEAM, OTHER_TEAM, CREW, WATCH]

moves = st.builds(MoveTeam, team_id=st.sampled_from(TEAMS), parent_id=st.sampled_from([*TEAMS, None]))


def test_a_person_is_registered() -> None:
    given().when(RegisterPerson(person_id=ANA, name="Ana", reference=TICKET)).then(person(ANA, reference=TICKET))


def test_an_id_stands_for_one_person() -> None:
    given(person(ANA)).when(RegisterPerson(person_id=ANA, name="Anna")).then_refused(ALREADY_EXISTS, "personId")


def test_a_person_is_revised_and_keeps_what_is_left_out() -> None:
    revised = PersonRevised(person_id=BEN, name="Ben", email="ben@example.org")
    story = given(person(BEN, "Ben"))
    story.when(RevisePerson(person_id=BEN, email="ben@example.org"), by=BEN).then(revised)
    again = PersonRevised(person_id=BEN, name="Benjamin", email="ben@example.org")
    given(person(BEN, "Ben"), revised).when(RevisePerson(person_id=BEN, name="Benjamin")).then(again)
    given(person(BEN, "Ben"), revised).when(RevisePerson(person_id=BEN, name="Ben")).then_nothing()
    given(person(BEN, "Ben"), revised).when(RevisePerson(person_id=BEN)).then_nothing()


def test_only_a_person_who_exists_is_revised() -> None:
    given().when(RevisePerson(person_id=BEN, name="Ben")).then_refused(NOT_FOUND, "personId")


@pytest.mark.parametrize(
    ("by", "role", "may"), [(BEN, Role.MEMBER, True), (ANA, Role.LEAD, True), (ANA, Role.MEMBER, False)]
)
def test_a_person_is_revised_by_themself_or_a_lead(by: UUID, role: Role, may: bool) -> None:
    ledger = BusyLedger(person(BEN, "Ben"))
    revise = RevisePerson(person_id=BEN, name="Benjamin")
    with nullcontext() if may else pytest.raises(Refused, match=str(NOT_ALLOWED)):
        ledger.execute(revise, issued(by, role=role))
    assert (len(ledger.events()) == 2) is may


def test_a_team_is_renamed_once() -> None:
    revise, revised = ReviseTeam(team_id=TEAM, name="Harbour"), TeamRevised(team_id=TEAM, name="Harbour")
    given(team()).when(revise).then(revised)
    given(team(), revised).when(revise).then_nothing()
    given().when(revise).then_refused(NOT_FOUND, "teamId")


names = st.sampled_from(["Ben", "Benjamin"])
addresses = st.sampled_from([None, "b@example.org", "c@example.org"])
people_revised = st.builds(RevisePerson, person_id=st.just(BEN), name=st.none() | names, email=addresses)


@for_all(st.lists(st.tuples(people_revised, people_revised), max_size=6))
def test_a_person_never_loses_an_address_whoever_revises_them_at_once(
    pairs: list[tuple[RevisePerson, RevisePerson]],
) -> None:
    ledger = BusyLedger(person(BEN, "Ben"))
    for first, second in pairs:
        ledger.interleave(first, second)
    told = [event for event in ledger.events() if isinstance(event, PersonRevised)]
    assert all(before != after for before, after in pairwise(told))
    assert all(after.email for before, after in pairwise(told) if before.email)


def test_an_address_has_an_at_sign() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"personId": str(ANA), "name": "Ana", "email": "ana"}, RegisterPerson)


def test_a_team_is_formed_inside_another_with_its_leads() -> None:
    form = FormTeam(team_id=CREW, name="Platform", parent_id=TEAM, lead_ids=(ANA, BEN, ANA))
    given(team(TEAM), person(ANA), person(BEN)).when(form).then(team(CREW, parent=TEAM, leads=(ANA, BEN)))


def test_an_id_stands_for_one_team() -> None:
    given(team(TEAM)).when(FormTeam(team_id=TEAM, name="Other")).then_refused(ALREADY_EXISTS, "teamId")


def test_a_team_lies_inside_a_team_that_exists() -> None:
    given().when(FormTeam(team_id=CREW, name="Crew", parent_id=TEAM)).then_refused(NOT_FOUND, "parentId")


def test_a_team_is_led_by_persons_who_exist() -> None:
    given(person(ANA)).when(FormTeam(team_id=CREW, name="Crew", lead_ids=(ANA, BEN))).then_refused(NOT_FOUND, "leadIds")


def test_a_team_bears_no_reference_of_a_person() -> None:
    form = FormTeam(team_id=CREW, name="Crew", reference=TICKET)
    given(person(ANA, reference=TICKET)).when(form).then_refused(REFERENCE_TAKEN, "reference")


def test_r3_a_move_tells_both_ends() -> None:
    move = MoveTeam(team_id=CREW, parent_id=OTHER_TEAM)
    moved = TeamMoved(team_id=CREW, from_parent_id=TEAM, parent_id=OTHER_TEAM)
    given(team(OTHER_TEAM), team(CREW, parent=TEAM)).when(move).then(moved)


def test_a_team_can_stand_alone_again() -> None:
    given(team(CREW, parent=TEAM)).when(MoveTeam(team_id=CREW)).then(
        TeamMoved(team_id=CREW, from_parent_id=TEAM, parent_id=None)
    )


def test_a_team_that_is_there_does_not_move() -> None:
    given(team(TEAM), team(CREW, parent=TEAM)).when(MoveTeam(team_id=CREW, parent_id=TEAM)).then_nothing()


def test_a_team_that_nobody_formed_does_not_move() -> None:
    given(team(TEAM)).when(MoveTeam(team_id=CREW, parent_id=TEAM)).then_refused(NOT_FOUND, "teamId")
    given(team(CREW)).when(MoveTeam(team_id=CREW, parent_id=TEAM)).then_refused(NOT_FOUND, "parentId")


def test_r3_a_team_does_not_lie_inside_itself() -> None:
    given(team(TEAM)).when(MoveTeam(team_id=TEAM, parent_id=TEAM)).then_refused(TEAM_CIRCLE, "parentId")


def test_r3_a_team_does_not_lie_inside_a_team_below_it() -> None:
    below = [team(TEAM), team(CREW, parent=TEAM), team(WATCH, parent=CREW)]
    given(*below).when(MoveTeam(team_id=TEAM, parent_id=WATCH)).then_refused(TEAM_CIRCLE, "parentId")


def parents(ledger: BusyLedger) -> dict[UUID, UUID]:
    found: dict[UUID, UUID] = {}
    for event in ledger.events():
        if isinstance(event, TeamMoved):
            found.pop(event.team_id, None)
            if event.parent_id:
                found[event.team_id] = event.parent_id
    return found


@for_all(st.lists(moves, max_size=12))
def test_r3_no_order_of_moves_puts_a_team_inside_itself(commands: list[MoveTeam]) -> None:
    ledger = BusyLedger(*map(team, TEAMS))
    plain: dict[UUID, UUID] = {}
    for move in commands:
        below = move.parent_id is not None and reaches(set(plain.items()), move.parent_id, move.team_id)
        assert ledger.attempt(move) is not below
        if move.parent_id is None:
            plain.pop(move.team_id, None)
        elif not below:
            plain[move.team_id] = move.parent_id
    assert parents(ledger) == plain


@for_all(st.lists(st.tuples(moves, moves), max_size=8))
def test_r3_no_two_moves_at_once_put_a_team_inside_itself(pairs: list[tuple[MoveTeam, MoveTeam]]) -> None:
    ledger = BusyLedger(*map(team, TEAMS))
    for first, second in pairs:
        ledger.interleave(first, second)
        assert not circular(set(parents(ledger).items()))


def test_a_person_joins_a_team() -> None:
    given(team(), person(ANA)).when(JoinTeam(team_id=TEAM, person_id=ANA)).then(joined(ANA))


def test_who_belongs_to_a_team_joins_it_anew_only_to_lead_it() -> None:
    story = [team(), person(ANA), joined(ANA)]
    given(*story).when(JoinTeam(team_id=TEAM, person_id=ANA)).then_nothing()
    given(*story).when(JoinTeam(team_id=TEAM, person_id=ANA, lead=True)).then(
        TeamJoined(team_id=TEAM, person_id=ANA, lead=True)
    )


def test_a_lead_belongs_to_the_team_from_the_first_day() -> None:
    given(team(leads=[ANA]), person(ANA)).when(JoinTeam(team_id=TEAM, person_id=ANA, lead=True)).then_nothing()


def test_a_person_leaves_a_team_once() -> None:
    leave = LeaveTeam(team_id=TEAM, person_id=ANA)
    left = TeamLeft(team_id=TEAM, person_id=ANA)
    given(team(), person(ANA), joined(ANA)).when(leave).then(left)
    given(team(), person(ANA), joined(ANA), left).when(leave).then_nothing()


@pytest.mark.parametrize("command", [JoinTeam(team_id=TEAM, person_id=ANA), LeaveTeam(team_id=TEAM, person_id=ANA)])
def test_membership_joins_a_person_and_a_team_that_exist(command: JoinTeam | LeaveTeam) -> None:
    given(person(ANA)).when(command).then_refused(NOT_FOUND, "teamId")
    given(team()).when(command).then_refused(NOT_FOUND, "personId")
