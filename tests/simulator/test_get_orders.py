from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import World
from simulator.apis.filters import parse
from simulator.state.inventory import Entity, Inventory, Version
from simulator.times import DAY, iso, to_ms
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld


def ago(world: ManualWorld, **step: float) -> str:
    return iso(world.clock.now_ms() - timedelta(**step) // timedelta(milliseconds=1))


def test_an_order_looks_like_one_from_production(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")

    order = anna.orders().json()["orders"][0]

    assert order["orderId"] == order_id
    assert order["creationDate"] == order["lastModifiedDate"] == "2026-06-18T12:00:00.000Z"
    assert (order["orderFulfillmentStatus"], order["orderPaymentStatus"]) == ("NOT_STARTED", "PAID")
    assert order["cancelStatus"] == {"cancelState": "NONE_REQUESTED", "cancelRequests": []}
    line = order["lineItems"][0]
    assert line["lineItemCost"]["value"].partition(".")[2]
    assert line["lineItemCost"]["currency"] == "USD"
    assert order["buyer"]["buyerRegistrationAddress"]["fullName"]


def test_a_seller_sees_only_their_own_orders(anna: Client, world: ManualWorld) -> None:
    world.place_order("bert")

    assert anna.orders().json()["total"] == 0


def test_without_a_filter_come_the_last_90_days_by_creation(anna: Client, world: ManualWorld) -> None:
    world.place_order("anna", created_at=world.clock.now() - timedelta(days=91))
    young = world.place_order("anna", created_at=world.clock.now() - timedelta(days=89))

    assert anna.ids() == {young}
    assert anna.ids(filter="orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}") == {young}


def test_both_ends_of_a_range_are_included(anna: Client, world: ManualWorld) -> None:
    moments = [world.clock.now() - timedelta(milliseconds=k) for k in (3000, 2999, 2000, 1999, 1998)]
    ids = [world.place_order("anna", at=moment) for moment in moments]

    found = anna.ids(filter=f"lastmodifieddate:[{ago(world, milliseconds=2999)}..{ago(world, milliseconds=1999)}]")

    assert found == set(ids[1:4])


def test_with_both_dates_only_the_date_of_creation_counts(anna: Client, world: ManualWorld) -> None:
    old = world.place_order("anna", created_at=world.clock.now() - timedelta(days=2))

    dates = f"lastmodifieddate:[{ago(world, hours=1)}..],creationdate:[{ago(world, days=3)}..{ago(world, days=1)}]"

    assert anna.ids(filter=dates) == {old}
    assert anna.ids(filter=f"creationdate:[{ago(world, hours=1)}..],lastmodifieddate:[{ago(world, hours=1)}..]") == set()


def test_statuses_are_filtered(anna: Client, world: ManualWorld) -> None:
    untouched, partly, sent = (world.place_order("anna", lines=[(world.good("anna", 1), 2)]) for _ in range(3))
    world.ship("anna", partly, lines={world.order("anna", partly)["lineItems"][0]["lineItemId"]: 1})
    world.ship("anna", sent)
    within = f"lastmodifieddate:[{ago(world, hours=1)}..]"

    assert anna.ids(filter=f"{within},orderfulfillmentstatus:{{NOT_STARTED|IN_PROGRESS}}") == {untouched, partly}
    assert anna.ids(filter=f"orderfulfillmentstatus:{{FULFILLED|IN_PROGRESS}},{within}") == {sent, partly}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"filter": "modifieddate:[2026-06-01T00:00:00.000Z..]"}, 30700),
        ({"filter": "nonsense"}, 30700),
        ({"filter": "lastmodifieddate:2026-06-01T00:00:00.000Z"}, 30800),
        ({"filter": "orderfulfillmentstatus:{NOT_STARTED}"}, 30800),
        ({"filter": "orderfulfillmentstatus:{NOT_STARTED|FULFILLED}"}, 30800),
        ({"filter": "lastmodifieddate:[2026-06-01..]"}, 30810),
        ({"filter": "lastmodifieddate:[2026-06-01T00:00:00.000+00:00..]"}, 30810),
        ({"filter": "lastmodifieddate:[2026-02-30T00:00:00.000Z..]"}, 30810),
        ({"filter": "lastmodifieddate:[..2026-06-01T00:00:00.000Z]"}, 30820),
        ({"filter": "creationdate:[2024-06-18T12:00:00.000Z..]"}, 30830),
        ({"filter": "lastmodifieddate:[2026-06-02T00:00:00.000Z..2026-06-01T00:00:00.000Z]"}, 30840),
        ({"filter": "lastmodifieddate:[2026-06-18T12:00:00.001Z..]"}, 30850),
        ({"filter": "lastmodifieddate:[2026-06-18T11:00:00.000Z..2026-06-18T12:00:00.001Z]"}, 30850),
        ({"orderIds": ",".join(f"03-{k:05d}-00000" for k in range(51))}, 30900),
        ({"offset": -1}, 31000),
        ({"offset": "x"}, 31000),
        ({"limit": 201}, 31100),
        ({"limit": 0}, 31100),
        ({"fieldGroups": "EVERYTHING"}, 32800),
    ],
)
def test_a_wrong_request_gets_ebays_error(anna: Client, code: Code, params: dict[str, object], error: int) -> None:
    assert code(anna.orders(**params)) == (400, error)


def test_milliseconds_may_be_left_out_and_729_days_work(anna: Client) -> None:
    assert anna.orders(filter="creationdate:[2024-06-19T12:00:00Z..]").status_code == 200


def test_brackets_must_be_percent_encoded(anna: Client, world: ManualWorld) -> None:
    raw = f"/sell/fulfillment/v1/order?filter=lastmodifieddate:[{ago(world, hours=1)}..]".encode()
    url = anna.http.base_url.copy_with(raw_path=raw)

    assert anna.http.get(url, headers=anna.headers()).status_code == 400


def test_order_ids_win_over_everything_else(anna: Client, world: ManualWorld) -> None:
    ids = [world.place_order("anna", created_at=world.clock.now() - timedelta(days=300)) for _ in range(3)]

    page = anna.orders(orderIds=f"{ids[0]},{ids[2]},03-00000-00000", filter="nonsense", limit=999).json()

    assert {order["orderId"] for order in page["orders"]} == {ids[0], ids[2]}
    assert page["total"] == 2


def test_next_leads_through_all_pages_and_is_absent_on_the_last(anna: Client, world: ManualWorld) -> None:
    ids = {world.place_order("anna") for _ in range(7)}
    page = anna.orders(limit=3).json()
    assert (page["limit"], page["offset"], page["total"]) == (3, 0, 7)
    assert page["href"].startswith("https://api.ebay.com/sell/fulfillment/v1/order?")
    assert "prev" not in page

    seen = [page]
    while "next" in seen[-1]:
        seen.append(anna.http.get(seen[-1]["next"].removeprefix("https://api.ebay.com"), headers=anna.headers()).json())

    rows = [order["orderId"] for page in seen for order in page["orders"]]
    assert len(seen) == 3
    assert "prev" in seen[-1]
    assert len(rows) == 7
    assert set(rows) == ids
    assert rows != sorted(rows, key=list(world.order_ids("anna")).index)  # eBay promises no order, and this one has none


def test_rows_modified_between_two_pages_make_offsets_skip_one(anna: Client, world: ManualWorld) -> None:
    for _ in range(6):
        world.place_order("anna")
    window = f"lastmodifieddate:[{ago(world, hours=1)}..{ago(world, hours=0)}]"
    first = [order["orderId"] for order in anna.orders(limit=3, filter=window).json()["orders"]]
    world.clock.advance(seconds=1)
    world.faults.before_answer = lambda _: world.touch("anna", first[0])

    second = [order["orderId"] for order in anna.orders(limit=3, offset=3, filter=window).json()["orders"]]

    assert len({*first, *second}) == 5


def test_an_order_shows_only_from_the_moment_it_is_visible(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna", visible_at=world.clock.now() + timedelta(minutes=4))
    since = ago(world, seconds=0)

    world.clock.advance(minutes=3.99)
    assert anna.ids(filter=f"lastmodifieddate:[{since}..]") == set()
    assert anna.get(f"/sell/fulfillment/v1/order/{order_id}").status_code == 404
    world.clock.advance(minutes=0.01)

    assert anna.ids(filter=f"lastmodifieddate:[{since}..{since}]") == {order_id}


def test_an_update_that_is_late_leaves_the_older_version_in_place(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    world.clock.advance(seconds=10)
    world.cancel("anna", order_id, visible_at=world.clock.now() + timedelta(minutes=1))

    before = anna.orders().json()["orders"][0]
    world.clock.advance(minutes=1)
    after = anna.orders().json()["orders"][0]

    assert before["cancelStatus"]["cancelState"] == "NONE_REQUESTED"
    assert (after["cancelStatus"]["cancelState"], after["lastModifiedDate"]) == ("CANCELED", "2026-06-18T12:00:10.000Z")


def test_a_version_that_shows_after_a_newer_one_never_replaces_it(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna", paid=False)
    world.pay("anna", order_id, visible_at=world.clock.now() + timedelta(minutes=4))
    world.cancel("anna", order_id)

    world.clock.advance(minutes=5)

    assert anna.orders().json()["orders"][0]["cancelStatus"]["cancelState"] == "CANCELED"


def test_text_that_no_encoder_would_write_comes_as_it_is(anna: Client, world: ManualWorld) -> None:
    def unwritable(text: str) -> str:
        return text.replace('"title":"x"', r'"title":"a\u0000b\ud800","weight":1e400,"depth":NaN')

    world.place_order("anna", change=lambda order: order["lineItems"][0].update(title="x"), raw=unwritable)

    assert rb'"title":"a\u0000b\ud800","weight":1e400,"depth":NaN' in anna.orders().content


def test_warnings_come_with_the_orders_when_switched_on(anna: Client, world: ManualWorld) -> None:
    assert "warnings" not in anna.orders().json()

    world.switches.warnings = [{"errorId": 30500}]

    assert anna.orders().json()["warnings"] == [{"errorId": 30500}]


BASE = to_ms(World().clock.now()) // 1000 * 1000
STATUSES = st.sampled_from(["NOT_STARTED", "IN_PROGRESS", "FULFILLED"])
CHANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 50), STATUSES), max_size=150)


@settings(deadline=None)
@given(CHANGES, st.integers(0, 50), st.integers(0, 50), st.sampled_from([(), ("NOT_STARTED", "IN_PROGRESS")]), st.integers(1, 9))
def test_pages_hold_each_order_of_the_window_once_whatever_happened_to_them(
    changes: Any, start: int, end: int, statuses: Any, limit: int
) -> None:
    inventory, true = Inventory(seed=1), {}
    for number, (k, moment, status) in enumerate(changes):
        oid = f"o{k}"
        if oid not in inventory.orders:
            inventory.orders[oid] = Entity("order", oid, inventory.position_of(oid), 0, Version(0, 0, 0, ""))
        inventory.put(inventory.orders[oid], Version(number, moment, 0, "", status), 0)
        true[oid] = moment, status

    rows, total, offset = [], 1, 0
    while offset < total:
        total, page = inventory.select(inventory.by_modified, start, end, statuses, offset, limit)
        rows += [one.id for one in page]
        offset += limit

    expected = sorted(oid for oid, (moment, status) in true.items() if start <= moment <= end and (not statuses or status in statuses))
    assert sorted(rows) == expected
    assert total == len(expected)


@given(st.integers(0, 729 * DAY - 1), st.integers(0, 729 * DAY - 1))
def test_every_range_within_two_years_and_the_past_is_taken_as_it_is(first: int, second: int) -> None:
    start, end = BASE - max(first, second), BASE - min(first, second)

    query = parse({"filter": f"lastmodifieddate:[{iso(start)}..{iso(end)}]"}, BASE)

    assert (query.by, query.start_ms, query.end_ms) == ("modified", start, end)
