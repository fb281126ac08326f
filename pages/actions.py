"""The buttons of a seller's page. Each signals the seller's workflow, as the command of the same name does, and may be pressed twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.responses import RedirectResponse

from activities.fleet.overrides import overrides_of
from domain.authors import Author
from domain.seller_id import SELLER_ID
from pages.forms import one_of, read_form
from serving.context import WebContext
from serving.problems import ProblemError
from settings import duration
from workflows.client import signal_or_start
from workflows.messages import Pause, PollNow, SpeedUp
from workflows.seller_polling import SellerPolling

LONGEST_REASON = 200
EVERY = {"10s": "every 10 s", "30s": "every 30 s", "1m": "every minute", "5m": "every 5 min"}
LASTING = {"10m": "for 10 min", "1h": "for 1 h", "6h": "for 6 h"}
OPEN = "open"  # without an end
PAUSED = {OPEN: "until I resume", "1h": "for 1 h", "6h": "for 6 h", "1d": "for 1 day", "7d": "for 1 week"}
BY = str(Author("page"))
Form = Mapping[str, str]
router = APIRouter(include_in_schema=False)


def _pause(form: Form) -> Pause:
    reason = " ".join("".join(letter if letter.isprintable() else " " for letter in form.get("reason", "")).split())
    if len(reason) > LONGEST_REASON:
        raise ProblemError(422, f"reason has {LONGEST_REASON} characters at most")
    lasting = one_of({"for": OPEN, **form}, "for", PAUSED)
    return Pause(reason=reason or "by hand", until=None if lasting == OPEN else datetime.now(UTC) + duration(lasting), by=BY)


def _speed_up(form: Form) -> SpeedUp:
    return SpeedUp(every=duration(one_of(form, "every", EVERY)), lasting=duration(one_of(form, "for", LASTING)), by=BY)


ACTIONS: dict[str, tuple[Any, Callable[[Form], BaseModel | None]]] = {
    "pause": (SellerPolling.pause, _pause),
    "resume": (SellerPolling.resume, lambda form: None),
    "poll-now": (SellerPolling.poll_now, lambda form: PollNow()),
    "speed-up": (SellerPolling.speed_up, _speed_up),
}


@router.post("/sellers/{seller_id}/{action}")
async def press(request: Request, seller_id: str, action: str) -> Response:
    context: WebContext = request.app.state.context
    if action not in ACTIONS:
        raise ProblemError(404, "there is nothing here")
    form = await read_form(request)
    context.access.pressed(request, form)
    if not SELLER_ID.fullmatch(seller_id):
        raise ProblemError(404, "no seller has such an id")
    signal, message = ACTIONS[action]
    given = message(form)
    overrides = await context.ask(overrides_of, context.store, seller_id)
    await signal_or_start(await context.temporal(), context.settings.task_queue, overrides, signal, given)
    return RedirectResponse(f"/sellers/{seller_id}?done={action}", 303)
