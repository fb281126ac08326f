"""The log of a process, on stderr: readable in a terminal, one JSON object a line elsewhere. structlog gives both the same fields.

Messages are constant; what varies is a field (`extra={"seller_id": ...}`). Records of every library go the same way. What a step or a
workflow logs gets the seller, the workflow and its run as fields, by itself.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow

SELLER = "ebay-polling:"  # how a seller's workflow is called
OF_CORE = ("error", "task_queue", "workflow_id", "run_id")  # fields of Core's lines that say enough


def configure(format: str | None, stream: TextIO | None = None) -> None:  # noqa: A002 - as the setting is called
    """Send everything that this process logs to `stream` (stderr), once; again replaces what was before.

    `format`: "text" or "json"; None: text where the stream is a terminal.
    """
    stream = stream or sys.stderr
    text = format == "text" or (format is None and stream.isatty())
    handler = Lines(stream)
    handler.setFormatter(formatter(text, colors=text and stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [*(one for one in root.handlers if type(one) not in (logging.StreamHandler, Lines)), handler]
    root.setLevel(min(root.level, logging.INFO))
    activity.logger.activity_info_on_message = False  # it is in fields
    workflow.logger.workflow_info_on_message = False


class Lines(logging.StreamHandler[TextIO]):
    """Ours, so that it is known among others."""


def formatter(text: bool, colors: bool = False) -> logging.Formatter:
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        where,
        failure,
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if text:  # rich tracebacks would show the values of variables
        last.append(structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback))
    else:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str, ensure_ascii=False)]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)


def where(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Seller, workflow and run, of whatever runs here; as flat fields, in place of what the SDK attached."""
    context = event.pop("temporal_activity", None) or event.pop("temporal_workflow", None)
    core = event.pop("temporal_log", None)
    for formatted in ("message", "asctime"):  # left behind by another handler of this record
        event.pop(formatted, None)
    if core is not None:
        _add(event, {name: core.fields[name] for name in OF_CORE if name in core.fields})
    elif context:
        _add(event, {"workflow_id": context.get("workflow_id"), "run_id": context.get("workflow_run_id") or context.get("run_id")})
        _add(event, {"activity": context.get("activity_type"), "attempt": context.get("attempt") if "activity_type" in context else None})
    elif activity.in_activity():
        info = activity.info()
        _add(event, {"workflow_id": info.workflow_id, "run_id": info.workflow_run_id, "activity": info.activity_type})
        _add(event, {"attempt": info.attempt})
    elif workflow.in_workflow():
        running = workflow.info()
        _add(event, {"workflow_id": running.workflow_id, "run_id": running.run_id})
    workflow_id = str(event.get("workflow_id") or "")
    if workflow_id.startswith(SELLER):
        event.setdefault("seller_id", workflow_id.removeprefix(SELLER))
    return event


def _add(event: MutableMapping[str, Any], fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if value is not None:
            event.setdefault(name, value)


def failure(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Failed steps without their tracebacks: our errors say what to do in a line, and the SDK logs one for each attempt."""
    if event.get("logger") == "temporalio.activity" and isinstance(error := _error(event.get("exc_info")), BaseException):
        event["event"], event["exc_info"] = "step failed", None
        event["error"], event["detail"] = getattr(error, "type", None) or type(error).__name__, str(error)
    return event


def _error(exc_info: Any) -> Any:
    return exc_info[1] if isinstance(exc_info, tuple) else exc_info
