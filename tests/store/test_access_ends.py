"""What access leaves behind ends by itself: acts, answers, tokens and sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.retention import Retention
from domain.scopes import Scope
from store import Store
from store.access.audit import CHUNK
from store.access.idempotency import EarlierRequest
from tests.store.partitioned import run

KEEP = Retention(audit=timedelta(days=10))


def forget(store: Store) -> int:
    """Rounds until none is left."""
    rounds = 0
    while store.retention.forget(KEEP):
        rounds += 1
    return rounds


def test_acts_go_by_their_age_some_thousand_at_a_time(store: Store) -> None:
    run(
        store,
        "INSERT INTO sellerbeat.audit (at, author, action) SELECT now() - interval '11 days', 'os:x', 'old' FROM generate_series(1, :many)",
        many=CHUNK + 1,
    )
    store.audit.begin("os:x", "young")

    rounds = forget(store)

    assert [act["action"] for act in store.audit.read()] == ["young"]
    assert rounds >= 2


def test_answers_go_after_a_day(store: Store) -> None:
    for key in ("old", "young"):
        store.idempotency_keys.begin("tok", key, b"request")
    run(store, "UPDATE sellerbeat.idempotency_keys SET begun_at = now() - interval '25 hours' WHERE key = 'old'")

    forget(store)

    assert isinstance(store.idempotency_keys.begin("tok", "young", b"another"), EarlierRequest)
    assert run(store, "SELECT count(*) FROM sellerbeat.idempotency_keys") == [(1,)]


def test_tokens_stay_listed_for_thirty_days_behind_their_end(store: Store) -> None:
    for name in ("in-use", "ends-later", "revoked-lately", "revoked-long-ago", "expired-lately", "expired-long-ago"):
        store.api_tokens.create(name, Scope.FEED, by="os:x", ebay=False, sellers=[])
    for name, column, days in (
        ("ends-later", "expires_at", -5),
        ("revoked-lately", "revoked_at", 29),
        ("revoked-long-ago", "revoked_at", 31),
        ("expired-lately", "expires_at", 29),
        ("expired-long-ago", "expires_at", 31),
    ):
        run(store, f"UPDATE sellerbeat.api_tokens SET {column} = now() - interval '1 day' * :days WHERE name = :name", days=days, name=name)

    forget(store)

    listed = {row["name"]: row["state"] for row in store.api_tokens.all()}
    assert listed == {"in-use": "active", "ends-later": "active", "revoked-lately": "revoked", "expired-lately": "expired"}
    assert {row["name"] for row in store.api_tokens.all()[:2]} == {"in-use", "ends-later"}


def test_sessions_are_remembered_as_long_as_their_cookies_would_open(store: Store) -> None:
    now = datetime.now(UTC)
    store.ended_sessions.add("good", now + timedelta(hours=11))
    store.ended_sessions.add("good", now + timedelta(hours=11))
    store.ended_sessions.add("over", now - timedelta(hours=2))

    known = store.ended_sessions.all()
    forget(store)

    assert known == {"good"}
    assert run(store, "SELECT id FROM sellerbeat.ended_sessions") == [("good",)]
