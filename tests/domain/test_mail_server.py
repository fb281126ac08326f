"""Where mail is handed over: read strictly, and no error repeats what was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.mail_server import MailServer, is_mail_address, mail_server


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://u%40x.com:p%3Aw@mail.x.com", MailServer("mail.x.com", 587, "u@x.com", False, True, "u@x.com", "p:w")),
        ("smtps://u:p@mail.x.com?from=a@x.com", MailServer("mail.x.com", 465, "a@x.com", True, False, "u", "p")),
        ("smtp://relay:25?starttls=off&from=a@x.com", MailServer("relay", 25, "a@x.com", False, False)),
        ("smtp://u:p@127.0.0.1:25/?starttls=false&from=a@x.com", MailServer("127.0.0.1", 25, "a@x.com", False, False, "u", "p")),
        ("smtp://[::1]:2525?starttls=required&from=a@x.com", MailServer("::1", 2525, "a@x.com", False, True)),
    ],
)
def test_a_server_is_read(url: str, expected: MailServer) -> None:
    assert mail_server(url) == expected
    assert "p:w" not in repr(expected)
    assert "@" not in expected.shown


SECRET = "s3cret-pass"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"http://u:{SECRET}@x.com", "is no address"),
        (f"u:{SECRET}@mail.x.com:587", "is no address"),
        (f"smtp://u:{SECRET}@", "is no address"),
        (f"smtp://u:{SECRET}@x.com:99999", "is no address"),
        (f"smtp://u:{SECRET}@x.com:0", "is no address"),
        (f"smtp://u:{SECRET}@x.com/path", "is no address"),
        (f"smtp://u:{SECRET}@x.com#x", "is no address"),
        (f"smtp://u@x.com?from=a@x.com&{SECRET}=1", "option"),
        (f"smtp://u:{SECRET}@x.com?from=a@x.com&tls=1", "knows no option tls: there are from and starttls"),
        (f"smtp://u:{SECRET}@x.com?from=a@x.com&starttls=maybe", "starttls=on or starttls=off"),
        (f"smtps://u:{SECRET}@x.com?from=a@x.com&starttls=on", "smtps:// has TLS without it"),
        (f"smtp://:{SECRET}@x.com?from=a@x.com", "user without a password, or the other way round"),
        (f"smtp://u:{SECRET}@x.com?starttls=off&from=a@x.com", "would show the password to the network"),
        (f"smtp://u:{SECRET}@x.com", "says not who mail is from"),
        (f"smtp://u:{SECRET}@x.com?from=a@x.com%0d%0aBcc:b@x.com", "says not who mail is from"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        mail_server(url)

    assert SECRET not in str(refused.value)


@given(st.text() | st.text().map("smtp://{}".format))
def test_whatever_is_given_is_a_server_or_one_line(text: str) -> None:
    found: object
    try:
        found = mail_server(text)
    except ValueError as error:
        found = str(error)

    assert isinstance(found, MailServer) or "\n" not in str(found)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("ops@example.com", True),
        ("a.b+c@mail.example.com", True),
        ("ops@localhost", True),
        ("ops", False),
        ("a@x.com,b@x.com", False),
        ("a@x.com\r\nBcc: b@x.com", False),
        ("a@x.com\n", False),
        ("Ops <ops@example.com>", False),
        ("ö@example.com", False),
        ("a" * 65 + "@x.com", False),
        ("a@" + "x" * 300 + ".com", False),
        ("a@-x.com", False),
    ],
)
def test_a_mail_address_is_one(text: str, good: bool) -> None:
    assert is_mail_address(text) is good
