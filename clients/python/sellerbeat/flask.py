"""Deliveries in Flask: `app.register_blueprint(blueprint(feed.receiver(position), secret))`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from sellerbeat.errors import SignatureError
from sellerbeat.webhooks import TOLERANCE, verified


def blueprint(
    take: Callable[[Mapping[str, Any]], object],
    secrets: str | Iterable[str],
    *,
    path: str = "/sellerbeat",
    tolerance: timedelta = TOLERANCE,
) -> Blueprint:
    """Takes POSTs at `path`: 204 once `take` returned, 401 for what is not signed. What `take` raises is a 500, and comes again."""
    made = Blueprint("sellerbeat", __name__)
    keys = [secrets] if isinstance(secrets, str) else list(secrets)

    @made.post(path)
    def deliver() -> Response:
        try:
            message = verified(request.headers, request.get_data(), keys, tolerance)
        except SignatureError as error:
            return Response(f"{error}\n", 401, mimetype="text/plain")
        take(message["data"])
        return Response(status=204)

    return made
