"""The buttons of a seller's page. Each does what the command of the same name does, and may be pressed twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from domain.seller_id import SELLER_ID
from operations.steering import in_one_line, pause_seller, poll_seller_now, resume_seller, speed_up_seller
from pages.forms import AUTHOR, one_of, read_form
from serving.context import WebContext
from serving.problems import ProblemError
from settings import duration
from store import UnknownSellerError

LONGEST_REASON = 200
EVERY = {"10s": "every 10 s", "30s": "every 30 s", "1m": "every minute", "5m": "every 5 min"}
LASTING = {"10m": "for 10 min", "1h": "for 1 h", "6h": "for 6 h"}
OPEN = "open"  # without an end
PAUSED = {OPEN: "until I resume", "1h": "for 1 h", "6h": "for 6 h", "1d": "for 1 day", "7d": "for 1 week"}
Form = Mapping[str, str]
router = APIRouter(include_in_schema=False)


async def _pause(context: WebContext, seller_id: str, form: Form) -> None:
    reason = in_one_line(form.get("reason", ""))
    if len(reason) > LONGEST_REASON:
        raise ProblemError(422, f"reason has {LONGEST_REASON} characters at most")
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


@router.post("/sellers/{seller_id}/{action}")
async def press(request: Request, seller_id: str, action: str) -> Response:
    context: WebContext = request.app.state.context
    if action not in ACTIONS:
        raise ProblemError(404, "there is nothing here")
    form = await read_form(request)
    context.access.pressed(request, form)
    if not SELLER_ID.fullmatch(seller_id):
        raise ProblemError(404, "no seller has such an id")
    try:
        await ACTIONS[action](context, seller_id, form)
    except UnknownSellerError as error:  # of a removed one too: the page has no buttons for them
        raise ProblemError(404, str(error)) from None
    return RedirectResponse(f"/sellers/{seller_id}?done={action}", 303)
