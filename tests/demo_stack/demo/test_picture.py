from datetime import timedelta
from typing import Any

import pytest

from demo_stack.demo.picture import Move, ago, due_in, move_of, news_of, rows_of, stream_of
from demo_stack.demo.view import LineView, line, open_view
from tests.demo_stack.demo.pictures import FRAME, NOW, picture

STREAM = {
    "last_poll_at": "2026-03-01T11:59:58.000Z",
    "next_poll_at": "2026-03-01T12:00:00.000Z",
    "why": "every 2 s",
    "failures": 0,
    "last_error": None,
}


def seller(state: str = "polling", reason: str | None = None, **streams: Any) -> dict[str, Any]:
    return {"seller_id": "anna", "state": state, "reason": reason, "streams": {"orders": STREAM | {"reading": False}, **streams}}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (250, "4m10s"), (11_100, "3h05m"), (187_200, "2d04h"), (-3, "0.0 s")],
)
def test_a_span_fits_a_column_of_five(seconds: float, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words
    assert len(words) <= 5


def test_a_poll_that_is_due_is_now() -> None:
    assert due_in(NOW, NOW) == "now"
    assert due_in(None, NOW) == "-"


def test_a_paused_seller_has_no_next_poll_and_shows_the_reason() -> None:
    [row] = rows_of(seller("paused", "lunch"), {}, {}, NOW, NOW)

    assert (row.state, row.next_poll, row.why) == ("paused", None, "lunch")


def test_a_backfill_is_the_state_of_the_orders_and_its_calls_are_theirs() -> None:
    calls = {("anna", "orders"): 2, ("anna", "backfill"): 5}

    [row] = rows_of(seller(backfill=STREAM | {"reading": True}), {("anna", "orders"): 7}, calls, NOW, NOW)

    assert (row.state, row.changes, row.calls) == ("backfill", 7, 7)


@pytest.mark.parametrize(("overdue_s", "state"), [(19, "polling"), (21, "late")])
def test_a_poll_that_was_due_a_while_ago_is_late(overdue_s: float, state: str) -> None:
    [row] = rows_of(seller(), {}, {}, NOW + timedelta(seconds=overdue_s), NOW - timedelta(hours=1))

    assert row.state == state


def test_what_was_due_before_this_run_is_not_late() -> None:
    now = NOW + timedelta(days=1)

    [row] = rows_of(seller(), {}, {}, now, now)

    assert row.state == "polling"


def test_a_failing_stream_shows_its_error() -> None:
    [row] = rows_of(seller(orders=STREAM | {"reading": False, "failures": 2, "last_error": "EbayUnavailableError: 503"}), {}, {}, NOW, NOW)

    assert (row.state, row.why) == ("failing", "failed 2x: EbayUnavailableError: 503")


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    event = {
        "detected_at": "2026-03-01T12:00:00.000Z",
        "seller_id": "anna",
        "type": "inventory.created",
        "entity_id": "\x1b[2J\u009b1m",
        "changed": [],
    }

    assert news_of(event).entity == "?[2J?1m"


def test_without_a_terminal_a_line_is_written_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with open_view(FRAME) as view:
        for _ in range(3):
            view.show(picture())

    assert isinstance(view, LineView)
    said = capsys.readouterr().out
    assert said == "   0 s  1,234 changes, 567 calls; sellers: 3 polling; " + picture().stock_in_words() + "\n"
    assert picture().stock_in_words() == "450 SKUs, 120 listings, 51 sold out; 285 parcels"


def test_a_line_says_what_hinders() -> None:
    assert line(picture(0, 0, problem="Postgres does not answer")) == "1,234 changes, 567 calls; sellers: none; Postgres does not answer"


def moved(type_: str = "updated", entity: str = "SKU-1", source: str = "poll", **more: Any) -> dict[str, Any]:
    event = {"data": {}, "previous": {}, "changed": []} | more
    return {"detected_at": STREAM["last_poll_at"], "type": f"inventory.{type_}", "entity_id": entity, "source": source, **event}


def sku(count: object) -> dict[str, Any]:
    return {"availability": {"shipToLocationAvailability": {"quantity": count}}}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (moved(data=sku(11), previous=sku(12), changed=["availability"]), "12 -> 11"),
        (moved(entity="listing:1", data={"available": 0}, previous={"available": 2}, changed=["available"]), "2 -> 0"),
        (moved(entity="listing:1", data={"available": 3}, previous={"price": None}, changed=["price", "title"]), "price, title"),
        (moved(data=sku("many"), previous=sku(3), changed=["availability"]), "availability"),
        (moved("created", data=sku(1200)), "new: 1,200"),
        (moved("removed", data=sku(3)), "gone"),
        (moved("sold", data={"quantity": 2}), "sold 2"),
        (moved("sold", data={"quantity": None}), "sold"),
    ],
)
def test_a_stock_change_says_from_what_to_what(event: dict[str, Any], words: str) -> None:
    found = move_of(event)

    assert found
    assert found.what == words


def test_what_was_there_before_we_looked_is_no_stock_change_and_what_sold_out_is_marked() -> None:
    out = move_of(moved("out_of_stock", "listing:110011", data={"available": 0}, previous={"available": 1}))

    assert move_of(moved("created", source="backfill", data=sku(3))) is None
    assert move_of({"type": "order.created", "entity_id": "1"}) is None
    assert out == Move(NOW - timedelta(seconds=2), "110011", "1 -> 0", out=True)


def test_a_sale_is_news_of_its_order_and_counts_for_the_orders() -> None:
    sale = moved("sold", "listing:1", data={"orderId": "03-1", "quantity": 2}, position=1, seller_id="anna")

    assert stream_of(sale) == "orders"
    assert news_of(sale).changed == ("sold 2 in 03-1",)


def test_a_listing_counts_for_the_listings() -> None:
    assert [stream_of(moved(entity=name)) for name in ("SKU-1", "listing:1")] == ["inventory", "listings"]


def test_what_a_seller_does_not_have_and_what_is_read_once_a_day_are_no_rows_while_they_rest() -> None:
    tomorrow = STREAM | {"next_poll_at": "2026-03-02T12:00:00.000Z", "reading": False}
    unused = tomorrow | {"why": "no listing outside of the Inventory API: looked at once a day"}
    streams: dict[str, Any] = {
        "inventory": unused,
        "listings": STREAM,
        "sweep": tomorrow,
        "report": STREAM,
        "offers": tomorrow | {"next_poll_at": None},
    }

    rows = rows_of(seller(**streams), {}, {}, NOW, NOW)

    assert [row.stream for row in rows] == ["orders", "listings", "report"]
