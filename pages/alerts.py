"""`GET /alerts`: each open alert by itself, some at a time; with `cause` those of one group of the first page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from domain.health import Finding
from operations.alerts import alerts_page
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from store.reading.alert_groups import NEWEST

ROWS = 50
router = APIRouter(include_in_schema=False)


class AlertsPageQuery(BaseModel, extra="ignore", frozen=True):
    cause: str = Field("", max_length=40)
    after: int = Field(NEWEST, ge=1, le=NEWEST)  # older ones than this


@router.api_route("/alerts", methods=["GET", "HEAD"])
async def show(request: Request, query: Annotated[AlertsPageQuery, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, query, await context.health.findings()))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(context: WebContext, session: Session, query: AlertsPageQuery, wrong: Sequence[Finding]) -> str:
    page = alerts_page(context, ROWS, query.after, cause=query.cause.replace("\0", "") or None, wrong=wrong)
    return render(
        "alerts.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        query=query,
        rows=page.rows,
        older=page.next,
    )
