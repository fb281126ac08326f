"""Waits for a simulated eBay whose world is quicker."""

from datetime import timedelta

from domain.waits import EBAYS, Waits


def fast_waits(lag: timedelta, patience: timedelta = EBAYS.report_patience) -> Waits:
    """
    Args:
        lag: in place of the two minutes by which eBay shows some changes of listings late.
        patience: in place of the six hours in which a report must be made.
    """
    return Waits(
        listing_lag=lag,
        index_lag=2 * lag,
        shared=2 * lag,
        report_first=lag / 3,
        report_behind=lag / 10,
        report_patience=patience,
        # two answers that disagree are asked for again for some 20 lags; what eBay itself refuses is believed after 3
        rereads=tuple(min(wait * (lag / EBAYS.listing_lag), 2 * lag) for wait in EBAYS.rereads),
        refused_apart=2 * lag,
        refused_again=3 * lag,
    )
