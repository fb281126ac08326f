"""`/v1/audit`: who did what, when."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.fields import Admin, SellerName
from api.routing import ApiRoute, problems
from serving.context import WebContext
from store.schema.tables import LARGEST_ID

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"  # Postgres takes not every text
router = APIRouter(route_class=ApiRoute, tags=["Fleet"])


class ActsQuery(BaseModel, extra="forbid", frozen=True):
    seller: SellerName = None
    author: str | None = Field(None, min_length=1, max_length=200, pattern=PRINTABLE, examples=["token:ci"])
    action: str | None = Field(None, min_length=1, max_length=100, pattern="^[a-z_.*-]+$", examples=["seller.pause", "endpoint.*"])
    limit: int = Field(100, ge=1, le=1000, description="so many acts at most, 1 to 1000")
    before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID, description="go on with older ones, from an answer's `next`")


class Act(BaseModel):
    """What a person or a program did."""

    id: int
    at: str = Field(description="when it began, UTC", examples=["2026-06-18T12:00:00.000Z"])
    author: str = Field(examples=["token:ci", "page", "os:alice"])
    action: str = Field(examples=["seller.pause"])
    seller_id: str | None
    subject: str | None = Field(description="of what else than a seller: its id", examples=["ep-1f2e3d4c"])
    before: dict[str, Any] | None = Field(description="of a setting")
    after: dict[str, Any] | None
    outcome: Literal["done", "failed"] | None = Field(description="null: it is in hand, or its process died")


class Acts(BaseModel):
    """The newest first."""

    acts: list[Act]
    next: int | None = Field(description="`before` of the next page; null: there is none")


@router.get("/v1/audit", responses=problems(), openapi_extra={"x-command": "audit"})
async def audit(request: Request, query: Annotated[ActsQuery, Query()], caller: Admin) -> Acts:
    """Who did what, whichever door it came by: command line, page or API."""
    context: WebContext = request.app.state.context
    rows = await context.ask(
        context.store.audit.read,
        before=query.before,
        limit=query.limit,
        seller_id=query.seller,
        author=query.author,
        action=query.action,
    )
    return Acts(acts=[Act(**row) for row in rows], next=rows[-1]["id"] if len(rows) == query.limit else None)
