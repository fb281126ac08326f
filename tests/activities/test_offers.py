"""Offers of sellers who asked for them: a call a SKU, all SKUs once a day, and nothing of it for anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from ebay.errors import AccessDeniedError, EbayUnavailableError
from simulator.judge import judge
from simulator.requests import Request
from store.quota.permits import OFFERS
from tests.support.rig import Rig, rig

UNUSUAL_SKUS = ("A/1 red", " b c ", 'it\'s "quoted" &#?', "\N{GRINNING FACE}-1", "x" * 50)


@pytest.fixture
def ollie(database: str) -> Iterator[Rig]:
    """A rig with one seller, `ollie`, who asked for offers, and has no goods yet."""
    with rig(database, "ollie") as it:
        it.enroll("ollie", offers=True)
        it.lasting_tokens()  # no call is made twice for a token that ended
        yield it


def scan(it: Rig) -> None:
    it.poll("ollie", Stream.INVENTORY)


def a_round(it: Rig) -> int:
    """All slices that fall due within a day; how many there were."""
    end, slices = it.world.clock.now() + timedelta(days=1) - timedelta(minutes=1), 0
    while True:
        slices += 1
        result = it.step("ollie", Stream.OFFERS)
        if result.next_due > end:
            return slices
        it.advance(seconds=max((result.next_due - it.world.clock.now()).total_seconds(), 0))


def first_round(it: Rig) -> None:
    scan(it)
    it.poll("ollie", Stream.OFFERS)


def reported(it: Rig) -> list[tuple[str, str]]:
    return [(event["type"], event["data"]["sku"]) for event in it.events("ollie") if event["type"].startswith("offer.")]


def verdict(it: Rig) -> tuple[int, int, int]:
    snapshots = {("ollie", "offers"): it.store.snapshot("ollie", "offers")}
    found = judge(it.world.rows(), it.events(), snapshots, at=it.world.clock.now(), kinds=["offer"])
    assert found.entities
    return found.lost, found.twice, found.wrong


def break_skus(it: Rig, *skus: str) -> None:
    def fail(request: Request) -> None:
        if request.resource == "offer" and request.query.get("sku") in skus:
            it.world.faults.force(500, {"errors": [{"errorId": 25001}]}, resource="offer")

    it.world.faults.before_answer = fail


def test_whoever_did_not_ask_for_offers_has_no_such_stream_and_pays_nothing(anna: Rig) -> None:
    anna.world.preload_skus("anna", 5)
    anna.poll("anna", Stream.INVENTORY)

    result = anna.step("anna", Stream.OFFERS)

    assert result.done
    assert anna.calls("anna", "offer") == 0
    assert "offers" not in anna.store.seller("anna")["streams"]
    assert {type_.partition(".")[0] for type_ in anna.types("anna")} == {"inventory"}


def test_the_first_round_reads_every_sku_at_once_for_a_call_each(ollie: Rig) -> None:
    ollie.world.preload_skus("ollie", 35)
    for sku in UNUSUAL_SKUS:
        ollie.world.add_sku("ollie", sku, 4)
    first_round(ollie)

    events = [event for event in ollie.events("ollie") if event["type"] == "offer.created"]
    assert ollie.calls("ollie", "offer") == 40
    assert {event["data"]["sku"] for event in events} == set(ollie.world.skus("ollie"))
    assert {event["source"] for event in events} == {"backfill"}
    assert all(event["entity_id"] == f"offer:{event['data']['offerId']}" for event in events)
    assert ollie.store.seller("ollie")["streams"]["offers"]["next_poll_at"]
    assert verdict(ollie) == (0, 0, 0)


def test_a_round_takes_a_day_and_tells_prices_quantities_and_marketplaces(ollie: Rig) -> None:
    for number in range(8):
        ollie.world.add_sku("ollie", f"S-{number}", 5)
    first_round(ollie)
    world = ollie.world
    world.put_offer("ollie", "S-1", pricingSummary={"price": {"value": "7.00", "currency": "USD"}})
    world.put_offer("ollie", "S-2", "EBAY_DE", availableQuantity=2, pricingSummary={"price": {"value": "9.5", "currency": "EUR"}})
    world.set_stock("ollie", "S-3", 1)
    world.remove_offer("ollie", "S-4")
    world.list_item("ollie", sku="S-5", visible_at=world.clock.now())
    calls = ollie.calls("ollie", "offer")

    slices = a_round(ollie)

    new = reported(ollie)[8:]
    assert sorted(new) == [
        ("offer.created", "S-2"),
        ("offer.removed", "S-4"),
        ("offer.updated", "S-1"),
        ("offer.updated", "S-3"),
        ("offer.updated", "S-5"),
    ]
    changed = {event["data"]["sku"]: event["changed"] for event in ollie.events("ollie") if event["type"] == "offer.updated"}
    assert changed == {"S-1": ["pricingSummary"], "S-3": ["availableQuantity"], "S-5": ["listing", "pricingSummary", "status"]}
    assert slices == 8  # a SKU every three hours
    assert ollie.calls("ollie", "offer") - calls == 8
    assert verdict(ollie) == (0, 0, 0)


def test_a_quiet_round_tells_nothing_and_every_figure_is_a_day_old_at_most(ollie: Rig) -> None:
    ollie.world.preload_skus("ollie", 100)
    first_round(ollie)
    events, calls = len(ollie.events()), ollie.calls("ollie", "offer")

    slices = a_round(ollie)

    rows = list(ollie.store.snapshot("ollie", "offers"))
    assert len(ollie.events()) == events
    assert ollie.calls("ollie", "offer") - calls == pytest.approx(100, abs=3)
    assert slices == pytest.approx(50, abs=2)  # two SKUs each
    oldest = (ollie.world.clock.now() - timedelta(days=1, minutes=30)).strftime("%Y-%m-%dT%H:%M")
    assert all(row["as_of"] > oldest for row in rows)


def test_offers_of_a_sku_that_is_gone_are_gone_too_and_come_back_with_it(ollie: Rig) -> None:
    ollie.world.add_sku("ollie", "S-1", 5)
    ollie.world.add_sku("ollie", "S-2", 5)
    first_round(ollie)
    ollie.world.remove_sku("ollie", "S-1")
    scan(ollie)
    a_round(ollie)
    ollie.world.add_sku("ollie", "S-1", 3)
    scan(ollie)
    a_round(ollie)

    mine = [
        (event["type"], event["version"])
        for event in ollie.events("ollie")
        if event["type"][:6] == "offer." and event["data"]["sku"] == "S-1"
    ]
    assert mine == [("offer.created", 1), ("offer.removed", 2), ("offer.created", 3)]
    assert verdict(ollie) == (0, 0, 0)


def test_an_offer_without_an_id_is_set_aside_and_removes_nothing(ollie: Rig) -> None:
    ollie.world.add_sku("ollie", "S-1", 5)
    first_round(ollie)
    ollie.world.faults.force(200, {"total": 2, "offers": [{"sku": "S-1"}, {"offerId": "77", "sku": "S-1"}]}, resource="offer")

    ollie.step("ollie", Stream.OFFERS)

    assert [(row["kind"], row["reason"]) for row in ollie.store.set_aside("ollie")] == [("offer", "no id")]
    assert [type_ for type_, _ in reported(ollie)] == ["offer.created", "offer.created"]


def test_an_answer_that_lacks_offers_removes_nothing(ollie: Rig) -> None:
    ollie.world.add_sku("ollie", "S-1", 5)
    first_round(ollie)
    ollie.world.faults.force(404, "<h1>Not found</h1>", resource="offer")
    ollie.step("ollie", Stream.OFFERS)
    ollie.world.faults.force(200, {"total": 3, "offers": []}, resource="offer")
    ollie.step("ollie", Stream.OFFERS)

    assert [type_ for type_, _ in reported(ollie)] == ["offer.created"]


def test_an_outage_costs_no_round_and_a_sku_that_always_fails_does_not_stop_the_others(ollie: Rig) -> None:
    ollie.world.preload_skus("ollie", 30)
    scan(ollie)
    ollie.world.lasting.stop("offer")
    for _ in range(3):
        with pytest.raises(EbayUnavailableError):
            ollie.step("ollie", Stream.OFFERS)
    ollie.world.lasting.start()
    ollie.advance(minutes=5)
    broken = ollie.world.skus("ollie")[3:5]
    break_skus(ollie, *broken)
    ollie.poll("ollie", Stream.OFFERS)
    recorded_first, aside_first = len(reported(ollie)), ollie.store.set_aside("ollie")
    for _ in range(4):
        ollie.advance(minutes=16)
        ollie.poll("ollie", Stream.OFFERS)

    assert (recorded_first, aside_first) == (28, [])
    assert sorted(row["entity_id"] for row in ollie.store.set_aside("ollie")) == [f"{sku}/?offers" for sku in broken]
    [alert] = ollie.store.alerts(seller_id="ollie")
    assert alert["kind"] == "set_aside"
    assert all(sku in alert["text"] for sku in broken)
    assert "the offers of 2 SKUs set aside" in ollie.store.seller("ollie")["streams"]["offers"]["why"]
    ollie.world.faults.before_answer = None
    a_round(ollie)
    a_round(ollie)
    assert len(reported(ollie)) == 30
    assert ollie.store.alerts(seller_id="ollie") == []
    assert verdict(ollie) == (0, 0, 0)


def test_a_consent_without_the_inventory_stops_this_stream_alone(ollie: Rig) -> None:
    ollie.world.add_sku("ollie", "S-1", 5)
    scan(ollie)
    ollie.world.faults.force(403, {"errors": [{"errorId": 1100}]}, times=2, resource="offer")

    with pytest.raises(AccessDeniedError):
        ollie.step("ollie", Stream.OFFERS)


def test_all_sellers_together_use_a_share_of_the_calls_and_the_rest_waits(ollie: Rig) -> None:
    ollie.world.preload_skus("ollie", 60)
    scan(ollie)
    half_over = "day_start = now() - interval '12 hours', reset_at = now() + interval '12 hours', used = 0"
    with ollie.store.engine.begin() as connection:
        connection.execute(text(f'UPDATE sellerbeat.permits SET "limit" = 25, {half_over} WHERE resource = :offers'), {"offers": OFFERS})

    result = ollie.poll("ollie", Stream.OFFERS)

    left = result.next_due - ollie.store.levels.clock()
    assert "share" in result.why
    assert timedelta(seconds=55) < left < timedelta(minutes=2)
    assert ollie.calls("ollie", "offer") == len(reported(ollie)) == 13  # half of the share, and what is freed at once
    assert ollie.store.seller("ollie")["state"] == "polling"


def test_a_seller_whose_stock_is_read_by_trading_alone_has_no_offers_to_read(database: str) -> None:
    with rig(database, "ollie") as it:
        it.enroll("ollie", offers=True, inventory_source="trading")

        assert it.step("ollie", Stream.OFFERS).done


def test_offers_wait_for_the_first_scan(ollie: Rig) -> None:
    ollie.world.add_sku("ollie", "S-1", 5)

    result = ollie.step("ollie", Stream.OFFERS)

    assert not result.done
    assert result.next_due - ollie.world.clock.now() <= timedelta(minutes=1, seconds=1)
    assert ollie.calls("ollie", "offer") == 0


def test_the_share_follows_what_ebay_says_of_the_whole_and_is_never_assumed_to_be_used(ollie: Rig) -> None:
    ledger = ollie.store.permits
    ledger.assume()
    before = ledger.all()

    ledger.observe("inventory", 5_000, 4_000, ollie.store.levels.clock() + timedelta(hours=3))

    after = ledger.all()
    assert (before[OFFERS].limit, before[OFFERS].used) == (400_000, 0)
    assert (after[OFFERS].limit, after[OFFERS].used, after[OFFERS].observed) == (1_000, 0, True)
    assert (after[OFFERS].day_start, after[OFFERS].reset_at) == (after["inventory"].day_start, after["inventory"].reset_at)
