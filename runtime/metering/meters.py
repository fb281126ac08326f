"""Our own figures, kept by the meter of Temporal's runtime. A figure takes a microsecond or two; without /metrics it goes nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from temporalio.common import MetricCounter, MetricGaugeFloat, MetricHistogramFloat, MetricMeter

from runtime.metering import metrics
from runtime.metering.metrics import Metric, MetricKind

RESOURCES = ("orders", "inventory", "trading", "feed")
OUTCOMES = ("good", "more", "waiting", "failed")
DELIVERED = ("delivered", "refused", "redirected", "gone", "unanswered", "forbidden")
NOTIFIED = ("kept", "copy", "forged", "oversize", "slow", "unverified", "failed")
ANSWERS = ("2xx", "3xx", "4xx", "5xx", "none")


class StoreCounts(Protocol):
    """What a commit kept."""

    @property
    def changes(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def missed(self) -> int: ...


class Meters:
    """Shared by all threads."""

    def __init__(self, meter: MetricMeter) -> None:
        self._counters: dict[str, MetricCounter] = {}
        self._gauges: dict[str, MetricGaugeFloat] = {}
        self._histograms: dict[str, MetricHistogramFloat] = {}
        for one in metrics.METRICS:
            if one.kind is MetricKind.COUNTER:
                self._counters[one.name] = meter.create_counter(one.made_as, one.text)
            elif one.kind is MetricKind.GAUGE:
                self._gauges[one.name] = meter.create_gauge_float(one.made_as, one.text)
            else:
                self._histograms[one.name] = meter.create_histogram_float(one.made_as, one.text)
        self._labelled: dict[tuple[str, ...], MetricCounter] = {}

    def begin(self, streams: Iterable[str]) -> None:
        """Every counter at 0 from the start: without that a first increase is none for Prometheus."""
        for stream in streams:
            for outcome in OUTCOMES:
                self.add(metrics.POLLS, 0, stream, outcome)
            for metric in (metrics.CHANGES, metrics.DUPLICATES, metrics.MISSED):
                self.add(metric, 0, stream)
        for resource in RESOURCES:
            for answer in ANSWERS:
                self.add(metrics.CALLS, 0, resource, answer)
        for resource in (*RESOURCES, "tokens"):
            self.set(metrics.ILL, 0, resource)
        for outcome in DELIVERED:
            self.add(metrics.DELIVERIES, 0, outcome)

    def begin_inbox(self) -> None:
        """The same for a web process."""
        for outcome in NOTIFIED:
            self.add(metrics.NOTIFICATIONS, 0, outcome)

    def add(self, metric: Metric, value: int, *labels: str) -> None:
        key = (metric.name, *labels)
        if (counter := self._labelled.get(key)) is None:
            named = dict(zip(metric.labels, labels, strict=True))
            counter = self._labelled[key] = self._counters[metric.name].with_additional_attributes(named)
        counter.add(value)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        self._gauges[metric.name].set(float(value), dict(zip(metric.labels, labels, strict=True)))

    def note(self, metric: Metric, value: float, *labels: str) -> None:
        self._histograms[metric.name].record(max(value, 0.0), dict(zip(metric.labels, labels, strict=True)) or None)

    # what the steps tell

    def polled(self, stream: str, *, more: bool, waiting: bool) -> None:
        self.add(metrics.POLLS, 1, str(stream), "waiting" if waiting else "more" if more else "good")

    def failed(self, stream: str, error: BaseException) -> None:
        """By the error's class, which is one of a handful. An ApplicationError names it as its type."""
        self.add(metrics.POLLS, 1, str(stream), "failed")
        self.add(metrics.FAILURES, 1, str(stream), getattr(error, "type", None) or type(error).__name__)

    def stored(self, stream: str, stored: StoreCounts, delays: Sequence[float]) -> None:
        """What a commit kept; `delays` in seconds, one for each changed order that has a date."""
        if stored.changes:
            self.add(metrics.CHANGES, stored.changes, str(stream))
        if stored.duplicates:
            self.add(metrics.DUPLICATES, stored.duplicates, str(stream))
        if stored.missed:
            self.add(metrics.MISSED, stored.missed, str(stream))
        for delay in delays:
            self.note(metrics.DELAY, delay)

    def answered(self, resource: str, status: int | None, took_s: float) -> None:
        """A call to eBay; `status` None: no answer came."""
        self.add(metrics.CALLS, 1, resource, f"{status // 100}xx" if status else "none")
        if status:
            self.note(metrics.ANSWER, took_s, resource)

    def delivery(self, outcome: str, took_s: float) -> None:
        """A message to an endpoint."""
        self.add(metrics.DELIVERIES, 1, outcome)
        self.note(metrics.RECEIVER, took_s)

    def notified(self, outcome: str) -> None:
        """A request to /ebay/notifications; `outcome`: one of NOTIFIED."""
        self.add(metrics.NOTIFICATIONS, 1, outcome)


SILENT = Meters(MetricMeter.noop)
