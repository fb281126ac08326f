"""Sellers: enrolled, shown, given a new consent, removed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field, StrictBool, model_validator
from starlette.responses import JSONResponse

from api.answers import EnrolmentAnswer, RemovalAnswer, SellerAnswer, SellersAnswer
from api.fields import Body, Cadence, Control, FutureDay, History, LastPoll, Read, ReadAll, RefreshToken, Scopes, SellerPath
from api.routing import ApiRoute, is_known, problems
from domain.pacing import InventorySource
from domain.scopes import Scope
from domain.seller_state import State
from operations.accounts import AccountRefusedError
from operations.context import EBAY_KEYS
from operations.enrolment import (
    EnrolmentOptions,
    EnrolmentResult,
    connect_seller,
    enroll_or_connect,
)
from operations.removal import erase_seller, remove_seller
from operations.status import seller_status, sellers_page
from serving.callers import Caller
from serving.context import WebContext
from serving.problems import ProblemError

router = APIRouter(route_class=ApiRoute, tags=["Sellers"])
ALREADY = {"model": EnrolmentAnswer, "description": "The seller was enrolled already: the token is replaced, and all else is kept."}
WITHOUT_WORKER = {"model": EnrolmentAnswer, "description": "It is stored, and no worker runs: polling begins when one is started."}


class CadencesBody(Body):
    """Base intervals; what is not given is as the settings have it."""

    orders: Cadence | None = None
    fulfillment: Cadence | None = None
    inventory: Cadence | None = Field(None, description="of the listings too")


class EnrolmentBody(Body):
    """All but the token holds for a new seller alone; of an enrolled one it is left as it is."""

    refresh_token: RefreshToken
    refresh_token_expires: FutureDay | None = None
    scopes: Scopes = ""
    cadences: CadencesBody = CadencesBody()
    backfill: History | None = Field(None, description="how far back orders are read; else as SELLERBEAT_BACKFILL has it")
    last_poll_at: LastPoll | None = None
    inventory_source: InventorySource = Field(InventorySource.AUTO, description="where the stock is read")
    offers: StrictBool = Field(False, description="read prices and quantities by marketplace too: a call for each SKU a day")

    @model_validator(mode="after")
    def _agree(self) -> EnrolmentBody:
        if self.offers and self.inventory_source is InventorySource.TRADING:
            raise ValueError("offers need the Inventory API: with inventory_source trading there are none to read")
        if self.backfill and self.last_poll_at:
            raise ValueError("backfill and last_poll_at say the same; give one of them")
        return self

    def options(self) -> EnrolmentOptions:
        """As `enroll` takes them."""
        return EnrolmentOptions(
            orders_every=self.cadences.orders,
            fulfillment_every=self.cadences.fulfillment,
            inventory_every=self.cadences.inventory,
            backfill=self.backfill or self.last_poll_at,
            scopes=self.scopes or None,
            ends=self.refresh_token_expires,
            source=self.inventory_source,
            offers=self.offers,
        )


class ReauthorizationBody(Body):
    """A new consent of the same eBay account."""

    refresh_token: RefreshToken
    refresh_token_expires: FutureDay | None = None
    scopes: Scopes = ""


class SellersQuery(BaseModel, extra="forbid", frozen=True):
    state: State | None = Field(None, description="those in this state only")
    q: str = Field("", pattern="^[A-Za-z0-9._-]{0,100}$", description="those whose id holds this, whatever its letters' case")
    limit: int = Field(100, ge=1, le=500, description="so many at most")
    after: str = Field("", pattern="^[A-Za-z0-9._-]{0,100}$", description="those behind this one: `next` of the answer before")


class RemovalQuery(BaseModel, extra="forbid", frozen=True):
    erase: bool = Field(False, description="also delete all that is stored of the seller; needs scope admin")


@router.put(
    "/v1/sellers/{seller_id}",
    status_code=201,
    response_model=EnrolmentAnswer,
    responses={200: ALREADY, 202: WITHOUT_WORKER, **problems(404, 409, 502)},
    openapi_extra={"x-command": "enroll"},
)
async def enroll(request: Request, seller_id: SellerPath, body: EnrolmentBody, caller: Control) -> Response:
    """Enrol a seller, or give an enrolled one a new token.

    eBay is asked first: 422 `token_refused` where it refuses the token, 503 `ebay_away` where it does not answer, 409 `wrong_account` or
    `account_taken` where it is another account than the seller's, or another seller's. Then nothing is stored.
    """
    context: WebContext = request.app.state.context
    context.require(EBAY_KEYS)
    with _naming_others(caller):
        result = await enroll_or_connect(context, caller.author, seller_id, body.refresh_token.get_secret_value(), body.options())
    return _enrolled(result)


@router.post(
    "/v1/sellers/{seller_id}/reauthorize",
    response_model=EnrolmentAnswer,
    responses={202: WITHOUT_WORKER, **problems(404, 409, 502)},
    openapi_extra={"x-command": "connect"},
)
async def reauthorize(request: Request, seller_id: SellerPath, body: ReauthorizationBody, caller: Control) -> Response:
    """Give an enrolled seller the token of a new consent: polling goes on from the cursor. Refused as `PUT` refuses."""
    context: WebContext = request.app.state.context
    context.require(EBAY_KEYS)
    token = body.refresh_token.get_secret_value()
    with _naming_others(caller):
        result = await connect_seller(context, caller.author, seller_id, token, body.scopes or None, body.refresh_token_expires)
    return _enrolled(result)


@router.get("/v1/sellers", response_model=SellersAnswer, responses=problems(), openapi_extra={"x-command": "list"})
async def list_sellers(request: Request, query: Annotated[SellersQuery, Query()], caller: ReadAll) -> Response:
    """All sellers by id, removed ones too, each with its state and why, from what Postgres holds."""
    context: WebContext = request.app.state.context
    page = await sellers_page(context, query.after, query.limit, query.q, query.state)
    return JSONResponse({"sellers": page.rows, "next": page.next})


@router.get(
    "/v1/sellers/{seller_id}",
    response_model=SellerAnswer,
    responses={304: {"description": "It is as the ETag says."}, **problems(404)},
    openapi_extra={"x-command": "status"},
)
async def show(
    request: Request,
    seller_id: SellerPath,
    caller: Read,
    if_none_match: Annotated[str | None, Header(description="an ETag of before: 304 while nothing is different")] = None,
) -> Response:
    """One seller: the state and why, each stream's last and next poll, and the day's numbers. The answer has an ETag."""
    context: WebContext = request.app.state.context
    with_worker = not await context.lacks_worker()
    answer: Response = JSONResponse(await seller_status(context, seller_id, ask_workflow=with_worker))
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    if is_known(tag, if_none_match):
        answer = Response(status_code=304)
    answer.headers["ETag"] = tag
    return answer


@router.delete("/v1/sellers/{seller_id}", response_model=RemovalAnswer, responses=problems(404), openapi_extra={"x-command": "remove"})
async def remove(request: Request, seller_id: SellerPath, query: Annotated[RemovalQuery, Query()], caller: Control) -> Response:
    """Stop polling a seller for good and forget the token. What was recorded stays, unless erased. Repeating it is fine."""
    context: WebContext = request.app.state.context
    if query.erase and not caller.scope.holds(Scope.ADMIN):
        raise ProblemError(403, f"to erase needs a token of scope {Scope.ADMIN}; this one has {caller.scope}", code="scope_lacking")
    left = await (erase_seller if query.erase else remove_seller)(context, caller.author, seller_id)
    return JSONResponse({"seller_id": seller_id, "state": "removed", "erased": query.erase} | ({"left": left} if left else {}))


@contextmanager
def _naming_others(caller: Caller) -> Iterator[None]:
    """Who has an account already is told, as `taken_by`, to whoever may see all sellers. Raises ProblemError 409."""
    try:
        yield
    except AccountRefusedError as error:
        if error.other is None or caller.sellers is not None:
            raise
        raise ProblemError(409, error.discreet, fields={"taken_by": error.other}, code=error.word) from None


def _enrolled(result: EnrolmentResult) -> Response:
    status = 202 if not result.worker else 201 if result.new else 200
    return JSONResponse({**result.fields(), "new": result.new}, status)
