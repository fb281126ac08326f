"""`/v1/reconcile`: polling compared with notifications."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, Field

from api.fields import Moment, Read, SellerName
from api.routing import ApiRoute, asks_for, problems
from domain.comparison import Mode
from operations.reconciling import compared_rows, watched
from serving.context import WebContext

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
router = APIRouter(route_class=ApiRoute, tags=["Fleet"])


def _utc(value: datetime) -> datetime:
    """A time without a zone is UTC."""
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not EARLIEST <= value <= LATEST:
        raise ValueError("a time from 2000 to 2200")
    return value.astimezone(UTC)


When = Annotated[datetime, AfterValidator(_utc), Field(description="such as 2026-06-01T12:00:00Z", examples=["2026-06-01T12:00:00Z"])]


class ReconcileQuery(BaseModel, extra="forbid", frozen=True):
    seller: SellerName = None
    since: When | None = None
    until: When | None = None
    limit: int = Field(50, ge=1, le=100, description="so many sellers at most, 1 to 100")
    after: str = Field("", max_length=100, pattern="^[A-Za-z0-9._-]*$", description="go on behind this seller: an answer's `next`")


class Ahead(BaseModel):
    """How much earlier one side was."""

    count: int
    median_s: float
    p95_s: float
    max_s: float


class Missed(BaseModel):
    """A change that one side never told."""

    event_id: str
    type: str
    entity_id: str
    version: int
    topic: str | None
    occurred_at: Moment
    detected_at: Moment


class MissedBy(BaseModel):
    """By side."""

    notifications: list[Missed]
    polling: list[Missed]


class Reconciled(BaseModel):
    """One seller's comparison."""

    seller_id: str
    mode: Mode
    mode_since: Moment | None
    since: Moment
    until: Moment
    changes: int
    both: int
    folded: int
    late: int
    only_polling: int
    only_notifications: int
    pending: int
    unannounced: int
    notifications_ahead: Ahead
    polling_ahead: Ahead
    ready: bool = Field(description="for webhooks, by the last week")
    why: str
    missing: MissedBy


class ReconciledSellers(BaseModel):
    """Sellers in shadow or webhooks, or the one that was named."""

    sellers: list[Reconciled]
    next: str | None = Field(description="`after` of the next page; null: there is none")


@router.get("/v1/reconcile", responses=problems(404), openapi_extra={"x-command": "reconcile"})
async def reconcile(request: Request, query: Annotated[ReconcileQuery, Query()], caller: Read) -> ReconciledSellers:
    """Polling compared with notifications, over the last 7 days or [since, until). A token that is narrowed names one of its sellers."""
    context: WebContext = request.app.state.context
    asks_for(caller, query.seller)
    if query.seller:
        sellers, following = [query.seller], None
    else:
        behind = [one for one in await context.ask(watched, context) if one > query.after]
        sellers = behind[: query.limit]
        following = sellers[-1] if len(behind) > query.limit else None
    rows = await context.ask(compared_rows, context, sellers, query.since, query.until)
    return ReconciledSellers(sellers=[Reconciled(**row) for row in rows], next=following)
