"""Where the page and the metrics listen: as their settings say, or on ports that the folder keeps."""

from __future__ import annotations

import os
import socket

from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import Home
from settings import PREFIX, read_environment

WEB, METRICS = f"{PREFIX}WEB_BIND", f"{PREFIX}METRICS_BIND"
ANY = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "[::]": "[::1]"}  # listens everywhere: how one gets there from here


def chosen(home: Home) -> dict[str, str]:
    """By setting; of the metrics only where the setting is given. Port 0 is one of the folder's for the page, which has an address.

    Raises:
        DemoError: a port is taken. One line, before anything is started.
    """
    environment = read_environment()
    binds = {name: given for name in (WEB, METRICS) if (given := environment.get(name))}
    listening = [*binds.items(), *((METRICS, next_port(bind)) for name, bind in binds.items() if name == METRICS)]
    for name, bind in listening:
        if wrong := refused(bind):
            further = ", the page's metrics," if name == METRICS and bind != binds[name] else ""
            raise DemoError(f"{name}: {bind}{further} cannot be used: {wrong}; end what listens there, or name another port")
    host, _, port = binds.get(WEB, "127.0.0.1:0").rpartition(":")
    return binds | {WEB: f"{host}:{int(port) or home.port('web')}"}


def refused(bind: str) -> str | None:
    """Why nobody can listen there; None: it is free."""
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), int(port)), family=family).close()
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)  # its own text says the address once more
    return None


def url_of(bind: str) -> str:
    """Where what listens there is found on this machine."""
    host, _, port = bind.rpartition(":")
    return f"http://{ANY.get(host, host)}:{port}"


def next_port(bind: str) -> str:
    """The worker has the address that was given; the page shows its metrics one port further."""
    host, _, port = bind.rpartition(":")
    return f"{host}:{int(port) + 1}" if int(port) else bind
