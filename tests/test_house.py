"""The house stays as ARCHITECTURE.md draws it: imports go one way, pure rooms stay pure, files name only what exists."""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from settings import PREFIX, Settings

HOUSE = Path(__file__).parent.parent
MAY_IMPORT: dict[str, set[str]] = {
    "lab/fleets": {"domain"},
    "domain": set(),
    "ebay": {"domain"},
    "store": {"domain"},
    "runtime": set(),
    "outbound": set(),
    "activities": {"domain", "ebay", "store", "outbound", "runtime"},
    "workflows": {"activities", "domain", "store", "runtime"},
    "operations": {"domain", "workflows", "activities", "ebay", "store", "settings"},
    "console": {
        "runtime",
        "operations",
        "domain",
        "workflows",
        "activities",
        "ebay",
        "store",
        "pacing",
        "delivery",
        "outbound",
        "reconciling",
        "settings",
    },
    "inbox": {"domain", "runtime", "workflows", "activities", "ebay", "store", "settings"},
    "pages": {
        "operations",
        "domain",
        "inbox",
        "console",
        "runtime",
        "workflows",
        "activities",
        "store",
        "changes",
        "pacing",
        "reconciling",
        "settings",
    },
    "settings": set(),
    "simulator": set(),
    "demo_stack/devstack": set(),
}
STANDARD_LIBRARY_ONLY = ("domain",)
FOR_TRIALS = {"simulator", "demo_stack/devstack"}  # of what stands beside the product
PROCESSES = ("worker", "starter", "web", "demo")
NESTED = ("demo_stack", "lab")  # their folders are the rooms
PACKAGES = {
    path.parent.relative_to(HOUSE).as_posix()
    for house in ("*", *(f"{name}/*" for name in NESTED))
    for path in HOUSE.glob(f"{house}/__init__.py")
}
ROOMS = PACKAGES - set(NESTED) | {path.stem for path in HOUSE.glob("*.py")}


def files(room: str) -> list[Path]:
    return sorted((HOUSE / room).rglob("*.py")) if (HOUSE / room).is_dir() else [HOUSE / f"{room}.py"]


def imported(path: Path) -> set[str]:
    """Rooms of all absolute imports, those inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {"/".join(name.split(".")[: 2 if name.partition(".")[0] in NESTED else 1]) for name in names}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_from_the_rooms_below_it(room: str) -> None:
    found = {path.relative_to(HOUSE).as_posix(): (imported(path) & ROOMS) - MAY_IMPORT[room] - {room} for path in files(room)}

    assert files(room)
    assert {path: rooms for path, rooms in found.items() if rooms} == {}


@pytest.mark.parametrize("room", STANDARD_LIBRARY_ONLY)
def test_a_pure_room_needs_the_standard_library_only(room: str) -> None:
    needed = set().union(*(imported(path) for path in files(room)))

    assert needed - {room, "domain"} <= sys.stdlib_module_names
    assert not needed & {"socket", "time", "os", "subprocess", "random", "threading"}


def test_the_way_out_needs_little_that_could_call_somebody() -> None:
    needed = set().union(*(imported(path) for path in files("outbound")))

    assert needed - sys.stdlib_module_names == {"outbound", "httpx", "httpcore"}


def test_the_product_does_not_need_the_simulator_or_the_dev_stack() -> None:
    product = [*MAY_IMPORT.keys() - FOR_TRIALS, "worker", "starter", "web"]
    needing = [path.name for room in product for path in files(room) if imported(path) & FOR_TRIALS]

    assert needing == []


def test_every_room_is_known_to_this_test_and_described() -> None:
    known = MAY_IMPORT.keys() | set(PROCESSES) | {"lab/benchmarks", "lab/chaos", "demo_stack/demo", "deploy"}
    described = (HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8")

    assert known >= ROOMS
    assert [room for room in sorted(ROOMS) if f"`{room}" not in described] == []


def test_the_table_of_rooms_has_a_row_a_room() -> None:
    described = (HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Rooms")[2].partition("##")[0]
    rooms = re.findall(r"^\| (`[^|]+) \|", described, re.MULTILINE)

    assert len(rooms) > 15
    assert sorted(set(rooms)) == sorted(rooms)


@pytest.mark.parametrize("name", [".env.example", "docker-compose.yml", "README.md", "ARCHITECTURE.md"])
def test_files_name_only_settings_that_exist(name: str) -> None:
    named = set(re.findall(PREFIX + r"[A-Z_]+", (HOUSE / name).read_text(encoding="utf-8")))

    assert named or name in ("README.md", "ARCHITECTURE.md")
    assert {name.removeprefix(PREFIX).lower() for name in named} <= set(Settings.model_fields)


def test_pinned_versions_cover_every_requirement_and_name_no_address() -> None:
    pinned = (HOUSE / "constraints.txt").read_text(encoding="utf-8")
    project = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:dependencies|dev|system) = \[(.*?)^\]", project, flags=re.M | re.S)
    needed = {re.split(r"[\[>=<]", name)[0].lower() for text in lists for name in re.findall(r'"([^"]+)"', text)}
    versions = {line.partition("==")[0].lower() for line in pinned.splitlines()}

    assert len(needed) > 15
    assert needed <= versions
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in pinned.splitlines())


def test_a_class_has_a_name_of_its_own() -> None:
    """Who searches for it finds it; two of one name are told apart by nobody. Every benchmark has its `Sizes`."""
    where: dict[str, list[str]] = {}
    for path in (path for room in ROOMS - {"simulator"} for path in files(room)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name != "Sizes":
                where.setdefault(node.name, []).append(path.relative_to(HOUSE).as_posix())

    assert len(where) > 400
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_no_file_needs_a_scroll_bar_to_be_understood() -> None:
    product = [path for room in ROOMS for path in files(room)]
    long = {path.as_posix(): lines for path in product if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300}

    assert len(product) > 400
    assert long == {}


def test_each_advisory_lock_of_postgres_has_a_number_of_its_own() -> None:
    """Two with one number wait for each other, and one of them may be held for as long as its process lives."""
    used: dict[str, set[str]] = {}
    for path in files("store"):
        for number in re.findall(r"\b7_?355_?\d{3}\b", path.read_text(encoding="utf-8")):
            used.setdefault(number.replace("_", ""), set()).add(path.name)

    assert len(used) >= 3
    assert {number: names for number, names in used.items() if len(names) > 1} == {}


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


def test_the_simulators_modules_import_each_other_one_way() -> None:
    paths = {".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): path for path in files("simulator")}
    graph = {name: modules_imported(path, set(paths)) for name, path in paths.items()}

    assert len(graph) > 60
    assert sum(map(len, graph.values())) > 200
    TopologicalSorter(graph).prepare()  # names a circle if there is one


def test_no_file_of_the_simulator_is_long() -> None:
    lengths = {path.relative_to(HOUSE).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in files("simulator")}

    assert len(lengths) > 60
    assert {path: lines for path, lines in lengths.items() if lines > 300} == {}


WORN_OUT = {  # what once stood for ten things each; words of the contract and of the tables stand in strings
    *("told", "untold", "tolds", "kept", "wanted", "wish", "wishes", "lookout", "lane", "courier", "office", "desk", "hinted"),
    *("vouch", "vouched", "saw", "sightings", "finale", "haste", "commotion", "trouble", "tending", "shelf", "odd", "meet"),
}
AS_ON_THE_WIRE = {"delivery_lanes", "sightings", "told_while_polling"}  # tables, and a recorded history, keep their names


def test_no_identifier_has_a_word_that_stood_for_ten_things() -> None:
    """docs/reference/glossary.md has the words that are used instead."""
    names: dict[str, set[str]] = {}
    for path in (path for room in (*ROOMS, "tests") for path in files(room)):
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.NAME and not token.string.startswith("test_"):
                    names.setdefault(token.string, set()).add(path.relative_to(HOUSE).as_posix())
    worn = {name: paths for name, paths in names.items() if WORN_OUT & {word.lower() for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name)}}

    assert len(names) > 5000
    assert {name: paths for name, paths in worn.items() if name not in AS_ON_THE_WIRE} == {}


def test_every_statement_stands_in_the_store() -> None:
    """Who looks for a table finds all that reads or writes it in one room. Types and errors of SQLAlchemy may be named elsewhere."""
    product = MAY_IMPORT.keys() - FOR_TRIALS - {"store"}
    paths = [path for room in (*product, *PROCESSES) for path in files(room)]
    found = [
        path.relative_to(HOUSE).as_posix()
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").partition(".")[0] in ("sqlalchemy", "psycopg2")
        and {alias.name for alias in node.names} - {"Row", "Engine"}
    ]

    assert len(paths) > 150
    assert found == []


def test_each_statement_has_a_name_of_its_own_that_says_what_it_does() -> None:
    """`LOCK_SELLER`, `NEXT_EVENTS_OF_SELLER`: who meets one in a plan or a log finds it, and no other."""
    names: dict[str, list[str]] = {}
    for path in (path for path in files("store") if "migrations" not in path.parts):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "text":
                names.setdefault(ast.unparse(node.targets[0]), []).append(path.relative_to(HOUSE).as_posix())

    assert len(names) > 300
    assert {name: paths for name, paths in names.items() if len(paths) > 1 or "_" not in name} == {}


def test_no_private_name_leaves_its_file() -> None:
    """A name with an underscore before it may change without a look at who uses it."""
    paths = [path for room in ROOMS for path in files(room)]
    taken = {
        path.relative_to(HOUSE).as_posix(): names
        for path in paths
        if (
            names := {
                alias.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in {room.partition("/")[0] for room in ROOMS}
                for alias in node.names
                if alias.name.startswith("_") and not alias.name.startswith("__")
            }
        )
    }

    assert len(paths) > 400
    assert taken == {}


@pytest.mark.parametrize(("room", "inner"), [("store", 8), ("activities", 4), ("domain", 4)])
def test_the_rooms_within_a_room_import_each_other_one_way(room: str, inner: int) -> None:
    """The lower ones know nothing of the upper ones; what stands beside them in the room itself puts them together."""
    names = {path.parent.name for path in (HOUSE / room).glob("*/__init__.py")}
    graph: dict[str, set[str]] = {}
    for name in names:
        found = {part for path in files(f"{room}/{name}") for part in modules_of(path) if part.startswith(f"{room}.")}
        graph[name] = {part.split(".")[1] for part in found} & names - {name}

    assert len(names) == inner
    TopologicalSorter(graph).prepare()  # names a circle if there is one


def modules_of(path: Path) -> set[str]:
    """Dotted names that a file imports, those inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_the_product_has_no_circle_of_modules() -> None:
    """But for types: a step and its runner know each other's."""
    paths = {
        ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): path
        for room in MAY_IMPORT.keys() - FOR_TRIALS
        for path in files(room)
    }
    graph = {name: modules_imported(path, set(paths), types=False) - {name} for name, path in paths.items()}

    assert sum(map(len, graph.values())) > 900
    TopologicalSorter(graph).prepare()


def test_there_are_at_most_twenty_rooms_at_the_top() -> None:
    tops = {path.parent.name for path in HOUSE.glob("*/__init__.py")} | {"docs", "tests"}

    assert 10 < len(tops) <= 20
