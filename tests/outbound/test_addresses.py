"""Every network that IANA sets apart is refused, whole, in each spelling; the rest of the internet is not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outbound import Policy, allowed
from outbound.addresses import IPV4, IPV6
from tests.outbound.targets import FORBIDDEN, PUBLIC

INTERNET = Policy()
DEMO = Policy(loopback=True)
# What the standard library's `is_global` takes for global on Python 3.11.7, somewhere in the network: 20, and 32 of FORBIDDEN's addresses.
# Later versions know more.
PASSED_BY_IS_GLOBAL = [
    "168.63.129.16/32",
    "192.0.0.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.175.48.0/24",
    "224.0.0.0/4",
    "::ffff:0:0/96",  # with 100.64.0.0/10 in it
    "::ffff:0:0:0/96",
    "::/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100:0:0:1::/64",
    "2002::/16",
    "2620:4f:8000::/48",
    "3ffe::/16",
    "3fff::/20",
    "5f00::/16",
    "fec0::/10",
    "ff00::/8",
]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_forbidden_address_is_refused_with_a_reason(address: str) -> None:
    assert allowed(ip_address(address), INTERNET)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_allowed(address: str) -> None:
    assert allowed(ip_address(address), INTERNET) is None


def test_there_is_a_forbidden_target_in_every_network() -> None:
    without = [name for name in [*IPV4, *IPV6] if not any(ip_address(one) in ip_network(name) for one in FORBIDDEN)]

    assert without == []
    assert len(FORBIDDEN) >= 40


@pytest.mark.parametrize("network", PASSED_BY_IS_GLOBAL)
def test_what_the_standard_library_lets_pass_is_refused(network: str) -> None:
    first, last = ip_network(network)[0], ip_network(network)[-1]

    assert network in IPV4 | IPV6
    assert allowed(first, INTERNET)
    assert allowed(last, INTERNET)


@pytest.mark.parametrize("network", [*IPV4, *IPV6])
def test_a_network_is_refused_to_its_edges(network: str) -> None:
    whole = ip_network(network)

    assert allowed(whole[0], INTERNET)
    assert allowed(whole[-1], INTERNET)


@settings(deadline=None)
@given(st.sampled_from([*IPV4, *IPV6]), st.integers(min_value=0))
def test_any_address_in_a_forbidden_network_is_refused(network: str, number: int) -> None:
    whole = ip_network(network)

    assert allowed(whole[number % whole.num_addresses], INTERNET)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_refused_in_every_ipv6_clothing(address: IPv4Address) -> None:
    number = int(address)
    clothings = [
        IPv6Address(f"::ffff:{address}"),
        IPv6Address(f"::{address}"),
        IPv6Address(f"64:ff9b::{address}"),
        IPv6Address(0x2002 << 112 | number << 80),
        IPv6Address(0x20010000 << 96 | (number ^ 0xFFFFFFFF)),
        IPv6Address(0x26064700 << 96 | 0x5EFE << 32 | number),
    ]

    assert [clothing for clothing in clothings if not allowed(clothing, DEMO) and clothing != IPv6Address("::1")] == []


@settings(deadline=None)
@given(st.ip_addresses())
def test_what_the_standard_library_refuses_is_never_allowed(address: IPv4Address | IPv6Address) -> None:
    assert allowed(address, INTERNET) or address.is_global


@settings(deadline=None)
@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_allowed_of_ipv6(address: IPv6Address) -> None:
    assert allowed(address, INTERNET) or int(address) >> 125 == 1


def test_an_address_of_one_interface_is_refused() -> None:
    assert allowed(IPv6Address("2606:4700::1%eth0"), INTERNET) == "an address of one network interface (RFC 4007)"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1"])
def test_loopback_is_allowed_by_the_switch_alone(address: str) -> None:
    assert allowed(ip_address(address), DEMO) is None
    assert "loopback" in str(allowed(ip_address(address), INTERNET))


def test_the_switch_allows_loopback_and_nothing_else() -> None:
    passed = [one for one in FORBIDDEN if not allowed(ip_address(one), DEMO)]

    assert passed == ["127.0.0.1", "127.255.255.254", "::1"]
