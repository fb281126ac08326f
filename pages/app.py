"""The application: its routes, and what becomes of every error. `build` is all that a process needs."""

from __future__ import annotations

import logging
from functools import cache
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from api.described import DESCRIPTION, VERSION
from api.routes import ROUTERS
from inbox.inbox import Inbox
from inbox.router import AsTyped
from inbox.router import router as inbox_router
from pages import (
    alerts,
    audit,
    connected,
    deliveries,
    docs,
    endpoint,
    endpoints,
    finding,
    fleet,
    health,
    links,
    login,
    messages,
    pressed,
    replays,
    runbooks,
    seller,
    tokens,
)
from pages.rendering import FOLDER, problem_page
from serving.context import WebContext
from serving.problems import LoginNeededError, problem_json
from serving.refusals import EXPECTED, as_problem
from serving.security_headers import SecurityHeaders

logger = logging.getLogger("sellerbeat.web")
# an endpoint's page before `endpoints`, whose route takes any act
SELLERS = links, fleet, alerts, seller, pressed, finding
PARTS = *SELLERS, endpoint, endpoints, deliveries, messages, replays, tokens, audit


def build(context: WebContext, inbox: Inbox | None = None) -> ASGIApp:
    app = FastAPI(
        title="Sellerbeat",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=_routes(inbox is not None),
    )
    app.state.context = context
    if inbox:
        app.state.inbox = inbox
    for error in EXPECTED:
        app.add_exception_handler(error, error_response)
    return SecurityHeaders(AsTyped(app) if inbox else app)


@cache
def _routes(with_inbox: bool) -> list[BaseRoute]:
    """Made once a process: FastAPI builds what a router holds anew wherever it is included. They know nothing of an application."""
    routes = APIRouter(generate_unique_id_function=lambda route: route.name)
    for router in (*ROUTERS, *(part.router for part in (health, docs, connected, login, runbooks))):
        routes.include_router(router)
    for part in PARTS:
        routes.include_router(part.router, dependencies=[Depends(login.know_logged_out)])
    if with_inbox:
        routes.include_router(inbox_router)
    routes.mount("/static", StaticFiles(directory=FOLDER / "static"))
    return routes.routes


def error_response(request: Request, error: Exception) -> Response:
    """Every error as one line, in the form that this part of the site speaks."""
    if isinstance(error, LoginNeededError):
        return RedirectResponse(f"/login?{urlencode({'next': error.path})}", 303)
    problem = as_problem(error)
    if problem.status >= 500:
        logger.error("request failed", extra={"error": type(error).__name__, "detail": problem.detail})
    if request.scope["path"].startswith("/v1/"):
        return problem_json(problem)
    return problem_page(problem)
