"""Notices as their channels have them, and `/notices/stop`, where whoever has one before them stops them."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from html import escape
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from api.graphql.refusals import RequestRefused
from api.graphql.service import GraphQLService
from api.notice_chat import program, slack, teams
from api.notice_mail import FONT, AddressUnfit, mail_of
from api.notice_texts import Told, chosen, told
from api.viewer import Viewer
from domain.kernel import Refused
from domain.notices import Channel, NoteNoticesStopped
from infra.access_log import noted
from infra.ledger import Ledger
from infra.notice_links import Stopping, read_token, stop_token
from infra.notifier import Addressee, Duty, Notice, Outgoing, Waiting
from infra.telemetry import log
from infra.timekeeper import now

HTTPRequest = Request[None, None, State]
Row = dict[str, Any]
QUESTION = """query Notices {
  inbox(first: 100) { totalCount nodes { kind due settledBy person { id name } rule { days }
    task { id title returns promiser { id name } beneficiary { id name } requester { id name } proposedTerms { id } }
    outcome { id title } milestone { id title } cycle { id title } declinedWork { id title askedBy { id name } }
    checkIn { id ... on CheckIn { author { id name } } } source { id title measure { title } indicator { title } }
    webhook { id title receiver } } } }"""
ABOUT = {  # of what is about none of these: its task
    "ACKNOWLEDGEMENT_DUE": "checkIn",
    "GRADE": "outcome",
    "GRADE_ACKNOWLEDGEMENT_DUE": "outcome",
    "REVIEW_ACKNOWLEDGEMENT_DUE": "cycle",
    "CHECK_IN_DUE": "outcome",
    "MILESTONE_PASSED": "milestone",
    "RECONSIDER": "declinedWork",
    "SOURCE_SILENT": "source",
    "WEBHOOK_DISABLED": "webhook",
}
STYLE = (
    ":root { color-scheme: light dark; --ink: #1c2430; --faint: #5b6675; --page: #fff; --button: #2456a6; }"
    " @media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --faint: #a7b0bd; --page: #16191f; } }"
    f" body {{ {FONT} font-size: 16px; line-height: 1.5; color: var(--ink); background: var(--page); margin: 0; }}"
    " main { max-width: 34rem; margin: 0 auto; padding: 3rem 1.25rem; } h1 { font-size: 1.4rem; line-height: 1.3; }"
    " p { color: var(--faint); } button { font: inherit; color: #fff; background: var(--button); border: 0;"
    " border-radius: 6px; padding: .6rem 1.2rem; cursor: pointer; }"
    " button:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }"
)
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
    "vary": "Accept-Language",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerThen(Viewer):
    """Somebody who asks at a moment of the notifier's clock."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


class Asking:
    """Asks the inbox for whoever is to be told, as they may see it."""

    def __init__(self, service: GraphQLService) -> None:
        self.service = service

    async def ask(self, one: Addressee, moment: datetime) -> Waiting:
        """Raises TimeoutError where it can't be asked now."""
        viewer = ViewerThen(
            organisation_id=one.organisation_id,
            role=one.role,
            person_id=one.person_id,
            scopes=("read",),
            time_zone=one.organisation_zone,
            moment=moment,
        )
        operation = self.service.endpoint.documents.get(QUESTION).operation(None)
        try:
            answered = await self.service.reads.answer(operation, {}, viewer)
        except RequestRefused as refused:
            raise TimeoutError(str(refused)) from refused
        inbox = msgspec.json.decode(answered.body)["data"]["inbox"]
        return Waiting([duty_of(row, str(one.person_id)) for row in inbox["nodes"]], inbox["totalCount"])


def duty_of(row: Row, viewer: str) -> Duty:
    """What is told of a row of the inbox."""
    kind: str = row["kind"]
    about = _about(kind, row)
    named: Row = (row["outcome"] or {}) if about is row["checkIn"] else about
    person: Row | None = row["person"]
    other = _other(kind, row, person["id"] if person else None)
    return Duty(
        kind=kind,
        about_id=about.get("id", ""),
        due=datetime.fromisoformat(row["due"]).date(),
        nth=_nth(row),
        title=_title(named),
        other=other["name"] if other and (person is None or other["id"] != person["id"]) else None,
        of=person["name"] if person and person["id"] != viewer else None,
        settled_by=row["settledBy"],
    )


def _title(named: Row) -> str | None:
    """A source without one is called by what it feeds, a webhook by where it sends."""
    fed: Row = named.get("measure") or named.get("indicator") or {}
    return named.get("title") or fed.get("title") or named.get("receiver")


def _about(kind: str, row: Row) -> Row:
    """What has gone further may be a task, a check-in, or an outcome that lacks one."""
    named = ABOUT.get(kind)
    return (row[named] if named else row["task"] or row["checkIn"] or row["outcome"]) or {}


def _nth(row: Row) -> int:
    """Of facts that could follow one another on the same day."""
    task: Row = row["task"] or {}
    match row["kind"]:
        case "ESCALATED":
            return row["rule"]["days"] if row["rule"] else 0
        case "ACCEPT_DELIVERY":
            return task["returns"]
        case "ANSWER_TERMS" | "ANSWER_REQUEST":
            return len(task["proposedTerms"])
        case _:
            return 0


def _other(kind: str, row: Row, of: str | None) -> Row | None:
    task: Row = row["task"] or {}
    promised_to = task.get("beneficiary") or task.get("requester")
    match kind:
        case "ACCEPT_DELIVERY":
            return task.get("promiser")
        case "ANSWER_REQUEST":
            return task.get("requester")
        case "DELIVER":
            return promised_to
        case "ANSWER_TERMS":
            promiser: Row | None = task.get("promiser")
            return promised_to if promiser and promiser["id"] == of else promiser
        case "ACKNOWLEDGEMENT_DUE":
            return row["checkIn"] and row["checkIn"].get("author")
        case _:
            return None


class Rendering:
    """Puts notices into words."""

    def __init__(self, installation: bytes, public_url: str, sender: str) -> None:
        self.installation = installation
        self.public_url = public_url
        self.sender = sender

    def stop_url(self, one: Addressee) -> str:
        token = stop_token(self.installation, Stopping(one.organisation_id, one.person_id, one.channel))
        return f"{self.public_url}/notices/stop?token={token}"

    def render(self, notice: Notice) -> Outgoing:
        """As its channel has it."""
        words, stop = told(notice), self.stop_url(notice.to)
        match notice.to.channel:
            case Channel.EMAIL:
                return Outgoing(mail=self._mail(notice, words, stop))
            case Channel.SLACK:
                return Outgoing(body=slack(words, stop))
            case Channel.TEAMS:
                return Outgoing(body=teams(words, stop))
            case Channel.WEBHOOK:
                return Outgoing(body=program(notice, words, stop))

    def _mail(self, notice: Notice, words: Told, stop: str) -> EmailMessage | None:
        """None for an address that no server would take."""
        try:
            return mail_of(notice, words, self.sender, stop, self.public_url)
        except AddressUnfit:
            return None


def page(accepted: str, key: str, *, asking: bool) -> str:
    """The same for everybody: it says neither whose notices they are nor whether they are on."""
    language, words = chosen(accepted.partition(",")[0].partition(";")[0].strip() or None)
    text = {name: escape(words[f"page.{name}"]) for name in ("title", key, "lead", "button")}
    rest = f'<p>{text["lead"]}</p><form method="post"><button>{text["button"]}</button></form>' if asking else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text['title']}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{text[key]}</h1>{rest}</main></body></html>\n"
    )


def _shown(request: HTTPRequest, key: str, *, asking: bool = False, status: int = 200) -> Response[str]:
    accepted = request.headers.get("accept-language", "")
    return Response(page(accepted, key, asking=asking), media_type="text/html", status_code=status, headers=HEADERS)


def _stopping(request: HTTPRequest) -> Stopping | None:
    tokens = request.query_params.getall("token", [])
    installation: bytes = request.app.state.database.seals.vault.secret
    return read_token(installation, tokens[0]) if len(tokens) == 1 else None


@get("/notices/stop", include_in_schema=False, sync_to_thread=False)
def ask_to_stop(request: HTTPRequest) -> Response[str]:
    """Asks first: programs that look at mail follow its links."""
    if _stopping(request) is None:
        return _shown(request, "wrong", status=404)
    return _shown(request, "ask", asking=True)


@post("/notices/stop", include_in_schema=False, status_code=200)
async def stop(request: HTTPRequest) -> Response[str]:
    """By the button, or by a mail program with one click (RFC 8058); the same however often."""
    stopping = _stopping(request)
    if stopping is None:
        return _shown(request, "wrong", status=404)
    ledger: Ledger = request.app.state.desk.ledger
    command = NoteNoticesStopped(person_id=stopping.person_id, channel=stopping.channel)
    try:
        await ledger.execute(command, noted(stopping.organisation_id, now()))
    except Refused as refused:
        log.info("notices_not_stopped", code=refused.code.name)
    return _shown(request, "stopped")


def routes() -> list[HTTPRouteHandler]:
    """Where notices are stopped."""
    return [ask_to_stop, stop]
