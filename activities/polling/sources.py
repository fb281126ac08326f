"""Where a seller's stock is read: by the Inventory API, by the Trading API, or by both (`enroll --inventory-source`, `set-inventory`).

A stream that is no longer used is like a paused one: it ends with its next step, and its cursor and the read in progress stay, so that it
goes on from there when it is used again. What it recorded stays too, with its `as_of`.
"""

from __future__ import annotations

from datetime import timedelta

from activities.polling.poll import PollResult
from activities.polling.running import StepRun
from domain.streams import BY_INVENTORY_API, STREAMS, InventorySource, Stream
from store import Commit
from store.schema.kinds import AlertKind

LOOK_AGAIN = timedelta(days=1)


def unused(step: StepRun) -> PollResult | None:
    """The end of a stream that this seller does not need; None: go on."""
    source = step.step.inventory_source
    if source in (STREAMS[step.stream].sources or ()):
        return None
    return end_stream(step, f"not read: the seller's inventory source is {source}")


def end_stream(step: StepRun, why: str) -> PollResult:
    """The stream ends, and so does what its alerts told."""
    with step.commit() as commit:
        commit.complete(next_poll_at=None, why=why)
        for kind in STREAMS[step.stream].alerts:
            commit.close_alert(AlertKind(kind))
    return step.result(next_due=step.now(), why=why, done=True)


def reads_inventory(step: StepRun) -> bool:
    return step.step.inventory_source in BY_INVENTORY_API


def complete(step: StepRun, commit: Commit, empty: str | None, rounds: tuple[Stream, ...] = ()) -> PollResult:
    """The poll went well. `empty`: there is nothing to poll here, in words; then it is looked at once a day, unless a cadence was set.

    Only where it was left to us: a seller whose source was named is polled at the cadence.
    """
    asked = step.request.cadence or step.request.speed_up
    if empty and not asked and step.step.inventory_source is InventorySource.AUTO:
        return step.complete_at(commit, step.now() + LOOK_AGAIN, f"{empty}: looked at once a day", rounds)
    return step.complete(commit).model_copy(update={"rounds": rounds})
