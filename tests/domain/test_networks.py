"""Networks of one's own are written in one way; whatever else is typed is refused in one line."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.networks import BLOCKS, LAST_PORT, NamedNetwork, named_networks

PORTS = st.tuples(st.integers(1, LAST_PORT), st.integers(1, LAST_PORT)).map(lambda both: range(min(both), max(both) + 1))


@st.composite
def own_networks(draw: st.DrawFn) -> NamedNetwork:
    """Any that may be named."""
    block = ip_network(draw(st.sampled_from(sorted(BLOCKS))))
    length = draw(st.integers(block.prefixlen, block.max_prefixlen))
    address = block[draw(st.integers(0, block.num_addresses - 1))]
    return NamedNetwork(ip_network(f"{address}/{length}", strict=False), draw(PORTS))


def test_networks_and_addresses_are_read_with_their_ports() -> None:
    read = named_networks("10.20.0.0/16:8080, 10.20.0.0/16:443,\n192.168.5.10:80-90,[fd00:1::/64]:8443,[FD00::2]:1-65535")

    assert read == (
        (IPv4Network("10.20.0.0/16"), range(8080, 8081)),
        (IPv4Network("10.20.0.0/16"), range(443, 444)),
        (IPv4Network("192.168.5.10/32"), range(80, 91)),
        (IPv6Network("fd00:1::/64"), range(8443, 8444)),
        (IPv6Network("fd00::2/128"), range(1, 65536)),
    )


@given(st.lists(own_networks(), min_size=1, max_size=4))
def test_any_network_of_ones_own_is_read_as_it_is_written(networks: list[NamedNetwork]) -> None:
    assert named_networks(",".join(map(str, networks))) == tuple(networks)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no network with its port"),
        ("10.20.0.0/16:8080,", "'' is no network with its port"),
        ("10.20.0.0/16", "is no network with its port, such as 10.20.0.0/16:8080, 192.168.5.10:80-90 or [fd00:1::/64]:8443"),
        ("10.20.0.0/16:*", "is no network with its port"),
        ("10.20.0.0/16:http", "is no network with its port"),
        ("10.20.0.0/16:080", "is no network with its port"),
        ("10.20.0.0/16:80:90", "is no network with its port"),
        ("10.20.0.0/16:80 90", "is no network with its port"),
        ("10.20.0.0/16:８０", "is no network with its port"),
        ("10.20.0.0/33:80", "is no network with its port"),
        ("10.20.0.0/255.255.0.0:80", "is no network with its port"),
        ("10.20.0.0/:80", "is no network with its port"),
        ("10.20:80", "is no network with its port"),
        ("010.20.0.0:80", "is no network with its port"),
        ("169090560/16:80", "is no network with its port"),
        ("fd00:1::/64:8443", "is no network with its port"),
        ("[10.20.0.0/16]:80", "is no network with its port"),
        ("[fd00::1%eth0]:80", "is no network with its port"),
        ("[fd00:1::]/64:80", "is no network with its port"),
        ("app:80", "is no network with its port"),
        ("*:80", "is no network with its port"),
        ("10.20.0.0/16:0", "is no network with its port"),
        ("10.20.0.0/16:65536", "ends with no ports: 1 to 65535, the lower one first"),
        ("10.20.0.0/16:90-80", "ends with no ports"),
        ("10.20.0.1/16:80", "has bits beyond its prefix: write 10.20.0.0/16, or without /16 for the one address"),
        ("[fd00:1::1/64]:80", "has bits beyond its prefix: write fd00:1::/64"),
        ("0.0.0.0/0:80", "lies within no network that the internet does not reach (10.0.0.0/8, "),
        ("[::/0]:80", "lies within no network that the internet does not reach"),
        ("10.0.0.0/7:80", "lies within no network that the internet does not reach"),
        ("128.0.0.0/1:80", "lies within no network that the internet does not reach"),
        ("8.8.8.0/24:80", "lies within no network that the internet does not reach"),
        ("[2606:4700::/32]:80", "lies within no network that the internet does not reach"),
        ("169.254.169.254:80", "lies within no network that the internet does not reach"),
        ("[fe80::/10]:80", "lies within no network that the internet does not reach"),
        ("224.0.0.0/4:80", "lies within no network that the internet does not reach"),
        ("168.63.129.16:80", "lies within no network that the internet does not reach"),
        ("[::ffff:10.20.0.0/112]:80", "lies within no network that the internet does not reach"),
        ("[64:ff9b::/96]:80", "lies within no network that the internet does not reach"),
    ],
)
def test_what_is_no_network_of_ones_own_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        named_networks(text)


@given(st.text(max_size=100) | st.text("0123456789abcdef.:/[]-, ", max_size=40))
def test_any_text_is_networks_within_the_blocks_or_one_line(text: str) -> None:
    networks: tuple[NamedNetwork, ...] = ()
    refusal = ""
    try:
        networks = named_networks(text)
    except ValueError as error:
        refusal = str(error)

    assert bool(networks) != bool(refusal)
    assert refusal.isprintable()
    assert len(refusal) < 500
    assert all(one.ports and any(lies_within(one.network, ip_network(block)) for block in BLOCKS) for one in networks)


def lies_within(network: IPv4Network | IPv6Network, block: IPv4Network | IPv6Network) -> bool:
    """By both ends."""
    return network[0] in block and network[-1] in block
