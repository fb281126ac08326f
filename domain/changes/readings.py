"""Whether a reading of stock that differs from the last one is taken. Pure.

eBay's lists come from an index that may be some minutes late, so a list may show a listing as it was before what is stored already. Each
reading is taken but two: one that is older than the stored one, and one by a list which may be so; the second is looked at once more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from domain.changes.model import Document
from domain.waits import EBAYS

JITTER = timedelta(seconds=10)  # eBay's machines date their answers by clocks of their own


class Trust(Enum):
    """What becomes of a reading that differs from the stored one."""

    TAKE = auto()
    OLDER = auto()  # than the stored one: nothing to be learnt from
    WAIT = auto()  # it may be older: a second reading decides


@dataclass(frozen=True, slots=True)
class LastReading:
    """Of a stored item, removed ones too. Times are eBay's, in UTC."""

    as_of: datetime
    alone: bool  # it was asked for by its number, which no index answers
    sold: Any  # its quantitySold
    sold_at: datetime | None  # the latest sale that is known
    held_at: datetime | None  # the first reading since that was not taken


def trust(last: LastReading, document: Document, read_at: datetime, by_index: bool, lag: timedelta = EBAYS.index_lag) -> Trust:
    """
    Args:
        document: what the reading says of the item.
        by_index: it comes from a list.
        lag: so late such a list may be; nothing waits longer for a second reading.
    """
    if read_at < last.as_of - JITTER:
        return Trust.OLDER
    if not by_index or (last.held_at and read_at - last.held_at >= lag):
        return Trust.TAKE
    if last.alone and read_at < last.as_of + lag:
        return Trust.WAIT
    just_sold = last.sold_at is not None and read_at < last.sold_at + lag
    return Trust.WAIT if just_sold and _fell(last.sold, document.get("quantitySold")) else Trust.TAKE


def _fell(before: Any, after: Any) -> bool:
    return type(before) is int and type(after) is int and after < before
