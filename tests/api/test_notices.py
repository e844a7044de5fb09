"""Notices: what waits for a person comes to them once, when they want it, as they may see it, and can be stopped."""

import asyncio
import json
from datetime import UTC, date, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from standardwebhooks import Webhook

from domain.forgetting import ForgetPerson
from domain.leaving import DeactivatePerson
from domain.notices import Channel, DutyKind, Rhythm
from domain.organisation import GrantRole
from domain.outcomes import SetOutcome
from domain.people import RegisterPerson, RevisePerson
from domain.tasks import AcceptTask, CommitTask, DeclineTask, RequestTask
from domain.values import Role
from domain.visibility import SetVisibility, Visibility
from infra.database import Database
from infra.mailing import Mailer
from infra.webhook_keys import secret_of
from tests.api.telling import PUBLIC, SECRET, World, chat_room, postbox, telling

DAY = timedelta(days=1)
DUE = date(2100, 1, 1)
AT_ONCE = (DutyKind.ANSWER_REQUEST,)


async def test_a_digest_comes_once_when_it_is_due_and_says_what_waits(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.prefer(digest_weekday=1, digest_hour=9, language="en")
        await world.asked("The list of\nguests")
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        assert await world.look() == 1
        assert await world.look() == 0
        assert "guests" not in str(await world.rows())  # what was said is nowhere
        (mail,) = box.mails
        assert box.recipients == ["ana@harbour.example"]
        assert mail["To"] == "Ana <ana@harbour.example>"
        assert mail["From"] == "Headway <headway@harbour.example>"
        assert mail["Subject"] == "What waits for you: 1 thing"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["List-Unsubscribe"].startswith(f"<{PUBLIC}/notices/stop?token=")
        for kind in ("plain", "html"):
            body = mail.get_body((kind,))
            assert body is not None
            assert "Ben asks you for “The list of guests”: accept, counter or decline" in body.get_content()
        assert await world.look(later=DAY) == 1
        assert len(box.mails) == 2


async def test_where_nothing_waits_nothing_is_sent(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        assert await world.look() == 0
        assert await world.states() == ["NOTHING"]
        assert box.mails == []


async def test_a_digest_is_not_sent_for_an_hour_before_it_was_asked_for(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.asked()
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        assert await world.look(later=-2 * DAY) == 0
        assert box.mails == []


async def test_a_weekly_digest_comes_on_its_weekday_at_its_hour(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.prefer(digest_weekday=3, digest_hour=9)
        await world.asked()
        await world.set(Channel.EMAIL, rhythm=Rhythm.WEEKLY)
        world.now += timedelta(days=(2 - world.now.weekday()) % 7 + 7)  # a Wednesday
        world.now = world.now.replace(hour=9)
        assert await world.look() == 1
        world.now = world.now.replace(hour=8, minute=59)
        assert await world.look(later=7 * DAY) == 0
        assert await world.look(later=timedelta(minutes=1)) == 1


async def test_what_is_urgent_is_told_once_across_restarts_and_anew_when_it_comes_anew(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        assert await world.look() == 0
        await world.asked("The list")
        assert await world.look() == 1
        await world.asked("The hall")
        assert await world.look(notifier=world.another()) == 1
        assert await world.look(notifier=world.another(), later=DAY) == 0
        texts = [json.dumps(json.loads(body)) for _, body in room.posted]
        assert ["The list" in one for one in texts] == [True, False]
        assert ["The hall" in one for one in texts] == [False, True]


async def test_only_the_kinds_that_were_chosen_come_at_once(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.set(Channel.SLACK, urgent=(DutyKind.GRADE,), receiver=room.url)
        await world.asked()
        assert await world.look() == 0
        assert await world.rows() == []


async def test_what_falls_into_quiet_hours_comes_after_them_unless_it_is_settled(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.prefer(quiet_from_hour=11, quiet_until_hour=14)
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        settled = await world.asked("Settled")
        await world.asked("Open")
        assert await world.look() == 0
        await world.telling.tell(AcceptTask(task_id=settled))
        assert await world.look(later=timedelta(minutes=119)) == 0
        assert await world.look(later=timedelta(minutes=1)) == 1
        (posted,) = room.posted
        assert b"Open" in posted[1]
        assert b"Settled" not in posted[1]


async def test_many_notifiers_at_once_send_each_notice_once(database: Database) -> None:
    async with chat_room() as room, postbox() as box, telling(database, box) as world:
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        others = [world.another() for _ in range(4)]
        for n in range(3):
            await world.asked(f"Thing {n}")
            await asyncio.gather(*(world.look(notifier=one) for one in others))
        assert [sum(f"Thing {n}".encode() in body for _, body in room.posted) for n in range(3)] == [1, 1, 1]
        assert len(box.mails) == 1


async def test_what_fails_is_tried_again_with_growing_waits_and_then_told(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        await world.asked()
        room.status = 503
        waits: list[int] = []
        assert await world.look() == 1
        for seconds in (60, 600, 3_600, 14_400):
            assert await world.look(later=timedelta(seconds=seconds - 1)) == 0
            assert await world.look(later=timedelta(seconds=1)) == 1
            waits.append(seconds)
        assert len(room.posted) == len(waits) + 1
        assert await world.states() == ["FAILED"]
        assert await world.look(later=DAY) == 0
        assert await problem(world) == ("SLACK", "NOT_REACHED")


async def test_what_came_through_at_last_is_told_once(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.asked()
        await world.set(Channel.EMAIL, urgent=AT_ONCE)
        box.to_data = "451 later"
        assert await world.look() == 1
        assert await world.states() == ["DUE"]
        box.to_data = "250 taken"
        assert await world.look(later=timedelta(minutes=1)) == 1
        assert await world.look(later=DAY) == 0
        assert len(box.mails) == 1


@pytest.mark.parametrize("where", ["to_recipient", "to_data"])
async def test_what_the_other_side_refuses_is_not_tried_again(database: Database, where: str) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.asked()
        await world.set(Channel.EMAIL, urgent=AT_ONCE)
        setattr(box, where, "550 nobody here")
        assert await world.look() == 1
        assert await world.states() == ["FAILED"]
        assert await problem(world) == ("EMAIL", "REFUSED")
        assert await world.look(later=DAY) == 0


async def test_a_mail_server_that_is_away_is_tried_again(database: Database) -> None:
    async with postbox() as box:
        pass
    async with telling(database, box) as world:
        await world.asked()
        await world.set(Channel.EMAIL, urgent=AT_ONCE)
        assert await world.look() == 1
        assert await world.states() == ["DUE"]


async def problem(world: World) -> tuple[str, str]:
    """As it is on record."""
    await world.look()
    async with world.database.owner_connection() as connection:
        row = await connection.fetchrow(
            "select channel, problem from read.notice_channel where organisation_id = $1 and until is null",
            world.telling.organisation_id,
        )
    assert row is not None
    return row["channel"], row["problem"]


async def test_a_sender_that_does_not_come_back_is_not_followed_by_another(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        await world.asked()
        assert await world.look() == 1
        async with world.database.owner_connection() as connection:
            await connection.execute("update edge.notice set state = 'SENDING', ended_at = null")
        assert await world.look(later=DAY, notifier=world.another()) == 0
        assert await world.states() == ["UNKNOWN"]
        assert len(room.posted) == 1


async def test_a_program_gets_json_signed_with_its_secret(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.set(Channel.WEBHOOK, rhythm=Rhythm.DAILY, receiver=room.url)
        task = await world.asked()
        assert await world.look() == 1
        ((headers, body),) = room.posted
        secret = secret_of(database.seals.vault.secret, world.telling.organisation_id, world.telling.person_id, SECRET)
        told = Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
        assert told["type"] == "notice.digest"
        assert [one["about"] for one in told["duties"]] == [str(task)]
        assert told["duties"][0]["settledBy"] == "accept-task"


async def test_teams_gets_a_card_in_the_persons_language(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.prefer(language="de-CH")
        await world.set(Channel.TEAMS, rhythm=Rhythm.DAILY, receiver=room.url)
        await world.asked("[Hier](https://evil.example)")
        assert await world.look() == 1
        card = json.loads(room.posted[0][1])["attachments"][0]["content"]
        assert card["type"] == "AdaptiveCard"
        assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # which reads no marks
        runs = [run["text"] for block in card["body"] for run in block["inlines"]]
        assert any("Ben bittet Sie um „[Hier](https://evil.example)“" in run for run in runs)


async def test_no_more_than_twenty_are_told_and_the_rest_is_counted(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        for n in range(23):
            await world.asked(f"Thing {n:02}")
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        assert await world.look() == 1
        text = box.mails[0].get_body(("plain",))
        assert text is not None
        assert text.get_content().count("Thing ") == 20
        assert "and 3 more." in text.get_content()
        assert box.mails[0]["Subject"] == "What waits for you: 23 things"


async def test_what_people_write_forges_no_header_and_no_mark(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.telling.tell(
            RevisePerson(
                person_id=world.telling.person_id, name="Ana\nBcc: eve@evil.example", email="ana@harbour.example"
            )
        )
        await world.telling.tell(RevisePerson(person_id=world.ben, name='Ben <img src=x> "&'))
        await world.asked("<script>alert(1)</script>\nSubject: forged")
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        assert await world.look() == 1
        (mail,) = box.mails
        assert mail["Bcc"] is None
        assert box.recipients == ["ana@harbour.example"]
        assert mail["To"].addresses[0].display_name == "Ana Bcc: eve@evil.example"
        body = mail.get_body(("html",))
        assert body is not None
        page = body.get_content()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; Subject: forged" in page
        assert "<script" not in page
        assert "<img" not in page


async def test_who_has_no_address_any_server_takes_keeps_nobody_else_waiting(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.telling.tell(RevisePerson(person_id=world.telling.person_id, email="ana@harbour..example"))
        await world.asked()
        await world.set(Channel.EMAIL, urgent=AT_ONCE)
        other = uuid4()
        await world.telling.tell(RegisterPerson(person_id=other, name="Cat", email="cat@harbour.example"))
        await world.set(Channel.EMAIL, by=other, urgent=AT_ONCE)
        await world.telling.tell(
            RequestTask(
                task_id=uuid4(),
                title="Hers",
                due_on=world.now.date() + DAY,
                promiser_id=other,
                serves_nothing="A favour.",
            )
        )
        assert await world.look() == 2
        assert box.recipients == ["cat@harbour.example"]
        states = {row["person_id"]: row["state"] for row in await world.rows()}
        assert states == {world.telling.person_id: "FAILED", other: "SENT"}


async def test_who_has_left_or_is_forgotten_is_told_nothing_and_no_row_is_left(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        successor = uuid4()
        await world.telling.tell(RegisterPerson(person_id=successor, name="Next"))
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        task = await world.asked()
        assert await world.look() == 1
        await world.telling.tell(DeclineTask(task_id=task, reason="No time."))
        await world.telling.tell(
            DeactivatePerson(person_id=world.telling.person_id, successor_id=successor, reason="Leaves."), by=world.ben
        )
        assert await world.look(later=DAY) == 0
        assert len(await world.rows()) == 1
        await world.telling.tell(ForgetPerson(person_id=world.telling.person_id), by=world.ben)
        await world.look()
        assert await world.rows() == []
        async with world.database.owner_connection() as connection:
            left = await connection.fetchval(
                "select count(*) from read.notice_channel where organisation_id = $1 and receiver is not null",
                world.telling.organisation_id,
            )
        assert left == 0


async def test_a_channel_that_is_off_sends_nothing_that_was_due(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.prefer(quiet_from_hour=11, quiet_until_hour=14)
        await world.set(Channel.SLACK, urgent=AT_ONCE, receiver=room.url)
        await world.set(Channel.TEAMS, rhythm=Rhythm.DAILY, receiver=room.url)
        await world.asked()
        await world.look()
        await world.set(Channel.SLACK)
        await world.look(later=timedelta(hours=3))
        assert [row["state"] for row in await world.rows() if row["channel"] == "SLACK"] == ["NOTHING"]


async def test_a_digest_comes_by_the_persons_own_clock(database: Database) -> None:
    async with postbox() as box, telling(database, box) as world:
        await world.prefer(digest_weekday=1, digest_hour=9, time_zone="America/New_York")
        await world.asked()
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        there = world.now.astimezone(ZoneInfo("America/New_York")).replace(hour=9) + DAY
        world.now = there.astimezone(UTC) - timedelta(minutes=1)
        await world.look()
        before = len(box.mails)
        assert await world.look(later=timedelta(minutes=1)) == 1
        assert len(box.mails) == before + 1


async def test_what_time_alone_brings_about_is_told_when_it_has(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.set(Channel.SLACK, urgent=(DutyKind.DELIVER,), receiver=room.url)
        promise = CommitTask(
            task_id=uuid4(), title="The list", due_on=world.now.date(), serves_nothing="-", beneficiary_id=world.ben
        )
        await world.telling.tell(promise)
        assert await world.look() == 0
        world.now = world.now.replace(hour=23, minute=59)
        assert await world.look() == 0
        assert await world.look(later=timedelta(minutes=1)) == 1
        assert b"You promised Ben" in room.posted[0][1]
        assert await world.look(later=DAY) == 0


async def test_r15_nobody_is_told_of_what_they_may_not_see(database: Database) -> None:
    async with chat_room() as room, telling(database) as world:
        await world.telling.tell(GrantRole(person_id=world.telling.person_id, granted_role=Role.MEMBER), by=world.ben)
        outcome, task = uuid4(), uuid4()
        told = world.telling.tell
        await told(SetOutcome(outcome_id=outcome, title="Secret plan", owner_id=world.ben), by=world.ben)
        await told(SetVisibility(outcome_id=outcome, visibility=Visibility.OWNER_AND_LEADS), by=world.ben)
        await told(
            RequestTask(
                task_id=task, title="The list", due_on=DUE, promiser_id=world.telling.person_id, outcome_id=outcome
            ),
            by=world.ben,
        )
        await world.set(Channel.WEBHOOK, rhythm=Rhythm.DAILY, receiver=room.url)
        assert await world.look() == 1
        assert b"The list" in room.posted[0][1]
        assert b"Secret plan" not in room.posted[0][1]
        assert str(outcome).encode() not in room.posted[0][1]


async def test_what_waits_for_a_mail_server_is_one_mail_when_there_is_one(database: Database) -> None:
    async with postbox() as box, telling(database) as world:
        await world.asked()
        await world.set(Channel.EMAIL, rhythm=Rhythm.DAILY)
        assert await world.look() == 0
        assert await world.look(later=DAY) == 0
        assert await world.states() == ["DUE", "DUE"]
        world.mailer = Mailer("127.0.0.1", box.port)
        assert await world.look(notifier=world.another()) == 1
        assert len(box.mails) == 1
        assert await world.look(later=31 * DAY) == 0
        assert await world.look(later=31 * DAY) == 0
        assert (await world.states()).count("DUE") == 1  # what waited too long is given up
