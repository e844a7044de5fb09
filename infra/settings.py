"""Settings: read once from the environment, each with a default that runs on a laptop, a limit and a sentence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from msgspec import Meta
from platformdirs import user_data_dir

PREFIX = "HEADWAY_"
CLIENT = frozenset({"URL", "API_KEY", "TEAM_API_KEY", "AUDITOR_API_KEY"})  # of keys.env, which a shell may export
ADDRESSES = frozenset({"database_url", "application_database_url", "smtp_url"})
SECRET = ADDRESSES | {"master_key", "source_databases", "source_credentials"}
Address = Annotated[str, Meta(pattern="^postgres(ql)?://")]
TELLING = frozenset({"host", "port", "user", "dbname", "database", "sslmode", "target_session_attrs", "starttls"})
MASK = "***"
HOST = r"(\[[^\]]+\]|[^:,\[\]]*)(:\d*)?"
HOSTS = re.compile(f"{HOST}(,{HOST})*")


class SettingsInvalid(ValueError):
    """A setting that is unknown or wrong; the sentence names it and says what to do."""


def _said(sentence: str, **limits: Any) -> Meta:
    return Meta(description=sentence, **limits)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    home: Annotated[str, _said("Folder of the embedded database and of generated keys.", min_length=1)] = user_data_dir(
        "headway"
    )
    database_url: Annotated[
        Address | None, _said("PostgreSQL 16 or newer, as the role that migrates; none: the embedded server.")
    ] = None
    application_database_url: Annotated[
        Address | None,
        _said("The same database as the role that serves; none: database_url with role headway_application."),
    ] = None
    vault: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        _said("File of the keys of persons, to be backed up apart from the database; none: one in the home."),
    ] = None
    master_key: Annotated[
        str | None, _said("The key that wraps the keys of persons: 32 bytes in base64; none: the next, or a file.")
    ] = None
    master_key_file: Annotated[str | None, _said("A file with the master key; none: in the home, made once.")] = None
    master_key_command: Annotated[
        str | None, _said("A program that writes the master key, such as one that asks a key management service.")
    ] = None
    host: Annotated[str, _said("Address to serve on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, _said("Port to serve on.", ge=1, le=65535)] = 8000
    append_pool_size: Annotated[int, _said("Connections that append.", ge=1, le=200)] = 8
    work_pool_size: Annotated[int, _said("Connections of projector and edge.", ge=2, le=200)] = 8
    read_pool_size: Annotated[int, _said("Connections that read.", ge=1, le=200)] = 8
    statement_timeout_seconds: Annotated[int, _said("How long a read may take.", ge=1, le=600)] = 5
    cors_origins: Annotated[str, _said("Origins that browsers may call from, separated by commas; none: closed.")] = ""
    rate_per_second: Annotated[float, _said("Requests a second that a key is given.", gt=0, le=1e6)] = 1_000.0
    rate_burst: Annotated[float, _said("Requests that a rested key may make at once.", ge=1, le=1e6)] = 2_000.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _said("Least severe log lines shown: debug, info, warning or error."),
    ] = "info"
    explorer: Annotated[bool, _said("Whether browsers are shown GraphiQL at /graphql.")] = True
    introspection: Annotated[bool, _said("Whether the GraphQL schema may be asked for.")] = True
    graphql_documents: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        _said("Folder of trusted documents (*.graphql), which clients name by their SHA-256."),
    ] = None
    graphql_trust: Annotated[
        Literal["open", "prefer", "only"],
        _said("Documents beside the trusted ones: taken (open), taken and logged (prefer), refused (only)."),
    ] = "open"
    graphql_max_bytes: Annotated[int, _said("Size of a GraphQL request.", ge=1_000)] = 262_144
    graphql_document_bytes: Annotated[int, _said("Size of a GraphQL document.", ge=100)] = 20_000
    graphql_max_tokens: Annotated[int, _said("Tokens of a GraphQL document.", ge=10)] = 2_000
    graphql_max_depth: Annotated[int, _said("Depth of a GraphQL document.", ge=1)] = 15
    graphql_max_aliases: Annotated[int, _said("Aliases in a GraphQL document.", ge=0)] = 100
    graphql_max_root_fields: Annotated[int, _said("Root fields of a GraphQL operation.", ge=1)] = 20
    graphql_max_cost: Annotated[int, _said("Cost of a GraphQL operation, in rows and fields.", ge=1)] = 50_000
    live_queries: Annotated[
        int, _said("Live queries and sockets at once in this process; one key may have a tenth of them.", ge=1)
    ] = 20_000
    response_cache_megabytes: Annotated[int, _said("Memory for answers that can be given again.", ge=0)] = 32
    sentences: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        _said("Folder of files (<language>.toml) in which the history is told in words of your own."),
    ] = None
    deliverer: Annotated[bool, _said("Whether this process sends to webhooks; one of them should.")] = True
    webhook_networks: Annotated[
        str,
        _said("Networks beside the public internet for webhooks and sources, as 10.1.0.0/16, separated by commas."),
    ] = ""
    webhook_plain_http: Annotated[
        bool, _said("Whether webhooks and sources may use http, for a network of your own.")
    ] = False
    puller: Annotated[bool, _said("Whether this process fetches from sources; one of them should.")] = True
    source_databases: Annotated[
        str,
        _said(
            "Databases that sources may be read from, as name=postgresql://reader:password@host/database, separated by"
            " spaces; give each a role that may read what is meant and nothing else."
        ),
    ] = ""
    source_credentials: Annotated[
        str,
        _said(
            "Headers that addresses want of sources, as name=https://host#Authorization:Bearer%20token, separated by"
            " spaces; each is sent to that scheme, host and port alone."
        ),
    ] = ""
    notifier: Annotated[bool, _said("Whether this process tells people what waits for them; one of them should.")] = (
        True
    )
    smtp_url: Annotated[
        Annotated[str, Meta(pattern="^smtps?://")] | None,
        _said("Server for e-mail, as smtp://user:password@host:587?starttls, or smtps://…; none: no e-mail is sent."),
    ] = None
    mail_from: Annotated[
        Annotated[str, Meta(pattern=r"^[^\r\n]*[^@\s<]+@[^@\s>]+>?$(?!\n)", max_length=320)] | None,
        _said("The address that e-mail comes from, as Headway <headway@example.com>."),
    ] = None
    public_url: Annotated[
        Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s?#]*$(?!\n)", max_length=500)] | None,
        _said("Where people reach this server, for links in notices; none: the host and port it serves on."),
    ] = None
    timekeeper: Annotated[bool, _said("Whether this process notes what time brings about; one of them should.")] = True
    access_log: Annotated[bool, _said("Whether the ledger notes when keys are used or refused.")] = True
    checkpoint_seconds: Annotated[
        int, _said("How often this process signs checkpoints where events have come; 0: never.", ge=0, le=86_400)
    ] = 60
    checkpoint_origin: Annotated[
        str,
        _said(
            "What checkpoints call this installation, as example.com/headway; the organisation's id follows.",
            pattern=r"^[^\s+]+$",
        ),
    ] = "headway"
    signing_keys: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        _said("File of the keys that sign checkpoints; none: signing-keys in the home, made when it is first needed."),
    ] = None
    witnesses: Annotated[
        str, _said("Public keys of those who may cosign checkpoints, separated by spaces; none: nobody.")
    ] = ""
    drain_seconds: Annotated[float, _said("How long readiness is false before connections close.", ge=0, le=60)] = 5.0


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsInvalid for an unknown HEADWAY_ name or a value outside its limits."""
    given: dict[str, str] = {}
    for name, value in environment.items():
        short = name.removeprefix(PREFIX)
        if short == name or short in CLIENT:
            continue
        field = short.lower()
        if field not in Settings.__struct_fields__ or short != field.upper():
            raise SettingsInvalid(
                f"There is no setting {name}; `headway settings` lists them all. Remove it or correct it."
            )
        given[field] = value
    for field, value in given.items():
        try:
            msgspec.convert({field: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsInvalid(f"Correct {PREFIX}{field.upper()}: {_reason(field, error)}.") from None
        if field in ADDRESSES and _without_passwords(value) == MASK:
            raise SettingsInvalid(
                f"Correct {PREFIX}{field.upper()}: write / as %2F in its password, @ as %40, # as %23."
            )
    return msgspec.convert(given, Settings, strict=False)


def _reason(field: str, error: msgspec.ValidationError) -> str:
    """Never the value, which may be a secret."""
    if field == "smtp_url":
        return "write it as smtp://user:password@host:587?starttls"
    if field in ADDRESSES:
        return "write it as postgresql://user:password@host:port/database"
    if get_type_hints(Settings)[field] is bool:
        return "write true or false"
    return str(error).partition(" - at ")[0]


@dataclass(frozen=True, slots=True)
class Described:
    """A setting as `headway settings` lists it."""

    name: str
    value: str
    origin: str
    sentence: str


def described(settings: Settings, environment: Mapping[str, str]) -> list[Described]:
    """Every setting with where its value comes from; passwords are masked."""
    hints = get_type_hints(Settings, include_extras=True)
    return [
        Described(
            name=PREFIX + field.upper(),
            value=_masked(field, getattr(settings, field)),
            origin="environment" if PREFIX + field.upper() in environment else "default",
            sentence=_sentence(hints[field]),
        )
        for field in Settings.__struct_fields__
    ]


def _sentence(hint: Any) -> str:
    if get_origin(hint) is not Annotated:
        return ""
    return next((one.description or "" for one in get_args(hint)[1:] if isinstance(one, Meta)), "")


def _masked(field: str, value: Any) -> str:
    if value is None:
        return ""
    if field in ADDRESSES:
        return _without_passwords(str(value))
    return MASK if field in SECRET else str(value)


def _without_passwords(url: str) -> str:
    """A URL that does not part cleanly, as with an unescaped `/` in its password, is masked altogether."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return MASK
    user, at, place = parts.netloc.rpartition("@")
    if not HOSTS.fullmatch(place) or "@" in parts.path or "@" in parts.query or parts.fragment:
        return MASK
    if parts.password is not None:
        user = f"{parts.username or ''}:{MASK}"
    asked = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, value if name in TELLING else MASK) for name, value in asked], safe="*/")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{place}", query=query))


def public_url_of(settings: Settings) -> str:
    """Without a stroke at its end."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.public_url or f"http://{host}:{settings.port}").rstrip("/")


def home_of(settings: Settings) -> Path:
    """Absolute, with `~` resolved."""
    return Path(settings.home).expanduser().absolute()
