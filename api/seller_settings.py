"""What is set for a seller for good: cadences, where the stock is read, how they are watched."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import Field, StrictBool, model_validator
from starlette.responses import JSONResponse

from api.answers import CadenceAnswer, InventoryAnswer, ModeAnswer
from api.fields import Body, Control, SellerPath
from api.routing import ApiRoute, problems
from api.sellers import CadencesBody
from domain.comparison import Mode
from domain.pacing import InventorySource
from operations.modes import set_mode
from operations.steering import set_cadence, set_inventory
from serving.context import WebContext
from workflows.messages import SetCadence

router = APIRouter(route_class=ApiRoute, tags=["Settings of a seller"])


class CadenceBody(CadencesBody):
    """What is not given stays as it is."""

    @model_validator(mode="after")
    def _says_something(self) -> CadenceBody:
        if not self.request().given():
            raise ValueError("name at least one of orders, fulfillment, inventory")
        return self

    def request(self) -> SetCadence:
        """As the workflow takes it."""
        return SetCadence(orders=self.orders, fulfillment=self.fulfillment, inventory=self.inventory)


class InventoryBody(Body):
    """What is not given stays as it is."""

    source: InventorySource | None = Field(None, description="where the stock is read")
    offers: StrictBool | None = Field(None, description="whether prices and quantities by marketplace are read too")

    @model_validator(mode="after")
    def _agrees(self) -> InventoryBody:
        if self.source is None and self.offers is None:
            raise ValueError("name at least one of source, offers")
        if self.offers and self.source is InventorySource.TRADING:
            raise ValueError("offers need the Inventory API: with source trading there are none to read")
        return self


class ModeBody(Body):
    mode: Mode
    force: StrictBool = Field(False, description="to webhooks although the seller is not ready")


@router.post(
    "/v1/sellers/{seller_id}/cadence",
    response_model=CadenceAnswer,
    responses=problems(404, 409),
    openapi_extra={"x-command": "set-cadence"},
)
async def cadence(request: Request, seller_id: SellerPath, body: CadenceBody, caller: Control) -> Response:
    """Set a seller's base intervals for good; quiet hours still slow them down. Needs a running worker: 503 `no_worker`."""
    context: WebContext = request.app.state.context
    said = body.request()
    await set_cadence(context, caller.author, seller_id, said)
    return JSONResponse({"seller_id": seller_id, **{f"{stream}_every_s": every.total_seconds() for stream, every in said.given().items()}})


@router.post(
    "/v1/sellers/{seller_id}/inventory",
    response_model=InventoryAnswer,
    responses=problems(404, 409),
    openapi_extra={"x-command": "set-inventory"},
)
async def inventory(request: Request, seller_id: SellerPath, body: InventoryBody, caller: Control) -> Response:
    """Change where a seller's stock is read, and whether offers are; from the next step on. What was recorded stays."""
    context: WebContext = request.app.state.context
    source, offers = await set_inventory(context, caller.author, seller_id, body.source, body.offers)
    return JSONResponse({"seller_id": seller_id, "inventory_source": source.value, "offers": offers})


@router.post("/v1/sellers/{seller_id}/mode", response_model=ModeAnswer, responses=problems(404, 409), openapi_extra={"x-command": "mode"})
async def mode(request: Request, seller_id: SellerPath, body: ModeBody, caller: Control) -> Response:
    """Say how a seller is watched: by polling, by polling compared with notifications, or by notifications with polling as safety net.

    To webhooks before the seller is ready it is 409 `not_ready`, unless forced.
    """
    context: WebContext = request.app.state.context
    return JSONResponse((await set_mode(context, caller.author, seller_id, body.mode, body.force)).fields())
