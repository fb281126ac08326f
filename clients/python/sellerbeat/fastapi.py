"""Deliveries in FastAPI: `app.include_router(router(feed.receiver(position), secret))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from sellerbeat.errors import SignatureError
from sellerbeat.webhooks import TOLERANCE, verified


def router(
    take: Callable[[Mapping[str, Any]], object],
    secrets: str | Iterable[str],
    *,
    path: str = "/sellerbeat",
    tolerance: timedelta = TOLERANCE,
) -> APIRouter:
    """Takes POSTs at `path`: 204 once `take` returned, 401 for what is not signed. What `take` raises is a 500, and comes again.

    `take` runs in a thread: it may wait for a database.
    """
    made = APIRouter()
    keys = [secrets] if isinstance(secrets, str) else list(secrets)

    async def deliver(request: Request) -> Response:
        try:
            message = verified(request.headers, await request.body(), keys, tolerance)
        except SignatureError as error:
            return Response(f"{error}\n", 401, media_type="text/plain")
        await run_in_threadpool(take, message["data"])
        return Response(status_code=204)

    made.add_route(path, deliver, methods=["POST"])
    return made
