"""Nobody leaves a source behind that would fall silent unheard, nor a webhook that nobody may take over (R14)."""

from uuid import UUID

from domain.codes import DUTIES_LEFT
from domain.leaving import DeactivatePerson, PersonHandover
from domain.people import PersonDeactivated
from domain.sources import SourceAssigned, SourceConnected, SourceDisconnected, SourceKind
from domain.subscribing import ResumeWebhook
from domain.values import Role
from domain.webhooks import (
    Missed,
    Mode,
    WebhookPaused,
    WebhookRemoved,
    WebhookResumed,
    WebhookRevised,
    WebhookSubscribed,
)
from tests.given import ANA, BEN, CAT, given, given_loosely, named
from tests.stories import person

WHY = "Moves abroad."
ANA_HERE, BEN_HERE = person(ANA), person(BEN, "Ben")
ANA_LEAVES = DeactivatePerson(person_id=ANA, reason=WHY, successor_id=BEN)
ANA_LEFT = PersonDeactivated(person_id=ANA, reason=WHY)
SOURCE, HOOK = named("source"), named("hook")
FEEDS = SourceConnected(
    source_id=SOURCE,
    kind=SourceKind.PUSH_JSON,
    value_at="/v",
    indicator_id=named("visits"),
    person_id=ANA,
    title="Shop",
)
HOOKED = WebhookSubscribed(
    webhook_id=HOOK,
    receiver="https://example.com/",
    kinds=("*",),
    secret_id=named("secret"),
    mode=Mode.THIN,
    ordered=False,
    person_id=ANA,
    api_key_id=named("key"),
)


def answers(for_it: UUID, to: UUID) -> SourceAssigned:
    return SourceAssigned(source_id=for_it, from_person_id=ANA, person_id=to, indicator_id=named("visits"))


def test_r14_somebody_is_told_of_the_silence_of_each_source() -> None:
    alone = DeactivatePerson(person_id=ANA, reason=WHY)
    story = given(ANA_HERE, FEEDS).when(alone)
    story.then_refused(DUTIES_LEFT, "handovers", "successorId")
    assert story.refused
    assert "answers for source Shop" in story.refused.sentence
    given(ANA_HERE, BEN_HERE, FEEDS).when(ANA_LEAVES).then(answers(SOURCE, BEN), ANA_LEFT)
    one_by_one = DeactivatePerson(
        person_id=ANA, reason=WHY, handovers=(PersonHandover(entity_id=SOURCE, person_id=BEN),)
    )
    given(ANA_HERE, BEN_HERE, FEEDS).when(one_by_one).then(answers(SOURCE, BEN), ANA_LEFT)
    given(ANA_HERE, FEEDS, SourceDisconnected(source_id=SOURCE)).when(alone).then(ANA_LEFT)
    given(ANA_HERE, FEEDS, answers(SOURCE, CAT)).when(alone).then(ANA_LEFT)


def test_r14_a_webhook_rests_until_the_successor_resumes_it() -> None:
    revised = WebhookRevised(
        webhook_id=HOOK, receiver="https://example.com/", kinds=("*",), mode=Mode.THIN, ordered=False, person_id=BEN
    )
    rests = WebhookPaused(webhook_id=HOOK)
    given(ANA_HERE, BEN_HERE, HOOKED).when(ANA_LEAVES).then(rests, revised, ANA_LEFT)
    given(ANA_HERE, BEN_HERE, HOOKED, rests).when(ANA_LEAVES).then(revised, ANA_LEFT)
    given(ANA_HERE, BEN_HERE, HOOKED, WebhookRemoved(webhook_id=HOOK)).when(ANA_LEAVES).then(ANA_LEFT)
    given_loosely(ANA_HERE, HOOKED).when(DeactivatePerson(person_id=ANA, reason=WHY)).then(ANA_LEFT)
    resumed = ResumeWebhook(webhook_id=HOOK)
    given_loosely(HOOKED, rests, revised).when(resumed, by=BEN, role=Role.LEAD).then(
        WebhookResumed(webhook_id=HOOK, missed=Missed.SEND)
    )
