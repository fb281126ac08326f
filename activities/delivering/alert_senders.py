"""One message to people: to a chat's incoming webhook, or by mail."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Protocol

from activities.delivering.mail import Mailer, MailRefusedError, NoMailServerError
from activities.delivering.signing import Poster
from domain.delivery import AttemptOutcome, outcome_of, retry_after
from domain.delivery.alert_notice import AlertNotice
from domain.delivery.alert_spelling import chat_body, mail_body, mail_subject
from outbound import ForbiddenTargetError, NoAnswerError


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """How it ended. `kind` and `text`: why there was no answer, for a program and for a person; `asked_s`: to wait so long."""

    outcome: AttemptOutcome
    took_ms: int
    status: int | None = None
    kind: str | None = None
    text: str | None = None
    asked_s: float | None = None


class AlertSender(Protocol):
    """Sends to an address of its kind. `key`: the same for the same message, however often it is sent. Raises nothing that is expected."""

    def send(self, address: str, notice: AlertNotice, key: str) -> MessageOutcome: ...


class ChatSender:
    """Slack's incoming webhook, and what takes the same."""

    def __init__(self, client: Poster, public_url: str | None) -> None:
        self.client, self.public_url = client, public_url

    def send(self, address: str, notice: AlertNotice, key: str) -> MessageOutcome:
        """The address may be called as those of webhooks may."""
        began = time.monotonic()
        headers = {"content-type": "application/json", "user-agent": "Sellerbeat"}
        try:
            answer = self.client.post(address, chat_body(notice, self.public_url), headers)
        except NoAnswerError as error:
            return MessageOutcome(AttemptOutcome.UNANSWERED, since(began), kind=error.kind, text=str(error))
        except ForbiddenTargetError as error:
            return MessageOutcome(AttemptOutcome.FORBIDDEN, since(began), kind=error.reason, text=str(error))
        asked_s = retry_after(answer.headers, datetime.now(UTC))
        return MessageOutcome(outcome_of(answer.status), since(began), answer.status, asked_s=asked_s)


class MailSender:
    """Mail by the operator's server."""

    def __init__(self, mailer: Mailer, public_url: str | None) -> None:
        self.mailer, self.public_url = mailer, public_url

    def send(self, address: str, notice: AlertNotice, key: str) -> MessageOutcome:
        """Under a Message-ID made of the key, by which a mailbox knows what came twice."""
        began = time.monotonic()
        try:
            status = self.mailer.send(self.letter(address, notice, key))
        except NoMailServerError as error:
            return MessageOutcome(AttemptOutcome.UNANSWERED, since(began), kind=error.kind, text=str(error))
        except MailRefusedError as error:
            return MessageOutcome(AttemptOutcome.REFUSED, since(began), error.status, text=str(error))
        return MessageOutcome(AttemptOutcome.DELIVERED, since(began), status)

    def letter(self, address: str, notice: AlertNotice, key: str) -> EmailMessage:
        """What is handed over."""
        sender = self.mailer.server.sender if self.mailer.server else "sellerbeat@localhost"
        letter = EmailMessage(policy=SMTP.clone(max_line_length=400))  # a subject in one line; RFC 5322 allows 998
        letter["From"], letter["To"], letter["Subject"] = f"Sellerbeat <{sender}>", address, mail_subject(notice)
        letter["Date"] = format_datetime(datetime.now(UTC))
        letter["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer of somebody's absence comes back
        letter.set_content(mail_body(notice, self.public_url))
        return letter


def since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
