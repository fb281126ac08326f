"""No connection is ever made to a forbidden target: not by its address, not by its name, not by a redirect, not by a name that changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound import Client, ForbiddenTargetError, NoAnswerError, Policy, allowed
from tests.outbound.conftest import Opened
from tests.outbound.sockets import Tried, watched
from tests.outbound.targets import FORBIDDEN, MALFORMED_URLS, PUBLIC, as_url
from tests.support.certificates import Authority
from tests.support.receivers import Receiver, answering, redirecting

AUTHORITY = Authority()


@pytest.fixture
def canary() -> Iterator[Receiver]:
    """Whoever connects to loopback with the canary's port is caught."""
    with Receiver() as receiver:
        yield receiver
        assert receiver.connections == 0


@pytest.mark.parametrize("url", [*map(as_url, FORBIDDEN), *MALFORMED_URLS])
def test_a_forbidden_target_is_not_called(opened: Opened, tried: Tried, url: str) -> None:
    client = opened(Policy())

    with pytest.raises(ForbiddenTargetError):
        client.post(url, b"{}", {})

    assert tried.addresses == []


def test_loopback_is_not_called_without_the_switch(opened: Opened, canary: Receiver) -> None:
    client = opened(Policy(ports=frozenset({canary.port})), "127.0.0.1")

    for host in ("127.0.0.1", "localhost", "name.example.com", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"):
        for scheme in ("https", "http"):
            with pytest.raises(ForbiddenTargetError):
                client.post(f"{scheme}://{host}:{canary.port}/", b"{}", {})


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_leads_to_a_forbidden_target_is_not_called(opened: Opened, tried: Tried, canary: Receiver, address: str) -> None:
    client = opened(Policy(ports=frozenset({canary.port})), address)

    with pytest.raises(
        ForbiddenTargetError, match=r"^hooks.example.com: its name leads to an? |^hooks.example.com: its name leads to (the|no) "
    ):
        client.post(f"https://hooks.example.com:{canary.port}/SECRET", b"{}", {})

    assert tried.addresses == []


@pytest.mark.parametrize("address", FORBIDDEN)
def test_one_forbidden_address_among_good_ones_spoils_them_all(opened: Opened, tried: Tried, address: str) -> None:
    for answers in ([*PUBLIC, address], [address, *PUBLIC], [PUBLIC[0], address, PUBLIC[1]]):
        client = opened(Policy(), *answers)
        with pytest.raises(ForbiddenTargetError):
            client.post("https://hooks.example.com/", b"{}", {})

    assert tried.addresses == []


@pytest.mark.parametrize("answer", ["", "nonsense", "127.1", "2130706433", "fe80::1%eth0", "8.8.8.8%1", "2606:4700::1%1"])
def test_a_name_that_leads_to_no_plain_address_is_not_called(opened: Opened, tried: Tried, answer: str) -> None:
    client = opened(Policy(), answer)

    with pytest.raises(ForbiddenTargetError):
        client.post("https://hooks.example.com/", b"{}", {})

    assert tried.addresses == []


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_name_that_changes_after_the_check_is_asked_for_once(tried: Tried, address: str) -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else [address]

    with closing(Client(Policy(), rebinding, verify=AUTHORITY.client())) as client, pytest.raises(NoAnswerError):
        client.post("https://hooks.example.com/", b"{}", {})

    assert asked == ["hooks.example.com"]
    assert tried.addresses == ["8.8.8.8"]
    assert tried.names == []


def test_a_kept_connection_does_not_outlive_the_right_to_its_address(authority: Authority) -> None:
    answers = ["127.0.0.1"]
    with Receiver(tls=authority.server("hooks.example.com")) as receiver:
        policy = Policy(ports=frozenset({receiver.port}), loopback=True)
        with closing(Client(policy, lambda host, port: [answers[-1]], verify=authority.client())) as client:
            url = f"https://hooks.example.com:{receiver.port}/"
            client.post(url, b"1", {})

            for address in ("10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"):
                answers.append(address)
                with pytest.raises(ForbiddenTargetError):
                    client.post(url, b"2", {})

            assert [post.body for post in receiver.posts] == [b"1"]


def test_a_name_that_moves_is_called_where_it_is_now(opened: Opened, tried: Tried) -> None:
    answers = ["127.0.0.1", "127.0.0.2"]
    with Receiver() as before, Receiver(host="127.0.0.2", port=before.port) as after:
        client = opened(resolve=lambda host, port: [answers.pop(0)])
        url = f"http://localhost:{before.port}/"

        client.post(url, b"1", {})
        client.post(url, b"2", {})

        assert [post.body for post in before.posts] == [b"1"]
        assert [post.body for post in after.posts] == [b"2"]
        assert tried.addresses == ["127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_forbidden_target_is_an_answer(opened: Opened, tried: Tried, canary: Receiver, status: int) -> None:
    client = opened()
    for target in [f"http://127.0.0.1:{canary.port}/", "http://169.254.169.254/latest/meta-data/", "//127.0.0.1/", "/elsewhere"]:
        with Receiver(redirecting(target, status)) as receiver:
            answer = client.post(receiver.url, b"{}", {})

            assert (answer.status, answer.headers["location"]) == (status, target)
            assert len(receiver.posts) == 1
    assert set(tried.addresses) == {"127.0.0.1"}


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_redirect_to_any_forbidden_address_is_not_followed(opened: Opened, tried: Tried, address: str) -> None:
    with Receiver(
        answering(307, headers={"location": as_url(address), "refresh": f"0; url={as_url(address)}", "alt-svc": f'h2="{address}:443"'})
    ) as receiver:
        client = opened()

        assert [client.post(receiver.url, b"{}", {}).status for _ in range(2)] == [307, 307]

    assert tried.addresses == ["127.0.0.1"]


def test_plain_http_to_a_name_of_loopback_that_leads_elsewhere_is_not_called(opened: Opened, tried: Tried) -> None:
    client = opened(Policy(loopback=True), "8.8.8.8")

    for url in ("http://localhost/", "https://localhost:4711/"):
        with pytest.raises(ForbiddenTargetError, match="its name leads beyond loopback"):
            client.post(url, b"{}", {})

    assert tried.addresses == []


HOSTS = [
    "example.com",
    "localhost",
    "8.8.8.8",
    "10.0.0.1",
    "127.1",
    "[2606:4700::1]",
    "[::1]",
    "[::ffff:8.8.8.8]",
    "0x8.8.8.8",
    "straße.de",
    "example.com.",
]
SPELLINGS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["https://", "HTTPS://", "http://", "https://user@", "https:\\\\", ""]),
    st.sampled_from(HOSTS) | st.ip_addresses().map(str),
    st.sampled_from(["", ":443", ":8443", ":1", ":0443", ":x"]),
    st.sampled_from(["", "/", "/a?b", "?@10.0.0.1/", "/#", "\\@10.0.0.1"]),
)


@settings(deadline=None)
@given(SPELLINGS, st.lists(st.sampled_from(FORBIDDEN + PUBLIC * 5) | st.ip_addresses().map(str), max_size=3), st.booleans())
def test_whatever_is_typed_and_whatever_the_dns_says_only_what_is_allowed_is_called(url: str, answers: list[str], loopback: bool) -> None:
    policy = Policy(loopback=loopback)
    with watched() as tried, closing(Client(policy, lambda host, port: answers, timeout_s=60, verify=CONTEXT)) as client:
        with suppress(ForbiddenTargetError, NoAnswerError):
            client.post(url, b"{}", {})

    assert [address for address in tried.addresses if allowed(ip_address(address), policy)] == []


CONTEXT = AUTHORITY.client()
