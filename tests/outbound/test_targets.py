"""An address that somebody names for deliveries is read strictly, and judged before the DNS is asked."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound import ForbiddenTargetError, Policy, allowed, check_url
from tests.outbound.targets import FORBIDDEN, MALFORMED_URLS, PUBLIC, as_url

INTERNET = Policy()
DEMO = Policy(loopback=True)
PIECES = [
    "https://",
    "HTTPS://",
    "http://",
    "//",
    "@",
    ":",
    "443",
    "8443",
    "80",
    "[",
    "]",
    "::1",
    "::ffff:",
    "127.0.0.1",
    "127.1",
    "0x7f",
    "8.8.8.8",
]
PIECES += [
    "localhost",
    "example.com",
    ".",
    "/",
    "?",
    "#",
    "\\",
    "%",
    "％",
    "。",
    "ß",
    "①",
    "10.0.0.1",
    "2606:4700::1",
    "fe80::1",
    "%25eth0",
    "user",
    " ",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_forbidden_address_is_refused_as_an_endpoint(address: str) -> None:
    with pytest.raises(ForbiddenTargetError):
        check_url(as_url(address), INTERNET)


@pytest.mark.parametrize("url", MALFORMED_URLS)
def test_an_odd_address_is_refused_as_an_endpoint(url: str) -> None:
    with pytest.raises(ForbiddenTargetError):
        check_url(url, INTERNET)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://user:word@example.com/", "holds a user name or a password"),
        ("https://example.com/#a", "holds a fragment (#)"),
        ("http://example.com/", "example.com: not https"),
        ("https://example.com:22/", "example.com: a port that is not allowed"),
        ("https://127.1/", "an IP address in a spelling that is not the usual one"),
        ("https://192.168.1.1/", "192.168.1.1: a private address (RFC 1918)"),
        ("https://[64:ff9b::1]/", "64:ff9b::1: a NAT64 address (RFC 6052)"),
        ("https://localhost/", "localhost: a name without a dot, which only a local network knows"),
    ],
)
def test_whoever_typed_it_reads_why(url: str, words: str) -> None:
    with pytest.raises(ForbiddenTargetError) as refused:
        check_url(url, INTERNET)

    assert str(refused.value) == words


@pytest.mark.parametrize("url", [*map(as_url, FORBIDDEN), *MALFORMED_URLS])
def test_what_is_refused_is_refused_beside_the_demos_switch_unless_it_is_loopback(url: str) -> None:
    try:
        target = check_url(url, DEMO)
    except ForbiddenTargetError:
        return
    assert target.host in ("127.0.0.1", "127.255.255.254", "::1", "localhost", "me.localhost")


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_may_be_an_endpoint(address: str) -> None:
    assert check_url(as_url(address), INTERNET).address == ip_address(address)


@pytest.mark.parametrize(
    ("url", "host", "port", "rest", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://example.com?a=b", "example.com", 443, "/?a=b", "example.com"),
        ("HTTPS://Hooks.Example.COM:8443/a/b?c=%20&d", "hooks.example.com", 8443, "/a/b?c=%20&d", "hooks.example.com:8443"),
        ("https://straße.example.com/", "xn--strae-oqa.example.com", 443, "/", "xn--strae-oqa.example.com"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        ("https://[2606:4700:0::1]:8443/x", "2606:4700::1", 8443, "/x", "[2606:4700::1]:8443"),
    ],
)
def test_a_good_address_is_read_in_one_way(url: str, host: str, port: int, rest: str, authority: str) -> None:
    target = check_url(url, INTERNET)

    assert (target.scheme, target.host, target.port, target.rest, target.authority) == ("https", host, port, rest, authority)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/hook", "http://localhost/hook", "https://127.0.0.1:4711/", "http://[::1]:1/", "https://localhost:1/"]
)
def test_the_demos_switch_allows_plain_http_and_any_port_on_loopback(url: str) -> None:
    assert check_url(url, DEMO).only_loopback
    with pytest.raises(ForbiddenTargetError):
        check_url(url, INTERNET)


@pytest.mark.parametrize("url", ["http://example.com/", "https://example.com:4711/", "http://8.8.8.8/", "http://127.0.0.1.example.com/"])
def test_the_demos_switch_allows_nothing_beyond_loopback(url: str) -> None:
    with pytest.raises(ForbiddenTargetError):
        check_url(url, DEMO)


@pytest.mark.parametrize(
    "url", ["https://SECRETUSER:SECRETWORD@example.com/", "https://10.0.0.1/SECRETPATH?SECRETQUERY", "https://a.com/SECRET#SECRET"]
)
def test_no_text_tells_what_may_be_secret(url: str) -> None:
    with pytest.raises(ForbiddenTargetError) as refused:
        check_url(url, INTERNET)

    assert "SECRET" not in f"{refused.value!s} {refused.value!r} {refused.value.__dict__}"
    assert "SECRET" not in repr(check_url("https://example.com/SECRET?SECRET", INTERNET))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
    | st.lists(st.sampled_from(PIECES), max_size=6).map(lambda some: "https://" + "".join(some))
)
def test_however_it_is_spelt_only_what_is_allowed_comes_out(url: str) -> None:
    for policy in (INTERNET, DEMO):
        try:
            target = check_url(url, policy)
        except ForbiddenTargetError:
            continue
        assert target.address is None or allowed(target.address, policy) is None
        assert target.scheme == "https" or policy.loopback
        assert target.port in policy.ports or policy.loopback
        if url.isascii():  # the standard library reads it as we do
            assert urlsplit(url).hostname in (target.host, str(target.address), url.partition("[")[2].partition("]")[0])


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.example.com/", f"https://example.com/{text}"):
        try:
            assert check_url(url, INTERNET).scheme == "https"
        except ForbiddenTargetError:
            continue
