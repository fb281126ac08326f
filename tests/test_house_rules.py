"""What holds in every room: words, names, lengths and statements, and that rooms within a room import one way."""

from __future__ import annotations

import ast
import re
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from settings import PREFIX, SECRETS, Settings
from tests.support.rooms import CLIENT, FOR_TRIALS, HOUSE, MAY_IMPORT, PROCESSES, ROOMS, files


@pytest.mark.parametrize("name", [".env.example", "docker-compose.yml", "README.md", "ARCHITECTURE.md"])
def test_files_name_only_settings_that_exist(name: str) -> None:
    named = set(re.findall(PREFIX + r"[A-Z_]+", (HOUSE / name).read_text(encoding="utf-8")))

    assert named or name in ("README.md", "ARCHITECTURE.md")
    of_files = {f"{secret}_FILE" for secret in SECRETS}
    assert {name.removeprefix(PREFIX).lower() for name in named - of_files} <= set(Settings.model_fields)


def test_pinned_versions_cover_every_requirement_and_name_no_address() -> None:
    pinned = (HOUSE / "constraints.txt").read_text(encoding="utf-8")
    project = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:dependencies|dev|system) = \[(.*?)^\]", project, flags=re.M | re.S)
    needed = {re.split(r"[\[>=<]", name)[0].lower() for text in lists for name in re.findall(r'"([^"]+)"', text)}
    versions = {line.partition("==")[0].lower() for line in pinned.splitlines()}

    assert len(needed) > 15
    assert needed <= versions
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in pinned.splitlines())


def test_make_chaos_plays_every_file_that_has_more_to_play() -> None:
    """A property has sixteen times the examples there, and so has all that counts them itself; repeats are played nowhere else."""
    line = next(line for line in (HOUSE / "Makefile").read_text(encoding="utf-8").splitlines() if "repeats or not repeats" in line)
    played = [HOUSE / "tests" / name for name in line.partition("$(addprefix tests/,")[2].rstrip(")").split()]
    longer = re.compile(r"^ *@given\(|mark\.repeats\b|^from tests\.support\.examples import|\bMODEL_EXAMPLES\b", re.M)
    more = [path for path in files("tests") if path.name.startswith("test_") and longer.search(path.read_text(encoding="utf-8"))]

    assert len(more) > 50
    assert [path for path in played if not path.exists()] == []
    assert [path.relative_to(HOUSE).as_posix() for path in more if not any(path.is_relative_to(one) for one in played)] == []


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
    paths = [path for room in (*ROOMS, "tests", "docs", CLIENT) for path in files(room)]
    long = {path.as_posix(): lines for path in paths if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300}

    assert len(paths) > 800
    assert long == {}


def test_each_advisory_lock_of_postgres_has_a_number_of_its_own() -> None:
    """Two with one number wait for each other, and one of them may be held for as long as its process lives."""
    used: dict[str, set[str]] = {}
    for path in files("store"):
        for number in re.findall(r"\b7_?355_?\d{3}\b", path.read_text(encoding="utf-8")):
            used.setdefault(number.replace("_", ""), set()).add(path.relative_to(HOUSE).as_posix())

    assert len(used) >= 3
    assert {number: names for number, names in used.items() if len(names) > 1} == {}


WORN_OUT = {  # what once stood for ten things each; words of the contract and of the tables stand in strings
    *("told", "untold", "tolds", "kept", "wanted", "wish", "wishes", "lookout", "lane", "courier", "office", "desk", "hinted"),
    *("vouch", "vouched", "saw", "sightings", "finale", "haste", "commotion", "trouble", "tending", "shelf", "odd", "meet"),
}
# Tables, a migration and a recorded history keep their names.
AS_ON_THE_WIRE = {"delivery_lanes", "sightings", "0010_sightings", "told_while_polling"}


def test_no_identifier_and_no_file_has_a_word_that_stood_for_ten_things() -> None:
    """docs/reference/glossary.md has the words that are used instead."""
    worn: dict[str, set[str]] = {}
    known = set[str]()  # words that are not worn out
    for path in (path for room in (*ROOMS, "tests", "docs", CLIENT) for path in files(room)):
        where, words = path.relative_to(HOUSE).as_posix(), set(re.findall(r"[^\W\d]\w*", path.read_text(encoding="utf-8")))
        found = [path.stem] if is_worn_out(path.stem) else []
        if any(is_worn_out(word) for word in words - known):  # in a name, or only in a text: to tell takes ten times as long
            with path.open("rb") as file:
                tokens = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.NAME]
            found += [name for name in tokens if is_worn_out(name) and not name.startswith("test_")]
        else:
            known |= words
        for name in found:
            worn.setdefault(name, set()).add(where)

    assert len(known) > 5000
    assert {name: paths for name, paths in worn.items() if name not in AS_ON_THE_WIRE} == {}


def is_worn_out(name: str) -> bool:
    return not WORN_OUT.isdisjoint(word.lower() for word in re.split(r"_|(?<=[a-z])(?=[A-Z])", name))


DRIVERS = ("sqlalchemy", "psycopg2")
TYPES = {"Row", "Engine"}


def test_every_statement_stands_in_the_store() -> None:
    """Who looks for a table finds all that reads or writes it in one room. Types and errors of SQLAlchemy may be named elsewhere."""
    product = MAY_IMPORT.keys() - FOR_TRIALS - {"store"}
    paths = [path for room in (*product, *PROCESSES) for path in files(room)]
    found = {
        path.relative_to(HOUSE).as_posix(): ast.unparse(node)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if can_make_a_statement(node)
    }

    assert len(paths) > 150
    assert found == {}


def can_make_a_statement(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in DRIVERS and alias.name != "sqlalchemy.exc" for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return module.partition(".")[0] in DRIVERS and module != "sqlalchemy.exc" and not {one.name for one in node.names} <= TYPES
    return isinstance(node, ast.Attribute) and node.attr == "exec_driver_sql"


def test_each_statement_has_a_name_of_its_own_that_says_what_it_does() -> None:
    """`LOCK_SELLER`, `NEXT_EVENTS_OF_SELLER`: who meets one in a plan or a log finds it, and no other."""
    names: dict[str, list[str]] = {}
    for path in (path for path in files("store") if "migrations" not in path.parts and not path.name.endswith("tables.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and holds_a_statement(node.value):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    names.setdefault(ast.unparse(target), []).append(path.relative_to(HOUSE).as_posix())

    assert len(names) > 300
    assert {name: paths for name, paths in names.items() if len(paths) > 1 or "_" not in name} == {}


def holds_a_statement(value: ast.expr) -> bool:
    """Such as `text(...)`, or a dictionary of them."""
    return any(isinstance(inner, ast.Call) and ast.unparse(inner.func) in ("text", "select") for inner in ast.walk(value))


def test_no_private_name_leaves_its_file() -> None:
    """A name with an underscore before it may change without a look at who uses it."""
    paths = [path for room in (*ROOMS, "docs") for path in files(room)]
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


@pytest.mark.parametrize(
    ("room", "inner"), [("store", 9), ("activities", 4), ("domain", 4), ("simulator", 5), ("lab", 3), ("demo_stack", 2)]
)
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


def test_no_package_stands_in_the_house() -> None:
    """What `pip download` leaves behind; packages come from the index."""
    folders = [folder for folder in (HOUSE, *(HOUSE / room for room in ROOMS)) if folder.is_dir()]

    assert len(folders) > 10
    assert [path.name for folder in folders for path in folder.iterdir() if path.name.endswith((".whl", ".tar.gz", ".zip"))] == []
