"""`/find`: whose an order number, line item, item id or SKU is, across all sellers."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from domain.health import Finding
from operations.errors import WrongInputError
from operations.finding import LONGEST, NOTHING, SearchResult, find
from pages.forms import as_typed
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext

router = APIRouter(include_in_schema=False)


@router.api_route("/find", methods=["GET", "HEAD"])
async def show(request: Request, q: str = "") -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    error: WrongInputError | None = None
    result = SearchResult([], False)
    if q:
        try:
            result = await context.ask(find, context, q)
        except WrongInputError as wrong:
            error = wrong
    body = await context.ask(_page, context, session, await context.health.findings(), q, result, error)
    answer = HTMLResponse(body, 422 if error else 200)
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(
    context: WebContext, session: Session, wrong: Sequence[Finding], q: str, result: SearchResult, error: WrongInputError | None
) -> str:
    return render(
        "find.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        q=as_typed(q)[:LONGEST],
        result=result,
        error=error.words if error else None,
        nothing=NOTHING,
    )
