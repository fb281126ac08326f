"""When listings that orders moved are read: their stream's next poll is brought forward, and stands in for the regular one."""

from __future__ import annotations

from datetime import datetime, timedelta

from store.events.sales import ListingsDue


def brought_forward(due: ListingsDue, now: datetime, clock: timedelta, roomy: bool, shared: timedelta) -> datetime:
    """When to poll the listings, by our clock, at `now` at the earliest.

    Sales of some minutes share a poll. Where Trading's calls are short no second poll is brought forward until the first one's place in
    the schedule has come, so that sales cost no calls beside those that the level allows.

    Args:
        clock: eBay's less ours.
        shared: sales of so long share a poll.
        roomy: the planner says that Trading's calls reach for everybody's wishes.
    """
    earliest = [due.at - clock, now, due.polled_at + shared if due.polled_at else now]
    if not roomy and due.replaced_at:
        earliest.append(due.replaced_at)
    return max(earliest)


def replaced(planned: datetime | None, following: datetime, now: datetime) -> datetime:
    """The next regular poll behind one that came before its time: as if it had come in time, but two intervals from now at most.

    Args:
        planned: when this poll was due by the one before.
        following: when the next one would be due, counted from now.
    """
    interval = following - now
    if planned is None or not now < planned <= now + 2 * interval:
        return following
    return min(planned + interval, now + 2 * interval)
