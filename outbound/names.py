"""A name's addresses: asked for once, all of them judged."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from ipaddress import ip_address

from outbound.addresses import Address, Policy, allowed, forbidden, is_loopback
from outbound.errors import ForbiddenTargetError, NoAnswerError
from outbound.targets import Target

Resolve = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses that the system knows of a name, in the order in which it would try them (RFC 6724).

    Raises:
        OSError: the name is not known, or nobody could be asked.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)]


def checked(target: Target, policy: Policy, resolve: Resolve, until: float) -> list[Address]:
    """Where to connect, in order. A literal address was judged when it was read.

    Raises:
        ForbiddenTargetError: one of the addresses may not be called; then none of them is.
        NoAnswerError: `dns`: the name has no address, or there was no word of it in time.
    """
    if target.address:
        return [target.address]
    addresses = [read(answer, target) for answer in within(until, resolve, target)]
    for address in addresses:
        if reason := why_not(address, target, policy):
            raise ForbiddenTargetError(f"its name leads {reason}", target.host)
    if any(policy.names(address, target.port) for address in addresses) and not all(map(forbidden, addresses)):
        raise ForbiddenTargetError("its name leads both into a named network and to the internet", target.host)  # as rebound names do
    if not addresses:
        raise NoAnswerError("dns", target.host)
    return list(dict.fromkeys(addresses))


def why_not(address: Address, target: Target, policy: Policy) -> str | None:
    """Why this one of a name's addresses may not be called; None where it may."""
    if reason := allowed(address, policy, target.port):
        return f"to {reason}"
    if policy.names(address, target.port):
        return None
    if target.only_named:
        return "beyond the networks that are named with this port, where only https to an allowed port of a public name may go"
    if target.only_loopback and not is_loopback(address):
        return "beyond loopback, where only https to an allowed port may go"
    return None


def read(answer: str, target: Target) -> Address:
    """An address as the resolver gave it. Raises ForbiddenTargetError: it is none."""
    try:
        return ip_address(answer)
    except ValueError:
        raise ForbiddenTargetError("its name leads to what is no address", target.host) from None


def within(until: float, resolve: Resolve, target: Target) -> Sequence[str]:
    """The resolver's answer, if it comes in time. It can't be stopped: a thread that is too late ends by itself, heard by nobody."""
    answer: Future[Sequence[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolve(target.host, target.port))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="outbound-name", daemon=True).start()
    try:
        return answer.result(max(until - time.monotonic(), 0))
    except (OSError, UnicodeError):  # a time-out is an OSError; a name that the system's codec refuses is no name
        raise NoAnswerError("dns", target.host) from None
