"""Commands on webhooks: subscribe, revise, try, send again, change the secret, rest, resume, remove."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from domain.codes import (
    ALREADY_EXISTS,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON_REQUIRED,
    WEBHOOK_LIMIT_REACHED,
    WEBHOOK_NOT_IN_STATE,
)
from domain.kernel import Command, Event, Issued, OutcomeId, Reads, Refused, TeamId, WebhookId
from domain.outcomes import Outcome
from domain.people import Team
from domain.public_events import CATALOGUE, matches
from domain.references import check_mentions, mentioned
from domain.rosters import Rostered, roster_of
from domain.timekeeping import check_timekeeper
from domain.values import Reason, Role, Title, checked_choice, checked_moment
from domain.webhooks import (
    MOST_WEBHOOKS,
    DisabledBecause,
    Kinds,
    Missed,
    Mode,
    Receiver,
    Webhook,
    WebhookDisabled,
    WebhookPaused,
    WebhookRedelivered,
    WebhookRemoved,
    WebhookResumed,
    WebhookRevised,
    Webhooks,
    WebhookSecretRotated,
    WebhookState,
    WebhookSubscribed,
    WebhookTested,
)

OverlapHours = Annotated[int, msgspec.Meta(ge=0, le=168)]
Number = Annotated[int, msgspec.Meta(ge=1)]


def check_kinds(kinds: tuple[str, ...]) -> None:
    """Raises Refused for a kind that no public event will ever match."""
    for one in kinds:
        if not any(matches((one,), name) for name in CATALOGUE):
            raise Refused(INVALID, f"There is no public event {one}; /webhooks/events lists them all.", "kinds")


def subscriber(issued: Issued) -> tuple[UUID | None, UUID | None]:
    """Whose eyes a webhook sees with: a person's, no further than the key sees that they used, or those of a key that
    stands for none. Raises Refused for neither."""
    key = next((UUID(one[4:]) for one in issued.by.split("/") if one.startswith("key:")), None)
    if issued.person_id is None and key is None:
        raise Refused(PERSON_REQUIRED, "Use a key: a webhook carries what somebody may see.")
    return issued.person_id, key


def is_theirs(issued: Issued, told: WebhookSubscribed | WebhookRevised) -> bool:
    """Whether a person has subscribed it, by whichever key, or this key."""
    person_id, api_key_id = subscriber(issued)
    return told.person_id == person_id and (person_id is not None or told.api_key_id == api_key_id)


class WebhookCommand(Command):
    """On a webhook that somebody has subscribed: theirs, or an owner's of the organisation."""

    entity = "webhook_id"
    role = Role.LEAD

    webhook_id: WebhookId

    def reads(self) -> Reads:
        self.webhook = Webhook(self.webhook_id)
        yield [self.webhook]

    def execute(self) -> None:
        told = self.webhook.told
        if told is None:
            raise Refused(NOT_FOUND, "There is no such webhook: subscribe one first.", "webhookId")
        if not is_theirs(self.issued, told) and not self.issued.role.reaches(Role.OWNER):
            raise Refused(NOT_ALLOWED, "Ask whoever subscribed the webhook, or an owner, to do this.", "webhookId")
        if self.webhook.state is WebhookState.REMOVED:
            raise Refused(WEBHOOK_NOT_IN_STATE, "Subscribe another webhook: this one is removed.", "webhookId")
        self.was = told
        if event := self.become():
            self.emit(event)

    def become(self) -> Event | None:
        """What the command comes to, on a webhook that is there; raises Refused."""
        raise NotImplementedError

    def check_stands(self, *states: WebhookState) -> None:
        """Raises Refused where the webhook stands otherwise."""
        if self.webhook.state not in states:
            word = self.webhook.state.value.lower()
            raise Refused(WEBHOOK_NOT_IN_STATE, f"The webhook is {word}: resume it first.", "webhookId")


class SubscribeWebhook(Command):
    """Have what happens sent to a receiver: public events of some kinds, of a team and those below, or of one outcome.

    You get its secret this once. It carries what you may see, as long as you are there: in ids and small facts (THIN),
    or with what it is about, what changed and its sentence (FULL). Refused where a kind is unknown, or the team or the
    outcome, and where the organisation has 500 already.
    """

    entity = "webhook_id"
    creates = True
    role = Role.LEAD

    webhook_id: WebhookId
    receiver: Receiver
    secret_id: UUID
    kinds: Kinds = ("*",)
    mode: Mode = Mode.THIN
    ordered: bool = False
    title: Title | None = None
    team_id: TeamId | None = None
    outcome_id: OutcomeId | None = None

    def reads(self) -> Reads:
        self.webhook, self.webhooks = Webhook(self.webhook_id), Webhooks(self.issued.organisation_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id), outcomeId=self.outcome_id and Outcome(self.outcome_id)
        )
        yield [self.webhook, self.webhooks, *self.mentions.values()]

    def execute(self) -> None:
        person_id, api_key_id = subscriber(self.issued)
        if self.webhook.told:
            raise Refused(ALREADY_EXISTS, "Choose another id: a webhook has this one.", "webhookId")
        check_kinds(self.kinds)
        check_mentions(self.mentions)
        if len(self.webhooks.webhook_ids) >= MOST_WEBHOOKS:
            sentence = f"Remove a webhook that is needed no longer: an organisation has at most {MOST_WEBHOOKS}."
            raise Refused(WEBHOOK_LIMIT_REACHED, sentence, "webhookId")
        self.emit(
            WebhookSubscribed(
                webhook_id=self.webhook_id,
                person_id=person_id,
                api_key_id=api_key_id,
                receiver=self.receiver,
                kinds=self.kinds,
                secret_id=self.secret_id,
                mode=self.mode,
                ordered=self.ordered,
                title=self.title,
                team_id=self.team_id,
                outcome_id=self.outcome_id,
                roster_id=roster_of(self.issued.organisation_id, Rostered.WEBHOOKS),
            )
        )


class ReviseWebhook(WebhookCommand):
    """Change where a webhook sends, what, and in which mode; what is left out stays as it is, and `everywhere` takes a
    team or an outcome off.

    It carries what you may see from then on. Refused where a kind, the team or the outcome is unknown.
    """

    receiver: Receiver | None = None
    kinds: Kinds | None = None
    mode: Mode | None = None
    ordered: bool | None = None
    title: Title | None = None
    team_id: TeamId | None = None
    outcome_id: OutcomeId | None = None
    everywhere: bool = False

    def reads(self) -> Reads:
        self.webhook = Webhook(self.webhook_id)
        self.mentions = mentioned(
            teamId=self.team_id and Team(self.team_id), outcomeId=self.outcome_id and Outcome(self.outcome_id)
        )
        yield [self.webhook, *self.mentions.values()]

    def become(self) -> Event | None:
        person_id, api_key_id = subscriber(self.issued)
        check_kinds(self.kinds or ())
        check_mentions(self.mentions)
        was, stays = self.was, not self.everywhere
        revised = WebhookRevised(
            webhook_id=self.webhook_id,
            person_id=person_id,
            api_key_id=api_key_id,
            receiver=self.receiver or was.receiver,
            kinds=self.kinds or was.kinds,
            mode=self.mode or was.mode,
            ordered=was.ordered if self.ordered is None else self.ordered,
            title=self.title or was.title,
            team_id=self.team_id or (was.team_id if stays else None),
            outcome_id=self.outcome_id or (was.outcome_id if stays else None),
        )
        same = all(getattr(revised, name) == getattr(was, name) for name in revised.__struct_fields__)
        return None if same else revised


class TestWebhook(WebhookCommand):
    """Send a webhook.test to a webhook, to see whether it arrives and verifies; its deliveries say what came of it."""

    __test__ = False  # for a test runner, which takes the name for its own

    def become(self) -> Event | None:
        self.check_stands(WebhookState.ACTIVE)
        return WebhookTested(webhook_id=self.webhook_id)


class RotateWebhookSecret(WebhookCommand):
    """Sign deliveries with a new secret, which you get this once; for a day, or the hours you say, with the former one
    as well.

    Say 0 where the former one has leaked. The one before the former ends at once.
    """

    secret_id: UUID
    overlap_hours: OverlapHours = 24

    def become(self) -> Event | None:
        return WebhookSecretRotated(
            webhook_id=self.webhook_id,
            secret_id=self.secret_id,
            former_secret_id=self.webhook.secret_id,
            former_until=self.issued.at + timedelta(hours=self.overlap_hours),
        )


class PauseWebhook(WebhookCommand):
    """Send nothing to a webhook until it is resumed; what happens meanwhile can be sent then."""

    reason: Reason | None = None

    def become(self) -> Event | None:
        if self.webhook.state is WebhookState.PAUSED:
            return None
        self.check_stands(WebhookState.ACTIVE)
        return WebhookPaused(webhook_id=self.webhook_id, reason=self.reason)


class ResumeWebhook(WebhookCommand):
    """Send again to a webhook that rests or was disabled; what was missed meanwhile is sent first, or skipped."""

    missed: Missed = Missed.SEND

    def become(self) -> Event | None:
        if self.webhook.state is WebhookState.ACTIVE:
            return None
        return WebhookResumed(webhook_id=self.webhook_id, missed=self.missed)


class RemoveWebhook(WebhookCommand):
    """Send nothing to a webhook ever again."""

    reason: Reason | None = None

    def become(self) -> Event | None:
        roster_id = roster_of(self.issued.organisation_id, Rostered.WEBHOOKS)
        return WebhookRemoved(webhook_id=self.webhook_id, reason=self.reason, roster_id=roster_id)


class Redeliver(WebhookCommand):
    """Send again: one delivery by its sequence, or all of what happened since a position or a time, also before the
    webhook was there.

    Each keeps its id, by which a receiver knows it. With `failedOnly`, only what was given up. Refused unless exactly
    one of the three is given.
    """

    sequence: Number | None = None
    since_position: Number | None = None
    since: datetime | None = None
    failed_only: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_choice((self.sequence, "sequence"), (self.since_position, "sincePosition"), (self.since, "since"))
        if self.since is not None:
            checked_moment(self.since, "since")

    def become(self) -> Event | None:
        self.check_stands(WebhookState.ACTIVE)
        return WebhookRedelivered(
            webhook_id=self.webhook_id,
            sequence=self.sequence,
            since_position=self.since_position,
            since=self.since,
            failed_only=self.failed_only,
        )


class NoteWebhookDisabled(Command):
    """Note that a receiver is gone, or has failed for days, and gets nothing any more."""

    entity = "webhook_id"

    webhook_id: WebhookId
    because: DisabledBecause

    def reads(self) -> Reads:
        self.webhook = Webhook(self.webhook_id)
        yield [self.webhook]

    def execute(self) -> None:
        check_timekeeper(self.issued)
        if self.webhook.told is None:
            raise Refused(NOT_FOUND, "There is no such webhook.", "webhookId")
        if self.webhook.state is WebhookState.ACTIVE:
            self.emit(WebhookDisabled(webhook_id=self.webhook_id, because=self.because))
