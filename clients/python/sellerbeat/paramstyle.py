"""How drivers mark values in statements (PEP 249)."""

from __future__ import annotations

import sys
from typing import Any


def paramstyle_of(connection: Any) -> str:
    """How the driver of a connection marks values. Raises ValueError: it does not say so."""
    for kind in type(connection).__mro__:
        module = sys.modules.get(kind.__module__.partition(".")[0])
        style = getattr(module, "paramstyle", None)
        if style:
            return str(style)
    raise ValueError(f"{type(connection).__name__} does not tell its paramstyle: give it as DbApiPosition(paramstyle=...)")


def in_style(statement: str, style: str) -> str:
    """The same statement as a driver of this paramstyle takes it. Raises ValueError."""
    if style == "qmark":
        return statement
    if style in ("format", "pyformat"):
        return statement.replace("%", "%%").replace("?", "%s")
    if style in ("numeric", "named"):
        parts = statement.split("?")
        return parts[0] + "".join(f":{number}{part}" for number, part in enumerate(parts[1:], 1))
    raise ValueError(f"paramstyle {style!r} is none that DB-API knows")
