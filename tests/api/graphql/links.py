"""Rows of what stands between an organisation and other programs: sources, webhooks, and what goes out to these."""

from datetime import timedelta
from typing import Any

from tests.api.graphql.rows import BEGAN, ODD, Rows


async def fill_links(rows: Rows) -> None:
    """Some of each, in various states."""
    await _sources(rows)
    await _webhooks(rows)


async def _sources(rows: Rows) -> None:
    pulled = {"address": "https://figures.example/shop/visits?token=1", "query": None, "every_minutes": 15}
    fed: list[tuple[str, str, str, dict[str, Any]]] = [
        ("PUSH_JSON", "measure", "1.0", {}),
        ("PULL_HTTP", "indicator", "0", pulled),
        ("PUSH_CSV", "measure", "2.0", {}),
    ]
    for nth, (kind, of, one, more) in enumerate(fed):
        series = rows.of(of, one)
        gone = nth == 2
        await rows.add(
            "source", rows.of("source", nth), 44, None, kind=kind, title=None if gone else f"Shop {nth}", value_at="/v",
            day_at="/d" if nth else None, series_id=series, measure_id=series if of == "measure" else None,
            indicator_id=series if of == "indicator" else None,
            outcome_id=rows.of("outcome", one[0]) if of == "measure" else None, person_id=rows.of("person", nth),
            state="DISCONNECTED" if gone else "CONNECTED", because="Old" if gone else None,
            expected_since=BEGAN, silent_since=None, expect_every_hours=None if nth else 26,
            lookup=None if nth == 1 else f"look{nth}", digest="00", former_until=None if nth else BEGAN, **more,
        )  # fmt: skip
        await rows.put(
            "edge.source_state", source_id=rows.of("source", nth), heard_at=BEGAN, last_reading_at=None,
            last_error=f"At /v there is “{ODD[nth]}”, where a number belongs.", last_error_at=BEGAN,
            due_at=BEGAN if nth == 1 else None,
        )  # fmt: skip


async def _webhooks(rows: Rows) -> None:
    at, states = BEGAN + timedelta(60), ("ACTIVE", "PAUSED", "DISABLED")
    for nth, state in enumerate(states):
        await rows.add(
            "webhook", rows.of("webhook", nth), 45, None, title=None if nth == 2 else f"Hook {nth}",
            receiver=f"https://{rows.name}.example/hooks/{nth}?token=1#x", kinds=["milestone.*", "commitment.made"],
            mode="THIN" if nth else "FULL", ordered=nth == 1, team_id=rows.of("team", 0) if nth == 1 else None,
            outcome_id=rows.of("outcome", 0) if nth == 2 else None, person_id=rows.of("person", 2 + nth % 2),
            api_key_id=None if nth else rows.of("key", 0), state=state, because="FAILING" if nth == 2 else None,
            secret_id=rows.of("secret", nth), former_until=at if nth == 1 else None,
        )  # fmt: skip
        await rows.put(
            "outbox.endpoint", webhook_id=rows.of("webhook", nth), sequence=4, epoch=1 + nth, failed=nth,
            failing_since=at if nth else None,
        )  # fmt: skip
    for nth, (kind, about) in enumerate((("milestone.reached", "milestone/2"), ("commitment.made", "task/1"))):
        of = rows.of(*about.split("/"))
        await rows.put(
            "outbox.event", position=50 + nth, nth=0,
                kind=kind, about_id=of, outcome_id=rows.of("outcome", 1),
            occurred_at=at, recorded_at=at, data=f'{{"id":"{of}","outcomeId":"{rows.of("outcome", 1)}"}}',
        )  # fmt: skip
    told = ("ACCEPTED", "DUE", "EXHAUSTED")
    for webhook, state in enumerate(told):
        for nth in range(2):
            ended = at + timedelta(hours=nth) if state != "DUE" else None
            named = f"{webhook}.{nth}"
            await rows.put(
                "outbox.delivery", webhook_id=rows.of("webhook", webhook), sequence=3 + nth, epoch=1,
                position=50 + nth, nth=0,
                message_id=rows.of("message", named), state=state, attempt=1 + nth, due_at=at, created_at=at,
                ended_at=ended,
            )  # fmt: skip
            await rows.put(
                "outbox.attempt", webhook_id=rows.of("webhook", webhook), sequence=3 + nth, attempt=1, tried_at=at,
                result="http_500" if nth else "accepted", status=500 if nth else 200, milliseconds=2.5,
                excerpt=ODD[nth] if nth else None,
            )  # fmt: skip
