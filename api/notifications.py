"""`/v1/sellers/{seller_id}/notifications`: what eBay tells of a seller, and having it tell. Of all of them: the command line."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from api.fields import Control, Read, SellerPath
from api.routing import ApiRoute, problems
from operations.subscriptions import SetupRow, arranged_for, quiet
from serving.callers import Caller
from serving.context import WebContext
from store.schema.times import iso

SUBSCRIPTION = "subscription"  # of these the name is a topic of eBay's, which all may know
router = APIRouter(route_class=ApiRoute, tags=["Notifications"])


class TopicCount(BaseModel):
    """What came, of one topic, and what became of it."""

    topic: str = Field(examples=["ORDER_CONFIRMATION"])
    state: str = Field(examples=["done"])
    notifications: int
    copies: int = Field(description="with those that came again")
    last_at: str | None = Field(description="UTC", examples=["2026-06-18T12:00:00.000Z"])


class TopicCounts(BaseModel):
    """By topic; kept as long as SELLERBEAT_KEEP_NOTIFICATIONS says."""

    topics: list[TopicCount]


class ArrangedPart(BaseModel):
    """One thing at eBay: a destination, a subscription."""

    mark: Literal["ok", "!", "x"] = Field(description="!: a topic that the consent does not cover, and need not")
    what: str = Field(examples=["subscription"])
    seller_id: str | None = Field(description="null: of the application")
    name: str = Field(
        description="the topic, or the address; empty: the application's own address, to a narrowed token", examples=["ORDER_CONFIRMATION"]
    )
    ok: bool
    found: str = Field(description="in words", examples=["made"])


class ArrangedParts(BaseModel):
    """The seller's, and of the application's what keeps notifications from coming."""

    parts: list[ArrangedPart]
    wrong: int = Field(description="so many keep notifications from coming")


@router.get("/v1/sellers/{seller_id}/notifications", responses=problems(404), openapi_extra={"x-command": "notifications show"})
async def counts(request: Request, seller_id: SellerPath, caller: Read) -> TopicCounts:
    """What came of a seller, by topic. What eBay is set up to tell, `setup` and `repair` say: to ask costs calls."""
    context: WebContext = request.app.state.context
    await context.ask(context.overview.known, seller_id)
    rows = await context.ask(context.store.notifications.counts, seller_id)
    return TopicCounts(topics=[TopicCount(**{**row, "last_at": iso(row["last_at"])}) for row in rows])


@router.post(
    "/v1/sellers/{seller_id}/notifications/setup", responses=problems(404, 409, 502), openapi_extra={"x-command": "notifications setup"}
)
async def setup(request: Request, seller_id: SellerPath, caller: Control) -> ArrangedParts:
    """Have eBay tell us of a seller: the destination and the subscriptions. Safe to repeat."""
    return parts_for(await _arranged(request, caller, seller_id, "notifications.setup"), seller_id, caller)


@router.post(
    "/v1/sellers/{seller_id}/notifications/repair", responses=problems(404, 409, 502), openapi_extra={"x-command": "notifications repair"}
)
async def repair(request: Request, seller_id: SellerPath, caller: Control) -> ArrangedParts:
    """Enable what eBay marked down, make or put right subscriptions; tells only of what is or was wrong."""
    rows = await _arranged(request, caller, seller_id, "notifications.repair")
    return parts_for([row for row in rows if not quiet(row)], seller_id, caller)


async def _arranged(request: Request, caller: Caller, seller_id: str, action: str) -> list[SetupRow]:
    return await arranged_for(request.app.state.context, caller.author, seller_id, action)


def parts_for(rows: list[SetupRow], seller_id: str, caller: Caller) -> ArrangedParts:
    """Without the application's own where they are well: the operator's addresses are none of an app's business.

    A narrowed token is told that one is wrong, and not which address it is.
    """
    shown = [row if row.seller_id else _nameless(row, caller) for row in rows if row.seller_id == seller_id or row.wrong]
    return ArrangedParts(parts=[ArrangedPart(**row.fields()) for row in shown], wrong=sum(row.wrong for row in shown))


def _nameless(row: SetupRow, caller: Caller) -> SetupRow:
    return row if caller.sellers is None or row.what == SUBSCRIPTION else replace(row, name="")
