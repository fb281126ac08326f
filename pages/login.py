"""Login and logout: the token is shown once, and a signed cookie stands for it for 12 hours, or until it is logged out."""

from __future__ import annotations

import logging
import re

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from operations.audit import audited
from pages.forms import AUTHOR, read_form
from pages.rendering import render
from serving.context import WebContext
from serving.throttle import peer_of
from store import StoreError

OURS = re.compile(r"/(sellers/[A-Za-z0-9._-]{1,100}|endpoints|tokens|audit)?")
logger = logging.getLogger("sellerbeat.web")
router = APIRouter(include_in_schema=False)


async def know_logged_out(request: Request) -> None:
    """A dependency of all pages that need a login: it is known whose sessions were logged out. Raises StoreError."""
    context: WebContext = request.app.state.context
    if context.access.by_login and context.access.cookie_name in request.cookies:
        await context.logged_out.refresh()


@router.api_route("/login", methods=["GET", "HEAD"])
async def form(request: Request) -> Response:
    context: WebContext = request.app.state.context
    if not context.access.by_login:
        return RedirectResponse("/", 303)
    return HTMLResponse(render("login.html", next=_ours(request.query_params.get("next", "/")), wrong=False, wait_s=0))


@router.post("/login")
async def enter(request: Request) -> Response:
    context: WebContext = request.app.state.context
    given = await read_form(request)
    context.access.not_from_elsewhere(request)
    to, peer, turns = _ours(given.get("next", "/")), peer_of(request), context.log_ins.throttle
    if wait_s := turns.wait_s(peer):  # a right token is refused too: else guessing would go on at full speed
        await _write_failures(context, context.log_ins.failed())
        return HTMLResponse(render("login.html", next=to, wrong=False, wait_s=wait_s), 429, {"Retry-After": str(wait_s)})
    if not context.access.is_token(given.get("token", "").strip()):
        turns.wrong(peer)
        await _write_failures(context, context.log_ins.failed())
        return HTMLResponse(render("login.html", next=to, wrong=True, wait_s=0), 401, {"WWW-Authenticate": 'Bearer realm="sellerbeat"'})
    turns.right(peer)
    await _write_failures(context, context.log_ins.unwritten())
    async with audited(context, AUTHOR, "login"):
        answer = RedirectResponse(to, 303)
        context.access.hold_session(request, answer, context.access.begin())
    return answer


@router.post("/logout")
async def leave(request: Request) -> Response:
    context: WebContext = request.app.state.context
    await know_logged_out(request)
    session = context.access.pressed(request, await read_form(request))
    async with audited(context, AUTHOR, "logout"):
        await context.ask(context.store.ended_sessions.add, session.id, session.ends_at)
        context.logged_out.add(session.id)
    answer = RedirectResponse("/login", 303)
    context.access.drop_session(request, answer)
    return answer


async def _write_failures(context: WebContext, tries: int | None) -> None:
    """One row for so many tries. Whom Postgres keeps from writing it, still says that the token is wrong."""
    if not tries:
        return
    try:
        row_id = await context.ask(lambda: context.store.audit.begin(AUTHOR, "login.failed", after={"tries": tries}))
        await context.ask(context.store.audit.end, row_id, False)
    except StoreError as error:
        logger.warning("failed log-ins were not written down", extra={"tries": tries, "error": type(error).__name__})


def _ours(path: str) -> str:
    """Nobody is led away from here."""
    return path if OURS.fullmatch(path) else "/"
