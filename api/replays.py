"""`/v1/replays`: sending again, and how far that is."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import BaseModel, Field, model_validator

from api.deliveries import EndpointName, TypePattern, types_of
from api.fields import Admin, AskedTime, Moment, ReadAll, SellerName
from api.routing import ApiRoute, problems
from operations.replays import listed, progress_of, replay
from serving.context import WebContext
from store.schema.tables import LARGEST_ID

EventId = Annotated[str, Field(pattern="^[!-~]{1,100}$", examples=["0f0b57b1-5a0e-4f3c-9a7e-0d3f4c1b2a39"])]
Position = Annotated[int, Field(ge=1, le=LARGEST_ID, strict=True)]
router = APIRouter(route_class=ApiRoute, tags=["Deliveries"])


class ReplayOrder(BaseModel, extra="forbid", frozen=True, hide_input_in_errors=True):
    """Which changes; with several of these those that fit all."""

    ids: list[EventId] | None = Field(None, min_length=1, max_length=1000, description="of changes")
    first: Position | None = Field(None, description="the first position, included")
    last: Position | None = Field(None, description="the last position, included")
    seller: SellerName = None
    endpoint: EndpointName = None
    types: list[TypePattern] | None = Field(None, min_length=1, max_length=20, description="of these types only, such as order.*")
    since: AskedTime | None = Field(None, description="recorded from then on: 2h (ago), or 2026-06-01T12:00:00Z")
    until: AskedTime | None = Field(None, description="recorded before then")
    failed: Annotated[bool, Field(strict=True)] = Field(False, description="only those whose last attempt failed: they are tried now")
    dry_run: Annotated[bool, Field(strict=True)] = Field(False, description="only count them: 200, and nothing is sent")

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        named = (self.ids, self.first, self.last, self.seller, self.types, self.since, self.until)
        if all(one is None for one in named) and not self.failed:
            raise ValueError("name changes by ids, by first and last, by seller, types, since or until, or those that failed")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("last lies before first")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("until lies before since")
        return self


class Replayed(BaseModel):
    """What is sent again; what is not delivered yet comes anyway, and is not counted."""

    messages: int
    id: int | None = Field(None, description="of the replay, for its progress; null: nothing is sent")


class ReplayProgress(BaseModel):
    """A replay, and how many of how many messages are sent."""

    id: int
    state: Literal["queueing", "sending", "done"]
    messages: int = Field(description="in all, as counted when it was asked for; once it is queued, exactly")
    queued: int = Field(description="found so far")
    sent: int = Field(description="taken, or no longer to be sent")
    asked_at: Moment
    author: str
    endpoint: str | None
    seller: str | None
    ids: int | None = Field(description="how many changes were named")
    types: list[str] | None
    since: Moment | None
    until: Moment | None
    failed: bool
    first: int
    last: int


class ReplayPage(BaseModel):
    """Replays, the newest first."""

    replays: list[ReplayProgress]
    next: int | None = Field(description="`after` of the next page; null: there is none")


class ReplaysQuery(BaseModel, extra="forbid", frozen=True):
    limit: int = Field(20, ge=1, le=100, description="so many at most, 1 to 100")
    after: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID, description="go on with older ones, from an answer's `next`")


@router.post(
    "/v1/replays",
    status_code=status.HTTP_202_ACCEPTED,
    responses=problems(404, 409),
    openapi_extra={"x-command": "replay", "x-once": True},
)
async def replays(request: Request, given: ReplayOrder, answer: Response, caller: Admin) -> Replayed:
    """Send changes again, under the same ids, to every endpoint that wants them or to one; they go out behind what is new."""
    context: WebContext = request.app.state.context
    if given.seller:
        await context.ask(context.overview.known, given.seller)
    types = types_of(given.types or (), "types")
    chosen = given.model_dump(exclude={"types"})
    begun = await replay(context, caller.author, types=types, **chosen)
    if given.dry_run:
        answer.status_code = status.HTTP_200_OK
    return Replayed(messages=begun.messages, id=begun.id)


@router.get("/v1/replays", responses=problems(), openapi_extra={"x-command": "replays"})
async def list_replays(request: Request, query: Annotated[ReplaysQuery, Query()], caller: ReadAll) -> ReplayPage:
    """Replays with their progress, the newest first."""
    context: WebContext = request.app.state.context
    rows = await context.ask(listed, context, query.limit, query.after)
    return ReplayPage(replays=[ReplayProgress(**row) for row in rows], next=rows[-1]["id"] if len(rows) == query.limit else None)


@router.get("/v1/replays/{replay_id}", responses=problems(404), openapi_extra={"x-command": "replays"})
async def replay_progress(request: Request, replay_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], caller: ReadAll) -> ReplayProgress:
    """How many of how many messages of a replay are sent."""
    context: WebContext = request.app.state.context
    return ReplayProgress(**await context.ask(progress_of, context, replay_id))
