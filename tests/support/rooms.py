"""The rooms of the house: which there are, which files each has, and what a file imports."""

from __future__ import annotations

import ast
from pathlib import Path

HOUSE = Path(__file__).parent.parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "lab/fleets": {"domain"},
    "domain": set(),
    "ebay": {"domain"},
    "store": {"domain"},
    "runtime": set(),
    "outbound": set(),
    "activities": {"domain", "ebay", "store", "outbound", "runtime"},
    "workflows": {"activities", "domain", "store", "runtime"},
    "operations": {"domain", "workflows", "activities", "ebay", "store", "outbound", "settings"},
    "console": {"operations", "domain", "workflows", "activities", "store", "settings"},
    "inbox": {"domain", "runtime", "workflows", "activities", "ebay", "store", "settings"},
    "serving": {"operations", "domain", "ebay", "workflows", "store", "settings"},
    "api": {"serving", "operations", "domain", "workflows", "store", "settings"},
    "pages": {"serving", "api", "operations", "domain", "inbox", "runtime", "workflows", "store", "settings"},
    "settings": {"domain", "runtime"},
    "simulator": set(),
    "demo_stack/devstack": set(),
}
FOR_TRIALS = {"simulator", "demo_stack/devstack"}  # of what stands beside the product
PROCESSES = ("worker", "starter", "web", "demo")
NESTED = ("demo_stack", "lab")  # their folders are the rooms
PACKAGES = {
    path.parent.relative_to(HOUSE).as_posix()
    for house in ("*", *(f"{name}/*" for name in NESTED))
    for path in HOUSE.glob(f"{house}/__init__.py")
}
ROOMS = PACKAGES - set(NESTED) | {path.stem for path in HOUSE.glob("*.py")}


CLIENT = "clients/python"  # a package of its own, which apps install: no room, and imports nothing of the house
GENERATED = {HOUSE / CLIENT / "sellerbeat" / f"{name}.py" for name in ("answers", "api", "async_api", "events")}  # by docs/generate.py


def files(room: str) -> list[Path]:
    return sorted({*(HOUSE / room).rglob("*.py")} - GENERATED) if (HOUSE / room).is_dir() else [HOUSE / f"{room}.py"]


def imported(path: Path) -> set[str]:
    """Rooms of all absolute imports, those inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {"/".join(name.split(".")[: 2 if name.partition(".")[0] in NESTED else 1]) for name in names}


def modules_imported(path: Path, modules: set[str], types: bool = True) -> set[str]:
    """Of these modules, those that a file imports: inside functions too, and for types alone unless `types` is False."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not types and node in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner if inner <= modules else {node.module or "", *inner}
    return found & modules
