"""The history of something as a page: read by a person, printed, and safe whatever people wrote."""

from uuid import uuid4

from tests.api.edge import Edge, refused
from tests.api.test_history import told
from tests.api.test_review_page import HOSTILE, Balanced


def read(raw: bytes) -> tuple[str, Balanced]:
    page = Balanced()
    page.feed(raw.decode())
    assert page.open == []
    return " ".join(" ".join(page.text).split()), page


async def test_a_task_is_told_day_by_day_as_a_person_would(edge: Edge) -> None:
    task = await told(edge, "commit-task", title=f"Shelves {HOSTILE}", dueOn="2031-03-03", servesNothing="Upkeep")
    await told(edge, "renegotiate-task", taskId=task, dueOn="2031-03-10", reason="Supplier late")
    await edge.settled(edge.here)
    answer = await edge.ask("GET", f"/history/{task}.html", key=edge.here.keys["OWNER"])
    assert (answer.status, answer.kind) == (200, "text/html")
    text, page = read(answer.raw)
    assert "Ana of Harbour promised" in text
    assert "from 3 March 2031 to 10 March 2031: Supplier late." in text
    assert "by the key “OWNER key” · renegotiate-task" in text
    assert "task · committed 3 events." in text
    assert {"h1", "h2", "ol", "li", "main", "footer"} <= set(page.seen)
    assert "script" not in page.seen
    assert "script-src" not in answer.headers["content-security-policy"]


async def test_the_page_stands_for_the_position_that_is_asked_for(edge: Edge) -> None:
    task = await told(edge, "commit-task", title="Tidy", dueOn="2031-03-03", servesNothing="Upkeep")
    position = (await edge.heads())[edge.here.id]
    await told(edge, "deliver-task", taskId=task)
    await edge.settled(edge.here)
    text, _ = read((await edge.ask("GET", f"/history/{task}.html?asOf={position}", key=edge.here.keys["OWNER"])).raw)
    assert "1 event. " in text
    assert "delivered" not in text
    assert f"As of position {position} of the ledger." in text


async def test_what_was_put_right_is_shown_as_such(edge: Edge) -> None:
    outcome = await told(edge, "set-outcome", title="Bread")
    check_in = await told(edge, "check-in", outcomeId=outcome, next="Mix")
    await told(edge, "revise-check-in", checkInId=check_in, next="Mix early", reason="Too vague")
    await edge.settled(edge.here)
    answer = await edge.ask("GET", f"/history/{check_in}.html", key=edge.here.keys["OWNER"])
    text, _ = read(answer.raw)
    assert "Put right by no." in text
    assert "Puts no." in text
    assert answer.raw.count(b'class="corrected"') == 1


async def test_what_is_unknown_or_hidden_or_no_id_is_not_found(edge: Edge) -> None:
    outcome = await told(edge, "set-outcome", title="Merger")
    await edge.command("set-visibility", {"outcomeId": outcome, "visibility": "OWNER_AND_LEADS"})
    await edge.settled(edge.here)
    key = edge.here.keys["READER"]
    for name in (str(uuid4()), outcome, "nothing"):
        refused(await edge.ask("GET", f"/history/{name}.html", key=key), 404, "NOT_FOUND")
    refused(await edge.ask("GET", f"/history/{outcome}.html"), 401, "UNAUTHENTICATED")
