"""`/v1/deliveries/{message_id}`: one message, its attempts and its body."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from api.deliveries import LoggedAttempt
from api.fields import Moment, Read
from api.routing import ApiRoute, problems
from domain.scopes import Scope
from operations.messages import MESSAGE_STATES, message
from serving.context import WebContext
from serving.problems import ProblemError

MessageState = Literal["delivered", "again", "failing", "waiting", "off", "not sent"]
router = APIRouter(route_class=ApiRoute, tags=["Deliveries"])


class MessageEndpoint(BaseModel):
    """How far the message got to one endpoint."""

    endpoint_id: str = Field(examples=["ep-1f2e3d4c"])
    state: MessageState = Field(description="; ".join(f"{name}: {words}" for name, words in MESSAGE_STATES.items()))
    attempts: int = Field(description="in the log")
    last_at: Moment | None
    next_at: Moment | None = Field(description="of the next try; null: it waits for nothing but its turn, or for nothing at all")
    before: int = Field(description="messages of the seller that this endpoint is to take first; 1000: that or more")
    thin: bool = Field(description="it goes there without `data` and `previous`, as it is large")


class DeliveredMessage(BaseModel):
    """A message: what it tells, who it is for, and every attempt that is in the log."""

    id: str = Field(description="of the change, and the message's webhook-id")
    type: str = Field(examples=["order.created"])
    seller_id: str | None = Field(description="null: an alert of the fleet")
    position: int
    entity_id: str
    occurred_at: Moment
    detected_at: Moment
    endpoints: list[MessageEndpoint]
    attempts: list[LoggedAttempt] = Field(description="the newest first")
    hidden: list[str] = Field(description="what `body` hides, such as data.buyer.username")
    revealed: bool
    body: dict[str, Any] | None = Field(
        description="as it is posted, without the buyer unless revealed; null: the token is not of scope admin"
    )


class RevealQuery(BaseModel, extra="forbid", frozen=True):
    reveal: bool = Field(False, description="the body with all that is personal, for scope admin; who looked stands in the audit")


@router.get("/v1/deliveries/{message_id}", responses=problems(404), openapi_extra={"x-command": "delivery"})
async def delivery(
    request: Request,
    message_id: Annotated[str, Path(pattern="^[!-~]{1,100}$", description="the change's id")],
    query: Annotated[RevealQuery, Query()],
    caller: Read,
) -> DeliveredMessage:
    """One message: its endpoints, all attempts, and for a token of scope admin the body, without the buyer unless asked for."""
    context: WebContext = request.app.state.context
    admin = caller.scope.holds(Scope.ADMIN)
    if query.reveal and not admin:
        raise ProblemError(403, f"reveal needs a token of scope admin; this one has {caller.scope}", code="scope_lacking")
    found = await message(context, caller.author, message_id, body=admin, reveal=query.reveal, sellers=caller.sellers)
    if caller.sellers is not None:  # which endpoints there are is the fleet's business
        found["endpoints"] = [one for one in found["endpoints"] if one["attempts"]]
    return DeliveredMessage(**found)
