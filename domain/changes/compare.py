"""Which top-level fields differ in content."""

from typing import Any

from domain.changes.model import Document, Kind
from domain.changes.normal import normal, text


def changed_fields(kind: Kind, old: Document, new: Document) -> tuple[str, ...]:
    """The names, sorted; () for documents of equal content."""
    before, after = normal(kind, old), normal(kind, new)
    return tuple(sorted(name for name in before.keys() | after.keys() if not _same(before.get(name), after.get(name))))


def _same(one: Any, other: Any) -> bool:
    if type(one) is str and type(other) is str:
        return one == other
    return text(one) == text(other)  # not `==`: to Python True is 1 and NaN is not itself
