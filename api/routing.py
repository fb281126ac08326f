"""What all routes of the API have: who may use one, how large a request is, and the same answer for the same `Idempotency-Key`."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any, get_origin

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase
from pydantic import BaseModel
from starlette.types import Message

from domain.scopes import Scope
from domain.seller_id import SELLER_ID
from operations.app_tokens import TokenUnavailableError
from operations.errors import NotConfiguredError
from serving.callers import HERE, Caller
from serving.context import WebContext
from serving.problems import ProblemError, problem_json
from serving.refusals import as_problem
from store import StoreError
from store.access.idempotency import FAILED, BegunRequest, EarlierRequest

LARGEST_BODY = 256 * 1024  # bytes: 1,000 ids of sellers have 103 kB
LONGEST_KEY = 200
READS = ("GET", "HEAD")
ACT_REFUSES = (404, 409, 422)  # what the act itself refuses: who asks again gets the same
NOTHING_DONE = (ProblemError, NotConfiguredError, TokenUnavailableError)  # whatever their status; raised before anything was done or given
MEANINGS = {
    401: "no token, or one that is wrong, revoked or at its end",
    403: "the token's scope does not reach so far, or it is narrowed to sellers",
    404: "there is nothing of this id, or the token does not see it",
    409: "not as things stand: `code` says why",
    410: "nothing is known behind this position: too old, beyond the end, of another generation; `oldest`, `latest`, `feed`",
    413: f"a body has {LARGEST_BODY} bytes at most",
    414: "too long a query",
    415: "a body is application/json",
    422: "a wrong parameter or field, or another request had this Idempotency-Key",
    429: "too often: ask again after Retry-After seconds",
    502: "eBay refuses the application",
    503: "Postgres, Temporal or eBay is away, or a setting or key is missing (`code`): ask again after Retry-After seconds",
}
logger = logging.getLogger("sellerbeat.web")
PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Descriptions of refusals for `responses=`; 401, 403, 422, 429 and 503 are always among them, 400 and 413 to 415 too."""
    return {
        status: {"description": MEANINGS.get(status, "the body is no JSON"), "content": PROBLEM_CONTENT}
        for status in sorted({400, 401, 403, 413, 414, 415, 422, 429, 503, *statuses})
    }


class Needs(SecurityBase):
    """A dependency: the caller, if the token's scope holds `scope`; of a path with `seller_id`, only if it sees that seller.

    `fleet`: the route is about more than one seller, so that a narrowed token may not use it at all; False where the route sees to that.
    `ebay`: only tokens made with `--ebay`.
    """

    def __init__(self, scope: Scope, *, fleet: bool = False, ebay: bool = False) -> None:
        self.scope, self.fleet, self.ebay = scope, fleet, ebay
        self.model, self.scheme_name = BY_TOKEN.model, BY_TOKEN.scheme_name

    async def __call__(self, request: Request) -> Caller:
        """Raises ProblemError: 401, 403, 404, 415, 429."""
        context: WebContext = request.app.state.context
        caller = await context.callers.caller(request)
        self._check(caller, request)
        _each_once(request)
        if caller is HERE and request.method not in READS:
            _not_from_a_browser(request)
        return caller

    def _check(self, caller: Caller, request: Request) -> None:
        if not caller.scope.holds(self.scope):
            raise ProblemError(403, f"this needs a token of scope {self.scope}; this one has {caller.scope}", code="scope_lacking")
        if self.ebay and not caller.ebay:
            raise ProblemError(403, "this needs a token made with --ebay", code="scope_lacking")
        if caller.sellers is not None and self.fleet:
            raise ProblemError(403, "this is about the whole fleet, and the token is narrowed to sellers", code="scope_lacking")
        seller_id = request.path_params.get("seller_id")
        if seller_id is not None:
            asks_for(caller, seller_id)


BY_TOKEN = HTTPBearer(auto_error=False, description="made by `starter.py token create`, or SELLERBEAT_ADMIN_TOKEN")


def _each_once(request: Request) -> None:
    """Which of two values was meant nobody knows. Raises ProblemError 422."""
    route = request.scope.get("route")
    lists = route.lists if isinstance(route, ApiRoute) else ()
    names = Counter(name for name, _ in request.query_params.multi_items() if name not in lists)
    if twice := next((name for name, count in names.items() if count > 1), None):
        raise ProblemError(422, f"{twice[:60]} may be given once")


def _not_from_a_browser(request: Request) -> None:
    """Where this machine is let in without a token, a page in its browser must not act in its name. Raises ProblemError 403, 415."""
    if "origin" in request.headers:
        raise ProblemError(403, "a browser sent this, and without SELLERBEAT_ADMIN_TOKEN nobody could tell in whose name")
    if request.headers.get("content-type") is None and request.headers.get("content-length", "0") == "0":
        return  # a browser names itself by Origin with each POST
    _is_json(request)


def _is_json(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(415, "send the body as application/json")


class ApiRoute(APIRoute):
    """A route whose writes may be repeated under an `Idempotency-Key`: who asks again gets the answer that the first one got.

    `x-secret` of `openapi_extra`: the answer holds a secret, and is given once; `x-once`: the act may not be done twice. Neither is begun
    anew where it may have been done.
    """

    @property
    def needs(self) -> Needs | None:
        """Who may use it; None: everybody."""
        return next((one.call for one in self.dependant.dependencies if isinstance(one.call, Needs)), None)

    @cached_property
    def lists(self) -> frozenset[str]:
        """Query parameters that may be given more than once."""
        models = [one.field_info.annotation for one in self.dependant.query_params]
        fields = [
            field for model in models if isinstance(model, type) and issubclass(model, BaseModel) for field in model.model_fields.items()
        ]
        return frozenset(field.alias or name for name, field in fields if get_origin(field.annotation) is list)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's, behind what all routes check."""
        answer = super().get_route_handler()
        needs = self.needs
        said = self.openapi_extra or {}
        secret, repeatable = bool(said.get("x-secret")), not (said.get("x-secret") or said.get("x-once"))

        async def handle(request: Request) -> Response:
            if needs is None or request.method in READS:
                return await answer(request)
            caller = await needs(request)  # before a byte of a stranger's body is read
            body = await _read(request)
            if body:
                _is_json(request)
            request = _with_body(request, body)
            key = request.headers.get("idempotency-key")
            if key is None:
                return await answer(request)
            if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
                raise ProblemError(422, f"Idempotency-Key: 1 to {LONGEST_KEY} printable ASCII characters")
            query = request.scope["query_string"]
            digest = hashlib.sha256(b"\n".join((request.method.encode(), request.scope["path"].encode(), query, body))).digest()
            keys = request.app.state.context.store.idempotency_keys
            run = await request.app.state.context.ask(keys.begin, caller.id, key, digest, repeatable)
            return _given(run) if isinstance(run, EarlierRequest) else await _once(request, run, secret, answer)

        return handle


def _given(earlier: EarlierRequest) -> Response:
    """The answer that the first one got. Raises ProblemError 409, 422: it can't be given."""
    if not earlier.same:
        raise ProblemError(422, "another request had this Idempotency-Key: use a new one for a new request", code="key_reused")
    if earlier.unknown:
        words = "the first request of this Idempotency-Key was broken off, and may have been done: look, then use a new key if it was not"
        raise ProblemError(409, words, code="outcome_unknown")
    if earlier.status is None:
        raise ProblemError(409, "the first request of this Idempotency-Key is still in hand", {"Retry-After": "1"}, code="running")
    if earlier.answer is None:
        raise ProblemError(409, "done already; its answer held a secret, which is shown once", code="done_already")
    kind = "application/problem+json" if earlier.status >= 400 else "application/json"
    return Response(earlier.answer, earlier.status, {"Idempotent-Replayed": "true"}, kind if earlier.answer else None)


async def _once(request: Request, run: BegunRequest, secret: bool, answer: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    """The first answer. One that is cancelled, or whose process dies, leaves its row as begun: nobody knows how far it came."""
    try:
        made = await answer(request)
    except Exception as error:
        await _ended(request, run, *_left_by(error))
        raise
    await _ended(request, run, made.status_code, None if secret else bytes(made.body).decode())
    return made


def _left_by(error: Exception) -> tuple[int | None, str | None]:
    """Status and body of a refusal, as they are kept. No status: nothing was done, and nothing is kept; no body: it may have been done."""
    problem = as_problem(error)
    if problem.status in ACT_REFUSES and not isinstance(error, RequestValidationError):
        return problem.status, bytes(problem_json(problem).body).decode()
    if problem.status < FAILED or isinstance(error, NOTHING_DONE):
        return None, None
    return problem.status, None


async def _ended(request: Request, run: BegunRequest, status: int | None, answer: str | None) -> None:
    """Whoever asked gets the answer in any case; without this the row stays as begun, and says that the outcome is not known."""
    context: WebContext = request.app.state.context
    keys = context.store.idempotency_keys
    try:
        await (context.ask(keys.forget, run) if status is None else context.ask(keys.end, run, status, answer))
    except StoreError as error:
        logger.warning("an answer was not kept for its Idempotency-Key", extra={"error": type(error).__name__})


async def _read(request: Request) -> bytes:
    """The body, so far as it is of a bearable size. Raises ProblemError 413."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise ProblemError(413, f"a body has {LARGEST_BODY} bytes at most")
    return bytes(body)


def _with_body(request: Request, body: bytes) -> Request:
    """The same request, whose body may be read once more."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def is_known(etag: str, given: str | None) -> bool:
    """Whether who asks has it already. `given`: the header `If-None-Match`."""
    known = [one.strip().removeprefix("W/") for one in (given or "").split(",")]
    return etag in known or known == ["*"]


def asks_for(caller: Caller, seller_id: str | None) -> None:
    """Of a route that takes one seller or, with None, tells of all. Raises ProblemError 403, 404: the token does not reach so far."""
    if seller_id is not None and not (SELLER_ID.fullmatch(seller_id) and caller.sees(seller_id)):
        raise ProblemError(404, "no seller has such an id", code="unknown_seller")
    if seller_id is None and caller.sellers is not None:
        raise ProblemError(403, "the token is narrowed to sellers: name one of them by seller", code="scope_lacking")
