"""Receivers in networks that an operator names may be private and plain http; the guard stays whole for everything else."""

from __future__ import annotations

import ast
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.networks import BLOCKS, named_networks
from outbound import Client, ForbiddenTargetError, NoAnswerError, Policy, allowed, check_url
from outbound.addresses import OPENABLE
from outbound.names import checked
from tests.outbound.conftest import Opened
from tests.outbound.sockets import Tried, watched
from tests.outbound.targets import FORBIDDEN, MALFORMED_URLS, PUBLIC, as_url
from tests.support.certificates import Authority
from tests.support.receivers import Receiver, redirecting
from tests.support.rooms import FOR_TRIALS, MAY_IMPORT, files

INTERNET = Policy()
EVERYTHING = Policy(networks=tuple((ip_network(whole), range(1, 65536)) for whole in ("0.0.0.0/0", "::/0")))
# Written down once more: what stays closed inside of what may be named.
NEVER = [
    *("100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42"),
    *("fd00:a9fe:a9fe::1", "fd00:100::100:200", "fd00::5efe:a00:1", "fd00::200:5efe:a00:1"),
]
HOSTS = ["shop.example.com", "app", "my_app", "app.internal", "printer.local", "localhost"]
LOCAL = HOSTS[1:]
CONTEXT = Authority().client()


def policy(text: str) -> Policy:
    return Policy(networks=named_networks(text))


def is_named(address: str, port: int, text: str) -> bool:
    """By the standard library alone."""
    found = ip_address(address)
    return address not in NEVER and any(port in ports and found in network for network, ports in named_networks(text))


def test_what_may_be_named_is_what_the_guard_opens() -> None:
    assert set(BLOCKS) == OPENABLE


def test_however_much_is_named_only_what_may_be_named_is_open() -> None:
    addresses = [*FORBIDDEN, *NEVER, "fd00::1%eth0"]
    blocks = [ip_network(block) for block in BLOCKS]
    inside = [one for one in addresses if one not in NEVER and any(ip_address(one) in block for block in blocks) and "%" not in one]

    passed = [one for one in addresses if not allowed(ip_address(one), EVERYTHING, 80)]

    assert passed == inside
    assert not {"169.254.169.254", "168.63.129.16", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0", "::", "fe80::1", *NEVER} & set(passed)
    assert {"10.0.0.1", "127.0.0.1", "::1", "fc00::1"} <= set(passed)


TEXTS = [
    "10.20.0.0/16:8080",
    "10.20.0.0/16:443,10.20.0.0/16:80-90",
    "192.168.5.10:1-65535,[fd00:1::/64]:8443",
    "127.0.0.0/8:8080,[::1]:8080",
    "100.64.0.0/10:443,[fc00::/7]:443",
    "10.0.0.0/8:1-65535,172.16.0.0/12:1-65535,192.168.0.0/16:1-65535,[fc00::/7]:1-65535",
]
ADDRESSES = [
    *("10.20.0.1", "10.20.255.255", "10.21.0.0", "10.19.255.255", "192.168.5.10", "192.168.5.11", "fd00:1::1", "fd00:1:0:1::", "127.0.0.1"),
    *("::1", "127.9.9.9", "100.64.0.1", "8.8.8.8", "2606:4700:4700::1111", "169.254.169.254", "0.0.0.0", *NEVER),
]
ANY_ADDRESS = st.sampled_from(ADDRESSES) | st.sampled_from(FORBIDDEN) | st.ip_addresses().map(str)
ANY_PORT = st.sampled_from([80, 90, 91, 443, 8080, 8443]) | st.integers(1, 65535)
SCHEME = st.sampled_from(["http", "https"])


@settings(deadline=None)
@given(SCHEME, ANY_ADDRESS, ANY_PORT, st.sampled_from(TEXTS))
def test_an_address_is_taken_where_it_is_named_with_its_port_or_as_before(scheme: str, address: str, port: int, text: str) -> None:
    is_public = scheme == "https" and port in INTERNET.ports and allowed(ip_address(address), INTERNET) is None
    host = f"[{address}]" if ":" in address else address

    try:
        taken = check_url(f"{scheme}://{host}:{port}/hook", policy(text)).address == ip_address(address)
    except ForbiddenTargetError:
        taken = False

    assert taken == (is_named(address, port, text) or is_public)


@settings(deadline=None)
@given(SCHEME, st.sampled_from(HOSTS), ANY_PORT, st.lists(ANY_ADDRESS, min_size=1, max_size=3), st.sampled_from(TEXTS))
@example("http", "app", 8080, ["10.20.0.1"], TEXTS[0])
@example("https", "shop.example.com", 443, ["10.20.0.1", "8.8.8.8"], TEXTS[1])
@example("https", "app.internal", 443, ["8.8.8.8"], TEXTS[1])
@example("http", "shop.example.com", 443, ["8.8.8.8"], TEXTS[1])
def test_a_name_is_taken_where_all_it_leads_to_is_named_with_its_port_or_as_before(
    scheme: str, host: str, port: int, answers: list[str], text: str
) -> None:
    all_named = all(is_named(answer, port, text) for answer in answers)
    all_public = all(allowed(ip_address(answer), INTERNET) is None for answer in answers)
    is_as_before = scheme == "https" and port in INTERNET.ports and host not in LOCAL and all_public

    try:
        target = check_url(f"{scheme}://{host}:{port}/", policy(text))
        found = [str(address) for address in checked(target, policy(text), lambda host, port: answers, time.monotonic() + 60)]
    except ForbiddenTargetError:
        found = []

    assert found == (list(dict.fromkeys(answers)) if all_named or is_as_before else [])


@pytest.mark.parametrize(
    "others", [["8.8.8.8"], ["10.21.0.1"], ["169.254.169.254"], ["::ffff:10.20.0.1"], ["fd00:ec2::254"], ["127.0.0.1"]]
)
def test_a_name_that_leads_into_a_named_network_and_elsewhere_is_not_called(opened: Opened, tried: Tried, others: list[str]) -> None:
    for answers in (["10.20.0.1", *others], [*others, "10.20.0.1"]):
        client = opened(policy("10.20.0.0/16:443"), *answers)
        for url in ("https://hooks.example.com/", "http://hooks.example.com:443/", "https://app/"):
            with pytest.raises(ForbiddenTargetError, match="its name leads"):
                client.post(url, b"{}", {})

    assert tried.addresses == []


@pytest.mark.parametrize("url", [*map(as_url, FORBIDDEN), *MALFORMED_URLS])
def test_what_was_refused_is_refused_beside_a_named_network(opened: Opened, tried: Tried, url: str) -> None:
    client = opened(policy("10.20.0.0/16:1-65535"), "8.8.8.8")

    with pytest.raises(ForbiddenTargetError):
        client.post(url, b"{}", {})

    assert tried.addresses == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.20.0.1:8081/", "10.20.0.1: not https, in no network that is named with this port"),
        ("https://10.21.0.1/", "10.21.0.1: a private address (RFC 1918), in no network that is named with this port"),
        ("https://169.254.169.254/", "169.254.169.254: a link-local address, such as a cloud's metadata service (RFC 3927)"),
        ("http://app/hook", "app: not https, and no network is named with this port"),
        ("https://app.internal/", "app.internal: a name that only a local network knows, and no network is named with this port"),
    ],
)
def test_whoever_typed_it_reads_what_is_lacking(url: str, words: str) -> None:
    with pytest.raises(ForbiddenTargetError) as refused:
        check_url(url, policy("10.20.0.0/16:8080"))

    assert str(refused.value) == words


@pytest.mark.parametrize("host", ["app", "my_app", "app.internal", "printer.local", "localhost", "shop.example.com", "127.0.0.2"])
def test_a_receiver_in_a_named_network_is_called_by_plain_http(opened: Opened, tried: Tried, host: str) -> None:
    with Receiver(host="127.0.0.2") as receiver:
        client = opened(policy(f"127.0.0.2:{receiver.port}"), "127.0.0.2")

        assert client.post(f"http://{host}:{receiver.port}/hook", b"{}", {}).status == 200
        assert receiver.posts[0].headers["host"] == f"{host}:{receiver.port}"
    assert (tried.addresses, tried.names) == (["127.0.0.2"], [])


def test_a_receiver_in_a_named_network_is_called_by_https_with_a_certificate_of_its_name(authority: Authority, opened: Opened) -> None:
    for certified, ends in (("app.internal", 200), ("other.internal", "tls")):
        with Receiver(tls=authority.server(certified), host="127.0.0.2") as receiver:
            client = opened(policy(f"127.0.0.2:{receiver.port}"), "127.0.0.2")
            try:
                came: str | int = client.post(f"https://app.internal:{receiver.port}/", b"{}", {}).status
            except NoAnswerError as error:
                came = error.kind
            assert came == ends


@pytest.fixture
def own_address() -> Iterator[str]:
    """A private address of this machine beyond loopback; where it has none, one of loopback, which has to be named all the same."""
    for family, elsewhere in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1"), (socket.AF_INET6, "fd00::ffff")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((elsewhere, 9))  # sends nothing: it asks which address would be ours
            found = ip_address(asking.getsockname()[0])
            if not found.is_loopback and any(found in ip_network(block) for block in BLOCKS):
                yield str(found)
                return
    yield "127.0.0.2"


def test_a_real_address_of_this_machine_is_called_once_it_is_named(opened: Opened, own_address: str) -> None:
    host = f"[{own_address}]" if ":" in own_address else own_address
    with Receiver(host=own_address) as receiver:
        url = f"http://{host}:{receiver.port}/hook"
        for named in ("10.20.0.0/16:8080", f"{host}:{receiver.port % 65535 + 1}"):
            with pytest.raises(ForbiddenTargetError):
                opened(policy(named)).post(url, b"{}", {})

        assert opened(policy(f"{host}:{receiver.port}")).post(url, b"{}", {}).status == 200
        assert receiver.connections == 1


def test_a_redirect_of_a_named_receiver_is_an_answer(opened: Opened, tried: Tried) -> None:
    with Receiver(host="127.0.0.3") as elsewhere:
        for target in (f"http://127.0.0.3:{elsewhere.port}/", "http://169.254.169.254/latest/meta-data/"):
            with Receiver(redirecting(target), host="127.0.0.2") as receiver:
                client = opened(policy(f"127.0.0.0/8:{receiver.port},127.0.0.0/8:{elsewhere.port}"), "127.0.0.2")

                assert client.post(f"http://app:{receiver.port}/", b"{}", {}).status == 307
        assert elsewhere.connections == 0
    assert set(tried.addresses) == {"127.0.0.2"}


@pytest.mark.parametrize("address", ["169.254.169.254", "10.21.0.1", "8.8.8.8", "127.0.0.1", "fd00:ec2::254"])
def test_a_name_that_changes_after_the_check_is_not_asked_for_again(tried: Tried, authority: Authority, address: str) -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["10.20.0.1"] if len(asked) == 1 else [address]

    with closing(Client(policy("10.20.0.0/16:8080"), rebinding, verify=authority.client())) as client:
        with pytest.raises(NoAnswerError):
            client.post("http://app:8080/", b"{}", {})
        with pytest.raises(ForbiddenTargetError):
            client.post("http://app:8080/", b"{}", {})

    assert (asked, tried.addresses, tried.names) == (["app", "app"], ["10.20.0.1"], [])


def test_a_kept_connection_into_a_named_network_does_not_outlive_its_name(opened: Opened) -> None:
    answers = ["127.0.0.2"]
    with Receiver(host="127.0.0.2") as receiver:
        client = opened(policy(f"127.0.0.2:{receiver.port}"), resolve=lambda host, port: [answers[-1]])
        url = f"http://app:{receiver.port}/"
        client.post(url, b"1", {})
        for address in ("127.0.0.1", "8.8.8.8", "169.254.169.254"):
            answers.append(address)
            with pytest.raises(ForbiddenTargetError):
                client.post(url, b"2", {})

        assert [post.body for post in receiver.posts] == [b"1"]


@settings(deadline=None)
@given(
    SCHEME,
    st.sampled_from(HOSTS) | ANY_ADDRESS,
    st.sampled_from([80, 443, 8080, 8443]),
    st.lists(st.sampled_from(ADDRESSES + PUBLIC), max_size=3),
    st.sampled_from([text for text in TEXTS if "127." not in text]),  # what listens on loopback is not the test's
)
def test_whatever_is_named_only_what_is_allowed_is_connected_to(scheme: str, host: str, port: int, answers: list[str], text: str) -> None:
    open_here = policy(text)
    url = f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
    with watched() as tried, closing(Client(open_here, lambda host, port: answers, timeout_s=60, verify=CONTEXT)) as client:
        with suppress(ForbiddenTargetError, NoAnswerError):
            client.post(url, b"{}", {})

    assert [one for one in tried.addresses if allowed(ip_address(one), open_here, port)] == []


@settings(deadline=None)
@given(st.ip_addresses() | st.sampled_from(ADDRESSES).map(ip_address), ANY_PORT)
def test_without_a_named_network_nothing_is_open_that_was_not(address: IPv4Address | IPv6Address, port: int) -> None:
    assert allowed(address, INTERNET, port) == allowed(address, INTERNET)


def test_the_switch_for_loopback_stays_as_it_is_beside_named_networks(opened: Opened) -> None:
    with Receiver() as receiver:
        both = Policy(loopback=True, networks=named_networks(f"127.0.0.1:{receiver.port},10.20.0.0/16:8080"))

        for answers in (["127.0.0.1"], ["127.0.0.1", "::1"]):
            assert opened(both, *answers).post(f"http://localhost:{receiver.port}/", b"{}", {}).status == 200
        with pytest.raises(ForbiddenTargetError):
            opened(both, "127.0.0.1").post("http://app:8080/", b"{}", {})


def test_whoever_makes_a_policy_gives_it_the_named_networks() -> None:
    """One that forgets them would refuse, in its room alone, what all others take."""
    product = [path for room in (*MAY_IMPORT.keys() - FOR_TRIALS - {"outbound"}, "worker", "starter", "web") for path in files(room)]
    trees = [ast.parse(text) for text in (path.read_text(encoding="utf-8") for path in product) if "Policy(" in text]
    calls = {
        ast.unparse(node): {keyword.arg for keyword in node.keywords}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Policy"
    }

    assert calls
    assert {place: names for place, names in calls.items() if not names >= {"loopback", "networks"}} == {}
