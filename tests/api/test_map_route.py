"""The strategy map over HTTP: whoever may ask may have the picture, as of any position, moment and day."""

from xml.etree import ElementTree

from tests.api.edge import Edge, refused

ROUTE = "/strategy-map.svg"
SVG = "image/svg+xml"


async def picture(edge: Edge, query: str = "", key: str | None = None) -> str:
    answer = await edge.ask("GET", ROUTE + query, key=key or edge.here.keys["READER"])
    assert (answer.status, answer.kind) == (200, SVG), answer.raw
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    ElementTree.fromstring(answer.raw)  # noqa: S314 - our own
    return answer.raw.decode()


async def test_the_map_is_drawn_as_it_stands_and_as_it_stood(edge: Edge) -> None:
    before = (await edge.heads())[edge.here.id]
    title = "Grow <b>&</b> thrive"
    set_ = await edge.command("set-strategic-objective", {"title": title, "perspective": "FINANCIAL"})
    assert set_.status == 201
    await edge.settled(edge.here)
    now = await picture(edge)
    assert f"objective-{set_.json['id']}" in now
    assert "Grow &lt;b&gt;&amp;&lt;/b&gt;" in now
    assert "Harbour" in now
    assert await picture(edge) == now
    then = await picture(edge, f"?asOf={before}")
    assert set_.json["id"] not in then
    assert f"as recorded up to position {before}" in then
    assert "Strategy map of 2026-01-31," in await picture(edge, "?on=2026-01-31")
    moment = "2020-01-01T00:00:00Z"
    assert f"as recorded up to {moment}" in await picture(edge, f"?asOf={moment}")


async def test_the_map_of_another_organisation_is_not_shown(edge: Edge) -> None:
    done = await edge.command("set-strategic-objective", {"title": "Ours alone", "perspective": "CUSTOMER"})
    await edge.settled(edge.here)
    assert "Ours alone" in await picture(edge)
    there = await picture(edge, key=edge.there.keys["READER"])
    assert "Ours alone" not in there
    assert done.json["id"] not in there


async def test_without_a_key_there_is_no_map(edge: Edge) -> None:
    refused(await edge.ask("GET", ROUTE), 401, "UNAUTHENTICATED")
    refused(await edge.ask("GET", ROUTE, key="hw_live_" + "A" * 58), 401, "UNAUTHENTICATED")
    _, writing = await edge.key(edge.here, "MEMBER", scopes=["write"])
    refused(await edge.ask("GET", ROUTE, key=writing), 403, "NOT_ALLOWED")


async def test_what_cannot_be_meant_is_refused(edge: Edge) -> None:
    key = edge.here.keys["READER"]
    for query in ("?asOf=yesterday", "?on=2026-02-30", "?asOf=99999999999999999999", "?asOf=" + "9" * 5_000, "?asOf="):
        refused(await edge.ask("GET", ROUTE + query, key=key), 400, "BAD_VARIABLES")
    refused(await edge.ask("GET", ROUTE + "?of=mine", key=key), 400, "INVALID")
    refused(await edge.ask("GET", ROUTE + "?asOf=999999", key=key), 503, "POSITION_NOT_REACHED")
