"""Setting notices over HTTP and GraphQL, and stopping them from a notice, without a key."""

from typing import Any
from uuid import UUID

import pytest

from domain.notices import Channel
from infra.notice_links import Stopping, stop_token
from tests.api.edge import Edge

NOTICES = "{ notices { nodes { channel rhythm urgent stoppedOn failedOn problem } } }"
CHAT = "https://chat.example/hooks/T0/B0/very-secret"


async def notices(edge: Edge) -> list[dict[str, Any]]:
    """Once the read models have come as far as the ledger."""
    async with edge.services.database.owner_connection() as connection:
        head = await connection.fetchval("select position from ledger.heads where organisation_id = $1", edge.here.id)
    assert await edge.services.positions.wait(edge.here.id, head, 10)
    answer = await edge.graphql(NOTICES)
    assert answer.status == 200, answer.raw
    return answer.json["data"]["notices"]["nodes"]


def link(edge: Edge, channel: Channel = Channel.SLACK, person: UUID | None = None) -> str:
    secret = edge.services.database.seals.vault.secret
    return "/notices/stop?token=" + stop_token(secret, Stopping(edge.here.id, person or edge.here.person, channel))


async def test_what_was_set_is_told_without_its_address(edge: Edge) -> None:
    answer = await edge.command("set-notices", {"channel": "SLACK", "rhythm": "WEEKLY", "receiver": CHAT})
    assert answer.status == 201, answer.raw
    assert answer.json.get("secret") is None
    told = next(one for one in await notices(edge) if one["channel"] == "SLACK")
    assert told["rhythm"] == "WEEKLY"
    person = edge.here.person
    history = await edge.graphql(
        f'{{ history(entity: "{person}", last: 3) {{ nodes {{ type sentence changes {{ field before after }} }} }} }}'
    )
    assert b"notices.set" in history.raw
    assert b"very-secret" not in history.raw
    assert b"chat.example" not in history.raw
    news = await edge.graphql(f'{{ feed(scope: {{person: "{person}"}}) {{ nodes {{ type }} }} }}')
    assert b"notices." not in news.raw


async def test_a_program_is_given_its_secret_once(edge: Edge) -> None:
    said = {"channel": "WEBHOOK", "rhythm": "DAILY", "receiver": "https://program.example/in"}
    first = await edge.command("set-notices", said)
    assert first.json["secret"].startswith("whsec_")
    later = await edge.command("set-notices", {"channel": "WEBHOOK", "rhythm": "WEEKLY"})
    assert later.status == 201
    assert later.json.get("secret") is None
    again = await edge.command("set-notices", said)
    assert again.json["secret"] != first.json["secret"]


async def test_nothing_is_sent_into_the_network_of_the_server(edge: Edge) -> None:
    answer = await edge.command(
        "set-notices", {"channel": "SLACK", "rhythm": "DAILY", "receiver": "http://127.0.0.1:5432/"}
    )
    assert answer.status == 400, answer.raw
    assert answer.code == "INVALID"


async def test_a_secret_is_made_here_and_not_taken(edge: Edge) -> None:
    answer = await edge.command("set-notices", {"channel": "SLACK", "secretId": str(edge.here.id)})
    assert answer.code == "INVALID"


async def test_a_link_asks_first_and_its_button_stops_one_channel(edge: Edge) -> None:
    for channel in ("SLACK", "TEAMS"):
        await edge.command("set-notices", {"channel": channel, "urgent": ["GRADE"], "receiver": CHAT})
    page = await edge.ask("GET", link(edge), headers={"accept-language": "de-CH,en;q=0.5"})
    assert page.status == 200
    assert '<html lang="de">' in page.raw.decode()
    assert '<form method="post"><button>' in page.raw.decode()
    assert str(edge.here.person) not in page.raw.decode()
    assert page.headers["referrer-policy"] == "no-referrer"
    before = {one["channel"]: one for one in await notices(edge)}
    assert before["SLACK"]["urgent"] == ["GRADE"]
    pressed = await edge.ask(
        "POST", link(edge), b"List-Unsubscribe=One-Click", kind="application/x-www-form-urlencoded"
    )
    assert pressed.status == 200
    again = await edge.ask("POST", link(edge))
    assert (again.status, again.raw) == (200, pressed.raw)
    told = {one["channel"]: one for one in await notices(edge)}
    assert (told["SLACK"]["urgent"], told["SLACK"]["rhythm"]) == ([], None)
    assert told["SLACK"]["stoppedOn"] is not None
    assert told["TEAMS"]["urgent"] == ["GRADE"]


async def test_a_link_tells_nothing_of_whoever_it_is_for(edge: Edge) -> None:
    nobody = UUID(int=7)
    known, unknown = await edge.ask("GET", link(edge)), await edge.ask("GET", link(edge, person=nobody))
    assert (known.status, known.raw) == (unknown.status, unknown.raw)
    stopped = [await edge.ask("POST", link(edge, person=one)) for one in (nobody, edge.here.person)]
    assert stopped[0].raw == stopped[1].raw


@pytest.mark.parametrize("token", ["", "?token=", "?token=abc", "?token=" + "A" * 66, "?token=%00"])
async def test_a_link_that_is_not_whole_says_so(edge: Edge, token: str) -> None:
    for method in ("GET", "POST"):
        answer = await edge.ask(method, f"/notices/stop{token}")
        assert answer.status == 404
        assert "This link is not whole" in answer.raw.decode()
