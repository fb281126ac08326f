"""What a seller's workflow is told: pause, resume, poll now, speed up, the seller is there."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response, Security
from pydantic import Field
from starlette.responses import JSONResponse

from api.answers import ActiveAnswer, ActivesAnswer, FleetAnswer, PausedAnswer, PollNowAnswer, SpeedUpAnswer, StateAnswer
from api.fields import Body, Cadence, Control, NoFields, SellerIdField, SellerPath, SpeedUpTime, Until
from api.routing import ApiRoute, Needs, asks_for, problems
from domain.pacing import Stream
from domain.scopes import Scope
from operations.steering import (
    BY_HAND,
    ReportedActive,
    in_one_line,
    pause_seller,
    poll_seller_now,
    report_active,
    resume_seller,
    speed_up_seller,
)
from serving.callers import Caller
from serving.context import WebContext
from store import UnknownSellerError
from store.schema.times import iso

router = APIRouter(route_class=ApiRoute, tags=["Steering"])
Fleet = Annotated[Caller, Security(Needs(Scope.CONTROL, fleet=True))]
MOST_ACTIVE = 1000


class PauseBody(Body):
    reason: str = Field(BY_HAND, max_length=200, description="shown wherever the seller is", examples=["stock-take"])
    until: Until | None = None


class PollNowBody(Body):
    stream: Literal["orders", "fulfillment", "inventory"] | None = Field(None, description="one stream only; else all of them")


class SpeedUpBody(Body):
    every: Cadence
    lasting: SpeedUpTime = Field(alias="for")


class ActiveBody(Body):
    sellers: list[SellerIdField] = Field(min_length=1, max_length=MOST_ACTIVE)


@router.post(
    "/v1/sellers/{seller_id}/pause", response_model=PausedAnswer, responses=problems(404, 409), openapi_extra={"x-command": "pause"}
)
async def pause(request: Request, seller_id: SellerPath, caller: Control, body: PauseBody | None = None) -> Response:
    """Stop polling a seller until `resume`, or until then. The cursor stays, so nothing is lost."""
    context: WebContext = request.app.state.context
    body = body or PauseBody()
    await pause_seller(context, caller.author, seller_id, body.reason, body.until)
    return JSONResponse(
        {"seller_id": seller_id, "state": "paused", "reason": in_one_line(body.reason), "until": iso(body.until), "by": caller.author}
    )


@router.post(
    "/v1/sellers/{seller_id}/resume", response_model=StateAnswer, responses=problems(404, 409), openapi_extra={"x-command": "resume"}
)
async def resume(request: Request, seller_id: SellerPath, caller: Control, body: NoFields | None = None) -> Response:
    """Poll a paused seller again, at once, from the cursor."""
    context: WebContext = request.app.state.context
    await resume_seller(context, caller.author, seller_id)
    return JSONResponse({"seller_id": seller_id, "state": "polling"})


@router.post("/v1/pause", response_model=FleetAnswer, responses=problems(), openapi_extra={"x-command": "pause"})
async def pause_all(request: Request, caller: Fleet, body: PauseBody | None = None) -> Response:
    """Stop polling every enrolled seller."""
    context: WebContext = request.app.state.context
    body = body or PauseBody()
    reached = await pause_seller(context, caller.author, None, body.reason, body.until)
    return JSONResponse({"sellers": len(reached)})


@router.post("/v1/resume", response_model=FleetAnswer, responses=problems(), openapi_extra={"x-command": "resume"})
async def resume_all(request: Request, caller: Fleet, body: NoFields | None = None) -> Response:
    """Poll every enrolled seller again."""
    context: WebContext = request.app.state.context
    return JSONResponse({"sellers": len(await resume_seller(context, caller.author, None))})


@router.post(
    "/v1/sellers/{seller_id}/poll-now", response_model=PollNowAnswer, responses=problems(404, 409), openapi_extra={"x-command": "poll-now"}
)
async def poll_now(request: Request, seller_id: SellerPath, caller: Control, body: PollNowBody | None = None) -> Response:
    """Poll a seller as soon as the call in hand is done."""
    context: WebContext = request.app.state.context
    stream = body.stream if body else None
    await poll_seller_now(context, caller.author, seller_id, Stream(stream) if stream else None)
    return JSONResponse({"seller_id": seller_id, "stream": stream})


@router.post(
    "/v1/sellers/{seller_id}/speed-up", response_model=SpeedUpAnswer, responses=problems(404, 409), openapi_extra={"x-command": "speed-up"}
)
async def speed_up(request: Request, seller_id: SellerPath, caller: Control, body: SpeedUpBody) -> Response:
    """Poll a seller more often for a while."""
    context: WebContext = request.app.state.context
    await speed_up_seller(context, caller.author, seller_id, body.every, body.lasting)
    return JSONResponse({"seller_id": seller_id, "every_s": body.every.total_seconds(), "for_s": body.lasting.total_seconds()})


@router.post(
    "/v1/sellers/{seller_id}/active", response_model=ActiveAnswer, responses=problems(404, 409), openapi_extra={"x-command": "active"}
)
async def active(request: Request, seller_id: SellerPath, caller: Control, body: NoFields | None = None) -> Response:
    """Tell that the seller is using the app, at every click: within the hour it costs nothing. A dormant one is polled at once."""
    await _report(request, [seller_id])
    return JSONResponse({"seller_id": seller_id})


@router.post("/v1/active", response_model=ActivesAnswer, responses=problems(404, 409), openapi_extra={"x-command": "active"})
async def active_many(request: Request, body: ActiveBody, caller: Control) -> Response:
    """The same of many. Who is not enrolled is named in the answer; where nobody is, it is 404 or 409.

    A token that is narrowed to sellers may name its own alone.
    """
    for seller_id in body.sellers:
        asks_for(caller, seller_id)
    reported = await _report(request, body.sellers)
    return JSONResponse({"active": len(reported.active), "unknown": reported.unknown, "removed": reported.removed})


async def _report(request: Request, sellers: list[str]) -> ReportedActive:
    """Raises UnknownSellerError: none of them is enrolled."""
    context: WebContext = request.app.state.context
    reported = await report_active(context, sellers)
    if not reported.active:
        raise UnknownSellerError(sellers[0], removed=not reported.unknown)
    return reported
