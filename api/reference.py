"""The OpenAPI description, made from the command classes, and the page that shows it."""

from functools import cache
from inspect import getdoc
from typing import Any

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from api.commands import NDJSON, AcceptedBody, LineBody
from api.desk import MADE_AT_THE_EDGE
from api.ingest import HeardBody
from api.pages import page
from api.problems import ProblemBody
from api.readings_csv import CSV, ReadingsBody, ReadingsProblemBody
from domain.commands import COMMANDS
from domain.values import camel

VERSION = "0.1.0"
HEADERS = (
    (
        "Idempotency-Key",
        "The same key with the same command answers with the first answer and records nothing.",
        "string",
    ),
    ("If-Match", "Refuses with 412 where what the command depends on has changed since this position.", "string"),
    ("Headway-Occurred-At", "When it happened, where that is earlier than now: a time with its zone.", "string"),
    ("Headway-Correlation-Id", "A UUID that ties together what belongs together.", "string"),
)


@cache
def openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of every route that integrators use."""
    kinds = [*COMMANDS.values(), AcceptedBody, LineBody, ProblemBody, ReadingsBody, ReadingsProblemBody, HeardBody]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for name, kind in COMMANDS.items():
        _edge_made(components[kind.__name__], name, camel(kind.entity) if kind.creates else None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headway",
            "version": VERSION,
            "description": "Commands append to the organisation's ledger; questions are asked at /graphql.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"apiKey": []}],
        "paths": {f"/commands/{name}": {"post": _operation(name)} for name in COMMANDS}
        | {
            "/commands": {"post": _bulk()},
            "/readings.csv": {"post": _readings()},
            "/ingest/{source}": {"post": _ingest()},
            "/strategy-map.svg": {"get": _picture()},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "hw_live_…"},
                "sourceKey": {"type": "http", "scheme": "bearer", "bearerFormat": "hw_src_…"},
            },
        },
    }


def _edge_made(schema: dict[str, Any], name: str, entity: str | None) -> None:
    """A new entity's id may be left out; what the edge makes is not asked for at all."""
    made = {camel(field) for field in MADE_AT_THE_EDGE.get(name, ())}
    for field in made:
        schema["properties"].pop(field, None)
    left_out = {entity, *made}
    schema["required"] = [field for field in schema.get("required", []) if field not in left_out]


def _content(kind: str, media_type: str = "application/json") -> dict[str, Any]:
    return {"content": {media_type: {"schema": {"$ref": f"#/components/schemas/{kind}"}}}}


def _operation(name: str) -> dict[str, Any]:
    kind = COMMANDS[name]
    text = getdoc(kind) or ""
    problem = {"description": "Refused, with a code that stays and a sentence that says what to do."}
    return {
        "operationId": name,
        "summary": text.partition("\n")[0],
        "description": text,
        "tags": [kind.__module__.rpartition(".")[2]],
        "parameters": [
            {"name": header, "in": "header", "description": said, "schema": {"type": type_}}
            for header, said, type_ in HEADERS
        ],
        "requestBody": {"required": True} | _content(kind.__name__),
        "responses": {
            "201": {"description": "Recorded."} | _content("AcceptedBody"),
            "4XX": problem | _content("ProblemBody", "application/problem+json"),
            "503": {"description": "Send it again in a moment."} | _content("ProblemBody", "application/problem+json"),
        },
    }


def _bulk() -> dict[str, Any]:
    text = {"content": {NDJSON: {"schema": {"type": "string"}}}}
    return {
        "operationId": "commands",
        "summary": "Many commands, a line each: {command, input, key, occurredAt}.",
        "tags": ["bulk"],
        "parameters": [
            {
                "name": "onFailure",
                "in": "query",
                "schema": {"type": "string", "enum": ["stop", "skip"], "default": "stop"},
            }
        ],
        "requestBody": {"required": True} | text,
        "responses": {"200": {"description": "An answer a line, in order."} | text},
    }


def _readings() -> dict[str, Any]:
    dry_run = {"name": "dryRun", "in": "query", "description": "Only say what would become of the file."}
    problem = {"description": "Nothing was taken: each line that is wrong, and what to do about it."}
    key, said, kind = HEADERS[0]
    return {
        "operationId": "readings",
        "summary": "Readings from a CSV file, all of them or none.",
        "tags": ["readings"],
        "parameters": [
            dry_run | {"schema": {"type": "boolean", "default": False}},
            {"name": key, "in": "header", "description": said, "schema": {"type": kind}},
        ],
        "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}},
        "responses": {
            "200": {"description": "What would become of it."} | _content("ReadingsBody"),
            "201": {"description": "Taken."} | _content("ReadingsBody"),
            "422": problem | _content("ReadingsProblemBody", "application/problem+json"),
            "4XX": {"description": "Refused."} | _content("ProblemBody", "application/problem+json"),
        },
    }


def _ingest() -> dict[str, Any]:
    body: dict[str, Any] = {media_type: {"schema": {}} for media_type in ("application/json", CSV)}
    source = {"name": "source", "in": "path", "required": True, "description": "The id of the source."}
    key, said, kind = HEADERS[0]
    return {
        "operationId": "ingest",
        "summary": "Readings as a source sends them, all of them or none; by its own key, or signed.",
        "tags": ["readings"],
        "security": [{"sourceKey": []}, {}],
        "parameters": [
            source | {"schema": {"type": "string", "format": "uuid"}},
            {"name": key, "in": "header", "description": said, "schema": {"type": kind}},
        ],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "201": {"description": "Taken, or told before."} | _content("HeardBody"),
            "4XX": {"description": "Nothing was taken."} | _content("ProblemBody", "application/problem+json"),
        },
    }


def _picture() -> dict[str, Any]:
    said = {"asOf": "A position of the ledger, or a moment with its zone.", "on": "A day."}
    return {
        "operationId": "strategy-map",
        "summary": "The strategy map as a picture.",
        "tags": ["strategy"],
        "parameters": [
            {"name": name, "in": "query", "description": text, "schema": {"type": "string"}}
            for name, text in said.items()
        ],
        "responses": {
            "200": {"description": "SVG."} | {"content": {"image/svg+xml": {"schema": {"type": "string"}}}},
            "4XX": {"description": "Refused."} | _content("ProblemBody", "application/problem+json"),
        },
    }


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def description() -> Response[bytes]:
    """The description itself, public as the repository is."""
    return Response(msgspec.json.encode(openapi()), media_type="application/json")


@get("/reference", include_in_schema=False, sync_to_thread=False)
def reference_page() -> Response[str]:
    """The page that shows it, from our own origin."""
    return page("reference")


def routes() -> list[HTTPRouteHandler]:
    """The description and its page."""
    return [description, reference_page]
