"""What an operator asks of the fleet: `/v1/alerts` and `/v1/quota`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.fields import Moment, Read, ReadAll, SellerName
from api.routing import ApiRoute, asks_for, problems
from operations import alerts as alerts_of
from operations import quota as quota_of
from serving.context import WebContext

router = APIRouter(route_class=ApiRoute, tags=["Fleet"])


class AlertsQuery(BaseModel, extra="forbid", frozen=True):
    closed: bool = Field(False, description="also those that passed")
    seller: SellerName = None


class ShownAlert(BaseModel):
    """Something needs a look."""

    id: int
    seller_id: str | None = Field(description="null: of the whole fleet")
    kind: str = Field(description="what stands behind a colon says of what", examples=["failing:orders"])
    text: str
    opened_at: Moment
    closed_at: Moment | None
    runbook: str = Field(examples=["docs/runbooks/failing.md"])
    to_do: str = Field(description="what to do, in a sentence")


class ShownAlerts(BaseModel):
    """The newest first, 500 at most."""

    alerts: list[ShownAlert]


@router.get("/v1/alerts", responses=problems(404), openapi_extra={"x-command": "alerts"})
async def alerts(request: Request, query: Annotated[AlertsQuery, Query()], caller: Read) -> ShownAlerts:
    """What needs a look, and what to do. A token that is narrowed names one of its sellers."""
    context: WebContext = request.app.state.context
    asks_for(caller, query.seller)
    rows = await context.ask(alerts_of.listed, context, query.closed, query.seller)
    if not rows and query.seller:
        await context.ask(context.overview.known, query.seller)
    return ShownAlerts(alerts=[ShownAlert(**row) for row in rows])


class QuotaQuery(BaseModel, extra="forbid", frozen=True):
    plan: int | None = Field(None, ge=1, le=1_000_000, description="how fresh so many sellers like these would be")


class QuotaUse(BaseModel):
    """Calls of today, of one of eBay's resources."""

    resource: str = Field(examples=["orders"])
    used: int
    limit: int | None
    remaining: int | None = Field(description="by eBay's count")
    reset_at: Moment | None
    level: str | None = Field(description="the planner's, in words", examples=["full"])


class PlannedFreshness(BaseModel):
    """The freshness of orders, in seconds from when one can be seen to when it is."""

    what: str = Field(examples=["as it is"])
    sellers: int
    quota: int = Field(description="calls a day")
    level: float | None = Field(description="null: everybody gets what they wish")
    mean_s: float
    p95_s: float
    worst_seller_s: float = Field(description="the mean of the seller who fares worst")
    longest_s: float
    calls_desired: float = Field(description="a day, for everybody's shortest interval")
    calls_promised: float = Field(description="a day, for everybody's longest interval")
    mean: str = Field(description="as `mean_s`, in words")
    p95: str
    longest: str
    calls: str


class ShownQuota(BaseModel):
    """Today's use; with `plan` also the forecast."""

    quota: list[QuotaUse]
    plan: list[PlannedFreshness] | None


@router.get("/v1/quota", responses=problems(), openapi_extra={"x-command": "quota"})
async def quota(request: Request, query: Annotated[QuotaQuery, Query()], caller: ReadAll) -> ShownQuota:
    """Calls made today, by eBay's resource, against the quota."""
    context: WebContext = request.app.state.context
    used = [QuotaUse(**row) for row in await context.ask(quota_of.use, context)]
    if query.plan is None:
        return ShownQuota(quota=used, plan=None)
    async with context.planning:
        rows = await context.ask(quota_of.planned, context, query.plan)
    return ShownQuota(quota=used, plan=[PlannedFreshness(**row) for row in rows])
