"""Calendars over HTTP: what is due as iCalendar, by a key or by a token that opens one feed and nothing else."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from icalendar import Calendar

from infra.api_keys import FEED_PREFIX, digest_of, make
from tests.api.edge import Edge, refused

TODAY = datetime.now(UTC).date()
SOON, LATER = TODAY + timedelta(20), TODAY + timedelta(40)
FEEDS = {"MILESTONES": "/milestones.ics", "COMMITMENTS": "/commitments.ics"}
LONG = "Ünïcode, and; a \\ very long title " * 6


@pytest.fixture(autouse=True)
async def _an_organisation_of_its_own(edge: Edge) -> AsyncIterator[None]:
    was, edge.here = edge.here, await edge.found("Harbour of calendars")
    yield
    edge.here = was


async def told(edge: Edge, name: str, /, **fields: Any) -> str:
    answer = await edge.command(name, fields)
    assert answer.status in {200, 201}, answer.raw
    await edge.settled(edge.here)
    return answer.json.get("id", "")


async def token_for(edge: Edge, feed: str, key: str | None = None, **fields: Any) -> tuple[str, str]:
    answer = await edge.command("issue-feed-token", {"feed": feed, **fields}, key)
    assert answer.status == 201, answer.raw
    await edge.settled(edge.here)
    return answer.json["id"], answer.json["secret"]


async def events(edge: Edge, path: str, key: str | None = None) -> dict[str, Any]:
    """By their UID."""
    answer = await edge.ask("GET", path, key=key)
    assert (answer.status, answer.kind) == (200, "text/calendar"), answer.raw
    assert b"\n" not in answer.raw.replace(b"\r\n", b""), "each line ends with CRLF"
    assert max(len(line) for line in answer.raw.split(b"\r\n")) <= 75, "longer lines are folded"
    calendar: Any = Calendar.from_ical(answer.raw)
    assert (calendar["version"], str(calendar["prodid"])) == ("2.0", "-//Headway//Feeds//EN")
    return {str(one["uid"]): one for one in calendar.walk("VEVENT")}


async def test_a_milestone_is_an_event_that_moves_and_is_cancelled(edge: Edge) -> None:
    key = edge.here.keys["READER"]
    outcome = await told(edge, "set-outcome", title="Fewer waits")
    one = await told(edge, "set-milestone", outcomeId=outcome, title=LONG, dueOn=SOON.isoformat())
    await told(edge, "set-milestone", outcomeId=outcome, title="Long ago", dueOn="2020-01-01")
    found = await events(edge, "/milestones.ics", key)
    assert set(found) == {one}, "what was due more than a year ago is left out"
    first = found[one]
    assert (str(first["summary"]), first["dtstart"].dt, first["sequence"]) == (LONG, SOON, 0)
    assert (first["dtstart"].params.get("value"), str(first["status"])) == ("DATE", "CONFIRMED")
    assert first["dtstamp"].dt == first["last-modified"].dt
    assert abs(first["dtstamp"].dt - datetime.now(UTC)) < timedelta(minutes=5)
    assert "On the way of: Fewer waits\nPlanned" in str(first["description"])
    await told(edge, "move-milestone", milestoneId=one, dueOn=LATER.isoformat(), reason="Rain.")
    moved = (await events(edge, "/milestones.ics", key))[one]
    assert (moved["dtstart"].dt, moved["sequence"], str(moved["status"])) == (LATER, 1, "CONFIRMED")
    assert moved["last-modified"].dt >= first["last-modified"].dt
    await told(edge, "withdraw-milestone", milestoneId=one, reason="Set twice.")
    gone = (await events(edge, "/milestones.ics", key))[one]
    assert (gone["sequence"], str(gone["status"])) == (2, "CANCELLED")


async def test_my_open_commitments_are_events_until_they_are_kept(edge: Edge) -> None:
    key = edge.here.keys["MEMBER"]
    other = await told(edge, "register-person", name="Ben")
    fields = {"dueOn": SOON.isoformat(), "servesNothing": "Training"}
    mine = await told(edge, "commit-task", title="Mend it", **fields)
    await told(edge, "request-task", title="Not mine", promiserId=other, **fields)
    found = await events(edge, "/commitments.ics", key)
    assert {uid: (str(one["summary"]), one["dtstart"].dt, one["sequence"]) for uid, one in found.items()} == {
        mine: ("Mend it", SOON, 0)
    }
    await told(edge, "renegotiate-task", taskId=mine, dueOn=LATER.isoformat(), reason="Ill.")
    again = (await events(edge, "/commitments.ics", key))[mine]
    assert (again["dtstart"].dt, again["sequence"]) == (LATER, 1)
    await told(edge, "deliver-task", taskId=mine)
    assert await events(edge, "/commitments.ics", key) == {}
    refused(await edge.ask("GET", "/commitments.ics", key=edge.here.keys["READER"]), 403, "PERSON_REQUIRED")


async def test_what_a_calendar_has_already_is_not_sent_again(edge: Edge) -> None:
    key = edge.here.keys["READER"]
    outcome = await told(edge, "set-outcome", title="Fewer waits")
    await told(edge, "set-milestone", outcomeId=outcome, title="Half", dueOn=SOON.isoformat())
    first = await edge.ask("GET", "/milestones.ics", key=key)
    tag = first.headers["etag"]
    for held in (tag, f'W/{tag}, "other"'):
        same = await edge.ask("GET", "/milestones.ics", key=key, headers={"if-none-match": held})
        assert (same.status, same.raw, same.headers["etag"]) == (304, b"", tag)
    await told(edge, "set-milestone", outcomeId=outcome, title="Whole", dueOn=LATER.isoformat())
    other = await edge.ask("GET", "/milestones.ics", key=key, headers={"if-none-match": tag})
    assert other.status == 200
    assert other.headers["etag"] != tag
    assert (other.headers["cache-control"], other.headers["vary"]) == ("private, no-cache", "Authorization")


@pytest.mark.parametrize("feed", FEEDS)
async def test_a_token_opens_one_feed_and_nothing_else(edge: Edge, feed: str) -> None:
    _, token = await token_for(edge, feed)
    assert token.startswith(FEED_PREFIX)
    await events(edge, f"{FEEDS[feed]}?token={token}")
    (other,) = (path for name, path in FEEDS.items() if name != feed)
    refused(await edge.ask("GET", f"{other}?token={token}"), 401, "UNAUTHENTICATED")
    async with edge.unmoved():
        for path in ("/strategy-map.svg", "/graphql?query={viewer{role}}", FEEDS[feed], other):
            answer = await edge.ask("GET", path, key=token)
            assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), path
        for path in ("/strategy-map.svg?token=", "/graphql?query={viewer{role}}&token="):
            assert (await edge.ask("GET", path + token)).status == 401
        assert (await edge.command("register-person", {"name": "Nobody"}, token)).status == 401
        assert (await edge.graphql("{ viewer { role } }", token)).status == 401


async def test_no_key_is_a_token_and_no_other_token_opens(edge: Edge) -> None:
    _, token = await token_for(edge, "MILESTONES")
    path = "/milestones.ics?token="
    for wrong in (edge.here.keys["OWNER"], make(FEED_PREFIX).text, token[:-1], token + "A", token[:20], "", "%00", "ü"):
        answer = await edge.ask("GET", path + wrong)
        assert (answer.status, answer.code) == (401, "UNAUTHENTICATED"), wrong
    refused(await edge.ask("GET", path + token + "&token=" + token), 401, "UNAUTHENTICATED")
    refused(await edge.ask("GET", path + token, key=edge.here.keys["OWNER"]), 401, "UNAUTHENTICATED")
    refused(await edge.ask("GET", "/milestones.ics"), 401, "UNAUTHENTICATED")
    refused(await edge.ask("GET", path + token + "&asOf=3"), 400, "INVALID")
    _, writing = await edge.key(edge.here, "MEMBER", scopes=["write"])
    refused(await edge.ask("GET", "/milestones.ics", key=writing), 403, "NOT_ALLOWED")


async def test_a_revoked_token_and_an_expired_one_open_nothing(edge: Edge) -> None:
    token_id, token = await token_for(edge, "MILESTONES", expiresOn=TODAY.isoformat())
    await events(edge, f"/milestones.ics?token={token}")
    async with edge.services.database.owner_connection() as connection:
        sql = "update read.feed_token set expires_on = $1 where id = $2"
        assert await connection.execute(sql, date(2020, 1, 1), UUID(token_id)) == "UPDATE 1"
    refused(await edge.ask("GET", f"/milestones.ics?token={token}"), 401, "UNAUTHENTICATED")
    token_id, token = await token_for(edge, "MILESTONES")
    await told(edge, "revoke-feed-token", feedTokenId=token_id)
    refused(await edge.ask("GET", f"/milestones.ics?token={token}"), 401, "UNAUTHENTICATED")


async def test_a_token_is_shown_once_and_nowhere_kept_nor_logged(edge: Edge, capfd: pytest.CaptureFixture[str]) -> None:
    token_id, token = await token_for(edge, "MILESTONES")
    assert (await edge.ask("GET", f"/milestones.ics?token={token}")).status == 200
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    answer = await edge.ask("GET", f"/milestones.ics?token={wrong}")
    assert token[:-1].encode() not in answer.raw
    await asyncio.sleep(0)
    out, err = capfd.readouterr()
    assert "/milestones.ics" in out + err, "or this would prove nothing"
    assert token[:-1] not in out + err
    history = await edge.graphql(
        "query ($id: ID!) { history(entity: $id) { nodes { changes { after } } } }", id=token_id
    )
    assert digest_of(token).encode() not in history.raw
    async with edge.services.database.owner_connection() as connection:
        tables = await connection.fetch(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables"
            " where table_schema in ('ledger', 'read', 'edge') and table_type = 'BASE TABLE'"
        )
        for (table,) in tables:
            sql = f"select count(*) from {table} as t where t::text like '%' || $1 || '%'"
            assert await connection.fetchval(sql, token) == 0, table


async def test_a_token_is_counted_like_a_key(edge: Edge) -> None:
    _, token = await token_for(edge, "MILESTONES")
    entrance = edge.services.entrance
    was = entrance.rate, entrance.burst
    entrance.rate, entrance.burst = 0.001, 2.0
    try:
        statuses = [(await edge.ask("GET", f"/milestones.ics?token={token}")).status for _ in range(4)]
        last = await edge.ask("GET", f"/milestones.ics?token={token}")
    finally:
        entrance.rate, entrance.burst = was
    assert statuses == [200, 200, 429, 429]
    refused(last, 429, "TOO_MANY_REQUESTS")
    assert re.fullmatch(r"\d+", last.headers["retry-after"])


async def test_r15_what_is_hidden_is_in_no_calendar(edge: Edge) -> None:
    """Not for a key that is allowed nothing more, nor by the token of somebody who owns the organisation."""
    other = await told(edge, "register-person", name="Ben")
    mine = await told(edge, "set-outcome", title="Secret A", ownerId=str(edge.here.person))
    theirs = await told(edge, "set-outcome", title="Secret B", ownerId=other)
    ids = [
        await told(edge, "set-milestone", outcomeId=one, title="Half", dueOn=SOON.isoformat()) for one in (mine, theirs)
    ]
    await told(edge, "commit-task", title="Mend it", dueOn=SOON.isoformat(), outcomeId=theirs)
    _, token = await token_for(edge, "MILESTONES")
    _, my_token = await token_for(edge, "COMMITMENTS")
    for one in (mine, theirs):
        await told(edge, "set-visibility", outcomeId=one, visibility="OWNER_AND_LEADS")
    assert set(await events(edge, "/milestones.ics", edge.here.keys["OWNER"])) == set(ids)
    assert set(await events(edge, "/milestones.ics", edge.here.keys["READER"])) == set()
    assert set(await events(edge, "/milestones.ics", edge.here.keys["MEMBER"])) == {ids[0]}
    assert set(await events(edge, f"/milestones.ics?token={token}")) == {ids[0]}
    raw = (await edge.ask("GET", f"/commitments.ics?token={my_token}")).raw
    assert b"Mend it" in raw
    assert b"Secret" not in raw
    there = await edge.ask("GET", "/milestones.ics", key=edge.there.keys["OWNER"])
    assert ids[0].encode() not in there.raw
