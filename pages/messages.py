"""`/deliveries/{id}`: one message, its endpoints, its attempts and its body; the buyer is shown to who asks, which the audit keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from domain.health import Finding
from operations.messages import MESSAGE_STATES, message
from pages.forms import AUTHOR, read_form
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError

MESSAGE_ID = re.compile(r"[!-~]{1,100}")
router = APIRouter(include_in_schema=False)


@router.api_route("/deliveries/{message_id}", methods=["GET", "HEAD"])
async def show(request: Request, message_id: str) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = await _page(context, session, message_id, reveal=False)
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


@router.post("/deliveries/{message_id}/reveal")
async def reveal(request: Request, message_id: str) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.pressed(request, await read_form(request))
    return await _page(context, session, message_id, reveal=True)


async def _page(context: WebContext, session: Session, message_id: str, reveal: bool) -> HTMLResponse:
    if not MESSAGE_ID.fullmatch(message_id):  # Postgres takes not every text
        raise ProblemError(404, "no change has such an id")
    found = await message(context, AUTHOR, message_id, reveal=reveal)
    return HTMLResponse(await context.ask(_rendered, context, session, found, await context.health.findings()))


def _rendered(context: WebContext, session: Session, found: dict[str, Any], wrong: Sequence[Finding]) -> str:
    return render(
        "message.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        message=found,
        states=MESSAGE_STATES,
        body=json.dumps(found["body"], ensure_ascii=False, indent=2),
    )
