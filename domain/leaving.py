"""Persons leave, teams are disbanded, and nobody leaves duties behind (R14)."""

from collections.abc import Iterator, Mapping
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import INVALID, NOT_ALLOWED, REVIEWER_IS_OWNER
from domain.contributing import Contributions
from domain.duties import (
    AWAITED,
    WORKED_ON,
    Asked,
    Duty,
    DutyKind,
    Held,
    Members,
    PersonsDuties,
    Places,
    TeamsInside,
    Work,
    check_taken,
    duty_of,
)
from domain.feeds import FeedTokenRevoked, FeedTokens
from domain.initiatives import InitiativeAssigned
from domain.kernel import Command, Fold, PersonId, Reads, Refused, TeamId
from domain.milestones import MilestoneAssigned
from domain.organisation import ApiKey, ApiKeyIssued, ApiKeyRevoked, RoleRevoked, Roles
from domain.outcomes import OutcomeAssigned, OutcomeSet, ReviewerNamed
from domain.people import (
    Membership,
    Person,
    PersonDeactivated,
    Team,
    TeamAbove,
    TeamDisbanded,
    TeamJoined,
    TeamLeft,
    TeamMoved,
)
from domain.promises import (
    AskedTeamReplaced,
    BeneficiaryReplaced,
    ContributionEnded,
    CounterRefused,
    Promise,
    State,
    TaskReassigned,
)
from domain.sources import SourceAssigned
from domain.standing import State as Life
from domain.values import Invalid, Reason, Role
from domain.webhooks import Webhook, WebhookPaused, WebhookRevised, WebhookState, WebhookSubscribed

MOST_HANDOVERS = 1_000


class PersonHandover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Who takes one duty: the outcome, the task, the team, the initiative, the milestone or the source, and the
    person."""

    entity_id: UUID
    person_id: PersonId


class TeamHandover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Which team takes one outcome, or is asked for one task."""

    entity_id: UUID
    team_id: TeamId


class Keys(Fold[ApiKeyIssued]):
    """The keys that were ever issued for a person."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.api_key_ids: set[UUID] = set()

    def fold(self, event: ApiKeyIssued) -> None:
        self.api_key_ids.add(event.api_key_id)


class Subscribed(Fold[WebhookSubscribed | WebhookRevised]):
    """The webhooks that a person ever had."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(person=person_id)
        self.webhook_ids: set[UUID] = set()

    def fold(self, event: WebhookSubscribed | WebhookRevised) -> None:
        self.webhook_ids.add(event.webhook_id)


class Takers:
    """Who takes what: as the handovers say, and the successor whatever they do not name."""

    def __init__(self, handovers: Mapping[UUID, UUID], successor_id: UUID | None) -> None:
        self.handovers, self.successor_id = handovers, successor_id

    def __getitem__(self, entity_id: UUID) -> UUID:
        return self.handovers.get(entity_id) or self.successor_id or entity_id

    def take(self, entity_id: UUID) -> bool:
        """Whether anybody takes it."""
        return self.successor_id is not None or entity_id in self.handovers

    def field(self, entity_id: UUID) -> str:
        """The field that says who takes it."""
        return "handovers" if entity_id in self.handovers else "successorId"

    def all(self) -> Iterator[tuple[str, UUID]]:
        """Each with the field that names them."""
        if self.successor_id:
            yield "successorId", self.successor_id
        yield from (("handovers", one) for one in sorted(set(self.handovers.values())))

    def check(self, leaving_id: UUID, duties: list[Duty]) -> None:
        """Refuses duties that nobody takes, whoever leaves as a taker, and what is no duty."""
        for field, one in self.all():
            if one == leaving_id:
                raise Refused(INVALID, "Choose somebody else: nobody takes their own duties.", field)
        if unknown := self.handovers.keys() - {duty.entity_id for duty in duties}:
            sentence = f"Leave out what is none of their duties: {', '.join(map(str, sorted(unknown)))}."
            raise Refused(INVALID, sentence, "handovers")
        check_taken([duty for duty in duties if not self.take(duty.entity_id)], "handovers", "successorId")


class DeactivatePerson(Command):
    """Say that a person has left, why, and who takes what they had to do; their keys open nothing any more (R14).

    The successor takes whatever no handover names: outcomes worked on, reviews, open promises on both sides, teams led,
    open initiatives and milestones, sources; and the webhooks, which rest until they are resumed. Whom they promised is
    asked anew of whoever takes it (R5); what they contributed to they do no longer. Refused where a duty is left, the
    person is unknown, whoever takes an outcome reviews it or has no place for it (R2), or the role of the caller is
    weaker.
    """

    entity = "person_id"
    role = Role.LEAD

    person_id: PersonId
    reason: Reason
    successor_id: PersonId | None = None
    handovers: Annotated[tuple[PersonHandover, ...], msgspec.Meta(max_length=MOST_HANDOVERS)] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len({one.entity_id for one in self.handovers}) < len(self.handovers):
            raise Invalid("Name each duty once.", "handovers")

    def reads(self) -> Reads:
        self.takers = Takers({one.entity_id: one.person_id for one in self.handovers}, self.successor_id)
        self.person, self.roles = Person(self.person_id), Roles(self.person_id)
        self.theirs, keys = PersonsDuties(self.person_id), Keys(self.person_id)
        self.tokens, contributions = FeedTokens(self.person_id), Contributions(self.person_id)
        subscribed = Subscribed(self.person_id)
        self.mentions = [(field, Person(one)) for field, one in self.takers.all()]
        yield from self.theirs.reads(
            self.person,
            self.roles,
            keys,
            self.tokens,
            contributions,
            subscribed,
            *(person for _, person in self.mentions),
        )
        self.keys = {one: ApiKey(one) for one in sorted(keys.api_key_ids)}
        self.taking = {one: Membership(self.takers[one], one) for one in self.theirs.led if self.takers.take(one)}
        self.shared = [Promise(one) for one in contributions.task_ids]
        self.webhooks = [Webhook(one) for one in sorted(subscribed.webhook_ids)] if self.successor_id else []
        yield [*self.keys.values(), *self.taking.values(), *self.shared, *self.webhooks]
        taken = (
            (outcome, None, self.takers[outcome.outcome_id])
            for outcome, life in self.theirs.owned
            if life is Life.ACTIVE and outcome.team_id is None and self.takers.take(outcome.outcome_id)
        )
        self.places = Places(self.issued.organisation_id, taken)
        yield from self.places.reads()

    def execute(self) -> None:
        if self.person.left:
            return
        self.person.check("personId")
        standing = [key.issued.role for key in self.keys.values() if key.issued and not key.revoked]
        for role in [self.roles.role, *standing]:
            if role and not self.issued.role.reaches(role):
                raise Refused(NOT_ALLOWED, f"Let somebody do this whose role is {role}.", "personId")
        for field, person in self.mentions:
            person.check(field)
        self.takers.check(self.person_id, self.theirs.duties)
        for outcome, _ in self.theirs.owned:
            self._check_apart(outcome, outcome.reviewer_id)
        for outcome in self.theirs.reviewed:
            self._check_apart(outcome, outcome.owner_id)
        self.places.check("successorId" if self.successor_id else "handovers")
        self._hand_over_outcomes()
        for task_id, promise in {one.task_id: one for one in [*self.theirs.awaited, *self.theirs.promised]}.items():
            self._hand_over_task(promise, self.takers[task_id])
        self._leave()

    def _check_apart(self, outcome: OutcomeSet, other_id: UUID | None) -> None:
        """Refuses that somebody both owns and reviews an outcome."""
        if self.takers[outcome.outcome_id] == other_id:
            title = self.theirs.titles[outcome.outcome_id] or "an outcome that you may not see"
            sentence = f"Let somebody else take this, for nobody reviews what they own: {title}."
            raise Refused(REVIEWER_IS_OWNER, sentence, self.takers.field(outcome.outcome_id))

    def _hand_over_outcomes(self) -> None:
        for outcome, life in self.theirs.owned:
            self.emit(
                OutcomeAssigned(
                    outcome_id=outcome.outcome_id,
                    cycle_id=outcome.cycle_id,
                    from_team_id=outcome.team_id,
                    team_id=outcome.team_id,
                    from_owner_id=self.person_id,
                    owner_id=self.takers[outcome.outcome_id],
                    active=life is Life.ACTIVE,
                    reason=self.reason,
                )
            )
        for outcome in self.theirs.reviewed:
            self.emit(
                ReviewerNamed(
                    outcome_id=outcome.outcome_id,
                    from_reviewer_id=self.person_id,
                    reviewer_id=self.takers[outcome.outcome_id],
                )
            )

    def _hand_over_task(self, promise: Promise, taker_id: UUID) -> None:
        """One task may be handed over on both sides. Whoever promises does not ask for it on another's behalf: then
        the beneficiary does."""
        me = self.person_id
        if promise.beneficiary_id is None:
            return
        promised = promise in self.theirs.promised
        promiser_id = taker_id if promised else promise.promiser_id
        beneficiary_id = taker_id if promise.beneficiary_id == me else promise.beneficiary_id
        requester_id = taker_id if promise.requester_id == me else promise.requester_id
        if requester_id in {None, promiser_id}:
            requester_id = beneficiary_id
        lapsed = promise.proposed is not None and not promised and promiser_id == beneficiary_id
        if lapsed and promise.state is State.COUNTERED:  # nobody countered themself: they are asked as before
            self.emit(CounterRefused(task_id=promise.task_id, outcome_id=promise.outcome_id))
        if promise.is_beneficiary(me):
            asked = promise.requester_id == me
            self.emit(
                BeneficiaryReplaced(
                    task_id=promise.task_id,
                    from_beneficiary_id=promise.beneficiary_id,
                    beneficiary_id=beneficiary_id,
                    reason=self.reason,
                    from_requester_id=me if asked else None,
                    requester_id=requester_id if asked else None,
                    terms_lapsed=lapsed and promise.state is not State.COUNTERED,
                    outcome_id=promise.outcome_id,
                )
            )
        if promised:
            self.emit(
                TaskReassigned(
                    task_id=promise.task_id,
                    from_promiser_id=me,
                    promiser_id=taker_id,
                    requester_id=requester_id or beneficiary_id,
                    reason=self.reason,
                    terms_lapsed=promise.proposed is not None,
                    outcome_id=promise.outcome_id,
                )
            )

    def _leave(self) -> None:
        for team_id in self.theirs.led:
            if not self.taking[team_id].lead:
                self.emit(TeamJoined(team_id=team_id, person_id=self.takers[team_id], lead=True))
        for team_id in self.theirs.member_of:
            self.emit(TeamLeft(team_id=team_id, person_id=self.person_id))
        self._hand_over_ways()
        self._hand_over_sources()
        self._hand_over_webhooks()
        for promise in self.shared:
            if promise.state in AWAITED:
                contributor_id, outcome_id = self.person_id, promise.outcome_id
                self.emit(
                    ContributionEnded(task_id=promise.task_id, contributor_id=contributor_id, outcome_id=outcome_id)
                )
        self._shut_out()
        self.emit(PersonDeactivated(person_id=self.person_id, reason=self.reason))

    def _hand_over_ways(self) -> None:
        for one, initiative in self.theirs.ways.initiatives.items():
            self.emit(
                InitiativeAssigned(
                    initiative_id=one,
                    outcome_id=initiative.known("entityId").outcome_id,
                    from_owner_id=self.person_id,
                    owner_id=self.takers[one],
                    reason=self.reason,
                )
            )
        for one, milestone in self.theirs.ways.milestones.items():
            self.emit(
                MilestoneAssigned(
                    milestone_id=one,
                    outcome_id=milestone.known("entityId")[0].outcome_id,
                    from_owner_id=self.person_id,
                    owner_id=self.takers[one],
                    reason=self.reason,
                )
            )

    def _hand_over_sources(self) -> None:
        for one, source in self.theirs.feeds.sources.items():
            self.emit(
                SourceAssigned(
                    source_id=one,
                    from_person_id=self.person_id,
                    person_id=self.takers[one],
                    measure_id=source.measure_id,
                    indicator_id=source.indicator_id,
                    outcome_id=source.outcome_id,
                )
            )

    def _hand_over_webhooks(self) -> None:
        """Nothing goes out in the eyes of a successor before they say so, and nothing is lost until then."""
        for webhook in self.webhooks:
            told = webhook.told
            if told is None or told.person_id != self.person_id or webhook.state is WebhookState.REMOVED:
                continue
            if webhook.state is WebhookState.ACTIVE:
                self.emit(WebhookPaused(webhook_id=told.webhook_id))
            self.emit(
                WebhookRevised(
                    webhook_id=told.webhook_id,
                    receiver=told.receiver,
                    kinds=told.kinds,
                    mode=told.mode,
                    ordered=told.ordered,
                    title=told.title,
                    team_id=told.team_id,
                    outcome_id=told.outcome_id,
                    person_id=self.successor_id,
                )
            )

    def _shut_out(self) -> None:
        """Nobody comes in for them any more."""
        for api_key_id, key in self.keys.items():
            if not key.revoked:
                self.emit(ApiKeyRevoked(api_key_id=api_key_id))  # the reason is of the person, and told with them
        for one in self.tokens.feed_token_ids:
            self.emit(FeedTokenRevoked(feed_token_id=one, person_id=self.person_id, reason=self.reason))
        if self.roles.role:
            self.emit(RoleRevoked(person_id=self.person_id, reason=self.reason))


class DisbandTeam(Command):
    """Say that a team is no more, why, and which team takes the outcomes that it works on and the requests to it (R14).

    The successor takes whatever no handover names; the teams inside move to the team above, and its members belong to
    it no longer. Refused where an outcome or a request is left, a team is unknown, or whoever takes
    an outcome has no place for it (R2).
    """

    entity = "team_id"
    role = Role.LEAD

    team_id: TeamId
    reason: Reason
    successor_id: TeamId | None = None
    handovers: Annotated[tuple[TeamHandover, ...], msgspec.Meta(max_length=MOST_HANDOVERS)] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len({one.entity_id for one in self.handovers}) < len(self.handovers):
            raise Invalid("Name each duty once.", "handovers")

    def reads(self) -> Reads:
        self.takers = Takers({one.entity_id: one.team_id for one in self.handovers}, self.successor_id)
        self.team, self.above, self.inside = Team(self.team_id), TeamAbove(self.team_id), TeamsInside(self.team_id)
        self.members, held, asked = Members(self.team_id), Held(self.team_id), Asked(self.team_id)
        self.mentions = [(field, Team(one)) for field, one in self.takers.all()]
        yield [self.team, self.above, self.inside, self.members, held, asked, *(team for _, team in self.mentions)]
        work, promises = Work(held.outcome_ids), [Promise(one) for one in asked.task_ids]
        yield [*work.folds(), *promises]
        self.held = [(one, life) for one, life in work.now(within=WORKED_ON) if one.team_id == self.team_id]
        self.asked = [one for one in promises if one.team_id == self.team_id and one.state is State.REQUESTED]
        self.duties = [
            *(work.duty(DutyKind.OWNS_OUTCOME, one) for one, _ in self.held),
            *(duty_of(DutyKind.IS_ASKED, one) for one in self.asked),
        ]
        taken = (
            (outcome, self.takers[outcome.outcome_id], None)
            for outcome, life in self.held
            if life is Life.ACTIVE and self.takers.take(outcome.outcome_id)
        )
        self.places = Places(self.issued.organisation_id, taken)
        yield from self.places.reads()

    def execute(self) -> None:
        if self.team.disbanded:
            return
        self.team.check("teamId")
        for field, team in self.mentions:
            team.check(field)
        self.takers.check(self.team_id, self.duties)
        self.places.check("successorId" if self.successor_id else "handovers")
        for outcome, life in self.held:
            self.emit(
                OutcomeAssigned(
                    outcome_id=outcome.outcome_id,
                    cycle_id=outcome.cycle_id,
                    from_team_id=self.team_id,
                    team_id=self.takers[outcome.outcome_id],
                    from_owner_id=outcome.owner_id,
                    owner_id=outcome.owner_id,
                    active=life is Life.ACTIVE,
                    reason=self.reason,
                )
            )
        for promise in self.asked:
            self.emit(
                AskedTeamReplaced(
                    task_id=promise.task_id,
                    from_team_id=self.team_id,
                    team_id=self.takers[promise.task_id],
                    outcome_id=promise.outcome_id,
                )
            )
        for one in self.inside.team_ids:
            self.emit(TeamMoved(team_id=one, from_parent_id=self.team_id, parent_id=self.above.parent_id))
        for one in self.members.person_ids:
            self.emit(TeamLeft(team_id=self.team_id, person_id=one))
        self.emit(TeamDisbanded(team_id=self.team_id, reason=self.reason))
