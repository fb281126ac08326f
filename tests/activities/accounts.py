"""Sellers and their eBay accounts, and what is stored of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from domain.pacing import Stream
from simulator.state.accounts import FULFILLMENT, INVENTORY
from tests.support.rig import Rig, rig

NO_IDENTITY = [FULFILLMENT[1], INVENTORY[1]]


def accounts_hub(database: str) -> Iterator[Rig]:
    with rig(database, "anna", "bert", "carla", skus=3) as it:
        for seller in it.world.sellers:
            for _ in range(3):
                it.world.place_order(seller)
        it.advance(minutes=30)
        yield it


def enrol(it: Rig, seller: str, account: str = "", scopes: list[str] | None = None, **given: Any) -> None:
    """As `enroll` does where the identity API says nothing."""
    token = it.world.accounts.lend(seller, account or seller, NO_IDENTITY if scopes is None else scopes)
    it.enroll(seller, token=token, backfill=timedelta(hours=2), **given)


def stopped(it: Rig, seller: str, stream: Stream = Stream.ORDERS) -> str:
    with pytest.raises(ApplicationError) as caught:
        it.poll(seller, stream)
    assert caught.value.type == "AnotherAccountError"
    assert caught.value.non_retryable
    return str(caught.value)


def all_of(it: Rig, seller: str, stream: Stream = Stream.BACKFILL) -> set[str]:
    it.poll(seller, stream)
    return {row["data"]["sellerId"] for row in it.stored(seller).values()}


def alerts(it: Rig, seller: str) -> list[str]:
    return [alert["kind"] for alert in it.store.alerts(seller_id=seller)]


def account(it: Rig, seller: str) -> Any:
    with it.store.engine.connect() as connection:
        return connection.execute(text("SELECT * FROM sellerbeat.accounts WHERE seller_id = :seller"), {"seller": seller}).one_or_none()
