"""Two of eBay's answers disagree for a moment, or one answer carries a wrong clock: each switch alone, seen over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from simulator import Hostility, Life
from simulator.judge import judge
from simulator.times import iso, to_ms
from tests.simulator.conftest import START, Client, stamp, trading_error
from tests.simulator.perfect import poll
from tests.support.manual_world import ManualWorld
from tests.support.present import present

ORDERS = "/sell/fulfillment/v1/order"
END = START + timedelta(hours=3)


def turn_on(world: ManualWorld, switch: str, **how: float) -> Hostility:
    world.hostility = Hostility(seed=3)
    for name, value in {switch: 1.0, **how}.items():
        world.hostility.set(name, value)
    return world.hostility


def list_of(anna: Client, order_id: str) -> set[str]:
    answer = anna.get(f"{ORDERS}/{order_id}/shipping_fulfillment").json()
    assert answer["total"] == len(answer["fulfillments"])
    return {one["fulfillmentId"] for one in answer["fulfillments"]}


def hrefs(anna: Client, order_id: str) -> set[str]:
    return {href.rsplit("/", 1)[1] for href in anna.get(f"{ORDERS}/{order_id}").json()["fulfillmentHrefs"]}


# parcels


def test_the_list_of_parcels_is_for_a_moment_as_it_was_before_the_order_showed_a_shipment(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna", lines=[(world.good("anna", 1), 2)])
    (line,) = world.unsent("anna", order_id)
    world.ship("anna", order_id, lines={line: 1})
    turn_on(world, "parcels_behind")
    before = list_of(anna, order_id)

    world.ship("anna", order_id)
    shorter = list_of(anna, order_id)
    world.clock.advance(seconds=240)

    assert (len(before), shorter) == (1, before)
    assert len(hrefs(anna, order_id)) == 2
    assert list_of(anna, order_id) == hrefs(anna, order_id)
    *_, parcel, order = world.rows()
    assert order["visible_at"] == iso(to_ms(START)) < parcel["visible_at"] <= iso(to_ms(START) + 240_000)


def test_a_corrected_number_may_be_in_the_order_before_it_is_in_the_list(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    parcel_id = world.ship("anna", order_id)
    before = list_of(anna, order_id)
    turn_on(world, "parcels_behind")

    world.correct_tracking("anna", order_id, parcel_id, "1Z999")

    assert hrefs(anna, order_id) == {"1Z999"}
    assert list_of(anna, order_id) == before
    world.clock.advance(seconds=240)
    assert list_of(anna, order_id) == {"1Z999"}


def test_by_hand_a_parcel_is_listed_when_a_test_says_so(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")

    world.ship("anna", order_id, listed_at=START + timedelta(minutes=3))

    assert (len(hrefs(anna, order_id)), len(list_of(anna, order_id))) == (1, 0)
    world.clock.advance(minutes=3)
    assert list_of(anna, order_id) == hrefs(anna, order_id)


def test_a_parcel_is_due_once_its_list_shows_it_and_not_before() -> None:
    world = ManualWorld(seed=4, now=START)
    world.add_seller("anna")
    world.ship("anna", world.place_order("anna"), listed_at=START + timedelta(minutes=30))
    rows = list(world.rows())
    events = poll([row for row in rows if row["kind"] == "order"], timedelta(minutes=1), START, START + timedelta(minutes=1))

    assert judge(rows, events, at=START + timedelta(minutes=29)).ok
    assert judge(rows, events, at=START + timedelta(minutes=31)).lost == 1


# a gateway's no


def test_a_gateway_refuses_each_record_once_and_lists_never(anna: Client, world: ManualWorld) -> None:
    ids = [world.place_order("anna") for _ in range(12)]
    turn_on(world, "html_4xx")
    paths = [path for order_id in ids for path in (f"{ORDERS}/{order_id}", f"{ORDERS}/{order_id}/shipping_fulfillment")]

    lists = [anna.orders(), anna.orders(orderIds=ids[0]), anna.get("/sell/inventory/v1/inventory_item")]
    first, second = ([anna.get(path) for path in paths] for _ in range(2))

    assert {answer.status_code for answer in (*lists, *second)} == {200}
    assert {answer.status_code for answer in first} == {400, 403, 404}
    assert all(answer.text.startswith("<!DOCTYPE html>") and "errorId" not in answer.text for answer in first)
    assert present(world.hostility).done["html_4xx"] == len(paths)


def test_a_record_is_refused_or_spared_by_the_seed(anna: Client, world: ManualWorld) -> None:
    paths = [f"{ORDERS}/{world.place_order('anna')}" for _ in range(20)]
    statuses = []
    for order in (paths, paths[::-1]):
        turn_on(world, "html_4xx", html_4xx=0.5)
        statuses.append({path: anna.get(path).status_code for path in order})

    assert statuses[0] == statuses[1]
    assert len(set(statuses[0].values())) > 1


# dates


def off(answer: httpx.Response) -> float:
    """Minutes by which the Date header is ahead."""
    return (parsedate_to_datetime(answer.headers["date"]) - START).total_seconds() / 60


def test_a_date_header_leaps_and_the_next_one_is_right(anna: Client, world: ManualWorld) -> None:
    hostility = turn_on(world, "date_leaps", date_behind=1.0)

    minutes = [off(anna.orders()) for _ in range(40)]

    assert all(29 <= abs(one) <= 181 for one in minutes[::2])
    assert {one > 0 for one in minutes[::2]} == {True, False}
    assert set(minutes[1::2]) == {0.0}
    assert hostility.done["date_leaps"] == len(hostility.leaps) == 20
    assert {(leap.seller, leap.true) for leap in hostility.leaps} == {("anna", START)}


def test_by_hand_the_next_date_header_is_off(anna: Client, world: ManualWorld) -> None:
    world.faults.leap(-3600, resource="order")

    assert [round(off(anna.orders())) for _ in range(2)] == [-60, 0]


def test_stock_that_is_dated_by_a_header_that_leapt_back_is_not_recorded_too_early(anna: Client, world: ManualWorld) -> None:
    hostility = turn_on(world, "date_leaps")
    world.add_sku("anna", "A-1", 5)
    world.clock.advance(minutes=1)
    while not any(leap.shown < leap.true for leap in hostility.leaps):
        anna.orders()
    rows, at = list(world.rows()), START + timedelta(minutes=2)
    events = poll(rows, timedelta(minutes=1), START, START)
    (leap,) = (leap for leap in hostility.leaps if leap.shown < leap.true)
    (event,) = [event | {"occurred_at": iso(to_ms(leap.shown) // 1000 * 1000)} for event in events]

    assert judge(rows, [event], at=at, leaps=hostility.leaps).ok
    assert judge(rows, [event], at=at).wrong == 1
    assert judge(rows, [event | {"occurred_at": stamp(START - timedelta(hours=9))}], at=at, leaps=hostility.leaps).wrong == 1


def test_one_version_of_an_order_has_an_absurd_date_and_the_next_a_right_one(anna: Client, world: ManualWorld) -> None:
    hostility = turn_on(world, "absurd_date")
    ids = [world.place_order("anna") for _ in range(20)]
    window = f"lastmodifieddate:[{stamp(START)}..]"

    absurd = [order["lastModifiedDate"] for order in anna.orders(filter=window).json()["orders"]]
    hostility.absurd_date = 0.0
    world.clock.advance(minutes=1)
    for order_id in ids:
        world.ship("anna", order_id)
    right = {order["lastModifiedDate"] for order in anna.orders(filter=window).json()["orders"]}

    assert {date[:4] for date in absurd} == {"1970", "2106"}
    assert right == {stamp(world.clock.now())}
    first = [row for row in world.rows() if row["kind"] == "order" and row["version"] == 1]
    assert sorted(row["document"]["lastModifiedDate"] for row in first) == sorted(absurd)


def test_a_date_that_moves_alone_is_right_after_an_absurd_one(anna: Client, world: ManualWorld) -> None:
    hostility = turn_on(world, "absurd_date")
    order_id = world.place_order("anna")
    world.clock.advance(minutes=1)
    hostility.absurd_date, hostility.touched = 0.0, 1.0

    assert anna.orders(orderIds=order_id).json()["orders"][0]["lastModifiedDate"] == stamp(world.clock.now())


# windows


def window(anna: Client, hours: float, by: str = "lastmodifieddate") -> int:
    return anna.orders(filter=f"{by}:[{stamp(START - timedelta(hours=hours))}..{stamp(START)}]").status_code


def by_switch(world: ManualWorld) -> None:
    world.switches.widest_h = 6.0


def by_hostility(world: ManualWorld) -> None:
    turn_on(world, "wide_windows", scale=0.01)


@pytest.mark.parametrize("narrow", [by_switch, by_hostility])
def test_windows_wider_than_ebay_can_answer_fail_each_time(anna: Client, world: ManualWorld, narrow: Callable[[ManualWorld], None]) -> None:
    narrow(world)

    assert [window(anna, hours) for hours in (6, 6.1, 24, 24)] == [200, 500, 500, 500]
    assert window(anna, 24, "creationdate") == 200
    assert [trading_error(anna.changed(START - timedelta(hours=hours))) for hours in (6, 6.1, 24)] == [
        (200, "Success", 0),
        (200, "Failure", 10007),
        (200, "Failure", 10007),
    ]


def test_some_sellers_have_windows_that_are_too_wide_by_the_seed_and_calm_ends_it(world: ManualWorld) -> None:
    hostility = turn_on(world, "wide_windows", wide_windows=0.5)
    sellers = [f"seller-{k}" for k in range(20)]

    hit = [hostility.hits("wide_windows", seller, "order") is not None for seller in sellers * 2]

    assert hit[:20] == hit[20:]
    assert 3 < sum(hit[:20]) < 17


# the judge


@pytest.mark.parametrize("switch", ["parcels_behind", "html_4xx", "date_leaps", "absurd_date", "wide_windows"])
def test_a_perfect_poller_is_acquitted(switch: str) -> None:
    world = ManualWorld(seed=4, now=START)
    turn_on(world, switch)
    world.add_seller("anna", orders_a_day=60, skus=40)
    world.preload_skus("anna")
    Life(world, rate=20).run_until(END)
    rows = list(world.rows())

    found = judge(
        rows,
        poll(rows, timedelta(minutes=2), START, END + timedelta(minutes=10)),
        at=END + timedelta(hours=1),
        leaps=present(world.hostility).leaps,
    )

    assert found.examples == []
    assert found.changes > 100
    if switch in ("parcels_behind", "absurd_date"):
        assert present(world.hostility).done[switch] > 20
