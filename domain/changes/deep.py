"""Documents nested deeper than any of eBay's: compared as they are, without recursion."""

from typing import Any

DEEPEST = 48  # levels; eBay's documents have about 8, and Python's stack holds some 900 for everybody on it


class _Mark(str):
    """Punctuation among values still to be written."""

    __slots__ = ()


def flat(value: Any) -> str:
    """An unambiguous text of any JSON value, keys sorted; equal for equal values, however deep. Not JSON."""
    written: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind is _Mark:
            written.append(value)
        elif kind is dict:
            written.append("{")
            waiting.append(_Mark("}"))
            for name in sorted(value, reverse=True):
                waiting += (value[name], name)
        elif kind is list:
            written.append("[")
            waiting.append(_Mark("]"))
            waiting.extend(reversed(value))
        elif kind is int:
            written.append(hex(value) + ",")  # unlike decimals, of any length
        else:
            written.append(ascii(value) + ",")
    return "".join(written)
