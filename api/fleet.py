"""What an operator asks of the fleet: `/v1/alerts` and `/v1/quota`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, model_validator

from api.fields import Moment, Read, ReadAll, SellerName
from api.routing import ApiRoute, asks_for, problems
from domain.alert_groups import AlertGroup
from domain.health import Finding
from operations import alerts as alerts_of
from operations import quota as quota_of
from serving.context import WebContext
from store.reading.alert_groups import NEWEST, AlertPage

router = APIRouter(route_class=ApiRoute, tags=["Fleet"])


class AlertsQuery(BaseModel, extra="forbid", frozen=True):
    closed: bool = Field(False, description="also those that passed")
    seller: SellerName = None
    cause: str | None = Field(
        None, pattern="^[a-z_]{1,40}$", description="those of one group only: its `code`; not with `closed` or `seller`"
    )
    after: int = Field(NEWEST, ge=1, le=NEWEST, description="older ones than this: `next` of the answer before")
    limit: int = Field(500, ge=1, le=500, description="so many at most")

    @model_validator(mode="after")
    def _of_open_ones(self) -> AlertsQuery:
        if self.cause and (self.closed or self.seller):
            raise ValueError("cause: groups are of all open alerts, so leave closed and seller out")
        return self


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


class ShownAlertGroup(BaseModel):
    """Open alerts of one cause."""

    code: str = Field(description="a kind, without what is behind its colon, or the part that is ill", examples=["ebay_down"])
    title: str = Field(examples=["eBay does not answer: 3,000 sellers"])
    sellers: int | None = Field(description="how many it concerns; null: all, of unknown number; 0: it is no seller's")
    first_sellers: list[str] = Field(description="ids of the first few")
    alerts: int = Field(description="how many stand in it")
    since: Moment
    text: str = Field(description="of the newest, which may say more")
    to_do: str
    runbook: str


class ShownAlerts(BaseModel):
    """Alerts, the newest first, and all open ones by cause."""

    alerts: list[ShownAlert]
    next: int | None = Field(description="`after` of the next page; null: there is none")
    groups: list[ShownAlertGroup] = Field(
        description="all that are open, what concerns everybody first; of one seller where one is named. Behind the first page: empty"
    )


@router.get("/v1/alerts", responses=problems(404), openapi_extra={"x-command": "alerts"})
async def alerts(request: Request, query: Annotated[AlertsQuery, Query()], caller: Read) -> ShownAlerts:
    """What needs a look, and what to do. A token that is narrowed names one of its sellers."""
    context: WebContext = request.app.state.context
    asks_for(caller, query.seller)
    wrong = [] if query.seller else await context.health.findings()
    page, groups = await context.ask(_alerts, context, query, wrong)
    if not page.rows and query.seller:
        await context.ask(context.overview.known, query.seller)
    shown = [ShownAlertGroup(**alerts_of.group_fields(one)) for one in groups]
    return ShownAlerts(alerts=[ShownAlert(**row) for row in page.rows], next=page.next, groups=shown)


def _alerts(context: WebContext, query: AlertsQuery, wrong: Sequence[Finding]) -> tuple[AlertPage, Sequence[AlertGroup]]:
    page = alerts_of.alerts_page(
        context, query.limit, query.after, closed=query.closed, seller_id=query.seller, cause=query.cause, wrong=wrong
    )
    return page, alerts_of.grouped(context, wrong, query.seller) if query.after == NEWEST else []


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
