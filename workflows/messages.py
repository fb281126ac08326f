"""What people tell a seller's workflow. One model a message, so that a field can be added while workflows run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from domain.pacing import Stream
from domain.seller_state import PauseFacts, SpeedUpFacts, State


def utc(moment: datetime) -> datetime:
    """Without a zone it is UTC. Raises ValueError: it lies outside of what there is."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{moment} is no time in UTC") from None


def workflow_id(seller_id: str) -> str:
    return f"ebay-polling:{seller_id}"


class Pause(BaseModel, frozen=True):
    reason: str = "by hand"
    until: Annotated[datetime, AfterValidator(utc)] | None = None  # it ends by itself; None: when somebody resumes
    by: str | None = None  # an `Author` as text


class SpeedUp(BaseModel, frozen=True):
    every: timedelta
    lasting: timedelta
    by: str | None = None  # an `Author` as text


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
    paused: PauseFacts | None = None  # what people set, whatever the state is; unknown to workers of versions before
    speed_up: SpeedUpFacts | None = None
