"""A large organisation of promises: people in teams that nest, and what became of what they promised over two years.

Outcomes, measures and readings are a fifth of the world of `scale`, in the same trees of four levels.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid4

from domain.celebrations import Celebrated
from domain.checkins import CheckedIn, Status
from domain.cycles import CycleClosed
from domain.declining import WorkDeclined
from domain.delegation import DutiesDelegated
from domain.escalation import OpenFact, Receiver
from domain.kernel import Event
from domain.milestones import MilestoneMissed, MilestoneMoved, MilestoneReached, MilestoneSet
from domain.organisation import ApiKeyIssued, OrganisationFounded, Scope
from domain.outcomes import ReviewerNamed
from domain.people import PersonRegistered, TeamFormed, TeamJoined
from domain.promises import (
    BlockKind,
    CommitmentBroken,
    DeliveryAccepted,
    DeliveryReturned,
    TaskAccepted,
    TaskBlocked,
    TaskCommitted,
    TaskDelivered,
    TaskReassigned,
    TaskReleased,
    TaskRequested,
    TermsAgreed,
    TermsProposed,
)
from domain.sources import SourceConnected, SourceKind, SourceSilent
from domain.standing import OutcomeGraded
from domain.timekeeping_escalation import TaskEscalated
from domain.timekeeping_work import DuePassed
from domain.values import Role
from domain.visibility import Visibility, VisibilitySet
from domain.webhooks import DisabledBecause, Mode, WebhookDisabled, WebhookSubscribed
from tests.bench.world import CYCLES, FIRST, LAST, Dated, World

SHARE, READINGS_EACH = 5, 30
TASKS_EACH, MILESTONES_EACH, CHECK_INS_EACH = 30, 6, 4
TOP_TEAMS = 10
REVIEWED_BY_ONE = 40  # outcomes in a row, of which one of four has a reviewer
SILENT = 50  # of so many outcomes one has had no check-in for a while
DAYS = (LAST - FIRST).days
ASKED_BEFORE = 20  # days from a request to its due date
DUE_DAYS = 745  # due dates are spread over, so that some are still to come
BUSY = (17, 18, 18, 18)  # what becomes of the latest promises by and to the viewer, whose inbox is full
FATES = 20
Step = tuple[date, Event]


class PromisedWorld(World):
    """Its viewer is an ordinary member who leads the first team, which has others below it."""

    def __init__(self, share: int = 1) -> None:
        super().__init__(SHARE * share)
        self.readings_each = READINGS_EACH
        self.task_ids = [uuid4() for _ in range(self.people * TASKS_EACH)]
        self.milestone_ids = [uuid4() for _ in range(self.outcomes * MILESTONES_EACH)]
        self.promisers = [self.person_ids[nth % self.people] for nth in range(len(self.task_ids))]

    def events(self) -> Iterator[Dated]:
        """In the order of their days, and of one day as they came."""
        first, last = datetime.combine(FIRST, time(8), UTC), datetime.combine(LAST, time(18), UTC)
        set_up = ((first, event) for event in (*self._founded(), *self._strategy(), *self._outcomes()))
        steps = [*self._promises(), *self._points(), *self._said(), *self._won(), *self._waiting()]
        lived = [(datetime.combine(max(day, FIRST), time(12), UTC), event) for day, event in steps if day <= LAST]
        review = ((last, event) for event in self._review())
        yield from sorted([*set_up, *lived, *self._readings(), *review], key=lambda dated: dated[0])

    def _founded(self) -> Iterator[Event]:
        yield OrganisationFounded(organisation_id=self.organisation_id, name="World", time_zone="UTC")
        for nth, one in enumerate(self.person_ids):
            yield PersonRegistered(person_id=one, name=f"Person {nth:05}")
        for nth, one in enumerate(self.team_ids):
            parent = None if nth < TOP_TEAMS else self.team_ids[nth % TOP_TEAMS]
            yield TeamFormed(team_id=one, name=f"Team {nth:03}", parent_id=parent, lead_ids=(self.person_ids[nth],))
        for nth, one in enumerate(self.person_ids[len(self.team_ids) :], start=len(self.team_ids)):
            yield TeamJoined(team_id=self.team_ids[nth % len(self.team_ids)], person_id=one)
        yield ApiKeyIssued(
            api_key_id=uuid4(),
            name="bench",
            role=Role.MEMBER,
            scopes=(Scope.READ, Scope.WRITE),
            person_id=self.person_ids[0],
            lookup=self.key.lookup,
            digest=self.key.digest,
        )

    def _outcomes(self) -> Iterator[Event]:
        """As in every world; one of forty is for its owner and leads."""
        yield from super()._outcomes()
        for one in self.outcome_ids[5::40]:
            yield VisibilitySet(outcome_id=one, visibility=Visibility.OWNER_AND_LEADS)
        for nth in range(1, self.outcomes, 4):
            reviewer = self.person_ids[nth // REVIEWED_BY_ONE]
            yield ReviewerNamed(outcome_id=self.outcome_ids[nth], from_reviewer_id=None, reviewer_id=reviewer)

    def _review(self) -> Iterator[Event]:
        """As in every world, but that of some outcomes nothing is said any more."""
        silent = set(self.outcome_ids[1::SILENT])
        for event in super()._review():
            if not isinstance(event, CheckedIn) or event.outcome_id not in silent:
                yield event

    def _promises(self) -> Iterator[Step]:
        """Due from the first day to a month after the last, so that some are open; the same in every run."""
        dice = Random(7)  # noqa: S311 - no secret
        for nth, one in enumerate(self.task_ids):
            due, fate = FIRST + timedelta(days=ASKED_BEFORE + dice.randrange(DUE_DAYS)), dice.randrange(FATES)
            if due > LAST - timedelta(days=120) and self.person_ids[0] in {self.promisers[nth], self._beneficiary(nth)}:
                fate = dice.choice(BUSY)
            yield from self._promise(nth, one, due, fate)

    def _promise(self, nth: int, task: UUID, due: date, fate: int) -> Iterator[Step]:
        promiser, beneficiary = self.promisers[nth], self._beneficiary(nth)
        outcome = self.outcome_ids[nth * 7 % self.outcomes]
        begun, title = due - timedelta(days=ASKED_BEFORE), f"Task {nth:05}"
        if fate % 4:
            yield (
                begun,
                TaskCommitted(
                    task_id=task,
                    title=title,
                    due_on=due,
                    promiser_id=promiser,
                    beneficiary_id=beneficiary,
                    outcome_id=outcome,
                ),
            )
        else:
            yield begun, TaskRequested(
                task_id=task, title=title, due_on=due, promiser_id=promiser, beneficiary_id=beneficiary,
                requester_id=beneficiary, outcome_id=outcome,
            )  # fmt: skip
            if due < LAST + timedelta(days=10):
                yield begun + timedelta(days=1), TaskAccepted(task_id=task, promiser_id=promiser, outcome_id=outcome)
        if due < LAST:
            yield from self._lived(fate, nth, task, due)

    def _beneficiary(self, nth: int) -> UUID:
        """Oneself, somebody of the team, or somebody else."""
        ahead = (0, len(self.team_ids), 1, 2 * len(self.team_ids), 7)[nth // self.people % 5]
        return self.person_ids[(nth + ahead) % self.people]

    def _lived(self, fate: int, nth: int, task: UUID, due: date) -> Iterator[Step]:
        outcome, late = self.outcome_ids[nth * 7 % self.outcomes], due + timedelta(days=1 + nth % 14)
        match fate:
            case 15:
                yield late, CommitmentBroken(task_id=task, reason="Something else came first.", outcome_id=outcome)
            case 16:
                end = due - timedelta(days=2) if nth % 3 else late
                yield end, TaskReleased(task_id=task, reason="It is not wanted any more.", outcome_id=outcome)
            case 17:
                yield due, TaskDelivered(task_id=task, delivered_on=due, outcome_id=outcome)
                if nth % 5:
                    yield late, DeliveryAccepted(task_id=task, outcome_id=outcome)
            case 18:
                yield from self._overdue(nth, task, due, outcome)
            case 19:
                yield from self._handed_over(nth, task, due, outcome)
            case _:
                yield from self._kept(fate, nth, task, due, outcome)

    def _kept(self, fate: int, nth: int, task: UUID, due: date, outcome: UUID) -> Iterator[Step]:
        """Of those kept a fifth was renegotiated twice, a tenth was late, and some were returned once."""
        for turn in range(2 if fate in {9, 10, 11} else 0):
            day, later = due - timedelta(days=3), due + timedelta(days=10)
            yield day, TermsProposed(
                task_id=task, proposer_id=self.promisers[nth], title=f"Task {nth:05}", due_on=later,
                reason=f"It takes longer, {turn}.", outcome_id=outcome,
            )  # fmt: skip
            yield (
                day,
                TermsAgreed(task_id=task, title=f"Task {nth:05}", due_on=later, former_due_on=due, outcome_id=outcome),
            )
            due = later
        day = due + timedelta(days=1 + nth % 14) if fate in {12, 13} else due - timedelta(days=nth % 6)
        yield day, TaskDelivered(task_id=task, delivered_on=day, outcome_id=outcome)
        if fate == 14:
            yield day, DeliveryReturned(task_id=task, reason="Half of it is missing.", outcome_id=outcome)
            day += timedelta(days=2)
            yield day, TaskDelivered(task_id=task, delivered_on=day, outcome_id=outcome)
        yield day + timedelta(days=1), DeliveryAccepted(task_id=task, outcome_id=outcome)

    def _overdue(self, nth: int, task: UUID, due: date, outcome: UUID) -> Iterator[Step]:
        """Open where it is young, else delivered after a month; some are blocked, of some new terms wait."""
        yield due + timedelta(days=1), DuePassed(task_id=task, due_on=due, outcome_id=outcome)
        if due < LAST - timedelta(days=120):
            day = due + timedelta(days=30)
            yield day, TaskDelivered(task_id=task, delivered_on=day, outcome_id=outcome)
            yield day, DeliveryAccepted(task_id=task, outcome_id=outcome)
        elif nth % 3:
            yield from self._gone_further(nth, task, due, outcome)
            yield due, TaskBlocked(
                task_id=task, kind=BlockKind.DECISION, next_action="Ask.", act_by=due + timedelta(days=5),
                waiting_for_person_id=self._beneficiary(nth), outcome_id=outcome,
            )  # fmt: skip
        else:
            yield due, TermsProposed(
                task_id=task, proposer_id=self.promisers[nth], title=f"Task {nth:05}",
                due_on=due + timedelta(days=60), reason="It takes longer.", outcome_id=outcome,
            )  # fmt: skip

    def _gone_further(self, nth: int, task: UUID, due: date, outcome: UUID) -> Iterator[Step]:
        """To whom it is promised after a week, to the leads of the outcome's team after two."""
        lead = self.person_ids[nth * 7 % self.outcomes % len(self.team_ids)]
        told = ((7, Receiver.BENEFICIARY, self._beneficiary(nth)), (14, Receiver.LEADS, lead))
        for days, to, person in told:
            yield due + timedelta(days=days), TaskEscalated(
                task_id=task, fact=OpenFact.DUE_PASSED, stands_since=due, days=days, to=to,
                holder_id=self.organisation_id, person_ids=(person,), outcome_id=outcome,
            )  # fmt: skip

    def _waiting(self) -> Iterator[Step]:
        """What comes to an inbox beside promises: the viewer's is one of many that have some of each kind."""
        viewer, absent = self.person_ids[:2]
        yield LAST, DutiesDelegated(
            person_id=absent, delegate_id=viewer, starts_on=LAST - timedelta(days=10),
            ends_on=LAST + timedelta(days=10), reason="On leave.",
        )  # fmt: skip
        for nth, team in enumerate(self.team_ids):
            for turn in range(2):
                yield LAST, TaskRequested(
                    task_id=uuid4(), title=f"For whoever can, {turn}", due_on=LAST + timedelta(days=20),
                    beneficiary_id=self.person_ids[-1], requester_id=self.person_ids[-1], team_id=team,
                )  # fmt: skip
                yield LAST - timedelta(days=60), WorkDeclined(
                    declined_work_id=uuid4(), title=f"Declined {nth:03}", reason="Not now.", team_id=team,
                    until_on=LAST - timedelta(days=5) + timedelta(days=30 * turn),
                )  # fmt: skip
        yield from self._closed()
        yield from self._unheard()

    def _closed(self) -> Iterator[Step]:
        """The first cycle, whose outcomes were graded: neither the grades nor the review have been read."""
        for nth in range(0, self.outcomes, CYCLES):
            grade = Decimal(nth % 11) / 10
            yield LAST - timedelta(days=21), OutcomeGraded(
                outcome_id=self.outcome_ids[nth], grade=grade, suggested=grade, success=nth % 11 > 6,
                graded_on=LAST - timedelta(days=21), cycle_id=self.cycle_ids[0],
                team_id=self.team_ids[nth % len(self.team_ids)], owner_id=self.person_ids[nth % self.people],
            )  # fmt: skip
        day = LAST - timedelta(days=20)
        yield day, CycleClosed(cycle_id=self.cycle_ids[0], closed_on=day)

    def _unheard(self) -> Iterator[Step]:
        """Sources that have told nothing for a while, and webhooks that were disabled."""
        since = datetime.combine(LAST - timedelta(days=4), time(12), UTC)
        for nth in range(0, self.outcomes, 5):
            source, measure, outcome = uuid4(), self.measure_ids[nth][0], self.outcome_ids[nth]
            yield FIRST, SourceConnected(
                source_id=source, kind=SourceKind.PUSH_JSON, value_at="/value", measure_id=measure, outcome_id=outcome,
                person_id=self.person_ids[nth % len(self.team_ids)],
            )  # fmt: skip
            if nth % 3 == 0:
                yield LAST, SourceSilent(
                    source_id=source, silent_since=since, measure_id=measure, outcome_id=outcome
                )  # fmt: skip
        for person in self.person_ids[: len(self.team_ids) // 10]:
            webhook = uuid4()
            yield LAST, WebhookSubscribed(
                webhook_id=webhook, receiver="https://hooks.example/headway", kinds=("milestone.*",), secret_id=uuid4(),
                mode=Mode.THIN, ordered=False, person_id=person,
            )  # fmt: skip
            yield LAST, WebhookDisabled(webhook_id=webhook, because=DisabledBecause.GONE)

    def _handed_over(self, nth: int, task: UUID, due: date, outcome: UUID) -> Iterator[Step]:
        late, other = due + timedelta(days=3), self.person_ids[(nth + len(self.team_ids)) % self.people]
        yield late, TaskReassigned(
            task_id=task, from_promiser_id=self.promisers[nth], promiser_id=other, requester_id=self._beneficiary(nth),
            reason="They have the time.", outcome_id=outcome,
        )  # fmt: skip
        yield late, TaskAccepted(task_id=task, promiser_id=other, outcome_id=outcome)
        day = late + timedelta(days=4)
        yield day, TaskDelivered(task_id=task, delivered_on=day, outcome_id=outcome)
        yield day, DeliveryAccepted(task_id=task, outcome_id=outcome)

    def _points(self) -> Iterator[Step]:
        """Milestones: reached, reached late, missed, moved, and planned; the same in every run."""
        dice = Random(11)  # noqa: S311 - no secret
        for nth, one in enumerate(self.milestone_ids):
            outcome = self.outcome_ids[nth % self.outcomes]
            due, fate = FIRST + timedelta(days=30 + dice.randrange(DAYS + 30)), dice.randrange(10)
            yield FIRST, MilestoneSet(milestone_id=one, outcome_id=outcome, title=f"Milestone {nth:04}", due_on=due)
            if nth % 4 == 0:
                later = due + timedelta(days=14)
                yield (
                    due - timedelta(days=5),
                    MilestoneMoved(
                        milestone_id=one, outcome_id=outcome, former_due_on=due, due_on=later, reason="It takes longer."
                    ),
                )
                due = later
            if due < LAST and fate < 8:
                late = nth % 5
                yield (
                    due + timedelta(days=late),
                    MilestoneReached(
                        milestone_id=one, outcome_id=outcome, reached_on=due + timedelta(days=late), days_late=late
                    ),
                )
            elif due < LAST and fate == 8:
                yield (
                    due,
                    MilestoneMissed(
                        milestone_id=one, outcome_id=outcome, due_on=due, missed_on=due, reason="The supplier went."
                    ),
                )

    def _said(self) -> Iterator[Step]:
        """Check-ins over the last months, some of a setback."""
        for nth, one in enumerate(self.outcome_ids):
            for turn in range(CHECK_INS_EACH - (nth % SILENT == 1)):
                day = LAST - timedelta(days=14 * (CHECK_INS_EACH - turn) + nth % 7)
                back = "The oven broke." if (nth + turn) % 6 == 0 else None
                yield (
                    day,
                    CheckedIn(
                        check_in_id=uuid4(),
                        outcome_id=one,
                        on=day,
                        status=Status.AT_RISK,
                        author_id=None,
                        set_back=back,
                    ),
                )

    def _won(self) -> Iterator[Step]:
        """Every fifth milestone that was reached is celebrated two days later."""
        for _, event in list(self._points()):
            if isinstance(event, MilestoneReached) and event.milestone_id.int % 5 == 0:
                day = event.reached_on + timedelta(days=2)
                yield day, Celebrated(
                    celebration_id=uuid4(), author_id=self.person_ids[0], title="Bravo", text=None, celebrated_on=day,
                    about_id=event.milestone_id, person_ids=(self.person_ids[1],), outcome_id=event.outcome_id,
                    milestone_id=event.milestone_id,
                )  # fmt: skip
