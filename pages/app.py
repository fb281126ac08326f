"""The application: its routes, and what becomes of every error. `build` is all that a process needs."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from temporalio.service import RPCError

from inbox.inbox import Inbox
from inbox.router import AsTyped
from inbox.router import router as inbox_router
from pages import actions, connected, endpoints, feed, fleet, health, links, login, seller
from pages.rendering import FOLDER, problem_page
from serving.context import WebContext
from serving.problems import PROBLEM_SCHEMA, LoginNeededError, ProblemError, problem_json
from serving.security_headers import SecurityHeaders
from store import StoreError, UnknownSellerError
from store.schema.errors import NotAllowedError, StoreUnavailableError, TablesMissingError, TablesUnknownError
from workflows.client import TemporalUnavailableError

logger = logging.getLogger("sellerbeat.web")


def build(context: WebContext, inbox: Inbox | None = None) -> ASGIApp:
    app = FastAPI(title="Sellerbeat", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = context
    for part in (health, feed, connected, login, links, fleet, seller, actions, endpoints):
        app.include_router(part.router)
    if inbox:
        app.state.inbox = inbox
        app.include_router(inbox_router)
    app.add_api_route("/v1/openapi.json", openapi, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"))
    for error in EXPECTED:
        app.add_exception_handler(error, error_response)
    return SecurityHeaders(AsTyped(app) if inbox else app)


def openapi(request: Request) -> Response:
    request.app.state.context.access.bearer(request)
    described = request.app.openapi()
    described["components"]["schemas"].setdefault("Problem", PROBLEM_SCHEMA)
    return JSONResponse(described)


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


def as_problem(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case HTTPException():
            words = {404: "there is nothing here", 405: "this is not how to ask here"}.get(error.status_code, error.detail)
            return ProblemError(error.status_code, words, dict(error.headers or {}))
        case RequestValidationError():
            return ProblemError(422, feed.in_one_line(error))
        case UnknownSellerError():
            return ProblemError(404 if not error.removed else 409, str(error))
        case StoreUnavailableError() | TablesMissingError() | TablesUnknownError() | NotAllowedError() | TemporalUnavailableError():
            return ProblemError(503, str(error), {"Retry-After": "5"})
        case RPCError():
            return ProblemError(503, "Temporal refused or did not answer in time; nothing was changed. Try again", {"Retry-After": "5"})
        case _:
            return ProblemError(500, "something went wrong here; the log of web.py has it")


EXPECTED: tuple[Any, ...] = (
    ProblemError,
    LoginNeededError,
    HTTPException,
    RequestValidationError,
    StoreError,
    TemporalUnavailableError,
    RPCError,
    Exception,
)
