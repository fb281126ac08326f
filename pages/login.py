"""Login and logout: the token is shown once, and a signed cookie stands for it for 12 hours."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from pages.forms import read_form
from pages.rendering import render
from serving.access import COOKIE
from serving.context import WebContext

OURS = re.compile(r"/(sellers/[A-Za-z0-9._-]{1,100}|endpoints)?")
router = APIRouter(include_in_schema=False)


@router.api_route("/login", methods=["GET", "HEAD"])
async def form(request: Request) -> Response:
    context: WebContext = request.app.state.context
    if not context.access.by_login:
        return RedirectResponse("/", 303)
    return HTMLResponse(render("login.html", next=_ours(request.query_params.get("next", "/")), wrong=False))


@router.post("/login")
async def enter(request: Request) -> Response:
    context: WebContext = request.app.state.context
    given = await read_form(request)
    context.access.not_from_elsewhere(request)
    to = _ours(given.get("next", "/"))
    if not context.access.is_token(given.get("token", "").strip()):
        return HTMLResponse(render("login.html", next=to, wrong=True), 401, {"WWW-Authenticate": 'Bearer realm="sellerbeat"'})
    answer = RedirectResponse(to, 303)
    context.access.hold_session(request, answer, context.access.begin())
    return answer


@router.post("/logout")
async def leave(request: Request) -> Response:
    context: WebContext = request.app.state.context
    context.access.pressed(request, await read_form(request))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _ours(path: str) -> str:
    """Nobody is led away from here."""
    return path if OURS.fullmatch(path) else "/"
