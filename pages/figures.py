"""The fleet's figures for /metrics: what only Postgres knows, read here once a minute, and nowhere else, so that nothing counts twice.

Several web processes tell the same figures; the rules and the dashboard take the `max` of them.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from domain.comparison import Mode
from domain.health import Finding, HealthPart
from domain.pacing.outage import DOWN_WORDS
from domain.seller_state import GRAVITY
from operations.alerts import grouped
from pages.fleet import AWAKE, freshness, quota
from runtime.metering import metrics
from runtime.metering.meters import Meters
from serving.context import WebContext
from store import Store, StoreError
from store.reading.overview import FleetOverview
from store.schema.kinds import AlertKind

EVERY_S = 60.0
HEALTH_EVERY_S, HEALTH_WITHIN_S = 15.0, 5.0
SEEN_BY = ("both", "only_polling", "only_notifications")
QUANTILES = (("0.5", 0.5), ("0.95", 0.95), ("1", 1.0))


async def refresh_figures(context: WebContext, meters: Meters) -> None:
    """Until cancelled. While Postgres does not answer the figures stay as they were, and their own age tells."""
    while True:
        with suppress(StoreError):
            await context.ask(look, context, meters, await context.health.findings(HEALTH_WITHIN_S))
        await asyncio.sleep(EVERY_S)


async def refresh_health(context: WebContext, meters: Meters) -> None:
    """Until cancelled; also while Postgres does not answer, which is a finding too."""
    for part in HealthPart:
        meters.set(metrics.UNHEALTHY, 0, part.value)
    while True:
        found = Counter(one.part for one in await context.health.findings(HEALTH_WITHIN_S))
        for part in HealthPart:
            meters.set(metrics.UNHEALTHY, found[part], part.value)
        await asyncio.sleep(HEALTH_EVERY_S)


def look(context: WebContext, meters: Meters, wrong: Sequence[Finding] = ()) -> None:
    """`wrong`: what is ill, and the cause of some alerts; it has a gauge of its own (`UNHEALTHY`)."""
    fleet = context.overview.fleet()
    for state in GRAVITY:
        if state != "removed":
            meters.set(metrics.SELLERS, sum(one.state == state for one in fleet.sellers), state)
    for (name, _), seconds in zip(QUANTILES, ages(fleet), strict=True):
        meters.set(metrics.FRESHNESS, seconds, name)
    meters.set(metrics.OVERDUE, freshness(fleet).overdue)
    for use in quota(context, fleet.now):
        meters.set(metrics.LIMIT, use.limit or 0, use.resource)
        meters.set(metrics.LEFT, max((use.limit or 0) - use.used, 0), use.resource)
    down = context.store.breakers.open()
    for resource in DOWN_WORDS:
        meters.set(metrics.DOWN, resource in down, resource)
    opened = context.store.status.open_alerts()
    for kind in AlertKind:
        meters.set(metrics.ALERTS, opened.get(kind.value, 0), kind.value)
    causes = {group.code: group.alerts for group in grouped(context, wrong)}
    for kind in AlertKind:
        meters.set(metrics.CAUSES, causes.get(kind.value, 0), kind.value)
    meters.set(metrics.ASIDE, context.store.status.aside())
    states = [endpoint.state for endpoint in context.store.endpoints.all()]
    for word in ("on", "failing", "off"):
        meters.set(metrics.ENDPOINTS, states.count(word), word)
    meters.set(metrics.WAITING, context.store.deliveries.oldest())
    compare(context.store, fleet, meters)
    meters.set(metrics.ERASING, context.store.deletions.oldest())
    meters.set(metrics.READ_AT, fleet.now.timestamp())


def compare(store: Store, fleet: FleetOverview, meters: Meters) -> None:
    """Polling beside notifications: what the last comparisons of all sellers in shadow or webhooks came to."""
    sums = store.modes.sums()
    for mode in Mode:
        meters.set(metrics.MODES, sum(one.mode == mode and one.state != "removed" for one in fleet.sellers), mode.value)
    for seen_by in SEEN_BY:
        meters.set(metrics.SEEN, sums[seen_by], seen_by)


def ages(fleet: FleetOverview) -> Sequence[float]:
    """Seconds since the last good poll of orders, by QUANTILES, of the sellers who are to be polled; 0 where there are none."""
    known = sorted((fleet.now - seller.fresh_at).total_seconds() for seller in fleet.sellers if seller.state in AWAKE)
    if not known:
        return [0.0] * len(QUANTILES)
    return [known[max(math.ceil(len(known) * share) - 1, 0)] for _, share in QUANTILES]
