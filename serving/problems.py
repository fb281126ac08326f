"""What is refused, and how that is said: one line for a person, in problem+json (RFC 9457) for the API and in HTML for the page."""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.responses import Response

USUAL_CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    410: "feed_gone",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    429: "too_many_requests",
    502: "ebay_refused",
    503: "unavailable",
}
SET_RIGHT_S = 60  # a 503 that a person has to end is asked for again after this


class ProblemError(Exception):
    """A request cannot be served: its status, and one line that says what to do."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: dict[str, str] | None = None,
        fields: dict[str, int | str] | None = None,
        code: str | None = None,
    ) -> None:
        """`fields`: what else a program reads of it, beside the words. `code`: what it is, for a program; None: the status's usual one."""
        super().__init__(detail)
        self.status, self.detail, self.headers, self.fields = status, detail, headers or {}, fields or {}
        if status == 503:
            self.headers = {"Retry-After": str(SET_RIGHT_S)} | self.headers
        self.code = code or USUAL_CODES.get(status, "error")

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


class LoginNeededError(Exception):
    """Nobody is logged in: a person is led to the form, and from there back to `path`."""

    def __init__(self, path: str) -> None:
        super().__init__("login needed")
        self.path = path


PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "`urn:sellerbeat:problem:` and the code"},
        "code": {"type": "string", "description": "what it is, for a program: never changes"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, in one line"},
    },
}


def problem_json(problem: ProblemError) -> Response:
    body = {"type": f"urn:sellerbeat:problem:{problem.code}", "title": problem.title, "status": problem.status, "detail": problem.detail}
    body |= {"code": problem.code, **problem.fields}
    return Response(json.dumps(body) + "\n", problem.status, problem.headers, "application/problem+json")
