"""Mail of alerts, handed to a real server of SMTP: in TLS, logged in, and whatever the server does, in time and in our own words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activities.delivering.alert_senders import MailSender, MessageOutcome
from activities.delivering.mail import Mailer
from domain.delivery import AttemptOutcome
from domain.delivery.alert_notice import AlertNotice, NoticeLine, sample
from domain.mail_server import mail_server
from tests.support.certificates import Authority
from tests.support.mailboxes import MailServerThread

NOW = datetime(2026, 12, 1, 3, 12, tzinfo=UTC)
TO = "ops@example.com"


def sent(server: MailServerThread, mailer: Mailer) -> MessageOutcome:
    return MailSender(mailer, "https://sellerbeat.example.com").send(TO, sample(NOW), "alerts-ep-1-7")


def plain(server: MailServerThread, patience_s: float = 10.0, longest_s: float = 30.0) -> Mailer:
    url = f"smtp://127.0.0.1:{server.port}?starttls=off&from=alerts@example.com"
    return Mailer(mail_server(url), patience_s=patience_s, longest_s=longest_s)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_a_message_arrives_as_plain_text_under_an_id_that_stays_the_same() -> None:
    with MailServerThread() as server:
        found = [sent(server, plain(server)) for _ in range(2)]

    first, second = server.letters
    assert [one.outcome for one in found] == [AttemptOutcome.DELIVERED] * 2
    assert (first["From"], first["To"], first["Auto-Submitted"]) == ("Sellerbeat <alerts@example.com>", TO, "auto-generated")
    assert first["Subject"].startswith("[Sellerbeat] Test of alerts")
    assert first["Message-ID"] == second["Message-ID"] == "<alerts-ep-1-7@example.com>"
    assert "https://sellerbeat.example.com/" in first.get_content()
    assert first.get_content_type() == "text/plain"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_user_and_password_go_through_tls_alone(authority: Authority, scheme: str) -> None:
    with MailServerThread(authority.server("127.0.0.1"), at_once=scheme == "smtps") as server:
        url = f"{scheme}://ops%40example.com:p%2Fss@127.0.0.1:{server.port}"
        found = sent(server, Mailer(mail_server(url), authority.client()))
        stranger = sent(server, Mailer(mail_server(url)))

    assert found.outcome == AttemptOutcome.DELIVERED
    assert server.logins == [("ops@example.com", "p/ss")]
    assert server.letters[0]["From"] == "Sellerbeat <ops@example.com>"
    assert (stranger.outcome, stranger.kind) == (AttemptOutcome.UNANSWERED, "tls")


def test_nothing_is_sent_where_starttls_is_not_offered() -> None:
    with MailServerThread() as server:
        found = sent(server, Mailer(mail_server(f"smtp://127.0.0.1:{server.port}?from=alerts@example.com")))

    assert (found.outcome, found.kind) == (AttemptOutcome.UNANSWERED, "tls")
    assert server.letters == []


@pytest.mark.parametrize("answer", ["535 secret words", "421 later"])
@pytest.mark.parametrize("verb", ["RCPT", "DATA", "MAIL"])
def test_what_the_server_refuses_is_said_by_its_number_alone(verb: str, answer: str) -> None:
    with MailServerThread(refusing={verb: answer}) as server:
        found = sent(server, plain(server))

    assert (found.outcome, found.status) == (AttemptOutcome.REFUSED, int(answer[:3]))
    assert str(found.text).startswith(f"the mail server answered {answer[:3]}")
    assert "secret" not in repr(found)


def test_what_was_taken_is_taken_whatever_becomes_of_the_farewell() -> None:
    with MailServerThread(refusing={"QUIT": "500 no"}) as server:
        assert sent(server, plain(server)).outcome == AttemptOutcome.DELIVERED


@pytest.mark.parametrize(("given", "kind"), [({"patience_s": 0.1}, "timeout"), ({"longest_s": 0.1}, "reset")])
def test_a_server_that_hangs_is_left(given: dict[str, float], kind: str) -> None:
    with MailServerThread(hanging=frozenset({"MAIL"})) as server:
        found = sent(server, plain(server, **given))

    assert (found.outcome, found.kind) == (AttemptOutcome.UNANSWERED, kind)
    assert found.took_ms < 5000


def test_nobody_listens_and_no_server_is_set() -> None:
    with MailServerThread() as server:
        mailer = plain(server)
    away = MailSender(mailer, None).send(TO, sample(NOW), "k")
    unset = MailSender(Mailer(None), None).send(TO, sample(NOW), "k")

    assert (away.outcome, away.kind) == (AttemptOutcome.UNANSWERED, "refused")
    assert (unset.outcome, unset.kind) == (AttemptOutcome.UNANSWERED, "no_server")


def test_no_text_of_an_alert_makes_a_header_or_ends_the_letter() -> None:
    hostile = AlertNotice("Open: a\r\nBcc: all@example.com\r\n\r\nx", (NoticeLine("Open", "a\r\n.\r\nQUIT\r\n", "ü 😀"),))
    with MailServerThread() as server:
        MailSender(plain(server), None).send(TO, hostile, "k")

    (letter,) = server.letters
    assert letter["Bcc"] is None
    assert letter["Subject"] == "[Sellerbeat] Open: a Bcc: all@example.com x"
    assert "QUIT" in letter.get_content()
    assert "ü 😀" in letter.get_content()
