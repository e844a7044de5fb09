"""`GET /milestones.ics` and `GET /commitments.ics`: what is due, for a calendar to subscribe to.

By a key in the header, or by a feed token in the address, for calendars send no headers. What a feed token opens is the
one feed, as its person may see it with no more than a reader's role (R15). No address is logged with its query.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from icalendar import Calendar, Event
from litestar import Request, Response, get
from litestar.datastructures import State

from api.asking import HEADERS, problem_of
from api.auth import bearer_given, too_many, unauthorised, viewer_of
from api.graphql.refusals import DocumentRefused, RequestRefused
from api.graphql.service import GraphQLService
from api.problems import Problem
from api.viewer import Viewer
from domain.feeds import Feed
from domain.values import Role
from infra.entrance import Entrance, KeyUnknown, TooManyRequests

HTTPRequest = Request[None, None, State]
Row = dict[str, Any]
PAGE, MOST = 100, 5_000  # events
MILESTONES = """query MilestonesToCome($after: String, $asOf: AsOf, $on: Date, $from: Date) {
  page: milestones(first: 100, after: $after, asOf: $asOf, on: $on, filter: {dueFrom: $from}) {
    pageInfo { hasNextPage endCursor }
    nodes { id title state due moves note missedBecause withdrawnBecause changedAt owner { name }
      outcome { ... on Outcome { title } } } } }"""
COMMITMENTS = """query MyOpenCommitments($after: String, $asOf: AsOf, $on: Date, $me: ID!) {
  page: commitments(first: 100, after: $after, asOf: $asOf, on: $on, filter: {promiser: $me, state: [COMMITTED]}) {
    pageInfo { hasNextPage endCursor }
    nodes { id title conditions due formerDues changedAt beneficiary { name }
      outcome { ... on Outcome { title } } } } }"""
PAST = timedelta(days=366)  # a calendar forgets what was due before


async def viewer_of_feed(request: HTTPRequest, feed: Feed) -> Viewer:
    """By key or by token; raises 401 for both, and for a token of another feed."""
    entrance: Entrance = request.app.state.entrance
    tokens = request.query_params.getall("token", [])
    if unknown := request.query_params.keys() - {"token"}:
        name = min(unknown)
        raise Problem(400, "INVALID", f"Leave out {name}: only token is taken.", fields=(name,))
    if not tokens:
        return await viewer_of(request, entrance, "read")
    if len(tokens) > 1 or bearer_given(request):
        raise unauthorised("Send one token in the address, or a key in the header.")
    try:
        entered = await entrance.enter_feed(tokens[0])
    except KeyUnknown:
        raise unauthorised("Subscribe to an address with a valid feed token.") from None
    except TooManyRequests as limit:
        raise too_many(limit) from None
    if entered.feed != feed.value:
        raise unauthorised("Subscribe to an address with a valid feed token.")
    return Viewer(
        organisation_id=entered.organisation_id,
        role=Role.READER,
        person_id=entered.person_id,
        scopes=("read",),
        time_zone=entered.time_zone,
    )


async def rows(service: GraphQLService, question: str, viewer: Viewer, **given: Any) -> AsyncIterator[Row]:
    """Every row of a question, page by page, all as of one position."""
    operation = service.endpoint.documents.get(question).operation(None)
    variables: Row = {"on": viewer.today().isoformat(), **given}
    for _ in range(MOST // PAGE):
        try:
            answered = await service.reads.answer(operation, variables, viewer)
        except (RequestRefused, DocumentRefused) as error:
            raise problem_of(error) from None
        page = msgspec.json.decode(answered.body)["data"]["page"]
        for row in page["nodes"]:
            yield row
        if not page["pageInfo"]["hasNextPage"]:
            return
        variables |= {"after": page["pageInfo"]["endCursor"], "asOf": {"position": answered.position}}


def filled(component: Any, **properties: Any) -> Any:
    """The component, a Calendar or an Event, with its properties."""
    for name, value in properties.items():
        component.add(name.replace("_", "-"), value)
    return component


def event_of(row: Row, sequence: int, status: str, told: Iterator[str]) -> Event:
    """A whole day. It changed when its row did: without a method that is what DTSTAMP says as well (RFC 5545)."""
    changed = datetime.fromisoformat(row["changedAt"]).astimezone(UTC).replace(microsecond=0)
    return filled(
        Event(),
        uid=row["id"],
        dtstamp=changed,
        last_modified=changed,
        sequence=sequence,
        dtstart=date.fromisoformat(row["due"]),
        summary=row["title"],
        description="\n".join(told),
        status=status,
        transp="TRANSPARENT",
    )


def of_milestone(row: Row) -> Event:
    """Moved once more with each move; one that was withdrawn is cancelled, which is one more."""
    withdrawn = row["state"] == "WITHDRAWN"

    def told() -> Iterator[str]:
        if row["outcome"]:
            yield f"On the way of: {row['outcome']['title']}"
        yield row["state"].capitalize()
        yield from (row[name] for name in ("note", "missedBecause", "withdrawnBecause") if row[name])
        if row["owner"]:
            yield f"Answers for it: {row['owner']['name']}"

    return event_of(row, row["moves"] + withdrawn, "CANCELLED" if withdrawn else "CONFIRMED", told())


def of_commitment(row: Row) -> Event:
    """Moved once more with each due date that was replaced."""

    def told() -> Iterator[str]:
        if row["beneficiary"]:
            yield f"Promised to: {row['beneficiary']['name']}"
        if row["conditions"]:
            yield row["conditions"]
        if row["outcome"]:
            yield f"Serves: {row['outcome']['title']}"

    return event_of(row, len(row["formerDues"]), "CONFIRMED", told())


def calendar(name: str, events: list[Event]) -> bytes:
    """The calendar as it goes out."""
    made = filled(
        Calendar(), prodid="-//Headway//Feeds//EN", version="2.0", calscale="GREGORIAN", name=name, x_wr_calname=name
    )
    for event in events:
        made.add_component(event)
    return made.to_ical()


def answer(request: HTTPRequest, body: bytes) -> Response[bytes]:
    """With a tag of its bytes, so that what a calendar has already is not sent again."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {**HEADERS, "etag": tag}
    held = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if held & {tag, "*"}:
        return Response(b"", status_code=304, media_type="text/calendar; charset=utf-8", headers=headers)
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)


@get("/milestones.ics", include_in_schema=False)
async def milestones(request: HTTPRequest) -> Response[bytes]:
    """The milestones that the caller may see, from a year ago on."""
    viewer = await viewer_of_feed(request, Feed.MILESTONES)
    since = (viewer.today() - PAST).isoformat()
    service: GraphQLService = request.app.state.graphql
    found = rows(service, MILESTONES, viewer, **{"from": since})
    return answer(request, calendar("Milestones", [of_milestone(row) async for row in found]))


@get("/commitments.ics", include_in_schema=False)
async def commitments(request: HTTPRequest) -> Response[bytes]:
    """The open commitments of the person who calls, by the day that they are due."""
    viewer = await viewer_of_feed(request, Feed.COMMITMENTS)
    if viewer.person_id is None:
        raise Problem(403, "PERSON_REQUIRED", "Use the key of a person: commitments are somebody's.")
    service: GraphQLService = request.app.state.graphql
    found = rows(service, COMMITMENTS, viewer, me=str(viewer.person_id))
    return answer(request, calendar("Commitments", [of_commitment(row) async for row in found]))
