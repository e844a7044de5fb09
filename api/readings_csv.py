"""Readings from a CSV file, all of them or none: `POST /readings.csv`, and the command line."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import msgspec
from litestar import Request, asgi
from litestar.types import Receive, Scope, Send

from api.auth import HTTPRequest, viewer_of
from api.bodies import read_body, send_answer
from api.commands import JSON, demand_media_type, demand_post, envelope_of
from api.desk import Desk, Envelope
from api.problems import Problem, ProblemBody, invalid, of_code, refused
from api.viewer import Viewer
from domain.codes import INVALID, NOT_FOUND, READINGS_REFUSED
from domain.kernel import Refused
from domain.taking import MOST_READINGS, ReadingsRefused
from domain.values import Invalid, cleaned_text, is_numeral
from infra.database import Database
from infra.entrance import STATEMENTS
from infra.telemetry import COMMANDS as COUNTED

CSV, COMMAND = "text/csv", "take-readings"
MOST_BYTES = 4_194_304
# The column, and the field of a reading that it fills.
COLUMNS = {
    "measure": "measureId",
    "indicator": "indicatorId",
    "day": "takenOn",
    "value": "value",
    "step": "step",
    "note": "note",
    "evidence": "evidence",
    "source": "source",
    "external_id": "externalId",
}
OF_FIELD = {field: column for column, field in COLUMNS.items()}
NAMED = ("measure", "indicator")  # columns that name an entity, by its id or as `system:id`
MOST_TOLD = 500  # problems in an answer
ALL_OR_NONE = "Correct the lines named and send the file again; nothing of it was taken."


class LineProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a line; the first line of a file is 1, and says the columns."""

    line: int
    code: str
    detail: str
    column: str = ""


class ReadingsBody(msgspec.Struct, kw_only=True, rename="camel"):
    """What became of a file, or would: its readings, those taken, and those that its sources had told before."""

    readings: int
    taken: int
    known: int
    dry_run: bool
    position: int | None = None


class ReadingsProblemBody(ProblemBody, kw_only=True, omit_defaults=True):
    """A file that was not taken, with every line that is wrong."""

    problems: tuple[LineProblem, ...] = ()


class SheetRefused(Exception):
    """Nothing of the file was taken."""

    def __init__(self, problems: list[LineProblem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = sorted(problems, key=lambda one: one.line)

    def body(self) -> ReadingsProblemBody:
        problem = of_code(READINGS_REFUSED, ALL_OR_NONE).body()
        return ReadingsProblemBody(**msgspec.structs.asdict(problem), problems=tuple(self.problems[:MOST_TOLD]))


@dataclass(slots=True)
class Sheet:
    """The lines of a file: their numbers, the cells that are filled, and what is wrong with any."""

    numbers: list[int] = field(default_factory=list[int])
    rows: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    problems: list[LineProblem] = field(default_factory=list[LineProblem])
    by_reference: set[int] = field(default_factory=set[int])  # the lines that name their measure or indicator so

    def wrong(self, line: int, detail: str, column: str = "", code: str = INVALID.name) -> None:
        self.problems.append(LineProblem(line=line, code=code, detail=detail, column=column))

    def keep(self, kept: list[tuple[int, dict[str, str]]]) -> None:
        """Only these lines are right so far."""
        self.numbers, self.rows = [number for number, _ in kept], [row for _, row in kept]


def sheet_of(content: bytes) -> Sheet:
    """Reads UTF-8 with commas or semicolons; blank lines don't matter. What can't be read stands in `problems`."""
    sheet = Sheet()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sheet.wrong(content[: error.start].count(b"\n") + 1, "Save the file as UTF-8.")
        return sheet
    columns: list[str] = []
    for line, cells in _lines(sheet, text):
        if not columns:
            columns = _columns(sheet, cells)
        else:
            _read(sheet, line, columns, cells)
    if not columns and not sheet.problems:
        sheet.wrong(1, f"Name the columns on the first line, of {', '.join(COLUMNS)}.")
    if len(sheet.rows) > MOST_READINGS:
        sheet.wrong(sheet.numbers[MOST_READINGS], f"Send at most {MOST_READINGS} readings in a file.")
        sheet.numbers, sheet.rows = [], []
    elif not sheet.rows and not sheet.problems:
        sheet.wrong(2, "Write a reading on each line after the first.")
    return sheet


def _lines(sheet: Sheet, text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is not blank, with its number; a cell in quotes may span lines."""
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading else ",", strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        sheet.wrong(line, f"Correct the quotes of the line: {error}.")


def _columns(sheet: Sheet, cells: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    for column in columns:
        if column not in COLUMNS:
            sheet.wrong(1, f"Name only these columns: {', '.join(COLUMNS)}.", column[:100])
    if len(set(columns)) < len(columns):
        sheet.wrong(1, "Name each column once.")
    for needed in (("day",), NAMED, ("value", "step")):
        if not set(needed) & set(columns):
            sheet.wrong(1, f"Add a column {' or '.join(needed)}.", needed[0])
    return columns


def _read(sheet: Sheet, line: int, columns: list[str], cells: list[str]) -> None:
    before = len(sheet.problems)
    row = _row(sheet, line, columns, cells)
    for one, other in (NAMED, ("value", "step")):
        if row and (one in row) == (other in row):
            sheet.wrong(line, f"Fill one of the cells {one} and {other}.", one)
    if "external_id" in row and "source" not in row:
        sheet.wrong(line, "Name the source whose id this is.", "source")
    if "value" in row and not is_numeral(row["value"]):
        sheet.wrong(line, "Write the number in digits, with a point for the fraction.", "value")
    if row and not _is_day(row.get("day", "")):
        sheet.wrong(line, "Write the day as 2026-06-30.", "day")
    if len(sheet.problems) == before:
        sheet.numbers.append(line)
        sheet.rows.append(row)


def _row(sheet: Sheet, line: int, columns: list[str], cells: list[str]) -> dict[str, str]:
    """The cells that are filled; none where they can't be told apart, or read."""
    if any(cell.strip() for cell in cells[len(columns) :]):
        sheet.wrong(line, f"Write {len(columns)} cells, as many as there are columns; there are {len(cells)}.")
        return {}
    filled = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if cell.strip()}
    try:
        return {column: cleaned_text(cell, column) for column, cell in filled.items()}
    except Invalid as error:
        sheet.wrong(line, error.sentence, error.field)
        return {}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def nothing_bears(column: str) -> str:
    """What is said of a reference that nobody bears, or that stands for what the caller may not see (R15)."""
    return f"Give the id of the {column}, or a reference that it bears as system:id; nothing bears this one."


async def resolve(sheet: Sheet, database: Database, organisation_id: UUID) -> None:
    """Puts ids where references stand; a line whose reference nobody bears is wrong, and taken out."""
    named = {row[column] for row in sheet.rows for column in NAMED if column in row and not _is_id(row[column])}
    asked = [one.partition(":")[::2] for one in named]
    found: dict[str, str] = {}
    if asked:
        async with database.read.of(organisation_id) as connection:
            systems, ids = [system for system, _ in asked], [one for _, one in asked]
            rows = await connection.fetch(STATEMENTS["referenced"], organisation_id, systems, ids)
            found = {f"{row['system']}:{row['external_id']}": str(row["entity_id"]) for row in rows}
    kept: list[tuple[int, dict[str, str]]] = []
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        column = next(one for one in NAMED if one in row)
        name = row[column]
        if not _is_id(name):
            if name not in found:
                sheet.wrong(number, nothing_bears(column), column, NOT_FOUND.name)
                continue
            sheet.by_reference.add(number)
            row[column] = found[name]
        kept.append((number, row))
    sheet.keep(kept)


def body_of(rows: Iterable[Mapping[str, str]]) -> bytes:
    """The fields of take-readings."""
    return msgspec.json.encode({"readings": [{COLUMNS[column]: cell for column, cell in row.items()} for row in rows]})


def _refused_lines(sheet: Sheet, refusal: ReadingsRefused) -> Iterator[LineProblem]:
    for nth, one in refusal.refusals.items():
        line, column = sheet.numbers[nth], OF_FIELD.get(one.fields[0], "") if one.fields else ""
        unknown = one.code is NOT_FOUND and line in sheet.by_reference
        detail = nothing_bears(column) if unknown else one.sentence
        yield LineProblem(line=line, code=one.code.name, detail=detail, column=column)


def _set_aside(sheet: Sheet, check: Callable[[bytes], object], whole: Invalid) -> None:
    """Takes the lines out that cannot be meant, and says why of each; raises the error where it is no line's."""
    kept: list[tuple[int, dict[str, str]]] = []
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        try:
            check(body_of([row]))
        except Invalid as error:
            name = error.field.partition(".")[2]
            sheet.wrong(number, error.sentence, OF_FIELD.get(name, name))
        else:
            kept.append((number, row))
    if len(kept) == len(sheet.rows):
        raise whole
    sheet.keep(kept)


async def take(
    content: bytes, desk: Desk, database: Database, viewer: Viewer, envelope: Envelope, *, dry_run: bool
) -> ReadingsBody:
    """All or none; raises SheetRefused with every line that is wrong, Refused and Invalid for what is no line's."""
    sheet = sheet_of(content)
    await resolve(sheet, database, viewer.organisation_id)
    try:
        if sheet.rows:
            desk.check(COMMAND, body_of(sheet.rows))
    except Invalid as error:
        _set_aside(sheet, lambda body: desk.check(COMMAND, body), error)
    taken, position = 0, None
    try:
        if sheet.rows and (dry_run or sheet.problems):  # what is right so far is looked at too: one run tells all
            taken = await desk.rehearse(COMMAND, body_of(sheet.rows), viewer, envelope)
        elif sheet.rows:
            done = await desk.issue(COMMAND, body_of(sheet.rows), viewer, envelope)
            taken, position = len(done.event_ids), done.position
            COUNTED.labels(COMMAND, "repeated" if done.repeated else "accepted").inc()
    except ReadingsRefused as refusal:
        sheet.problems += _refused_lines(sheet, refusal)
    if sheet.problems:
        raise SheetRefused(sheet.problems)
    count = len(sheet.rows)
    return ReadingsBody(readings=count, taken=taken, known=count - taken, dry_run=dry_run, position=position)


@asgi("/readings.csv", name="readings", is_mount=False, copy_scope=False)
async def readings(scope: Scope, receive: Receive, send: Send) -> None:
    """Readings from a file, all of them or none; `dryRun=true` only says what would become of it."""
    request: HTTPRequest = Request(scope, receive, send)
    demand_post(request)
    viewer = await viewer_of(request, request.app.state.entrance, "write")
    demand_media_type(request, CSV)
    wish = request.query_params.get("dryRun", "false")
    if wish not in {"true", "false"}:
        raise Problem(400, "INVALID", "Say dryRun=true or dryRun=false.", fields=["dryRun"])
    body = await read_body(receive, request.headers.get("content-length", "0"), MOST_BYTES)
    state, dry_run = request.app.state, wish == "true"
    kind, status = JSON, 200 if dry_run else 201
    try:
        told = await take(body, state.desk, state.database, viewer, envelope_of(request), dry_run=dry_run)
        answer = msgspec.json.encode(told)
    except SheetRefused as refusal:
        answer, kind, status = msgspec.json.encode(refusal.body()), "application/problem+json", 422
    except Refused as refusal:
        raise refused(refusal) from None
    except Invalid as error:
        raise invalid(error) from None
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(answer)).encode())]
    await send_answer(send, status, answer, [*headers, (b"cache-control", b"no-store")])
