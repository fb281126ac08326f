"""`/healthz`: this process is alive. `/readyz`: it can do its work, that is Postgres with our tables, and Temporal, answer. No login."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from temporalio.service import RPCError

from serving.context import WebContext
from store import StoreError
from store.schema.errors import TablesMissingError, TablesUnknownError
from workflows.client import TemporalUnavailableError

PATIENCE = timedelta(seconds=2)
router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
async def healthz() -> Response:
    return _json(200, {"alive": True})


@router.api_route("/readyz", methods=["GET", "HEAD"], include_in_schema=False)
async def readyz(request: Request) -> Response:
    """The words are constants: whoever asks is not known."""
    context: WebContext = request.app.state.context
    postgres, temporal = await asyncio.gather(_postgres(context), _temporal(context))
    ready = postgres == temporal == "ok"
    return _json(200 if ready else 503, {"ready": ready, "postgres": postgres, "temporal": temporal})


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


async def _temporal(context: WebContext) -> str:
    try:
        client = await context.temporal()
        healthy = await client.service_client.check_health(timeout=PATIENCE)
    except (TemporalUnavailableError, RPCError):
        return "does not answer"
    return "ok" if healthy else "is not serving"


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(json.dumps(body) + "\n", status, media_type="application/json")
