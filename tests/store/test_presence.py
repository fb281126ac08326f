"""Workers say in Postgres that they are there, and whoever reads Postgres knows how all is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from domain.health import HealthPart, findings, standstill
from domain.health_facts import WorkerFindings
from store import Store, StoreError
from store.schema.presence import Presence, forget_workers
from store.schema.vault import Vault
from tests.store.documents import enroll

WELL = WorkerFindings()
SINCE = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


def run(store: Store, statement: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(statement))


def is_silent(store: Store, for_: str = "1 minute") -> None:
    """As if it had last said so long ago that it is there."""
    run(store, f"UPDATE sellerbeat.workers SET last_seen_at = last_seen_at - interval '{for_}'")


def test_a_worker_that_says_that_it_is_there_is_seen_with_what_it_finds(store: Store) -> None:
    store.presence.record("w", "q", WorkerFindings(temporal_since=SINCE, schedules_paused=("planner",)))

    (worker,) = store.health.facts().live

    assert (worker.task_queue, worker.ended_at) == ("q", None)
    assert worker.findings == WorkerFindings(temporal_since=SINCE, schedules_paused=("planner",))


def test_sellers_are_stalled_while_no_worker_is_seen_and_poll_again_with_the_next_word(store: Store) -> None:
    enroll(store)
    store.presence.record("w", "q", WELL)
    (before,) = store.status.all()
    is_silent(store)
    (silent,) = store.status.all()
    store.presence.record("w", "q", WELL)
    (after,) = store.status.all()

    assert [one["state"] for one in (before, silent, after)] == ["polling", "stalled", "polling"]
    assert silent["reason"].startswith("no worker is seen: it is frozen or dead, since 20")


def test_sellers_are_stalled_where_no_worker_ever_said_a_word_and_nobody_was_polled(store: Store) -> None:
    enroll(store)
    run(store, "UPDATE sellerbeat.sellers SET detected_at = now()")
    (new,) = store.status.all()
    run(store, "UPDATE sellerbeat.sellers SET detected_at = detected_at - interval '2 minutes'")
    (waiting,) = store.status.all()
    run(store, "UPDATE sellerbeat.streams SET last_poll_at = now() WHERE stream = 'orders'")
    (polled,) = store.status.all()  # by a worker of a version that does not say that it is there

    assert [one["state"] for one in (new, waiting, polled)] == ["polling", "stalled", "polling"]
    assert waiting["reason"] == "no worker has run yet"


def test_a_worker_that_was_stopped_is_no_dead_one(store: Store) -> None:
    store.presence.record("w", "q", WELL)
    store.presence.end("w")
    is_silent(store)

    found = standstill(store.health.facts())

    assert found is not None
    assert "was stopped" in found.what


def test_where_no_row_can_be_written_that_is_the_cause_and_no_worker_is_missed(own_store: Store) -> None:
    """As where the disk is full, which is a refusal like any."""
    own_store.presence.record("w", "q", WELL)
    is_silent(own_store)
    run(
        own_store,
        """
        CREATE FUNCTION sellerbeat.is_full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$
        """,
    )
    run(own_store, "CREATE TRIGGER full_disk BEFORE INSERT ON sellerbeat.workers FOR EACH ROW EXECUTE FUNCTION sellerbeat.is_full()")

    (found,) = findings(own_store.health.facts())

    assert (found.part, found.sentence) == (HealthPart.WRITES, "nothing can be stored: the disk of Postgres is full")
    assert "make room" in found.remedy


def test_a_look_whether_a_row_can_be_written_leaves_none(store: Store) -> None:
    assert store.health.facts(try_to_write=True).writes is None
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM sellerbeat.workers")).scalar_one() == 0


def test_keys_that_open_no_stored_token_are_noticed_with_a_word_and_by_a_look(store: Store) -> None:
    stranger = Presence(store.engine, Vault([Fernet.generate_key().decode()]))

    assert (store.presence.opens_tokens(), stranger.opens_tokens()) == (True, False)
    assert store.presence.record("w", "q", WELL).opens_tokens
    assert not stranger.record("w", "q", WELL).opens_tokens
    run(store, "UPDATE sellerbeat.tokens SET refresh_token = NULL")
    assert stranger.opens_tokens()


def test_a_disk_with_room_is_not_full_and_a_limit_of_files_is_no_disk(own_store: Store) -> None:
    assert not own_store.presence.disk_is_full()

    run(own_store, f'ALTER DATABASE "{own_store.engine.url.database}" SET temp_file_limit = 64')
    own_store.engine.dispose()
    with pytest.raises(StoreError, match="lacks connections, memory or disk"):
        own_store.presence.disk_is_full()


def test_old_workers_are_forgotten_but_for_the_last_one(store: Store) -> None:
    for name in ("a", "b"):
        store.presence.record(name, "q", WELL)
        is_silent(store, "2 days")

    assert forget_workers(store.engine) == 1
    assert len(store.health.facts().workers) == 1
    assert store.health.facts().now - store.health.facts().workers[0].last_seen_at > timedelta(days=1)


def test_overdue_polls_of_orders_are_counted_but_for_those_that_have_a_reason(store: Store) -> None:
    for seller in ("anna", "bert"):
        enroll(store, seller)
        run(
            store,
            f"UPDATE sellerbeat.streams SET next_poll_at = now() - interval '5 min' WHERE seller_id = '{seller}' AND stream = 'orders'",
        )
    run(store, "UPDATE sellerbeat.streams SET waits_for = 'quota' WHERE seller_id = 'bert'")

    facts = store.health.facts()

    assert (facts.enrolled, facts.awake, facts.overdue) == (3, 3, 1)
