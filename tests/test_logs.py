"""One log for all: the same fields in a terminal and as JSON, whoever logs."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from runtime import logs
from runtime.metering.traces import TracesError, sent

LOGGER = logging.getLogger("sellerbeat.tests")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def configured() -> Iterator[Callable[..., io.StringIO]]:
    """Sends this process's log to a stream; afterwards all is as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def configure(form: str | None, stream: io.StringIO) -> io.StringIO:
        logs.configure(form, stream)
        return stream

    yield configure
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_elsewhere_than_in_a_terminal_a_line_is_one_json_object(configured: Callable[..., io.StringIO]) -> None:
    stream = configured(None, io.StringIO())

    LOGGER.info("window stored", extra={"seller_id": "anna", "changes": 3})

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "window stored", "level": "info", "logger": "sellerbeat.tests", "seller_id": "anna", "changes": 3}


def test_in_a_terminal_it_is_text_and_the_setting_wins_over_both(configured: Callable[..., io.StringIO]) -> None:
    for format_, stream, is_json in (
        (None, Terminal(), False),
        ("json", Terminal(), True),
        ("text", io.StringIO(), False),
    ):
        reported = configured(format_, stream)

        LOGGER.info("window stored", extra={"changes": 3})

        assert reported.getvalue().count("\n") == 1
        assert reported.getvalue().startswith("{") is is_json
        assert "window stored" in reported.getvalue()


def test_again_replaces_what_was_before(configured: Callable[..., io.StringIO]) -> None:
    first, second = configured("json", io.StringIO()), configured("json", io.StringIO())

    LOGGER.info("once")

    assert (first.getvalue(), len(lines(second))) == ("", 1)


def test_what_a_step_logs_has_seller_workflow_and_run_beside_it(configured: Callable[..., io.StringIO]) -> None:
    stream = configured("json", io.StringIO())
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, workflow_id="ebay-polling:anna", workflow_run_id="run-1", activity_type="poll_orders")

    def step() -> None:
        LOGGER.warning("as any library logs")
        activity.logger.warning("as the SDK's logger does")

    environment.run(step)

    awaited = {"seller_id": "anna", "workflow_id": "ebay-polling:anna", "run_id": "run-1", "activity": "poll_orders", "attempt": 1}
    assert [line["event"] for line in lines(stream)] == ["as any library logs", "as the SDK's logger does"]
    assert [{name: line[name] for name in awaited} for line in lines(stream)] == [awaited, awaited]
    assert "temporal_activity" not in stream.getvalue()


def test_a_failed_step_is_one_line_without_a_traceback_and_other_failures_have_theirs(configured: Callable[..., io.StringIO]) -> None:
    stream = configured("json", io.StringIO())

    for name in ("temporalio.activity", "sellerbeat.tests"):
        try:
            raise ValueError("what to do")
        except ValueError:
            logging.getLogger(name).warning("Completing activity as failed", exc_info=True)

    step, other = lines(stream)
    assert (step["event"], step["error"], step["detail"], step.get("exception")) == ("step failed", "ValueError", "what to do", None)
    assert "Traceback" in other["exception"]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_traceback_shows_no_values_of_variables(configured: Callable[..., io.StringIO], format_: str) -> None:
    stream = configured(format_, Terminal())
    canary = "canary".upper()

    try:
        raise ValueError("constant")
    except ValueError:
        LOGGER.exception("unforeseen")

    assert "ValueError: constant" in stream.getvalue()
    assert canary not in stream.getvalue()


def test_lines_of_temporals_core_keep_the_few_fields_that_say_something(configured: Callable[..., io.StringIO]) -> None:
    stream = configured("json", io.StringIO())
    core = SimpleNamespace(fields={"error": "gone", "payload": "canary", "run_id": "run-1"})

    logging.getLogger("temporalio.core").warning("poll failed", extra={"temporal_log": core})

    (line,) = lines(stream)
    assert (line["event"], line["error"], line["run_id"]) == ("poll failed", "gone", "run-1")
    assert "canary" not in stream.getvalue()


def test_traces_that_are_asked_for_without_the_extra_are_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(TracesError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT is set, .* pip install '\.\[otel\]'$"):
        with sent({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, "test"):
            pass


def test_without_the_variable_nothing_is_traced_nor_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with sent({}, "test") as interceptors:
        found = list(interceptors)

    assert found == []
