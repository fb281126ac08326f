"""Open orders that eBay shows no more: unpaid ones that were paid with others, under another id."""

from __future__ import annotations

from typing import Any

import pytest

from domain.pacing import Stream
from ebay.client import SellerApi
from tests.support.open_orders import open_orders
from tests.support.rig import Rig


@pytest.fixture
def merged(anna: Rig) -> tuple[Rig, str]:
    """An unpaid order that eBay has no longer, beside one that is shipped, and one that is open."""
    unpaid, other, _ = (anna.world.place_order("anna") for _ in range(3))
    anna.world.ship("anna", other)
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.poll("anna", Stream.FULFILLMENT)
    return anna, unpaid


def hide(it: Rig, monkeypatch: pytest.MonkeyPatch, *hidden: str, all_: bool = False) -> list[int]:
    """eBay shows these no more, or by ids none at all; gives how many ids each answer was asked for."""
    asked: list[int] = []
    inner = SellerApi._orders

    def without(api: Any, path: str) -> Any:
        page = inner(api, path)
        if "orderIds=" in path:
            asked.append(path.count(",") + 1)
            page.orders[:] = [one for one in page.orders if not all_ and one["orderId"] not in hidden]
        else:
            page.orders[:] = [one for one in page.orders if one["orderId"] not in hidden]
        return page

    monkeypatch.setattr(SellerApi, "_orders", without)
    return asked


def rounds(it: Rig, hours: int) -> None:
    it.lasting_tokens()
    for _ in range(hours):
        it.advance(hours=1)
        it.poll("anna", Stream.FULFILLMENT)


def test_an_open_order_that_ebay_shows_no_more_is_asked_for_some_hours_and_then_closed(
    merged: tuple[Rig, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    it, unpaid = merged
    events = len(it.events("anna"))
    asked = hide(it, monkeypatch, unpaid)

    rounds(it, 24)

    assert unpaid not in open_orders(it.store, "anna")
    assert len(open_orders(it.store, "anna")) == 1
    assert 6 <= len(asked) <= 9
    assert len(it.events("anna")) == events
    assert it.stored("anna")[unpaid]["removed_at"] is None


def test_it_stays_open_while_answers_by_ids_hold_nothing_at_all(merged: tuple[Rig, str], monkeypatch: pytest.MonkeyPatch) -> None:
    it, unpaid = merged
    hide(it, monkeypatch, unpaid, all_=True)

    rounds(it, 12)

    assert unpaid in open_orders(it.store, "anna")


def test_one_that_is_shown_again_in_between_stays_open(merged: tuple[Rig, str], monkeypatch: pytest.MonkeyPatch) -> None:
    it, unpaid = merged
    for _ in range(4):
        with monkeypatch.context() as patch:
            hide(it, patch, unpaid)
            rounds(it, 4)
        with monkeypatch.context() as patch:
            it.world.modify("anna", unpaid, {"buyerCheckoutNotes": "hello"})
            inner = SellerApi._orders
            patch.setattr(SellerApi, "_orders", lambda api, path, inner=inner: listless(inner(api, path), path))
            rounds(it, 1)

    assert unpaid in open_orders(it.store, "anna")


def listless(page: Any, path: str) -> Any:
    """The list of open orders lacks what answers by ids have."""
    if "orderfulfillmentstatus" in path:
        page.orders.clear()
    return page
