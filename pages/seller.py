"""`GET /sellers/{id}`: one seller's story, from what needs a look to what it costs, with the buttons; or one of its lists, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from api.fields import NO_NUL
from domain.health import Finding
from domain.seller_day import DayKind
from domain.seller_id import SELLER_ID
from operations.status import reason_in_words, seller_status, shown_pause, speed_up_in_words
from pages import actions, shown, strip
from pages.fleet import quota
from pages.rendering import render
from pages.temporal_ui import seller_workflow
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from store.reading.overview import NEWEST
from store.reading.paging import WrongCursorError
from store.reading.snapshots import expected_of

FEW, PAGE = 8, 50  # rows of a list among others, and where it stands alone
LISTS = ("changes", "polls", "parcels", "stock")
TYPES = {
    "order": "Orders",
    "fulfillment": "Parcels",
    "inventory": "Stock and sales",
    "offer": "Offers",
    "seller": "Consents",
    "alert": "Alerts",
}
DONE = {
    "pause": "Paused. What is in hand is finished; the cursor stays, so nothing is lost.",
    "resume": "Resumed. Polling goes on from where it stopped.",
    "poll-now": "A poll of every stream begins as soon as the call in hand is done.",
    "speed-up": "Polled more often for a while.",
}
router = APIRouter(include_in_schema=False)


class SellerQuery(BaseModel, extra="ignore", frozen=True):
    view: str = Field("", max_length=20)  # one of LISTS, alone; else all of the page
    kind: str = Field("", max_length=20)  # of the strip
    type: str = Field("", max_length=20)  # of changes
    name: str = Field("", max_length=200, pattern=NO_NUL)  # of changes: an order's number, a SKU or a listing's number
    before: int = Field(NEWEST, ge=1, le=NEWEST)  # changes older than this position
    after: str = Field("", max_length=500, pattern=NO_NUL)  # stock behind this id, polls behind this cursor
    sku: str = Field("", max_length=100, pattern=NO_NUL)  # stock that begins so
    done: str = ""


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """What was typed into a form that could not be done, and why."""

    act: str
    typed: Mapping[str, str]
    words: str
    wrong_field: str = ""  # empty: it is of no one field


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the page needs beside Postgres."""

    session: Session
    status: dict[str, Any]
    wrong: Sequence[Finding]
    refused: RefusedForm | None = None
    query: SellerQuery = field(default_factory=SellerQuery)


@router.api_route("/sellers/{seller_id}", methods=["GET", "HEAD"])
async def show(request: Request, seller_id: str, query: Annotated[SellerQuery, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = await page_of(context, seller_id, session, query)
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


async def page_of(
    context: WebContext, seller_id: str, session: Session, query: SellerQuery, refused: RefusedForm | None = None, status_code: int = 200
) -> HTMLResponse:
    """The page. Raises ProblemError 404, 422; UnknownSellerError."""
    if not SELLER_ID.fullmatch(seller_id):
        raise ProblemError(404, "no seller has such an id")
    problem = await context.problem()
    # without a worker no workflow answers
    status = await (context.ask(context.store.seller, seller_id) if problem else seller_status(context, seller_id))
    looked = Looked(session, status, await context.health.findings(), refused, query)
    return HTMLResponse(await context.ask(_page, context, looked), status_code)


def _page(context: WebContext, looked: Looked) -> str:
    status, query = looked.status, looked.query
    seller_id, now = status["seller_id"], context.store.levels.clock()
    view = query.view if query.view in LISTS else ""
    return render(
        "list.html" if view else "seller.html",
        now=now,
        session=looked.session,
        by_login=context.access.by_login,
        wrong=looked.wrong,
        seller=status,
        query=query,
        view=view,
        newest=NEWEST,
        types=TYPES,
        shown=shown,
        **_lists(context, seller_id, query, view),
        **({} if view else _story(context, looked, now)),
    )


def _story(context: WebContext, looked: Looked, now: datetime) -> dict[str, Any]:
    """All but the lists."""
    status, query = looked.status, looked.query
    seller_id, pause = status["seller_id"], shown_pause(status)
    alerts = context.store.alerts(closed=True, seller_id=seller_id)
    day = context.store.seller_day.read(seller_id)
    rows = strip.rows(day)
    kinds = [row.kind for row in rows if row.kind == query.kind] or list(DayKind)
    return {
        "reason": reason_in_words(status),
        "ends": bool(pause and pause.until),
        "speed_up": speed_up_in_words(status),
        "compared": status["comparison"],
        "sums": context.day.sums([seller_id])[0][seller_id],
        "alerts": [alert for alert in alerts if alert["closed_at"] is None],
        "passed": [alert for alert in alerts if alert["closed_at"] is not None][:5],
        "aside": context.store.set_aside(seller_id)[:10],
        "strip": rows,
        "chosen": kinds,
        "hours": strip.hours(day.only(kinds)),
        "topics": _parts(day.of(DayKind.NOTIFICATIONS)),
        "uses": quota(context, now),
        "workflow": seller_workflow(context, seller_id),
        "actions": actions,
        "refused": looked.refused,
        "done": DONE.get(query.done),
    }


def _lists(context: WebContext, seller_id: str, query: SellerQuery, view: str) -> dict[str, Any]:
    """Of each the first few, or one of them page by page."""
    limit, overview, found = PAGE if view else FEW, context.overview, dict[str, Any]()
    if view in ("", "changes"):
        begins = f"{query.type}." if query.type in TYPES else ""
        changes = overview.changes(seller_id, limit, query.before, begins, query.name.strip())
        found |= {"changes": changes.rows, "older": changes.older, "filtered": bool(begins or query.name.strip())}
    if view in ("", "polls"):
        try:
            polls = context.store.lists.polls(seller_id, query.after if view else "", limit)
        except WrongCursorError:
            raise ProblemError(422, "after: no answer gave this as next") from None
        found |= {"polls": polls.rows, "more_polls": polls.next}
    if view in ("", "parcels"):
        parcels = overview.parcels(seller_id, limit + 1)
        found |= {"parcels": parcels[:limit], "more_parcels": len(parcels) > limit}
    if view in ("", "stock"):
        stock = overview.stock(seller_id, limit + 1, query.after if view else "", query.sku)
        further = stock[limit - 1].entity_id if len(stock) > limit else None
        found |= {"stock": [(item, expected_of(item)) for item in stock[:limit]], "further": further}
    return found


def _parts(buckets: Sequence[Any]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for bucket in buckets:
        for what, count in bucket.parts.items():
            sums[what] = sums.get(what, 0) + count
    return sums
