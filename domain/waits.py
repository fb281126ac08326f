"""How long to wait for what eBay shows late: no settings, as at eBay they must hold. A simulated eBay that is quicker has shorter ones."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Waits:
    """eBay's own, unless others are given."""

    listing_lag: timedelta = timedelta(minutes=2)  # polls of listings end so far behind eBay's clock (its advice for GetSellerEvents)
    index_lag: timedelta = timedelta(minutes=4)  # so long after a sale a listing may still be shown as before it
    shared: timedelta = timedelta(minutes=4)  # sales of so long share a reading
    report_first: timedelta = timedelta(seconds=15)  # until a report that was asked for is looked at
    report_behind: timedelta = timedelta(seconds=5)  # so long after polling must have caught up with a report
    report_patience: timedelta = timedelta(hours=6)  # eBay names no time in which a report is made
    # Until an answer that cannot be the last word is asked for again: nine more calls at most, over some three days.
    rereads: tuple[timedelta, ...] = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720, 1440, 1440))
    refused_apart: timedelta = timedelta(hours=2)  # what eBay itself refuses it has to say twice, so far apart
    refused_again: timedelta = timedelta(hours=3)  # when it is asked for the second time


EBAYS = Waits()
