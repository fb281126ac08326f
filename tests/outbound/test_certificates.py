"""Who is called: the name that was asked for, at the address that was judged, with a certificate of its own."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from outbound import Client, Policy
from tests.outbound.conftest import Opened
from tests.outbound.posting import what_comes
from tests.outbound.sockets import Tried
from tests.support.certificates import Authority
from tests.support.receivers import Receiver


def test_the_name_stays_the_name_while_the_address_is_connected_to(authority: Authority, opened: Opened, tried: Tried) -> None:
    asked = []
    context = authority.server("hooks.example.com")
    context.sni_callback = lambda connection, name, _: asked.append(name)
    with Receiver(tls=context) as receiver:
        client = opened(Policy(ports=frozenset({receiver.port}), loopback=True), "127.0.0.1")

        assert client.post(f"https://hooks.example.com:{receiver.port}/", b"{}", {}).status == 200
        assert asked == ["hooks.example.com"]
        assert receiver.posts[0].headers["host"] == f"hooks.example.com:{receiver.port}"
        assert (tried.addresses, tried.names) == (["127.0.0.1"], [])


@pytest.mark.parametrize(
    "certificate",
    [
        lambda ours: ours.server("other.example.com"),
        lambda ours: ours.server("127.0.0.1"),
        lambda ours: ours.server("hooks.example.com", days=-1),
        lambda ours: Authority().server("hooks.example.com"),
    ],
    ids=["another name", "the address instead of the name", "expired", "an unknown authority"],
)
def test_a_wrong_certificate_gets_nothing(authority: Authority, opened: Opened, certificate: Callable[[Authority], ssl.SSLContext]) -> None:
    with Receiver(tls=certificate(authority)) as receiver:
        client = opened(Policy(ports=frozenset({receiver.port}), loopback=True), "127.0.0.1")

        assert what_comes(client, f"https://hooks.example.com:{receiver.port}/") == "tls"
        assert receiver.posts == []


def test_a_connection_made_for_one_name_serves_no_other_at_the_same_address(authority: Authority, opened: Opened) -> None:
    with Receiver(tls=authority.server("a.example.com")) as receiver:
        client = opened(Policy(ports=frozenset({receiver.port}), loopback=True), "127.0.0.1")

        assert what_comes(client, f"https://a.example.com:{receiver.port}/") == 200
        assert what_comes(client, f"https://b.example.com:{receiver.port}/") == "tls"
        assert len(receiver.posts) == 1


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_REQUIRED])
def test_a_client_that_would_check_no_certificates_is_not_made(authority: Authority, mode: ssl.VerifyMode) -> None:
    context = authority.client()
    context.check_hostname = False
    context.verify_mode = mode

    with pytest.raises(ValueError, match="checks no certificates"):
        Client(Policy(), verify=context)


def test_nothing_of_the_environment_changes_who_is_called_or_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trusted, keys = tmp_path / "authority.pem", tmp_path / "keys"
    trusted.write_bytes(authority.pem)
    with Receiver() as proxy, Receiver(tls=authority.server("127.0.0.1")) as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        monkeypatch.setenv("SSLKEYLOGFILE", str(keys))

        with closing(Client(Policy(loopback=True))) as ours, closing(Client(Policy(loopback=True), verify=authority.client())) as theirs:
            assert what_comes(ours, receiver.url) == "tls"
            assert ours.tls.keylog_filename is None
            assert what_comes(theirs, receiver.url) == 200
        assert proxy.connections == 0
