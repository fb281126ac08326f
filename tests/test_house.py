"""The house stays as ARCHITECTURE.md draws it: imports go one way, pure rooms stay pure."""

from __future__ import annotations

import re
import sys
from graphlib import TopologicalSorter

import pytest

from tests.support.rooms import CLIENT, FOR_TRIALS, HOUSE, MAY_IMPORT, NESTED, PROCESSES, ROOMS, files, imported, modules_imported

STANDARD_LIBRARY_ONLY = ("domain",)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_from_the_rooms_below_it(room: str) -> None:
    found = {path.relative_to(HOUSE).as_posix(): (imported(path) & ROOMS) - {room} for path in files(room)}

    assert files(room)
    assert {path: rooms - MAY_IMPORT[room] for path, rooms in found.items() if rooms - MAY_IMPORT[room]} == {}
    assert set().union(*found.values()) == MAY_IMPORT[room]  # what nobody needs is not allowed either


@pytest.mark.parametrize("room", STANDARD_LIBRARY_ONLY)
def test_a_pure_room_needs_the_standard_library_only(room: str) -> None:
    needed = set().union(*(imported(path) for path in files(room)))

    assert needed - {room, "domain"} <= sys.stdlib_module_names
    assert not needed & {"socket", "time", "os", "subprocess", "random", "threading"}


def test_the_way_out_needs_little_that_could_call_somebody() -> None:
    needed = set().union(*(imported(path) for path in files("outbound")))

    assert needed - sys.stdlib_module_names == {"outbound", "httpx", "httpcore"}


def test_the_product_needs_nothing_that_stands_beside_it() -> None:
    """No image has it."""
    beside = {*NESTED, "simulator", "deploy", "demo", "tests"}
    product = {*MAY_IMPORT.keys() - FOR_TRIALS - {"lab/fleets"}, "worker", "starter", "web", "deploy/health"}
    paths = [path for room in product for path in files(room)]
    needed = {path.relative_to(HOUSE).as_posix(): {room.partition("/")[0] for room in imported(path)} & beside for path in paths}

    assert len(paths) > 250
    assert {path: tops for path, tops in needed.items() if tops} == {}


def test_every_room_is_known_to_this_test_and_described() -> None:
    known = MAY_IMPORT.keys() | set(PROCESSES) | {"lab/benchmarks", "lab/chaos", "demo_stack/demo", "deploy"}
    described = (HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8")

    assert known >= ROOMS
    assert set().union(*MAY_IMPORT.values()) <= MAY_IMPORT.keys()
    assert [room for room in sorted(ROOMS) if f"`{room}" not in described] == []


def test_the_table_of_rooms_has_a_row_a_room() -> None:
    described = (HOUSE / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Rooms")[2].partition("##")[0]
    rooms = re.findall(r"^\| (`[^|]+) \|", described, re.MULTILINE)

    assert len(rooms) > 15
    assert sorted(set(rooms)) == sorted(rooms)


def test_the_simulators_modules_import_each_other_one_way() -> None:
    paths = {".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__"): path for path in files("simulator")}
    graph = {name: modules_imported(path, set(paths)) for name, path in paths.items()}

    assert len(graph) > 60
    assert sum(map(len, graph.values())) > 200
    TopologicalSorter(graph).prepare()  # names a circle if there is one


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


def test_the_client_needs_two_packages_and_nothing_of_the_house() -> None:
    """But in the modules that are named after a framework: an app has what it uses."""
    paths = {path.stem: imported(path) - sys.stdlib_module_names for path in files(f"{CLIENT}/sellerbeat")}
    frameworks = {name: paths.pop(name) for name in ("flask", "fastapi", "django", "sqlalchemy")}

    assert len(paths) > 10
    assert set().union(*paths.values()) == {
        "sellerbeat",
        "httpx",
        "pydantic",
        "pydantic_core",
        "typing_extensions",
    }  # the last two are pydantic's
    assert all(needed - {"sellerbeat", "starlette"} == {name} for name, needed in frameworks.items())


def test_there_are_at_most_twenty_rooms_at_the_top() -> None:
    tops = {path.parent.name for path in HOUSE.glob("*/__init__.py")} | {"clients", "docs", "tests"}

    assert 10 < len(tops) <= 20
