"""Whose account a token is while no order says it: sellers of before, sellers without orders, and what GetUser answers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from tests.activities.accounts import NO_IDENTITY, account, accounts_hub, alerts, all_of, enrol, stopped
from tests.support.rig import Rig

it = pytest.fixture(accounts_hub)


def of_before(it: Rig) -> None:
    """As the migration leaves who was enrolled by an older version."""
    with it.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM sellerbeat.accounts"))
        connection.execute(
            text("""INSERT INTO sellerbeat.accounts (seller_id, known_at, generation, before)
                SELECT seller_id, clock_timestamp(), generation, true FROM sellerbeat.tokens""")
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


def test_twins_of_before_are_alerted_and_both_go_on_until_one_leaves(it: Rig, caplog: pytest.LogCaptureFixture) -> None:
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
    (alert,) = it.store.alerts(seller_id="bert")
    opened = [event for event in it.events("bert") if event["type"] == "alert.opened"]
    assert "as another seller too" in alert["text"]
    assert "anna" not in str([alert, opened])
    assert [record.other for record in caplog.records if hasattr(record, "other")] == ["anna"]
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
        connection.execute(text("UPDATE sellerbeat.permits SET used = \"limit\" / 2 WHERE resource = 'trading'"))
        connection.execute(
            text("UPDATE sellerbeat.permits SET day_start = clock_timestamp(), reset_at = clock_timestamp() + interval '1 day'")
        )
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


def test_an_order_that_ebay_cannot_show_hides_nobodys_account(it: Rig) -> None:
    enrol(it, "bert")
    all_of(it, "bert")
    it.world.accounts.usernames["bert"] = "bert-and-sons"
    it.enroll("bert", token=it.world.accounts.renew("bert", NO_IDENTITY))
    it.world.faults.force(500, "<html>poison</html>", resource="order")  # the list of his orders

    it.poll("bert", Stream.INVENTORY)

    assert it.store.seller("bert")["state"] == "polling"
    assert account(it, "bert").generation == 2


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
