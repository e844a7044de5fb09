"""What somebody may not see can't be reached by a command of theirs, and counts all the same (R15)."""

from collections.abc import Mapping
from contextlib import nullcontext
from decimal import Decimal
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.alignment import AlignOutcome, OutcomeAligned
from domain.checkins import CheckedIn, CheckIn, ReviseCheckIn
from domain.codes import ALIGNMENT_CIRCLE, NOT_FOUND
from domain.comments import Comment, Commented, RetractComment
from domain.decisions import RecordDecision
from domain.entities import EntityKind
from domain.following import Follow
from domain.kernel import Command, Event, Refused
from domain.measures import RetireMeasure
from domain.outcomes import OutcomeSet, ReviewerNamed, SetOutcome
from domain.people import TeamFormed, TeamJoined, TeamMoved
from domain.revising import ReviseOutcome
from domain.taking import ReadingGiven, TakeReading, TakeReadings
from domain.tasks import CommitTask, DeliverTask
from domain.values import Role
from domain.visibility import SetVisibility, Sights, Visibility, VisibilitySet
from tests.api.graphql.sight import LEVELS, PARENTS, PEOPLE, TEAMS, Restriction, World
from tests.given import ANA, BEN, CAT, given, given_loosely, issued, named
from tests.memory_ledger import MemoryLedger
from tests.stories import TEAM, B, BusyLedger, C, aligned, team
from tests.stories_work import DUE, MEASURE, OUTCOME, TASK, an_outcome, measure, promise

HIDDEN = VisibilitySet(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)
CHECK_IN, COMMENT, REPLY = named("check-in"), named("comment"), named("reply")
SAID = CheckedIn(check_in_id=CHECK_IN, outcome_id=OUTCOME, on=DUE, author_id=BEN, next="Go on")
ON_IT = Commented(comment_id=COMMENT, author_id=BEN, text="Well!", about_id=OUTCOME, outcome_id=OUTCOME)
ON_CHECK_IN = Commented(comment_id=COMMENT, author_id=BEN, text="Well!", about_id=CHECK_IN, check_in_id=CHECK_IN)
REVISE = ReviseOutcome(outcome_id=OUTCOME, title="Others")


@pytest.mark.parametrize(
    ("story", "command"),
    [
        ([], REVISE),
        ([], CheckIn(check_in_id=named("other"), outcome_id=OUTCOME, next="Go on")),
        ([], Comment(comment_id=REPLY, text="Why?", outcome_id=OUTCOME)),
        ([], Follow(entity_id=OUTCOME, kind=EntityKind.OUTCOME)),
        ([], RecordDecision(decision_id=named("decision"), title="Go on", outcome_ids=(OUTCOME,))),
        ([], CommitTask(task_id=TASK, title="Mend it", due_on=DUE, outcome_id=OUTCOME)),
        ([measure()], RetireMeasure(measure_id=MEASURE, reason="Vague.")),
        ([measure()], TakeReading(reading_id=named("reading"), measure_id=MEASURE, value=Decimal(3))),
        ([measure()], TakeReadings(readings=(ReadingGiven(measure_id=MEASURE, value=Decimal(3)),))),
        ([SAID], ReviseCheckIn(check_in_id=CHECK_IN, reason="Wrong.", next="Stop")),
        ([ON_IT], RetractComment(comment_id=COMMENT)),
        ([SAID, ON_CHECK_IN], RetractComment(comment_id=COMMENT)),
        ([ON_IT], Comment(comment_id=REPLY, text="Why?", reply_to_id=COMMENT, outcome_id=OUTCOME)),
    ],
)
def test_r15_what_is_hidden_is_to_a_command_as_if_it_were_not_there(story: list[Event], command: Command) -> None:
    hidden = given_loosely(an_outcome(), HIDDEN, *story).when(command, by=BEN, role=Role.MEMBER)
    absent = given().when(command, by=BEN, role=Role.MEMBER)
    assert absent.refused
    hidden.then_refused(absent.refused.code, *absent.refused.fields)
    assert hidden.refused
    assert hidden.refused.sentence == absent.refused.sentence
    assert given_loosely(an_outcome(), *story).when(command, by=BEN, role=Role.MEMBER).refused is None


def test_r15_whoever_may_see_it_reaches_it_and_so_do_owners_and_the_system() -> None:
    owned = OutcomeSet(outcome_id=OUTCOME, title="Bread", owner_id=BEN, team_id=TEAM)
    above = named("above")
    crews = [team(parent=above), TeamFormed(team_id=above, name="All", lead_ids=(CAT,))]
    for by in (BEN, CAT):
        assert given_loosely(owned, HIDDEN, *crews).when(REVISE, by=by, role=Role.MEMBER).emitted
    given_loosely(owned, HIDDEN, *crews).when(REVISE, role=Role.LEAD).then_refused(NOT_FOUND, "outcomeId")
    assert given_loosely(owned, HIDDEN).when(REVISE).emitted
    assert given_loosely(owned, HIDDEN).when(REVISE, by=None).emitted
    given_loosely(owned, HIDDEN).when(REVISE, by=None, role=Role.MEMBER).then_refused(NOT_FOUND, "outcomeId")


def test_r15_a_promise_that_serves_what_is_hidden_is_kept_all_the_same() -> None:
    kept = given(promise(by=BEN)).when(DeliverTask(task_id=TASK), by=BEN, role=Role.MEMBER)
    assert kept.refused is None
    ledger = MemoryLedger()
    ledger.store(an_outcome(), HIDDEN, promise(by=BEN))
    assert ledger.execute(DeliverTask(task_id=TASK), issued(BEN, role=Role.MEMBER)) == kept.emitted


def test_r15_an_id_that_is_hidden_is_not_free() -> None:
    ledger = MemoryLedger()
    ledger.store(an_outcome(), HIDDEN)
    with pytest.raises(Refused, match="ALREADY_EXISTS"):
        ledger.execute(SetOutcome(outcome_id=OUTCOME, title="Mine"), issued(BEN, role=Role.MEMBER))


def test_r3_a_circle_by_way_of_what_is_hidden_is_refused() -> None:
    story = [an_outcome(), HIDDEN, an_outcome(B), an_outcome(C), aligned(OUTCOME, B), aligned(C, OUTCOME)]
    ledger = MemoryLedger()
    ledger.store(*story)
    with pytest.raises(Refused) as refused:
        ledger.execute(AlignOutcome(outcome_id=B, higher_id=C), issued(BEN, role=Role.MEMBER))
    assert refused.value.code == ALIGNMENT_CIRCLE
    with pytest.raises(Refused) as refused:
        ledger.execute(AlignOutcome(outcome_id=B, higher_id=OUTCOME), issued(BEN, role=Role.MEMBER))
    assert (refused.value.code, refused.value.fields) == (NOT_FOUND, ("higherId",))
    assert ledger.execute(AlignOutcome(outcome_id=C, higher_id=B), issued(BEN, role=Role.MEMBER)) == [
        OutcomeAligned(outcome_id=C, higher_id=B)
    ]


def test_r15_where_nothing_is_restricted_nothing_more_is_read_than_what_is_presumed() -> None:
    command = ReviseOutcome(outcome_id=OUTCOME, title="Others")
    ledger = MemoryLedger()
    ledger.store(an_outcome())
    ledger.execute(command, issued(BEN, role=Role.MEMBER))
    assert [fold.rare for fold in command.known[command.own :]] == [True]
    assert command.last_read == 1


def test_r15_what_is_hidden_in_between_is_reached_no_more() -> None:
    ledger = BusyLedger(an_outcome())
    hide = SetVisibility(outcome_id=OUTCOME, visibility=Visibility.OWNER_AND_LEADS)
    ledger.busy.meanwhile.append(lambda: ledger.execute(hide, issued(ANA)))
    with pytest.raises(IntegrityError):
        ledger.execute(REVISE, issued(BEN, role=Role.MEMBER))


# Who sees what, beside the plain words


def crew(nth: int) -> UUID:
    return named(f"team {nth}")


def somebody(nth: int | None) -> UUID | None:
    return None if nth is None else named(f"person {nth}")


people, teams = st.integers(0, PEOPLE - 1), st.integers(0, TEAMS - 1)
restrictions = st.builds(
    Restriction,
    visibility=st.sampled_from(LEVELS),
    team=st.none() | teams,
    owner=st.none() | people,
    reviewer=st.none() | people,
    named=st.frozensets(people, max_size=2),
)


def told(world: World) -> list[Event]:
    """The world's outcome, teams and members, each at the end of a move."""
    one = world.restrictions[0]
    story: list[Event] = [TeamFormed(team_id=crew(nth), name="Crew") for nth in range(TEAMS)]
    story += [TeamMoved(team_id=crew(below), parent_id=crew(above)) for below, above in PARENTS.items()]
    story += [
        TeamJoined(team_id=crew(nth), person_id=named(f"person {person}"), lead=lead)
        for (nth, person), lead in world.members.items()
    ]
    team_id = None if one.team is None else crew(one.team)
    story.append(OutcomeSet(outcome_id=OUTCOME, title="Bread", team_id=team_id, owner_id=somebody(one.owner)))
    if reviewer_id := somebody(one.reviewer):
        story.append(ReviewerNamed(outcome_id=OUTCOME, from_reviewer_id=None, reviewer_id=reviewer_id))
    named_ids = tuple(named(f"person {nth}") for nth in one.named) if one.visibility == "NAMED" else ()
    story.append(VisibilitySet(outcome_id=OUTCOME, visibility=Visibility(one.visibility), added_ids=named_ids))
    return story


@for_all(
    one=restrictions,
    members=st.dictionaries(st.tuples(teams, people), st.booleans(), max_size=6),
    person=st.none() | people,
)
def test_r15_a_command_sees_what_its_issuer_sees(
    one: Restriction, members: Mapping[tuple[int, int], bool], person: int | None
) -> None:
    world = World({0: one}, dict(members))
    ledger = MemoryLedger()
    ledger.store(*told(world))
    sights = Sights([OUTCOME], somebody(person))
    for folds in sights.reads():
        for fold in folds:
            for position, event in enumerate(ledger.events(), start=1):
                if fold.selects(event, event.tags()):
                    fold.take(event, position)
    assert (not sights.hidden) == world.sees(person, 0)
    by = issued(somebody(person), role=Role.MEMBER)
    with nullcontext() if world.sees(person, 0) else pytest.raises(Refused, match="NOT_FOUND"):
        assert ledger.execute(REVISE, by)
    assert ledger.execute(ReviseOutcome(outcome_id=OUTCOME, title="Mine"), issued(ANA))
