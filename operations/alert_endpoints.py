"""Endpoints for people: chat and mail, which are written to of alerts alone. What `operations/endpoints.py` does to them stands here."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from activities.delivering.alert_senders import AlertSender, ChatSender, MailSender
from activities.delivering.mail import Mailer
from activities.delivering.signing import Poster
from domain.delivery.alert_notice import sample
from domain.mail_server import is_mail_address
from operations.errors import NotConfiguredError, WrongInputError
from outbound import Client, Policy
from settings import Settings

WEBHOOK, CHAT, MAIL = "webhook", "chat", "mail"
KINDS = {WEBHOOK: "webhook: changes, signed", CHAT: "chat, as Slack has it: alerts alone", MAIL: "mail: alerts alone"}
NO_SERVER = "SELLERBEAT_SMTP_URL is not set, so no mail can be sent; docs/how-to/alerts.md has how to write it"
PREFIX = "mailto:"


def mail_address(given: str, settings: Settings) -> str:
    """The address as it is stored, `mailto:ops@example.com`; given with or without its beginning.

    Raises:
        WrongInputError: it is none.
        NotConfiguredError: there is no server to hand mail to.
    """
    address = given.removeprefix(PREFIX)
    if not is_mail_address(address):
        raise WrongInputError("url", "not one mail address such as ops@example.com")
    if settings.smtp_url is None:
        raise NotConfiguredError(NO_SERVER)
    return f"{PREFIX}{address}"


def shortened(kind: str, address: str) -> str:
    """What may be shown of an address: a chat's path is as good as a password."""
    if kind != CHAT:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/…"


def senders(settings: Settings, client: Poster, *, elsewhere_too: bool = False) -> dict[str, AlertSender]:
    """By kind of endpoint. `elsewhere_too`: other processes send too, so that without a server for mail it is left to them."""
    found: dict[str, AlertSender] = {CHAT: ChatSender(client, settings.public_url)}
    if settings.smtp_url or not elsewhere_too:
        found[MAIL] = MailSender(Mailer(settings.mail_server()), settings.public_url)
    return found


def send_sample(settings: Settings, policy: Policy, endpoint_id: str, kind: str, address: str) -> dict[str, Any]:
    """One message that says that it is a test; what came of it, as `operations.endpoint_trials.try_endpoint` returns it."""
    event_id = f"test-{uuid4()}"
    with closing(Client(policy)) as client:
        found = senders(settings, client)[kind].send(address, sample(datetime.now(UTC)), event_id)
    fields = {"outcome": found.outcome.value, "status": found.status, "kind": found.kind, "text": found.text, "took_ms": found.took_ms}
    return {"id": endpoint_id, "event_id": event_id, **fields}
