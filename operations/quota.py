"""What eBay's quota is used for, and the answer before the next seller: how fresh a larger fleet would be."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from activities.fleet.planning import facts
from activities.polling.pace import pace_of
from domain.pacing import PacingSettings, Stream, fleet_prior, words
from domain.pacing.forecast import Freshness, forecast, with_notifications
from operations.context import CommandContext
from store.quota.permits import SHARES
from store.schema.times import iso

SAMPLE = 600  # sellers stand for all: a forecast of thousands takes seconds
TIMES_MORE = (2, 5)  # what more quota would buy


def use(context: CommandContext) -> list[dict[str, Any]]:
    """By resource: permits given today against the limit, what eBay counted, and the level of the planner."""
    known, ledgers = {row["resource"]: row for row in context.store.quota_use()}, context.store.permits.all()
    said = context.store.levels.all()
    rows: list[dict[str, Any]] = []
    for resource in sorted((known.keys() | ledgers.keys()) - SHARES.keys()):  # of eBay's: a share is in that of its whole
        ledger, ebays = ledgers.get(resource), known.get(resource, {})
        plan = said[resource].plan if resource in said else None
        rows.append(
            {
                "resource": resource,
                "used": ledger.used if ledger else ebays.get("used", 0),  # a poll may call more than its stream's resource
                "limit": ledger.limit if ledger else ebays.get("limit") or getattr(context.settings, f"quota_{resource}", None),
                "remaining": ebays.get("remaining"),
                "reset_at": iso(ledger.reset_at) if ledger else ebays.get("reset_at"),
                "level": level_words(plan),
            }
        )
    return rows


def level_words(plan: dict[str, Any] | None) -> str | None:
    """The planner's level in words: `full`, a number, or how short the quota is."""
    if plan is None:
        return None
    if plan["k"] is None:
        return "full"
    return f"short: intervals {plan['squeeze']:.1f} times the promise" if plan["squeeze"] > 1 else f"{plan['k']:.3g}"


def planned(context: CommandContext, sellers: int) -> list[dict[str, Any]]:
    """The freshness that so many sellers like these would get from the quota of orders: as it is, with more of it, with notifications."""
    settings = context.settings
    rules = PacingSettings(
        base_s=settings.orders_every.total_seconds(),
        promise_s=settings.pacing_promise.total_seconds(),
        use_spare=settings.pacing_use_spare,
    )
    rows = context.store.levels.fleet([Stream.ORDERS.value])
    fleet = [(pace_of(row.pace, row.last_change_at or row.enrolled_at), facts(row, Stream.ORDERS)) for row in rows]
    fleet = fleet[:: math.ceil(len(fleet) / SAMPLE) or 1]
    ledger = context.store.permits.all().get("orders")
    limit = ledger.limit if ledger else settings.quota_orders
    caused, now = (ledger.caused if ledger else 0.0) * len(fleet) / max(len(rows), 1), context.store.levels.clock().timestamp()
    prior = fleet_prior(pace for pace, _ in fleet)

    def ask(what: str, quota: int, among: list[Any] = fleet) -> dict[str, Any]:
        return row_of(what, forecast(among, sellers, quota, now, rules, prior, other_calls_per_day=caused))

    more = [ask(f"{times} times the quota", limit * times) for times in TIMES_MORE]
    return [ask("as it is", limit), *more, ask("with notifications", limit, with_notifications(fleet))]


def row_of(what: str, found: Freshness) -> dict[str, Any]:
    """A row of the forecast: its figures, and in words those that people read."""
    short = found.calls_promised > found.calls
    return {
        "what": what,
        **{name: value for name, value in asdict(found).items() if name != "level"},
        "level": None if math.isinf(found.level.k) else round(found.level.k, 3),
        "mean": words(round(found.mean_s)),
        "p95": words(round(found.p95_s)),
        "longest": words(round(found.longest_s)),
        "calls": f"{found.calls_desired:,.0f} wished, {found.calls:,.0f} there" + ("; the promise does not fit" if short else ""),
    }
