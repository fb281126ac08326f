"""Finding the moment that eBay cannot show, in a window that fails again and again, and reading all around it.

One order that eBay cannot show fails each page that would hold it, and no page says which order that is. So, where eBay answers for
another moment at all, and it is no outage, the window is halved in time, and what fails of it in turn, until moments are left that are as
narrow as can be. These are *unreadable*: they are set aside, and what was modified in them is possibly lost until eBay shows it. Later
halves are read before earlier ones are settled, so nothing that eBay can show waits for what it cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from ebay.blame import may_be_the_record
from ebay.clock import MS, floor_ms
from ebay.errors import EbayError

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Piece(Generic[Read]):
    """A part of the window that failed."""

    start: datetime
    end: datetime
    answer: Read | None  # None: it was read ahead, and is settled now; or it is unreadable
    settled: bool  # everything up to `end` is read or unreadable; False: read ahead, while something before it is not settled
    unreadable: str | None = None  # why


def around(
    read: Callable[[datetime, datetime], Read],
    start: datetime,
    end: datetime,
    failure: EbayError,
    witness: tuple[datetime, datetime],
    narrowest: timedelta = MS,
) -> Iterator[Piece[Read]]:
    """The pieces of a window that just failed, settled ones oldest first, read-ahead ones in between.

    Neighbours share their boundary. Three calls for each halving: some 70 for one order in an hour.

    Args:
        read: one window; raises as `fetch` does.
        failure: what the whole window failed with.
        witness: a window that is likely to be empty.

    Raises:
        EbayError: where the witness is not answered either: as far as can be seen eBay is down. What is no matter of one record, at once.
            Pieces given before stay good.
    """
    bad = [_Part(floor_ms(start), floor_ms(end))]
    last = failure

    def asked(start: datetime, end: datetime) -> Read | None:
        nonlocal last
        try:
            return read(start, end)
        except EbayError as error:
            if not may_be_the_record(error):
                raise
            last = error
            return None

    def twice(start: datetime, end: datetime) -> Read | None:
        """Once could be eBay's bad moment, and where half of the answers fail there would be no end of halves."""
        answer = asked(start, end)
        return asked(start, end) if answer is None else answer

    read(*witness)
    if (whole := asked(bad[0].start, bad[0].end)) is not None:  # it was eBay's bad moment
        yield Piece(bad[0].start, bad[0].end, whole, settled=True)
        return

    while bad:
        part = bad.pop()
        if part.read:
            yield Piece(part.start, part.end, None, settled=True)
            continue
        middle = floor_ms(part.start + (part.end - part.start) / 2)
        if part.end - part.start <= narrowest or not part.start < middle < part.end:
            answer = twice(part.start, part.end)
            yield Piece(part.start, part.end, answer, settled=True, unreadable=None if answer is not None else str(last))
            continue
        earlier, later = twice(part.start, middle), twice(middle, part.end)
        if earlier is not None:
            yield Piece(part.start, middle, earlier, settled=True)
            if later is not None:
                yield Piece(middle, part.end, later, settled=True)
            else:
                bad.append(_Part(middle, part.end))
        elif later is not None:
            yield Piece(middle, part.end, later, settled=False)
            bad += [_Part(middle, part.end, read=True), _Part(part.start, middle)]
        else:
            bad += [_Part(middle, part.end), _Part(part.start, middle)]


@dataclass(frozen=True, slots=True)
class _Part:
    """Of the window: what failed, or what was read ahead."""

    start: datetime
    end: datetime
    read: bool = False
