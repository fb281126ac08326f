"""What people tell a seller's workflow. One model a message, so that a field can be added while workflows run."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel

from domain.pacing import Stream
from domain.seller_state import State


def workflow_id(seller_id: str) -> str:
    return f"ebay-polling:{seller_id}"


class Pause(BaseModel, frozen=True):
    reason: str = "by hand"


class SpeedUp(BaseModel, frozen=True):
    every: timedelta
    lasting: timedelta


class PollNow(BaseModel, frozen=True):
    stream: Stream | None = None  # None: all of them


class Connected(BaseModel, frozen=True):
    generation: int  # of the seller's token in `store/`: a failure of an older one no longer matters


class SetSources(BaseModel, frozen=True):
    """Where the seller's stock is read from now on, by the streams that do it or no longer do."""

    used: tuple[Stream, ...] = ()
    unused: tuple[Stream, ...] = ()


class SetCadence(BaseModel, frozen=True):
    """None leaves a stream's cadence as it is."""

    orders: timedelta | None = None
    fulfillment: timedelta | None = None
    inventory: timedelta | None = None

    def given(self) -> dict[Stream, timedelta]:
        named = {Stream.ORDERS: self.orders, Stream.FULFILLMENT: self.fulfillment, Stream.INVENTORY: self.inventory}
        return {stream: every for stream, every in named.items() if every is not None}


class StreamStatus(BaseModel, frozen=True):
    next_poll_at: datetime | None  # UTC; None: not until somebody acts
    why: str
    failures: int
    last_error: str | None


class SellerStatus(BaseModel, frozen=True):
    """The answer of the query `status`."""

    state: State
    reason: str
    streams: dict[Stream, StreamStatus]
