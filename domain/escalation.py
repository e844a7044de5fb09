"""Escalation: to whom a fact goes that stands open, after how many days; the nearest ladder of steps counts."""

from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated
from uuid import UUID

import msgspec

from domain.kernel import Command, Event, Fold, OrganisationId, Reads, TeamId
from domain.people import Team, TeamAbove, TeamFormed, TeamJoined, TeamLeft
from domain.references import check_mentions, mentioned
from domain.values import Invalid, Reason, Role

Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
MOST_STEPS = 5  # of a fact


class OpenFact(StrEnum):
    """What time has brought about, and goes to others while it stands open."""

    DUE_PASSED = "DUE_PASSED"
    ACCEPTANCE_PASSED = "ACCEPTANCE_PASSED"
    BLOCK_AGED = "BLOCK_AGED"
    CHECK_IN_MISSED = "CHECK_IN_MISSED"
    ACKNOWLEDGEMENT_PASSED = "ACKNOWLEDGEMENT_PASSED"


OF_TASKS = frozenset({OpenFact.DUE_PASSED, OpenFact.ACCEPTANCE_PASSED, OpenFact.BLOCK_AGED})


class Receiver(StrEnum):
    """To whom it goes: owner, reviewer and leads are those of the outcome that it is about, or that the task serves."""

    BENEFICIARY = "BENEFICIARY"
    OWNER = "OWNER"
    REVIEWER = "REVIEWER"
    LEADS = "LEADS"
    LEADS_ABOVE = "LEADS_ABOVE"


# Who it waits for as it is: they have it in their inbox from the beginning.
OWED_BY = {
    OpenFact.ACCEPTANCE_PASSED: Receiver.BENEFICIARY,
    OpenFact.CHECK_IN_MISSED: Receiver.OWNER,
    OpenFact.ACKNOWLEDGEMENT_PASSED: Receiver.REVIEWER,
}


class EscalationStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact of this kind that has stood open for so many days goes to these people."""

    fact: OpenFact
    days: Days
    to: Receiver

    def reached(self, stands_since: date, day: date) -> bool:
        """Whether what has stood since a day has come to this step.

        >>> step = EscalationStep(fact=OpenFact.DUE_PASSED, days=3, to=Receiver.LEADS)
        >>> [step.reached(date(2024, 3, 1), date(2024, 3, day)) for day in (3, 4, 5)]
        [False, True, True]
        """
        return stands_since + timedelta(days=self.days) <= day


Steps = Annotated[tuple[EscalationStep, ...], msgspec.Meta(max_length=MOST_STEPS * len(OpenFact))]


class EscalationSet(Event, frozen=True, tag="escalation.set"):
    """To whom open facts go changed, for a team and those below it, or all; null: by the next ladder above."""

    holder_id: UUID  # the team or the organisation that one of the last two names
    steps: Steps | None
    reason: Reason
    organisation_id: OrganisationId | None = None
    team_id: TeamId | None = None


class Ladder(Fold[EscalationSet]):
    """The steps that were set for a team or the organisation itself; none at all where it has no ladder of its own."""

    def __init__(self, **holder: UUID | None) -> None:
        super().__init__(**holder)
        self.holder_id = next(one for one in holder.values() if one)
        self.steps: tuple[EscalationStep, ...] | None = None

    def fold(self, event: EscalationSet) -> None:
        self.steps = event.steps


class Leads(Fold[TeamFormed | TeamJoined | TeamLeft]):
    """Who leads a team."""

    def __init__(self, team_id: UUID) -> None:
        super().__init__(team=team_id)
        self.person_ids: dict[UUID, None] = {}

    def fold(self, event: TeamFormed | TeamJoined | TeamLeft) -> None:
        match event:
            case TeamFormed():
                self.person_ids = dict.fromkeys(event.lead_ids)
            case TeamJoined(lead=True):
                self.person_ids[event.person_id] = None
            case TeamJoined() | TeamLeft():
                self.person_ids.pop(event.person_id, None)


class Above:
    """A team and those above it: the ladder that is in force for it, and its leads."""

    def __init__(self, organisation_id: UUID, team_id: UUID | None) -> None:
        self.team_id = team_id
        self.of_all = Ladder(organisation=organisation_id)
        self.ladders: list[Ladder] = []  # the nearest first
        self.leads: list[Leads] = []

    def reads(self) -> Reads:
        """Upwards, team by team."""
        yield [self.of_all]
        rising, risen = self.team_id, set[UUID]()
        while rising and rising not in risen:
            risen.add(rising)
            team, ladder, leads = TeamAbove(rising), Ladder(team=rising), Leads(rising)
            yield [team, ladder, leads]
            self.ladders.append(ladder)
            self.leads.append(leads)
            rising = team.parent_id

    @property
    def ladder(self) -> Ladder:
        """The nearest that has steps, or says that there are none."""
        return next((one for one in self.ladders if one.steps is not None), self.of_all)

    def led_by(self, receiver: Receiver) -> set[UUID]:
        """The leads of the team, or of the nearest team above it that has any."""
        if receiver is Receiver.LEADS:
            return {*self.leads[0].person_ids} if self.leads else set()
        return next(({*one.person_ids} for one in self.leads[1:] if one.person_ids), set[UUID]())


class SetEscalation(Command):
    """Say to whom overdue promises, unanswered deliveries, aged blocks, missed check-ins and unread check-ins go, and
    after how many days: for a team and those below it, or the organisation.

    The nearest ladder counts, as a whole; one without a step lets nothing go further, and `none` takes it off again, so
    that the next nearest counts. Refused where the team is unknown, the days of a fact do not rise from step to step,
    or a step goes to whoever it waits for already.
    """

    role = Role.LEAD

    reason: Reason
    steps: Steps | None = None
    none: bool = False
    team_id: TeamId | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.none is (self.steps is not None):
            raise Invalid("Give the steps, or say that there is no ladder.", "steps")
        for fact in OpenFact:
            self._check([one for one in self.steps or () if one.fact is fact], fact)

    def _check(self, steps: list[EscalationStep], fact: OpenFact) -> None:
        days = [one.days for one in steps]
        if len(steps) > MOST_STEPS:
            raise Invalid(f"Give at most {MOST_STEPS} steps of a fact: {fact.value} has {len(steps)}.", "steps")
        if any(later <= before for before, later in pairwise(days)):
            raise Invalid(f"Let the days rise from step to step: those of {fact.value} do not.", "steps")
        receivers = {one.to for one in steps}
        if OWED_BY.get(fact) in receivers:
            raise Invalid(f"Choose somebody else: {fact.value} waits for the {OWED_BY[fact].value} already.", "steps")
        if fact not in OF_TASKS and Receiver.BENEFICIARY in receivers:
            raise Invalid(f"Choose somebody else: nobody is promised anything by {fact.value}.", "steps")

    def reads(self) -> Reads:
        holder = {"team": self.team_id} if self.team_id else {"organisation": self.issued.organisation_id}
        self.was = Ladder(**holder)
        self.mentions = mentioned(teamId=self.team_id and Team(self.team_id))
        yield [self.was, *self.mentions.values()]

    def execute(self) -> None:
        check_mentions(self.mentions)
        if self.steps != self.was.steps:
            self.emit(
                EscalationSet(
                    holder_id=self.was.holder_id,
                    steps=self.steps,
                    reason=self.reason,
                    organisation_id=None if self.team_id else self.issued.organisation_id,
                    team_id=self.team_id,
                )
            )
