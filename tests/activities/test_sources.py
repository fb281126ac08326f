"""Where a seller's stock is read changes while they are polled: nothing is lost, nothing told twice, and no alert is left behind."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from domain.pacing import InventorySource, Stream
from store import SupersededError
from store.schema.errors import OffersNeedInventoryError
from store.schema.kinds import AlertKind
from tests.support.listed import begin, poll, report, verdict
from tests.support.rig import Rig

INVENTORY_API, TRADING, BOTH = InventorySource.INVENTORY_API, InventorySource.TRADING, InventorySource.BOTH


@pytest.fixture
def both(anna: Rig) -> Rig:
    """A seller with 10 SKUs of the Inventory API, all of them listings too, and 5 listings of Seller Hub; all read."""
    anna.world.add_seller("anna", skus=10, published=10, listings=5)
    anna.world.preload_skus("anna")
    anna.world.preload_listings("anna")
    begin(anna)
    return anna


def listings(rig: Rig) -> set[str]:
    return {id_ for id_, row in rig.stored("anna", "inventory").items() if id_.startswith("listing:") and row["removed_at"] is None}


def open_alerts(rig: Rig) -> list[str]:
    return [alert["kind"] for alert in rig.store.status.alerts()]


def test_a_stream_that_is_no_longer_used_ends_without_a_call_and_with_its_alerts(both: Rig) -> None:
    with both.store.commit(both.store.begin("anna", Stream.REPORT)) as commit:
        commit.open_alert(AlertKind.NO_REPORT, "no report")
    both.store.sellers.choose("anna", INVENTORY_API, None)
    calls, before = both.calls("anna"), listings(both)

    ended = [both.step("anna", stream) for stream in (Stream.LISTINGS, Stream.REPORT)]

    assert [(result.done, result.why) for result in ended] == [(True, "not read: the seller's inventory source is inventory_api")] * 2
    assert both.calls("anna") == calls
    assert open_alerts(both) == []
    assert listings(both) == before  # what was recorded stays


def test_a_stream_that_is_no_longer_used_is_never_late(both: Rig) -> None:
    """Its last poll had named a next one, which nobody makes."""
    poll(both)
    both.store.sellers.choose("anna", INVENTORY_API, None)

    before = both.store.seller("anna")["streams"]["listings"]["next_poll_at"]
    both.step("anna", Stream.LISTINGS)

    assert before is not None
    assert both.store.seller("anna")["streams"]["listings"]["next_poll_at"] is None
    late = {one.stream for one in both.store.lateness.late()}  # all that was to be polled is, by the database's clock
    assert Stream.LISTINGS not in late
    assert Stream.INVENTORY in late


def test_what_changed_while_a_stream_was_unused_is_told_when_it_is_used_again(both: Rig) -> None:
    both.store.sellers.choose("anna", INVENTORY_API, None)
    both.step("anna", Stream.LISTINGS)
    both.advance(days=3)  # longer than eBay looks back
    hub = min(listings(both)).removeprefix("listing:")
    both.world.revise("anna", hub, available=77)

    both.store.sellers.choose("anna", BOTH, None)
    both.poll("anna", Stream.INVENTORY)
    poll(both)
    report(both)

    assert both.stored("anna", "inventory")[f"listing:{hub}"]["data"]["available"] == 77
    assert verdict(both) == (0, 0, 0)
    assert open_alerts(both) == []


def test_listings_that_were_told_of_as_skus_are_told_of_as_listings_by_trading_alone_and_are_no_loss(both: Rig) -> None:
    poll(both, hours=30)
    poll(both, hours=30)  # no window tells of what was modified that long ago
    assert len(listings(both)) == 5

    both.store.sellers.choose("anna", TRADING, None)
    poll(both)
    report(both)

    assert len(listings(both)) == 15
    assert open_alerts(both) == []
    assert max(Counter(event["entity_id"] for event in both.events("anna")).values()) == 1  # nothing twice


def test_listings_leave_for_the_inventory_api_also_where_it_alone_is_read(anna: Rig) -> None:
    anna.world.add_seller("anna", skus=10, published=10, listings=5)
    anna.world.preload_skus("anna")
    anna.world.preload_listings("anna")
    anna.store.sellers.choose("anna", TRADING, None)
    begin(anna)
    before = listings(anna)

    anna.store.sellers.choose("anna", INVENTORY_API, None)
    anna.poll("anna", Stream.INVENTORY)

    assert (len(before), len(listings(anna))) == (15, 5)


def test_offers_begin_and_end_and_go_on_where_they_ended(both: Rig) -> None:
    both.store.sellers.choose("anna", None, True)
    both.poll("anna", Stream.OFFERS)
    offers = len(both.stored("anna", "offers"))
    both.store.sellers.choose("anna", None, False)
    ended = both.step("anna", Stream.OFFERS)
    both.store.sellers.choose("anna", None, True)
    again = both.poll("anna", Stream.OFFERS)

    assert offers == 10
    assert ended.done
    assert not again.done
    assert len(both.types("anna")) == len({(event["entity_id"], event["version"], event["type"]) for event in both.events("anna")})


def test_a_choice_made_twice_changes_nothing_and_a_step_in_flight_is_done_again(both: Rig) -> None:
    both.store.sellers.choose("anna", TRADING, None)
    step = both.store.begin("anna", Stream.LISTINGS)
    twice = both.store.sellers.choose("anna", TRADING, False)
    with both.store.commit(step) as commit:
        commit.advance(cursor=both.world.clock.now())
    poll_before = both.store.begin("anna", Stream.LISTINGS)

    both.store.sellers.choose("anna", BOTH, None)

    assert twice == (TRADING, False)
    with pytest.raises(SupersededError), both.store.commit(poll_before) as commit:
        commit.advance(cursor=both.world.clock.now() + timedelta(days=1))


def test_offers_by_trading_alone_are_refused_and_nothing_is_changed(both: Rig) -> None:
    both.store.sellers.choose("anna", BOTH, True)

    with pytest.raises(OffersNeedInventoryError):
        both.store.sellers.choose("anna", TRADING, None)

    assert both.store.sellers.choose("anna", None, None) == (BOTH, True)
