"""The models as one file of a package that knows nothing of this one: `clients/python/sellerbeat/events.py`."""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
FILES = ("lens", "order_parts", "orders", "stock", "offers", "shapes", "reading")
HEAD = '''"""Events of Sellerbeat's, typed: `read_event` for the feed, `read_delivery` for what an endpoint gets.

Written by `make docs` from `operations/catalogue/`; change nothing here. Field names are eBay's own, and Sellerbeat's. Nothing that eBay
sends is refused: a value in another form than eBay documents is None here, and stays in `data.as_sent`; a field that nobody knows is in
`model_extra`.
"""

from __future__ import annotations
'''
STANDARD = ("collections.abc", "decimal", "typing")


def python() -> str:
    """The file's text; its definitions are those of `FILES`, in this order."""
    names: dict[str, set[str]] = {}
    bodies = []
    for file in FILES:
        text = (HERE / f"{file}.py").read_text(encoding="utf-8")
        imports = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
        for node in imports:
            if not (node.module or "").startswith("operations."):
                names.setdefault(node.module or "", set()).update(alias.name for alias in node.names)
        bodies.append("\n".join(text.splitlines()[imports[-1].end_lineno :]).strip())
    names.pop("__future__")
    lines = {module: _import(module, found) for module, found in sorted(names.items())}
    groups = ([line for module, line in lines.items() if (module in STANDARD) is standard] for standard in (True, False))
    head = "\n\n".join("\n".join(group) for group in groups)
    return f"{HEAD}\n{head}\n\n" + "\n\n\n".join(bodies) + "\n"


def _import(module: str, names: set[str]) -> str:
    """As ruff orders it: constants, classes, functions."""
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    return line if len(line) <= 140 else f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"
