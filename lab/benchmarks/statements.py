"""Every statement of the product, and what Postgres would do for it: found in the modules, planned without values."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

import activities
import operations
import store

ROOMS: tuple[ModuleType, ...] = (store, activities, operations)
PARAMETER = re.compile(r"(?<![:\w]):([a-z_]\w*)")
ASSIGNED = re.compile(r"^(\w+)(?::.*?)? = ", re.MULTILINE)
PLANNED = re.compile(r"\s*(INSERT|UPDATE|DELETE|SELECT|WITH|MERGE|\()", re.IGNORECASE)  # what EXPLAIN takes


@dataclass(frozen=True)
class NamedStatement:
    name: str  # module.CONSTANT
    text: str

    def as_sent(self, connection: Connection) -> str:
        """As the driver gets it, with its own marks for parameters."""
        return str(text(self.text).compile(dialect=connection.dialect))


@dataclass(frozen=True)
class StatementPlan:
    name: str
    cost: float  # in Postgres's units
    scans: frozenset[str]  # tables that are read from one end to the other
    error: str | None = None  # why there is none


def statements(rooms: Sequence[ModuleType] = ROOMS) -> list[NamedStatement]:
    """All that stand in a module as `text(...)`, alone or in a dict or sequence; a statement that is built while running is not found."""
    found: dict[str, NamedStatement] = {}
    for module in _modules(rooms):
        own = set(ASSIGNED.findall(inspect.getsource(module)))
        for name, value in vars(module).items():
            if name not in own:
                continue  # another module's
            for number, clause in enumerate(_clauses(value)):
                if PLANNED.match(clause.text):
                    named = NamedStatement(f"{module.__name__}.{name}" + (f"[{number}]" if number else ""), clause.text)
                    found.setdefault(clause.text, named)
    return sorted(found.values(), key=lambda one: one.name)


def plan(
    connection: Connection, statement: NamedStatement, tables: Iterable[str], query: str | None = None, least: float = 100
) -> StatementPlan:
    """As it was run last (`query`, with its values), else for any values: EXPLAIN (GENERIC_PLAN). `tables`: whose scans count, where
    they cost at least so much. Of several statements in one text the last: those before take locks.
    """
    how, asked = "FORMAT JSON", query
    if asked is None:
        how, words = "GENERIC_PLAN, FORMAT JSON", dict[str, int]()
        asked = PARAMETER.sub(lambda found: f"${words.setdefault(found[1], len(words) + 1)}", statement.text.replace("\\:", ":"))
    asked = asked.rstrip("; \n").rpartition(";")[2]
    try:
        with connection.begin_nested():
            answer = connection.exec_driver_sql(f"EXPLAIN ({how}) {asked.replace('%', '%%')}").scalar_one()
    except DBAPIError as error:
        return StatementPlan(statement.name, 0.0, frozenset(), str(error.orig).splitlines()[0])
    root = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    scans = {node["Relation Name"] for node in _nodes(root) if node["Node Type"] == "Seq Scan" and node["Total Cost"] >= least}
    return StatementPlan(statement.name, root["Total Cost"], frozenset(scans & set(tables)))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _modules(rooms: Sequence[ModuleType]) -> Iterator[ModuleType]:
    for room in rooms:
        yield room
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def _clauses(value: object) -> Iterator[TextClause]:
    if isinstance(value, TextClause):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _clauses(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _clauses(one)
