"""Webhooks: what may be subscribed, who may change it, and what each command comes to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.codes import (
    ALREADY_EXISTS,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON_REQUIRED,
    WEBHOOK_LIMIT_REACHED,
    WEBHOOK_NOT_IN_STATE,
)
from domain.kernel import Command, Event
from domain.rosters import Rostered, roster_of
from domain.subscribing import (
    NoteWebhookDisabled,
    PauseWebhook,
    Redeliver,
    RemoveWebhook,
    ResumeWebhook,
    ReviseWebhook,
    RotateWebhookSecret,
    SubscribeWebhook,
    TestWebhook,
)
from domain.values import Invalid, Role
from domain.webhooks import (
    MOST_WEBHOOKS,
    DisabledBecause,
    Missed,
    Mode,
    WebhookDisabled,
    WebhookPaused,
    WebhookRedelivered,
    WebhookRemoved,
    WebhookResumed,
    WebhookRevised,
    WebhookSecretRotated,
    WebhookSubscribed,
    WebhookTested,
)
from tests.given import ANA, BEN, ORGANISATION, TODAY, given, named
from tests.stories_work import an_outcome

HOOK, SECRET, FORMER = named("webhook"), named("secret"), named("former secret")
OUTCOME = an_outcome().outcome_id
URL = "https://example.com/headway"


def subscribe(**more: object) -> SubscribeWebhook:
    return SubscribeWebhook(webhook_id=HOOK, receiver=URL, secret_id=SECRET, **more)  # pyright: ignore[reportArgumentType]


def subscribed(by: UUID = ANA, **more: object) -> WebhookSubscribed:
    fields = {"kinds": ("milestone.*",), "mode": Mode.THIN, "ordered": False, "webhook_id": HOOK, **more}
    return WebhookSubscribed(person_id=by, receiver=URL, secret_id=FORMER, **fields)  # pyright: ignore[reportArgumentType]


PAUSED = WebhookPaused(webhook_id=HOOK)
DISABLED = WebhookDisabled(webhook_id=HOOK, because=DisabledBecause.GONE)
ROSTER = roster_of(ORGANISATION, Rostered.WEBHOOKS)
REMOVED = WebhookRemoved(webhook_id=HOOK, roster_id=ROSTER)
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


def test_a_lead_subscribes_to_kinds_of_what_they_may_see() -> None:
    command = subscribe(kinds=("milestone.reached", "commitment.*"), outcome_id=OUTCOME)
    given(an_outcome()).when(command, role=Role.LEAD).then(
        WebhookSubscribed(
            webhook_id=HOOK,
            person_id=ANA,
            receiver=URL,
            kinds=("milestone.reached", "commitment.*"),
            secret_id=SECRET,
            roster_id=ROSTER,
            mode=Mode.THIN,
            ordered=False,
            outcome_id=OUTCOME,
        )
    )


@pytest.mark.parametrize("kind", ["milestone.reach", "milestones.*", "webhook.subscribed", "task.delivered"])
def test_a_kind_that_nothing_will_ever_match_is_refused(kind: str) -> None:
    given().when(subscribe(kinds=("*", kind))).then_refused(INVALID, "kinds")
    given(subscribed()).when(ReviseWebhook(webhook_id=HOOK, kinds=(kind,))).then_refused(INVALID, "kinds")


def test_what_is_unknown_or_taken_is_refused() -> None:
    given().when(subscribe(outcome_id=OUTCOME)).then_refused(NOT_FOUND, "outcomeId")
    given().when(subscribe(team_id=named("team"))).then_refused(NOT_FOUND, "teamId")
    given(subscribed()).when(subscribe()).then_refused(ALREADY_EXISTS, "webhookId")


def test_the_system_subscribes_nothing() -> None:
    given().when(subscribe(), by=None).then_refused(PERSON_REQUIRED)


def test_a_revision_keeps_what_is_left_out_and_sees_with_other_eyes() -> None:
    was = subscribed(team_id=None, title="Ours", ordered=True)
    given(was).when(ReviseWebhook(webhook_id=HOOK, mode=Mode.FULL), by=BEN).then(
        WebhookRevised(
            webhook_id=HOOK,
            person_id=BEN,
            receiver=URL,
            kinds=("milestone.*",),
            mode=Mode.FULL,
            ordered=True,
            title="Ours",
        )
    )
    given(was).when(ReviseWebhook(webhook_id=HOOK, title="Ours")).then_nothing()
    given(subscribed(outcome_id=OUTCOME)).when(ReviseWebhook(webhook_id=HOOK, everywhere=True)).then(
        WebhookRevised(
            webhook_id=HOOK, person_id=ANA, receiver=URL, kinds=("milestone.*",), mode=Mode.THIN, ordered=False
        )
    )


def test_a_former_secret_signs_for_as_long_as_is_said() -> None:
    rotate = RotateWebhookSecret(webhook_id=HOOK, secret_id=SECRET, overlap_hours=2)
    given(subscribed()).when(rotate).then(
        WebhookSecretRotated(
            webhook_id=HOOK, secret_id=SECRET, former_secret_id=FORMER, former_until=NOON + timedelta(hours=2)
        )
    )


MOVES: list[tuple[Callable[[], Command], tuple[Event, ...], Event | None]] = [
    (lambda: PauseWebhook(webhook_id=HOOK, reason="Quiet."), (), WebhookPaused(webhook_id=HOOK, reason="Quiet.")),
    (lambda: PauseWebhook(webhook_id=HOOK), (PAUSED,), None),
    (lambda: ResumeWebhook(webhook_id=HOOK), (), None),
    (lambda: ResumeWebhook(webhook_id=HOOK), (PAUSED,), WebhookResumed(webhook_id=HOOK, missed=Missed.SEND)),
    (
        lambda: ResumeWebhook(webhook_id=HOOK, missed=Missed.SKIP),
        (DISABLED,),
        WebhookResumed(webhook_id=HOOK, missed=Missed.SKIP),
    ),
    (lambda: RemoveWebhook(webhook_id=HOOK), (PAUSED,), REMOVED),
    (lambda: TestWebhook(webhook_id=HOOK), (), WebhookTested(webhook_id=HOOK)),
    (lambda: Redeliver(webhook_id=HOOK, sequence=4), (), WebhookRedelivered(webhook_id=HOOK, sequence=4)),
    (
        lambda: Redeliver(webhook_id=HOOK, since=NOON, failed_only=True),
        (),
        WebhookRedelivered(webhook_id=HOOK, since=NOON, failed_only=True),
    ),
]


@pytest.mark.parametrize(("make", "before", "event"), MOVES)
def test_what_a_command_comes_to(make: Callable[[], Command], before: tuple[Event, ...], event: Event | None) -> None:
    given(subscribed(), *before).when(make()).then(*([event] if event else []))


@pytest.mark.parametrize("state", [PAUSED, DISABLED])
@pytest.mark.parametrize("command", [TestWebhook(webhook_id=HOOK), Redeliver(webhook_id=HOOK, sequence=1)])
def test_nothing_is_sent_to_a_webhook_that_rests(state: Event, command: Command) -> None:
    given(subscribed(), state).when(command).then_refused(WEBHOOK_NOT_IN_STATE, "webhookId")


@pytest.mark.parametrize("make", [move[0] for move in MOVES])
def test_a_removed_one_stays_removed_and_a_foreign_one_is_left_alone(make: Callable[[], Command]) -> None:
    given(subscribed(), REMOVED).when(make()).then_refused(WEBHOOK_NOT_IN_STATE, "webhookId")
    given().when(make()).then_refused(NOT_FOUND, "webhookId")
    given(subscribed()).when(make(), by=BEN, role=Role.LEAD).then_refused(NOT_ALLOWED, "webhookId")


def test_redelivery_names_exactly_one_beginning() -> None:
    with pytest.raises(Invalid):
        Redeliver(webhook_id=HOOK)
    with pytest.raises(Invalid):
        Redeliver(webhook_id=HOOK, sequence=1, since_position=1)


def test_only_the_system_notes_that_a_receiver_is_gone_and_once() -> None:
    note = NoteWebhookDisabled(webhook_id=HOOK, because=DisabledBecause.FAILING)
    given(subscribed()).when(note, by=None).then(WebhookDisabled(webhook_id=HOOK, because=DisabledBecause.FAILING))
    given(subscribed(), DISABLED).when(note, by=None).then_nothing()
    given(subscribed()).when(note).then_refused(NOT_ALLOWED)
    given().when(note, by=None).then_refused(NOT_FOUND)


def test_an_organisation_has_a_limited_number_of_webhooks_and_removing_one_makes_room() -> None:
    many = [subscribed(webhook_id=named(f"hook {nth}"), roster_id=ROSTER) for nth in range(MOST_WEBHOOKS)]
    given(*many).when(subscribe()).then_refused(WEBHOOK_LIMIT_REACHED, "webhookId")
    gone = WebhookRemoved(webhook_id=named("hook 7"), roster_id=ROSTER)
    assert given(*many, gone).when(subscribe()).refused is None
