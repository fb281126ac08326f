"""Polling compared with notifications, from what the store holds: over a period for people, over the last week for the verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.comparison import Comparison, Delays, MissingChange, Mode, Readiness, Rules, compare, verdict
from domain.comparison.rules import RULES
from store import Store, StoreError, UnknownSellerError
from store.schema.kinds import AlertKind
from store.schema.times import iso
from store.steps.modes import Watch

logger = logging.getLogger("sellerbeat.comparing")
DAILY, AT_ONCE = timedelta(days=1), 10  # sellers a minute: some 14,000 a day
READY_TEXT = "ready for webhooks: {why}"
MONTH = timedelta(days=30)  # of which orders `unseen_share` counts


@dataclass(frozen=True, slots=True)
class SellerComparison:
    """One seller's comparison over [since, until), and whether they are ready, which goes by the last week in any case."""

    seller_id: str
    watch: Watch
    since: datetime
    until: datetime
    comparison: Comparison
    verdict: Readiness


def compared(store: Store, seller_id: str, since: datetime, until: datetime, rules: Rules = RULES) -> SellerComparison:
    """
    Raises:
        UnknownSellerError: never enrolled.
    """
    store.seller(seller_id)
    watch, now, over = _period(store, seller_id, rules)
    week = over(now - rules.shadow, now)
    asked = week if (since, until) == (now - rules.shadow, now) else over(since, until)
    return SellerComparison(seller_id, watch, since, until, asked, verdict(watch.mode, watch.since or now, now, week, rules))


def evaluate(store: Store, seller_id: str, rules: Rules = RULES) -> Readiness | None:
    """The comparison of the last week, kept for status and page, and for the pace what the last month's orders say.

    None: the mode was changed meanwhile, so nothing was kept.
    """
    watch, now, over = _period(store, seller_id, rules)
    week, month = over(now - rules.shadow, now), over(now - MONTH, now, "order")
    found = verdict(watch.mode, watch.since or now, now, week, rules)
    summed = {**counts(week), "ready": found.ready, "why": found.why, "days": rules.shadow.days}
    return found if store.modes.compared(seller_id, watch, summed, month.orders, month.polls_first) else None


def evaluate_due(store: Store) -> None:
    """The daily comparison of each seller in shadow or webhooks whose last one is a day old; some at a time."""
    for seller_id in store.modes.due(DAILY, AT_ONCE):
        try:
            if found := evaluate(store, seller_id):
                sync_alert(store, seller_id, found)
        except UnknownSellerError:  # removed meanwhile
            continue
        except StoreError:
            raise
        except Exception as error:  # of this seller alone: the watchdog has others to look after
            logger.error("comparison failed", extra={"seller_id": seller_id, "error": type(error).__name__})


def sync_alert(store: Store, seller_id: str, found: Readiness) -> None:
    """An alert says that a seller in shadow is ready: what made them leave webhooks is over then."""
    if found.ready and store.modes.get(seller_id).mode is Mode.SHADOW:
        store.open_alert(AlertKind.READY_FOR_WEBHOOKS, READY_TEXT.format(why=found.why), seller_id)
        store.close_alert(AlertKind.NOT_NOTIFIED, seller_id)
        store.close_alert(AlertKind.NOTIFICATIONS_STOPPED, seller_id)
    else:
        store.close_alert(AlertKind.READY_FOR_WEBHOOKS, seller_id)


def _period(store: Store, seller_id: str, rules: Rules) -> tuple[Watch, datetime, Callable[..., Comparison]]:
    watch, now, polled = store.modes.get(seller_id), store.modes.clock(), store.modes.polled(seller_id)

    def over(since: datetime, until: datetime, kind: str | None = None) -> Comparison:
        return compare(store.modes.seen(seller_id, since, until, kind), now, polled, rules=rules)

    return watch, now, over


def counts(it: Comparison) -> dict[str, Any]:
    """Without ids: small enough for a row, a log and the page."""
    return {
        "changes": it.changes,
        "both": it.both,
        "folded": it.folded,
        "late": it.late,
        "only_polling": len(it.only_polling),
        "only_notifications": len(it.only_notifications),
        "pending": it.pending.polling + it.pending.notifications,
        "unannounced": it.unannounced,
        "notifications_ahead": _delays(it.notifications_ahead),
        "polling_ahead": _delays(it.polling_ahead),
    }


def summary(week: Mapping[str, Any] | None) -> str:
    """What the last comparison came to, in a line; "" before the first."""
    if not week:
        return ""
    counts = f"{week['both']} by both, {week['only_polling']} by polling only, {week['only_notifications']} by notifications only"
    return f"changes of {week['days']} days: {counts}; {'ready for webhooks' if week['ready'] else 'not yet ready'}: {week['why']}"


def as_json(it: SellerComparison) -> dict[str, Any]:
    """All of it, as `starter.py reconcile --json` prints it."""
    return {
        "seller_id": it.seller_id,
        "mode": it.watch.mode.value,
        "mode_since": iso(it.watch.since),
        "since": iso(it.since),
        "until": iso(it.until),
        **counts(it.comparison),
        "ready": it.verdict.ready,
        "why": it.verdict.why,
        "missing": {
            "notifications": [_missing(one) for one in it.comparison.only_polling],
            "polling": [_missing(one) for one in it.comparison.only_notifications],
        },
    }


def _missing(one: MissingChange) -> dict[str, Any]:
    return {**asdict(one), "occurred_at": iso(one.occurred_at), "detected_at": iso(one.detected_at)}


def _delays(it: Delays) -> dict[str, Any]:
    return {"count": it.count, "median_s": round(it.median_s, 3), "p95_s": round(it.p95_s, 3), "max_s": round(it.max_s, 3)}
