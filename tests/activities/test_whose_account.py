"""Whose eBay account a seller's token is, found out by polling: nothing of another's is ever stored, and a new name is no other account."""

from __future__ import annotations

from typing import Any

import pytest

from domain.accounts import AccountClaim
from domain.pacing import Stream
from tests.activities.accounts import NO_IDENTITY, account, accounts_hub, alerts, all_of, enrol, stopped
from tests.support.rig import Rig

it = pytest.fixture(accounts_hub)


def cursors(it: Rig, seller: str) -> dict[str, Any]:
    return {name: one["cursor"] for name, one in it.store.seller(seller)["streams"].items()}


def test_the_first_orders_tell_whose_account_a_new_seller_is_and_the_name_is_kept_as_a_hash_alone(it: Rig) -> None:
    enrol(it, "anna")

    assert all_of(it, "anna") == {"anna"}

    result = account(it, "anna")
    assert result.name is not None
    assert b"anna" not in bytes(result.name)
    assert (result.user_id, result.generation, result.refused) == (None, 1, 0)
    assert it.calls("anna", "user") == it.calls("anna", "trading") == 0


@pytest.mark.parametrize("stream", [Stream.ORDERS, Stream.BACKFILL])
def test_orders_of_an_account_that_another_seller_has_are_not_stored_and_no_cursor_moves(it: Rig, stream: Stream) -> None:
    enrol(it, "anna")
    all_of(it, "anna")
    enrol(it, "bert", "anna")
    it.world.place_order("anna")
    it.advance(minutes=6)
    before = cursors(it, "bert")

    stopped(it, "bert", stream)

    assert it.stored("bert") == {}
    assert cursors(it, "bert") == before
    assert [event["type"] for event in it.events("bert")] == ["seller.needs_reauthorization", "alert.opened"]
    assert alerts(it, "bert") == ["wrong_account"]
    seller = it.store.seller("bert")
    assert (seller["state"], seller["reason"].partition(":")[0]) == ("needs_reauthorization", "another eBay account")
    assert it.store.seller("anna")["state"] == "polling"


def test_whose_account_it_is_instead_is_told_to_the_log_and_not_to_readers_of_the_seller(it: Rig, caplog: pytest.LogCaptureFixture) -> None:
    enrol(it, "anna")
    all_of(it, "anna")
    enrol(it, "bert", "anna")
    it.world.place_order("anna")
    it.advance(minutes=6)

    stopped(it, "bert")

    (alert,) = it.store.alerts(seller_id="bert")
    assert "one that another seller has" in alert["text"]
    assert "anna" not in str([alert, it.events("bert"), it.store.seller("bert")])
    assert [record.other for record in caplog.records if hasattr(record, "other")] == ["anna"]


@pytest.mark.parametrize("stream", [Stream.ORDERS, Stream.INVENTORY, Stream.FULFILLMENT, Stream.LISTINGS, Stream.SWEEP])
@pytest.mark.parametrize("scopes", [NO_IDENTITY, None])
def test_a_new_token_of_another_account_stores_nothing_in_any_stream(it: Rig, stream: Stream, scopes: list[str] | None) -> None:
    enrol(it, "bert")
    assert all_of(it, "bert") == {"bert"}
    before, events = it.stored("bert"), it.events("bert")
    it.enroll("bert", token=it.world.accounts.lend("bert", "carla", scopes))
    it.world.place_order("carla")
    it.advance(minutes=6)

    stopped(it, "bert", stream)
    calls = it.calls("carla")
    stopped(it, "bert", Stream.ORDERS)
    stopped(it, "bert", Stream.INVENTORY)

    assert it.stored("bert") == before
    assert it.stored("bert", "inventory") == {}
    assert [event["type"] for event in it.events("bert")[len(events) :]] == ["seller.needs_reauthorization", "alert.opened"]
    assert it.calls("carla") == calls  # whoever is refused asks eBay for nothing more
    assert it.store.seller("bert")["state"] == "needs_reauthorization"


def test_the_sellers_own_token_revives_them(it: Rig) -> None:
    enrol(it, "bert")
    all_of(it, "bert")
    it.enroll("bert", token=it.world.accounts.lend("bert", "carla", NO_IDENTITY))
    stopped(it, "bert")

    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    it.poll("bert")

    assert it.store.seller("bert")["state"] == "polling"
    assert alerts(it, "bert") == []
    assert [event["type"] for event in it.events("bert")][-2:] == ["seller.reauthorized", "alert.closed"]


@pytest.mark.parametrize("scopes", [NO_IDENTITY, None])
def test_a_changed_user_name_is_no_other_account(it: Rig, scopes: list[str] | None) -> None:
    enrol(it, "bert", scopes=scopes)
    all_of(it, "bert")
    name = account(it, "bert").name

    it.world.accounts.usernames["bert"] = "bert-and-sons"
    it.world.place_order("bert")
    it.advance(minutes=6)
    it.poll("bert")

    assert {row["data"]["sellerId"] for row in it.stored("bert").values()} == {"bert", "bert-and-sons"}
    assert alerts(it, "bert") == []
    assert account(it, "bert").name != name


def test_a_changed_name_with_a_new_token_is_no_other_account_either(it: Rig) -> None:
    enrol(it, "bert")
    all_of(it, "bert")
    it.world.accounts.usernames["bert"] = it.world.accounts.user_id("bert")  # as eBay does for some users of the US
    it.world.place_order("bert")
    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    it.advance(minutes=6)

    it.poll("bert")

    assert len(it.stored("bert")) == 4
    assert it.store.seller("bert")["state"] == "polling"
    assert account(it, "bert").generation == 2


def test_names_that_come_and_go_are_asked_for_once(it: Rig) -> None:
    enrol(it, "bert")
    all_of(it, "bert")

    def sell(name: str) -> int:
        it.world.place_order("bert", change={"sellerId": name})
        it.advance(minutes=11)
        before = it.calls("bert")
        it.poll("bert")
        return it.calls("bert") - before

    usual = sell("bert")
    costs = [sell(name) for name in ("an-id", "bert", "an-id", "BERT", "bert", "an-id")]

    assert costs[0] <= usual + 3
    assert set(costs[1:]) == {usual}


def test_erasing_forgets_whose_account_it_was(it: Rig) -> None:
    enrol(it, "anna")
    all_of(it, "anna")

    it.store.sellers.erase("anna")

    assert account(it, "anna") is None
    enrol(it, "carla", "anna")
    assert all_of(it, "carla") == {"anna"}


def test_a_seller_known_by_the_user_id_whose_orders_show_that_id_is_the_same(it: Rig) -> None:
    enrol(it, "bert", scopes=None)
    it.store.accounts.bind("bert", AccountClaim(it.world.accounts.user_id("bert"), "bert"))
    it.world.place_order("bert", change={"sellerId": it.world.accounts.user_id("bert")})
    it.advance(minutes=6)

    it.poll("bert")

    assert it.store.seller("bert")["state"] == "polling"
    assert len(it.stored("bert")) == 1


def test_a_token_that_changed_hands_is_found_by_the_next_orders(it: Rig) -> None:
    """eBay's tokens do not; but nothing of it would be stored."""
    enrol(it, "bert")
    all_of(it, "bert")
    before = it.stored("bert")
    grant = it.world.accounts.grants[it.world.refresh_token("bert")]
    grant.seller = "carla"
    it.world.accounts.access.clear()
    it.world.place_order("carla")
    it.advance(minutes=6)

    stopped(it, "bert")

    assert it.stored("bert") == before
