"""`GET /ebay/connected`: where eBay leads a seller after its consent page. Public: the state in the address is what lets one in.

Where an app asked for the link and said so, the seller goes on to the app; what may go well at another try stays here, with a way back.

The address holds a secret for as long as the code lives, so it goes nowhere: no log has it, no referrer, no cache, no page.
"""

from __future__ import annotations

import logging
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from temporalio.service import RPCError

from operations.consent import NEEDED, ConsentOutcome, receive
from operations.enrolment import tell_connected
from operations.returning import host_of, way_back
from pages.rendering import render
from serving.context import CONSENTS, WebContext
from store import StoreError
from store.sellers.consents import Ticket, Unclaimed
from workflows.client import TemporalUnavailableError

LONGEST = 2048  # characters of a code or a state
HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store, max-age=0", "Pragma": "no-cache"}
AGAIN = {"Retry-After": "10"}
AT_ONCE = CapacityLimiter(CONSENTS)  # threads: each waits for eBay for most of its time, and others want to be answered meanwhile
OPEN_AGAIN = "Open the link that you were sent once more."
# Status, heading, what happened, what the seller can do. No name, no id: whoever looks over the seller's shoulder learns nothing.
SHOWN: dict[ConsentOutcome, tuple[int, str, str, str]] = {
    ConsentOutcome.DONE: (200, "Your eBay account is connected", "Thank you. There is nothing more to do.", "You can close this page."),
    ConsentOutcome.DECLINED: (
        200,
        "You did not give your consent",
        "Nothing was connected and nothing was changed.",
        f"If you did not mean to: {OPEN_AGAIN[0].lower()}{OPEN_AGAIN[1:]}",
    ),
    ConsentOutcome.FORGED: (
        400,
        "This address is not complete",
        "It is none that we gave out, or a part of it is missing. Nothing was connected.",
        "Open the link that you were sent, and go on from there.",
    ),
    ConsentOutcome.EXPIRED: (
        410,
        "This link is too old",
        "It was good for a limited time, which is over. Nothing was connected.",
        "Ask who sent it for a new one.",
    ),
    ConsentOutcome.USED: (
        409,
        "This link was used already",
        "It is good once, and has connected an account. Nothing was changed now.",
        "There is nothing more to do. To connect again, ask for a new link.",
    ),
    ConsentOutcome.BUSY: (409, "This is in work already", "The same address was opened twice.", "Load this page again in half a minute."),
    ConsentOutcome.CODE_REFUSED: (
        400,
        "eBay's answer is no longer good",
        "It lives for five minutes and can be used once. Nothing was connected.",
        OPEN_AGAIN,
    ),
    ConsentOutcome.WRONG_ACCOUNT: (
        403,
        "This is another eBay account",
        "You are logged in at eBay with another account than the one connected before. Nothing was changed.",
        f"{OPEN_AGAIN} Log in with the account that you connected before.",
    ),
    ConsentOutcome.TAKEN: (
        409,
        "This eBay account is connected already",
        "It belongs to another entry in the application, and can be in one only. Nothing was changed.",
        f"To connect another account: {OPEN_AGAIN[0].lower()}{OPEN_AGAIN[1:]} Else ask who sent it.",
    ),
    ConsentOutcome.UNAVAILABLE: (
        503,
        "eBay does not answer just now",
        "Your consent is not lost.",
        "Load this page again in a moment. After five minutes, open the link that you were sent once more.",
    ),
    ConsentOutcome.NOT_NOW: (
        503,
        "We cannot do this just now",
        "Something of ours is out of order; it is not your fault.",
        "Load this page again in a moment. After five minutes, open the link that you were sent once more.",
    ),
    ConsentOutcome.REFUSED: (
        502,
        "eBay and we do not understand each other",
        "Nothing was connected. It is not your fault, and we know of it.",
        "Tell who sent you the link, and try it again later.",
    ),
}
# What is over, one way or the other: where an app waits for the seller, nothing holds them here.
OVER = (
    *(ConsentOutcome.DONE, ConsentOutcome.DECLINED, ConsentOutcome.CODE_REFUSED),
    *(ConsentOutcome.WRONG_ACCOUNT, ConsentOutcome.TAKEN, ConsentOutcome.REFUSED),
)
RESULTS = {ConsentOutcome.DONE: "connected", ConsentOutcome.DECLINED: "declined"}
logger = logging.getLogger("sellerbeat.web")
router = APIRouter(include_in_schema=False)


@router.get("/ebay/connected")
async def connected(request: Request) -> Response:
    context: WebContext = request.app.state.context
    status: int | None = None
    try:
        outcome = await _come_back(request, context)
    except (StoreError, TemporalUnavailableError, RPCError) as error:
        logger.error("a consent has to wait", extra={"error": type(error).__name__})
        outcome = ConsentOutcome.NOT_NOW
    except Exception as error:  # its text may hold the code
        logger.error("a consent failed", extra={"error": type(error).__name__})
        outcome, status = ConsentOutcome.NOT_NOW, 500
    state = _one(request, "state")
    ticket = context.store.consents.opened(state) if state else None
    back = _way_back(context, ticket, outcome) if ticket else None
    if back and outcome in OVER:
        return RedirectResponse(back, 303, HEADERS)
    return page(outcome, status, back, _app(ticket) if ticket else "")


def page(outcome: ConsentOutcome, status: int | None = None, back: str | None = None, app: str = "") -> HTMLResponse:
    usual, heading, what, then = SHOWN[outcome]
    headers = HEADERS | (AGAIN if usual == 503 or outcome is ConsentOutcome.BUSY else {})
    body = render("connected.html", heading=heading, what=what, then=then, good=outcome is ConsentOutcome.DONE, back=back, app=app)
    return HTMLResponse(body, status or usual, headers)


def _way_back(context: WebContext, ticket: Ticket, outcome: ConsentOutcome) -> str | None:
    """None: the app named no address, or one that is allowed no more."""
    result = RESULTS.get(outcome, "failed")
    reason = None if outcome in RESULTS else outcome.value
    allowed = context.settings.allowed_origins
    return way_back(ticket.back["to"], allowed, result, ticket.seller_id, reason) if "to" in ticket.back else None


def _app(ticket: Ticket) -> str:
    return ticket.back.get("app") or host_of(ticket.back.get("to", ""))


async def _come_back(request: Request, context: WebContext) -> ConsentOutcome:
    """Everything that can be wrong without the code is found before it is spent."""
    state, code = _one(request, "state"), _one(request, "code")
    ticket = context.store.consents.read(state) if state else Unclaimed.FORGED
    if _declined(request):
        return ConsentOutcome.DECLINED
    if not isinstance(ticket, Ticket):
        return ConsentOutcome(ticket.value)
    if not code:
        return ConsentOutcome.FORGED
    if missing := context.unset(NEEDED):
        logger.error("a consent has to wait: a setting is missing", extra={"setting": missing})
        return ConsentOutcome.NOT_NOW
    client = await context.temporal()
    outcome, generation = await to_thread.run_sync(partial(receive, context, ticket, code), limiter=AT_ONCE)
    if outcome is ConsentOutcome.DONE:
        try:
            await tell_connected(context, client, ticket.seller_id, generation)
        except StoreError:
            await context.ask(context.store.consents.release, ticket)
            raise
        await context.ask(context.store.consents.use, ticket)
        logger.info("seller connected", extra={"seller_id": ticket.seller_id})
    return outcome


def _declined(request: Request) -> bool:
    """eBay leads to the RuName's address for that; how it says so is not documented, but without a code there is nothing to exchange."""
    query = request.query_params
    return "code" not in query and ("error" in query or "state" not in query)


def _one(request: Request, name: str) -> str:
    """A parameter that is there once, short, and of printable ASCII; else ""."""
    given = request.query_params.getlist(name)
    good = len(given) == 1 and len(given[0]) <= LONGEST and given[0].isascii() and given[0].isprintable()
    return given[0] if good else ""
