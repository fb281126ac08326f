"""What may be None and is not in this test: said once, to the reader and to the types."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Fails where it is None after all."""
    assert value is not None
    return value
