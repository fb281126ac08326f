"""What operators set for a seller, stored in Postgres, so that it outlives even the loss of Temporal's database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import activity
from temporalio.common import RetryPolicy

from domain.pacing import Stream
from domain.seller_state import PauseFacts, SpeedUpFacts
from store import Store


class OperatorOverrides(BaseModel, frozen=True):
    """A field that a version does not know it leaves out when it stores them again: so what is new stands beside, and may be missing."""

    seller_id: str
    paused: str | None = None  # the reason
    pause: PauseFacts | None = None  # the same with author and end; unknown to versions before, which forget it
    cadence: dict[Stream, timedelta] = {}
    active_at: datetime | None = None
    speed_up: SpeedUpFacts | None = None  # it may be over; likewise


# Tried until Postgres is back: meanwhile the seller's workflow could not poll either.
SAVE_OVERRIDES: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "heartbeat_timeout": timedelta(seconds=10),  # a killed worker's is missed after this, and the seller is not polled before
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
}


class OverrideStorage:
    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name="keep_wishes", no_thread_cancel_exception=True)
    def save_overrides(self, overrides: OperatorOverrides) -> None:
        self.store.save_overrides(overrides.seller_id, overrides.model_dump(mode="json", exclude={"seller_id"}))


def overrides_of(store: Store, seller_id: str) -> OperatorOverrides:
    """What people had set for a seller, as last kept.

    Raises:
        UnknownSellerError: not enrolled, or removed.
    """
    return OperatorOverrides.model_validate({**store.sellers.overrides(seller_id), "seller_id": seller_id})
