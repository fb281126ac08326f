"""What comes always finds a partition, if need be the default one, which is put right; and what no index can see, `doctor` does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.partitions import LEAST
from store import Store
from store.schema.partitions import KEYS, partitions
from tests.store.documents import SELLER, enroll, order, store_orders
from tests.store.partitioned import DAY, KEEP, alerts, forget, live, made_on, names, run
from tests.support.waiting import eventually_here


def test_changes_for_which_nobody_made_a_partition_are_taken_and_put_right(own_store: Store) -> None:
    store_orders(own_store, order("o-1"))
    run(own_store, "SELECT setval('sellerbeat.positions', 71234)")
    store_orders(own_store, order("o-2"), order("o-3"))
    feed = own_store.feed.read()

    assert own_store.soundness.partitions() == ["change_events: a partition is missing, and rows from 71235 on lie in the default one"]
    now = datetime.now(UTC)
    forget(own_store, now)

    assert alerts(own_store) == []
    assert "alert.opened" not in [one["type"] for one in own_store.feed.read(limit=1000)]
    assert own_store.soundness.partitions() == []
    assert own_store.feed.read(limit=3) == feed
    assert names(own_store, "change_events") == ["change_events_first", "change_events_20000"]
    assert run(own_store, "SELECT count(*) FROM sellerbeat.change_events_default") == [(0,)]
    store_orders(own_store, order("o-4"))
    assert own_store.feed.read(limit=1000)[-1]["entity_id"] == "o-4"


def test_a_partition_that_cannot_be_made_is_alerted_until_it_is(own_store: Store) -> None:
    run(own_store, "SELECT setval('sellerbeat.positions', 71234)")
    store_orders(own_store, order("o-1"))
    now = datetime.now(UTC)
    with own_store.engine.connect() as reader:
        reader.execute(text("SELECT FROM sellerbeat.change_events"))
        own_store.retention.forget(KEEP, now)
    alerted = alerts(own_store)
    forget(own_store, now)

    assert alerted == ["change_events: a partition is missing, and rows from 71235 on lie in the default one"]
    assert alerts(own_store) == []


def test_positions_that_a_restore_leaves_out_make_no_partition_larger(own_store: Store) -> None:
    now = datetime.now(UTC)
    store_orders(own_store, order("o-1"))
    forget(own_store, now)

    own_store.restores.renew()
    renewed = own_store.soundness.partitions()
    store_orders(own_store, order("o-2"))
    forget(own_store, now)
    # The gap ends anywhere (by the clock), and between one and two times LEAST are left then: so that less than LEAST is.
    run(own_store, f"SELECT setval('sellerbeat.positions', nextval('sellerbeat.positions') + {LEAST - 1})")

    def made() -> bool:  # whoever holds the table for a fifth of a second, as a vacuum may, has it made in the next round
        forget(own_store, now)
        return len(names(own_store, "change_events")) > 2

    eventually_here(made)
    assert renewed == own_store.soundness.partitions() == []
    assert own_store.soundness.sequences() == ([], [])
    with own_store.engine.begin() as connection:
        first, over_the_gap, *later = partitions(connection, "change_events")
    assert over_the_gap.range.lower == first.range.upper
    assert later
    assert all(one.range.upper - (one.range.lower or 0) <= 2 * LEAST for one in later)


def test_polls_of_a_time_for_which_nobody_made_a_partition_are_put_right_too(own_store: Store) -> None:
    now = datetime.now(UTC)
    later = now + 25 * DAY
    live(own_store, now)
    live(own_store, later)
    live(own_store, later + 100 * DAY)  # by a clock that leapt

    forget(own_store, later)

    assert own_store.soundness.partitions(later) == []
    assert alerts(own_store) == []
    assert [run(own_store, f"SELECT count(*) FROM sellerbeat.{table}_default") for table in KEYS] == [[(0,)]] * 3
    assert run(own_store, "SELECT count(*) FROM sellerbeat.deliveries") == [(60,)]
    assert own_store.retention.forget(KEEP, later) == 0


def test_a_partition_that_was_left_half_made_is_in_nobodys_way(own_store: Store) -> None:
    now = made_on(own_store)
    live(own_store, now)
    with own_store.engine.begin() as connection:  # of the day when the tables were made, which midnight may lie between
        edge = partitions(connection, "poll_runs")[0].range.upper
    empty, filled = f"poll_runs_{edge:%Y%m%d}", f"poll_runs_{edge + DAY:%Y%m%d}"
    run(own_store, f"CREATE TABLE sellerbeat.{empty} (LIKE sellerbeat.poll_runs INCLUDING ALL)")
    run(own_store, f"CREATE TABLE sellerbeat.{filled} AS SELECT * FROM sellerbeat.poll_runs")

    forget(own_store, now + 2 * DAY)

    assert names(own_store, "poll_runs") == ["poll_runs_first", empty, f"{filled}_"]
    assert run(own_store, f"SELECT count(*) FROM sellerbeat.{filled}") == [(20,)]
    assert own_store.retention.forget(KEEP, now + 2 * DAY) == 0


def test_partitions_that_a_hand_made_without_an_end_are_borne(own_store: Store) -> None:
    now = made_on(own_store)
    run(own_store, "CREATE TABLE sellerbeat.far PARTITION OF sellerbeat.poll_runs FOR VALUES FROM ('2200-01-01') TO (MAXVALUE)")
    run(own_store, "CREATE TABLE sellerbeat.last PARTITION OF sellerbeat.deliveries FOR VALUES FROM ('2200-01-01') TO ('infinity')")
    run(own_store, "CREATE TABLE sellerbeat.high PARTITION OF sellerbeat.change_events FOR VALUES FROM (1000000000000) TO (MAXVALUE)")
    run(own_store, "SELECT setval('sellerbeat.positions', 12000)")

    forget(own_store, now + 3 * DAY)

    assert own_store.soundness.partitions(now + 3 * DAY) == []
    assert names(own_store, "change_events") == ["change_events_first", "change_events_20000", "high"]
    assert names(own_store, "poll_runs")[1:][-1] == "far"
    assert len(names(own_store, "poll_runs")) == 5


def test_enough_positions_are_ahead_without_waiting_for_the_hour(own_store: Store) -> None:
    now = datetime.now(UTC)
    assert not own_store.retention.partitioning.is_due()
    forget(own_store, now)
    before = own_store.retention.partitioning.is_due()
    run(own_store, "SELECT setval('sellerbeat.positions', 10001)")

    assert (before, own_store.retention.partitioning.is_due()) == (False, True)
    forget(own_store, now)
    assert not own_store.retention.partitioning.is_due()


def test_a_partition_is_as_large_as_what_was_drawn_lately(own_store: Store) -> None:
    now = datetime.now(UTC)
    run(own_store, "ALTER SEQUENCE sellerbeat.positions INCREMENT 1000")
    live(own_store, now - 5 * DAY, count=100)
    live(own_store, now, count=140)

    forget(own_store, now)

    assert names(own_store, "change_events")[-1] == "change_events_20000"
    with own_store.engine.begin() as connection:
        assert partitions(connection, "change_events")[-1].range.upper == 400_000  # some 140,000 were drawn lately, up to 240,001


COPY = """
    INSERT INTO sellerbeat.change_events
    SELECT position + {moved}, {columns}, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data
    FROM sellerbeat.change_events WHERE position = {position}
"""


@pytest.mark.parametrize("columns", ["id, seller_id, sequence + 1", "id || '-', seller_id, sequence"], ids=["id", "sequence"])
def test_within_a_partition_an_id_and_a_sequence_are_there_once(own_store: Store, columns: str) -> None:
    store_orders(own_store, order("o-1"))
    run(own_store, COPY.format(moved=500_000, columns="id, seller_id, sequence", position=1))

    for position in (1, 500_001):  # the first partition, and the default one
        with pytest.raises(IntegrityError):
            run(own_store, COPY.format(moved=1, columns=columns, position=position))


def test_the_doctor_sees_a_sequence_that_is_there_twice_and_one_that_is_lacking(own_store: Store) -> None:
    enroll(own_store, "seller-2")
    for seller in (SELLER, "seller-2"):
        store_orders(own_store, *(order(f"o-{number}") for number in range(4)), seller_id=seller)
    well = own_store.soundness.sequences()
    run(
        own_store,
        """
        INSERT INTO sellerbeat.change_events SELECT position + 30000, id || '-', seller_id, sequence, type, entity_id, version, occurred_at,
            detected_at, source, changed, previous, data FROM sellerbeat.change_events WHERE seller_id = 'seller-2' AND sequence = 2
    """,
    )
    run(own_store, "DELETE FROM sellerbeat.change_events WHERE seller_id = :seller AND sequence = 3", seller=SELLER)

    assert well == ([], [])
    assert own_store.soundness.sequences() == (["seller-2"], [SELLER])
