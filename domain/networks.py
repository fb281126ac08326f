"""Which networks of one's own receivers of deliveries may stand in, as `SELLERBEAT_DELIVERY_NETWORKS` names them.

    networks = entry *("," entry)            white space around an entry is nothing
    entry    = network ":" port ["-" port]   10.20.0.0/16:8080    192.168.5.10:80-90    [fd00:1::/64]:8443
    network  = IPv4 network or address / "[" IPv6 network or address "]"

A port is always named, as a network's other doors (its databases, its admin pages) are not the receivers'. What may be named lies
whole within one of `BLOCKS`: what the internet does not reach and a host may have. A public network is none, since plain http over the
internet shows buyers to whoever listens, and https there is open anyway; so `/0`, and whatever else reaches beyond a block, is refused.
Link-local, multicast and IPv6 that carries an IPv4 address are no place for a receiver.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

# `outbound/addresses.py` opens the same, by a list of its own; tests/outbound/test_named_networks.py compares them.
BLOCKS = {
    "10.0.0.0/8": "private",
    "172.16.0.0/12": "private",
    "192.168.0.0/16": "private",
    "fc00::/7": "private",
    "100.64.0.0/10": "shared",
    "127.0.0.0/8": "loopback",
    "::1/128": "loopback",
    "192.0.2.0/24": "for documentation",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "2001:db8::/32": "for documentation",
    "3fff::/20": "for documentation",
    "198.18.0.0/15": "for benchmarks",
    "2001:2::/48": "for benchmarks",
}
WHOLE = [ip_network(block) for block in BLOCKS]
LAST_PORT = 65535
PREFIX_LENGTH = r"(?:/(?:0|[1-9][0-9]{0,2}))?"
IPV4, IPV6 = r"[0-9]+(?:\.[0-9]+){3}", r"[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
PORT = r"[1-9][0-9]{0,4}"
ENTRY = re.compile(rf"(?P<network>{IPV4}{PREFIX_LENGTH}|\[{IPV6}{PREFIX_LENGTH}\]):(?P<first>{PORT})(?:-(?P<last>{PORT}))?")
EXAMPLES = "10.20.0.0/16:8080, 192.168.5.10:80-90 or [fd00:1::/64]:8443"
SHOWN = 60  # characters of a wrong entry


class NamedNetwork(NamedTuple):
    """A network of one's own, and the ports in it that deliveries may go to."""

    network: IPv4Network | IPv6Network
    ports: range

    def __str__(self) -> str:
        """As it is written in the setting."""
        network = f"[{self.network}]" if self.network.version == 6 else f"{self.network}"
        last = self.ports[-1]
        return f"{network}:{self.ports[0]}" + (f"-{last}" if last > self.ports[0] else "")


def named_networks(text: str) -> tuple[NamedNetwork, ...]:
    """All entries, in their order.

    Raises:
        ValueError: the first one that is wrong, in one line.
    """
    return tuple(_entry(entry.strip()) for entry in text.split(","))


def _entry(text: str) -> NamedNetwork:
    shown = repr(text[:SHOWN])
    if not (parts := ENTRY.fullmatch(text)):
        raise ValueError(f"{shown} is no network with its port, such as {EXAMPLES}")
    first = int(parts["first"])
    last = int(parts["last"] or first)
    if not first <= last <= LAST_PORT:
        raise ValueError(f"{shown} ends with no ports: 1 to {LAST_PORT}, the lower one first")
    network = _network(parts["network"].strip("[]"), shown)
    if not any(network.version == block.version and network.subnet_of(block) for block in WHOLE):  # type: ignore[arg-type]
        blocks = ", ".join(block for block, kind in BLOCKS.items() if not kind.startswith("for"))
        raise ValueError(f"{shown} lies within no network that the internet does not reach ({blocks}, and those for tests)")
    return NamedNetwork(network, range(first, last + 1))


def _network(text: str, shown: str) -> IPv4Network | IPv6Network:
    try:
        wide = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{shown} is no network with its port, such as {EXAMPLES}") from None
    address, _, prefix = text.partition("/")
    if prefix and ip_network(address).network_address != wide.network_address:
        raise ValueError(f"{shown} has bits beyond its prefix: write {wide}, or without /{prefix} for the one address")
    return wide
