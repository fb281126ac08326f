"""Whose eBay account a seller's token is, found out by polling: nothing of another's is ever stored, and a new name is no other account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from domain.accounts import AccountClaim
from domain.pacing import Stream
from simulator.state.accounts import FULFILLMENT, INVENTORY
from tests.support.rig import Rig, rig

NO_IDENTITY = [FULFILLMENT[1], INVENTORY[1]]


@pytest.fixture
def it(database: str) -> Iterator[Rig]:
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
        return connection.execute(text("SELECT * FROM accounts WHERE seller_id = :seller"), {"seller": seller}).one_or_none()


def cursors(it: Rig, seller: str) -> dict[str, Any]:
    return {name: one["cursor"] for name, one in it.store.seller(seller)["streams"].items()}


def of_before(it: Rig) -> None:
    """As the migration leaves who was enrolled by an older version."""
    with it.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM accounts"))
        connection.execute(
            text("""INSERT INTO accounts (seller_id, known_at, generation, before)
                SELECT seller_id, clock_timestamp(), generation, true FROM tokens""")
        )


def statements(it: Rig, step: Any) -> int:
    from sqlalchemy import event

    counted: list[str] = []

    def count(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counted.append(statement)

    event.listen(it.store.engine, "before_cursor_execute", count)
    step()
    event.remove(it.store.engine, "before_cursor_execute", count)
    return len(counted)


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


def test_orders_that_name_no_seller_say_nothing(it: Rig) -> None:
    enrol(it, "bert")
    for malformed in (None, "", 7, ["carla"], "x" * 300, "\n"):
        it.world.place_order("bert", change={"sellerId": malformed})
    it.advance(minutes=6)

    it.poll("bert")

    assert len(it.stored("bert")) == 6
    assert account(it, "bert") is None


def test_sellers_of_before_are_recognized_by_their_next_orders_without_a_call(it: Rig) -> None:
    enrol(it, "anna")
    it.poll("anna")
    of_before(it)
    it.world.place_order("anna")
    it.advance(minutes=6)

    result = it.poll("anna")

    assert (result.changes, result.api_calls) == (1, 1)
    assert account(it, "anna").name is not None
    assert it.calls("anna", "user") == it.calls("anna", "trading") == 0


def test_twins_of_before_are_alerted_and_both_go_on_until_one_leaves(it: Rig) -> None:
    enrol(it, "anna")
    enrol(it, "bert", "anna")
    of_before(it)

    for seller in ("anna", "bert"):
        assert all_of(it, seller) == {"anna"}
    claim = [alerts(it, seller) for seller in ("anna", "bert")]
    it.world.place_order("anna")
    it.advance(minutes=6)
    for seller in ("anna", "bert"):
        it.poll(seller)

    assert claim == [[], ["account_taken"]]
    assert len(it.stored("anna")) == len(it.stored("bert")) == 4
    assert [it.store.seller(seller)["state"] for seller in ("anna", "bert")] == ["polling", "polling"]
    it.store.sellers.remove("anna")
    it.advance(minutes=6)
    it.poll("bert")
    assert alerts(it, "bert") == []


def test_a_quiet_poll_costs_no_statement_and_no_call_for_it(it: Rig) -> None:
    enrol(it, "anna")
    all_of(it, "anna")
    it.poll("anna")
    it.advance(minutes=20)

    calls = it.calls("anna")
    quiet = statements(it, lambda: it.step("anna"))
    asked = it.calls("anna") - calls
    it.world.place_order("anna")
    it.advance(minutes=6)
    it.poll("anna")
    it.advance(seconds=90)
    again = statements(it, lambda: it.step("anna"))  # the same order comes again: its seller is compared in memory

    assert asked == 1
    assert quiet <= 5
    assert again <= quiet + 4


def test_a_new_seller_without_orders_is_asked_for_once_after_a_day_from_spare_trading_calls(it: Rig) -> None:
    it.enroll("carla", token=it.world.accounts.lend("carla", "carla", NO_IDENTITY))
    it.advance(hours=1)
    asked = []
    for hours in (6, 12, 5, 2, 12, 24):
        it.poll("carla")
        it.poll("carla")
        asked.append(it.calls("carla", "trading"))
        it.advance(hours=hours)

    assert asked == [0, 0, 0, 2, 2, 2]  # the first try found the access token of hours ago over
    result = account(it, "carla")
    assert None not in (result.name, result.eias)
    assert it.world.accounts.eias_token("carla").encode() not in bytes(result.eias)


def test_without_spare_trading_calls_nobody_is_asked(it: Rig) -> None:
    it.enroll("carla", token=it.world.accounts.lend("carla", "carla", NO_IDENTITY))
    with it.store.engine.begin() as connection:
        connection.execute(text("UPDATE permits SET used = \"limit\" / 2 WHERE resource = 'trading'"))
        connection.execute(text("UPDATE permits SET day_start = clock_timestamp(), reset_at = clock_timestamp() + interval '1 day'"))
    it.advance(hours=30)

    it.poll("carla")

    assert it.calls("carla", "trading") == 0
    assert it.store.seller("carla")["state"] == "polling"


def test_what_getuser_told_finds_another_account_behind_a_later_token(it: Rig) -> None:
    it.enroll("bert", token=it.world.accounts.lend("bert", "bert", NO_IDENTITY))
    it.advance(hours=30)
    it.poll("bert")
    it.world.accounts.usernames["bert"] = "bert-and-sons"
    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    it.poll("bert", Stream.INVENTORY)
    renamed = it.store.seller("bert")["state"]

    it.enroll("bert", token=it.world.accounts.lend("bert", "carla", NO_IDENTITY))
    stopped(it, "bert", Stream.INVENTORY)

    assert renamed == "polling"
    assert it.store.seller("bert")["state"] == "needs_reauthorization"


def test_while_ebay_cannot_say_whose_a_new_token_is_the_step_fails_and_stores_nothing(it: Rig) -> None:
    enrol(it, "bert")
    all_of(it, "bert")
    it.enroll("bert", token=it.world.accounts.lend("bert", "carla", NO_IDENTITY))
    before = it.stored("bert")
    it.world.faults.force(503, "<html>down</html>", times=4, resource="order")

    with pytest.raises(Exception, match="eBay failed"):
        it.poll("bert", Stream.INVENTORY)
    assert it.stored("bert", "inventory") == {}
    stopped(it, "bert", Stream.INVENTORY)

    assert it.stored("bert") == before
    assert it.stored("bert", "inventory") == {}


def test_erasing_forgets_whose_account_it_was(it: Rig) -> None:
    enrol(it, "anna")
    all_of(it, "anna")

    it.store.sellers.erase("anna")

    assert account(it, "anna") is None
    enrol(it, "carla", "anna")
    assert all_of(it, "carla") == {"anna"}


def test_an_order_that_ebay_cannot_show_hides_nobodys_account(it: Rig) -> None:
    enrol(it, "bert")
    all_of(it, "bert")
    it.world.accounts.usernames["bert"] = "bert-and-sons"
    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    it.world.faults.force(500, "<html>poison</html>", resource="order")  # the list of his orders

    it.poll("bert", Stream.INVENTORY)

    assert it.store.seller("bert")["state"] == "polling"
    assert account(it, "bert").generation == 2


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


@pytest.mark.parametrize("stream", [Stream.ORDERS, Stream.INVENTORY])
def test_what_was_stored_before_accounts_were_compared_speaks_for_its_seller(it: Rig, stream: Stream) -> None:
    enrol(it, "bert")
    it.poll("bert", Stream.BACKFILL)
    of_before(it)
    before = it.stored("bert")
    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    it.poll("bert", stream)
    own = it.store.seller("bert")["state"]

    it.enroll("bert", token=it.world.accounts.lend("bert", "carla", NO_IDENTITY))
    stopped(it, "bert", stream)

    assert own == "polling"
    assert it.stored("bert") == before
    assert set(it.stored("bert", "inventory")) <= set(it.world.inventories["bert"].stock)


def test_of_whom_nothing_is_known_the_first_account_is_theirs(it: Rig) -> None:
    it.enroll("bert", token=it.world.accounts.lend("bert", "bert", NO_IDENTITY))
    of_before(it)
    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    for _ in range(3):
        it.poll("bert", Stream.INVENTORY)

    assert account(it, "bert").generation == 2
    assert it.calls("bert", "trading") == 1
