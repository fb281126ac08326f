"""`/v1/openapi.json`: what the API takes and gives, for programs; pages/docs.py shows it to people. Says nothing of anybody: no token."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import JSONResponse

from api.routing import LONGEST_KEY, ApiRoute, Needs, problems
from operations.catalogue.webhooks import webhooks
from serving.context import WebContext
from serving.problems import PROBLEM_SCHEMA

VERSION = "1"
DESCRIPTION = "What Sellerbeat knows of your sellers, and all that its command line does to sellers and endpoints."
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    "description": "of your own making, new for each new request: who repeats a request with it gets the first answer, for a day. 409: "
    "`running`, it is still in hand; `done_already`, the answer held a secret; `outcome_unknown`, it was broken off and may have been done",
}
router = APIRouter(include_in_schema=False)


@router.get("/v1/openapi.json")
async def openapi(request: Request) -> Response:
    return JSONResponse(described(request))


def described(request: Request) -> dict[str, Any]:
    """The OpenAPI document. Raises ProblemError 403: not from this machine, where there is no ADMIN_TOKEN."""
    context: WebContext = request.app.state.context
    if not context.access.by_login:
        context.access.from_here(request)
    return document(request.app)


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1, made once: what FastAPI knows, and of each operation `x-scope`, `x-ebay`, and the header of a repeated write."""
    if app.openapi_schema and "x-sellerbeat" in app.openapi_schema:
        return app.openapi_schema
    made = app.openapi()
    made.setdefault("components", {}).setdefault("schemas", {}).setdefault("Problem", PROBLEM_SCHEMA)
    for route, needs in routes_of(app):
        for method in (route.methods or set()) - {"HEAD"}:
            operation = made["paths"][route.path_format][method.lower()]
            operation |= {"x-scope": needs.scope.value} | ({"x-ebay": True} if needs.ebay else {})
            if method != "GET":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
                operation["responses"] |= {"409": problems(409)[409]} | operation["responses"]
    made["webhooks"], models = webhooks()
    made["components"]["schemas"] |= models
    made["x-sellerbeat"] = {"scopes": "feed, read, control, admin: each holds those before it"}
    return made


def routes_of(app: FastAPI) -> Iterator[tuple[ApiRoute, Needs]]:
    """All routes of the API, with what each needs."""
    held = (getattr(getattr(one, "original_router", None), "routes", (one,)) for one in app.routes)  # FastAPI keeps a router whole
    for route in chain.from_iterable(held):
        if isinstance(route, ApiRoute) and route.include_in_schema and route.needs:
            yield route, route.needs
