"""Every metric of our own. docs/reference/metrics.md says more of each; a test compares the two.

Labels are few and bounded: a stream, a resource, a state, the class of an error. Never a seller: there may be thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
DELAYS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0)


class MetricKind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    name: str  # as Prometheus has it
    kind: MetricKind
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def made_as(self) -> str:
        """The name that the meter is told: it adds `_total` by itself."""
        return self.name.removesuffix("_total") if self.kind is MetricKind.COUNTER else self.name


# counted by the worker that does it
POLLS = Metric("sellerbeat_polls_total", MetricKind.COUNTER, "steps of polls, by how they ended", ("stream", "outcome"))
FAILURES = Metric("sellerbeat_failures_total", MetricKind.COUNTER, "failed steps, by the class of the error", ("stream", "error"))
CHANGES = Metric("sellerbeat_changes_total", MetricKind.COUNTER, "new versions of entities that were recorded", ("stream",))
DUPLICATES = Metric("sellerbeat_duplicates_total", MetricKind.COUNTER, "entities that came again unchanged", ("stream",))
MISSED = Metric("sellerbeat_missed_changes_total", MetricKind.COUNTER, "changes that only a sweep or the daily report found", ("stream",))
CALLS = Metric("sellerbeat_api_calls_total", MetricKind.COUNTER, "calls to eBay, by resource and answer", ("resource", "answer"))
ANSWER = Metric("sellerbeat_api_answer_seconds", MetricKind.HISTOGRAM, "how long eBay took for its answers", ("resource",), SECONDS)
DELAY = Metric(
    "sellerbeat_detection_delay_seconds", MetricKind.HISTOGRAM, "from eBay's date of a changed order to its being seen", (), DELAYS
)
DELIVERIES = Metric("sellerbeat_deliveries_total", MetricKind.COUNTER, "messages sent to endpoints, by how they ended", ("outcome",))
RECEIVER = Metric("sellerbeat_delivery_answer_seconds", MetricKind.HISTOGRAM, "how long endpoints took for their answers", (), SECONDS)
ILL = Metric("sellerbeat_worker_unreachable", MetricKind.GAUGE, "1: this worker fails at eBay where others do not", ("resource",))
# counted by the web process that took it
NOTIFICATIONS = Metric("sellerbeat_notifications_total", MetricKind.COUNTER, "what came to /ebay/notifications, by its end", ("outcome",))
CONNECTIONS_CLOSED = Metric(
    "sellerbeat_web_connections_closed_total", MetricKind.COUNTER, "connections that web.py closed by itself, by why", ("why",)
)
# of the whole fleet, read from Postgres once a minute by web.py
SELLERS = Metric("sellerbeat_sellers", MetricKind.GAUGE, "enrolled sellers, by state", ("state",))
FRESHNESS = Metric(
    "sellerbeat_freshness_seconds", MetricKind.GAUGE, "time since the last good poll of orders, over the sellers", ("quantile",)
)
OVERDUE = Metric("sellerbeat_overdue_polls", MetricKind.GAUGE, "polls of orders that should have begun a minute ago")
LIMIT = Metric("sellerbeat_quota_limit_calls", MetricKind.GAUGE, "eBay's calls a day", ("resource",))
LEFT = Metric("sellerbeat_quota_left_calls", MetricKind.GAUGE, "calls that are left today", ("resource",))
ALERTS = Metric("sellerbeat_alerts_open", MetricKind.GAUGE, "open alerts", ("kind",))
CAUSES = Metric("sellerbeat_alert_causes", MetricKind.GAUGE, "open alerts, by what they follow from", ("cause",))
ASIDE = Metric("sellerbeat_set_aside_documents", MetricKind.GAUGE, "documents that are set aside")
WAITING = Metric("sellerbeat_delivery_oldest_seconds", MetricKind.GAUGE, "for how long the oldest change waits for an endpoint that is on")
ENDPOINTS = Metric("sellerbeat_endpoints", MetricKind.GAUGE, "endpoints, by state", ("state",))
MODES = Metric("sellerbeat_sellers_by_mode", MetricKind.GAUGE, "enrolled sellers, by how they are watched", ("mode",))
SEEN = Metric(
    "sellerbeat_compared_changes", MetricKind.GAUGE, "changes of the sellers' last weekly comparisons, by who saw them", ("seen_by",)
)
DOWN = Metric("sellerbeat_ebay_down", MetricKind.GAUGE, "1: eBay is down for everybody, by the breaker of a resource", ("resource",))
ERASING = Metric("sellerbeat_erasure_oldest_seconds", MetricKind.GAUGE, "for how long the oldest user who left waits to be forgotten")
UNHEALTHY = Metric("sellerbeat_unhealthy", MetricKind.GAUGE, "what is wrong with the whole, by part: 0 where all is well", ("part",))
READ_AT = Metric("sellerbeat_fleet_read_timestamp_seconds", MetricKind.GAUGE, "when the figures of the fleet were read last, in unix time")

METRICS = (
    *(POLLS, FAILURES, CHANGES, DUPLICATES, MISSED, CALLS, ANSWER, DELAY, DELIVERIES, RECEIVER, ILL, NOTIFICATIONS, CONNECTIONS_CLOSED),
    *(SELLERS, FRESHNESS, OVERDUE, LIMIT, LEFT, ALERTS, CAUSES, ASIDE, WAITING, ENDPOINTS, MODES, SEEN, DOWN, ERASING, UNHEALTHY, READ_AT),
)
