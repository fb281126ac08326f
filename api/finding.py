"""Whose an order number, an item id or a SKU is: `/v1/find`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.fields import NO_NUL, Moment, ReadAll
from api.routing import ApiRoute, problems
from operations.finding import LONGEST, MOST, find
from serving.context import WebContext

router = APIRouter(route_class=ApiRoute, tags=["Fleet"])


class FindQuery(BaseModel, extra="forbid", frozen=True):
    q: str = Field(
        min_length=1,
        max_length=LONGEST,
        pattern=NO_NUL,
        description="an order number, a line item's id, an item id or a SKU, or how it begins; letters' case counts",
        examples=["03-14798-12345"],
    )


class FoundAnswer(BaseModel):
    """Something of a seller's, by its id; nothing of its content."""

    seller_id: str = Field(examples=["s-17"])
    kind: Literal["order", "fulfillment", "listing", "inventory", "offer"] = Field(description="fulfillment: the parcels of an order")
    entity_id: str = Field(description="of parcels the order's, as their own are tracking numbers")
    found_by: Literal["order number", "line item", "item id", "SKU"]
    value: str = Field(description="what is, or begins with, what was asked for")
    changed_at: Moment = Field(description="when it changed last, as far as it was read")
    removed: bool
    page: str = Field(description="the seller's page, on this site", examples=["/sellers/s-17"])


class FindAnswer(BaseModel):
    """The exact ones first."""

    found: list[FoundAnswer] = Field(description=f"{MOST} at most")
    more: bool = Field(description="there are others: ask for more of the id")


@router.get("/v1/find", responses=problems(), openapi_extra={"x-command": "find"})
async def search(request: Request, query: Annotated[FindQuery, Query()], caller: ReadAll) -> FindAnswer:
    """Whose an order number, line item, item id or SKU is, across all sellers: orders, parcels, listings, inventory, offers.

    Ids of our own tables alone are searched: nothing of a buyer's, and no tracking number. Line items are of orders since the enrolment.
    """
    context: WebContext = request.app.state.context
    result = await context.ask(find, context, query.q)
    return FindAnswer(found=[FoundAnswer(**row) for row in result.rows], more=result.more)
