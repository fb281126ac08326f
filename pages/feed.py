"""`GET /v1/changes`: the feed, as `starter.py changes --json` prints it, with long polling."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from domain.seller_id import SELLER_ID
from serving.context import WebContext
from serving.problems import ProblemError
from store.events.feed import FeedBounds, FeedGoneError

LARGEST = 2**63 - 1
LONGEST_S = 60
MEANING = {
    "after": f"a position of the feed, a whole number from 0 to {LARGEST}",
    "limit": "a whole number from 1 to 1000",
    "seller": "a seller id: 1 to 100 letters, digits, dots, dashes or underscores",
    "feed": "the feed's generation, as an answer told it",
    "wait": f"how long to wait for a change, such as 20s; {LONGEST_S}s at most",
}


class FeedQuery(BaseModel, extra="forbid", frozen=True):
    after: int = Field(0, ge=0, le=LARGEST, description="only what comes after this position")
    limit: int = Field(500, ge=1, le=1000, description="so many changes at most")
    seller: str | None = Field(None, pattern=f"^{SELLER_ID.pattern}$", description="of one seller only")
    feed: str | None = Field(
        None, pattern="^[0-9a-z]{1,32}$", description="the feed's generation, as an answer told it: 410 if it is another one now"
    )
    wait: str = Field("0s", pattern=r"^(([0-5]?[0-9](\.[0-9]{1,3})?|60)s|1m)$", description="wait so long for a change where there is none")

    @property
    def wait_s(self) -> float:
        return LONGEST_S if self.wait == "1m" else float(self.wait.removesuffix("s"))


class Changes(BaseModel):
    """One page of the feed."""

    changes: list[dict[str, Any]]
    next: int = Field(description="the position to go on after")
    feed: str = Field(description="the feed's generation: another one after a restore")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, words in {
        401: "no token, or a wrong one",
        403: "not from this machine, and there is no token",
        404: "the seller was never enrolled",
        410: "nothing is known behind this position: too old, beyond the end, of another generation; `oldest`, `latest`, `feed`",
        414: "too long a query",
        422: "a wrong parameter",
        503: "Postgres is away: ask again",
    }.items()
}
by_token = HTTPBearer(auto_error=False, description="SELLERBEAT_ADMIN_TOKEN")  # for the description alone: `Access.bearer` decides
router = APIRouter()


@router.get("/v1/changes", response_model=Changes, responses=PROBLEMS, dependencies=[Security(by_token)])
async def changes(request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
    """The changes behind a position, oldest first. Who goes on after `next` misses none and gets none twice."""
    context: WebContext = request.app.state.context
    context.access.bearer(request)
    if len(request.query_params.multi_items()) != len(request.query_params):
        raise ProblemError(422, "each parameter may be given once")
    now = asyncio.get_running_loop().time
    end = now() + query.wait_s
    with context.change_waiter.awaited(query.seller) if query.wait_s else nullcontext(asyncio.Event()) as bell:
        while True:
            bell.clear()
            page, found = await context.ask(_page, context, query)
            if found or now() >= end or context.change_waiter.closed or await request.is_disconnected():
                return Response(page, media_type="application/json")
            with suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await bell.wait()


def _page(context: WebContext, query: FeedQuery) -> tuple[bytes, int]:
    """The answer's body, and how many changes it has. Raises UnknownSellerError."""
    try:
        events, bounds = context.store.feed.page(query.after, query.limit, query.seller)
    except FeedGoneError as error:
        raise gone(str(error), error.bounds) from None
    if query.feed not in (None, bounds.generation):
        raise gone(f"the feed was restored, and is {bounds.generation} now: positions of {query.feed} mean nothing in it", bounds)
    if not events and query.seller is not None:
        context.overview.known(query.seller)  # waiting for one who was never enrolled would be for ever
    following = events[-1]["position"] if events else query.after
    return json.dumps({"changes": events, "next": following, "feed": bounds.generation}, ensure_ascii=False).encode(), len(events)


def gone(words: str, bounds: FeedBounds) -> ProblemError:
    """410, and where to begin again: `oldest` reads all that is kept, `latest` what comes from now on."""
    return ProblemError(410, words, fields={"oldest": bounds.cut, "latest": bounds.latest, "feed": bounds.generation})


def in_one_line(error: RequestValidationError) -> str:
    """`limit: a whole number from 1 to 1000`."""
    name = str(error.errors()[0]["loc"][-1])
    if name in MEANING:
        return f"{name}: {MEANING[name]}"
    return f"there is no such parameter; there are {', '.join(MEANING)}"
