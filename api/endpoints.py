"""`/v1/endpoints`: who is told of changes. Writes need scope admin: who may name an address may have all changes sent there."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response, status
from pydantic import BaseModel, Field, model_validator

from api.fields import ENDPOINT_ID, Admin, Moment, ReadAll
from api.routing import ApiRoute, problems
from domain.delivery import AttemptOutcome
from domain.delivery.names import NAME
from domain.seller_id import SELLER_ID
from operations import endpoint_trials
from operations import endpoints as operations
from serving.context import WebContext
from store import UnknownEndpointError

SECRET = {"x-secret": True}
router = APIRouter(route_class=ApiRoute, tags=["Endpoints"])

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2048,
        description="an https address, without user and password; of mail a mail address",
        examples=["https://shop.example.com/hooks"],
    ),
]
Types = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=200)]],
    Field(max_length=50, description="types of changes, such as order.*; `*` for all", examples=[["order.*", "alert.opened"]]),
]
Kind = Annotated[
    Literal["webhook", "chat", "mail"],
    Field(description="chat: an incoming webhook as Slack has them; mail: `url` is a mail address. Both are for people: alerts alone"),
]
Thin = Annotated[bool, Field(description="changes above 20 kB go without their documents, with a link to the feed")]


def endpoint_id(endpoint_id: Annotated[str, Path(description="such as ep-1f2e3d4c", examples=["ep-1f2e3d4c"])]) -> str:
    """Raises UnknownEndpointError: none can have this id. Postgres takes not every text."""
    if not ENDPOINT_ID.fullmatch(endpoint_id):
        raise UnknownEndpointError("of this id")
    return endpoint_id


Id = Annotated[str, Depends(endpoint_id)]


Name = Annotated[
    str, Field(pattern=f"^{NAME.pattern}$", description="for people, of no other endpoint, not beginning with ep-", examples=["shop-app"])
]


class EndpointTerms(BaseModel, extra="forbid", frozen=True, strict=True):
    """An endpoint that is to be. Chat and mail get alerts alone, of all sellers: without types, seller and thin."""

    kind: Kind = "webhook"
    url: Url
    types: Types = []
    seller: str | None = Field(None, pattern=f"^{SELLER_ID.pattern}$", description="of this seller alone; left out: of all")
    thin: Thin = False
    name: Name | None = None


class EndpointChange(BaseModel, extra="forbid", frozen=True, strict=True):
    """What is to be another one; what is left out stays."""

    url: Url | None = None
    types: Annotated[Types, Field(min_length=1)] | None = None
    thin: Thin | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.url is None and self.types is None and self.thin is None and self.name is None:
            raise ValueError("say what is to change: url, types, thin or name")
        return self


class SecretRotation(BaseModel, extra="forbid", frozen=True, strict=True):
    """Nothing: a new secret beside the others."""

    drop_old: bool = Field(False, description="no new secret: sign with the newest alone, once the receiver knows it")


class LastAnswer(BaseModel):
    """An endpoint's last attempt."""

    at: Moment
    outcome: AttemptOutcome
    status: int | None = Field(description="of its answer; null: there was none")
    kind: str | None = Field(description="why there was none")
    took_ms: int


class DayFigures(BaseModel):
    """How an endpoint's attempts of the last 24 hours went."""

    since: Moment
    delivered: int
    failed: int
    failure_rate: float | None = Field(description="which share of the attempts failed, 0 to 1; null: there was none")
    median_ms: int | None = Field(description="half of its answers came within so long, to 5 %; null: it gave none")
    p95_ms: int | None = Field(description="95 % of its answers came within so long, to 5 %")


class ShownEndpoint(BaseModel):
    """An endpoint: settings, state, what waits, and how it does."""

    id: str = Field(examples=["ep-1f2e3d4c"])
    name: str | None = Field(examples=["shop-app"])
    kind: Kind
    url: str = Field(description="of chat its beginning alone: the whole is a secret", examples=["https://shop.example.com/hooks"])
    types: list[str] = Field(examples=[["order.*"]])
    seller_id: str | None = Field(description="null: of all sellers")
    thin: bool
    state: Literal["on", "failing", "off"]
    off_reason: str | None
    failing_since: Moment | None
    created_at: Moment
    waiting: int = Field(description="changes that it has not got yet; 10000 stands for that and more")
    again: int = Field(description="changes that are to be sent again")
    oldest_at: Moment | None = Field(description="of what waits")
    next_try_at: Moment | None = Field(description="of what failed; null: nothing did, or the endpoint is off")
    last: LastAnswer | None
    day: DayFigures


class DueEndpoint(ShownEndpoint):
    """An endpoint of which nothing waits for a later try any more."""

    freed: int = Field(description="events that waited for a later try and are sent now; 10000 stands for that and more")


class ShownEndpoints(BaseModel):
    """All of them, the oldest first."""

    endpoints: list[ShownEndpoint]


class NewEndpoint(BaseModel):
    """An endpoint as it was made, with its secret, which is not shown again."""

    id: str = Field(examples=["ep-1f2e3d4c"])
    name: str | None
    kind: Kind
    url: str = Field(description="of chat its beginning alone: the whole is a secret", examples=["https://shop.example.com/hooks"])
    types: list[str] = Field(examples=[["order.*"]])
    seller_id: str | None
    thin: bool
    secret: str = Field(
        description="verifies the signatures (Standard Webhooks); empty for chat and mail, where nothing is signed", examples=["whsec_..."]
    )


class NewSecret(BaseModel):
    """What became of an endpoint's secrets."""

    id: str
    secret: str | None = Field(description="the new one, shown this once; messages carry a signature for each")
    dropped: int = Field(description="so many older ones sign no more")


class AttemptShown(BaseModel):
    """How a test event was answered; `delivered` is well."""

    id: str
    event_id: str = Field(description="the message's webhook-id", examples=["test-0f0b57b1-5a0e-4f3c-9a7e-0d3f4c1b2a39"])
    outcome: AttemptOutcome
    status: int | None = Field(description="of the answer; null: there was none")
    kind: str | None = Field(description="why there was none, for a program")
    text: str | None = Field(description="the same for a person")
    took_ms: int
    freed: int = Field(0, description="events that waited for a later try and are sent now, since it is well; 10000: that and more")


@router.get("/v1/endpoints", responses=problems(), openapi_extra={"x-command": "endpoints"})
async def endpoints(request: Request, caller: ReadAll) -> ShownEndpoints:
    """Who is told of changes: settings, state, what waits, next try, last answer, and how the last 24 hours went."""
    context: WebContext = request.app.state.context
    return ShownEndpoints(endpoints=[ShownEndpoint(**row) for row in await context.ask(operations.listed, context)])


@router.post(
    "/v1/endpoints",
    status_code=status.HTTP_201_CREATED,
    responses=problems(404, 409),
    openapi_extra={"x-command": "endpoint add", **SECRET},
)
async def add(request: Request, response: Response, given: EndpointTerms, caller: Admin) -> NewEndpoint:
    """Tell an address of every change from now on, of all sellers or of one. The secret is in this answer alone."""
    context: WebContext = request.app.state.context
    made = await operations.add_endpoint(context, caller.author, given.url, given.types, given.seller, given.thin, given.name, given.kind)
    response.headers["Location"] = f"/v1/endpoints/{made['id']}"
    return NewEndpoint(**made)


@router.get("/v1/endpoints/{endpoint_id}", responses=problems(404), openapi_extra={"x-command": "endpoints"})
async def one(request: Request, caller: ReadAll, id_: Id) -> ShownEndpoint:
    """One endpoint: settings, state, what waits, next try, last answer, and how the last 24 hours went."""
    return await _shown(request.app.state.context, id_)


@router.patch("/v1/endpoints/{endpoint_id}", responses=problems(404, 409), openapi_extra={"x-command": "endpoint change"})
async def change(request: Request, id_: Id, given: EndpointChange, caller: Admin) -> ShownEndpoint:
    """Change the name, the address or what it is told. It goes on from where it stands; another address is tried at once."""
    context: WebContext = request.app.state.context
    await operations.change_endpoint(context, caller.author, id_, url=given.url, types=given.types, thin=given.thin, name=given.name)
    return await _shown(context, id_)


@router.delete(
    "/v1/endpoints/{endpoint_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(404, 409),
    openapi_extra={"x-command": "endpoint remove"},
)
async def remove_endpoint(request: Request, caller: Admin, id_: Id) -> None:
    """Forget an endpoint, with its secrets, its place in the feed and its log."""
    await operations.remove_endpoint(request.app.state.context, caller.author, id_)


@router.post("/v1/endpoints/{endpoint_id}/test", responses=problems(404, 409), openapi_extra={"x-command": "endpoint test"})
async def test(
    request: Request,
    caller: Admin,
    id_: Id,
    type_: Annotated[
        str | None, Query(alias="type", max_length=100, description="a sample of this type instead, such as order.refunded")
    ] = None,  # noqa: PT028 - a route
) -> AttemptShown:
    """Send one signed event of the type `endpoint.test` now, and tell how it was answered. It is no change: no cursor moves.

    Where it was taken, what waited for a later try is sent now too (`freed`)."""
    return AttemptShown(**await endpoint_trials.try_endpoint(request.app.state.context, caller.author, id_, type_))


@router.post("/v1/endpoints/{endpoint_id}/enable", responses=problems(404, 409), openapi_extra={"x-command": "endpoint enable"})
async def enable(request: Request, caller: Admin, id_: Id) -> ShownEndpoint:
    """Switch it on: it catches up from where it was."""
    context: WebContext = request.app.state.context
    await operations.switch(context, caller.author, id_, on=True)
    return await _shown(context, id_)


@router.post("/v1/endpoints/{endpoint_id}/disable", responses=problems(404, 409), openapi_extra={"x-command": "endpoint disable"})
async def disable(request: Request, caller: Admin, id_: Id) -> ShownEndpoint:
    """Switch it off. Its place in the feed stays, so nothing is lost."""
    context: WebContext = request.app.state.context
    await operations.switch(context, caller.author, id_, on=False)
    return await _shown(context, id_)


@router.post("/v1/endpoints/{endpoint_id}/retry", responses=problems(404, 409), openapi_extra={"x-command": "endpoint deliver-now"})
async def retry_endpoint(request: Request, caller: Admin, id_: Id) -> DueEndpoint:
    """Deliver now what waits for a later try, in order for each seller; tries are counted on. 409: it is switched off."""
    context: WebContext = request.app.state.context
    due = await endpoint_trials.deliver_now(context, caller.author, id_)
    return DueEndpoint(**await context.ask(operations.shown, context, id_), freed=due.events)


@router.post("/v1/endpoints/{endpoint_id}/rotate", responses=problems(404, 409), openapi_extra={"x-command": "endpoint secret", **SECRET})
async def rotate(request: Request, caller: Admin, id_: Id, given: Annotated[SecretRotation | None, Body()] = None) -> NewSecret:
    """A new secret beside the others; once the receiver knows it, `{"drop_old": true}`. Each message carries a signature for each."""
    context: WebContext = request.app.state.context
    if given and given.drop_old:
        return NewSecret(id=id_, secret=None, dropped=await operations.drop_old_secrets(context, caller.author, id_))
    return NewSecret(id=id_, secret=await operations.rotate_secret(context, caller.author, id_), dropped=0)


async def _shown(context: WebContext, id_: str) -> ShownEndpoint:
    """Raises UnknownEndpointError."""
    return ShownEndpoint(**await context.ask(operations.shown, context, id_))
