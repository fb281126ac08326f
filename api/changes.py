"""`GET /v1/changes`: the feed, as `starter.py changes --json` prints it, with long polling."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext, suppress
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.fields import Feed
from api.routing import ApiRoute, asks_for, problems
from domain.delivery import WrongTypesError, patterns
from domain.seller_id import SELLER_ID, SELLER_ID_FORM
from serving.callers import Caller
from serving.context import WebContext
from serving.problems import ProblemError
from store.events.feed import FeedPage
from store.events.feed_bounds import FeedBounds, FeedGoneError
from store.events.feed_text import WrittenPage
from store.schema.tables import LARGEST_ID

LONGEST_S = 60
router = APIRouter(route_class=ApiRoute, tags=["Changes"])


class FeedQuery(BaseModel, extra="forbid", frozen=True):
    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] | Literal["latest"] = Field(
        0, description="only what comes after this position, a whole number from 0 on; `latest`: only what comes from now on"
    )
    limit: int = Field(500, ge=1, le=1000, description="so many changes at most, 1 to 1000")
    seller: list[Annotated[str, Field(pattern=f"^{SELLER_ID.pattern}$")]] = Field(
        [], max_length=100, description=f"of these sellers only: ids of {SELLER_ID_FORM}"
    )
    type: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=20, description="of these types only, such as order.*")
    feed: str | None = Field(
        None, pattern="^[0-9a-z]{1,32}$", description="the feed's generation, as an answer told it: 410 if it is another one now"
    )
    wait: str = Field(
        "0s",
        pattern=r"^(([0-5]?[0-9](\.[0-9]{1,3})?|60)s|1m)$",
        description=f"how long to wait for a change, such as 20s; {LONGEST_S}s at most",
    )

    @property
    def wait_s(self) -> float:
        return LONGEST_S if self.wait == "1m" else float(self.wait.removesuffix("s"))


class Changes(BaseModel):
    """One page of the feed."""

    changes: list[dict[str, Any]]
    next: int = Field(description="the position to go on after", examples=[1041])
    feed: str = Field(description="the feed's generation: another one after a restore", examples=["1"])


@router.get("/v1/changes", response_model=Changes, responses=problems(404, 410, 414), openapi_extra={"x-command": "changes"})
async def changes(request: Request, query: Annotated[FeedQuery, Query()], caller: Feed) -> Response:
    """The changes behind a position, oldest first. Who goes on after `next` misses none and gets none twice."""
    context: WebContext = request.app.state.context
    try:
        types = patterns(query.type) if query.type else []
    except WrongTypesError as error:
        raise ProblemError(422, f"type: {error}") from None
    sellers = _sellers(query.seller, caller)
    after = query.after if query.after != "latest" else await context.ask(context.store.feed.committed)
    now = asyncio.get_running_loop().time
    end = now() + query.wait_s
    with context.change_waiter.awaited(sellers) if query.wait_s else nullcontext(asyncio.Event()) as bell:
        while True:
            bell.clear()
            body, page = await context.ask(_page, context, query, after, sellers, types)
            if page.events or now() >= end or context.change_waiter.closed or await request.is_disconnected():
                return Response(body, media_type="application/json")
            if page.complete:  # else there is more to look through
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(end):
                        await bell.wait()
            after = page.next
            await context.callers.named(request)  # a token that was revoked meanwhile gets nothing more


def _sellers(named: list[str], caller: Caller) -> list[str] | None:
    """Whose changes are asked for; None: everybody's. Raises ProblemError 404: the token does not see one."""
    for seller_id in named:
        asks_for(caller, seller_id)
    return sorted(set(named)) or (sorted(caller.sellers) if caller.sellers is not None else None)


def _page(
    context: WebContext, query: FeedQuery, after: int, sellers: list[str] | None, types: list[str]
) -> tuple[bytes, FeedPage | WrittenPage]:
    """The answer's body, and what it is made of. Raises UnknownSellerError."""
    feed = context.store.feed
    try:
        whole = sellers is None and not types  # as most ask
        page = feed.written(after, query.limit) if whole else feed.chosen(after, query.limit, sellers, types)
    except FeedGoneError as error:
        raise gone(str(error), error.bounds, feed.committed()) from None
    bounds = page.bounds
    if query.feed not in (None, bounds.generation):
        words = f"the feed was restored, and is {bounds.generation} now: positions of {query.feed} mean nothing in it"
        raise gone(words, bounds, feed.committed())
    if not page.events and query.seller:
        context.overview.known(*query.seller)  # waiting for one who was never enrolled would be for ever
    text = page.text if isinstance(page, WrittenPage) else json.dumps(page.events, ensure_ascii=False)
    return f'{{"changes": {text}, "next": {page.next}, "feed": {json.dumps(bounds.generation)}}}'.encode(), page


def gone(words: str, bounds: FeedBounds, latest: int) -> ProblemError:
    """410, and where to begin again: `oldest` reads all that is kept, `latest` what comes from now on."""
    return ProblemError(410, words, fields={"oldest": bounds.cut, "latest": latest, "feed": bounds.generation})
