"""A week in shadow with bad notifications: no change is lost, and `reconcile` reports exactly what the line did."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from activities.fleet.comparing import SellerComparison, as_json, compared
from domain.comparison import Mode, Seen, Side
from domain.pacing import Stream
from simulator.judge import judge
from simulator.state.notices import Unrest
from tests.migration.announced import SELLER, Announced

WEEK = timedelta(days=7)
ORDERS = 90


def lead(it: Announced, dice: Random) -> None:
    """Some 16 orders a day, some unpaid, some shipped or cancelled later."""
    begin = it.now
    for at in sorted(begin + dice.random() * (WEEK - timedelta(hours=2)) for _ in range(ORDERS)):
        it.later(at, lambda: place(it, dice))


def place(it: Announced, dice: Random) -> None:
    order_id = it.order(paid=dice.random() < 0.8)
    for chance, hours, act in (
        (0.3, 1.0, lambda: it.world.pay(SELLER, order_id)),
        (0.4, 30.0, lambda: it.world.ship(SELLER, order_id)),
        (0.1, 9.0, lambda: it.world.cancel(SELLER, order_id)),
    ):
        if dice.random() < chance:
            it.later(it.now + timedelta(minutes=2, hours=dice.random() * hours), act)


def reconciled(it: Announced) -> SellerComparison:
    return compared(it.store, SELLER, it.now - WEEK, it.now)


def missing(found: SellerComparison, side: str) -> list[str]:
    return sorted(one["entity_id"] for one in as_json(found)["missing"][side])


def test_no_change_is_lost_and_reconcile_reports_exactly_the_ledger_of_the_notifications(anna: Announced) -> None:
    anna.world.notices.unrest = Unrest(lost=0.08, doubled=0.03, late=0.1, late_s=3600, early=0.1)
    anna.states[SELLER].streams[Stream.ORDERS].cadence = timedelta(hours=2)
    anna.store.modes.set(SELLER, Mode.SHADOW)
    lead(anna, Random(5))

    anna.run(anna.now + WEEK)

    found = reconciled(anna)
    lost = sorted(anna.unnotified())
    sent = anna.sent()
    assert len(anna.world.order_ids(SELLER)) == ORDERS
    assert len(lost) >= 3  # there was something to find
    assert sum(notice.lost for notice in sent) > len(lost)  # of others something else came
    assert sum(notice.copies == 2 for notice in sent) >= 2
    assert len(waited_for(anna)) >= 3  # eBay did not show the order yet
    assert missing(found, "notifications") == lost
    assert missing(found, "polling") == []
    seen = anna.store.modes.seen(SELLER, anna.now - WEEK, anna.now)
    assert {one.entity_id for one in seen if one.kind == "order" and (by_notification(one) or one.other_at)} == anna.notified()
    assert all(one.first_notified_at and one.first_notified_at <= one.first_at for one in seen if by_notification(one))
    assert found.comparison.notifications_ahead.count > 50
    assert found.comparison.polling_ahead.count >= 1
    assert found.comparison.late >= 1  # what was lost, and read for a later notification
    assert found.comparison.polls_first == len(lost) + found.comparison.late
    verdict = judge(anna.world.rows(), anna.store.feed.read(limit=100_000), at=anna.now, kinds=("order", "fulfillment"))
    assert (verdict.lost, verdict.twice, verdict.wrong) == (0, 0, 0), verdict.examples
    assert not found.verdict.ready
    assert found.verdict.why.startswith(f"{len(lost)} changes were told by no notification within 7 days")


def by_notification(one: Seen) -> bool:
    return one.kind == "order" and one.first_by is Side.NOTIFICATIONS


def waited_for(it: Announced) -> list[str]:
    with it.store.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT notification_id FROM sellerbeat.notifications WHERE asks > 0").scalars())
