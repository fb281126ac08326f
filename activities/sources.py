"""Where a seller's stock is read: by the Inventory API, by the Trading API, or by both (`enroll --inventory-source`, `set-inventory`).

A stream that is no longer used is like a paused one: it ends with its next step, and its cursor and the read in progress stay, so that it
goes on from there when it is used again. What it recorded stays too, with its `as_of`.
"""

from __future__ import annotations

from datetime import timedelta

from activities.poll import PollResult
from activities.running import RunningStep
from pacing import InventorySource, Stream
from store import Commit
from store.kinds import AlertKind

LOOK_AGAIN = timedelta(days=1)
READ_BY = {
    Stream.INVENTORY: (InventorySource.AUTO, InventorySource.INVENTORY_API, InventorySource.BOTH),
    Stream.LISTINGS: (InventorySource.AUTO, InventorySource.TRADING, InventorySource.BOTH),
    Stream.REPORT: (InventorySource.AUTO, InventorySource.TRADING, InventorySource.BOTH),
}
ALERTS = {
    Stream.INVENTORY: (AlertKind.INVENTORY_INCOMPLETE,),
    Stream.LISTINGS: (AlertKind.LISTINGS_INCOMPLETE,),
    Stream.REPORT: (AlertKind.MISSED_LISTINGS, AlertKind.NO_REPORT),
    Stream.OFFERS: (AlertKind.OFFERS_UNREAD,),
}
"""Of each stream that may end: nothing else would close them."""


def used(source: InventorySource, offers: bool) -> set[Stream]:
    """The streams that such a seller needs, of those that may end."""
    streams = {stream for stream, sources in READ_BY.items() if source in sources}
    return streams | ({Stream.OFFERS} if offers and Stream.INVENTORY in streams else set())


def unused(step: RunningStep) -> PollResult | None:
    """The end of a stream that this seller does not need; None: go on."""
    source = step.step.inventory_source
    if source in READ_BY[step.stream]:
        return None
    return over(step, f"not read: the seller's inventory source is {source}")


def over(step: RunningStep, why: str) -> PollResult:
    """The stream ends, and so does what its alerts told."""
    with step.commit() as commit:
        commit.finish(next_poll_at=None, why=why)
        for kind in ALERTS[step.stream]:
            commit.close_alert(kind)
    return step.result(next_due=step.now(), why=why, done=True)


def reads_inventory(step: RunningStep) -> bool:
    return step.step.inventory_source in READ_BY[Stream.INVENTORY]


def finish(step: RunningStep, commit: Commit, empty: str | None, rounds: tuple[Stream, ...] = ()) -> PollResult:
    """The poll went well. `empty`: there is nothing to poll here, in words; then it is looked at once a day, unless a cadence was set.

    Only where it was left to us: a seller whose source was named is polled at the cadence.
    """
    asked = step.request.cadence or step.request.speed_up
    if empty and not asked and step.step.inventory_source is InventorySource.AUTO:
        return step.finish_at(commit, step.now() + LOOK_AGAIN, f"{empty}: looked at once a day", rounds)
    step.finish(commit)
    assert step.rest is not None
    return step.rest.model_copy(update={"rounds": rounds})
