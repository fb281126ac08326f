"""What is stored of a seller, page by page, and the polls that read it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api.answers import EntitiesAnswer, PollsAnswer
from api.fields import Cursor, Read, SellerPath
from api.routing import ApiRoute, problems
from serving.context import WebContext
from serving.problems import ProblemError
from store.reading.paging import ListPage, WrongCursorError

router = APIRouter(route_class=ApiRoute, tags=["Snapshots"])
Entities = Literal["orders", "fulfillments", "inventory", "offers"]
MOST_NAMED = 100


class SnapshotQuery(BaseModel, extra="forbid", frozen=True):
    after: Cursor = Field("", description="those behind this one: `next` of the answer before, or an entity's id")
    limit: int = Field(100, ge=1, le=500, description="so many at most")
    id: list[Annotated[Cursor, Field(min_length=1)]] = Field(
        [], max_length=MOST_NAMED, description=f"of these ids alone, {MOST_NAMED} at most, all on one page; what is not there is left out"
    )


class PollsQuery(BaseModel, extra="forbid", frozen=True):
    after: str = Field("", pattern=r"^([0-9]{1,17}\.[0-9]{1,19})?$", description="those before this one: `next` of the answer before")
    limit: int = Field(100, ge=1, le=500, description="so many at most")


@router.get(
    "/v1/sellers/{seller_id}/snapshot/{entities}",
    response_model=EntitiesAnswer,
    responses=problems(404),
    openapi_extra={"x-command": "snapshot"},
)
async def snapshot(
    request: Request, seller_id: SellerPath, entities: Entities, query: Annotated[SnapshotQuery, Query()], caller: Read
) -> Response:
    """Orders, parcels, stock or offers as they are stored, removed and set-aside ones too, by id. A page shows one moment."""
    context: WebContext = request.app.state.context
    return await context.ask(_page, context, seller_id, entities, query)


def _page(context: WebContext, seller_id: str, entities: Entities, query: SnapshotQuery) -> Response:
    """In a thread: documents take their time to be written. Raises UnknownSellerError; ProblemError 422."""
    context.overview.known(seller_id)
    lists = context.store.lists
    try:
        if query.id:
            page = ListPage(lists.named_entities(seller_id, entities, query.id), None)
        else:
            page = lists.entities(seller_id, entities, query.after, query.limit)
    except WrongCursorError:
        raise ProblemError(422, "after: no answer gave this as next") from None
    return JSONResponse({"entities": page.rows, "next": page.next})


@router.get("/v1/sellers/{seller_id}/polls", response_model=PollsAnswer, responses=problems(404))
async def polls(request: Request, seller_id: SellerPath, query: Annotated[PollsQuery, Query()], caller: Read) -> Response:
    """Polls that found something, failed or were asked for, the newest first. Quiet ones leave no row."""
    context: WebContext = request.app.state.context
    await context.ask(context.overview.known, seller_id)
    try:
        page = await context.ask(context.store.lists.polls, seller_id, query.after, query.limit)
    except WrongCursorError:
        raise ProblemError(422, "after: no answer gave this as next") from None
    return JSONResponse({"polls": page.rows, "next": page.next})
