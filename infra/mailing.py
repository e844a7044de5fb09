"""Hands e-mail to the server that the operator has named, and tells what came of it."""

import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as LINES
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib

from infra.settings import Settings, SettingsInvalid

SECONDS = 20.0
PERMANENT = range(500, 600)
PORTS = {"smtp": 25, "smtps": 465}
STARTING: tuple[list[tuple[str, str]], ...] = ([], [("starttls", "")])
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
WRONG = "Correct HEADWAY_SMTP_URL: write it as smtp://user:password@host:587?starttls, or smtps://…."

Sent = Literal["sent", "failed", "refused", "unknown"]  # unknown: it may have arrived


@dataclass(frozen=True, slots=True)
class Mailer:
    """One server; each mail over a connection of its own."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: bool = False
    start_tls: bool = False
    context: ssl.SSLContext | None = None

    async def send(self, mail: EmailMessage, sender: str, recipient: str) -> Sent:
        """Never raises for what the server does. Until the text has been handed over it can't have arrived."""
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            timeout=SECONDS,
            use_tls=self.tls,
            start_tls=self.start_tls,
            username=self.user,
            password=self.password,
            tls_context=self.context,
        )
        came: Sent = "failed"  # until the recipient is named, the trouble is the operator's
        try:
            async with client:
                await client.mail(sender)
                came = "refused"
                await client.rcpt(recipient)
                text = mail.as_bytes(policy=LINES)
                came = "unknown"
                await client.data(text)
                came = "sent"
        except aiosmtplib.SMTPResponseException as error:  # an answer: it has not been taken
            if came != "sent":
                return "refused" if came != "failed" and error.code in PERMANENT else "failed"
        except (aiosmtplib.SMTPException, OSError):
            return "failed" if came == "refused" else came
        return came


def mailer_of(settings: Settings) -> Mailer | None:
    """None where no server was named; raises SettingsInvalid."""
    if settings.smtp_url is None:
        return None
    try:
        parts = urlsplit(settings.smtp_url)
        port = parts.port
    except ValueError:
        raise SettingsInvalid(WRONG) from None
    asked = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme not in PORTS or not parts.hostname or parts.path not in {"", "/"} or asked not in STARTING:
        raise SettingsInvalid(WRONG)
    secured = parts.scheme == "smtps" or bool(asked)
    if parts.password and not secured and parts.hostname not in LOCAL:
        raise SettingsInvalid(
            "Correct HEADWAY_SMTP_URL: a password goes over TLS alone, so add ?starttls, or use smtps."
        )
    if settings.mail_from is None:
        raise SettingsInvalid("Set HEADWAY_MAIL_FROM as well: the address that notices come from.")
    return Mailer(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=parts.scheme == "smtps",
        start_tls=bool(asked),
    )
