"""Whether eBay is well, is doubted or is down, what fails, and what to do about it: decided once, for one seller and for 3,000. Pure.

A call that found no connection says nothing of its seller: with two in a row eBay is in doubt, whoever made them. A time-out or a 5xx may
be about what one seller asks for: with them eBay is in doubt where nobody else is answered (`domain/pacing/outage.py`: Streak). What eBay
answers, a 4xx too, shows that it is there. Doubt is said on every surface after seconds, and the alert waits for the proof of a minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

SAID_AFTER = timedelta(seconds=15)  # of failures alone; a process that is answered says so meanwhile
DOUBT_LASTS = timedelta(minutes=2)  # since the last failed call: then nobody knows
SEEMS = ", as it seems"
CANNOT_REACH = "cannot reach"
THE_PROXY = "the proxy at"


class EbayStanding(StrEnum):
    """What is known of one of eBay's APIs."""

    WELL = "well"
    DOUBTED = "doubted"  # nothing but failures for a while
    DOWN = "down"  # a minute of them, in all processes


class EbayFault(StrEnum):
    """What fails, by the words that a breaker keeps."""

    PROXY = "proxy"  # of HTTPS_PROXY or HTTP_PROXY
    LINE = "line"  # no connection to eBay, or no answer
    EBAY = "ebay"  # it answers, with a failure


REMEDIES = {
    EbayFault.PROXY: "mend the proxy, or correct HTTPS_PROXY and HTTP_PROXY; nothing is lost, and polling goes on by itself",
    EbayFault.LINE: "see the line, DNS and firewall from here, then eBay's API status; nothing is lost, and polling goes on by itself",
    EbayFault.EBAY: "nothing is lost, and polling goes on by itself; if it lasts, see eBay's API status",
}


def standing(
    opened_at: datetime | None, doubted_at: datetime | None, since: datetime | None, good_at: datetime | None, now: datetime
) -> EbayStanding:
    """By a breaker's times, all UTC.

    Args:
        opened_at: the minute of failures is proven; None: it is not.
        doubted_at: the last failed call of a process that sees nothing else.
        since: that process's first failed call.
        good_at: the last answer that anybody noted while somebody doubted.
    """
    if opened_at is not None:
        return EbayStanding.DOWN
    if doubted_at is None or since is None or (good_at is not None and good_at >= since):
        return EbayStanding.WELL
    is_said = now - since >= SAID_AFTER and now - doubted_at <= DOUBT_LASTS
    return EbayStanding.DOUBTED if is_said else EbayStanding.WELL


def fault_of(words: str) -> EbayFault:
    """What fails, of a reason or of a sentence that has one."""
    if CANNOT_REACH not in words:
        return EbayFault.EBAY
    return EbayFault.PROXY if THE_PROXY in words else EbayFault.LINE


def remedy(words: str) -> str:
    """What to do about it. `words`: as `fault_of`."""
    return REMEDIES[fault_of(words)]
