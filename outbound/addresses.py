"""Pure: which addresses may be called: what the whole internet reaches. What IANA sets apart is refused, but where an operator names it.

Sources: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890, RFC 8190), read in the edition of October 2025. The
registry calls some blocks globally reachable that are no place for a receiver (NAT64, anycast relays, AS112); they are refused as well.
The standard library's `is_global` lets many of these pass, so it is not asked: `tests/outbound/test_addresses.py` lists which.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Policy:
    """What may be called.

    Attributes:
        ports: of https, on the internet.
        loopback: the demo's explicit switch: `http://` and any port too, on this machine's loopback and nowhere else.
        networks: an operator's own, each with ports: what stands there may be private and `http://`, on these ports alone. Of them
            counts only what lies in `OPENABLE`, however much they name.
    """

    ports: frozenset[int] = frozenset({443, 8443})
    loopback: bool = False
    networks: tuple[tuple[Network, range], ...] = ()

    def names_port(self, port: int) -> bool:
        """Whether there is a named network with this port at all."""
        return any(port in ports for _, ports in self.networks)

    def names(self, address: Address, port: int) -> bool:
        """Whether this address, with this port, lies in a named network, and is not what no name opens."""
        return any(port in ports and address in network for network, ports in self.networks) and is_openable(address)


# The first that fits gives the reason, so the narrow ones stand before the wide ones.
IPV4: dict[str, str] = {
    "0.0.0.0/32": "the unspecified address (RFC 1122)",
    "0.0.0.0/8": "an address of this network (RFC 791)",
    "10.0.0.0/8": "a private address (RFC 1918)",
    "100.100.100.200/32": "the address of a cloud's metadata service (Alibaba)",
    "100.64.0.0/10": "a carrier's shared address (RFC 6598)",
    "127.0.0.0/8": "a loopback address (RFC 1122)",
    "168.63.129.16/32": "the address of a cloud's host agent (Azure)",
    "169.254.0.0/16": "a link-local address, such as a cloud's metadata service (RFC 3927)",
    "172.16.0.0/12": "a private address (RFC 1918)",
    "192.0.0.0/24": "an address for protocols (RFC 6890)",
    "192.0.2.0/24": "an address for documentation (RFC 5737)",
    "192.31.196.0/24": "an AS112 address (RFC 7535)",
    "192.52.193.0/24": "an AMT relay's address (RFC 7450)",
    "192.88.99.0/24": "a 6to4 relay's address (RFC 7526)",
    "192.168.0.0/16": "a private address (RFC 1918)",
    "192.175.48.0/24": "an AS112 address (RFC 7534)",
    "198.18.0.0/15": "an address for benchmarks (RFC 2544)",
    "198.51.100.0/24": "an address for documentation (RFC 5737)",
    "203.0.113.0/24": "an address for documentation (RFC 5737)",
    "224.0.0.0/4": "a multicast address (RFC 5771)",
    "255.255.255.255/32": "the broadcast address (RFC 919)",
    "240.0.0.0/4": "a reserved address (RFC 1112)",
}
IPV6: dict[str, str] = {
    "::/128": "the unspecified address (RFC 4291)",
    "::1/128": "a loopback address (RFC 4291)",
    "::ffff:0:0/96": "an IPv4-mapped address (RFC 4291)",
    "::ffff:0:0:0/96": "an IPv4-translated address (RFC 2765)",
    "::/96": "an IPv4-compatible address (RFC 4291)",
    "64:ff9b::/96": "a NAT64 address (RFC 6052)",
    "64:ff9b:1::/48": "a NAT64 address (RFC 8215)",
    "100::/64": "an address whose packets are discarded (RFC 6666)",
    "100:0:0:1::/64": "the dummy prefix (RFC 9780)",
    "2001::/32": "a Teredo address (RFC 4380)",
    "2001:2::/48": "an address for benchmarks (RFC 5180)",
    "2001:3::/32": "an AMT relay's address (RFC 7450)",
    "2001:4:112::/48": "an AS112 address (RFC 7535)",
    "2001:10::/28": "an ORCHID (RFC 4843)",
    "2001:20::/28": "an ORCHID (RFC 7343)",
    "2001:30::/28": "a drone's identifier (RFC 9374)",
    "2001::/23": "an address for protocols (RFC 2928)",
    "2001:db8::/32": "an address for documentation (RFC 3849)",
    "2002::/16": "a 6to4 address (RFC 3056)",
    "2620:4f:8000::/48": "an AS112 address (RFC 7534)",
    "3ffe::/16": "an address of the former 6bone (RFC 3701)",
    "3fff::/20": "an address for documentation (RFC 9637)",
    "5f00::/16": "a segment routing identifier (RFC 9602)",
    "fd00:42::42/128": "the address of a cloud's metadata service (Scaleway)",
    "fd00:c1::a9fe:a9fe/128": "the address of a cloud's metadata service (Oracle)",
    "fd00:100::100:200/128": "the address of a cloud's metadata service (Alibaba)",
    "fd00:a9fe:a9fe::1/128": "the address of a cloud's metadata service (Akamai)",
    "fd00:ec2::/32": "an address of a cloud's own services, such as its metadata (AWS)",
    "fd20:ce::254/128": "the address of a cloud's metadata service (Google)",
    "fc00::/7": "a private address (RFC 4193)",
    "fe80::/10": "a link-local address (RFC 4291)",
    "fec0::/10": "a site-local address (RFC 3879)",
    "ff00::/8": "a multicast address (RFC 4291)",
}
ALLOCATED = IPv6Network("2000::/3")  # all of IPv6 that is given out as global unicast (RFC 4291, IANA)
UNNAMED = "in no network that is named with this port"
OUTSIDE = "no global unicast address (RFC 4291)"
ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # the upper half of an interface identifier that holds an IPv4 address (RFC 5214)
SET_APART = [(ip_network(network), network) for network in (*IPV4, *IPV6)]
# What an operator may name as their own; all else stays refused. Of these not what a narrower line above sets apart, such as a cloud's
# metadata service: its answer is the machine's credentials, and no receiver stands there.
OPENABLE = frozenset(
    {
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
        *("192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:2::/48", "2001:db8::/32", "3fff::/20"),
    }
)


def allowed(address: Address, policy: Policy, port: int | None = None) -> str | None:
    """Why this address may not be called; None where it may. Without a port no named network opens it."""
    if (policy.loopback and is_loopback(address)) or (port is not None and policy.names(address, port)):
        return None
    reason = forbidden(address)
    return f"{reason}, {UNNAMED}" if reason and policy.networks and is_openable(address) else reason


def is_loopback(address: Address) -> bool:
    """127.0.0.0/8 and ::1, in no other spelling: `::ffff:127.0.0.1` is none."""
    return address.packed == b"\0" * 15 + b"\1" if isinstance(address, IPv6Address) else address.packed[0] == 127


@lru_cache(maxsize=4096)  # a few receivers, asked about with every post
def forbidden(address: Address) -> str | None:
    """Why this address is none of the internet's; None: all of the internet reaches it."""
    if is_of_one_interface(address):
        return "an address of one network interface (RFC 4007)"
    if network := set_apart(address):
        return (IPV4 | IPV6)[network]
    if isinstance(address, IPv6Address) and address not in ALLOCATED:
        return OUTSIDE
    return "an ISATAP address (RFC 5214)" if is_isatap(address) else None


@lru_cache(maxsize=4096)
def is_openable(address: Address) -> bool:
    """Whether a network that an operator names may hold it: it is what it seems, and leads to nothing that gives its machine away."""
    return set_apart(address) in OPENABLE and not is_of_one_interface(address) and not is_isatap(address)


def set_apart(address: Address) -> str | None:
    """The first network of our lists that holds it. An IPv4 address lies in none of IPv6."""
    return next((name for network, name in SET_APART if address in network), None)


def is_of_one_interface(address: Address) -> bool:
    """With a zone id, such as `fd00::1%eth0`."""
    return isinstance(address, IPv6Address) and bool(address.scope_id)


def is_isatap(address: Address) -> bool:
    """It holds an IPv4 address, whatever network it lies in."""
    return isinstance(address, IPv6Address) and (int(address) >> 32) & 0xFFFFFFFF in ISATAP
