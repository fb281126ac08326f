"""What `docs/captures/` shows: the commands' own screens of a made-up fleet, at a clock that stands. `make docs` writes it; a test
compares."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.fleet.comparing import SellerComparison
from console.cells import ScreenClock
from console.fleet import show_list
from console.migration import show_comparisons
from console.output import out
from console.reports import show_deliveries, show_groups, show_quota
from console.standing import standing
from domain.alert_groups import OpenAlert, group_alerts
from domain.comparison import Comparison, Delays, MissingChange, Mode, Readiness
from store.schema.times import iso
from store.steps.modes import Watch

WIDTHS = (60, 80, 120)
NOW = datetime(2026, 11, 30, 3, 4, 5, tzinfo=UTC)
LONG_ID = "shop-" + "x" * 95  # as long as an id may be


def ago(**much: float) -> str:
    return str(iso(NOW - timedelta(**much)))


def stream(polled_s: float, next_s: float, why: str, failures: int = 0, error: str | None = None) -> dict[str, Any]:
    times = {"last_poll_at": ago(seconds=polled_s), "next_poll_at": ago(seconds=-next_s)}
    return {**times, "why": why, "cursor": times["last_poll_at"], "failures": failures, "last_error": error, "progress": None}


def seller(
    seller_id: str, state: str, reason: str | None, changes: int, polled_s: float = 75, next_s: float | None = 225
) -> dict[str, Any]:
    return {
        "seller_id": seller_id,
        "state": state,
        "reason": reason,
        "streams": {},
        "changes_24h": changes,
        "api_calls_24h": 3 * changes,
        "token_ends_at": "2028-05-31T08:00:00.000Z",
        "mode": "polling",
        "mode_since": None,
        "compared_at": None,
        "comparison": None,
        "paused": {"reason": reason, "until": None, "by": "os:alice", "since": ago(hours=2)} if state == "paused" else None,
        "speed_up": None,
        "last_poll_at": ago(seconds=polled_s),
        "next_poll_at": None if next_s is None else ago(seconds=-next_s),
    }


UNAVAILABLE = "EbayUnavailableError: eBay answered 503 or not at all"
FLEET = [
    seller("anna", "polling", None, 1234),
    seller("bert", "paused", "stock-take until \u201cMonday\u201d", 0, 7200, None),
    seller("carla", "needs_reauthorization", "eBay refuses the refresh token (invalid_grant)", 17, 90_000, None),
    seller("dora", "failing", f"orders: {UNAVAILABLE}, 4 times in a row", 3, 910, -430),
    seller(LONG_ID, "polling", None, 40),
    *(seller(f"s-{number:04}", "polling", None, number % 90) for number in range(1, 2996)),
]
STATUS = seller("dora", "failing", f"orders: {UNAVAILABLE}, 4 times in a row", 1203) | {
    "streams": {
        "orders": stream(910, -430, "failed 4 times in a row: again in 8 min", 4, UNAVAILABLE),
        "fulfillment": stream(300, 600, "every 15 min"),
        "inventory": stream(900, 900, "quiet for 2 h: every 12 min"),
        "sweep": stream(40_000, 46_400, "every 1 d") | {"progress": 0.5},
    }
}
ALERTS = [
    ("failing:orders", "dora", f"orders cannot be polled: {UNAVAILABLE}, 4 times in a row", 900),
    ("needs_reauthorization", "carla", "eBay refuses the refresh token (invalid_grant)", 90_000),
    (
        "set_aside",
        "anna",
        "could not be read or kept, and set aside: order 03-14798-73169, \u06a9\u062a\u0627\u0628 \U0001f4da of \u4e66",
        300_000,
    ),
]
QUOTAS = [
    ("feed", 12, 100_000, 99_988, "full"),
    ("inventory", 1_204_311, 2_000_000, 795_689, "full"),
    ("orders", 98_765, 100_000, 1_235, "short: intervals 1.4 times the promise"),
    ("trading", 4_321, 5_000, None, None),
]
ATTEMPTS = [
    (14, "ep-1f2e3d4c", "anna", 120_417, "order.created", 1, "delivered", 200, 83, None),
    (75, "ep-1f2e3d4c", "dora", 120_416, "inventory.out_of_stock", 3, "failed", 503, 1_204, "answer"),
    (3_700, "ep-9a8b7c6d", LONG_ID, 120_391, "fulfillment.updated", 12, "failed", None, 10_000, "timeout"),
]


def a_list() -> None:
    show_list([dict(row) for row in FLEET], None, 6, on_screen=False)


def a_status() -> None:
    out(standing(STATUS | {"streams": {name: dict(one) for name, one in STATUS["streams"].items()}}))


def some_alerts() -> None:
    ebay = OpenAlert(
        "ebay_down", None, "eBay's Inventory API is down: 503. One call in a while asks whether it is back", NOW - timedelta(minutes=8)
    )
    failing = [OpenAlert("failing:inventory", f"s-{n:04}", "inventory: more than 3 failures in a row", NOW) for n in range(1, 2996)]
    others = [OpenAlert(kind, whose, text, NOW - timedelta(seconds=age)) for kind, whose, text, age in ALERTS]
    show_groups(group_alerts([ebay, *failing, *others]))


def the_quota() -> None:
    names = ("resource", "used", "limit", "remaining", "level")
    show_quota([dict(zip(names, row, strict=True)) | {"reset_at": ago(hours=-5)} for row in QUOTAS])


def some_deliveries() -> None:
    names = ("endpoint_id", "seller_id", "position", "type", "attempt", "outcome", "status", "took_ms", "kind")
    rows = [dict(zip(names, row, strict=True)) | {"at": ago(seconds=seconds)} for seconds, *row in ATTEMPTS]
    show_deliveries([row | {"event_id": f"7d9a3c5e-1f2b-5a6c-8d4e-0f1a2b3c4d{number:02}"} for number, row in enumerate(rows)])


def a_comparison() -> None:
    late = MissingChange("e-1", "order.updated", "03-14798-73169", 3, "ORDER_CONFIRMATION", NOW - timedelta(hours=5), NOW)
    week, watch = NOW - timedelta(days=7), Watch(Mode.SHADOW, NOW - timedelta(days=9))
    good = Comparison(changes=1_310, both=1_288, folded=12, late=1, unannounced=20, notifications_ahead=Delays(1_240, 121, 290, 340))
    bad = Comparison(changes=311, both=290, folded=3, only_polling=(late,) * 5, unannounced=16, polling_ahead=Delays(3, 4, 9, 9))
    verdicts = {
        "anna": (good, Readiness(True, "nothing was missed in 7 days")),
        "dora": (bad, Readiness(False, "5 changes were not notified")),
    }
    show_comparisons([SellerComparison(name, watch, week, NOW, *found) for name, found in verdicts.items()], alone=False)


SCREENS: dict[str, Callable[[], None]] = {
    "list": a_list,
    "status": a_status,
    "alerts": some_alerts,
    "deliveries": some_deliveries,
    "reconcile": a_comparison,
    "quota": the_quota,
}


@contextmanager
def standing_still(width: int) -> Any:
    """A terminal of this width, at that moment."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"], ScreenClock.stands_at = str(width), NOW
    try:
        yield
    finally:
        ScreenClock.stands_at = None
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def capture(name: str, width: int) -> str:
    """The screen of a command."""
    shown = io.StringIO()
    with standing_still(width), redirect_stdout(shown):
        SCREENS[name]()
    return shown.getvalue()


def captures() -> dict[str, str]:
    """All of them, by the name of their file in `docs/captures/`."""
    return {f"{name}-{width}.txt": capture(name, width) for name in SCREENS for width in WIDTHS}
