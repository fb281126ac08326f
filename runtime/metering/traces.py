"""Traces by OpenTelemetry: an extra, sent where OTEL_EXPORTER_OTLP_ENDPOINT says. Ids only: no payload becomes part of a span."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from temporalio.client import Interceptor

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"


class TracesError(Exception):
    """Traces are asked for, but the extra that sends them is not installed. Act: install it, or unset the variable."""


@contextmanager
def sent(environment: Mapping[str, str], service: str) -> Iterator[list[Interceptor]]:
    """Interceptors for the client that a worker gets: none where nobody asks for traces. At the end what is left is sent.

    Raises:
        TracesError: asked for, not installed.
    """
    address = environment.get(VARIABLE)
    if not address:
        yield []
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from temporalio.contrib.opentelemetry import TracingInterceptor
    except ImportError:
        raise TracesError(f"{VARIABLE} is set, but traces need an extra that is not installed: pip install '.[otel]'") from None
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{address.rstrip('/')}/v1/traces")))
    try:
        yield [TracingInterceptor(provider.get_tracer("sellerbeat"))]
    finally:
        provider.shutdown()
