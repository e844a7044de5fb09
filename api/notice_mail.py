"""A notice as e-mail: plain text, and simple HTML that can be read on light and on dark; nothing is loaded."""

from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import urlsplit

from api.notice_texts import Told, line
from infra.notifier import Notice

POLICY = SMTP.clone(max_line_length=998)  # folded at 78, a long address is encoded, and no link any more
INK, FAINT, LATE, EDGE, BUTTON = "#1c2430", "#5b6675", "#a3341f", "#d5dae1", "#2456a6"
DARK = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #16191f !important; }
  .ink { color: #e8ebf0 !important; }
  .faint { color: #a7b0bd !important; }
  .late { color: #ff9b85 !important; }
  .edge { border-color: #3a414c !important; }
  .link { color: #9cc2ff !important; }
}
"""
FONT = "font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;"


class AddressUnfit(ValueError):
    """An address that no server would take."""


def mail_of(notice: Notice, told: Told, sender: str, stop: str, public_url: str) -> EmailMessage:
    """With both, and the headers by which a mail program offers to stop it (RFC 8058). Raises AddressUnfit."""
    mail = EmailMessage(policy=POLICY)
    name, address = parseaddr(sender)
    mail["From"] = _address(name, address)
    mail["To"] = _address(notice.to.name, notice.to.email or "")
    mail["Subject"] = line(told.subject)
    mail["Date"] = format_datetime(notice.at.astimezone(UTC))
    mail["Message-ID"] = f"<{notice.id.hex}@{urlsplit(public_url).hostname or 'headway'}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{stop}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(plain(told, stop))
    mail.add_alternative(html(told, stop), subtype="html")
    mail["Content-Language"] = told.language  # last: what is set before goes to a part
    return mail


def _address(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    if not (user and domain and user.isascii()):  # few servers take another
        raise AddressUnfit("no address of e-mail in ASCII")
    try:
        return Address(line(name), user, domain.encode("idna").decode())
    except (ValueError, UnicodeError, IndexError):
        raise AddressUnfit("no address of e-mail") from None


def plain(told: Told, stop: str) -> str:
    """As text."""
    items = "\n".join(f"- {item.sentence}\n  ({item.when})" for item in told.items)
    more = f"\n\n{told.more}" if told.more else ""
    return f"{told.greeting}\n\n{told.lead}\n\n{items}{more}\n\n-- \n{told.why}\n{told.stop}: {stop}\n"


def html(told: Told, stop: str) -> str:
    """Whatever people wrote is escaped."""
    rows = "".join(
        f'<tr><td class="edge" style="border-top: 1px solid {EDGE}; padding: 12px 0; overflow-wrap: anywhere;">'
        f'<div class="ink" style="color: {INK};">{escape(item.sentence)}</div>'
        f'<div class="{"late" if item.late else "faint"}"'
        f' style="color: {LATE if item.late else FAINT}; font-size: 14px;">{escape(item.when)}</div></td></tr>'
        for item in told.items
    )
    more = f'<p class="ink" style="color: {INK};">{escape(told.more)}</p>' if told.more else ""
    return (
        f'<!doctype html><html lang="{told.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(told.subject)}</title><style>{DARK}</style></head>"
        f'<body class="page" style="margin: 0; background: #ffffff; {FONT} font-size: 16px; line-height: 1.5;">'
        '<div style="max-width: 600px; margin: 0 auto; padding: 24px 20px;">'
        f'<h1 class="ink" style="color: {INK}; font-size: 20px; line-height: 1.3; margin: 0 0 16px;">'
        f"{escape(told.subject)}</h1>"
        f'<p class="ink" style="color: {INK}; margin: 0 0 16px;">{escape(told.greeting)}<br>{escape(told.lead)}</p>'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"'
        ' style="border-collapse: collapse; table-layout: fixed;">'
        f"{rows}</table>{more}"
        f'<p class="faint edge" style="color: {FAINT}; font-size: 14px; border-top: 1px solid {EDGE};'
        f' margin: 16px 0 0; padding-top: 12px;">{escape(told.why)}<br>'
        f'<a class="link" style="color: {BUTTON};" href="{escape(stop)}">{escape(told.stop)}</a></p>'
        "</div></body></html>\n"
    )
