"""A notice for a chat or a program. What people wrote goes into plain text alone, which no chat reads marks in."""

from typing import Any

import msgspec

from api.notice_texts import Item, Told
from infra.notifier import Notice

LONGEST_HEADER = 150  # of Slack's


def slack(told: Told, stop: str) -> bytes:
    """Block Kit, with a text for what shows no blocks."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(told.subject[:LONGEST_HEADER])},
        {"type": "section", "text": _plain(told.lead[:1].upper() + told.lead[1:])},
        *({"type": "section", "text": _plain(f"{item.sentence}\n{item.when}")} for item in told.items),
    ]
    if told.more:
        blocks.append({"type": "section", "text": _plain(told.more)})
    footer = [_plain(told.why), {"type": "mrkdwn", "text": f"<{stop}|{told.stop}>"}]
    blocks.append({"type": "context", "elements": footer})
    return msgspec.json.encode({"text": told.subject, "blocks": blocks})


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def teams(told: Told, stop: str) -> bytes:
    """An Adaptive Card, as a workflow of Teams takes it."""
    body: list[dict[str, Any]] = [
        _runs(_run(told.subject, weight="Bolder", size="Medium")),
        _runs(_run(told.lead[:1].upper() + told.lead[1:])),
        *(_item(item) for item in told.items),
    ]
    if told.more:
        body.append(_runs(_run(told.more)))
    body.append(_runs(_run(told.why, isSubtle=True, size="Small")) | {"separator": True})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "lang": told.language,
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": told.stop, "url": stop}],
    }
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return msgspec.json.encode({"type": "message", "attachments": [attached]})


def _item(item: Item) -> dict[str, Any]:
    when = _run(f"\n{item.when}", size="Small", **({"color": "Attention"} if item.late else {"isSubtle": True}))
    return _runs(_run(item.sentence), when) | {"separator": True}


def _runs(*runs: dict[str, Any]) -> dict[str, Any]:
    """A text block would read marks in what people wrote; runs do not."""
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": text, **more}


def program(notice: Notice, told: Told, stop: str) -> bytes:
    """JSON with ids, so that a program can act on it."""
    duties = [
        {
            "kind": duty.kind,
            "about": duty.about_id,
            "due": duty.due,
            "title": duty.title,
            "sentence": item.sentence,
            "settledBy": duty.settled_by,
        }
        for duty, item in zip(notice.duties, told.items, strict=False)  # no more than are told
    ]
    return msgspec.json.encode(
        {
            "type": "notice.digest" if notice.whole else "notice.urgent",
            "id": notice.id,
            "timestamp": notice.at,
            "organisation": notice.to.organisation_id,
            "person": notice.to.person_id,
            "total": notice.total,
            "duties": duties,
            "stop": stop,
        }
    )
