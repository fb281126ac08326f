"""`/v1/openapi.json`, and the same for people at `/v1/docs`: without a token, since it says nothing of anybody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from serving.context import WebContext
from serving.problems import PROBLEM_SCHEMA

VERSION = "1"
DESCRIPTION = "Sellers' changes, and all that the command line does to sellers and endpoints. Every answer of an error is problem+json."
router = APIRouter(include_in_schema=False)


@router.get("/v1/openapi.json")
async def openapi(request: Request) -> Response:
    return JSONResponse(_described(request))


def _described(request: Request) -> dict[str, Any]:
    context: WebContext = request.app.state.context
    if not context.access.by_login:
        context.access.from_here(request)
    described: dict[str, Any] = request.app.openapi()
    described["components"]["schemas"].setdefault("Problem", PROBLEM_SCHEMA)
    return described
