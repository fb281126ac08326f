"""`/healthz`: this process is alive. `/readyz`: it can serve, that is read Postgres with our tables; what else is wrong stands in the body.

A page that shows what is wrong must not be taken out of service for it: without Temporal it is what an operator looks at. No login; but
sentences, which count sellers and name task queues, are for whom the pages are too: strangers get the parts alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from domain.health import Finding, HealthPart
from operations.diagnosis import as_json
from pages.login import know_logged_out
from serving.context import WebContext
from serving.problems import LoginNeededError, ProblemError
from store import StoreError
from store.schema.errors import TablesMissingError, TablesUnknownError

PATIENCE = timedelta(seconds=2)
router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
async def healthz() -> Response:
    return _json(200, {"alive": True})


@router.api_route("/readyz", methods=["GET", "HEAD"], include_in_schema=False)
async def readyz(request: Request) -> Response:
    """Whether it is ready is for whoever asks; what is wrong in words for whom the page is."""
    context: WebContext = request.app.state.context
    postgres, found, known = await asyncio.gather(
        _postgres(context), context.health.findings(PATIENCE.total_seconds()), _is_known(context, request)
    )
    ready = postgres == "ok"
    shown = [as_json(one) if known else {"part": one.part.value} for one in found]
    return _json(200 if ready else 503, {"ready": ready, "postgres": postgres, "temporal": _temporal(found), "findings": shown})


async def _is_known(context: WebContext, request: Request) -> bool:
    """Who may see the fleet: a token of any scope that is not narrowed to sellers, a log-in, or, without ADMIN_TOKEN, this machine. With
    one, this machine is no proof: a proxy on it asks for strangers. Where Postgres knows no tokens, ADMIN_TOKEN opens still."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            if "authorization" in request.headers:
                return (await context.callers.named(request)).sellers is None
            await know_logged_out(request)
            context.access.session(request)
    except (ProblemError, LoginNeededError, StoreError, TimeoutError):
        return False
    return True


def _temporal(found: Sequence[Finding]) -> str:
    return "does not answer" if any(one.part is HealthPart.TEMPORAL for one in found) else "ok"


async def _postgres(context: WebContext) -> str:
    try:
        await context.check(PATIENCE.total_seconds())
    except TablesMissingError:
        return "tables of another version, or none: run starter.py migrate"
    except TablesUnknownError:
        return "tables of a later version: start web.py of that version"
    except (StoreError, TimeoutError):
        return "does not answer"
    return "ok"


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(json.dumps(body) + "\n", status, media_type="application/json")
