"""Every connection that this thread tries to make, told by the interpreter itself (PEP 578). Beyond loopback it is not made."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

watching: dict[int, Tried] = {}


class Tried:
    """Addresses that were to be connected to, and names that the system was asked for."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.names: list[str] = []


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.getaddrinfo") or not (tried := watching.get(threading.get_ident())):
        return
    if event == "socket.getaddrinfo":
        tried.names.append(arguments[0])
        return
    tried.addresses.append(arguments[1][0])
    if not ip_address(arguments[1][0]).is_loopback:
        raise OSError("a test calls nobody")


sys.addaudithook(hook)


@contextmanager
def watched() -> Iterator[Tried]:
    """What this thread tries meanwhile."""
    tried = watching[threading.get_ident()] = Tried()
    try:
        yield tried
    finally:
        del watching[threading.get_ident()]
