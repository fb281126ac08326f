"""What eBay cannot show and what could not be stored, and trying it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api.answers import AsidesAnswer, RetryAnswer
from api.fields import Control, NoFields, Read, SellerIdField
from api.routing import ApiRoute, asks_for, problems
from operations.aside import retry_set_aside
from serving.context import WebContext
from serving.problems import ProblemError
from store.schema.tables import LARGEST_ID

router = APIRouter(route_class=ApiRoute, tags=["Set aside"])


class AsideQuery(BaseModel, extra="forbid", frozen=True):
    seller: list[SellerIdField] = Field([], max_length=100, description="of these sellers only; a narrowed token has to name its own")
    after: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID, description="older ones than this: `next` of the answer before")
    limit: int = Field(100, ge=1, le=500, description="so many at most")


@router.get("/v1/set-aside", response_model=AsidesAnswer, responses=problems(404), openapi_extra={"x-command": "set-aside"})
async def set_aside(request: Request, query: Annotated[AsideQuery, Query()], caller: Read) -> Response:
    """Documents that are set aside, the newest first, each with the reason and without its contents."""
    context: WebContext = request.app.state.context
    for seller_id in query.seller or (None,):
        asks_for(caller, seller_id)
    page = await context.ask(context.store.lists.set_aside, query.after, query.limit, query.seller or None)
    return JSONResponse({"set_aside": page.rows, "next": page.next})


@router.post(
    "/v1/set-aside/{aside_id}/retry", response_model=RetryAnswer, responses=problems(404, 409), openapi_extra={"x-command": "set-aside"}
)
async def retry(
    request: Request, aside_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], caller: Control, body: NoFields | None = None
) -> Response:
    """Try one again now, whatever was tried today."""
    context: WebContext = request.app.state.context
    stored = await retry_set_aside(context, caller.author, aside_id, caller.sees)
    if stored is None:
        raise ProblemError(404, f"no document is set aside under {aside_id}", code="unknown_document")
    return JSONResponse({"id": aside_id, "stored": stored})
