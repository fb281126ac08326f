"""The buttons of a seller's page. Each does what the command of the same name does, and may be pressed twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from operations.steering import in_one_line, pause_seller, poll_seller_now, resume_seller, speed_up_seller
from pages.forms import AUTHOR, WrongFieldError, one_of
from serving.context import WebContext
from settings import duration

LONGEST_REASON = 200
EVERY = {"10s": "every 10 s", "30s": "every 30 s", "1m": "every minute", "5m": "every 5 min"}
LASTING = {"10m": "for 10 min", "1h": "for 1 h", "6h": "for 6 h"}
OPEN = "open"  # without an end
PAUSED = {OPEN: "until I resume", "1h": "for 1 h", "6h": "for 6 h", "1d": "for 1 day", "7d": "for 1 week"}
Form = Mapping[str, str]


async def _pause(context: WebContext, seller_id: str, form: Form) -> None:
    reason = in_one_line(form.get("reason", ""))
    if len(reason) > LONGEST_REASON:
        raise WrongFieldError("reason", f"Write {LONGEST_REASON} characters at most; these are {len(reason)}.")
    lasting = one_of({"for": OPEN, **form}, "for", PAUSED)
    await pause_seller(context, AUTHOR, seller_id, reason, None if lasting == OPEN else datetime.now(UTC) + duration(lasting))


async def _resume(context: WebContext, seller_id: str, form: Form) -> None:
    await resume_seller(context, AUTHOR, seller_id)


async def _poll_now(context: WebContext, seller_id: str, form: Form) -> None:
    await poll_seller_now(context, AUTHOR, seller_id)


async def _speed_up(context: WebContext, seller_id: str, form: Form) -> None:
    every, lasting = duration(one_of(form, "every", EVERY)), duration(one_of(form, "for", LASTING))
    await speed_up_seller(context, AUTHOR, seller_id, every, lasting)


ACTIONS: dict[str, Callable[[WebContext, str, Form], Awaitable[None]]] = {
    "pause": _pause,
    "resume": _resume,
    "poll-now": _poll_now,
    "speed-up": _speed_up,
}
