"""How an app connects a seller by link, and gets an access token for calls of its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security
from pydantic import Field, StrictBool, StrictInt, model_validator
from starlette.responses import JSONResponse

from api.answers import LinkAnswer, TokenAnswer
from api.fields import NO_NUL, Body, Cadence, Control, History, LinkLife, Scopes, SellerPath
from api.routing import ApiRoute, Needs, problems
from domain.pacing import InventorySource
from domain.scopes import Scope
from operations.app_tokens import MOST_CALLS, MOST_SCOPES, give_app_token
from operations.consent import LASTING, link_seller, options_of
from operations.enrolment import scopes_of
from serving.callers import Caller
from serving.context import WebContext
from store.schema.times import iso

router = APIRouter(route_class=ApiRoute, tags=["Connecting"])
Line = Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


class LinkBody(Body):
    """What the enrolment sets holds for a new seller alone."""

    return_to: Line | None = Field(
        None,
        description="where the seller's browser goes afterwards: on an origin of SELLERBEAT_RETURN_ORIGINS",
        examples=["https://app.example.com/connected"],
    )
    app: Line | None = Field(None, description="the app's name, for the seller to read; else return_to's host", examples=["Shop Helper"])
    valid_for: LinkLife | None = Field(None, description="how long the address is good; else 3d")
    scopes: Scopes = ""
    orders_every: Cadence | None = None
    backfill: History | None = Field(None, description="how far back orders are read; else as SELLERBEAT_BACKFILL has it")
    inventory_source: InventorySource = InventorySource.AUTO
    offers: StrictBool = False

    @model_validator(mode="after")
    def _goes_together(self) -> LinkBody:
        if self.offers and self.inventory_source is InventorySource.TRADING:
            raise ValueError("offers need the Inventory API: with inventory_source trading there are none to read")
        return self


class TokenBody(Body):
    """All may be left out."""

    scopes: list[Line] = Field([], max_length=MOST_SCOPES, description="some of the consent's; none: all of them")
    calls: dict[Annotated[str, Field(max_length=40)], Annotated[StrictInt, Field(ge=0, le=MOST_CALLS)]] = Field(
        {},
        max_length=10,
        description="how many calls of which resource the app will make: polls leave room for them",
        examples=[{"orders": 10}],
    )


@router.post(
    "/v1/sellers/{seller_id}/link",
    response_model=LinkAnswer,
    responses=problems(404, 409),
    openapi_extra={"x-command": "connect", "x-secret": True},
)
async def link(request: Request, seller_id: SellerPath, caller: Control, body: LinkBody | None = None) -> Response:
    """An address at eBay where the seller gives their consent, which enrols or revives them. `seller.connected` tells that they did."""
    context: WebContext = request.app.state.context
    body = body or LinkBody()
    made = await link_seller(
        context,
        caller.author,
        seller_id,
        body.valid_for or LASTING,
        options=options_of(body.orders_every, body.backfill, body.inventory_source, body.offers),
        scopes=scopes_of(body.scopes),
        return_to=body.return_to,
        app=body.app,
    )
    return JSONResponse({**made.fields(), "expires_at": iso(made.expires_at)}, headers={"Cache-Control": "no-store"})


@router.post("/v1/sellers/{seller_id}/token", response_model=TokenAnswer, responses=problems(404, 409), openapi_extra={"x-secret": True})
async def token(
    request: Request,
    seller_id: SellerPath,
    caller: Annotated[Caller, Security(Needs(Scope.FEED, ebay=True))],
    body: TokenBody | None = None,
) -> Response:
    """A short-lived access token for the app's own calls at eBay, within the consent. Only for tokens made with `--ebay`.

    422 `scope_missing` where the consent lacks a scope, 409 `no_token` where the seller has to consent anew, 429 `quota` where the day's
    quota does not have the calls, 429 `too_many_tokens` where ten other choices of scopes were
    given within the hour.
    """
    context: WebContext = request.app.state.context
    body = body or TokenBody()
    async with context.token_turns.of(seller_id):  # they would wait for one lock of the database, and for eBay, each with a thread
        given = await give_app_token(context, caller.author, seller_id, body.scopes, body.calls)
    return JSONResponse({**given.fields(), "expires_at": iso(given.expires_at)}, headers={"Cache-Control": "no-store"})
