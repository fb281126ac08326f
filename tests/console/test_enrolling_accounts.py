"""Whose eBay account a token is, as the commands that take a token find out: no account is two sellers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from simulator.state.accounts import FULFILLMENT
from tests.console.enrolling import assert_nothing_was_done, before, left
from tests.store.documents import store_orders
from tests.support.house import House, Said


def given(house: House, command: str, seller: str, account: str, *options: str) -> Said:
    token = house.world.refresh_token(account)
    return house.command(command, seller, "--refresh-token-file", "-", *options, stdin=token)


@pytest.mark.parametrize("command", ["connect", "enroll"])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_seller_is_not_connected_with_another_account(house: House, command: str, options: tuple[str, ...]) -> None:
    for seller in ("otto", "paul"):
        house.world.add_seller(seller)
    house.enroll("otto")
    stored = before(house)

    line = given(house, command, "otto", "paul", *options).failure(1)

    assert "another eBay account" in line
    assert "(wrong_account); nothing was stored" in line
    assert before(house) == stored
    assert given(house, command, "otto", "otto", *options).code == 0


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_account_is_not_enrolled_twice(house: House, options: tuple[str, ...]) -> None:
    house.enroll("quinn")
    stored = before(house)

    line = given(house, "enroll", "quinn-2", "quinn", *options).failure(1)

    assert "enrolled as quinn already" in line
    assert "(account_taken); nothing was stored" in line
    assert before(house) == stored
    assert_nothing_was_done(house, "quinn-2")


def test_a_removed_sellers_account_may_move_to_another_id(house: House) -> None:
    house.enroll("ruth")
    house.command("remove", "ruth")

    assert given(house, "enroll", "ruth-2", "ruth").code == 0
    assert "account_taken" in given(house, "enroll", "ruth", "ruth").failure(1)


def test_rows_of_a_file_are_checked_like_any_token(house: House) -> None:
    for seller in ("sam", "tina", "uwe"):
        house.world.add_seller(seller)
    house.enroll("sam")
    token = house.world.refresh_token
    rows = [("sam", "tina"), ("sam-2", "sam"), ("uwe", "uwe"), ("uwe-2", "uwe")]
    table = "\n".join(["seller_id,refresh_token", *(f"{seller},{token(account)}" for seller, account in rows)])

    said = house.command("enroll", "--from", "-", "--json", stdin=table)

    assert said.code == 1
    reported = [(row["seller_id"], row["result"], row.get("code")) for row in said.objects]
    assert reported == [
        ("sam", "failed", "wrong_account"),
        ("sam-2", "failed", "account_taken"),
        ("uwe", "is enrolled", None),
        ("uwe-2", "failed", "account_taken"),
    ]
    assert left(house, "sam-2") == left(house, "uwe-2") == {}


@pytest.mark.parametrize("scopes", [[FULFILLMENT[1]], None])
def test_where_ebay_does_not_say_whose_account_it_is_the_seller_is_enrolled_all_the_same(house: House, scopes: list[str] | None) -> None:
    seller = f"vera-{'all' if scopes is None else 'some'}"
    house.world.add_seller(seller, scopes=scopes)
    house.world.faults.force(503, "<html>down</html>", resource="user")

    said = given(house, "enroll", seller, seller)

    assert said.code == 0
    assert house.rows("SELECT 1 FROM sellerbeat.accounts WHERE seller_id = :seller", seller=seller) == []
    house.world.faults.forced.clear()


def test_a_seller_whose_name_alone_is_known_may_change_it_and_nobody_else_may_take_the_place(house: House) -> None:
    """Known by orders, as the first page of a poll told; eBay shows a seller's orders to no other account."""
    for seller in ("will", "xena"):
        house.world.add_seller(seller)
        house.world.place_order(seller, at=house.world.clock.now() - timedelta(hours=1))
    house.enroll("will")
    order = house.world.order("will", house.world.order_ids("will")[0])
    store_orders(house.store, order, seller_id="will")
    with house.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.accounts SET user_id = NULL WHERE seller_id = 'will'"))

    wrong = given(house, "connect", "will", "xena")
    house.world.accounts.usernames["will"] = "will-and-sons"
    renamed = given(house, "connect", "will", "will")

    assert "(wrong_account)" in wrong.failure(1)
    assert renamed.code == 0
    assert house.rows("SELECT user_id, generation FROM sellerbeat.accounts WHERE seller_id = 'will'") == [
        (house.world.accounts.user_id("will"), 2)
    ]
