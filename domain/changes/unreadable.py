"""Records that eBay fails for, each time and for nothing else: when such a failure counts, and when the record is tried again. Pure.

One order, SKU or listing that eBay cannot show must hold up nobody, and an outage must not be taken for it. So a failure counts against a
record only where something shows that eBay is well otherwise (`counts`); the third one in a row sets the record aside (`after`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

TIMES = 3  # failures in a row that pass no more by themselves: a record is set aside, a window searched for what fails it
AGAIN = timedelta(minutes=1)  # between them, at least
IN_A_ROW = 5  # different records that fail: more of them are no matter of the records
LASTED = timedelta(hours=2)  # unless that has lasted for so long, while eBay is well for others
MOST_FAILED = 50  # records that may fail in a step; what is behind them is for the next one
FLOOD = 100  # of a kind set aside: one more is so at its first counted failure
RETRIES = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))  # then daily
A_DAY = 20  # calls of a seller's that fail for what is set aside
DAY = timedelta(days=1)
UNREADABLE = "unreadable"  # how the reason begins of what eBay cannot show
NAMED, LONGEST = 5, 60  # records in an alert's text, characters of one
MANY = 1_000  # counted as "more than"

NOUNS = {
    "order": ("{} order", "{} orders"),
    "fulfillment": ("{} order's parcels", "{} orders' parcels"),
    "inventory": ("{} SKU", "{} SKUs"),
    "listing": ("{} listing", "{} listings"),
    "offer": ("the offers of {} SKU", "the offers of {} SKUs"),
    "page": ("{} part of a list", "{} parts of a list"),
    "window": ("{} window", "{} windows"),
}

NAMES = {"fulfillment": "parcels of order", "inventory": "SKU", "offer": "offers of SKU", "page": "a part of the list of"}


def counts(worked: bool, failing: int, lasted: timedelta, well_since: bool) -> bool:
    """Whether failures are the records' own.

    Args:
        worked: another record of the kind could be read in this step.
        failing: different records that failed without one that worked.
        lasted: since the first of these failed first.
        well_since: another stream of the same resource of this seller was polled well since then.
    """
    return worked or (well_since and (failing < IN_A_ROW or lasted >= LASTED))


def after(failures: int, beside: int) -> timedelta | None:
    """When a record is read again after so many counted failures; None: it is set aside. `beside`: of its kind set aside already."""
    return AGAIN if failures < TIMES and not is_flood(beside) else None


def is_flood(aside: int) -> bool:
    """Whether so many of a kind are set aside that it is no matter of single records any more."""
    return aside >= FLOOD


def retry_after(attempts: int) -> timedelta:
    """When what is set aside is tried again, having failed so often: at 1 it was just set aside."""
    return RETRIES[min(max(attempts, 1), len(RETRIES)) - 1]


def left_today(began: datetime | None, spent: int, now: datetime) -> int:
    """Tries of what is set aside that a seller has left. `began`: when the day of the `spent` ones began."""
    return max(A_DAY - spent, 0) if began is not None and now - began < DAY else A_DAY


def reason(status: int | None, codes: Sequence[int]) -> str:
    """For people: constant words, eBay's status and its numeric errorIds."""
    said = [f"HTTP {status}" if status is not None else "no whole answer", *(f"errorId {code}" for code in codes)]
    return because(", ".join(said))


def because(what: str) -> str:
    """The reason of whatever eBay cannot show; `soon` tells it from documents that could not be kept."""
    return f"{UNREADABLE} at eBay, which answers for others: {what}"


def soon(reason: str) -> bool:
    """Whether it is tried again soon after it was set aside: another answer may come at any time."""
    return reason.startswith(UNREADABLE)


def words(aside: Mapping[str, int], kinds: Sequence[str]) -> str:
    """`1 order set aside`, for the reason of a healthy stream; empty: none is. `aside`: how many, by kind."""
    counts = [_counted(kind, aside[kind]) for kind in kinds if aside.get(kind)]
    return f"{', '.join(counts)} set aside" if counts else ""


def alert(aside: Mapping[str, int], first: Sequence[tuple[str, str]]) -> str:
    """`set aside: order 04-1, SKU A-1 and 2 more: see starter.py set-aside`. `first`: kind and name of some, the oldest first."""
    total = sum(aside.values())
    names = [_name_of(kind, name) for kind, name in first[:NAMED]]
    more = f" and {'more than ' if total > MANY else ''}{total - len(names):,} more" if total > len(names) else ""
    return f"could not be read or kept, and set aside: {', '.join(names)}{more}: see starter.py set-aside"


def _counted(kind: str, count: int) -> str:
    one, many = NOUNS.get(kind.partition(":")[0], (f"{{}} {kind}", f"{{}} of kind {kind}"))
    return (one if count == 1 else many).format(f"over {MANY:,}" if count > MANY else f"{count:,}")


def _name_of(kind: str, name: str) -> str:
    if not name:
        return f"a document of kind {kind} without an id"
    kind, _, stream = kind.partition(":")
    if kind == "window":  # `orders:START/END`
        return f"what was modified in {stream} at {name.partition(':')[2].partition('/')[0]}"
    return f"{NAMES.get(kind, kind)} {_short(name)}"


def _short(name: str) -> str:
    shown = "".join(one if one.isprintable() else "?" for one in name)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
