"""A process's Temporal runtime: the endpoint of its metrics, and Core's log lines through Python's logging."""

from __future__ import annotations

import logging
import socket

from temporalio.common import MetricMeter
from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig, TelemetryFilter

from runtime.metering.meters import Meters
from runtime.metering.metrics import METRICS

CORE = logging.getLogger("temporalio.core")


class MetricsBindError(Exception):
    """The address is taken, or not ours. Act: SELLERBEAT_METRICS_BIND."""


def start(bind: str | None) -> Runtime:
    """The runtime that every client of this process shares; `bind`: `host:port` of /metrics, None: there is none.

    Call it before the process connects to Temporal: it is the default from then on.

    Raises:
        MetricsBindError: nothing can listen there.
    """
    forwarding = LogForwardingConfig(CORE, append_target_to_name=False, prepend_target_on_message=False, append_log_fields_to_message=False)
    logs = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    telemetry = TelemetryConfig(logging=logs, metrics=endpoint(bind) if bind else None, attach_service_name=False)
    try:
        runtime = Runtime(telemetry=telemetry)
    except (ValueError, RuntimeError) as error:  # taken between our look and its own
        raise MetricsBindError(f"SELLERBEAT_METRICS_BIND: cannot listen on {bind}: {error}") from None
    Runtime.set_default(runtime, error_if_already_set=False)
    return runtime


def endpoint(bind: str) -> PrometheusConfig:
    address = resolved(bind)
    buckets = {metric.made_as: metric.buckets for metric in METRICS if metric.buckets}
    return PrometheusConfig(
        address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True, histogram_bucket_overrides=buckets
    )


def resolved(bind: str) -> str:
    """The same with a number for the host, as Core takes no names; after a look whether it is free, whose error says more than Core's."""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.create_server((str(address[0]), int(port)), family=family):
            pass
    except OSError as error:
        raise MetricsBindError(f"SELLERBEAT_METRICS_BIND: cannot listen on {bind}: {error.strerror or error}") from None
    number = str(address[0])
    return f"[{number}]:{port}" if family == socket.AF_INET6 else f"{number}:{port}"


def meters(runtime: Runtime) -> Meters:
    meter: MetricMeter = runtime.metric_meter
    return Meters(meter)
