"""Where a seller's stock is read: by the Inventory API, by the Trading API, or by both (`enroll --inventory-source`)."""

from __future__ import annotations

from datetime import timedelta

from activities.poll import PollResult
from activities.steps import RunningStep
from pacing import InventorySource, Stream
from store import Commit

LOOK_AGAIN = timedelta(days=1)
READ_BY = {
    Stream.INVENTORY: (InventorySource.AUTO, InventorySource.INVENTORY_API, InventorySource.BOTH),
    Stream.LISTINGS: (InventorySource.AUTO, InventorySource.TRADING, InventorySource.BOTH),
    Stream.REPORT: (InventorySource.AUTO, InventorySource.TRADING, InventorySource.BOTH),
}


def unused(step: RunningStep) -> PollResult | None:
    """The end of a stream that this seller does not need; None: go on."""
    source = step.step.inventory_source
    if source in READ_BY[step.stream]:
        return None
    why = f"not read: the seller's inventory source is {source}"
    with step.commit() as commit:
        commit.finish(next_poll_at=None, why=why)
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
