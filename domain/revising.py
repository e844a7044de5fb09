"""What becomes of an outcome after it was set: its terms, whose it is, who reviews and shares it, its rank."""

from datetime import date
from typing import Annotated

import msgspec

from domain.codes import INVALID, NOT_THEIR_OUTCOME, OUTCOME_NOT_IN_STATE, REASON_MISSING, REVIEWER_IS_OWNER
from domain.cycles import Cycle
from domain.focus import OutcomesRanked, Place, Ranking
from domain.kernel import Command, CycleId, OutcomeId, OwnerId, Reads, Refused, ReviewerId, SharedId, TeamId
from domain.outcomes import (
    Ambition,
    CycleOf,
    Outcome,
    OutcomeAssigned,
    OutcomeRevised,
    OutcomeShared,
    ReviewerNamed,
    RollUp,
)
from domain.people import Person, Team
from domain.references import check_mentions, mentioned
from domain.standing import Standing, State
from domain.values import Invalid, Reason, Text, Title, checked_span


class ReviseOutcome(Command):
    """Say an outcome in other words or on other terms; what is left out stays as it is (R9).

    Once it is active, or its cycle is closed (R8), a reason is due. An outcome without a cycle may be given one; into
    another cycle it is carried over. Refused where it has ended, or would end before it starts.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    title: Title | None = None
    description: Text | None = None
    cycle_id: CycleId | None = None
    ambition: Ambition | None = None
    starts_on: date | None = None
    due_on: date | None = None
    roll_up: RollUp | None = None
    reason: Reason | None = None

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.cycle = self.cycle_id and Cycle(self.cycle_id)
        self.mentions = mentioned(cycleId=self.cycle)
        yield [self.outcome, self.standing, *self.mentions.values()]
        self.within = CycleOf(self.outcome)
        yield from self.within.reads()

    def execute(self) -> None:
        was = self.outcome.known("outcomeId")
        self.standing.check_goes_on("outcomeId")
        check_mentions(self.mentions)
        if self.cycle and self.cycle_id != was.cycle_id:
            self.cycle.check_open("cycleId")
        if was.cycle_id and self.cycle_id not in {None, was.cycle_id}:
            raise Refused(OUTCOME_NOT_IN_STATE, "Set a new outcome there: this one has a cycle already.", "cycleId")
        event = OutcomeRevised(
            outcome_id=self.outcome_id,
            title=self.title or was.title,
            description=was.description if self.description is None else self.description,
            cycle_id=self.cycle_id or was.cycle_id,
            ambition=self.ambition or was.ambition,
            starts_on=self.starts_on or was.starts_on,
            due_on=self.due_on or was.due_on,
            roll_up=self.roll_up or was.roll_up,
            reason=self.reason,
        )
        names = set(event.__struct_fields__) - {"reason"}
        if all(getattr(event, name) == getattr(was, name) for name in names):
            return
        self.within.check_correction(self.reason)
        if self.reason is None and self.standing.state is not State.DRAFT:
            raise Refused(REASON_MISSING, "Say why: the outcome is worked on already.", "reason")
        try:
            checked_span(event.starts_on, event.due_on, "dueOn")
        except Invalid as invalid:
            raise Refused(INVALID, invalid.sentence, "dueOn") from None
        self.emit(event)


class AssignOutcome(Command):
    """Give an outcome to another team, another person, or both; what is left out stays as it is (R2).

    An active outcome takes its place in the focus along; once its cycle is closed, a reason is due (R8). Refused where
    that would go past the focus limit of whoever takes it, where the new owner reviews it, or where it has ended.
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    team_id: TeamId | None = None
    owner_id: OwnerId | None = None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.team_id is None and self.owner_id is None:
            raise Invalid("Give a team, a person, or both.", "teamId")

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id), ownerId=self.owner_id and Person(self.owner_id)
        )
        yield [self.outcome, self.standing, *self.mentions.values()]
        self.cycle = CycleOf(self.outcome)
        yield from self.cycle.reads()
        self.place: Place | None = None
        was = self.outcome.now
        if was and was.cycle_id and self.standing.state is State.ACTIVE:
            team_id, owner_id = self.team_id or was.team_id, self.owner_id or was.owner_id
            if (team_id or owner_id) != (was.team_id or was.owner_id):
                self.place = Place(self.issued.organisation_id, was.cycle_id, team_id, owner_id)
                yield from self.place.reads()

    def execute(self) -> None:
        was = self.outcome.known("outcomeId")
        self.standing.check_goes_on("outcomeId")
        check_mentions(self.mentions)
        team_id, owner_id = self.team_id or was.team_id, self.owner_id or was.owner_id
        if (team_id, owner_id) == (was.team_id, was.owner_id):
            return
        self.cycle.check_correction(self.reason)
        if owner_id and owner_id == was.reviewer_id:
            raise Refused(REVIEWER_IS_OWNER, "Name another reviewer first: this person reviews it.", "ownerId")
        if self.place:
            self.place.check("teamId" if team_id else "ownerId")
        self.emit(
            OutcomeAssigned(
                outcome_id=self.outcome_id,
                cycle_id=was.cycle_id,
                from_team_id=was.team_id,
                team_id=team_id,
                from_owner_id=was.owner_id,
                owner_id=owner_id,
                active=self.standing.state is State.ACTIVE,
                reason=self.reason,
            )
        )


class NameReviewer(Command):
    """Say who reviews an outcome.

    Refused where the person owns it, it has ended, or its cycle is closed (R8).
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    reviewer_id: ReviewerId

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.mentions = mentioned(reviewerId=Person(self.reviewer_id))
        yield [self.outcome, self.standing, *self.mentions.values()]
        self.cycle = CycleOf(self.outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        was = self.outcome.known("outcomeId")
        self.standing.check_goes_on("outcomeId")
        check_mentions(self.mentions)
        self.cycle.check_open("outcomeId")
        if self.reviewer_id == was.owner_id:
            raise Refused(REVIEWER_IS_OWNER, "Name somebody else: this person owns the outcome.", "reviewerId")
        if self.reviewer_id != was.reviewer_id:
            self.emit(
                ReviewerNamed(
                    outcome_id=self.outcome_id, from_reviewer_id=was.reviewer_id, reviewer_id=self.reviewer_id
                )
            )


class ShareOutcome(Command):
    """Say which teams share an outcome with its owner: exactly these, or none.

    Refused where a team is unknown, the outcome has ended, or its cycle is closed (R8).
    """

    entity = "outcome_id"

    outcome_id: OutcomeId
    team_ids: Annotated[tuple[SharedId, ...], msgspec.Meta(max_length=50)]

    def reads(self) -> Reads:
        self.outcome = Outcome(self.outcome_id)
        self.standing = Standing(self.outcome_id)
        self.teams = [Team(one) for one in sorted(set(self.team_ids))]
        yield [self.outcome, self.standing, *self.teams]
        self.cycle = CycleOf(self.outcome)
        yield from self.cycle.reads()

    def execute(self) -> None:
        self.outcome.check("outcomeId")
        self.standing.check_goes_on("outcomeId")
        self.cycle.check_open("outcomeId")
        for team in self.teams:
            team.check("teamIds")
        wanted, had = set(self.team_ids), self.outcome.shared
        if wanted != had:
            self.emit(
                OutcomeShared(
                    outcome_id=self.outcome_id,
                    added_ids=tuple(sorted(wanted - had)),
                    removed_ids=tuple(sorted(had - wanted)),
                )
            )


class RankOutcomes(Command):
    """Put the outcomes of a team in a cycle in order, the most important first; what is left out has no rank.

    Refused where an outcome is unknown, has ended, or belongs to another team or cycle, or the cycle is closed (R8).
    """

    entity = "team_id"

    team_id: TeamId
    cycle_id: CycleId
    outcome_ids: Annotated[tuple[OutcomeId, ...], msgspec.Meta(max_length=100)]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.outcome_ids)) < len(self.outcome_ids):
            raise Invalid("Name each outcome once.", "outcomeIds")

    def reads(self) -> Reads:
        self.ranking = Ranking(self.cycle_id, self.team_id)
        self.cycle = Cycle(self.cycle_id)
        self.mentions = mentioned(teamId=Team(self.team_id), cycleId=self.cycle)
        self.outcomes = [Outcome(one) for one in self.outcome_ids]
        self.standings = [Standing(one) for one in self.outcome_ids]
        yield [self.ranking, *self.mentions.values(), *self.outcomes, *self.standings]

    def execute(self) -> None:
        check_mentions(self.mentions)
        self.cycle.check_open("cycleId")
        for outcome, standing in zip(self.outcomes, self.standings, strict=True):
            now = outcome.known("outcomeIds")
            standing.check_goes_on("outcomeIds")
            if (now.team_id, now.cycle_id) != (self.team_id, self.cycle_id):
                sentence = f"Leave out what is not the team's in this cycle: {now.title}."
                raise Refused(NOT_THEIR_OUTCOME, sentence, "outcomeIds")
        if self.outcome_ids != self.ranking.order:
            self.emit(
                OutcomesRanked(
                    team_id=self.team_id,
                    cycle_id=self.cycle_id,
                    outcome_ids=self.outcome_ids,
                    unranked_ids=tuple(one for one in self.ranking.order if one not in self.outcome_ids),
                )
            )
