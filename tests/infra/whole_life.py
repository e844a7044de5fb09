"""The life of somebody who has to do with everything, with a word of theirs in all that is personal."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg

from domain.acknowledging import Acknowledge
from domain.capacity import StateCapacity
from domain.celebrations import Celebrate, WithdrawCelebration
from domain.checkins import CheckIn, RetractCheckIn, ReviseCheckIn
from domain.comments import Comment, RetractComment
from domain.connecting import ConnectSource, DisconnectSource, PauseSource
from domain.cycles import PlanCycle, StartCycle, StartReview
from domain.delegation import DelegateDuties
from domain.feeds import Feed, IssueFeedToken, RevokeFeedToken
from domain.focus import ActivateOutcome
from domain.grading import CloseCycle, GradeOutcome
from domain.identities import LinkIdentity
from domain.initiatives import PlanInitiative
from domain.kernel import Command
from domain.leaving import DeactivatePerson
from domain.measures import Direction, SetMeasure
from domain.milestones import AssignMilestone, MarkMilestone, SetMilestone
from domain.notices import Channel, Rhythm, SetNotices
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson, RevisePerson
from domain.revising import AssignOutcome
from domain.sources import SourceKind
from domain.subscribing import PauseWebhook, RemoveWebhook, SubscribeWebhook
from domain.taking import TakeReading
from domain.tasks import (
    AcceptTask,
    BreakCommitment,
    CommitTask,
    CounterTask,
    DeclineTask,
    DeliverTask,
    RefuseTerms,
    ReleaseTask,
    RenegotiateTask,
    RequestTask,
    ReturnDelivery,
)
from infra import api_keys
from projections.read_models import PROJECTIONS
from tests.infra.at_work import Telling

WORD = "Zephyrine"  # in everything personal of hers, and in nothing else
TODAY = datetime.now(UTC).date()


def a_reviewed_cycle(cycle_id: UUID, *outcomes: tuple[UUID, UUID, UUID | None]) -> Iterator[Command]:
    """A cycle with outcomes, each with its owner and its reviewer, from the plan to the close."""
    yield PlanCycle(cycle_id=cycle_id, title="Spring", starts_on=TODAY, ends_on=TODAY)
    yield StartCycle(cycle_id=cycle_id)
    for outcome_id, owner_id, reviewer_id in outcomes:
        yield SetOutcome(
            outcome_id=outcome_id, title="Done", cycle_id=cycle_id, owner_id=owner_id, reviewer_id=reviewer_id
        )
        yield SetMeasure(
            measure_id=uuid4(), outcome_id=outcome_id, title="Loaves", direction=Direction.INCREASE,
            baseline=Decimal(0), target=Decimal(9), due_on=TODAY,
        )  # fmt: skip
        yield ActivateOutcome(outcome_id=outcome_id)
    yield StartReview(cycle_id=cycle_id)
    for outcome_id, *_ in outcomes:
        yield GradeOutcome(outcome_id=outcome_id, grade=Decimal(1), reason="All done.")
    yield CloseCycle(cycle_id=cycle_id)


async def tell_a_life(telling: Telling, word: str = WORD) -> UUID:
    """Somebody who says something personal in every way there is."""
    hers, next_one, boss = uuid4(), uuid4(), telling.person_id
    outcome, own, measure, check_in, comment, milestone = (uuid4() for _ in range(6))
    task, returned, asked, offered, countered, wanted, needless, token = (uuid4() for _ in range(8))
    another, stall, mistaken, cycle, reviewed, answered_for = (uuid4() for _ in range(6))
    due = date(2100, 1, 1)

    async def by(person: UUID, *commands: Command) -> None:
        for command in commands:
            await telling.tell(command, by=person)

    await by(
        boss,
        RegisterPerson(person_id=next_one, name="Next"),
        RegisterPerson(person_id=hers, name=f"Young {word}", email=f"{word}@young.example"),
        RevisePerson(person_id=hers, name=f"{word} Harbour", email=f"{word}@harbour.example"),
        LinkIdentity(person_id=hers, issuer="https://sign-on.example", subject=f"subject-{word}"),
        SetOutcome(outcome_id=outcome, title="Fewer waits", owner_id=boss, reviewer_id=hers),
        SetOutcome(outcome_id=own, title="Hers", owner_id=hers),
        SetMeasure(
            measure_id=measure,
            outcome_id=outcome,
            title="Waits",
            direction=Direction.DECREASE,
            baseline=Decimal(9),
            target=Decimal(1),
        ),
        SetMilestone(milestone_id=milestone, outcome_id=outcome, title="Half", due_on=TODAY),
        SetMilestone(milestone_id=another, outcome_id=outcome, title="Whole", due_on=TODAY, owner_id=hers),
        PlanInitiative(initiative_id=stall, outcome_id=outcome, title="Stall", owner_id=hers),
        RequestTask(task_id=countered, title="Dear", due_on=due, promiser_id=hers, serves_nothing="A favour."),
        CommitTask(task_id=needless, title="Needless", due_on=due, beneficiary_id=hers, serves_nothing="A favour."),
        RequestTask(task_id=asked, title="Asked", due_on=due, promiser_id=hers, serves_nothing="A favour."),
        RequestTask(task_id=returned, title="Returned", due_on=due, promiser_id=hers, serves_nothing="A favour."),
    )
    other, webhook, source, made = uuid4(), uuid4(), uuid4(), api_keys.make(api_keys.FEED_PREFIX)
    await by(
        hers,
        TakeReading(reading_id=uuid4(), measure_id=measure, value=Decimal(5), note=f"note by {word}"),
        CheckIn(check_in_id=check_in, outcome_id=outcome, moved=f"moved {word}", set_back=f"held {word}", next=word),
        ReviseCheckIn(check_in_id=check_in, moved=f"moved again {word}", reason=f"because {word}"),
        CheckIn(check_in_id=other, outcome_id=outcome, moved=f"soon taken back {word}"),
        RetractCheckIn(check_in_id=other, reason=f"wrong {word}"),
        Comment(comment_id=comment, outcome_id=outcome, text=f"says {word}"),
        Comment(comment_id=uuid4(), outcome_id=outcome, text=f"stays {word}"),
        RetractComment(comment_id=comment, reason=f"not so {word}"),
        MarkMilestone(milestone_id=milestone, note=f"reached by {word}"),
        CounterTask(task_id=countered, due_on=date(2101, 1, 1), reason=f"dear to {word}"),
        ReleaseTask(task_id=needless, reason=f"needless to {word}"),
        RequestTask(task_id=wanted, title="Wanted", due_on=due, promiser_id=boss, serves_nothing="A favour."),
        Celebrate(celebration_id=uuid4(), title="Well done", outcome_id=outcome, text=f"praise by {word}"),
        Celebrate(celebration_id=mistaken, title="Too early", outcome_id=outcome),
        WithdrawCelebration(celebration_id=mistaken, reason=f"mistaken {word}"),
        IssueFeedToken(feed_token_id=token, feed=Feed.MILESTONES, lookup=made.lookup, digest=made.digest),
        RevokeFeedToken(feed_token_id=token, reason=f"lost by {word}"),
        SubscribeWebhook(webhook_id=webhook, receiver="https://example.com/", secret_id=uuid4()),
        SetNotices(
            channel=Channel.SLACK,
            rhythm=Rhythm.DAILY,
            receiver=f"https://example.com/{word}",
            secret_id=uuid4(),
        ),
        PauseWebhook(webhook_id=webhook, reason=f"{word} is away"),
        RemoveWebhook(webhook_id=webhook, reason=f"{word} needs it no more"),
        StateCapacity(per_week=Decimal(20), reason=f"part time {word}"),
        ConnectSource(
            source_id=source,
            measure_id=measure,
            kind=SourceKind.PUSH_JSON,
            value_at="/value",
            lookup=made.lookup,
            digest=made.digest,
            secret_id=uuid4(),
        ),
        PauseSource(source_id=source, reason=f"{word} doubts it"),
        DisconnectSource(source_id=source, reason=f"{word} trusts it no more"),
        DelegateDuties(person_id=hers, delegate_id=boss, starts_on=TODAY, ends_on=TODAY, reason=f"ill {word}"),
        DeclineTask(task_id=asked, reason=f"no time {word}"),
        AcceptTask(task_id=returned),
        DeliverTask(task_id=returned, evidence=f"see {word}"),
        CommitTask(task_id=task, title="Own", due_on=due, serves_nothing="A favour.", beneficiary_id=boss),
        CommitTask(task_id=uuid4(), title="Left", due_on=due, serves_nothing="A favour.", beneficiary_id=boss),
        RenegotiateTask(task_id=task, due_on=date(2101, 1, 1), reason=f"later {word}"),
    )
    await by(
        boss,
        ReturnDelivery(task_id=returned, reason="Not yet."),
        AssignMilestone(milestone_id=another, owner_id=next_one, reason=f"{word} is busy"),
        CounterTask(task_id=wanted, due_on=date(2101, 1, 1)),
        RefuseTerms(task_id=task, reason="No."),
        CommitTask(task_id=offered, title="Hers to judge", due_on=due, beneficiary_id=hers, serves_nothing="-"),
        DeliverTask(task_id=offered),
    )
    mine = uuid4()
    await by(boss, CheckIn(check_in_id=mine, outcome_id=outcome, moved="By the boss"))
    await by(
        hers,
        RefuseTerms(task_id=wanted, reason=f"too late for {word}"),
        ReturnDelivery(task_id=offered, reason=f"not what {word} asked for"),
        BreakCommitment(task_id=task, reason=f"broken {word}"),
        BreakCommitment(task_id=returned, reason=f"broken too {word}"),
        Acknowledge(check_in_id=mine, note=f"read by {word}"),
    )
    await by(boss, *a_reviewed_cycle(cycle, (reviewed, boss, hers), (answered_for, hers, None)))
    await by(
        hers,
        Acknowledge(outcome_id=reviewed, note=f"graded, saw {word}"),
        Acknowledge(cycle_id=cycle, note=f"reviewed, saw {word}"),
    )
    await by(boss, AssignOutcome(outcome_id=own, owner_id=next_one, reason=f"{word} has too much"))
    await by(boss, DeactivatePerson(person_id=hers, reason=f"{word} moves abroad", successor_id=next_one))
    return hers


async def told(connection: asyncpg.Connection, telling: Telling, word: str) -> list[str]:
    """The tables of the organisation's read models that say the word somewhere."""
    said = "select exists (select from read.{} t where organisation_id = $1 and t::text ilike $2)"
    return [
        table.name
        for projection in PROJECTIONS
        for table in projection.tables
        if await connection.fetchval(said.format(table.name), telling.organisation_id, f"%{word}%")
    ]
