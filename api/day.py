"""`GET /v1/sellers/{seller_id}/day`: what happened to a seller in the last 24 hours."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api.answers import TIME, GrowingAnswer
from api.fields import Read, SellerPath
from api.routing import ApiRoute, problems
from domain.seller_day import DayKind
from operations.seller_day import day_fields
from serving.context import WebContext

router = APIRouter(route_class=ApiRoute, tags=["Sellers"])


class DayBucketAnswer(GrowingAnswer):
    """All of one kind within an hour (polls) or a quarter of it (all else)."""

    kind: DayKind
    at: str = Field(description=TIME)
    until: str
    count: int = Field(description="of alerts: how often one opened or closed")
    quiet: int = Field(description="polls that found nothing")
    parts: dict[str, int] = Field(description="how many by stream, act, alert or topic", examples=[{"orders": 12}])
    text: str = Field(description="the same in words, with the newest error or reason")


class DayAnswer(BaseModel):
    """As `status SELLER --day --json`. What holds nothing is left out."""

    seller_id: str = Field(examples=["s-17"])
    since: str = Field(description="an hour's beginning, UTC; 24 hours with the one that is not over")
    until: str = Field(description="now, by the database's clock")
    totals: dict[str, int] = Field(description="how many of each kind", examples=[{"polls": 412, "changes": 7}])
    buckets: list[DayBucketAnswer] = Field(description="the oldest first")


@router.get("/v1/sellers/{seller_id}/day", response_model=DayAnswer, responses=problems(404))
async def day(request: Request, seller_id: SellerPath, caller: Read) -> Response:
    """The last 24 hours of a seller in buckets: polls, changes, failures, acts such as pauses, alerts, notifications of eBay.

    Sums of at most a few hundred buckets, however much happened. The page draws the same.
    """
    context: WebContext = request.app.state.context
    return JSONResponse(await day_fields(context, seller_id))
