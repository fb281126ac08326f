"""What is refused, and how that is said: one line for a person, in problem+json (RFC 9457) for the API and in HTML for the page."""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.responses import Response


class ProblemError(Exception):
    """A request cannot be served: its status, and one line that says what to do."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, fields: dict[str, int | str] | None = None) -> None:
        """`fields`: what else a program reads of it, beside the words."""
        super().__init__(detail)
        self.status, self.detail, self.headers, self.fields = status, detail, headers or {}, fields or {}

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
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, in one line"},
    },
}


def problem_json(problem: ProblemError) -> Response:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail, **problem.fields}
    return Response(json.dumps(body) + "\n", problem.status, problem.headers, "application/problem+json")
