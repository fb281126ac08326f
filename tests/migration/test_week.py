"""A week in shadow with bad notifications: no change is lost, and `reconcile` reports exactly what the line did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from activities.comparing import Compared, compared, told
from reconciling import Mode, Side
from simulator.judge import judge
from tests.migration.announced import CONFIRMED, SELLER, Announced

WEEK = timedelta(days=7)


def lead(it: Announced, dice: Random) -> None:
    """Some 14 orders a day: some early, some unpaid, some shipped or cancelled later."""
    begin = it.now
    for at in sorted(begin + dice.random() * (WEEK - timedelta(hours=2)) for _ in range(100)):
        it.later(at, lambda: place(it, dice))


def place(it: Announced, dice: Random) -> None:
    late = dice.random() < 0.2
    order_id = it.order(visible_after=timedelta(seconds=dice.randint(1, 50)) if late else timedelta(), paid=dice.random() < 0.8)
    for chance, hours, act in (
        (0.3, 1.0, lambda: it.world.pay(SELLER, order_id)),
        (0.5, 30.0, lambda: it.world.ship(SELLER, order_id)),
        (0.2, 0.1, lambda: it.cancel(order_id)),
    ):
        if dice.random() < chance:
            it.later(it.now + timedelta(minutes=2, hours=dice.random() * hours), act)


def reconciled(it: Announced) -> Compared:
    return compared(it.store, SELLER, it.now - WEEK, it.now)


def missing(found: Compared) -> Iterator[str]:
    yield from (one["entity_id"] for one in told(found)["missing"]["notifications"])


def test_no_change_is_lost_and_reconcile_reports_exactly_the_ledger_of_the_notifications(anna: Announced) -> None:
    anna.line.lost, anna.line.doubled = 0.05, 0.02
    anna.store.modes.set(SELLER, Mode.SHADOW)
    lead(anna, Random(5))

    anna.run(anna.now + WEEK)

    found = reconciled(anna)
    ids = [sent.order_id for sent in anna.ledger if sent.topic == CONFIRMED]
    lost = anna.untold()
    assert len(ids) == 100
    assert len(lost) >= 3  # there was something to find
    assert sum(sent.early for sent in anna.ledger) >= 3
    assert sum(len(sent.arrives) == 2 for sent in anna.ledger) >= 1
    assert sorted(missing(found)) == sorted(lost)
    assert found.comparison.only_notifications == ()
    seen = anna.store.modes.seen(SELLER, anna.now - WEEK, anna.now)
    assert {one.entity_id for one in seen if one.kind == "order" and one.seen_by(Side.NOTIFICATIONS)} == anna.told()
    verdict = judge(anna.world.rows(), anna.store.feed.read(limit=100_000), at=anna.now, kinds=("order", "fulfillment"))
    assert (verdict.lost, verdict.twice, verdict.wrong) == (0, 0, 0), verdict.examples
    assert not found.verdict.ready
    assert found.verdict.why.startswith(f"{len(lost)} changes were told by no notification within 7 days")
