"""Deliveries in Django: `path("sellerbeat", view(feed.receiver(position), secret))` in urls.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from sellerbeat.errors import SignatureError
from sellerbeat.webhooks import TOLERANCE, verified


def view(
    take: Callable[[Mapping[str, Any]], object], secrets: str | Iterable[str], *, tolerance: timedelta = TOLERANCE
) -> Callable[[HttpRequest], HttpResponse]:
    """Takes POSTs: 204 once `take` returned, 401 for what is not signed. What `take` raises is a 500, and comes again."""
    keys = [secrets] if isinstance(secrets, str) else list(secrets)

    def deliver(request: HttpRequest) -> HttpResponse:
        try:
            message = verified(request.headers, request.body, keys, tolerance)
        except SignatureError as error:
            return HttpResponse(f"{error}\n", status=401, content_type="text/plain")
        take(message["data"])
        return HttpResponse(status=204)

    made: Callable[[HttpRequest], HttpResponse] = csrf_exempt(require_POST(deliver))
    return made
