"""`/v1/deliveries`: the log of what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from api.fields import ENDPOINT_ID, AskedTime, Read, SellerName
from api.routing import ApiRoute, asks_for, problems
from domain.delivery import AttemptOutcome, WrongTypesError, patterns
from operations.deliveries import log
from serving.context import WebContext
from serving.problems import ProblemError
from store import UnknownEndpointError
from store.delivery.deliveries import AttemptFilter, AttemptPage
from store.schema.tables import LARGEST_ID

EndpointName = Annotated[str | None, Field(pattern=f"^{ENDPOINT_ID.pattern}$", description="one endpoint only")]
TypePattern = Annotated[str, Field(max_length=200)]
router = APIRouter(route_class=ApiRoute, tags=["Deliveries"])


class LogQuery(BaseModel, extra="forbid", frozen=True):
    endpoint: EndpointName = None
    seller: SellerName = None
    type: list[TypePattern] = Field([], max_length=20, description="of these types only, such as order.*")
    failed: bool = Field(False, description="only what was not taken")
    since: AskedTime | None = Field(None, description="attempts from then on: 2h (ago), or 2026-06-01T12:00:00Z")
    until: AskedTime | None = Field(None, description="attempts before then")
    limit: int = Field(100, ge=1, le=1000, description="so many at most, 1 to 1000")
    after: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID, description="go on with older ones, from an answer's `next`")


class LoggedAttempt(BaseModel):
    """One attempt to deliver one change to one endpoint."""

    id: int
    at: str = Field(description="UTC", examples=["2026-06-18T12:00:00.000Z"])
    endpoint_id: str = Field(examples=["ep-1f2e3d4c"])
    seller_id: str | None = Field(description="null: an alert of the fleet")
    event_id: str = Field(description="the change's id, which is the message's webhook-id")
    position: int
    type: str = Field(examples=["order.created"])
    attempt: int = Field(description="1 for the first")
    replayed: bool
    outcome: AttemptOutcome
    status: int | None = Field(description="of the answer; null: there was none")
    kind: str | None = Field(description="why there was none")
    took_ms: int


class DeliveryLog(BaseModel):
    """Attempts, the newest first. By type a page may have fewer than `limit`, or none, and go on with `next`."""

    deliveries: list[LoggedAttempt]
    next: int | None = Field(description="`after` of the next page; null: there is none")


@router.get("/v1/deliveries", responses=problems(404), openapi_extra={"x-command": "deliveries"})
async def deliveries(request: Request, query: Annotated[LogQuery, Query()], caller: Read) -> DeliveryLog:
    """The log of what was sent, with the answers. A token that is narrowed names one of its sellers."""
    context: WebContext = request.app.state.context
    asks_for(caller, query.seller)
    chosen = AttemptFilter(query.endpoint, query.seller, types_of(query.type), query.failed, query.since, query.until)
    try:
        page = await context.ask(log, context, chosen, query.limit, query.after)
    except UnknownEndpointError:
        if caller.sellers is None:
            raise
        page = AttemptPage([], None)  # which endpoints there are is the fleet's business
    if not page.attempts and query.seller:
        await context.ask(context.overview.known, query.seller)
    return DeliveryLog(deliveries=[LoggedAttempt(**row) for row in page.attempts], next=page.next)


def types_of(given: Sequence[str], field: str = "type") -> tuple[str, ...]:
    """As the store has them. Raises ProblemError 422: nothing could match one."""
    try:
        return tuple(patterns(given)) if given else ()
    except WrongTypesError as error:
        raise ProblemError(422, f"{field}: {error}") from None
