"""`GET /sellers/{id}`: one seller's streams, polls, changes before and after, parcels, stock, and the buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from api.fields import NO_NUL
from domain.health import Finding
from domain.seller_id import SELLER_ID
from operations.status import reason_in_words, seller_status, shown_pause, speed_up_in_words
from pages import actions, shown
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from store.reading.overview import NEWEST
from store.reading.snapshots import expected_of

POLLS, CHANGES, PARCELS, STOCK = 15, 25, 15, 25
DONE = {
    "pause": "Paused. What is in hand is finished; the cursor stays, so nothing is lost.",
    "resume": "Resumed. Polling goes on from where it stopped.",
    "poll-now": "A poll of every stream begins as soon as the call in hand is done.",
    "speed-up": "Polled more often for a while.",
}
router = APIRouter(include_in_schema=False)


class SellerQuery(BaseModel, extra="ignore", frozen=True):
    before: int = Field(NEWEST, ge=1, le=NEWEST)  # changes older than this position
    after: str = Field("", max_length=500, pattern=NO_NUL)  # stock behind this id
    sku: str = Field("", max_length=100, pattern=NO_NUL)  # stock that begins so
    done: str = ""


@router.api_route("/sellers/{seller_id}", methods=["GET", "HEAD"])
async def show(request: Request, seller_id: str, query: Annotated[SellerQuery, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    if not SELLER_ID.fullmatch(seller_id):
        raise ProblemError(404, "no seller has such an id")
    problem = await context.problem()
    # without a worker no workflow answers
    status = await (context.ask(context.store.seller, seller_id) if problem else seller_status(context, seller_id))
    answer = HTMLResponse(await context.ask(_page, context, session, status, query, await context.health.findings()))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(context: WebContext, session: Session, status: dict[str, Any], query: SellerQuery, wrong: Sequence[Finding]) -> str:
    seller_id, overview, pause = status["seller_id"], context.overview, shown_pause(status)
    changes = overview.changes(seller_id, CHANGES + 1, query.before)
    stock = overview.stock(seller_id, STOCK + 1, query.after, query.sku)
    alerts = context.store.alerts(closed=True, seller_id=seller_id)
    return render(
        "seller.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        seller=status,
        reason=reason_in_words(status),
        ends=bool(pause and pause.until),
        speed_up=speed_up_in_words(status),
        compared=status["comparison"],
        sums=context.day.sums([seller_id])[0][seller_id],
        alerts=[alert for alert in alerts if alert["closed_at"] is None],
        passed=[alert for alert in alerts if alert["closed_at"] is not None][:5],
        aside=context.store.set_aside(seller_id)[:10],
        polls=overview.polls(seller_id, POLLS),
        polls_by_stream=overview.polls_by_stream(seller_id),
        changes=changes[:CHANGES],
        older=changes[CHANGES - 1].position if len(changes) > CHANGES else None,
        parcels=overview.parcels(seller_id, PARCELS),
        stock=[(item, expected_of(item)) for item in stock[:STOCK]],
        further=stock[STOCK - 1].entity_id if len(stock) > STOCK else None,
        query=query,
        newest=NEWEST,
        shown=shown,
        actions=actions,
        done=DONE.get(query.done),
    )
