"""Where commands come in: from the fields of a request to what was recorded, the same for HTTP, GraphQL and the
command line."""

import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from uuid_utils.compat import uuid7

from api.viewer import Viewer
from domain.codes import NOT_ALLOWED, NOT_FOUND, OCCURRED_IN_FUTURE
from domain.commands import COMMANDS
from domain.connecting import ConnectSource, ReviseSource, RotateSourceKey
from domain.feeds import IssueFeedToken
from domain.forgetting import ForgetPerson
from domain.kernel import Command, Issued, Refused, wire_name
from domain.notices import Channel, SetNotices
from domain.organisation import IssueApiKey
from domain.sources import SourceKind
from domain.subscribing import ReviseWebhook, RotateWebhookSecret, SubscribeWebhook
from domain.values import Invalid, camel, checked_moment, cleaned_text, is_numeral
from infra import api_keys
from infra.ledger import Ledger
from infra.receivers import WRONG_URLS, reach_of
from infra.sequencer import Waiting
from infra.source_credentials import Credential, credentials_of
from infra.source_databases import databases_of
from infra.vault import Vault
from infra.webhook_keys import secret_of, source_secret_of

KEYED_IDS = UUID("4b0f7f0e-6a55-4b67-9f0b-0f5a8c1e5a11")
LONGEST_KEY = 255
CLOCKS_APART = timedelta(seconds=5)  # a caller's clock may run ahead of ours by so much
CONNECTIONS = {SourceKind.PULL_SQL: databases_of, SourceKind.PULL_HTTP: credentials_of}  # by name
KEYS: dict[type[Command], str] = {  # what a new one begins with
    IssueApiKey: api_keys.PREFIX,
    IssueFeedToken: api_keys.FEED_PREFIX,
    ConnectSource: api_keys.SOURCE_PREFIX,
    RotateSourceKey: api_keys.SOURCE_PREFIX,
}
SIGNING: frozenset[type[Command]] = frozenset(
    {SubscribeWebhook, RotateWebhookSecret, ConnectSource, RotateSourceKey, SetNotices}
)
MADE_AT_THE_EDGE = {
    wire_name(kind): frozenset(
        {*(("lookup", "digest") if kind in KEYS else ()), *(("secret_id",) if kind in SIGNING else ())}
    )
    for kind in KEYS.keys() | SIGNING
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What travels beside a command's fields."""

    key: str | None = None
    expected: int | None = None
    occurred_at: datetime | None = None
    correlation_id: UUID | None = None
    by: UUID | None = None  # on whose behalf an operator applies a file; never from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was recorded: the entity's id, the position, the events' ids; `secret` is shown this once."""

    id: UUID | None
    position: int
    event_ids: tuple[UUID, ...] = field(default=())
    repeated: bool = False
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A command on its way."""

    waiting: Waiting
    secret: str | None
    vault: Vault

    async def done(self) -> Done:
        """Raises Refused, Forgone, or what the database raises."""
        command, accepted = self.waiting.command, await self.waiting.answer
        secret = None if accepted.repeated else self.secret
        if isinstance(command, SubscribeWebhook | RotateWebhookSecret) and not accepted.repeated:
            organisation_id = self.waiting.issued.organisation_id
            secret = secret_of(self.vault.secret, organisation_id, command.webhook_id, command.secret_id)
        if isinstance(command, ConnectSource | RotateSourceKey) and not accepted.repeated:
            secret = self._secret_of_source(command)
        if isinstance(command, SetNotices) and accepted.event_ids and not accepted.repeated:
            secret = self._secret_of_notices(command)
        if isinstance(command, ForgetPerson):  # at once, however far the read models have come
            self.vault.forget(self.waiting.issued.organisation_id, command.person_id)
        return Done(
            id=getattr(command, command.entity, None) if command.entity else None,
            position=accepted.position,
            event_ids=accepted.event_ids,
            repeated=accepted.repeated,
            secret=secret,
        )

    def _secret_of_source(self, command: ConnectSource | RotateSourceKey) -> str | None:
        """Its key, or what it signs with; nothing for one that is fetched from."""
        if command.signs:
            organisation_id = self.waiting.issued.organisation_id
            return source_secret_of(self.vault.secret, organisation_id, command.source_id, command.secret_id)
        return self.secret if command.sends_with_key else None

    def _secret_of_notices(self, command: SetNotices) -> str | None:
        """Of a program that is told at another address than before."""
        issued = self.waiting.issued
        if command.channel is not Channel.WEBHOOK or command.receiver is None or issued.person_id is None:
            return None
        return secret_of(self.vault.secret, issued.organisation_id, issued.person_id, command.secret_id)


def field_of(error: msgspec.ValidationError) -> str:
    """The field that msgspec's path names (`… - at `$.dueOn``), in the caller's spelling."""
    _, found, path = str(error).partition(" - at `$")
    return path.rstrip("`").lstrip(".").replace("[...]", "[]") if found else ""


def sentence_of(error: msgspec.ValidationError) -> str:
    """What msgspec says of the value, and what to do."""
    text = str(error).partition(" - at `")[0]
    return f"{text.rstrip('.')}. Correct it and send the command again."


class Desk:
    """Takes commands in."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._decoders = {name: msgspec.json.Decoder(kind) for name, kind in COMMANDS.items()}

    async def issue(self, name: str, body: bytes, viewer: Viewer, envelope: Envelope) -> Done:
        """`body` is the JSON of the fields. Raises Invalid where it cannot be meant, Refused where a rule says no."""
        return await self.take(name, body, viewer, envelope).done()

    def take(self, name: str, body: bytes, viewer: Viewer, envelope: Envelope, after: "Taken | None" = None) -> "Taken":
        """On its way behind all that was taken before, and not tried (Forgone) where `after` comes to nothing; raises
        as `issue` does where that can be told at once."""
        command, issued, secret = self._prepared(name, body, viewer, envelope)
        return Taken(
            self.ledger.submit(command, issued, after.waiting if after else None),
            secret,
            self.ledger.database.seals.vault,
        )

    def check(self, name: str, body: bytes) -> None:
        """Raises Invalid where the fields of a command cannot be meant."""
        check_numbers(COMMANDS[name], decoded_fields(body))
        self._of_json(name, body)

    async def rehearse(self, name: str, body: bytes, viewer: Viewer, envelope: Envelope) -> int:
        """How many events the command would record now, and nothing is recorded; raises as `issue` does."""
        command, issued, _ = self._prepared(name, body, viewer, envelope)
        return await self.ledger.rehearse(command, issued)

    def _prepared(
        self, name: str, body: bytes, viewer: Viewer, envelope: Envelope
    ) -> tuple[Command, Issued, str | None]:
        """The command, who issues it, and the secret of a new key."""
        kind = COMMANDS.get(name)
        if kind is None:
            raise Refused(NOT_FOUND, "There is no such command; the reference lists them all.", "command")
        if not viewer.role.reaches(kind.role):
            raise Refused(NOT_ALLOWED, f"Ask somebody with the role {kind.role.value}, or stronger, to do this.")
        command, secret = self._decoded(name, kind, body, viewer, envelope)
        return command, self._issued(name, command, viewer, envelope), secret

    def _decoded(
        self, name: str, kind: type[Command], body: bytes, viewer: Viewer, envelope: Envelope
    ) -> tuple[Command, str | None]:
        """The command with what the edge adds to it: the id of a new entity, the lookup part and digest of a new
        key."""
        secret: str | None = None
        fields = decoded_fields(body)
        made = MADE_AT_THE_EDGE.get(name, frozenset[str]())
        for one in {camel(one) for one in made} & fields.keys():
            raise Invalid(f"Leave {one!r} out; it is made by the server.", one)
        entity = camel(kind.entity)
        check_numbers(kind, fields)
        if kind.creates and entity not in fields:
            fields[entity] = self._new_id(viewer.organisation_id, envelope.key)
        if prefix := KEYS.get(kind):
            key = api_keys.make(prefix)
            secret = key.text
            fields |= {"lookup": key.lookup, "digest": key.digest}
        if kind in SIGNING:
            fields["secretId"] = uuid7()
        if len(fields) > 0:
            body = msgspec.json.encode(fields)
        command = self._of_json(name, body)
        self._check_reach(command)
        return command, secret

    def _check_reach(self, command: Command) -> None:
        """Raises Invalid for what nothing is sent to or fetched from; where a name leads is looked at each time."""
        if isinstance(command, SubscribeWebhook | ReviseWebhook | SetNotices) and command.receiver is not None:
            self._check_url(command.receiver, "receiver")
        if isinstance(command, ConnectSource | ReviseSource):
            if command.address is not None:
                self._check_url(command.address, "address")
            if command.connection is not None:
                self._check_connection(command, command.connection)

    def _check_connection(self, command: ConnectSource | ReviseSource, name: str) -> None:
        """Of one that is revised the kind is not known here."""
        settings = self.ledger.database.settings
        kinds = [command.kind] if isinstance(command, ConnectSource) else [*CONNECTIONS]
        known = {kind: CONNECTIONS[kind](settings).get(name) for kind in kinds}
        if not any(known.values()):
            raise Invalid("Name a database or a credential that the operator has set for sources.", "connection")
        credential = known.get(SourceKind.PULL_HTTP)
        if isinstance(credential, Credential) and command.address and not credential.fits(command.address):
            raise Invalid("Name the credential of this host: the operator has set this one for another.", "connection")

    def _check_url(self, url: str, field: str) -> None:
        if wrong := reach_of(self.ledger.database.settings).check_url(url):
            raise Invalid(WRONG_URLS[wrong], field)

    def _of_json(self, name: str, body: bytes) -> Command:
        try:
            return self._decoders[name].decode(body)
        except msgspec.ValidationError as error:
            if isinstance(error.__cause__, Invalid):
                raise error.__cause__ from None
            raise Invalid(sentence_of(error), field_of(error)) from None

    def _new_id(self, organisation_id: UUID, key: str | None) -> UUID:
        """The same for the same key, so that a command sent again names the same entity."""
        return uuid5(KEYED_IDS, f"{organisation_id}:{key}") if key is not None else uuid7()

    def _issued(self, name: str, command: Command, viewer: Viewer, envelope: Envelope) -> Issued:
        now = datetime.now(UTC)
        occurred = now
        if envelope.occurred_at is not None:
            occurred = checked_moment(envelope.occurred_at, "occurredAt").astimezone(UTC)
            if occurred > now + CLOCKS_APART:
                raise Refused(OCCURRED_IN_FUTURE, "Give a time that has passed.", "occurredAt")
        key = envelope.key
        if key is not None:
            key = checked_key(key)
        command_id = uuid7()
        person = envelope.by or viewer.person_id
        return Issued(
            organisation_id=viewer.organisation_id,
            by=viewer.actor if envelope.by is None else f"person:{envelope.by}",
            person_id=person,
            role=viewer.role,
            at=now,
            occurred_at=min(occurred, now),
            today=min(occurred, now).astimezone(ZoneInfo(viewer.time_zone)).date(),
            command_id=command_id,
            correlation_id=envelope.correlation_id or command_id,
            causation_id=command_id,
            key=key,
            digest=digest_of(name, command, self.ledger.database.seals.vault.secret),
            expected=envelope.expected,
        )


@lru_cache
def numbers_of(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The callers' names of the fields that hold a decimal."""
    hints = get_type_hints(kind)
    return frozenset(camel(name) for name in kind.__struct_fields__ if Decimal in {hints[name], *get_args(hints[name])})


@lru_cache
def lists_of(kind: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """The callers' names of the fields that hold lists of objects with numbers, and of what type these are."""
    return {
        camel(name): one
        for name, hint in get_type_hints(kind).items()
        for option in (hint, *get_args(hint))
        if get_origin(option) is tuple
        for one in get_args(option)
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and numbers_of(one)
    }


def check_numbers(kind: type[msgspec.Struct], fields: Mapping[str, msgspec.Raw], where: str = "") -> None:
    """Raises Invalid for a text that is no numeral; the decoder takes more than is one."""
    for name in numbers_of(kind) & fields.keys():
        text = bytes(fields[name])
        if text.startswith(b'"') and not is_numeral(msgspec.json.decode(text)):
            raise Invalid("Write the number in digits, with a point for the fraction.", where + name)
    for name, inner in lists_of(kind).items():
        if name not in fields:
            continue
        with suppress(msgspec.ValidationError):  # of another shape: the decoder will say so
            for nth, one in enumerate(msgspec.json.decode(fields[name], type=list[dict[str, msgspec.Raw]])):
                check_numbers(inner, one, f"{where}{name}[{nth}].")


def checked_key(key: str) -> str:
    """Raises Invalid for a key that is empty, too long, or no clean text."""
    if not 0 < len(key) <= LONGEST_KEY:
        raise Invalid(f"Give an idempotency key of 1 to {LONGEST_KEY} characters.", "Idempotency-Key")
    return cleaned_text(key, "Idempotency-Key")


def digest_of(name: str, command: Command, secret: bytes) -> bytes:
    """Equal for the same command with the same fields; a key's secret, made anew each time, is no part of it. Who does
    not know the installation's secret can't try out names until one fits."""
    fields: dict[str, Any] = {one: getattr(command, one) for one in command.__struct_fields__}
    for one in MADE_AT_THE_EDGE.get(name, ()):
        del fields[one]
    return hmac.digest(secret, name.encode() + b"\n" + msgspec.json.encode(fields), "sha256")


def decoded_fields(body: bytes) -> dict[str, Any]:
    """The fields, undecoded; raises Invalid on what is no JSON object."""
    try:
        body.decode()  # what stays undecoded is not looked at otherwise
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Invalid("Send one JSON object in UTF-8, with the fields of the command.") from None
