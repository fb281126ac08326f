"""Where mail is handed over, as `SELLERBEAT_SMTP_URL` says it.

    smtp://user:password@mail.example.com:587?from=alerts@example.com    STARTTLS, which is asked for unless ?starttls=off
    smtps://user:password@mail.example.com:465                           TLS from the beginning

Port 587 or 465 where none is named. `from` is the sender; where it is left out, the user, if that is a mail address. User and password are
percent-encoded. No error repeats what was given: it holds a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63})*")
LONGEST_ADDRESS = 254  # characters (RFC 5321, 4.5.3.1.3, without the brackets)
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+")
SWITCHES = {"on": True, "true": True, "required": True, "off": False, "false": False}
LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
EXAMPLE = "smtp://user:password@mail.example.com:587?from=alerts@example.com"


def is_mail_address(text: str) -> bool:
    """Whether mail may be sent there: one address in ASCII, without a name, and with no character that ends a line."""
    return len(text) <= LONGEST_ADDRESS and MAIL_ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes mail for others. `tls`: from the first byte; `starttls`: asked for, and nothing is sent without it."""

    host: str
    port: int
    sender: str
    tls: bool
    starttls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """For people, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'smtps' if self.tls else 'smtp'}://{host}:{self.port}"


def mail_server(url: str) -> MailServer:
    """Raises ValueError: what is wrong with it, in words that hold nothing of it."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError(f"is no address such as {EXAMPLE}") from None
    if parts.scheme not in ("smtp", "smtps") or not HOST.fullmatch(host) or parts.path not in ("", "/") or parts.fragment or port == 0:
        raise ValueError(f"is no address such as {EXAMPLE}")
    if unknown := sorted(options.keys() - {"from", "starttls"}):
        raise ValueError(f"knows no option {unknown[0]}: there are from and starttls" if unknown[0].isalnum() else "has an unknown option")
    tls = parts.scheme == "smtps"
    switch = options.get("starttls", "off" if tls else "on").lower()
    if switch not in SWITCHES or (tls and SWITCHES[switch]):
        raise ValueError("takes starttls=on or starttls=off, and smtps:// has TLS without it")
    user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError(f"has a user without a password, or the other way round; write both: {EXAMPLE}")
    if user and not tls and not SWITCHES[switch] and not LOOPBACK.fullmatch(host):
        raise ValueError("would show the password to the network: leave out starttls=off, or the user")
    sender = options.get("from", user or "")
    if not is_mail_address(sender):
        raise ValueError("says not who mail is from: end it with ?from=alerts@example.com")
    return MailServer(host, port or (465 if tls else 587), sender, tls, SWITCHES[switch], user, password)
